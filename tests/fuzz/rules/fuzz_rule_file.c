/* A rule file. It loads, or every complaint has a text; what loads can be printed and run as a group's definition. */
#include "base/check.h"
#include "rules/rules.h"

enum { MAX_TEXT = 16 << 10 };

/* libfyaml itself loses a buffer over many escaped quotes in a row; our own leaks are still found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfyaml.so\n"; }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Legal rules can be looked at and changed, whatever they are. */
static void play_with(RuleFile *file, const PromqlFeatures *features, Arena *arena)
{
        static const Str settings[] = { STR_INIT("threshold=0.5"), STR_INIT("for=5m"), STR_INIT("interval=1m") };
        Diags diags;
        diags_init(&diags, arena);
        size_t found = rules_lint(file, 1, &diags);
        CHECK(found == diags.list.len && diags.errors == 0);
        for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
                Err err;
                size_t n;
                CHECK(!rules_override(file, 1, settings[i], features, arena, &n, &err) || n > 0);
        }
}

static void check_file(const RuleFile *file)
{
        for (size_t i = 0; i < file->n; i++) {
                const RuleGroup *g = &file->groups[i];
                CHECK(g->name.n > 0 && g->query_offset_ms >= -1 && g->interval_ms >= 0);
                for (size_t k = 0; k < g->n; k++) {
                        const Rule *r = &g->rules[k];
                        CHECK(r->expr && r->name.n > 0 && r->expr_text.n > 0 && r->for_ms >= 0 && r->pos.line > 0);
                        for (size_t l = 1; l < r->labels.n; l++)
                                CHECK(str_cmp(r->labels.data[l - 1].name, r->labels.data[l].name) < 0);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > MAX_TEXT)
                return 0;
        Arena *arena = arena_new();
        Diags diags;
        RuleFile file;
        RulesDialect dialect = { .features = promql_features_default(),
                                 .legacy_names = size % 2,
                                 .fragments = size % 3 == 0,
                                 .ignore_unknown = size % 5 == 0,
                                 .strict_texts = size % 7 == 0 };
        diags_init(&diags, arena);
        if (rules_parse(str_n((const char *)data, size), STR("f.yml"), &dialect, arena, &diags, &file)) {
                CHECK(diags.errors == 0);
                check_file(&file);
                play_with(&file, &dialect.features, arena);
        } else {
                CHECK(diags.errors > 0 && diags.list.len > 0 && diags.list.data[0].message.n > 0);
        }
        arena_free(arena);
        return 0;
}
