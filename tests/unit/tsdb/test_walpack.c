#include "testing.h"

#include "tsdb/walpack.h"

static void what_repeats_is_packed_and_comes_back(void **state)
{
        (void)state;
        AUTO(buf_done) Buf record = { 0 };
        AUTO(buf_done) Buf scratch = { 0 };
        AUTO(buf_done) Buf plain = { 0 };
        Err err;
        Str got;
        wal_begin_record(&record);
        for (int i = 0; i < 1000; i++)
                buf_printf(&plain, "\1instance=host-%d", i);
        buf_add(&record, plain.p, plain.n);
        walpack_pack(&record);
        assert_true(record.n < plain.n / 3);
        Str payload = { record.p + WAL_FRAME_BYTES, record.n - WAL_FRAME_BYTES };
        assert_ok(walpack_open(payload, &scratch, &got, &err), err);
        assert_true(str_eq(got, buf_str(&plain)));
        for (size_t n = 6; n < payload.n; n += 7) {
                assert_false(walpack_open((Str){ payload.p, n }, &scratch, &got, &err));
                assert_int_equal(err.code, ERR_CORRUPT);
        }
}

static void what_does_not_shrink_stays(void **state)
{
        (void)state;
        AUTO(buf_done) Buf record = { 0 };
        AUTO(buf_done) Buf scratch = { 0 };
        Err err;
        Str got;
        wal_begin_record(&record);
        buf_lit(&record, "\1ab");
        walpack_pack(&record);
        assert_int_equal(record.n, WAL_FRAME_BYTES + 3);
        assert_ok(walpack_open((Str){ record.p + WAL_FRAME_BYTES, 3 }, &scratch, &got, &err), err);
        assert_str(got, "\1ab");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(what_repeats_is_packed_and_comes_back),
                                            cmocka_unit_test(what_does_not_shrink_stays) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
