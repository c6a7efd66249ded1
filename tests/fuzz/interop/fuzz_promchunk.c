/* A chunk of any encoding: what decodes in rising order is encoded again and must come back the same. */
#include "base/check.h"
#include "interop/promchunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rises(const Column *c)
{
        for (size_t i = 1; i < c->n; i++)
                if (c->t[i] <= c->t[i - 1])
                        return false;
        return true;
}

/* Integer counts that a double does not hold exactly cannot come back. */
static bool is_exact(const Column *c)
{
        for (size_t i = 0; c->h && i < c->n; i++) {
                const Histogram *h = c->h[i];
                if (!h || !h->integer)
                        continue;
                bool small = h->count < 9e15 && h->zero_count < 9e15;
                for (uint32_t k = 0; small && k < h->positive.n_counts; k++)
                        small = h->positive.counts[k] < 9e15 && h->positive.counts[k] > -9e15;
                for (uint32_t k = 0; small && k < h->negative.n_counts; k++)
                        small = h->negative.counts[k] < 9e15 && h->negative.counts[k] > -9e15;
                if (!small)
                        return false;
        }
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Column c = { 0 }, back = { 0 };
        Err err;
        if (size == 0 || size > 4096)
                return 0;
        unsigned encoding = data[0] % 5;
        Str bytes = str_n((const char *)data + 1, size - 1);
        if (promchunk_decode(encoding, bytes, INT64_MIN, INT64_MAX, &c, &err) && rises(&c) && is_exact(&c)) {
                Buf out = { 0 };
                for (size_t at = 0; at < c.n;) {
                        buf_clear(&out);
                        at += promchunk_encode(&c, at, PROMCHUNK_ENCODED_SAMPLES, &out, &encoding);
                        CHECK(promchunk_decode(encoding, buf_str(&out), INT64_MIN, INT64_MAX, &back, &err));
                }
                CHECK(back.n == c.n);
                for (size_t i = 0; i < c.n; i++) {
                        bool h = c.h && c.h[i];
                        CHECK(back.t[i] == c.t[i]);
                        CHECK(h ? histogram_same(c.h[i], back.h[i])
                                : bits_of_double(c.v[i]) == bits_of_double(back.v[i]));
                }
                buf_done(&out);
        }
        column_done(&c);
        column_done(&back);
        return 0;
}
