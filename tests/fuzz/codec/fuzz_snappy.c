/* Any bytes as a block, and any bytes through encode and decode. */
#include "base/check.h"
#include "codec/snappy.h"

enum { MAX_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str in = str_n((const char *)data, size);
        AUTO(buf_done) Buf out = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        Err err;
        if (snappy_decode(in, MAX_BYTES, &out, &err))
                CHECK(out.n <= MAX_BYTES);
        else
                CHECK(out.n == 0);
        buf_clear(&out);
        snappy_encode(in, &coded);
        CHECK(snappy_decode(buf_str(&coded), size, &out, &err) && str_eq(buf_str(&out), in));
        return 0;
}
