/* What is told lies in the text; what is escaped once has nothing more to escape. */
#include "base/check.h"
#include "codec/urlsyntax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        UrlSyntax url;
        Err err;
        Str text = str_n((const char *)data, size);
        AUTO(arena_free) Arena *arena = arena_new();
        Str escaped = urlsyntax_escaped(arena, text);
        CHECK(urlsyntax_escaped(arena, escaped).p == escaped.p);
        if (!urlsyntax_parse(text, &url, &err)) {
                CHECK(err.msg[0]);
                return 0;
        }
        CHECK(url.scheme.n == 0 || (url.scheme.p == text.p && url.scheme.n < text.n));
        CHECK(url.host.n == 0 || (url.host.p > text.p && url.host.p + url.host.n <= text.p + text.n));
        return 0;
}
