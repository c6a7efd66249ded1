#include "testing.h"

#include <math.h>

#include "base/bits.h"
#include "base/rand.h"
#include "codec/intvec.h"

static IntvecPlan plan;
static int64_t out[INTVEC_MAX + 1];

/* Codes, decodes, compares; returns the bytes. *promised: what the plan said. */
static size_t there_and_back(const int64_t *v, size_t n, size_t *promised)
{
        AUTO(buf_done) Buf b = { 0 };
        buf_lit(&b, "x"); /* not aligned */
        intvec_plan(&plan, v, n);
        *promised = plan.bytes;
        intvec_write(&plan, v, &b);
        size_t bytes = b.n - 1, used = 0;
        memset(buf_reserve(&b, INTVEC_PAD_BYTES), 0xee, INTVEC_PAD_BYTES);
        out[n] = 42;
        Err err;
        assert_ok(intvec_read((Str){ b.p + 1, bytes }, n, out, &used, &err), err);
        assert_int_equal(used, bytes);
        assert_memory_equal(out, v, n * sizeof *v);
        assert_int_equal(out[n], 42);
        for (size_t from = 0, to; from < n; from += 1 + n / 7) {
                to = from + 1 + (from * 7 + n) % (n - from);
                out[to - from] = 43;
                assert_ok(intvec_read_part(&(IntvecPart){ { b.p + 1, bytes }, n, from, to }, out, &used, &err), err);
                assert_memory_equal(out, v + from, (to - from) * sizeof *v);
                assert_int_equal(out[to - from], 43);
                assert_int_equal(used, bytes);
        }
        /* Cut anywhere: an error, or at least no harm. */
        for (size_t cut = 0; cut < bytes && cut < 40; cut++)
                IGNORE(intvec_read((Str){ b.p + 1, cut }, n, out, &used, &err));
        return bytes;
}

static size_t trip(const int64_t *v, size_t n)
{
        size_t promised, bytes = there_and_back(v, n, &promised);
        assert_true(bytes <= promised + 16);
        return bytes;
}

static int64_t v[INTVEC_MAX];

static void regular_shapes_are_small(void **state)
{
        (void)state;
        for (int i = 0; i < INTVEC_MAX; i++)
                v[i] = 7;
        assert_true(trip(v, INTVEC_MAX) <= 6);
        for (int i = 0; i < INTVEC_MAX; i++)
                v[i] = INT64_C(1700000000000) + i * INT64_C(15000);
        assert_true(trip(v, INTVEC_MAX) <= 14);
        for (int i = 0; i < INTVEC_MAX; i++)
                v[i] = (int64_t)i * i * 3;
        assert_true(trip(v, INTVEC_MAX) <= 14);
}

static void what_divides_all_costs_nothing(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 3);
        for (int i = 0; i < INTVEC_MAX; i++)
                v[i] = (int64_t)rand_below(&r, 256) * 4096 * 3 + 1234;
        assert_true(trip(v, INTVEC_MAX) <= INTVEC_MAX + 20);
        /* Also when the first few came from elsewhere. */
        for (int i = 0; i < 5; i++)
                v[i] += 17;
        assert_true(trip(v, INTVEC_MAX) <= INTVEC_MAX + 80);
}

static void outliers_are_patched(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 4);
        int64_t sum = 0;
        for (int i = 0; i < INTVEC_MAX; i++) {
                sum += (int64_t)rand_below(&r, 16);
                if (i == 500)
                        sum = 0; /* a counter that starts over */
                if (i == 700)
                        sum += INT64_C(1) << 40;
                v[i] = sum;
        }
        assert_true(trip(v, INTVEC_MAX) <= INTVEC_MAX / 2 + 50);
}

static void every_int_survives(void **state)
{
        (void)state;
        static const int64_t edge[] = { INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1, INT64_MAX - 1, INT64_MIN, 5 };
        for (size_t n = 1; n <= sizeof edge / sizeof *edge; n++)
                trip(edge, n);
        Rand r;
        rand_init(&r, 5);
        for (int round = 0; round < 3000; round++) {
                size_t n = 1 + rand_below(&r, round % 10 ? 70 : INTVEC_MAX);
                unsigned bits = (unsigned)rand_below(&r, 65), step = (unsigned)rand_below(&r, 1000) + 1;
                unsigned odd = (unsigned)rand_below(&r, 40) + 2;
                int64_t sum = (int64_t)rand_u64(&r);
                for (size_t i = 0; i < n; i++) {
                        uint64_t x = bits ? rand_u64(&r) >> (64 - bits) : 0;
                        x *= step;
                        if (rand_below(&r, odd) == 0 && round % 3 == 0)
                                x = rand_u64(&r);
                        sum = (int64_t)((uint64_t)sum + x);
                        v[i] = round % 2 ? sum : (int64_t)x;
                }
                trip(v, n);
        }
}

/* Numbers so far apart that distances wrap: what a stretch can pack alone, several together may have to patch. */
static void stretches_of_extremes_survive_together(void **state)
{
        (void)state;
        static const int64_t palette[] = {
                INT64_MIN, INT64_MIN + 1, INT64_MIN / 2, -5,        -1, 0, 1, 33,
                4096,      INT64_MAX / 2, INT64_MAX - 1, INT64_MAX,
        };
        Rand r;
        rand_init(&r, 12);
        for (int round = 0; round < 3000; round++) {
                size_t n = 1 + rand_below(&r, INTVEC_MAX), few = 0;
                int64_t picked[3] = { 0 };
                for (size_t i = 0; i < n; i++) {
                        if (few == 0) {
                                few = 1 + rand_below(&r, 200);
                                for (int k = 0; k < 3; k++)
                                        picked[k] = palette[rand_below(&r, ARRAY_LEN(palette))];
                        }
                        few--;
                        v[i] = rand_below(&r, 20) ? picked[0] : picked[1 + rand_below(&r, 2)];
                }
                size_t promised; /* an estimate for the likes of these */
                there_and_back(v, n, &promised);
        }
}

