#include "codec/snapstream.h"

#include "base/rand.h"
#include "codec/snappy.h"
#include "testing.h"

static void sample(Buf *out, size_t n, uint64_t kinds)
{
        Rand rand;
        rand_init(&rand, n + kinds);
        while (out->n < n)
                buf_printf(out, "metric_%llu{job=\"node\"} %llu\n", (unsigned long long)rand_below(&rand, kinds),
                           (unsigned long long)rand_below(&rand, kinds * 20));
        out->n = n;
}

/* Reads the whole block, using at most `step` bytes of a piece. */
static bool read_all(Str block, size_t step, Buf *out, Err *err)
{
        AUTO(buf_done) Buf window = { 0 };
        SnapStream s;
        size_t used = 0;
        if (!snapstream_begin(&s, block, SIZE_MAX, &window, err))
                return false;
        for (Str piece; snapstream_more(&s, used, &piece, err);) {
                used = snapstream_is_last(&s) ? piece.n : MIN_OF(step, piece.n);
                buf_add(out, piece.p, used);
                for (size_t i = 0; i < SNAPSTREAM_PAD; i++)
                        assert_int_equal(piece.p[piece.n + i], 0);
        }
        return !s.failed;
}

static void bytes_come_back(void **state)
{
        (void)state;
        static const size_t sizes[] = { 0, 1, 2, 100, 4096, 70000, 300000, 3000000 };
        static const size_t steps[] = { 0, 1000, 100000, SIZE_MAX };
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
                for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
                        for (uint64_t kinds = 5; kinds < 1000000000; kinds *= 100) {
                                AUTO(buf_done) Buf in = { 0 };
                                AUTO(buf_done) Buf coded = { 0 };
                                AUTO(buf_done) Buf back = { 0 };
                                Err err;
                                sample(&in, sizes[i], kinds);
                                snappy_encode(buf_str(&in), &coded);
                                assert_ok(read_all(buf_str(&coded), steps[k], &back, &err), err);
                                assert_int_equal(back.n, in.n);
                                assert_true(str_eq(buf_str(&back), buf_str(&in)));
                        }
                }
        }
}

/* What the format allows and our encoder does not write. */
static void rare_elements(void **state)
{
        (void)state;
        static const struct {
                Str block;
                const char *text;
        } cases[] = {
                { STR("\x05\x10hello"), "hello" },
                { STR("\x06\xf0\x05hello!"), "hello!" },             /* length in 1 byte */
                { STR("\x06\xf4\x05\x00hello!"), "hello!" },         /* in 2 */
                { STR("\x06\xf8\x05\x00\x00hello!"), "hello!" },     /* in 3 */
                { STR("\x06\xfc\x05\x00\x00\x00hello!"), "hello!" }, /* in 4 */
                { STR("\x09\x00x\x1e\x01\x00"), "xxxxxxxxx" },       /* a run */
                { STR("\x06\x04"
                      "ab\x01\x02"),
                  "ababab" }, /* copy, 1 byte of offset */
                { STR("\x04\x04"
                      "ab\x07\x02\x00\x00\x00"),
                  "abab" }, /* copy, 4 bytes of offset */
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf back = { 0 };
                Err err;
                assert_ok(read_all(cases[i].block, SIZE_MAX, &back, &err), err);
                assert_string_equal(buf_cstr(&back), cases[i].text);
        }
}

static void broken_blocks_are_refused(void **state)
{
        (void)state;
        static const Str cases[] = {
                STR(""),                      /* no header */
                STR("\xff\xff\xff\xff"),      /* header cut */
                STR("\x05"),                  /* nothing behind it */
                STR("\x05\x10hell"),          /* literal cut */
                STR("\x05\xf0"),              /* its length cut */
                STR("\x04\x10hello"),         /* more than promised */
                STR("\x06\x10hello"),         /* less */
                STR("\x00\x00x"),             /* more than nothing */
                STR("\x09\x00x\x1e\x00\x00"), /* offset 0 */
                STR("\x09\x00x\x1e\x02\x00"), /* offset before the start */
                STR("\x09\x00x\x1e\x02"),     /* offset cut */
                STR("\x09\x00x\x01"),
                STR("\x09\x00x\x03\x01\x00\x00"),
                STR("\x03\x00x\x1e\x01\x00"), /* a copy beyond the promise */
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf back = { 0 };
                Err err = { 0 };
                if (read_all(cases[i], SIZE_MAX, &back, &err))
                        fail_msg("case %zu was read", i);
                assert_int_equal(err.code, ERR_INVALID);
        }
        Err err;
        SnapStream s;
        AUTO(buf_done) Buf window = { 0 };
        assert_false(snapstream_begin(&s, STR("\x81\x80\x80\x10\x00"), 32 << 20, &window, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_int_equal(window.cap, 0);
}

/* A literal of 300 kB, then a copy of its start. */
static void far_copies_are_told(void **state)
{
        (void)state;
        enum { N = 300000 };
        AUTO(buf_done) Buf block = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        Err err;
        sample(&text, N, 1000);
        buf_add(&block, "\xe4\xa7\x12\xf8\xdf\x93\x04", 7); /* N + 4 = 300004; N - 1 = 0x0493df */
        buf_str_add(&block, buf_str(&text));
        buf_add(&block, "\x0f\xe0\x93\x04\x00", 5); /* 4 bytes from N before */
        assert_false(read_all(buf_str(&block), SIZE_MAX, &back, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_ok(snappy_decode(buf_str(&block), SIZE_MAX, &back, &err), err);
        buf_clear(&back);
        assert_ok(read_all(buf_str(&block), 0, &back, &err), err); /* a reader that keeps all of it */
        assert_int_equal(back.n, N + 4);
        assert_memory_equal(back.p + N, text.p, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bytes_come_back),
                cmocka_unit_test(rare_elements),
                cmocka_unit_test(broken_blocks_are_refused),
                cmocka_unit_test(far_copies_are_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
