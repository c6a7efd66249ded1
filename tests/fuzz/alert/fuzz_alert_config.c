/* An alertmanager.yml. What loads has a root, receivers that exist, and routes that take every alert somewhere. */
#include "alert/alert.h"
#include "alert/alert_route.h"
#include "base/check.h"

enum { MAX_TEXT = 16 << 10 };

/* libfyaml itself loses a buffer over many escaped quotes in a row; our own leaks are still found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfyaml.so\n"; }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const AlertRoute *route)
{
        ++*(size_t *)arg;
        CHECK(route->receiver.n > 0 && route->group_interval_ms > 0 && route->repeat_interval_ms > 0);
}

static void use(const AlertConfig *c, Arena *arena)
{
        static const Label labels[] = { { STR_INIT("alertname"), STR_INIT("A") },
                                        { STR_INIT("severity"), STR_INIT("critical") } };
        size_t taken = 0;
        AlertRoute copy;
        Err err;
        alert_route_match(c->root, (Labels){ labels, 2 }, count, &taken);
        CHECK(taken > 0);
        CHECK(alert_route_copy(c->root, arena, &copy, &err));
        Buf key = { .arena = arena };
        alert_route_key(&key, &copy, &copy);
        CHECK(str_eq(buf_str(&key), STR("{}")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > MAX_TEXT)
                return 0;
        Arena *arena = arena_new();
        Diags diags;
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        AlertConfig config;
        diags_init(&diags, arena);
        OptionCtx ctx = { .arena = arena, .diags = &diags, .file = STR("am.yml"), .base_dir = STR("/") };
        if (yaml_parse(str_n((const char *)data, size), arena, &docs, &n, &errors, &n_errors) && n) {
                if (alert_config_bind(docs[0], &ctx, &config))
                        use(&config, arena);
                else
                        CHECK(diags.errors > 0);
        }
        arena_free(arena);
        return 0;
}
