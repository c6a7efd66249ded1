/* What kinds share: texts, secrets, cutting, JSON, requests.
 *
 * Invariants:
 * 1. Whatever a message holds after make lives in its arena.
 * 2. The first failing text decides; no later text is expanded. */
#include <stdio.h>

#include "base/utf8.h"
#include "codec/urlsyntax.h"
#include "model/digest.h"
#include "model/fingerprint.h"
#include "notify/notify_kind.h"
#include "os/file.h"
#include "os/zone.h"

enum { SECRET_FILE_MAX_BYTES = 64 << 10 };

/* ---- data of templates */

static TmplKv kv_of(NotifyMsg *m, Labels labels)
{
        Str *names = arena_array(m->arena, Str, labels.n);
        Str *values = arena_array(m->arena, Str, labels.n);
        for (size_t i = 0; i < labels.n; i++) {
                names[i] = labels.data[i].name;
                values[i] = labels.data[i].value;
        }
        return (TmplKv){ names, values, labels.n };
}

Str notify_msg_quoted(Arena *arena, Str name)
{
        Buf out = { .arena = arena };
        for (size_t i = 0; i < name.n; i++) {
                if (str_find_char(STR("\\.+*?()|[]{}^$"), name.p[i]) != SIZE_MAX)
                        buf_char(&out, '\\');
                buf_char(&out, name.p[i]);
        }
        return buf_str(&out);
}

void notify_msg_init(NotifyMsg *m)
{
        const Notification *n = m->n;
        TmplAlert *alerts = arena_array(m->arena, TmplAlert, n->n_alerts);
        for (size_t i = 0; i < n->n_alerts; i++) {
                const AlertMsg *a = &n->alerts[i];
                Buf fingerprint = { .arena = m->arena };
                fingerprint_print(&fingerprint, fingerprint_of(a->labels));
                alerts[i] = (TmplAlert){ .firing = a->ends_at_ms == 0,
                                         .labels = kv_of(m, a->labels),
                                         .annotations = kv_of(m, a->annotations),
                                         .starts_at = tmpl_time_of_ms(a->starts_at_ms),
                                         .ends_at = a->ends_at_ms ? tmpl_time_of_ms(a->ends_at_ms)
                                                                  : tmpl_time(TMPL_TIME_ZERO_S, 0),
                                         .generator_url = a->generator_url,
                                         .fingerprint = buf_str(&fingerprint) };
        }
        TmplAlertData data = { .receiver = notify_msg_quoted(m->arena, n->receiver),
                               .external_url = n->external_url,
                               .notification_reason = n->reason,
                               .firing = !n->resolved,
                               .alerts = alerts,
                               .alerts_n = n->n_alerts,
                               .group_labels = kv_of(m, n->group_labels),
                               .common_labels = kv_of(m, n->common_labels),
                               .common_annotations = kv_of(m, n->common_annotations),
                               .route_labels = kv_of(m, n->route_labels),
                               .as_0_25 = m->compat == ALERT_COMPAT_AM_0_25,
                               .by_pointer = true };
        uint8_t digest[DIGEST_SHA256_BYTES];
        Buf hex = { .arena = m->arena };
        m->data = gotmpl_alert_data(&data, m->arena);
        digest_sha256(n->group_key, digest);
        digest_hex(&hex, digest, sizeof digest);
        snprintf(m->dedup_key, sizeof m->dedup_key, STR_FMT, STR_ARG(buf_str(&hex)));
}

void notify_msg_limit(NotifyMsg *m, Notification *n, size_t max)
{
        if (n->n_alerts <= max)
                return;
        n->truncated_alerts = (uint32_t)(n->n_alerts - max);
        n->n_alerts = max;
        n->resolved = true;
        for (size_t i = 0; i < n->n_alerts; i++)
                n->resolved &= n->alerts[i].ends_at_ms != 0;
        n->common_labels = alert_msg_common(n->alerts, n->n_alerts, false, m->arena);
        n->common_annotations = alert_msg_common(n->alerts, n->n_alerts, true, m->arena);
}

/* Of texts that use tz: the machine's tz database. */
static bool find_zone(void *self, Str name, int64_t unix_s, int32_t *ret_offset_s, char ret_abbreviation[12])
{
        const NotifyMsg *m = self;
        const Zone *zone;
        Err err;
        if (!zone_load(name, m->arena, &zone, &err))
                return false;
        *ret_offset_s = zone_offset(zone, unix_s, ret_abbreviation);
        return true;
}

static Str expand(NotifyMsg *m, const TmplSet *set, Str text)
{
        if (m->failed)
                return (Str){ 0 };
        if (str_find(text, STR("{{")) == SIZE_MAX)
                return str_dup(m->arena, text);
        TmplAlertCtx ctx = { .now_ms = m->now_ms, .zone = find_zone, .self = m };
        Buf out = { .arena = m->arena };
        if ((m->trial ? gotmpl_try_text : gotmpl_run_text)(set, (Str){ 0 }, text, &m->data, &ctx, m->arena, &out,
                                                           &m->err))
                return buf_str(&out);
        m->failed = true;
        m->failed_text = text;
        return (Str){ 0 };
}

