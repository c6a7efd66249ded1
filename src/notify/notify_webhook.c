/* webhook: the body of version "4", as Alertmanager's encoder writes it, or a payload of the user's own. */
#include <stddef.h>

#include "base/rfc3339.h"
#include "model/fingerprint.h"
#include "notify/notify.h"
#include "notify/notify_kind.h"

typedef struct WebhookOptions {
        NotifyBase base;
        Secret url; /* may carry a token: never printed */
        Str url_file;
        uint64_t max_alerts;
        const YamlNode *payload;
} WebhookOptions;

/* ---- the body */

static void put_time(NotifyJson *j, const char *key, int64_t t_ms)
{
        Buf out = { .arena = j->out.arena };
        rfc3339_format(&out, t_ms);
        json_key_str(&j->w, key, buf_str(&out));
}

static void put_alert(NotifyJson *j, const AlertMsg *a)
{
        Buf fingerprint = { .arena = j->out.arena };
        fingerprint_print(&fingerprint, fingerprint_of(a->labels));
        json_begin_object(&j->w);
        json_key_cstr(&j->w, "status", a->ends_at_ms ? "resolved" : "firing");
        json_key(&j->w, STR("labels"));
        notify_msg_json_labels(j, a->labels);
        json_key(&j->w, STR("annotations"));
        notify_msg_json_labels(j, a->annotations);
        put_time(j, "startsAt", a->starts_at_ms);
        put_time(j, "endsAt", a->ends_at_ms);
        json_key_str(&j->w, "generatorURL", a->generator_url);
        json_key_str(&j->w, "fingerprint", buf_str(&fingerprint));
        json_end_object(&j->w);
}

Str notify_webhook_body_of(NotifyMsg *m, const Notification *n, const char *version)
{
        NotifyJson j;
        notify_msg_json(m, &j);
        JsonWriter *w = &j.w;
        json_begin_object(w);
        json_key_str(w, "receiver", notify_msg_quoted(m->arena, n->receiver));
        json_key_cstr(w, "status", n->resolved ? "resolved" : "firing");
        json_key(w, STR("alerts"));
        json_begin_array(w);
        for (size_t i = 0; i < n->n_alerts; i++)
                put_alert(&j, &n->alerts[i]);
        json_end_array(w);
        if (m->compat != ALERT_COMPAT_AM_0_25)
                notify_msg_json_opt(&j, "notification_reason", n->reason);
        json_key(w, STR("groupLabels"));
        notify_msg_json_labels(&j, n->group_labels);
        json_key(w, STR("commonLabels"));
        notify_msg_json_labels(&j, n->common_labels);
        json_key(w, STR("commonAnnotations"));
        notify_msg_json_labels(&j, n->common_annotations);
        if (m->compat != ALERT_COMPAT_AM_0_25 && n->route_labels.n) {
                json_key(w, STR("routeLabels"));
                notify_msg_json_labels(&j, n->route_labels);
        }
        json_key_str(w, "externalURL", n->external_url);
        json_key_cstr(w, "version", version);
        json_key_str(w, "groupKey", n->group_key);
        json_key_u64(w, "truncatedAlerts", n->truncated_alerts);
        json_end_object(w);
        return notify_msg_json_done(&j);
}

void notify_webhook_body(Buf *out, const Notification *n)
{
        Arena *arena = arena_new();
        NotifyMsg m = { .arena = arena, .compat = ALERT_COMPAT_AM_0_34 };
        buf_str_add(out, notify_webhook_body_of(&m, n, "4"));
        arena_free(arena);
}

/* ---- the kind */

static bool check(void *options, const NotifyBinding *b)
{
        WebhookOptions *o = options;
        if (!o->url.text.n && !o->url_file.n)
                return notify_global_error(b, b->compat == ALERT_COMPAT_AM_0_25
                                                      ? "missing URL in webhook config"
                                                      : "one of url or url_file must be configured");
        bool template = b->compat != ALERT_COMPAT_AM_0_25 && str_find(o->url.text, STR("{{")) != SIZE_MAX;
        return notify_global_secret(b, "url", &o->url, &o->url_file, (Secret){ 0 }, (Str){ 0 }, NULL) &&
               (template || notify_global_check_secret_url(b, o->url));
}

static bool make(NotifyMsg *m, Err *err)
{
        const WebhookOptions *o = m->options;
        Notification n = *m->n;
        Str url;
        Str body;
        if (!notify_msg_secret(m, o->url, o->url_file, "url", &url, err))
                return false;
        if (!o->url_file.n && m->compat != ALERT_COMPAT_AM_0_25)
                url = notify_msg_text(m, url);
        if (o->max_alerts && n.n_alerts > o->max_alerts)
                notify_msg_limit(m, &n, o->max_alerts);
        if (o->payload) {
                NotifyJson j;
                notify_msg_json(m, &j);
                notify_tree_json(m, o->payload, &j);
                body = notify_msg_json_done(&j);
        } else {
                body = notify_webhook_body_of(m, &n, "4");
        }
        notify_msg_post(m, url, body);
        return notify_msg_texts_ok(m, err);
}

#define AT(field) offsetof(WebhookOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        NOTIFY_TIMEOUT_ROW,
        { "url", OPT_SECRET, AT(url), .help = "Where the JSON is posted; a template." },
        { "url_file", OPT_STR, AT(url_file), .help = "File that holds the URL." },
        { "max_alerts", OPT_UINT, AT(max_alerts), .def = "0",
          .help = "Most alerts in one message; the rest is counted. 0: all." },
        { "payload", OPT_NODE, AT(payload),
          .help = "A body of your own in place of the standard one: any structure, keys and texts are templates." },
        OPTION_END,
};
static const OptionTable table = { "webhook_config", options, sizeof(WebhookOptions), NULL };
const NotifyKind notify_webhook_kind = {
        .base = { COMPONENT_NOTIFIER, "webhook", "Posts JSON to a URL.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
