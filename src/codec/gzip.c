/* Invariants:
 * 1. Memory for output grows with what was really decoded, at most doubled: a small bomb stops at max_bytes.
 * 2. zlib counts in 32 bits; both sides are fed in pieces. */
#include "codec/gzip.h"

#include <zlib.h>

#include "base/check.h"

/* windowBits of zlib: 15 is the full window, +16 asks for gzip, negative for no header at all. */
enum { WINDOW_ZLIB = 15, WINDOW_GZIP = 15 + 16, WINDOW_RAW = -15, MAX_PIECE = 1 << 30, FIRST_STEP = 4096 };

static void feed(z_stream *z, Str *in)
{
        if (z->avail_in)
                return;
        size_t n = MIN_OF(in->n, (size_t)MAX_PIECE);
        z->next_in = (Bytef *)(uintptr_t)in->p;
        z->avail_in = (uInt)n;
        *in = str_sub(*in, n, in->n);
}

/* Room for one step of output, one byte beyond the limit at most: that byte tells that there is more. */
static size_t make_room(z_stream *z, Buf *out, size_t produced, size_t max_bytes)
{
        size_t left = max_bytes - produced;
        size_t step = MIN_OF(MAX_OF(out->n, (size_t)FIRST_STEP), (size_t)MAX_PIECE);
        step = left < step ? left + 1 : step;
        z->next_out = (Bytef *)buf_reserve(out, step);
        z->avail_out = (uInt)step;
        return step;
}

static bool inflate_all(z_stream *z, GzipFormat format, Str in, size_t max_bytes, Buf *out, Err *err)
{
        size_t before = out->n;
        for (;;) {
                feed(z, &in);
                size_t step = make_room(z, out, out->n - before, max_bytes);
                int rc = inflate(z, Z_NO_FLUSH);
                out->n += step - z->avail_out;
                if (out->n - before > max_bytes)
                        return err_set(err, ERR_LIMIT, "more than %zu bytes decoded", max_bytes);
                if (rc == Z_STREAM_END) {
                        if (z->avail_in == 0 && in.n == 0)
                                return true;
                        if (format != GZIP_GZIP || inflateReset(z) != Z_OK)
                                return err_set(err, ERR_INVALID, "data behind the end");
                        continue;
                }
                if (rc == Z_BUF_ERROR && z->avail_in == 0 && in.n == 0)
                        return err_set(err, ERR_INVALID, "cut short");
                if (rc != Z_OK && rc != Z_BUF_ERROR)
                        return err_set(err, ERR_INVALID, "%s", z->msg ? z->msg : "broken data");
        }
}

/* RFC 1950: method 8, window up to 7, and a header that is a multiple of 31. */
static bool has_zlib_header(Str in)
{
        if (in.n < 2)
                return false;
        unsigned a = (unsigned char)in.p[0], b = (unsigned char)in.p[1];
        return (a & 0x0f) == 8 && a >> 4 <= 7 && (a << 8 | b) % 31 == 0;
}

bool gzip_decode(GzipFormat format, Str in, size_t max_bytes, Buf *out, Err *err)
{
        z_stream z = { 0 };
        int window = format == GZIP_GZIP ? WINDOW_GZIP : has_zlib_header(in) ? WINDOW_ZLIB : WINDOW_RAW;
        CHECK(inflateInit2(&z, window) == Z_OK);
        size_t before = out->n;
        bool ok = inflate_all(&z, format, in, max_bytes, out, err);
        inflateEnd(&z);
        if (ok)
                return true;
        out->n = before;
        return err_wrap(err, format == GZIP_GZIP ? "gzip" : "deflate");
}

void gzip_encode(GzipFormat format, Str in, int level, Buf *out)
{
        z_stream z = { 0 };
        CHECK(deflateInit2(&z, level, Z_DEFLATED, format == GZIP_GZIP ? WINDOW_GZIP : WINDOW_ZLIB, 8,
                           Z_DEFAULT_STRATEGY) == Z_OK);
        int rc;
        do {
                feed(&z, &in);
                size_t step = MIN_OF(deflateBound(&z, z.avail_in), (size_t)MAX_PIECE);
                z.next_out = (Bytef *)buf_reserve(out, step);
                z.avail_out = (uInt)step;
                rc = deflate(&z, in.n ? Z_NO_FLUSH : Z_FINISH);
                CHECK(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
                out->n += step - z.avail_out;
        } while (rc != Z_STREAM_END);
        deflateEnd(&z);
}
