#include "testing.h"

#include "base/mem.h"
#include "base/rand.h"
#include "codec/bitpack.h"
#include "codec/radix.h"

enum { MOST = 1024 };

static void every_radix_comes_back(void **state)
{
        (void)state;
        static uint64_t v[MOST], quick[MOST + 1], plain[MOST + 1];
        Rand r;
        rand_init(&r, 5);
        for (unsigned round = 0; round < 6000; round++) {
                unsigned radix = round < 2000 ? RADIX_MIN + round : RADIX_MIN + (unsigned)rand_below(&r, RADIX_MAX - 2);
                unsigned low = (unsigned)rand_below(&r, RADIX_MAX_LOW + 1);
                size_t n = 1 + rand_below(&r, round % 8 ? 100 : MOST), bytes = radix_bytes(n, radix);
                unsigned char *p = mem_zalloc(bytes + BITPACK_PAD_BYTES);
                uint64_t lower = ((uint64_t)1 << low) - 1;
                for (size_t i = 0; i < n; i++) {
                        uint64_t digit = round % 3 == 0 ? radix - 1 : rand_below(&r, radix);
                        v[i] = digit << low | (rand_u64(&r) & lower);
                        quick[i] = plain[i] = v[i] & lower;
                }
                radix_pack(v, n, radix, low, p);
                memset(p + bytes, 0xa5, BITPACK_PAD_BYTES);
                quick[n] = plain[n] = 77;
                radix_unpack(p, n, radix, low, quick);
                radix_unpack_plainly(p, n, radix, low, plain);
                assert_memory_equal(quick, v, n * sizeof *v);
                assert_memory_equal(plain, v, n * sizeof *v);
                assert_true(quick[n] == 77 && plain[n] == 77);
                /* any bytes give digits below the radix, the same from both */
                for (size_t i = 0; i < bytes; i++)
                        p[i] = (unsigned char)rand_u64(&r);
                memset(quick, 0, sizeof quick);
                memset(plain, 0, sizeof plain);
                radix_unpack(p, n, radix, 0, quick);
                radix_unpack_plainly(p, n, radix, 0, plain);
                assert_memory_equal(quick, plain, sizeof quick);
                for (size_t i = 0; i < n; i++)
                        assert_true(quick[i] < radix);
                mem_free(p);
        }
}

static void the_choice_is_near_the_entropy(void **state)
{
        (void)state;
        static const struct {
                uint64_t numbers;
                double bits;
        } CASES[] = { { 1500, 10.67 }, { 24, 4.6 }, { 80, 6.4 }, { 9, 3.2 }, { 5, 2.47 }, { 3, 1.6 }, { 40, 5.34 } };
        for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
                unsigned low = 0, radix = radix_choose(CASES[i].numbers - 1, &low);
                assert_true(radix >= RADIX_MIN);
                size_t n = 960;
                double bits = (double)(radix_bytes(n, radix) + bitpack_bytes(n, low)) * 8 / (double)n;
                assert_true(bits <= CASES[i].bits + 0.02);
        }
        unsigned low;
        assert_int_equal(radix_choose(63, &low), 0);
        assert_int_equal(radix_choose(1, &low), 0);
        assert_int_equal(radix_choose(0, &low), 0);
        assert_int_equal(radix_choose(UINT64_MAX, &low), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(every_radix_comes_back),
                                            cmocka_unit_test(the_choice_is_near_the_entropy) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
