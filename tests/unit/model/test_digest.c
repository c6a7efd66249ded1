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

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(md5_is_rfc_1321) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
