/* Any body posted to Alertmanager's API, at both levels: what is wrong with it is told, and what is right is a tree. The
 * first byte chooses what is posted and the level. */
#include "api/api_am.h"
#include "api/api_am_decode.h"
#include "api/api_am_time.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        AUTO(arena_free) Arena *arena = arena_new();
        Str text = str_n((const char *)data + 1, size - 1);
        bool old = data[0] & 1;
        Buf why = { .arena = arena };
        int64_t t_ms;
        if (data[0] & 2) {
                if (!api_am_time_parse(text, old, &t_ms)) {
                        api_am_time_why(&why, text, old);
                        CHECK(why.n > 0);
                }
                return 0;
        }
        HttpRequest req = { .arena = arena, .body = text };
        HttpResponse resp = { .body = { .arena = arena } };
        JsonValue *body;
        if (!api_am_body(&req, &resp, "alerts", old, &body)) {
                CHECK(resp.status >= 400 && resp.body.n > 0);
                return 0;
        }
        bool ok = data[0] & 4 ? api_am_decode_alert(body, old, &why) : api_am_decode_silence(body, old, &why);
        CHECK(ok == (why.n == 0));
        return 0;
}
