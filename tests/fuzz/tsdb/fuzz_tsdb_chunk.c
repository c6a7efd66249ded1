/* The first byte is the number of samples; the rest is read as a stream, and as samples that must survive a round trip. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "tsdb/xorchunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From a place in the middle, a range is what the whole has there. */
static void check_place(const XorChunk *c, int64_t min_ms, const Column *all)
{
        XorSeek from = xorchunk_seek(c, min_ms);
        if (from.n == 0)
                return;
        size_t n = xorchunk_bytes(c) - from.bits / 8, k = 0;
        char *copy = mem_zalloc(n + XORCHUNK_PAD_BYTES);
        memcpy(copy, c->p + from.bits / 8, n);
        Column out = { 0 };
        Err err;
        CHECK(xorchunk_decode_from((Str){ copy, n }, c->n, &from, min_ms, INT64_MAX, &out, &err));
        while (k < all->n && all->t[k] < min_ms)
                k++;
        CHECK(out.n == all->n - k && memcmp(out.t, all->t + k, out.n * 8) == 0 &&
              memcmp(out.v, all->v + k, out.n * 8) == 0);
        mem_free(copy);
        column_done(&out);
}

static void round_trip(const uint8_t *data, size_t size)
{
        XorChunk c;
        xorchunk_init(&c);
        int64_t t = 0;
        Column want = { 0 }, got = { 0 };
        for (size_t i = 0; i + 10 <= size && !xorchunk_is_full(&c); i += 10) {
                t += 1 + ((int64_t)1 << (data[i] % 40)) * data[i + 1];
                double v = bits_to_double(bits_le64(data + i + 2));
                xorchunk_append(&c, t, v);
                column_push(&want, t, v);
        }
        if (c.n) {
                char *copy = mem_zalloc(xorchunk_bytes(&c) + XORCHUNK_PAD_BYTES);
                memcpy(copy, c.p, xorchunk_bytes(&c));
                Err err;
                CHECK(xorchunk_decode((Str){ copy, xorchunk_bytes(&c) }, c.n, c.first_ms, INT64_MIN, INT64_MAX, &got,
                                      &err));
                CHECK(got.n == want.n && memcmp(got.t, want.t, got.n * 8) == 0 &&
                      memcmp(got.v, want.v, got.n * 8) == 0);
                mem_free(copy);
                for (size_t i = 0; i < want.n; i += 1 + want.n / 8)
                        check_place(&c, want.t[i] + (int64_t)(i % 2), &want);
        }
        column_done(&want);
        column_done(&got);
        xorchunk_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        /* Exactly the promised pad: the sanitizer sees a read beyond it. */
        char *copy = mem_zalloc(size - 1 + XORCHUNK_PAD_BYTES);
        memcpy(copy, data + 1, size - 1);
        Column out = { 0 };
        Err err;
        if (xorchunk_decode((Str){ copy, size - 1 }, data[0], 1000, INT64_MIN, INT64_MAX, &out, &err))
                CHECK(out.n == data[0]);
        else
                CHECK(out.n == 0);
        mem_free(copy);
        column_done(&out);
        round_trip(data + 1, size - 1);
        return 0;
}
