#include "testing.h"

#include "notify/notify.h"

static Labels one(Arena *arena, Str name, Str value)
{
        Label *l = arena_new_of(arena, Label);
        *l = (Label){ name, value };
        return (Labels){ l, 1 };
}

static void the_body_is_alertmanagers(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AlertMsg alerts[] = {
                { .labels = one(arena, STR("a"), STR("<b> & \xe2\x80\xa8\xe2\x80\xa9 \"q\" \xff")),
                  .starts_at_ms = 1700000000120,
                  .generator_url = STR("http://x/?a=1&b=2") },
                { .labels = one(arena, STR("a"), STR("c")),
                  .annotations = one(arena, STR("s"), STR("t")),
                  .starts_at_ms = 1700000000000,
                  .ends_at_ms = 1700000000001 },
                { .labels = one(arena, STR("a"), STR("d")), .starts_at_ms = -1, .ends_at_ms = -62135596800001 },
        };
        Notification n = { .receiver = STR("r"),
                           .group_key = STR("{}:{a=\"b\"}"),
                           .alerts = alerts,
                           .n_alerts = 3,
                           .truncated_alerts = 7,
                           .external_url = STR("http://y"),
                           .common_annotations = one(arena, STR("k"), STR("v")) };
        Buf out = { .arena = arena };
        notify_webhook_body(&out, &n);
        assert_str(
                buf_str(&out),
                "{\"receiver\":\"r\",\"status\":\"firing\",\"alerts\":["
                "{\"status\":\"firing\",\"labels\":{\"a\":\"\\u003cb\\u003e \\u0026 \\u2028\\u2029 \\\"q\\\" \xef\xbf\xbd\"},\"annotations\":{},"
                "\"startsAt\":\"2023-11-14T22:13:20.12Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"http://x/?a=1\\u0026b=2\",\"fingerprint\":\"2e0893920023d5e1\"},"
                "{\"status\":\"resolved\",\"labels\":{\"a\":\"c\"},\"annotations\":{\"s\":\"t\"},\"startsAt\":\"2023-11-14T22:13:20Z\",\"endsAt\":\"2023-11-14T22:13:20.001Z\","
                "\"generatorURL\":\"\",\"fingerprint\":\"d2af7181929410b3\"},"
                "{\"status\":\"resolved\",\"labels\":{\"a\":\"d\"},\"annotations\":{},\"startsAt\":\"1969-12-31T23:59:59.999Z\",\"endsAt\":\"0000-12-31T23:59:59.999Z\","
                "\"generatorURL\":\"\",\"fingerprint\":\"d2bb7181929fcb38\"}],"
                "\"groupLabels\":{},\"commonLabels\":{},\"commonAnnotations\":{\"k\":\"v\"},\"externalURL\":\"http://y\",\"version\":\"4\",\"groupKey\":\"{}:{a=\\\"b\\\"}\","
                "\"truncatedAlerts\":7}\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(the_body_is_alertmanagers) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
