#include "am_fixture.h"

static void fire(Am *w, const char *labels)
{
        am_gives(w, "POST", "/api/v2/alerts", str_printf(w->arena, "[{\"labels\":%s}]", labels).p, 200, "");
}

static void pass(Am *w, int64_t ms)
{
        clock_manual_advance_ms(&w->clock, ms);
        alert_router_tick(w->ctx.alerts);
}

static void an_alert_explains_itself(void **state)
{
        Am *w = *state;
        fire(w, "{\"alertname\":\"A\",\"s\":\"c\"}");
        am_gives(w, "GET", "/api/v1/alerts/explain?label=alertname=A&label=s=c", NULL, 200,
                 "not told yet: its group flushes in 10 s");
        pass(w, 10000);
        am_gives(w, "GET", "/api/v1/alerts/explain?label=alertname=A&label=s=c", NULL, 200,
                 "\"summary\":\"told to p; it is told again");
        am_gives(w, "GET", "/api/v1/alerts/explain?label={alertname=\"A\",s=\"c\"}", NULL, 200,
                 "\"summary\":\"told to p; it is told again");
        am_gives(w, "GET", "/api/v1/alerts/explain?label={alertname!=\"A\"}", NULL, 400, "not a label but a condition");
        am_gives(w, "GET", "/api/v1/alerts/explain?fingerprint=274effedb6929983", NULL, 200, "\"kind\":\"sent\"");
        am_gives(w, "GET", "/api/v1/alerts/explain?fingerprint=274effedb6929983", NULL, 200,
                 "\"group\":\"{}/{s=\\\"c\\\"}:{alertname=\\\"A\\\"}\"");
        am_gives(w, "GET", "/api/v1/alerts/explain?label=alertname=A", NULL, 200,
                 "\"summary\":\"told to p; it is told again");
        am_gives(w, "GET", "/api/v1/alerts/explain?label=alertname=B", NULL, 200, "no such alert fires");
        am_gives(w, "GET", "/api/v1/alerts/explain?fingerprint=0000000000000001", NULL, 404, "not_found");
        am_gives(w, "GET", "/api/v1/alerts/explain?fingerprint=x", NULL, 400, "16 hex digits");
        am_gives(w, "GET", "/api/v1/alerts/explain", NULL, 400, "say which alert");
        am_gives(w, "GET", "/api/v1/alerts/explain?label=a", NULL, 400, "not name=value");
}

static void who_was_not_told_is_said(void **state)
{
        Am *w = *state;
        am_configure(w,
                     "route: {receiver: nobody, group_by: [alertname], group_wait: 10s, group_interval: 1m, routes: ["
                     "{matchers: [s=c], receiver: bad, continue: true}, {matchers: [s=c], receiver: p}]}\n"
                     "receivers: [{name: nobody}, {name: bad}, {name: p}]\n");
        fire(w, "{\"alertname\":\"A\",\"s\":\"c\"}");
        fire(w, "{\"alertname\":\"B\"}");
        pass(w, 10000);
        am_gives(
                w, "GET", "/api/v1/alerts/explain?label=alertname=A", NULL, 200,
                "\"summary\":\"told to p, but webhook[0] of bad failed: answer 400; it is tried again at the next flush\"");
        pass(w, 60000);
        am_gives(w, "GET", "/api/v1/alerts/explain?label=alertname=A", NULL, 200,
                 "told to p, but webhook[0] of bad failed 2 times, at last: answer 400; ");
        am_gives(w, "GET", "/api/v1/alerts/explain?label=alertname=B", NULL, 200,
                 "\"summary\":\"nobody is told: there is no integration in receiver nobody\"");
}

static void somebody_has_seen_it(void **state)
{
        Am *w = *state;
        fire(w, "{\"alertname\":\"A\"}");
        am_gives(w, "POST", "/api/v1/alerts/ack?filter=alertname=A", NULL, 400, "say who acknowledges");
        am_gives(w, "POST", "/api/v1/alerts/ack?by=ann", NULL, 400, "say which alerts");
        am_gives(w, "POST", "/api/v1/alerts/ack?by=ann&filter=alertname=B", NULL, 404, "no firing alert matches");
        am_gives(w, "POST", "/api/v1/alerts/ack?by=ann&filter=alertname=A&comment=mine&for=2h", NULL, 200,
                 "\"alerts\":1");
        am_gives(
                w, "GET", "/api/v1/alerts/ack", NULL, 200,
                "\"by\":\"ann\",\"comment\":\"mine\",\"at\":\"2026-01-01T00:00:00Z\",\"until\":\"2026-01-01T02:00:00Z\"");
        am_gives(w, "DELETE", "/api/v1/alerts/ack?filter=alertname=A", NULL, 200, "\"alerts\":1");
        am_gives(w, "GET", "/api/v1/alerts/ack", NULL, 200, "\"acknowledgements\":[]");
}

static void history_and_noise_are_read_from_the_log(void **state)
{
        Am *w = *state;
        for (int i = 0; i < 3; i++) {
                fire(w, "{\"alertname\":\"A\"}");
                pass(w, 10000);
                am_gives(w, "POST", "/api/v2/alerts",
                         str_printf(w->arena,
                                    "[{\"labels\":{\"alertname\":\"A\"},\"endsAt\":\"2026-01-01T%02d:%02d:10Z\"}]",
                                    i * 6 / 60, i * 6)
                                 .p,
                         200, "");
                pass(w, 350000);
        }
        am_gives(w, "GET", "/api/v1/alerts/history?kind=started", NULL, 200, "\"kind\":\"started\"");
        am_gives(w, "GET", "/api/v1/alerts/history?kind=started&limit=2", NULL, 200, "\"before\":");
        am_gives(w, "GET", "/api/v1/alerts/history?before=x", NULL, 400, "not the id of an event");
        am_gives(w, "GET", "/api/v1/alerts/noise", NULL, 200,
                 "\"alertname\":\"A\",\"fired\":3,\"resolved\":3,\"meanSecondsToResolve\":10");
        am_gives(w, "GET", "/api/v1/alerts/noise", NULL, 200,
                 "\"pages\":3,\"pagesPerWeek\":3,\"acknowledged\":0,\"neverAcknowledged\":true,\"flapping\":1");
        am_gives(w, "GET", "/api/v1/alerts/noise?start=2&end=1", NULL, 400, "not behind start");
}

static void a_silence_is_previewed(void **state)
{
        Am *w = *state;
        fire(w, "{\"alertname\":\"A\",\"i\":\"1\"}");
        fire(w, "{\"alertname\":\"A\",\"i\":\"2\"}");
        am_gives(w, "GET", "/api/v1/alerts/preview?filter=alertname=A", NULL, 200, "\"firing\":2,\"startedSince\":2");
        am_gives(w, "GET", "/api/v1/alerts/preview?filter=i!=1", NULL, 200, "\"firing\":1,\"startedSince\":1");
        am_gives(w, "GET", "/api/v1/alerts/preview", NULL, 400, "say what the silence would match");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(an_alert_explains_itself, am_setup, am_teardown),
                cmocka_unit_test_setup_teardown(who_was_not_told_is_said, am_setup, am_teardown),
                cmocka_unit_test_setup_teardown(somebody_has_seen_it, am_setup, am_teardown),
                cmocka_unit_test_setup_teardown(history_and_noise_are_read_from_the_log, am_setup, am_teardown),
                cmocka_unit_test_setup_teardown(a_silence_is_previewed, am_setup, am_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
