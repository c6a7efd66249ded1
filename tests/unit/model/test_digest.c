#include "model/digest.h"
#include "testing.h"

static void md5_of(Str s, const char *want)
{
        uint8_t d[DIGEST_MD5_BYTES];
        char hex[33];
        digest_md5(s, d);
        for (size_t i = 0; i < sizeof d; i++)
                snprintf(hex + 2 * i, 3, "%02x", d[i]);
        assert_string_equal(hex, want);
}

static void md5_is_rfc_1321(void **state)
{
        (void)state;
        md5_of((Str){ 0 }, "d41d8cd98f00b204e9800998ecf8427e");
        md5_of(STR("abc"), "900150983cd24fb0d6963f7d28e17f72");
}

static void sha256_is_fips_180(void **state)
{
        (void)state;
        uint8_t d[DIGEST_SHA256_BYTES];
        Buf hex = { 0 };
        digest_sha256(STR("abc"), d);
        digest_hex(&hex, d, sizeof d);
        assert_str(buf_str(&hex), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        buf_clear(&hex);
        digest_hmac_sha256(STR("key"), STR("The quick brown fox jumps over the lazy dog"), d);
        digest_hex(&hex, d, sizeof d);
        assert_str(buf_str(&hex), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
        buf_done(&hex);
}

static void base64_is_rfc_4648(void **state)
{
        (void)state;
        static const char *const cases[][2] = {
                { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foobar", "Zm9vYmFy" }
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Buf out = { 0 };
                digest_base64(&out, str_of(cases[i][0]));
                assert_str(buf_str(&out), cases[i][1]);
                buf_done(&out);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(md5_is_rfc_1321), cmocka_unit_test(sha256_is_fips_180),
                                            cmocka_unit_test(base64_is_rfc_4648) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
