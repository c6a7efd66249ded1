/* Any bytes as gzip, deflate and zstd, and any bytes through encode and decode. */
#include "base/check.h"
#include "codec/gzip.h"
#include "codec/zstdio.h"

enum { MAX_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str in = str_n((const char *)data, size);
        AUTO(buf_done) Buf out = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        Err err;
        IGNORE(gzip_decode(GZIP_GZIP, in, MAX_BYTES, &out, &err));
        CHECK(out.n <= MAX_BYTES);
        buf_clear(&out);
        IGNORE(gzip_decode(GZIP_DEFLATE, in, MAX_BYTES, &out, &err));
        CHECK(out.n <= MAX_BYTES);
        buf_clear(&out);
        IGNORE(zstdio_decode(in, MAX_BYTES, &out, &err));
        CHECK(out.n <= MAX_BYTES);
        buf_clear(&out);
        gzip_encode(GZIP_GZIP, in, 1, &coded);
        CHECK(gzip_decode(GZIP_GZIP, buf_str(&coded), size, &out, &err) && str_eq(buf_str(&out), in));
        return 0;
}
