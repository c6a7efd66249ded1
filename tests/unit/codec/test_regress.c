#include "testing.h"

#include <math.h>

#include "base/rand.h"
#include "codec/regress.h"

static int64_t v[REGRESS_MAX];
static uint64_t rest[REGRESS_MAX + 1];

static void trip(size_t n, RegressFactor factor)
{
        regress_rest(v, n, factor, rest + REGRESS_LEGS);
        for (size_t i = 0; i + REGRESS_LEGS < n; i++)
                assert_true(rest[i + REGRESS_LEGS] == regress_rest_at(v, n, factor, i));
        rest[n] = 77;
        regress_undo(rest, n, factor, (uint64_t)v[0], (uint64_t)v[regress_second(n)]);
        assert_memory_equal(rest, v, n * sizeof *v);
        assert_true(rest[n] == 77);
        /* Each leg alone. */
        size_t second = regress_second(n);
        for (size_t leg = 0; leg < REGRESS_LEGS; leg++) {
                size_t first = leg ? second : 0, end = leg ? n : second;
                for (size_t i = first + 1; i < end; i++)
                        rest[i - first] = regress_rest_at(v, n, factor, i - 1 - leg);
                regress_undo_leg(rest, end - first, factor, (uint64_t)v[0], (uint64_t)v[first]);
                assert_memory_equal(rest, v + first, (end - first) * sizeof *v);
        }
}

static void any_numbers_come_back(void **state)
{
        (void)state;
        static const int32_t FACTORS[] = { 0, 1, -1, 62259, 65536, 70000, -65000, INT32_MAX, INT32_MIN };
        Rand r;
        rand_init(&r, 1);
        for (int round = 0; round < 3000; round++) {
                size_t n = REGRESS_LEGS + rand_below(&r, round % 9 ? 40 : REGRESS_MAX - REGRESS_LEGS + 1);
                for (size_t i = 0; i < n; i++)
                        v[i] = round % 3 ? (int64_t)rand_below(&r, 1000) - 500 : (int64_t)rand_u64(&r);
                trip(n, (RegressFactor){ FACTORS[round % 9], (unsigned)rand_below(&r, REGRESS_MAX_BITS + 1) });
        }
}

/* x = a x + noise, around a mean: the factor is found, and what is left is as narrow as the noise. */
static void the_factor_is_found(void **state)
{
        (void)state;
        static const double FACTORS[] = { 0.3, 0.6, 0.9, 0.95, -0.7 };
        for (size_t k = 0; k < ARRAY_LEN(FACTORS); k++) {
                Rand r;
                rand_init(&r, k);
                double x = 0;
                for (int i = -200; i < REGRESS_MAX; i++) {
                        x = FACTORS[k] * x + (rand_double(&r) - 0.5) * 777;
                        if (i >= 0)
                                v[i] = lrint(x) + INT64_C(123456789012);
                }
                RegressFactor factor = { 0 };
                double range = INFINITY;
                assert_true(regress_find(v, REGRESS_MAX, FACTORS[k] > 0.5, &factor, &range));
                assert_true(fabs(ldexp(factor.factor, -(int)factor.bits) - FACTORS[k]) < 0.02);
                assert_true(range > 750 && range < 785);
                regress_rest(v, REGRESS_MAX, factor, rest);
                int64_t most = INT64_MIN, least = INT64_MAX;
                for (size_t i = 0; i < REGRESS_MAX - REGRESS_LEGS; i++) {
                        most = (int64_t)rest[i] > most ? (int64_t)rest[i] : most;
                        least = (int64_t)rest[i] < least ? (int64_t)rest[i] : least;
                }
                assert_true((double)(most - least) < range + 3);
        }
}

static void where_nothing_is_to_be_found(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 2);
        RegressFactor factor;
        double range = INFINITY;
        for (int i = 0; i < REGRESS_MAX; i++)
                v[i] = (int64_t)rand_below(&r, 1000);
        range = INFINITY;
        assert_false(regress_find(v, REGRESS_MAX, 0, &factor, &range));
        for (int i = 1; i < REGRESS_MAX; i++)
                v[i] += v[i - 1] - 500;
        range = INFINITY;
        assert_false(regress_find(v, REGRESS_MAX, 1, &factor, &range));
        range = INFINITY;
        assert_false(regress_find(v, REGRESS_MIN - 1, 1, &factor, &range));
        for (int i = 0; i < REGRESS_MAX; i++)
                v[i] = 5;
        range = INFINITY;
        assert_false(regress_find(v, REGRESS_MAX, 0, &factor, &range));
        v[7] = INT64_MIN;
        range = INFINITY;
        assert_false(regress_find(v, REGRESS_MAX, 0, &factor, &range));
        for (int i = 0; i < REGRESS_MAX; i++)
                v[i] = (int64_t)rand_u64(&r);
        range = INFINITY;
        assert_false(regress_find(v, REGRESS_MAX, 0, &factor, &range));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(any_numbers_come_back),
                                            cmocka_unit_test(the_factor_is_found),
                                            cmocka_unit_test(where_nothing_is_to_be_found) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
