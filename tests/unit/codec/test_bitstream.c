#include "codec/bitstream.h"

#include "base/rand.h"
#include "testing.h"

enum { FIELDS = 5000 };

static void fields_come_back(void **state)
{
        (void)state;
        static uint64_t values[FIELDS];
        static unsigned widths[FIELDS];
        static unsigned char mem[FIELDS * 8];
        Rand rand;
        rand_init(&rand, 1);
        for (int round = 0; round < 50; round++) {
                BitWriter w = bitstream_writer(mem, sizeof mem);
                uint64_t bits = 0;
                for (int i = 0; i < FIELDS; i++) {
                        widths[i] = (unsigned)rand_below(&rand, round % 2 ? 65 : 9);
                        uint64_t dirty = rand_u64(&rand);
                        values[i] = widths[i] == 64 ? dirty : dirty & ((1ull << widths[i]) - 1);
                        bitstream_put(&w, dirty, widths[i]);
                        bits += widths[i];
                }
                bitstream_flush(&w);
                assert_true(bitstream_written_bits(&w) == bits);
                assert_int_equal(bitstream_written_bytes(&w), (bits + 7) / 8);
                /* An exact-size copy: the sanitizer sees a byte too many. */
                size_t n = bitstream_written_bytes(&w);
                unsigned char *copy = malloc(n);
                assert_non_null(copy);
                memcpy(copy, mem, n);
                BitReader r = bitstream_reader(copy, n);
                for (int i = 0; i < FIELDS; i++)
                        if (bitstream_get(&r, widths[i]) != values[i])
                                fail_msg("round %d, field %d of %u bits", round, i, widths[i]);
                assert_false(r.past_end);
                bitstream_get(&r, 8);
                assert_true(r.past_end);
                assert_true(bitstream_get(&r, 64) == 0);
                free(copy);
        }
}

static void the_first_bit_is_the_highest(void **state)
{
        (void)state;
        unsigned char mem[2] = { 0 };
        BitWriter w = bitstream_writer(mem, sizeof mem);
        bitstream_put_bit(&w, true);
        bitstream_put(&w, 5, 3);
        assert_true(bitstream_room_bits(&w) == 12);
        bitstream_flush(&w);
        assert_int_equal(mem[0], 0xd0);
        bitstream_put(&w, 0xabc, 12);
        assert_true(bitstream_room_bits(&w) == 0);
        bitstream_flush(&w);
        assert_int_equal(mem[0], 0xda);
        assert_int_equal(mem[1], 0xbc);
}

static void writing_resumes_at_any_bit(void **state)
{
        (void)state;
        Rand rand;
        rand_init(&rand, 2);
        unsigned char whole[64] = { 0 }, parts[64];
        memset(parts, 0xff, sizeof parts);
        BitWriter a = bitstream_writer(whole, sizeof whole), b = bitstream_writer(parts, sizeof parts);
        while (bitstream_room_bits(&a) >= 64) {
                uint64_t v = rand_u64(&rand);
                unsigned n = (unsigned)rand_below(&rand, 65);
                bitstream_put(&a, v, n);
                bitstream_put(&b, v, n);
                bitstream_flush(&b);
                b = bitstream_writer_resume(parts, sizeof parts, bitstream_written_bits(&b));
        }
        bitstream_flush(&a);
        assert_memory_equal(whole, parts, bitstream_written_bytes(&a));
}

static void ones_are_counted(void **state)
{
        (void)state;
        /* 0, 10, 110, 1111 (no zero behind the fourth), 1 */
        unsigned char mem[] = { 0x5b, 0xe0 | 0x10 };
        BitReader r = bitstream_reader(mem, 2);
        assert_int_equal(bitstream_get_ones(&r, 4), 0);
        assert_int_equal(bitstream_get_ones(&r, 4), 1);
        assert_int_equal(bitstream_get_ones(&r, 4), 2);
        assert_int_equal(bitstream_get_ones(&r, 4), 4);
        assert_false(r.past_end);
        BitReader empty = bitstream_reader(NULL, 0);
        assert_int_equal(bitstream_get_ones(&empty, 4), 0);
        assert_true(empty.past_end);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(fields_come_back),
                                            cmocka_unit_test(the_first_bit_is_the_highest),
                                            cmocka_unit_test(writing_resumes_at_any_bit),
                                            cmocka_unit_test(ones_are_counted) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
