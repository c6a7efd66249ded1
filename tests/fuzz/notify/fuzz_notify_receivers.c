/* The receivers of an alertmanager.yml: what loads can be rendered, firing and resolved, whatever is answered; every body of
 * JSON is valid. */
#include "base/check.h"
#include "codec/json.h"
#include "notify/notify.h"

enum { MAX_TEXT = 8 << 10, MAX_RECEIVERS = 8, MAX_INTEGRATIONS = 8 };

/* libfyaml itself loses a buffer over many escaped quotes in a row; our own leaks are still found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfyaml.so\n"; }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_request(void *arg, const HttpCallOptions *call, HttpAnswer *ret)
{
        Arena *arena = arena_new();
        JsonValue *v;
        Err err;
        CHECK(call->method && call->url.n);
        if (call->body.n && call->body.p[0] == '{')
                CHECK(json_parse(call->body, arena, &v, &err));
        *(size_t *)arg += 1;
        ret->content_type = STR("application/json");
        ret->body = STR(
                "{\"access_token\":\"t\",\"issues\":[{\"key\":\"A-1\",\"fields\":{\"status\":{\"statusCategory\":{\"key\":"
                "\"new\"}}}}],\"transitions\":[{\"id\":\"1\",\"name\":\"Done\"}],\"ok\":true}");
        arena_free(arena);
}

static void use(const NotifyReceivers *all, Str name, NotifyMemory *memory)
{
        for (size_t i = 0; i < MIN_OF(notify_receivers_count(all, name), (size_t)MAX_INTEGRATIONS); i++) {
                Arena *arena = arena_new();
                Notification n;
                Err err;
                size_t requests = 0;
                NotifyCapture capture = {
                        .on_request = on_request, .arg = &requests, .version = STR("1"), .memory = memory
                };
                for (int resolved = 0; resolved < 2; resolved++) {
                        notify_sample(arena, name, resolved, &n);
                        n.integration = i;
                        IGNORE(notify_capture(all, &n, &capture, &err));
                }
                arena_free(arena);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > MAX_TEXT)
                return 0;
        Arena *arena = arena_new();
        NotifyMemory *memory = notify_memory_new();
        Diags diags;
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        NotifyReceivers *all;
        diags_init(&diags, arena);
        OptionCtx ctx = { .arena = arena, .diags = &diags, .file = STR("am.yml"), .base_dir = STR("/nowhere") };
        if (yaml_parse(str_n((const char *)data, size), arena, &docs, &n, &errors, &n_errors) && n &&
            docs[0]->kind == YAML_MAP) {
                const YamlNode *list = yaml_get(docs[0], STR("receivers"));
                size_t count = list && list->kind == YAML_SEQ ? MIN_OF(list->n, (size_t)MAX_RECEIVERS) : 0;
                Str names[MAX_RECEIVERS];
                const YamlNode *nodes[MAX_RECEIVERS];
                for (size_t i = 0; i < count; i++) {
                        names[i] = str_printf(arena, "r%zu", i);
                        nodes[i] = list->items[i];
                }
                NotifyBindOptions options = { .global = yaml_get(docs[0], STR("global")) };
                if (notify_receivers_bind_with(names, nodes, count, &options, &ctx, &all))
                        for (size_t i = 0; i < count; i++)
                                use(all, names[i], memory);
                else
                        CHECK(diags.errors > 0);
        }
        notify_memory_free(memory);
        arena_free(arena);
        return 0;
}
