#include "model/fingerprint.h"
#include "testing.h"

static void values_are_fnv1a_as_published(void **state)
{
        (void)state;
        assert_true(fingerprint_of((Labels){ 0 }) == 0xcbf29ce484222325u);
        /* FNV-1a of the bytes "a" ff "b" ff, computed with the published definition. */
        Labels ab = { (const Label[]){ { STR_INIT("a"), STR_INIT("b") } }, 1 };
        uint64_t want = 0xcbf29ce484222325u;
        const unsigned char bytes[] = { 'a', 0xff, 'b', 0xff };
        for (size_t i = 0; i < sizeof bytes; i++)
                want = (want ^ bytes[i]) * 1099511628211u;
        assert_true(fingerprint_of(ab) == want);
        Labels split = { (const Label[]){ { STR_INIT("ab"), STR_INIT("") } }, 1 };
        assert_false(fingerprint_of(split) == want);
}

static void text_round_trips(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        fingerprint_print(&out, 0x00ab00000000000fu);
        assert_str(buf_str(&out), "00ab00000000000f");
        uint64_t v = 1;
        assert_true(fingerprint_parse(buf_str(&out), &v));
        assert_true(v == 0x00ab00000000000fu);
        assert_true(fingerprint_parse(STR("00AB00000000000F"), &v));
        assert_false(fingerprint_parse(STR("00ab"), &v));
        assert_false(fingerprint_parse(STR("00ab00000000000g"), &v));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(values_are_fnv1a_as_published),
                                            cmocka_unit_test(text_round_trips) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
