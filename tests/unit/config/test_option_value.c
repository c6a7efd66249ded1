#include "config/option_value.h"

#include <math.h>

#include "bind_lib.h"

/* Binds `v: text` as one kind; NULL: refused. */
static bool read_as(OptionKind kind, const char *text, void *field)
{
        Bind b;
        bind_begin(&b);
        Buf yaml = { .arena = b.arena };
        buf_printf(&yaml, "v: %s\n", text);
        const YamlNode *node = yaml_get(bind_yaml(&b, buf_cstr(&yaml)), STR("v"));
        bool ok = option_value_scalar(node, &(Option){ .key = "v", .kind = kind }, field, &b.ctx);
        assert_int_equal(b.diags.errors, !ok);
        bind_end(&b);
        return ok;
}

static void booleans_are_yaml_1_1(void **state)
{
        (void)state;
        static const char *const yes[] = { "true", "True", "yes", "on", "ON", "y" };
        static const char *const no[] = { "false", "FALSE", "no", "off", "n" };
        static const char *const bad[] = { "\"true\"", "1", "tRUE", "maybe", "[true]", "''" };
        bool v;
        for (size_t i = 0; i < ARRAY_LEN(yes); i++)
                assert_true(read_as(OPT_BOOL, yes[i], &v) && v);
        for (size_t i = 0; i < ARRAY_LEN(no); i++)
                assert_true(read_as(OPT_BOOL, no[i], &v) && !v);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                assert_false(read_as(OPT_BOOL, bad[i], &v));
}

static void integers(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t want;
        } good[] = { { "0", 0 },        { "12", 12 },    { "-7", -7 },   { "+7", 7 },
                     { "1_000", 1000 }, { "0x1F", 31 },  { "0b101", 5 }, { "0o17", 15 },
                     { "017", 15 },     { "1e3", 1000 }, { "08", 8 },    { "9223372036854775807", INT64_MAX } };
        static const char *const bad[] = { "\"5\"", "1.5", "abc", "9223372036854775808", "0x", "1e300",
                                           "+",     "a1",  "true" };
        int64_t v;
        uint64_t u;
        for (size_t i = 0; i < ARRAY_LEN(good); i++) {
                if (!read_as(OPT_INT, good[i].text, &v) || v != good[i].want)
                        fail_msg("%s", good[i].text);
        }
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                if (read_as(OPT_INT, bad[i], &v))
                        fail_msg("%s was accepted", bad[i]);
        assert_true(read_as(OPT_UINT, "18446744073709551615", &u) && u == UINT64_MAX);
        assert_false(read_as(OPT_UINT, "-1", &u));
}

static bool read_go_duration(bool number, const char *text, int64_t *ms)
{
        Bind b;
        bind_begin(&b);
        Buf yaml = { .arena = b.arena };
        buf_printf(&yaml, "v: %s\n", text);
        bool ok = (number ? option_parse_go_nanoseconds
                          : option_parse_go_duration)(ms, yaml_get(bind_yaml(&b, buf_cstr(&yaml)), STR("v")), &b.ctx);
        assert_int_equal(b.diags.errors, !ok);
        bind_end(&b);
        return ok;
}

static void durations_as_go_has_them(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t ms; /* -1: refused */
        } cases[] = {
                { "1.5s", 1500 }, { "30s1m", 90000 }, { "\"5m\"", 300000 }, { "10", 1 }, { "30000000000", 30000 },
                { "0", 0 },       { "-1s", -1000 },   { "1us", 1 },         { "~", 7 },  { "1d", -1 },
                { "\"10\"", -1 }, { "[1s]", -1 },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                int64_t ms = 7;
                bool ok = read_go_duration(true, cases[i].text, &ms);
                if (ok != (cases[i].ms != -1) || ms != (ok ? cases[i].ms : 7))
                        fail_msg("%s is %lld", cases[i].text, (long long)ms);
        }
        int64_t ms = 7;
        assert_false(read_go_duration(false, "10", &ms));
        assert_true(read_go_duration(false, "1.5s", &ms) && ms == 1500);
}

static void floats_and_sizes_and_durations(void **state)
{
        (void)state;
        double d;
        uint64_t u;
        int64_t ms;
        assert_true(read_as(OPT_FLOAT, "1.5", &d) && d == 1.5);
        assert_true(read_as(OPT_FLOAT, "7", &d) && d == 7);
        assert_true(read_as(OPT_FLOAT, "-.inf", &d) && isinf(d) && d < 0);
        assert_true(read_as(OPT_FLOAT, ".nan", &d) && isnan(d));
        assert_false(read_as(OPT_FLOAT, "inf", &d));
        assert_false(read_as(OPT_FLOAT, "\"1.5\"", &d));
        assert_true(read_as(OPT_BYTES, "10MB", &u) && u == 10 << 20);
        assert_false(read_as(OPT_BYTES, "10 apples", &u));
        assert_true(read_as(OPT_DURATION, "1h30m", &ms) && ms == 5400000);
        assert_true(read_as(OPT_DURATION, "\"5m\"", &ms) && ms == 300000);
        assert_true(read_as(OPT_DURATION, "0", &ms) && ms == 0);
        assert_false(read_as(OPT_DURATION, "10", &ms));
        assert_false(read_as(OPT_DURATION, "{a: 1}", &ms));
}

static void texts_take_any_scalar_as_written(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Str s;
        const YamlNode *node = bind_yaml(&b, "[1.50, true, 'null', \"x\"]");
        static const char *const want[] = { "1.50", "true", "null", "x" };
        for (size_t i = 0; i < 4; i++) {
                assert_true(option_value_scalar(node->items[i], &(Option){ .key = "v", .kind = OPT_STR }, &s, &b.ctx));
                assert_str(s, want[i]);
        }
        bind_end(&b);
}

static void the_nearest_name_is_near(void **state)
{
        (void)state;
        static const char *const names[] = { "scrape_interval", "scrape_timeout", "on" };
        assert_string_equal(option_value_nearest(STR("scrape_intervall"), names, 3), "scrape_interval");
        assert_string_equal(option_value_nearest(STR("scrape_timout"), names, 3), "scrape_timeout");
        assert_null(option_value_nearest(STR("x"), names, 3));
        assert_null(option_value_nearest(STR("something"), names, 3));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(booleans_are_yaml_1_1),
                cmocka_unit_test(integers),
                cmocka_unit_test(floats_and_sizes_and_durations),
                cmocka_unit_test(durations_as_go_has_them),
                cmocka_unit_test(texts_take_any_scalar_as_written),
                cmocka_unit_test(the_nearest_name_is_near),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
