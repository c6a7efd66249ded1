/* Any text as a time parameter: refused, or within the bounds that arithmetic on times relies on. */
#include "api/api_reply.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        int64_t t_ms;
        if (!api_parse_time(str_n((const char *)data, size), &t_ms))
                return 0;
        CHECK(t_ms >= API_MIN_MS && t_ms <= API_MAX_MS);
        AUTO(buf_done) Buf text = { 0 };
        int64_t again;
        api_put_time(&text, t_ms);
        CHECK(api_parse_time(buf_str(&text), &again));
        CHECK(again == t_ms || t_ms > INT64_C(1) << 50 || t_ms < -(INT64_C(1) << 50)); /* beyond that a double rounds */
        if (t_ms > INT64_C(-62135596800000) && t_ms < INT64_C(253402300800000) && t_ms != 0) {
                CHECK(api_parse_time(api_rfc3339(arena, t_ms), &again));
                CHECK(again == t_ms);
        }
        return 0;
}
