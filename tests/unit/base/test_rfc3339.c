#include "base/rfc3339.h"
#include "testing.h"

static void texts_read_back(void **state)
{
        (void)state;
        static const struct {
                int64_t t_ms;
                const char *text;
        } cases[] = {
                { 1435781451781, "2015-07-01T20:10:51.781Z" }, { 1435781451000, "2015-07-01T20:10:51Z" },
                { 1435781451500, "2015-07-01T20:10:51.5Z" },   { -1, "1969-12-31T23:59:59.999Z" },
                { 951782400000, "2000-02-29T00:00:00Z" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Buf out = { 0 };
                int64_t back = 0;
                rfc3339_format(&out, cases[i].t_ms);
                assert_str(buf_str(&out), cases[i].text);
                assert_true(rfc3339_parse(buf_str(&out), &back));
                assert_int_equal(back, cases[i].t_ms);
                buf_done(&out);
        }
}

static void zones_count_and_nonsense_does_not(void **state)
{
        (void)state;
        int64_t t_ms;
        assert_true(rfc3339_parse(STR("2015-07-01T22:10:51.7814+02:00"), &t_ms) && t_ms == 1435781451781);
        assert_true(rfc3339_parse(STR("2015-07-01T13:10:51-07:00"), &t_ms) && t_ms == 1435781451000);
        static const char *const bad[] = {
                "",
                "2015-07-01",
                "2015-07-01T20:10:51",
                "2015-02-29T00:00:00Z",
                "2015-13-01T00:00:00Z",
                "2015-07-01T24:00:00Z",
                "2015-07-01T20:10:51.Z",
                "2015-07-01T20:10:51+25:00",
                "2015-07-01 20:10:51Z",
                "2015-07-01T20:10:51ZZ",
                "2015-07-01T20:10:51.123",
                "2015-07-01T20:10:51+0200",
        };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                assert_false(rfc3339_parse(str_of(bad[i]), &t_ms));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_read_back),
                cmocka_unit_test(zones_count_and_nonsense_does_not),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
