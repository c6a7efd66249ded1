/* Any YAML as a list of relabelling rules; what binds is applied, and the trace must agree with the plain run. */
#include "base/check.h"
#include "config/relabel_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 2000, MAX_RULES = 20 };

static void apply(const RelabelConfigList *list, Arena *arena)
{
        const Label pairs[] = { { STR_INIT("__address__"), STR_INIT("db-1.example.com:9100") },
                                { STR_INIT("__meta_label_app"), STR_INIT("Shop") },
                                { STR_INIT("__name__"), STR_INIT("up") },
                                { STR_INIT("job"), STR_INIT("node") } };
        Labels labels = { pairs, ARRAY_LEN(pairs) };
        LabelsBuilder plain;
        LabelsBuilder traced;
        labels_builder_init(&plain, arena, labels);
        labels_builder_init(&traced, arena, labels);
        RelabelStep steps[MAX_RULES];
        size_t n;
        bool kept = relabel_apply(list->data, list->n, &plain, arena);
        CHECK(relabel_trace(list->data, list->n, &traced, arena, steps, &n) == kept);
        Labels result = labels_builder_build(&plain, arena);
        CHECK(!kept || labels_eq(result, labels_builder_build(&traced, arena)));
        for (size_t i = 0; i < result.n; i++)
                CHECK(result.data[i].value.n && (i == 0 || str_cmp(result.data[i - 1].name, result.data[i].name) < 0));
        Buf out = { .arena = arena };
        for (size_t i = 0; i < n; i++)
                relabel_print(&out, steps[i].config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > MAX_BYTES)
                return 0;
        AUTO(arena_free) Arena *arena = arena_new();
        YamlNode **docs = NULL;
        YamlError *errors = NULL;
        size_t n = 0;
        size_t n_errors = 0;
        if (!yaml_parse(str_n((const char *)data, size), arena, &docs, &n, &errors, &n_errors) || n == 0)
                return 0;
        Diags diags;
        diags_init(&diags, arena);
        OptionCtx ctx = { .arena = arena, .diags = &diags };
        RelabelConfigList list = { 0 };
        bool ok = relabel_options_parse(&list, docs[0], &ctx);
        CHECK(ok == (diags.errors == 0));
        if (ok && list.n <= MAX_RULES)
                apply(&list, arena);
        return 0;
}
