#include "codec/varint.h"

#include "base/rand.h"
#include "testing.h"

static void values_come_back(void **state)
{
        (void)state;
        Rand rand;
        rand_init(&rand, 1);
        for (int i = 0; i < 100000; i++) {
                uint64_t v = rand_u64(&rand) >> rand_below(&rand, 64), got = 0;
                if (i < 66)
                        v = i < 64 ? 1ull << i : i == 64 ? 0 : UINT64_MAX;
                unsigned char bytes[VARINT_MAX_BYTES];
                size_t n = varint_put(bytes, v);
                assert_int_equal(n, varint_size(v));
                assert_int_equal(varint_get(bytes, n, &got), n);
                assert_true(got == v);
                for (size_t cut = 0; cut < n; cut++)
                        assert_int_equal(varint_get(bytes, cut, &got), 0);
                int64_t s = (int64_t)v, got_s = 0;
                n = varint_put_signed(bytes, s);
                assert_int_equal(varint_get_signed(bytes, n, &got_s), n);
                assert_true(got_s == s);
        }
}

static void small_numbers_are_short(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        varint_add(&out, 127);
        varint_add_signed(&out, -64);
        assert_int_equal(out.n, 2);
        varint_add(&out, 300);
        assert_int_equal(out.n, 4);
        assert_memory_equal(out.p + 2, "\xac\x02", 2);
}

static void broken_bytes_give_zero(void **state)
{
        (void)state;
        uint64_t v = 42;
        assert_int_equal(varint_get((const unsigned char *)"\x80", 1, &v), 0);
        assert_int_equal(varint_get((const unsigned char *)"", 0, &v), 0);
        /* 65 bits, and eleven bytes. */
        assert_int_equal(varint_get((const unsigned char *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &v), 0);
        assert_int_equal(varint_get((const unsigned char *)"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, &v), 0);
        assert_true(v == 42);
        assert_int_equal(varint_get((const unsigned char *)"\x81\x80\x00", 3, &v), 3);
        assert_true(v == 1);
        int64_t s = 7;
        assert_int_equal(varint_get_signed((const unsigned char *)"\x80", 1, &s), 0);
        assert_true(s == 7);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(values_come_back),
                                            cmocka_unit_test(small_numbers_are_short),
                                            cmocka_unit_test(broken_bytes_give_zero) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
