#include "testing.h"

#include <math.h>

#include "base/bits.h"
#include "base/rand.h"
#include "codec/gridvec.h"

enum { MOST = 1024 };
static double v[MOST], back[MOST];
static int64_t places[MOST];
static uint16_t exceptions[MOST];

/* Returns the exceptions. */
static size_t trip(Gridvec *g, size_t n)
{
        size_t bad = gridvec_split(g, v, n, places, exceptions), used = 0;
        AUTO(buf_done) Buf b = { 0 };
        gridvec_write_tails(g, v, places, n, &b);
        size_t bytes = b.n;
        assert_int_equal(bytes, gridvec_tail_bytes(g, places, n));
        memset(buf_reserve(&b, 8), 0xee, 8);
        for (size_t i = 0; i < n; i++)
                back[i] = (double)places[i];
        if (bytes)
                assert_false(gridvec_join(g, &(GridvecTails){ (const unsigned char *)b.p, bytes - 1, n, 0, n }, back,
                                          &used));
        assert_true(gridvec_join(g, &(GridvecTails){ (const unsigned char *)b.p, bytes, n, 0, n }, back, &used));
        assert_int_equal(used, bytes);
        for (size_t i = 0, k = 0; i < n; i++) {
                if (k < bad && exceptions[k] == i)
                        k++;
                else
                        assert_true(bits_of_double(back[i]) == bits_of_double(v[i]));
        }
        return bad;
}

static void neighbours_lie_on_a_grid(void **state)
{
        (void)state;
        static const double SCALES[] = { 1, 1e-9, 1e300, 1e-280, 3e15 };
        Rand r;
        rand_init(&r, 1);
        for (size_t k = 0; k < ARRAY_LEN(SCALES); k++) {
                double x = 1;
                for (size_t i = 0; i < MOST; i++)
                        v[i] = SCALES[k] * (x = x * 0.95 + (rand_double(&r) - 0.5) * 7.77);
                Gridvec g;
                assert_true(gridvec_choose(v, MOST, &g));
                assert_true(trip(&g, MOST) <= 4);
                int64_t most = 0;
                for (size_t i = 1; i < MOST; i++)
                        most = MAX_OF(most, llabs(places[i] - places[i - 1]));
                assert_true(most > 4096 && most < 65536);
        }
}

static void short_mantissas_have_short_tails(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 2);
        for (size_t i = 0; i < MOST; i++)
                v[i] = (double)(float)(20 + rand_double(&r));
        Gridvec g;
        assert_true(gridvec_choose(v, MOST, &g));
        assert_int_equal(trip(&g, MOST), 0);
        assert_int_equal(g.zeros, 29);
        assert_true(gridvec_tail_bytes(&g, places, MOST) <= MOST);
}

static void any_bits_on_any_grid(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 3);
        for (int round = 0; round < 3000; round++) {
                size_t n = 1 + rand_below(&r, 60);
                int shift = (int)rand_below(&r, round % 2 ? 2 * GRIDVEC_MAX_SHIFT + 1 : 60);
                Gridvec g = { .shift = round % 2 ? shift - GRIDVEC_MAX_SHIFT : shift };
                for (size_t i = 0; i < n; i++)
                        v[i] = round % 3 ? (rand_double(&r) - 0.5) * 1000 : bits_to_double(rand_u64(&r));
                if (n > 3) {
                        v[0] = -0.0;
                        v[1] = NAN;
                        v[2] = 5e-324;
                }
                trip(&g, n);
        }
}

static void places_that_lie_do_no_harm(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 4);
        unsigned char bytes[512 + 8];
        for (int round = 0; round < 5000; round++) {
                size_t n = 1 + rand_below(&r, 100), used = 0;
                Gridvec g = { .shift = (int)rand_below(&r, 2001) - 1000, .zeros = (unsigned)rand_below(&r, 53) };
                for (size_t i = 0; i < n; i++)
                        back[i] = round % 2 ? bits_to_double(rand_u64(&r)) : (double)rand_below(&r, 100000);
                for (size_t i = 0; i < sizeof bytes; i++)
                        bytes[i] = (unsigned char)rand_u64(&r);
                static double whole[MOST];
                size_t used_too, from = rand_below(&r, n), to = from + rand_below(&r, n - from + 1);
                memcpy(whole, back, n * sizeof *back);
                bool ok = gridvec_join(&g, &(GridvecTails){ bytes, 512, n, 0, n }, whole, &used);
                assert_true(gridvec_join(&g, &(GridvecTails){ bytes, 512, n, from, to }, back, &used_too) == ok);
                if (ok) {
                        assert_true(used <= 512 && used == used_too);
                        assert_memory_equal(whole + from, back + from, (to - from) * sizeof *back);
                }
        }
}

static void no_grid_without_steps(void **state)
{
        (void)state;
        Gridvec g;
        for (size_t i = 0; i < MOST; i++)
                v[i] = 3;
        assert_false(gridvec_choose(v, MOST, &g));
        for (size_t i = 0; i < MOST; i++)
                v[i] = NAN;
        assert_false(gridvec_choose(v, MOST, &g));
        for (size_t i = 0; i < MOST; i++)
                v[i] = (double)(i % 3) * 1e-308;
        assert_false(gridvec_choose(v, MOST, &g));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(neighbours_lie_on_a_grid), cmocka_unit_test(short_mantissas_have_short_tails),
                cmocka_unit_test(any_bits_on_any_grid),     cmocka_unit_test(places_that_lie_do_no_harm),
                cmocka_unit_test(no_grid_without_steps),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
