/* The webhook body, version "4", as Alertmanager's encoder writes it: Go's JSON with < > & escaped, keys of maps sorted,
 * a newline at the end. */

#include "base/rfc3339.h"
#include "codec/json.h"
#include "model/fingerprint.h"
#include "notify/notify.h"

/* Go escapes < > & and the two line separators beside what JSON needs. */
static void put_go_string(Buf *out, Str s)
{
        size_t start = out->n;
        json_quote(out, s);
        Buf plain = { 0 };
        buf_add(&plain, out->p + start, out->n - start);
        out->n = start;
        for (size_t i = 0; i < plain.n; i++) {
                unsigned char c = (unsigned char)plain.p[i];
                if (c == '<' || c == '>' || c == '&')
                        buf_printf(out, "\\u%04x", c);
                else if (c == 0xe2 && i + 2 < plain.n && (unsigned char)plain.p[i + 1] == 0x80 &&
                         ((unsigned char)plain.p[i + 2] & 0xfe) == 0xa8) {
                        buf_cstr_add(out, (unsigned char)plain.p[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
                        i += 2;
                } else {
                        buf_char(out, (char)c);
                }
        }
        buf_done(&plain);
}

static void put_map(Buf *out, Labels labels)
{
        buf_char(out, '{');
        for (size_t i = 0; i < labels.n; i++) {
                if (i)
                        buf_char(out, ',');
                put_go_string(out, labels.data[i].name);
                buf_char(out, ':');
                put_go_string(out, labels.data[i].value);
        }
        buf_char(out, '}');
}

static void put_time(Buf *out, int64_t t_ms)
{
        buf_char(out, '"');
        rfc3339_format(out, t_ms);
        buf_char(out, '"');
}

static void put_alert(Buf *out, const AlertMsg *a)
{
        buf_printf(out, "{\"status\":\"%s\",\"labels\":", a->ends_at_ms ? "resolved" : "firing");
        put_map(out, a->labels);
        buf_lit(out, ",\"annotations\":");
        put_map(out, a->annotations);
        buf_lit(out, ",\"startsAt\":");
        put_time(out, a->starts_at_ms);
        buf_lit(out, ",\"endsAt\":");
        put_time(out, a->ends_at_ms);
        buf_lit(out, ",\"generatorURL\":");
        put_go_string(out, a->generator_url);
        buf_lit(out, ",\"fingerprint\":\"");
        fingerprint_print(out, fingerprint_of(a->labels));
        buf_lit(out, "\"}");
}

void notify_webhook_body(Buf *out, const Notification *n)
{
        buf_lit(out, "{\"receiver\":");
        put_go_string(out, n->receiver);
        buf_printf(out, ",\"status\":\"%s\",\"alerts\":[", n->resolved ? "resolved" : "firing");
        for (size_t i = 0; i < n->n_alerts; i++) {
                if (i)
                        buf_char(out, ',');
                put_alert(out, &n->alerts[i]);
        }
        buf_lit(out, "],\"groupLabels\":");
        put_map(out, n->group_labels);
        buf_lit(out, ",\"commonLabels\":");
        put_map(out, n->common_labels);
        buf_lit(out, ",\"commonAnnotations\":");
        put_map(out, n->common_annotations);
        buf_lit(out, ",\"externalURL\":");
        put_go_string(out, n->external_url);
        buf_lit(out, ",\"version\":\"4\",\"groupKey\":");
        put_go_string(out, n->group_key);
        buf_printf(out, ",\"truncatedAlerts\":%u}\n", n->truncated_alerts);
}
