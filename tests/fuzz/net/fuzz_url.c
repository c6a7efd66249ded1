/* Parsing, redacting and decoding any text: parts stay inside it, strict decoding agrees with lenient, encoding reads
 * back. */
#include <stdint.h>
#include <stdlib.h>

#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(Str part, Str text)
{
        if (part.n && (part.p < text.p || part.p + part.n > text.p + text.n))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str text = { (const char *)data, size };
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf out = { 0 };
        Url url;
        Err err;
        if (url_parse(text, &url, &err)) {
                Str parts[] = { url.scheme, url.userinfo, url.host, url.port, url.path, url.query, url.fragment };
                for (size_t i = 0; i < ARRAY_LEN(parts); i++)
                        within(parts[i], text);
                Url again;
                Str redacted = url_redact(arena, text);
                if (url.host.n == 0 || !url_parse(redacted, &again, &err) || again.userinfo.n ||
                    !str_eq(again.host, url.host))
                        abort();
        } else if (!err.msg[0]) {
                abort();
        }
        Str strict;
        if (url_decode_strict(arena, text, &strict) && !str_eq(strict, url_decode(arena, text, false)))
                abort();
        url_encode_query(&out, text);
        if (!str_eq(url_decode(arena, buf_str(&out), true), text))
                abort();
        buf_clear(&out);
        url_encode_path(&out, text);
        if (!str_eq(url_decode(arena, buf_str(&out), false), text))
                abort();
        return 0;
}
