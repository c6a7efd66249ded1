#include "testing.h"

#include <math.h>

#include "base/rand.h"
#include "codec/intvec.h"

static IntvecPlan plan;
static int64_t v[INTVEC_MAX], whole[INTVEC_MAX], some[INTVEC_MAX + 1];
static double all_doubles[INTVEC_MAX], doubles[INTVEC_MAX + 1];
static unsigned orders[4], radixes, with_runs, with_patches;

static void code(size_t n, Buf *out)
{
        intvec_plan(&plan, v, n);
        orders[plan.order]++;
        radixes += plan.runs[0].code.radix != 0;
        with_runs += plan.n_runs > 1;
        with_patches += plan.patches > 0;
        intvec_write(&plan, v, out);
        memset(buf_reserve(out, INTVEC_PAD_BYTES), 0xee, INTVEC_PAD_BYTES);
}

/* A range is what the whole says, as integers and as doubles, and fails when that does. Returns whether it could be read. */
static bool check_range(Str bytes, size_t n, size_t from, size_t to)
{
        size_t used = 0, used_too = 0;
        Err err;
        IntvecPart all = { bytes, n, 0, n }, part = { bytes, n, from, to };
        bool ok = intvec_read(bytes, n, whole, &used, &err);
        some[to - from] = 42;
        doubles[to - from] = 42;
        assert_true(intvec_read_part(&part, some, &used_too, &err) == ok);
        assert_true(intvec_read_doubles(&all, 100, all_doubles, &used_too, &err) == ok);
        assert_true(intvec_read_doubles(&part, 100, doubles, &used_too, &err) == ok);
        assert_int_equal(some[to - from], 42);
        assert_double(doubles[to - from], 42);
        if (!ok)
                return false;
        assert_int_equal(used, used_too);
        assert_memory_equal(some, whole + from, (to - from) * sizeof *some);
        assert_memory_equal(doubles, all_doubles + from, (to - from) * sizeof *doubles);
        return true;
}

typedef void Shape(Rand *r, size_t n);

static void counter(Rand *r, size_t n)
{
        int64_t sum = (int64_t)rand_below(r, 1000000);
        uint64_t step = 2 + rand_below(r, 3000);
        for (size_t i = 0; i < n; i++)
                v[i] = sum += (int64_t)rand_below(r, step);
}

static void gauge(Rand *r, size_t n)
{
        uint64_t range = 1 + rand_below(r, 100000);
        for (size_t i = 0; i < n; i++)
                v[i] = (int64_t)rand_below(r, range) * 4096 - 1000000;
}

static void jittered(Rand *r, size_t n)
{
        for (size_t i = 0; i < n; i++)
                v[i] = INT64_C(1700000000000) + (int64_t)i * 15000 + (int64_t)(i / 50) * (int64_t)rand_below(r, 3);
}

static void curve(Rand *r, size_t n)
{
        int64_t a = (int64_t)rand_below(r, 100), b = (int64_t)rand_below(r, 1000);
        for (size_t i = 0; i < n; i++)
                v[i] = a * (int64_t)(i * i) + b * (int64_t)i + (int64_t)rand_below(r, 2);
}

static void pulled_back(Rand *r, size_t n)
{
        double x = 0;
        for (size_t i = 0; i < n; i++)
                v[i] = (int64_t)lrint((x = x * 0.95 + (rand_double(r) - 0.5) * 777) * 100);
}

static void bursts(Rand *r, size_t n)
{
        int64_t sum = 0;
        for (size_t i = 0; i < n; i++)
                v[i] = sum += i / 200 % 2 ? (int64_t)rand_below(r, 1 << 20) : (int64_t)rand_below(r, 5);
}

static void anything(Rand *r, size_t n)
{
        for (size_t i = 0; i < n; i++)
                v[i] = (int64_t)rand_u64(r);
}

static Shape *const SHAPES[] = { counter, gauge, jittered, curve, pulled_back, bursts, anything };
enum { N_SHAPES = sizeof SHAPES / sizeof *SHAPES };

static size_t make(Rand *r, unsigned round, Buf *out)
{
        size_t n = 1 + rand_below(r, round % 4 ? INTVEC_MAX : 130);
        SHAPES[round % N_SHAPES](r, n);
        for (size_t k = rand_below(r, 3) ? 0 : rand_below(r, 5); k > 0; k--) {
                size_t i = rand_below(r, n);
                v[i] = (int64_t)((uint64_t)v[i] + (uint64_t)((int64_t)rand_u64(r) >> rand_below(r, 60)));
        }
        code(n, out);
        return n;
}

static void ranges_are_what_the_whole_has_there(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 21);
        for (unsigned round = 0; round < 2800; round++) {
                AUTO(buf_done) Buf b = { 0 };
                size_t n = make(&r, round, &b);
                Str bytes = { b.p, b.n };
                for (unsigned k = 0; k < 12; k++) {
                        size_t width = 1 + rand_below(&r, k % 2 ? MIN_OF(n, (size_t)24) : n);
                        size_t from = k == 0 ? n - width : k == 1 ? 0 : rand_below(&r, n - width + 1);
                        assert_true(check_range(bytes, n, from, from + width));
                        assert_memory_equal(some, v + from, width * sizeof *v);
                }
        }
        for (size_t i = 0; i < 4; i++)
                assert_true(orders[i] > 50);
        assert_true(radixes > 50 && with_runs > 50 && with_patches > 50);
}

static void damage_is_found_by_ranges_too(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 22);
        unsigned failed = 0, read = 0;
        for (unsigned round = 0; round < 1400; round++) {
                AUTO(buf_done) Buf b = { 0 };
                size_t n = make(&r, round, &b);
                for (unsigned k = 0; k < 30; k++) {
                        size_t at = rand_below(&r, k % 2 ? MIN_OF(b.n, (size_t)24) : b.n), from = rand_below(&r, n);
                        char before = b.p[at];
                        b.p[at] = (char)(before ^ (1 << rand_below(&r, 8)));
                        bool ok = check_range((Str){ b.p, k % 5 ? b.n : rand_below(&r, b.n + 1) }, n, from,
                                              from + 1 + rand_below(&r, n - from));
                        ++*(ok ? &read : &failed);
                        if (k % 4)
                                b.p[at] = before;
                }
        }
        assert_true(failed > 1000 && read > 1000);
}

static void ranges_that_make_no_sense_are_refused(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 23);
        AUTO(buf_done) Buf b = { 0 };
        counter(&r, 100);
        code(100, &b);
        static const size_t RANGES[][2] = { { 0, 0 }, { 50, 50 }, { 51, 50 }, { 99, 101 }, { 200, 201 } };
        for (size_t i = 0; i < ARRAY_LEN(RANGES); i++) {
                IntvecPart part = { { b.p, b.n }, 100, RANGES[i][0], RANGES[i][1] };
                size_t used;
                Err err;
                assert_false(intvec_read_part(&part, some, &used, &err));
                assert_int_equal(err.code, ERR_CORRUPT);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(ranges_are_what_the_whole_has_there),
                                            cmocka_unit_test(damage_is_found_by_ranges_too),
                                            cmocka_unit_test(ranges_that_make_no_sense_are_refused) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
