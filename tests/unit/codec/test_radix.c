#include "testing.h"

#include "base/mem.h"
#include "base/rand.h"
#include "codec/bitpack.h"
#include "codec/radix.h"

enum { MOST = 1024 };

/* Some of n numbers, and the sums of the first of them, are what all of them say; digits: those of all, shifted. */
static void check_some(Rand *r, const RadixCode *c, const unsigned char *p, size_t n, const uint64_t *digits)
{
        static uint64_t some[MOST + 1];
        for (unsigned k = 0; k < 4; k++) {
                size_t from = rand_below(r, n), to = from + 1 + rand_below(r, n - from), upto = rand_below(r, n + 1);
                memset(some, 0, sizeof some);
                some[to - from] = 79;
                radix_unpack_from(c, p, n, from, to, some);
                assert_memory_equal(some, digits + from, (to - from) * sizeof *some);
                assert_int_equal(some[to - from], 79);
                uint64_t sum = 0;
                for (size_t i = 0; i < upto; i++)
                        sum += digits[i];
                assert_int_equal(radix_total(c, p, n, upto), sum);
        }
}

static void every_radix_comes_back(void **state)
{
        (void)state;
        static uint64_t v[MOST], quick[MOST + 1], plain[MOST + 1];
        Rand r;
        rand_init(&r, 5);
        for (unsigned round = 0; round < 6000; round++) {
                unsigned radix = round < 2000 ? RADIX_MIN + round : RADIX_MIN + (unsigned)rand_below(&r, RADIX_MAX - 2);
                unsigned low = (unsigned)rand_below(&r, RADIX_MAX_LOW + 1), digits = 1;
                RadixCode c, more;
                assert_true(radix_prepare(radix, low, 1, &c));
                while (rand_below(&r, 12) && radix_prepare(radix, low, digits + 1, &more)) {
                        c = more;
                        digits++;
                }
                size_t n = 1 + rand_below(&r, round % 8 ? 100 : MOST), bytes = radix_bytes(&c, n);
                unsigned char *p = mem_zalloc(bytes + BITPACK_PAD_BYTES);
                uint64_t lower = ((uint64_t)1 << low) - 1;
                for (size_t i = 0; i < n; i++) {
                        uint64_t digit = round % 3 == 0 ? radix - 1 : rand_below(&r, radix);
                        v[i] = digit << low | (rand_u64(&r) & lower);
                        quick[i] = plain[i] = v[i] & lower;
                }
                radix_pack(&c, v, n, p);
                memset(p + bytes, 0xa5, BITPACK_PAD_BYTES);
                quick[n] = plain[n] = 77;
                radix_unpack(&c, p, n, quick);
                radix_unpack_plainly(&c, p, n, plain);
                assert_memory_equal(quick, v, n * sizeof *v);
                assert_memory_equal(plain, v, n * sizeof *v);
                assert_true(quick[n] == 77 && plain[n] == 77);
                for (size_t i = 0; i < n; i++)
                        quick[i] = v[i] & ~lower;
                check_some(&r, &c, p, n, quick);
                mem_free(p);
        }
}

/* The same from both, and all below the radix; words of version 2 too. */
static void any_bytes_give_digits(void **state)
{
        (void)state;
        static uint64_t quick[MOST], plain[MOST];
        Rand r;
        rand_init(&r, 6);
        for (unsigned round = 0; round < 4000; round++) {
                unsigned radix = RADIX_MIN + (unsigned)rand_below(&r, round % 2 ? 100 : RADIX_MAX - 2);
                RadixCode c;
                if (!radix_prepare(radix, 0, (unsigned)rand_below(&r, 9), &c))
                        continue;
                size_t n = 1 + rand_below(&r, MOST), bytes = radix_bytes(&c, n);
                unsigned char *p = mem_zalloc(bytes + BITPACK_PAD_BYTES);
                for (size_t i = 0; i < bytes; i++)
                        p[i] = (unsigned char)rand_u64(&r);
                memset(quick, 0, sizeof quick);
                memset(plain, 0, sizeof plain);
                radix_unpack(&c, p, n, quick);
                radix_unpack_plainly(&c, p, n, plain);
                assert_memory_equal(quick, plain, sizeof quick);
                for (size_t i = 0; i < n; i++)
                        assert_true(quick[i] < radix);
                check_some(&r, &c, p, n, quick);
                mem_free(p);
        }
}

static void codes_that_make_no_sense_are_refused(void **state)
{
        (void)state;
        RadixCode c;
        assert_false(radix_prepare(2, 0, 1, &c));
        assert_false(radix_prepare(RADIX_MAX + 1, 0, 1, &c));
        assert_false(radix_prepare(3, RADIX_MAX_LOW + 1, 1, &c));
        assert_false(radix_prepare(3, 0, RADIX_MAX_DIGITS + 1, &c));
        assert_false(radix_prepare(RADIX_MAX, 0, 4, &c));
        assert_true(radix_prepare(RADIX_MAX, 0, 3, &c));
        assert_true(radix_prepare(3, 0, RADIX_MAX_DIGITS, &c));
        assert_int_equal(c.bits, 64);
}

static void the_choice_is_near_the_entropy(void **state)
{
        (void)state;
        static const struct {
                uint64_t numbers;
                double bits;
        } CASES[] = { { 1500, 10.58 }, { 24, 4.6 }, { 60, 5.92 }, { 80, 6.34 }, { 9, 3.19 },
                      { 5, 2.34 },     { 3, 1.6 },  { 40, 5.34 }, { 96, 6.6 } };
        for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
                RadixCode c;
                size_t n = 960;
                assert_true(radix_choose(CASES[i].numbers - 1, n, &c));
                double bits = (double)(radix_bytes(&c, n) + bitpack_bytes(n, c.low)) * 8 / (double)n;
                if (bits > CASES[i].bits + 0.03)
                        fail_msg("%d numbers: %.3f bits", (int)CASES[i].numbers, bits);
        }
        RadixCode c;
        assert_false(radix_choose(63, 960, &c));
        assert_false(radix_choose(1, 960, &c));
        assert_false(radix_choose(0, 960, &c));
        assert_false(radix_choose(UINT64_MAX, 960, &c));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(every_radix_comes_back),
                                            cmocka_unit_test(any_bytes_give_digits),
                                            cmocka_unit_test(codes_that_make_no_sense_are_refused),
                                            cmocka_unit_test(the_choice_is_near_the_entropy) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
