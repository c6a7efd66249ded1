/* Invariants:
 * 1. Memory for output grows with what was really decoded, whatever the frame promises; memory for the window is bounded. */
#include "codec/zstdio.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "base/check.h"

static bool decode_all(ZSTD_DCtx *ctx, Str in, size_t max_bytes, Buf *out, Err *err)
{
        ZSTD_inBuffer src = { .src = in.p, .size = in.n };
        size_t before = out->n;
        for (;;) {
                size_t left = max_bytes - (out->n - before), step = MAX_OF(out->n, ZSTD_DStreamOutSize());
                step = left < step ? left + 1 : step; /* one byte more tells that the limit was passed */
                ZSTD_outBuffer dst = { .dst = buf_reserve(out, step), .size = step };
                size_t src_before = src.pos;
                size_t rc = ZSTD_decompressStream(ctx, &dst, &src);
                if (ZSTD_isError(rc)) {
                        bool window = ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge;
                        return err_set(err, window ? ERR_LIMIT : ERR_INVALID, "%s", ZSTD_getErrorName(rc));
                }
                out->n += dst.pos;
                if (out->n - before > max_bytes)
                        return err_set(err, ERR_LIMIT, "more than %zu bytes decoded", max_bytes);
                if (src.pos == src.size && rc == 0)
                        return true;
                if (src.pos == src_before && dst.pos == 0)
                        return err_set(err, ERR_INVALID, "cut short");
        }
}

bool zstdio_decode(Str in, size_t max_bytes, Buf *out, Err *err)
{
        if (in.n == 0)
                return err_set(err, ERR_INVALID, "zstd: empty input");
        ZSTD_DCtx *ctx = ZSTD_createDCtx();
        CHECK(ctx);
        ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, ZSTDIO_MAX_WINDOW_LOG);
        size_t before = out->n;
        bool ok = decode_all(ctx, in, max_bytes, out, err);
        ZSTD_freeDCtx(ctx);
        if (ok)
                return true;
        out->n = before;
        return err_wrap(err, "zstd");
}

void zstdio_encode(Str in, int level, Buf *out)
{
        ZSTD_CCtx *ctx = ZSTD_createCCtx();
        CHECK(ctx);
        ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
        size_t room = ZSTD_compressBound(in.n);
        size_t n = ZSTD_compress2(ctx, buf_reserve(out, room), room, in.p, in.n);
        ZSTD_freeCCtx(ctx);
        CHECK(!ZSTD_isError(n));
        out->n += n;
}
