/* What tests of general compression compress. */
#pragma once
#include "testing.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"

/* Text that compresses, with some noise in it. */
static inline void coding_sample(Buf *out, size_t n)
{
        Rand rand;
        rand_init(&rand, n);
        while (out->n < n)
                buf_printf(out, "metric_%llu{job=\"node\"} %llu\n", (unsigned long long)rand_below(&rand, 50),
                           (unsigned long long)rand_below(&rand, 1000));
        out->n = n;
}

/* Both append; variant counts the sizes that are tried. */
typedef struct Coding {
        void (*encode)(Str in, int variant, Buf *out);
        bool (*decode)(Str block, int variant, size_t max_bytes, Buf *out, Err *err);
} Coding;

/* Bytes of many sizes come back as they were, behind what was in the buffer already; large ones got shorter. */
static inline void coding_round_trip(Coding c)
{
        static const size_t SIZES[] = { 0, 1, 2, 100, 4096, 70000, 3000000 };
        for (int i = 0; i < (int)(sizeof SIZES / sizeof *SIZES); i++) {
                AUTO(buf_done) Buf in = { 0 };
                AUTO(buf_done) Buf coded = { 0 };
                AUTO(buf_done) Buf back = { 0 };
                Err err;
                coding_sample(&in, SIZES[i]);
                buf_lit(&coded, "head");
                buf_lit(&back, "kept");
                c.encode(buf_str(&in), i, &coded);
                if (SIZES[i] > 4000)
                        assert_true(coded.n < in.n / 2);
                assert_ok(c.decode(str_sub(buf_str(&coded), 4, coded.n), i, SIZES[i], &back, &err), err);
                assert_int_equal(back.n, in.n + 4);
                assert_memory_equal(back.p, "kept", 4);
                assert_true(str_eq(str_sub(buf_str(&back), 4, back.n), buf_str(&in)));
        }
}
