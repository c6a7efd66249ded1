#include "testing.h"

#include "base/rand.h"
#include "tsdb/xorchunk.h"

/* From a place in the middle a range decodes to the same, whatever the chunk and the range. */
static void check_places(const XorChunk *c, const int64_t *t)
{
        Column want = { 0 }, got = { 0 };
        char whole[XORCHUNK_MAX_BYTES + XORCHUNK_PAD_BYTES], part[XORCHUNK_MAX_BYTES + XORCHUNK_PAD_BYTES];
        size_t n = xorchunk_bytes(c);
        Err err;
        memcpy(whole, c->p, n);
        assert_true(c->seeks <= n / XORCHUNK_SEEK_BYTES);
        for (size_t i = 0; i < c->n; i += 1 + c->n / 9)
                for (int64_t off = -1; off <= 1; off++) {
                        int64_t min = t[i] + off, max = t[MIN_OF(i + i % 30, (size_t)c->n - 1)];
                        XorSeek from = xorchunk_seek(c, min);
                        if (from.n == 0)
                                continue;
                        assert_true(from.t_ms <= min && from.t_ms == t[from.n - 1]);
                        memcpy(part, whole + from.bits / 8, n - from.bits / 8);
                        column_clear(&want);
                        column_clear(&got);
                        assert_ok(xorchunk_decode((Str){ whole, n }, c->n, c->first_ms, min, max, &want, &err), err);
                        assert_ok(xorchunk_decode_from((Str){ part, n - from.bits / 8 }, c->n, &from, min, max, &got,
                                                       &err),
                                  err);
                        assert_int_equal(want.n, got.n);
                        assert_memory_equal(want.t, got.t, want.n * sizeof *want.t);
                        assert_memory_equal(want.v, got.v, want.n * sizeof *want.v);
                        if (from.bits / 8 + 1 < n)
                                assert_false(xorchunk_decode_from((Str){ part, 0 }, (size_t)c->n + 1, &from, min,
                                                                  INT64_MAX, &got, &err));
                }
        column_done(&want);
        column_done(&got);
}

static void round_trip(const int64_t *t, const double *v, size_t n)
{
        XorChunk c;
        xorchunk_init(&c);
        size_t done = 0;
        Column out = { 0 };
        Err err;
        while (done < n) {
                size_t from = done;
                while (done < n && !xorchunk_is_full(&c)) {
                        xorchunk_append(&c, t[done], v[done]);
                        done++;
                }
                assert_true(xorchunk_bytes(&c) <= XORCHUNK_MAX_BYTES);
                char copy[XORCHUNK_MAX_BYTES + XORCHUNK_PAD_BYTES];
                memcpy(copy, c.p, xorchunk_bytes(&c));
                column_clear(&out);
                assert_ok(xorchunk_decode((Str){ copy, xorchunk_bytes(&c) }, c.n, c.first_ms, INT64_MIN, INT64_MAX,
                                          &out, &err),
                          err);
                assert_int_equal(out.n, done - from);
                assert_memory_equal(out.t, t + from, out.n * sizeof *t);
                assert_memory_equal(out.v, v + from, out.n * sizeof *v);
                check_places(&c, t + from);
                xorchunk_reset(&c);
                assert_int_equal(c.seeks, 0);
        }
        column_done(&out);
        xorchunk_done(&c);
}

enum { N = 1000 };

static void keeps_every_bit(void **state)
{
        (void)state;
        static const uint64_t ODD[] = { SAMPLE_STALE_BITS,
                                        SAMPLE_NAN_BITS,
                                        0xfff8000000000123u,
                                        0x7ff0000000000000u,
                                        0xfff0000000000000u,
                                        0x8000000000000000u,
                                        0,
                                        1,
                                        0x000fffffffffffffu,
                                        0x7fefffffffffffffu,
                                        UINT64_MAX };
        static int64_t t[N];
        static double v[N];
        for (uint64_t seed = 0; seed < 60; seed++) {
                Rand r;
                rand_init(&r, seed);
                t[0] = seed % 7 == 0 ? INT64_MIN + 1 : (int64_t)rand_below(&r, 1u << 30) - 1000;
                for (size_t i = 0; i < N; i++) {
                        uint64_t step = seed % 3 ? 15000 + rand_below(&r, 1 + seed)
                                                 : 1 + rand_below(&r, (uint64_t)1 << rand_below(&r, 50));
                        if (i)
                                t[i] = t[i - 1] + (int64_t)step;
                        switch (seed % 5) {
                        case 0: v[i] = bits_to_double(rand_u64(&r)); break;
                        case 1: v[i] = bits_to_double(ODD[rand_below(&r, sizeof ODD / sizeof *ODD)]); break;
                        case 2: v[i] = (double)i * 100; break;
                        case 3: v[i] = 1; break;
                        default: v[i] = (double)rand_below(&r, 1000) / 10;
                        }
                }
                round_trip(t, v, N);
        }
}

