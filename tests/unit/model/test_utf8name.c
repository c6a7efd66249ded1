#include "model/utf8name.h"
#include "testing.h"

static void run(void (*fn)(Buf *out, Str name), const char *in, const char *want)
{
        AUTO(buf_done) Buf out = { 0 };
        fn(&out, str_of(in));
        assert_str(buf_str(&out), want);
}

static void escapes_and_back(void **state)
{
        (void)state;
        static const char *const pairs[][2] = {
                { "no:escaping_required", "no:escaping_required" },
                { "mysystem.prod.west.cpu.load", "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load" },
                { "http.status:sum", "U__http_2e_status:sum" },
                { "my_var.x", "U__my__var_2e_x" },
                { "1up", "U___31_up" },
                { "label with \xe4\xb8\xad", "U__label_20_with_20__4e2d_" },
        };
        for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
                run(utf8name_escape, pairs[i][0], pairs[i][1]);
                run(utf8name_unescape, pairs[i][1], pairs[i][0]);
        }
        run(utf8name_escape, "a\xff", "U__a_FFFD_");
}

static void malformed_names_stay(void **state)
{
        (void)state;
        static const char *const bad[] = { "U__bad_",      "U__bad_z_",      "U__bad_1234567_",
                                           "U__bad_d800_", "U__bad_110000_", "plain.name",
                                           "U_x" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                run(utf8name_unescape, bad[i], bad[i]);
}

static void underscores(void **state)
{
        (void)state;
        run(utf8name_underscores,
            "my.metric-\xe4\xb8\xad"
            "1",
            "my_metric__1");
        run(utf8name_underscores, "1up", "_up");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(escapes_and_back), cmocka_unit_test(malformed_names_stay),
                                            cmocka_unit_test(underscores) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
