/* The first byte is the number of samples, the rest a stream of histograms. What is read and makes sense is written again and must
 * come back the same. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/histcheck.h"
#include "tsdb/histchunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static StoreSample sample_at(const Column *c, size_t i)
{
        return (StoreSample){
                .t_ms = c->t[i], .v = c->v[i], .h = c->h ? c->h[i] : NULL, .st_ms = c->st ? c->st[i] : 0
        };
}

static void round_trip(const Column *in)
{
        XorChunk c;
        Column out = { 0 };
        size_t kept[XORCHUNK_MAX_SAMPLES];
        Err err;
        xorchunk_init(&c);
        histchunk_begin(&c);
        for (size_t i = 0; i < in->n && !histchunk_is_full(&c); i++) {
                StoreSample s = sample_at(in, i);
                if (s.h && histcheck_why_not(s.h))
                        continue;
                kept[c.n] = i;
                histchunk_append(&c, &s);
        }
        if (c.n) {
                char *copy = mem_strndup((const char *)c.p, xorchunk_bytes(&c));
                CHECK(histchunk_decode((Str){ copy, xorchunk_bytes(&c) }, c.n, c.first_ms, INT64_MIN, INT64_MAX, &out,
                                       &err));
                CHECK(out.n == c.n);
                mem_free(copy);
        }
        for (size_t i = 0; i < out.n; i++) {
                StoreSample a = sample_at(in, kept[i]), b = sample_at(&out, i);
                CHECK(a.t_ms == b.t_ms && a.st_ms == b.st_ms && !a.h == !b.h);
                CHECK(a.h ? histogram_same(a.h, b.h) : bits_of_double(a.v) == bits_of_double(b.v));
        }
        column_done(&out);
        xorchunk_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        char *copy = mem_strndup((const char *)data + 1, size - 1); /* exactly: the sanitizer sees a read behind it */
        Column c = { 0 };
        Err err;
        if (histchunk_decode((Str){ copy, size - 1 }, data[0], 1000, INT64_MIN, INT64_MAX, &c, &err)) {
                CHECK(c.n == data[0]);
                round_trip(&c);
        } else {
                CHECK(c.n == 0);
        }
        mem_free(copy);
        column_done(&c);
        return 0;
}
