#include "testing.h"

#include "base/rand.h"
#include "codec/bitpack.h"

enum { MAX = 1024 };

static void every_width_comes_back(void **state)
{
        (void)state;
        static uint64_t in[MAX], out[MAX + 1];
        static unsigned char bytes[MAX * 8 + BITPACK_PAD_BYTES];
        static const size_t COUNTS[] = { 1, 7, 8, 9, 64, 100, 1023, 1024 };
        Rand r;
        rand_init(&r, 1);
        for (unsigned width = 0; width <= 64; width++)
                for (size_t c = 0; c < sizeof COUNTS / sizeof *COUNTS; c++) {
                        size_t n = COUNTS[c];
                        for (size_t i = 0; i < n; i++)
                                in[i] = width ? rand_u64(&r) >> (64 - width) : 0;
                        memset(bytes, 0xa5, sizeof bytes);
                        bitpack_pack(in, n, width, bytes);
                        /* what lies behind the packed bytes does not matter */
                        memset(bytes + bitpack_bytes(n, width), 0xff, BITPACK_PAD_BYTES);
                        out[n] = 77;
                        bitpack_unpack(bytes, n, width, out);
                        assert_memory_equal(in, out, n * sizeof *in);
                        assert_int_equal(out[n], 77);
                        for (unsigned k = 0; k < 6; k++) {
                                size_t from = rand_below(&r, n + 1), some = rand_below(&r, n - from + 1);
                                out[some] = 78;
                                bitpack_unpack_from(bytes, from, some, width, out);
                                assert_memory_equal(in + from, out, some * sizeof *in);
                                assert_int_equal(out[some], 78);
                        }
                }
}

static void bytes_are_the_documented_ones(void **state)
{
        (void)state;
        unsigned char bytes[3 + BITPACK_PAD_BYTES];
        bitpack_pack((uint64_t[]){ 1, 2, 3, 4 }, 4, 5, bytes);
        assert_int_equal(bitpack_bytes(4, 5), 3);
        assert_int_equal(bytes[0], 0x41);
        assert_int_equal(bytes[1], 0x0c);
        assert_int_equal(bytes[2], 0x02);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(every_width_comes_back),
                                            cmocka_unit_test(bytes_are_the_documented_ones) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
