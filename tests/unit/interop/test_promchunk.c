#include "interop_data.h"

#include "interop/promchunk.h"

static void round_trip(const Column *c)
{
        Column back = { 0 };
        Err err;
        Buf bytes = { 0 };
        unsigned encoding;
        for (size_t at = 0; at < c->n;) {
                buf_clear(&bytes);
                size_t n = promchunk_encode(c, at, PROMCHUNK_ENCODED_SAMPLES, &bytes, &encoding);
                assert_true(n >= 1 && n <= PROMCHUNK_ENCODED_SAMPLES);
                assert_int_equal(promchunk_samples(buf_str(&bytes)), n);
                assert_ok(promchunk_decode(encoding, buf_str(&bytes), INT64_MIN, INT64_MAX, &back, &err), err);
                at += n;
        }
        data_same_columns(c, &back, "chunk");
        buf_done(&bytes);
        column_done(&back);
}

static void keeps_every_float(void **state)
{
        (void)state;
        Column c = { 0 };
        uint64_t x = 88172645463325252u;
        int64_t t = -5000000;
        for (unsigned i = 0; i < 3000; i++) {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                static const int64_t steps[] = { 15000, 15000, 15001, 14999, 1, 8192, 70000, 600000, 1LL << 40, 23192 };
                t += steps[i % 13 % ARRAY_LEN(steps)];
                column_push(&c, t,
                            i % 3 == 0   ? data_hard_value((unsigned)x)
                            : i % 3 == 1 ? (double)(i / 10)
                                         : bits_to_double(x));
        }
        round_trip(&c);
        column_done(&c);
}

/* Bytes worked out by hand from the public format: 2 samples, t 1000 and 1015 ms, values 1 and 1. */
static void reads_the_published_code(void **state)
{
        (void)state;
        static const unsigned char bytes[] = { 0, 2, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 15, 0x00 };
        Column c = { 0 };
        Err err;
        assert_ok(promchunk_decode(PROMCHUNK_XOR, str_n((const char *)bytes, sizeof bytes), INT64_MIN, INT64_MAX, &c,
                                   &err),
                  err);
        assert_int_equal(c.n, 2);
        assert_int_equal(c.t[0], 1000);
        assert_int_equal(c.t[1], 1015);
        assert_double(c.v[1], 1.0);
        Buf out = { 0 };
        unsigned encoding;
        assert_int_equal(promchunk_encode(&c, 0, 120, &out, &encoding), 2);
        assert_int_equal(out.n, sizeof bytes);
        assert_memory_equal(out.p, bytes, sizeof bytes);
        buf_done(&out);
        column_done(&c);
}

static void keeps_every_histogram(void **state)
{
        (void)state;
        Column c = { 0 };
        Arena *arena = column_arena(&c);
        for (unsigned i = 0; i < 500; i++) {
                Histogram *h = histogram_dup(arena, data_histogram(arena, i / 25, i % 25, i / 50 % 2));
                if (i / 25 == 3)
                        h->hint = HISTOGRAM_HINT_GAUGE;
                column_push_histogram(&c, i * 15000, h);
        }
        Histogram stale = { .integer = true, .sum = sample_stale() };
        column_push_histogram(&c, 500 * 15000, &stale);
        column_push_histogram(&c, 501 * 15000, &stale);
        column_push(&c, 502 * 15000, 1.5);
        stale.integer = false;
        column_push_histogram(&c, 503 * 15000, data_histogram(arena, 1, 2, false));
        column_push_histogram(&c, 504 * 15000, &stale);
        round_trip(&c);
        column_done(&c);
}

static void keeps_hints(void **state)
{
        (void)state;
        Column c = { 0 }, back = { 0 };
        Arena *arena = column_arena(&c);
        Buf bytes = { 0 };
        unsigned encoding;
        Err err;
        for (unsigned i = 0; i < 4; i++)
                column_push_histogram(&c, i, data_histogram(arena, 1, i, true));
        ((Histogram *)(uintptr_t)c.h[0])->hint = HISTOGRAM_HINT_RESET;
        ((Histogram *)(uintptr_t)c.h[3])->hint = HISTOGRAM_HINT_RESET;
        assert_int_equal(promchunk_encode(&c, 0, 120, &bytes, &encoding), 3); /* a reset starts a chunk */
        assert_ok(promchunk_decode(encoding, buf_str(&bytes), INT64_MIN, INT64_MAX, &back, &err), err);
        assert_int_equal(back.h[0]->hint, HISTOGRAM_HINT_RESET);
        assert_int_equal(back.h[1]->hint, HISTOGRAM_HINT_NOT_RESET);
        buf_done(&bytes);
        column_done(&c);
        column_done(&back);
}

static void selects_times(void **state)
{
        (void)state;
        Column c = { 0 }, back = { 0 };
        Buf bytes = { 0 };
        unsigned encoding;
        Err err;
        for (int i = 0; i < 100; i++)
                column_push(&c, i * 10, i);
        promchunk_encode(&c, 0, 100, &bytes, &encoding);
        assert_ok(promchunk_decode(encoding, buf_str(&bytes), 95, 200, &back, &err), err);
        assert_int_equal(back.n, 11);
        assert_int_equal(back.t[0], 100);
        buf_done(&bytes);
        column_done(&c);
        column_done(&back);
}

/* Invariant 1: a cut or flipped chunk is an error or other samples, never a crash. */
static void survives_damage(void **state)
{
        (void)state;
        Column c = { 0 }, back = { 0 };
        Arena *arena = column_arena(&c);
        Buf bytes = { 0 };
        Err err;
        unsigned encoding;
        for (unsigned i = 0; i < 20; i++)
                column_push_histogram(&c, i * 15000, data_histogram(arena, 6, i, true));
        promchunk_encode(&c, 0, 120, &bytes, &encoding);
        for (unsigned as = 0; as < 5; as++) {
                for (size_t n = 0; n < bytes.n; n++) {
                        column_clear(&back);
                        bool ok = promchunk_decode(as, str_n(bytes.p, n), INT64_MIN, INT64_MAX, &back, &err);
                        if (as == encoding && n + 1 < bytes.n && ok)
                                fail_msg("%zu bytes of %zu are enough", n, bytes.n);
                        if (n > 3) {
                                bytes.p[n] ^= 0x24;
                                column_clear(&back);
                                IGNORE(promchunk_decode(as, buf_str(&bytes), INT64_MIN, INT64_MAX, &back, &err));
                                bytes.p[n] ^= 0x24;
                        }
                }
        }
        assert_false(promchunk_decode(4, buf_str(&bytes), INT64_MIN, INT64_MAX, &back, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        buf_done(&bytes);
        column_done(&c);
        column_done(&back);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keeps_every_float),     cmocka_unit_test(reads_the_published_code),
                cmocka_unit_test(keeps_every_histogram), cmocka_unit_test(keeps_hints),
                cmocka_unit_test(selects_times),         cmocka_unit_test(survives_damage),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
