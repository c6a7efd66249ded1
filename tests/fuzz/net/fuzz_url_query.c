/* Query strings and forms: walks to the end, no part longer than the text, as many parts as '&' allow. */
#include <stdint.h>
#include <stdlib.h>

#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str rest = { (const char *)data, size };
        UrlParam param;
        size_t parts = 0;
        size_t bytes = 0;
        while (url_query_next(arena, &rest, &param)) {
                parts++;
                bytes += param.name.n + param.value.n;
        }
        if (parts > size + 1 || bytes > size)
                abort();
        return 0;
}
