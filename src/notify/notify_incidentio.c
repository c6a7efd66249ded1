/* incidentio: the webhook's body as version "1"; too large a one keeps its first alert. */
#include <stddef.h>

#include "notify/notify_kind.h"

enum { MAX_BODY_BYTES = 512 << 10 };

typedef struct IncidentioOptions {
        NotifyBase base;
        Secret alert_source_token;
        Str alert_source_token_file, url, url_file;
        uint64_t max_alerts;
} IncidentioOptions;

static bool check(void *options, const NotifyBinding *b)
{
        IncidentioOptions *o = options;
        Secret none = { 0 };
        Secret url = { o->url };
        bool token = o->alert_source_token.text.n || o->alert_source_token_file.n;
        bool auth = o->base.http && o->base.http->authorization;
        if (!notify_global_secret(b, "url", &url, &o->url_file, none, none.text,
                                  "one of url or url_file must be configured") ||
            !notify_global_secret(b, "alert_source_token", &o->alert_source_token, &o->alert_source_token_file, none,
                                  none.text, NULL))
                return false;
        if (auth && token)
                return notify_global_error(b, "cannot specify alert_source_token or alert_source_token_file when using "
                                              "http_config.authorization");
        /* Upstream asks where there is an http_config of its own: one that is global comes later, and may have the credentials. */
        if (o->base.http && !auth && !token)
                return notify_global_error(b, "at least one of alert_source_token, alert_source_token_file or "
                                              "http_config.authorization must be configured");
        if (!auth && !token && !(b->global->http && b->global->http->authorization))
                notify_global_warn(
                        b, "it has no alert_source_token, and the global http_config no authorization: incident.io "
                           "will refuse its alerts");
        return notify_global_check_url(b, o->url);
}

static bool make(NotifyMsg *m, Err *err)
{
        const IncidentioOptions *o = m->options;
        Notification n = *m->n;
        Str url;
        Str token;
        if (!notify_msg_secret(m, (Secret){ o->url }, o->url_file, "url", &url, err) ||
            !notify_msg_secret(m, o->alert_source_token, o->alert_source_token_file, "alert_source_token", &token, err))
                return false;
        if (o->max_alerts)
                notify_msg_limit(m, &n, o->max_alerts);
        Str body = notify_webhook_body_of(m, &n, "1");
        if (body.n > MAX_BODY_BYTES && n.n_alerts > 1) {
                n.n_alerts = 1; /* what is said of all stays */
                body = notify_webhook_body_of(m, &n, "1");
        }
        notify_msg_post(m, url, body);
        if (token.n)
                notify_msg_header(m, STR("Authorization"), str_printf(m->arena, "Bearer " STR_FMT, STR_ARG(token)));
        return true;
}

#define AT(field) offsetof(IncidentioOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        NOTIFY_TIMEOUT_ROW,
        { "url", OPT_STR, AT(url), .help = "The alert source." },
        { "url_file", OPT_STR, AT(url_file), .help = "File with it." },
        { "alert_source_token", OPT_SECRET, AT(alert_source_token), .help = "Token of the alert source." },
        { "alert_source_token_file", OPT_STR, AT(alert_source_token_file), .help = "File with it." },
        { "max_alerts", OPT_UINT, AT(max_alerts), .def = "0",
          .help = "Most alerts in one message; the rest is counted. 0: all." },
        OPTION_END,
};
static const OptionTable table = { "incidentio_config", options, sizeof(IncidentioOptions), NULL };
const NotifyKind notify_incidentio_kind = {
        .base = { COMPONENT_NOTIFIER, "incidentio", "Sends alerts to incident.io.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