static void takes_the_widest_times(void **state)
{
        (void)state;
        const int64_t t[] = { INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1 };
        const double v[] = { 1, 2, 3, 4, 5 };
        /* Steps beyond 2^63 cannot be written as one delta that rises: the store bounds times long before. */
        round_trip(t + 1, v + 1, 4);
        round_trip(t, v, 2);
}

static void constants_are_two_bits_a_sample(void **state)
{
        (void)state;
        XorChunk c;
        xorchunk_init(&c);
        for (int i = 0; i < XORCHUNK_MAX_SAMPLES; i++)
                xorchunk_append(&c, i * 15000, 7);
        assert_true(xorchunk_is_full(&c));
        assert_true(xorchunk_bytes(&c) < 8 + 8 + XORCHUNK_MAX_SAMPLES / 4);
        xorchunk_done(&c);
}

static void few_samples_have_no_places(void **state)
{
        (void)state;
        XorChunk c;
        xorchunk_init(&c);
        for (int i = 0; i < 240; i++)
                xorchunk_append(&c, i * 15000, 7);
        assert_int_equal(c.seeks, 0);
        xorchunk_reset(&c);
        Rand r;
        rand_init(&r, 3);
        for (int i = 0; i < 20; i++)
                xorchunk_append(&c, i * 15000, (double)rand_below(&r, 1000));
        assert_int_equal(c.seeks, 0);
        for (int i = 20; i < 100; i++)
                xorchunk_append(&c, i * 15000, (double)rand_below(&r, 1000));
        assert_true(c.seeks > 0);
        assert_int_equal(xorchunk_seek(&c, -1).n, 0);
        XorSeek last = xorchunk_seek(&c, INT64_MAX);
        assert_true(last.bits >= c.seeks * XORCHUNK_SEEK_BYTES * 8u && last.n < 100);
        xorchunk_done(&c);
}

static void ranges_and_damage(void **state)
{
        (void)state;
        XorChunk c;
        xorchunk_init(&c);
        for (int i = 0; i < 100; i++)
                xorchunk_append(&c, i * 10, i);
        char copy[XORCHUNK_MAX_BYTES + XORCHUNK_PAD_BYTES] = { 0 };
        size_t n = xorchunk_bytes(&c);
        memcpy(copy, c.p, n);
        Column out = { 0 };
        Err err;
        assert_ok(xorchunk_decode((Str){ copy, n }, 100, 0, 95, 130, &out, &err), err);
        assert_int_equal(out.n, 4);
        assert_int_equal(out.t[0], 100);
        for (size_t cut = 0; cut < n - 1; cut++) {
                assert_false(xorchunk_decode((Str){ copy, cut }, 100, 0, INT64_MIN, INT64_MAX, &out, &err));
                assert_int_equal(err.code, ERR_CORRUPT);
                assert_int_equal(out.n, 4);
        }
        assert_false(xorchunk_decode((Str){ copy, n }, 300, 0, INT64_MIN, INT64_MAX, &out, &err));
        assert_false(xorchunk_decode((Str){ copy, n }, 0, 0, INT64_MIN, INT64_MAX, &out, &err));
        column_done(&out);
        xorchunk_done(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_every_bit), cmocka_unit_test(takes_the_widest_times),
                                            cmocka_unit_test(constants_are_two_bits_a_sample),
                                            cmocka_unit_test(few_samples_have_no_places),
                                            cmocka_unit_test(ranges_and_damage) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