Str notify_msg_text(NotifyMsg *m, Str text) { return expand(m, m->text, text); }
Str notify_msg_html(NotifyMsg *m, Str text) { return expand(m, m->html, text); }

bool notify_msg_texts_ok(const NotifyMsg *m, Err *err)
{
        if (m->failed)
                *err = m->err;
        return !m->failed;
}

Str notify_msg_cut(NotifyMsg *m, Str s, size_t max)
{
        size_t at = 0;
        size_t keep = 0;
        size_t n = 0;
        for (; at < s.n; n++) {
                uint32_t rune;
                size_t len = utf8_decode(str_sub(s, at, s.n), &rune);
                if (n + 1 == max)
                        keep = at;
                at += len ? len : 1;
        }
        return n <= max ? s : str_printf(m->arena, STR_FMT "\xe2\x80\xa6", STR_ARG(str_sub(s, 0, keep)));
}

Str notify_msg_cut_bytes(NotifyMsg *m, Str s, size_t max)
{
        enum { ELLIPSIS_BYTES = 3 };
        if (s.n <= max)
                return s;
        size_t keep = max - ELLIPSIS_BYTES;
        while (keep > 0 && ((unsigned char)s.p[keep] & 0xc0) == 0x80)
                keep--;
        return str_printf(m->arena, STR_FMT "\xe2\x80\xa6", STR_ARG(str_sub(s, 0, keep)));
}

bool notify_msg_secret(NotifyMsg *m, Secret value, Str file, const char *key, Str *ret, Err *err)
{
        if (m->hide_secrets && (value.text.n || file.n)) {
                *ret = STR("<secret>");
                return true;
        }
        if (value.text.n || !file.n) {
                *ret = str_dup(m->arena, value.text);
                return true;
        }
        if (m->trial) {
                *ret = STR("secret");
                return true;
        }
        Buf text = { .arena = m->arena };
        if (!file_read_all(fs_system(), str_dupz(m->arena, file), SECRET_FILE_MAX_BYTES, &text, err))
                return err_wrap(err, "read %s_file", key);
        *ret = str_trim(buf_str(&text));
        return true;
}

/* ---- JSON */

void notify_msg_json(NotifyMsg *m, NotifyJson *j)
{
        *j = (NotifyJson){ .out = { .arena = m->arena } };
        json_writer_init(&j->w, &j->out);
}

void notify_msg_json_opt(NotifyJson *j, const char *key, Str value)
{
        if (value.n)
                json_key_str(&j->w, key, value);
}

void notify_msg_json_labels(NotifyJson *j, Labels labels)
{
        json_begin_object(&j->w);
        for (size_t i = 0; i < labels.n; i++) {
                json_key(&j->w, labels.data[i].name);
                json_str(&j->w, labels.data[i].value);
        }
        json_end_object(&j->w);
}

Str notify_msg_json_done(NotifyJson *j)
{
        Buf out = { .arena = j->out.arena };
        Str s = buf_str(&j->out);
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];
                if (c == '<' || c == '>' || c == '&') { /* outside of strings JSON has none of them */
                        buf_printf(&out, "\\u%04x", c);
                } else if (c == 0xe2 && i + 2 < s.n && (unsigned char)s.p[i + 1] == 0x80 &&
                           ((unsigned char)s.p[i + 2] & 0xfe) == 0xa8) {
                        buf_cstr_add(&out, (unsigned char)s.p[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
                        i += 2;
                } else {
                        buf_char(&out, (char)c);
                }
        }
        buf_char(&out, '\n');
        return buf_str(&out);
}

/* ---- requests */

void notify_msg_header(NotifyMsg *m, Str name, Str value)
{
        HttpHeader *all = arena_array(m->arena, HttpHeader, m->call.n_headers + 1);
        for (size_t i = 0; i < m->call.n_headers; i++)
                all[i] = m->call.headers[i];
        all[m->call.n_headers] = (HttpHeader){ name, value };
        m->call.headers = all;
        m->call.n_headers++;
}

void notify_msg_request(NotifyMsg *m, const char *method, Str url, Str content_type, Str body)
{
        m->call = (HttpCallOptions){ .method = method, .url = urlsyntax_escaped(m->arena, url), .body = body };
        if (content_type.n)
                notify_msg_header(m, STR("Content-Type"), content_type);
        notify_msg_header(m, STR("User-Agent"), str_printf(m->arena, "Alertmanager/" STR_FMT, STR_ARG(m->version)));
}

void notify_msg_post(NotifyMsg *m, Str url, Str body)
{
        notify_msg_request(m, "POST", url, STR("application/json"), body);
}

NotifyVerdict notify_msg_status(const HttpAnswer *a, Err *err)
{
        if (a->status / 100 == 2)
                return NOTIFY_DELIVERED;
        err_set(err, ERR_UNAVAILABLE, "unexpected status code %d: " STR_FMT, a->status,
                STR_ARG(str_sub(str_trim(a->body), 0, 200)));
        return a->status / 100 == 5 || a->status == 429 ? NOTIFY_RETRY : NOTIFY_FAILED;
}
