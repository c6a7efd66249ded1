#include "testing.h"

#include "store/record.h"

static void a_record_and_one_behind_it(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        record_add(&out, RECORD_LABELS, 3, STR("abc"));
        record_add(&out, 0x44524357, 0, STR(""));
        assert_int_equal(out.n, 2 * RECORD_BYTES + 3);
        assert_memory_equal(out.p, "LABL\3\0\0\0\3\0\0\0", 12);
        assert_memory_equal(out.p + RECORD_BYTES, "abcWCRD\0\0\0\0\0\0\0\0", 15);
        assert_int_equal(record_mark(out.p), RECORD_LABELS);
        assert_int_equal(record_content_bytes(out.p), 3);
        assert_int_equal(record_count(out.p), 3);
        assert_true(record_is_good(out.p));
        assert_true(record_is_good(out.p + RECORD_BYTES + 3));
}

static void every_flip_is_noticed(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        record_add(&out, RECORD_LABELS, 1, STR("0123456789"));
        record_add(&out, RECORD_LABELS, 1, STR("room for a length that was flipped upwards by a little"));
        for (size_t i = 0; i < RECORD_BYTES + 10; i++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        out.p[i] = (char)(out.p[i] ^ 1 << bit);
                        if (RECORD_BYTES + (uint64_t)record_content_bytes(out.p) <= out.n)
                                assert_false(record_is_good(out.p));
                        out.p[i] = (char)(out.p[i] ^ 1 << bit);
                }
        assert_true(record_is_good(out.p));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_record_and_one_behind_it),
                cmocka_unit_test(every_flip_is_noticed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
