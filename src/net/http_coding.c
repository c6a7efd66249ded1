/* Why zstd before gzip: browsers that know it get smaller answers in a fifth of the time. */
#include "net/http_coding.h"

#include "codec/gzip.h"
#include "codec/zstdio.h"

/* zlib's middle ground: the levels above cost much more time than they save bytes on a local network. */
enum { ANSWER_GZIP_LEVEL = 4 };

bool http_coding_parse(Str header, HttpCoding *ret)
{
        static const struct {
                const char *name;
                HttpCoding coding;
        } NAMES[] = {
                { "", HTTP_CODING_NONE },       { "identity", HTTP_CODING_NONE },   { "gzip", HTTP_CODING_GZIP },
                { "x-gzip", HTTP_CODING_GZIP }, { "deflate", HTTP_CODING_DEFLATE }, { "zstd", HTTP_CODING_ZSTD }
        };
        for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
                if (str_eq_fold(header, str_of(NAMES[i].name))) {
                        *ret = NAMES[i].coding;
                        return true;
                }
        }
        return false;
}

/* "gzip;q=0.5" -> gzip; false when q is 0. */
static bool accepted(Str item, Str *ret_name)
{
        Str params;
        (void)str_cut(item, ';', ret_name, &params);
        *ret_name = str_trim(*ret_name);
        params = str_trim(params);
        if (!str_starts(params, STR("q=")) && !str_starts(params, STR("Q=")))
                return true;
        for (size_t i = 2; i < params.n; i++)
                if (params.p[i] >= '1' && params.p[i] <= '9')
                        return true;
        return false;
}

HttpCoding http_coding_choose(Str accept_encoding)
{
        HttpCoding best = HTTP_CODING_NONE;
        Str item;
        while (accept_encoding.n && str_split_next(&accept_encoding, ',', &item)) {
                Str name;
                if (!accepted(item, &name))
                        continue;
                if (str_eq_fold(name, STR("zstd")))
                        best = HTTP_CODING_ZSTD;
                else if (str_eq_fold(name, STR("gzip")) && best == HTTP_CODING_NONE)
                        best = HTTP_CODING_GZIP;
        }
        return best;
}

const char *http_coding_name(HttpCoding coding)
{
        static const char *const NAMES[] = { [HTTP_CODING_NONE] = "identity",
                                             [HTTP_CODING_GZIP] = "gzip",
                                             [HTTP_CODING_DEFLATE] = "deflate",
                                             [HTTP_CODING_ZSTD] = "zstd" };
        return NAMES[coding];
}

bool http_coding_worthwhile(Str type)
{
        static const char *const PARTS[] = { "text/", "json", "javascript", "xml", "openmetrics", "yaml", "wasm" };
        if (str_starts(type, STR("text/event-stream")))
                return false;
        for (size_t i = 0; i < ARRAY_LEN(PARTS); i++)
                if (str_find(type, str_of(PARTS[i])) != SIZE_MAX)
                        return true;
        return false;
}

bool http_coding_decode(HttpCoding coding, Str in, size_t max_bytes, Buf *out, Err *err)
{
        switch (coding) {
        case HTTP_CODING_GZIP: return gzip_decode(GZIP_GZIP, in, max_bytes, out, err);
        case HTTP_CODING_DEFLATE: return gzip_decode(GZIP_DEFLATE, in, max_bytes, out, err);
        case HTTP_CODING_ZSTD: return zstdio_decode(in, max_bytes, out, err);
        case HTTP_CODING_NONE: break;
        }
        if (in.n > max_bytes)
                return err_set(err, ERR_LIMIT, "the body is larger than %zu bytes", max_bytes);
        buf_str_add(out, in);
        return true;
}

bool http_coding_encode(HttpCoding coding, Str in, Buf *out)
{
        if (coding == HTTP_CODING_GZIP)
                gzip_encode(GZIP_GZIP, in, ANSWER_GZIP_LEVEL, out);
        else if (coding == HTTP_CODING_ZSTD)
                zstdio_encode(in, ZSTDIO_LEVEL_DEFAULT, out);
        return coding == HTTP_CODING_GZIP || coding == HTTP_CODING_ZSTD;
}
