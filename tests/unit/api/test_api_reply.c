#include <math.h>

#include "api/api_reply.h"
#include "testing.h"

static void times(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t t_ms;
        } good[] = {
                { "0", 0 },
                { "1435781451.781", 1435781451781 },
                { "-1.5", -1500 },
                { "1e3", 1000000 },
                { "1435781451.7814", 1435781451781 },
                { "2015-07-01T20:10:51.781Z", 1435781451781 },
                { "2015-07-01T22:10:51.781+02:00", 1435781451781 },
                { "2015-07-01T20:10:51Z", 1435781451000 },
                { "1969-12-31T23:59:59.5Z", -500 },
                { "2024-02-29T00:00:00Z", 1709164800000 },
                { "2015-07-01T20:10:51.7814999Z", 1435781451781 },
                { "-292273086-05-16T16:47:06Z", API_MIN_MS },
                { "292277025-08-18T07:12:54.999999999Z", API_MAX_MS },
                { "1795269536.1395",
                  1795269536139 }, /* the fraction alone is rounded: of the nearest double it is 0.13949 */
                { "-0.0016", -2 },
                { "9e15", API_MAX_MS },
                { "-9e15", API_MIN_MS },
        };
        const char *bad[] = { "",
                              "x",
                              "NaN",
                              "Inf",
                              "1e300",
                              "2015-07-01",
                              "2015-07-01T20:10:51",
                              "2015-07-01t20:10:51Z",
                              "2015-07-01T20:10:51z",
                              "2015-13-01T00:00:00Z",
                              "2015-02-30T00:00:00Z",
                              "2023-02-29T00:00:00Z",
                              "2015-07-01T24:00:00Z",
                              "2015-07-01T20:60:00Z",
                              "2015-07-01T20:10:60Z",
                              "2015-07-01T20:10:51.Z",
                              "2015-07-01T20:10:51.",
                              "2015-07-01T20:10:51+0200",
                              "2015-07-01T20:10:51+99:00",
                              "2015-07-01T20:10:51Zx",
                              "5m" };
        int64_t t_ms;
        for (size_t i = 0; i < ARRAY_LEN(good); i++)
                if (!api_parse_time(str_of(good[i].text), &t_ms) || t_ms != good[i].t_ms)
                        fail_msg("'%s': %lld", good[i].text, (long long)t_ms);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                if (api_parse_time(str_of(bad[i]), &t_ms))
                        fail_msg("'%s' is taken", bad[i]);
}

static void values_as_text(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        static const struct {
                int64_t t_ms;
                const char *time, *rfc3339;
        } cases[] = { { 1435781451781, "1435781451.781", "2015-07-01T20:10:51.781Z" },
                      { 1000, "1", "1970-01-01T00:00:01Z" },
                      { 1500, "1.500", "1970-01-01T00:00:01.5Z" },
                      { -1, "-0.001", "1969-12-31T23:59:59.999Z" },
                      { -1500, "-1.500", "1969-12-31T23:59:58.5Z" } };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Buf out = { .arena = arena };
                api_put_time(&out, cases[i].t_ms);
                assert_str(buf_str(&out), cases[i].time);
                assert_str(api_rfc3339(arena, cases[i].t_ms), cases[i].rfc3339);
        }
        assert_str(api_rfc3339(arena, 0), "0001-01-01T00:00:00Z");
        Buf out = { .arena = arena };
        api_put_point(&out, 7, NAN);
        api_put_point(&out, 7000, 1e21);
        api_put_point(&out, 0, -INFINITY);
        assert_str(buf_str(&out), "[0.007,\"NaN\"][7,\"1e+21\"][0,\"-Inf\"]");
}

static void errors(void **state)
{
        (void)state;
        static const struct {
                ErrCode code;
                int status;
                const char *type;
        } cases[] = { { ERR_INVALID, 422, "execution" },   { ERR_LIMIT, 422, "execution" },
                      { ERR_TIMEOUT, 503, "timeout" },     { ERR_CANCELED, 499, "canceled" },
                      { ERR_NOT_FOUND, 404, "not_found" }, { ERR_IO, 500, "internal" },
                      { ERR_CORRUPT, 500, "internal" },    { ERR_UNAVAILABLE, 500, "unavailable" } };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                HttpResponse resp = { 0 };
                Err err;
                char want[200];
                err_set(&err, cases[i].code, "why \"so\"");
                buf_lit(&resp.body, "half an answer");
                api_reply_err(&resp, &err);
                snprintf(want, sizeof want, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":\"why \\\"so\\\"\"}",
                         cases[i].type);
                assert_str(buf_str(&resp.body), want);
                assert_int_equal(resp.status, cases[i].status);
                assert_string_equal(resp.content_type, "application/json");
                buf_done(&resp.body);
        }
}

static void annotations(void **state)
{
        (void)state;
        HttpResponse resp = { 0 };
        JsonWriter w;
        PromqlAnnotation all[] = { { .is_info = true, .text = STR("i") },
                                   { .text = STR("w1") },
                                   { .text = STR("w2") } };
        api_reply_begin(&resp, &w);
        json_null(&w);
        api_reply_end(&w, all, 3);
        assert_str(buf_str(&resp.body),
                   "{\"status\":\"success\",\"data\":null,\"warnings\":[\"w1\",\"w2\"],\"infos\":[\"i\"]}");
        buf_done(&resp.body);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(times), cmocka_unit_test(values_as_text),
                                            cmocka_unit_test(errors), cmocka_unit_test(annotations) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
