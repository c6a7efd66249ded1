/* What is told of members with wrong types: as Alertmanager 0.25 and 0.33 answered. */
#include "api/api_am_decode.h"

#include "testing.h"

static JsonValue *parsed(Arena *arena, const char *text)
{
        JsonValue *v;
        Err err;
        assert_ok(json_parse(str_of(text), arena, &v, &err), err);
        return v;
}

typedef struct Case {
        const char *text, *why, *old_why; /* NULL: nothing is wrong */
} Case;

static void check(bool (*decode)(JsonValue *, bool, Buf *), const Case *cases, size_t n)
{
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < n; i++) {
                for (int old = 0; old < 2; old++) {
                        Buf why = { .arena = arena };
                        const char *want = old ? cases[i].old_why : cases[i].why;
                        assert_int_equal(decode(parsed(arena, cases[i].text), old, &why), !want);
                        if (want)
                                assert_contains(buf_cstr(&why), want);
                }
        }
}

static void alerts_are_checked(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{\"labels\":{\"a\":\"x\",\"b\":null}}", NULL, NULL },
                { "null", NULL, NULL },
                { "5", "json: cannot unmarshal number into Go value of type struct { Annotations models.LabelSet ",
                  "json: cannot unmarshal number into Go value of type struct { Annotations models.LabelSet " },
                { "{\"labels\":{\"a\":1}}", "number into Go struct field Alert.labels.a of type string",
                  "number into Go struct field Alert.labels of type string" },
                { "{\"labels\":[]}", "array into Go struct field Alert.labels of type models.LabelSet",
                  "array into Go struct field Alert.labels of type models.LabelSet" },
                { "{\"startsAt\":5}", "number into Go value of type string",
                  "number into Go struct field .startsAt of type string" },
                { "{\"generatorURL\":{}}", "object into Go value of type string",
                  "object into Go struct field Alert.generatorURL of type string" },
                { "{\"labels\":5,\"annotations\":true}",
                  "bool into Go struct field .annotations of type models.LabelSet",
                  "bool into Go struct field .annotations of type models.LabelSet" },
                { "{\"annotations\":{\"b\":5},\"startsAt\":\"x\"}",
                  "number into Go struct field .annotations.b of type string", "parsing time \"x\" as" },
        };
        check(api_am_decode_alert, cases, ARRAY_LEN(cases));
}

static void silences_are_checked(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{\"matchers\":[{\"name\":\"a\",\"isRegex\":true},null]}", NULL, NULL },
                { "[]", "array into Go value of type struct { ID string",
                  "array into Go value of type struct { ID string" },
                { "{\"comment\":5,\"id\":5}", "number into Go struct field .id of type string",
                  "number into Go struct field .id of type string" },
                { "{\"matchers\":[5]}", "number into Silence.matchers.0 of type models.Matcher",
                  "number into Go struct field Silence.matchers of type models.Matcher" },
                { "{\"matchers\":[{},{\"isEqual\":5}]}",
                  "number into Go struct field Silence.matchers.1.isEqual of type bool",
                  "number into Go struct field Matcher.matchers.isEqual of type bool" },
                { "{\"createdBy\":5,\"comment\":true}", "number into Go struct field Silence.createdBy of type string",
                  "number into Go struct field Silence.createdBy of type string" },
                { "{\"annotations\":{\"a\":5}}", "number into Go struct field Silence.annotations.a of type string",
                  NULL },
        };
        check(api_am_decode_silence, cases, ARRAY_LEN(cases));
}

static void keys_are_spelled(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf why = { .arena = arena };
        JsonValue *a = parsed(arena, "{\"LABELS\":{\"A\":\"x\"},\"labels\":{\"b\":\"y\"},\"other\":1}");
        assert_true(api_am_decode_alert(a, false, &why));
        assert_str(json_get_str(json_get(a, STR("labels")), STR("b")), "y");
        assert_int_equal(a->n, 2);
        JsonValue *s = parsed(arena, "{\"Matchers\":[{\"Name\":\"n\",\"ISREGEX\":true}]}");
        assert_true(api_am_decode_silence(s, true, &why));
        const JsonValue *m = &json_get(s, STR("matchers"))->items[0];
        assert_str(json_get_str(m, STR("name")), "n");
        assert_true(json_get_bool(m, STR("isRegex")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(alerts_are_checked),
                cmocka_unit_test(silences_are_checked),
                cmocka_unit_test(keys_are_spelled),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
