#include "testing.h"

#include "base/mem.h"
#include "base/rand.h"
#include "codec/bitpack.h"
#include "codec/unfold.h"

enum { MOST = 1024 };

/* Random numbers of a width, packed into exactly as many bytes as may be read. */
static unsigned char *pack(Rand *r, size_t n, unsigned width, uint64_t *numbers)
{
        size_t bytes = bitpack_bytes(n, width) + BITPACK_PAD_BYTES;
        unsigned char *p = mem_zalloc(bytes);
        for (size_t i = 0; i < n; i++) {
                uint64_t v = rand_u64(r);
                v = rand_below(r, 8) ? v : rand_below(r, 2) ? UINT64_MAX : 0;
                numbers[i] = width == 0 ? 0 : v >> (64 - width);
        }
        bitpack_pack(numbers, n, width, p);
        for (size_t i = bitpack_bytes(n, width); i < bytes; i++)
                p[i] = (unsigned char)rand_u64(r);
        return p;
}

static uint64_t some_number(Rand *r)
{
        uint64_t v = rand_u64(r);
        return rand_below(r, 3) ? v >> rand_below(r, 64) : 0 - (v >> rand_below(r, 64));
}

static Unfold some_task(Rand *r, unsigned width)
{
        static const double DIVIDE[] = { 1, 10, 1000, 1e15 };
        return (Unfold){ .factor = rand_below(r, 2) ? 1 : some_number(r),
                         .base = some_number(r),
                         .start = some_number(r),
                         .width = width,
                         .sums = rand_below(r, 2),
                         .to = rand_below(r, 2) ? UNFOLD_DOUBLES : UNFOLD_INTEGERS,
                         .divide = DIVIDE[rand_below(r, 4)] };
}

static void both_ways_give_the_same_bits(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 11);
        static uint64_t numbers[MOST], plain[MOST + 1], quick[MOST + 1];
        for (unsigned round = 0; round < 20000; round++) {
                unsigned width = round % 65;
                size_t n = rand_below(&r, round % 50 ? 40 : MOST) + 1;
                unsigned char *p = pack(&r, n, width, numbers);
                Unfold u = some_task(&r, width);
                bool packed = rand_below(&r, 4);
                plain[n] = quick[n] = 0x1122334455667788;
                memcpy(plain, numbers, n * sizeof *plain);
                memcpy(quick, numbers, n * sizeof *quick);
                unfold_plainly(&u, packed ? p : NULL, n, plain);
                unfold_run(&u, packed ? p : NULL, n, quick);
                assert_memory_equal(plain, quick, (n + 1) * sizeof *plain);
                mem_free(p);
        }
}

static void totals_are_sums(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 12);
        static uint64_t numbers[MOST];
        for (unsigned round = 0; round < 6000; round++) {
                unsigned width = round % 65;
                size_t n = rand_below(&r, round % 50 ? 100 : MOST) + 1;
                unsigned char *p = pack(&r, n, width, numbers);
                uint64_t sum = 0;
                for (size_t i = 0; i < n; i++)
                        sum += numbers[i];
                assert_int_equal(unfold_total(p, n, width), sum);
                assert_int_equal(unfold_total_plainly(p, n, width), sum);
                assert_int_equal(unfold_total(p, 0, width), 0);
                mem_free(p);
        }
}

static void the_rule_is_what_the_header_says(void **state)
{
        (void)state;
        uint64_t numbers[20], out[20];
        double doubles[20];
        for (unsigned i = 0; i < 20; i++)
                numbers[i] = i % 7;
        unsigned char p[64] = { 0 };
        bitpack_pack(numbers, 20, 3, p);
        Unfold u = { .factor = 5, .base = (uint64_t)-4, .start = 100, .width = 3, .sums = true, .divide = 10 };
        unfold_run(&u, p, 20, out);
        u.to = UNFOLD_DOUBLES;
        unfold_run(&u, p, 20, (uint64_t *)doubles);
        int64_t sum = 100;
        for (unsigned i = 0; i < 20; i++) {
                sum += (int64_t)numbers[i] * 5 - 4;
                assert_int_equal(out[i], sum);
                assert_double(doubles[i], (double)sum / 10);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(both_ways_give_the_same_bits),
                                            cmocka_unit_test(totals_are_sums),
                                            cmocka_unit_test(the_rule_is_what_the_header_says) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
