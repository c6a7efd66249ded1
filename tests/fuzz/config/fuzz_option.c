/* Any YAML bound to tables with every kind of option: no crash, and "false" exactly when something was reported. */
#include "base/check.h"
#include "config/expand.h"
#include "config/http_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Node {
        bool b, set;
        int64_t i, d;
        uint64_t u, y;
        double f;
        Str s;
        Secret secret;
        int e;
        StrList list;
        Labels labels;
        struct Node *ptr;
        StructList many;
        ParamList params;
        const YamlNode *raw;
        HttpTlsOptions tls;
        HttpOptions http;
} Node;

static const OptionTable node_table;
static const char *const names[] = { "one", "two", NULL };
static const Option options[] = {
        { "b", OPT_BOOL, offsetof(Node, b), .set_offset = offsetof(Node, set) },
        { "i", OPT_INT, offsetof(Node, i), .def = "-3", .min = -10, .max = 1e6 },
        { "u", OPT_UINT, offsetof(Node, u) },
        { "f", OPT_FLOAT, offsetof(Node, f) },
        { "s", OPT_STR, offsetof(Node, s) },
        { "secret", OPT_SECRET, offsetof(Node, secret) },
        { "d", OPT_DURATION, offsetof(Node, d), .def = "1m" },
        { "y", OPT_BYTES, offsetof(Node, y) },
        { "e", OPT_ENUM, offsetof(Node, e), .values = names },
        { "list", OPT_STR_LIST, offsetof(Node, list) },
        { "labels", OPT_LABELS, offsetof(Node, labels) },
        { "ptr", OPT_STRUCT_PTR, offsetof(Node, ptr), .table = &node_table },
        { "many", OPT_STRUCT_LIST, offsetof(Node, many), .table = &node_table },
        { "params", OPT_MAP_OF_STR_LIST, offsetof(Node, params) },
        { "raw", OPT_NODE, offsetof(Node, raw) },
        { "tls", OPT_STRUCT, offsetof(Node, tls), .table = &http_options_tls_table },
        { "gone", OPT_IGNORED, 0 },
        HTTP_OPTIONS_ROWS(Node, http),
        OPTION_END,
};
static const OptionTable node_table = { .name = "node", .options = options, .size = sizeof(Node) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > 4000)
                return 0;
        AUTO(arena_free) Arena *arena = arena_new();
        Str text = str_n((const char *)data, size);
        expand_str(arena, text, expand_environment(), NULL, NULL);
        YamlNode **docs = NULL;
        YamlError *errors = NULL;
        size_t n = 0;
        size_t n_errors = 0;
        if (!yaml_parse(text, arena, &docs, &n, &errors, &n_errors))
                return 0;
        for (size_t i = 0; i < n; i++) {
                Diags diags;
                diags_init(&diags, arena);
                OptionCtx ctx = { .arena = arena, .diags = &diags, .file = STR("f"), .base_dir = STR("/d") };
                Node node;
                bool ok = option_bind(docs[i], &node_table, &node, &ctx);
                CHECK(ok == (diags.errors == 0));
                Buf out = { .arena = arena };
                diags_print(&out, &diags);
        }
        return 0;
}