static void damaged_bytes_are_an_error_or_harmless(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 6);
        for (int round = 0; round < 20000; round++) {
                char bytes[64 + INTVEC_PAD_BYTES];
                for (size_t i = 0; i < sizeof bytes; i++)
                        bytes[i] = (char)rand_u64(&r);
                bytes[0] &= 15;
                bytes[1] &= 63;
                size_t used;
                Err err;
                size_t n = 1 + rand_below(&r, 300);
                if (!intvec_read((Str){ bytes, 64 }, n, out, &used, &err))
                        assert_int_equal(err.code, ERR_CORRUPT);
        }
}

/* A counter that idles, works and idles: each time takes what it needs. */
static void numbers_that_change_their_size_make_runs(void **state)
{
        (void)state;
        int64_t w[INTVEC_MAX], sum = 0;
        Rand r;
        rand_init(&r, 3);
        for (size_t i = 0; i < INTVEC_MAX; i++)
                w[i] = sum += (int64_t)rand_below(&r, i >= 320 && i < 512 ? 1 << 20 : 4);
        size_t bytes = trip(w, INTVEC_MAX);
        assert_int_equal(plan.n_runs, 3);
        assert_true(bytes <= (192 * 20 + 832 * 2) / 8 + 30);
}

static void limits_that_are_no_power_of_two_take_digits(void **state)
{
        (void)state;
        int64_t w[INTVEC_MAX], sum = 0;
        Rand r;
        rand_init(&r, 3);
        for (size_t i = 0; i < INTVEC_MAX; i++)
                w[i] = sum += (int64_t)rand_below(&r, 5);
        size_t bytes = trip(w, INTVEC_MAX);
        assert_int_equal(plan.n_runs, 1);
        assert_true(bytes <= 1024 * 247 / 800 + 16); /* the entropy is 2.32 bits, plain ones are 3 */
}

/* A gauge that is pulled back takes what its noise takes, also after a start from far away, and with outliers. */
static void what_is_pulled_back_leaves_a_rest(void **state)
{
        (void)state;
        Rand r;
        for (uint64_t round = 0; round < 60; round++) {
                rand_init(&r, round);
                double x = round % 2 ? 0 : 1e8;
                int64_t w[INTVEC_MAX];
                for (size_t i = 0; i < INTVEC_MAX; i++) {
                        x = x * 0.95 + ((double)rand_below(&r, 777) - 388);
                        w[i] = (int64_t)x;
                }
                for (uint64_t k = 0; k < round / 20; k++)
                        w[rand_below(&r, INTVEC_MAX)] = (int64_t)rand_u64(&r);
                size_t bytes = trip(w, INTVEC_MAX);
                if (round >= 20)
                        continue;
                assert_int_equal(plan.order, 3);
                assert_true(bytes <= INTVEC_MAX * 990 / 800);
        }
}

/* docs/formats/parts.md, version 2: two runs, the second with lower bits below digits of radix 5. */
static void the_layout_of_runs(void **state)
{
        (void)state;
        unsigned char code[16 + 8 + 1 + 16 + 5 + INTVEC_PAD_BYTES] = { 16,      20, /* order 0, base 10 */
                                                                       1,           /* two runs */
                                                                       0,       3,
                                                                       1, /* width 0, offset 3, 32 numbers */
                                                                       128 + 1, 5,
                                                                       100 /* a bit below a digit, offset 100 */ };
        size_t at = 9, n = 32 + 53;
        code[at++] = 0x01; /* the lower bits of 53 numbers: the first's is set */
        at += 6;
        /* 13 digits of radix 5, the second of them 4, number 4's: N = 4 * 5^11, of 5^13 */
        bits_put_le32(code + at, (uint32_t)ceil(4294967296.0 * 4 / 25));
        at += 16;
        code[at++] = 3; /* the last number fills no group: three bits */
        int64_t w[INTVEC_MAX];
        size_t used;
        Err err;
        assert_ok(intvec_read((Str){ (const char *)code, at }, n, w, &used, &err), err);
        assert_int_equal(used, at);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(w[i], i < 32         ? 13
                                       : i == 32      ? 110 + 1
                                       : i == 32 + 4  ? 110 + 8
                                       : i == 32 + 52 ? 110 + 6
                                                      : 110);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(regular_shapes_are_small),
                cmocka_unit_test(what_divides_all_costs_nothing),
                cmocka_unit_test(outliers_are_patched),
                cmocka_unit_test(every_int_survives),
                cmocka_unit_test(stretches_of_extremes_survive_together),
                cmocka_unit_test(damaged_bytes_are_an_error_or_harmless),
                cmocka_unit_test(numbers_that_change_their_size_make_runs),
                cmocka_unit_test(limits_that_are_no_power_of_two_take_digits),
                cmocka_unit_test(what_is_pulled_back_leaves_a_rest),
                cmocka_unit_test(the_layout_of_runs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
