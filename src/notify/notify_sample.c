/* A made-up group of alerts, and messages that are rendered but not sent. */
#include "component/http_auth.h"
#include "notify/notify_receivers.h"

enum { MAX_REQUESTS = 10 };

/* What each service takes for a yes. */
#define YES STR("{\"ok\":true,\"success\":true,\"errcode\":0,\"access_token\":\"token\",\"issues\":[]}")

static Labels labels_of(Arena *arena, const Label *pairs, size_t n)
{
        LabelsBuilder b;
        labels_builder_init(&b, arena, (Labels){ 0 });
        for (size_t i = 0; i < n; i++)
                labels_builder_set(&b, pairs[i].name, pairs[i].value);
        return labels_builder_build(&b, arena);
}

void notify_sample(Arena *arena, Str receiver, bool resolved, Notification *ret)
{
        static const char *const instances[] = { "host-1.example.com:9100", "host-2.example.com:9100" };
        const Label group[] = { { STR("alertname"), STR("SampleAlert") } };
        const Label annotations[] = { { STR("summary"), STR("A sample alert: nothing is wrong") },
                                      { STR("description"), STR("Sent to try this receiver.") },
                                      { STR("runbook_url"), STR("https://runbooks.example.com/sample") } };
        int64_t now_ms = clock_wall_ms(clock_system());
        AlertMsg *alerts = arena_array(arena, AlertMsg, ARRAY_LEN(instances));
        for (size_t i = 0; i < ARRAY_LEN(instances); i++) {
                const Label labels[] = { group[0],
                                         { STR("severity"), STR("critical") },
                                         { STR("job"), STR("sample") },
                                         { STR("instance"), str_of(instances[i]) } };
                alerts[i] = (AlertMsg){ .labels = labels_of(arena, labels, ARRAY_LEN(labels)),
                                        .annotations = labels_of(arena, annotations, ARRAY_LEN(annotations)),
                                        .starts_at_ms = now_ms - 300000,
                                        .ends_at_ms = resolved ? now_ms - 1000 : 0,
                                        .generator_url = STR(
                                                "http://localhost:9090/graph?g0.expr=vector%281%29&g0.tab=1") };
        }
        *ret = (Notification){ .receiver = receiver,
                               .timeout_ms = 30000,
                               .group_key = STR("{}:{alertname=\"SampleAlert\"}"),
                               .group_labels = labels_of(arena, group, ARRAY_LEN(group)),
                               .common_labels = alert_msg_common(alerts, ARRAY_LEN(instances), false, arena),
                               .common_annotations = alert_msg_common(alerts, ARRAY_LEN(instances), true, arena),
                               .alerts = alerts,
                               .n_alerts = ARRAY_LEN(instances),
                               .resolved = resolved,
                               .external_url = STR("http://localhost:9090"),
                               .now_ms = now_ms };
}

static bool capture_requests(NotifyMsg *m, const HttpCallOptions *extra, const NotifyCapture *capture, Err *err)
{
        for (int i = 0; i < MAX_REQUESTS; i++) {
                HttpAnswer answer = { .ok = true, .status = 200, .content_type = STR("application/json"), .body = YES };
                HttpCallOptions call = m->call;
                for (size_t k = 0; k < extra->n_headers; k++)
                        notify_msg_header(m, extra->headers[k].name, extra->headers[k].value);
                call = m->call;
                call.auth = extra->auth;
                if (capture->on_request)
                        capture->on_request(capture->arg, &call, &answer);
                NotifyVerdict verdict = m->kind->answered ? m->kind->answered(m, &answer, err)
                                                          : notify_msg_status(&answer, err);
                if (verdict != NOTIFY_NEXT)
                        return verdict == NOTIFY_DELIVERED;
                m->step++;
        }
        return err_set(err, ERR_LIMIT, "more than %d requests for one message", MAX_REQUESTS);
}

bool notify_capture(const NotifyReceivers *receivers, const Notification *notification, const NotifyCapture *capture,
                    Err *err)
{
        const ReceiverBound *r = notify_receivers_find(receivers, notification->receiver);
        if (!r || notification->integration >= r->n)
                return err_set(err, ERR_NOT_FOUND, "there is no receiver '" STR_FMT "' with integration %zu",
                               STR_ARG(notification->receiver), notification->integration);
        const Integration *to = &r->integrations[notification->integration];
        AUTO(arena_free) Arena *arena = arena_new();
        Notification mine = notify_receivers_tailor(notification, to, arena);
        NotifyMsg m;
        HttpCallOptions extra = { 0 };
        HttpAuthTls auth;
        if (!mine.n_alerts || !to->kind->make)
                return true;
        notify_receivers_msg(receivers, to, &mine, arena, &m);
        m.version = capture->version;
        m.memory = capture->memory;
        m.hide_secrets = capture->hide_secrets;
        if (!to->kind->make(&m, err))
                return false;
        if (m.mail && capture->on_mail)
                capture->on_mail(capture->arg, m.mail);
        if (!m.call.url.n)
                return true;
        HttpOptions http = *to->options->http;
        http.oauth2 = NULL; /* its token would be a request of its own */
        return http_auth_fill(&http, arena, &extra, &auth, err) && capture_requests(&m, &extra, capture, err);
}
