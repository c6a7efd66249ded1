#include "am_fixture.h"

static void broken_bodies_are_refused_as_upstream_refuses_them(void **state)
{
        Am *w = *state;
        static const struct {
                const char *body;
                int status;
                const char *part;
        } cases[] = {
                { "", 422, "\"code\":602,\"message\":\"alerts in body is required\"" },
                { "{bad", 400, "invalid character 'b' looking for beginning of object key string" },
                { "[", 400, "unexpected EOF" },
                { "[{\"labels\":{\"a\":1}}]", 400,
                  "cannot unmarshal number into Go struct field Alert.labels.a of type string" },
                { "[1 2]", 400, "invalid character '2' after array element" },
                { "[{\"a\" 1}]", 400, "invalid character '1' after object key" },
                { "[{\"a\":1 \"b\":2}]", 400, "after object key:value pair" },
                { "[tru]", 400, "invalid character ']' in literal true (expecting 'e')" },
                { "[\"a\\x\"]", 400, "invalid escape sequence `\\\\x` in string" },
                { "[\"\\u12\"]", 400, "invalid escape sequence `\\\\u12\\\"]` in string" },
                { "[1.]", 400, "invalid character ']' in numeric literal" },
                { "[{\"labels\":{\"a\":\"\xff\"}}] x", 200, "" },
                { "[\x0b]", 400, "invalid character '\\\\v' looking for beginning of value" },
                { "{}", 400, "cannot unmarshal object into Go value of type models.PostableAlerts" },
                { "[{\"annotations\":{}}]", 422, "0.labels in body is required" },
                { "[{\"labels\":{\"a\":\"b\"}},{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"::x\"}]", 422,
                  "1.generatorURL in body must be of type uri" },
                { "[{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"http://a b/\"}]", 422,
                  "0.generatorURL in body must be of type uri: \\\"http://a b/\\\"" },
                { "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"yesterday\"}]", 400, "parsing time" },
                { "[{\"labels\":{}}]", 400, "\"at least one label pair required\"" },
                { "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2030-01-01T00:00:00Z\",\"endsAt\":\"2029-01-01T00:00:00Z\"}]",
                  400, "start time must be before end time" },
                { "[{\"labels\":{\"\":\"x\"}},{\"labels\":{\"a\":\"\"}}]", 400,
                  "invalid label set: invalid name \\\"\\\"; at least one" },
                { "null", 200, "" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                am_gives(w, "POST", "/api/v2/alerts", cases[i].body, cases[i].status, cases[i].part);
        am_gives(w, "PUT", "/api/v2/alerts", "[]", 405, "method PUT is not allowed, but [POST,GET] are");
        am_gives(w, "GET", "/api/v2/x", NULL, 404, "path /api/v2/x was not found");
        am_gives(w, "GET", "/api/v2/silence/", NULL, 404, "path /api/v2/silence/ was not found");
}

static void alerts_are_posted_and_read(void **state)
{
        Am *w = *state;
        am_gives(
                w, "POST", "/api/v2/alerts",
                "[{\"labels\":{\"alertname\":\"A\",\"s\":\"c\",\"empty\":\"\"},\"annotations\":{\"x\":\"y\"},\"generatorURL\":\"http://g/\"},"
                "{\"labels\":{\"b d\":\"UTF-8\"},\"startsAt\":\"0001-01-01T00:00:00Z\"}]",
                200, "");
        const char *got = am_ask(w, "GET", "/api/v2/alerts?filter=s=c", NULL);
        assert_string_equal(
                got, "[{\"annotations\":{\"x\":\"y\"},\"endsAt\":\"2026-01-01T00:05:00.000Z\",\"fingerprint\":"
                     "\"274effedb6929983\",\"receivers\":[{\"name\":\"p\"}],\"startsAt\":\"2026-01-01T00:00:00.000Z\","
                     "\"status\":{\"inhibitedBy\":[],\"mutedBy\":[],\"silencedBy\":[],\"state\":\"active\"},"
                     "\"updatedAt\":\"2026-01-01T00:00:00.000Z\",\"generatorURL\":\"http://g/\","
                     "\"labels\":{\"alertname\":\"A\",\"s\":\"c\"}}]\n");
        am_gives(w, "GET", "/api/v2/alerts?active=false", NULL, 200, "[]");
        am_gives(w, "GET", "/api/v2/alerts?receiver=[", NULL, 400,
                 "failed to parse receiver param: error parsing regexp: missing closing ]: `[)$`");
        am_gives(w, "GET", "/api/v2/alerts?filter=%7B", NULL, 400, "");
        am_gives(w, "GET", "/api/v2/alerts?filter={a", NULL, 400, "\"unexpected open or close brace: {a\"");
        am_gives(w, "GET", "/api/v2/alerts?filter=bad", NULL, 400, "\"bad matcher format: bad\"");
        am_gives(w, "GET", "/api/v2/alerts?active=maybe", NULL, 200, "[]");
        am_gives(w, "GET", "/api/v2/alerts?receiver_matchers=team=a", NULL, 200, "b d");
        am_gives(w, "GET", "/api/v2/alerts/groups", NULL, 200,
                 "\"labels\":{\"alertname\":\"A\"},\"receiver\":{\"name\":\"p\"}}");
        am_gives(
                w, "GET", "/api/v2/receivers", NULL, 200,
                "[{\"name\":\"r\",\"labels\":{\"name\":\"r\",\"team\":\"a\"}},{\"name\":\"p\",\"labels\":{\"name\":\"p\"}}]");
        am_gives(w, "GET", "/api/v2/status", NULL, 200, "\"cluster\":{\"peers\":[],\"status\":\"disabled\"}");
}

#define SILENCE(matchers)          \
        "{\"matchers\":[" matchers \
        "],\"startsAt\":\"2026-01-01T00:00:00Z\",\"endsAt\":\"2026-01-01T01:00:00Z\",\"createdBy\":\"ann\",\"comment\":\"c\"}"

static void silences_are_set_read_and_ended(void **state)
{
        Am *w = *state;
        char path[100], id[40];
        am_gives(w, "POST", "/api/v2/silences", SILENCE(""), 422, "612");
        am_gives(w, "POST", "/api/v2/silences", SILENCE("{\"name\":\"a\",\"isRegex\":false}"), 422,
                 "matchers.0.value in body is required");
        am_gives(
                w, "POST", "/api/v2/silences", SILENCE("{\"name\":\"a\",\"value\":\"[\",\"isRegex\":true}"), 400,
                "invalid silence: invalid label matcher 0 in set 0: invalid regular expression \\\"[\\\": error parsing regexp: missing closing ]: `[`");
        am_gives(w, "POST", "/api/v2/silences", SILENCE("{\"name\":5,\"value\":\"b\",\"isRegex\":true}"), 400,
                 "Silence.matchers.0.name of type string");
        am_gives(w, "POST", "/api/v2/silences", SILENCE("{\"name\":\"alertname\",\"value\":\"A\",\"isRegex\":false}"),
                 200, "{\"silenceID\":\"");
        snprintf(id, sizeof id, "%.36s", buf_cstr(&w->out) + strlen("{\"silenceID\":\""));
        am_gives(w, "POST", "/api/v2/alerts", "[{\"labels\":{\"alertname\":\"A\"}}]", 200, "");
        am_gives(w, "GET", "/api/v2/alerts", NULL, 200, id);
        am_gives(w, "GET", "/api/v2/alerts?silenced=false", NULL, 200, "[]");
        am_gives(w, "GET", "/api/v2/silences?filter=alertname=A", NULL, 200, id);
        am_gives(w, "GET", "/api/v2/silences?filter=alertname=B", NULL, 200, "[]");
        am_gives(w, "GET", "/api/v2/silences?active=false", NULL, 200, "[]");
        snprintf(path, sizeof path, "/api/v2/silence/%s", id);
        am_gives(w, "GET", path, NULL, 200,
                 "\"matchers\":[{\"isEqual\":true,\"isRegex\":false,\"name\":\"alertname\",\"value\":\"A\"}]");
        am_gives(w, "DELETE", path, NULL, 200, "");
        am_gives(w, "GET", path, NULL, 200, "\"state\":\"expired\"");
        am_gives(w, "DELETE", "/api/v2/silence/11111111-1111-1111-1111-111111111111", NULL, 404, "");
        am_gives(w, "GET", "/api/v2/silence/x", NULL, 422, "silenceID in path must be of type uuid");
        am_gives(w, "POST", "/api/v2/silence/x", NULL, 405, "[DELETE,GET]");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(broken_bodies_are_refused_as_upstream_refuses_them, am_setup,
                                                am_teardown),
                cmocka_unit_test_setup_teardown(alerts_are_posted_and_read, am_setup, am_teardown),
                cmocka_unit_test_setup_teardown(silences_are_set_read_and_ended, am_setup, am_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
