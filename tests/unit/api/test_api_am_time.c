/* Which texts are times, and what is told of others: as Alertmanager 0.25 and 0.33 answered. */
#include "api/api_am_time.h"

#include "testing.h"

#define T_2020 INT64_C(1577836800000)

static void times_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t ms;
        } good[] = {
                { "", 0 },
                { "0001-01-01T00:00:00Z", 0 },
                { "2020-01-01T00:00:00Z", T_2020 },
                { "2020-01-01T00:00:00.9999Z", T_2020 + 999 },
                { "2020-01-01T00:00:00,5Z", T_2020 + 500 },
                { "2020-01-01T02:00:00+02:00", T_2020 },
                { "2020-01-01T02:00:00+0200", T_2020 },
                { "2020-01-01T00:00:00", T_2020 },
                { "2020-01-01T00:00", T_2020 },
                { "2020-01-01T00:00Z", T_2020 },
                { "2020-01-01 00:00:00", T_2020 },
        };
        int64_t ms;
        for (size_t i = 0; i < ARRAY_LEN(good); i++) {
                for (int old = 0; old < 2; old++) {
                        assert_true(api_am_time_parse(str_of(good[i].text), old, &ms));
                        assert_int_equal(ms, good[i].ms);
                }
        }
        assert_true(api_am_time_parse(STR("2020-01-01"), false, &ms));
        assert_int_equal(ms, T_2020);
        assert_false(api_am_time_parse(STR("2020-01-01"), true, &ms));
        static const char *const bad[] = { "x",
                                           "2020",
                                           "2020-01-01T",
                                           "2020-01-01T00:00+02:00",
                                           "2020-13-01T00:00:00Z",
                                           "2020-02-30T00:00:00Z",
                                           "2020-01-01 00:00",
                                           "2020-01-01 00:00:00Z",
                                           "  ",
                                           "2020-01-01T00:00:00.Z",
                                           "2020-01-01T00:00:00+2:00" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                assert_false(api_am_time_parse(str_of(bad[i]), false, &ms));
}

static void what_is_no_time_is_told(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                bool old;
                const char *why;
        } cases[] = {
                { "x", false, "parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\"" },
                { "x", true, "parsing time \"x\" as \"2006-01-02 15:04:05\": cannot parse \"x\" as \"2006\"" },
                { "2020", false, "parsing time \"2020\" as \"2006-01-02\": cannot parse \"\" as \"-\"" },
                { "2020-13-01T00:00:00Z", false, "parsing time \"2020-13-01T00:00:00Z\": month out of range" },
                { "2020-02-30", false, "parsing time \"2020-02-30\": day out of range" },
                { "2020-01-01T", false, "parsing time \"2020-01-01T\": extra text: \"T\"" },
                { "2020-01-01", true,
                  "parsing time \"2020-01-01\" as \"2006-01-02 15:04:05\": cannot parse \"\" as \"15\"" },
                { "2020-01-01T", true,
                  "parsing time \"2020-01-01T\" as \"2006-01-02 15:04:05\": cannot parse \"T\" as \" \"" },
                { "y\"z\x01", false,
                  "parsing time \"y\\\"z\\x01\" as \"2006-01-02\": cannot parse \"y\\\"z\\x01\" as \"2006\"" },
                { "2020-01-01 25:00:00", true, "parsing time \"2020-01-01 25:00:00\": hour out of range" },
                { "2020-01-01 05:00:00.5x", true, "parsing time \"2020-01-01 05:00:00.5x\": extra text: \"x\"" },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Buf out = { .arena = arena };
                api_am_time_why(&out, str_of(cases[i].text), cases[i].old);
                assert_str(buf_str(&out), cases[i].why);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_are_read),
                cmocka_unit_test(what_is_no_time_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
