#include "base/hash.h"
#include "testing.h"

static void crc32c_matches_rfc3720(void **state)
{
        (void)state;
        unsigned char zeros[32] = { 0 };
        unsigned char up[32];
        for (unsigned char i = 0; i < 32; i++)
                up[i] = i;
        /* RFC 3720 appendix B.4 */
        assert_int_equal(hash_crc32c(0, zeros, 32), 0x8a9136aau);
        assert_int_equal(hash_crc32c(0, up, 32), 0x46dd794eu);
        for (size_t cut = 0; cut <= 32; cut++) {
                assert_int_equal(hash_crc32c(hash_crc32c(0, up, cut), up + cut, 32 - cut), 0x46dd794eu);
                assert_int_equal(hash_crc32c(0, up, cut), hash_crc32c_portable(0, up, cut));
        }
}

static void xxh64_and_fnv_are_the_published_ones(void **state)
{
        (void)state;
        assert_true(hash_xxh64("", 0) == 0xef46db3751d8e999u);
        assert_true(hash_fnv1a(STR("a")) == 0xaf63dc4c8601ec8cu);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(crc32c_matches_rfc3720),
                cmocka_unit_test(xxh64_and_fnv_are_the_published_ones),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
