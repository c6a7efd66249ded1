/* Either a tree whose every node can be visited within the limit, or errors with words. */
#include "base/check.h"
#include "codec/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7.12 itself loses a buffer over five and more escaped quotes in a row; our own leaks are still found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfyaml.so\n"; }

static size_t walk(const YamlNode *node, unsigned depth)
{
        CHECK(depth <= 2 * YAML_MAX_DEPTH + 1);
        size_t n = 1;
        for (size_t i = 0; node->kind == YAML_MAP && i < node->n; i++) {
                n += walk(node->pairs[i].value, depth + 1);
                CHECK(yaml_get(node, node->pairs[i].key) == node->pairs[i].value);
        }
        for (size_t i = 0; node->kind == YAML_SEQ && i < node->n; i++)
                n += walk(node->items[i], depth + 1);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        YamlNode **docs;
        YamlError *errors;
        size_t n, errors_n, nodes = 0;
        if (size > 65536)
                return 0;
        if (yaml_parse(str_n((const char *)data, size), arena, &docs, &n, &errors, &errors_n)) {
                for (size_t i = 0; i < n; i++)
                        nodes += walk(docs[i], 0);
                CHECK(nodes <= YAML_MAX_NODES);
        } else {
                CHECK(errors_n > 0 && errors_n <= YAML_MAX_ERRORS);
                for (size_t i = 0; i < errors_n; i++)
                        CHECK(errors[i].message.n > 0);
        }
        return 0;
}
