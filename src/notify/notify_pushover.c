/* pushover: everything travels in the query of a POST without a body. */
#include <stddef.h>

#include "net/url.h"
#include "notify/notify_kind.h"

enum { MAX_TITLE_RUNES = 250, MAX_MESSAGE_RUNES = 1024, MAX_URL_RUNES = 512 };

typedef struct PushoverOptions {
        NotifyBase base;
        Secret user_key, token;
        Str user_key_file, token_file, title, message, url, url_title, device, sound, priority;
        int64_t retry_ms, expire_ms, ttl_ms;
        bool html, monospace;
} PushoverOptions;

static bool check(void *options, const NotifyBinding *b)
{
        PushoverOptions *o = options;
        bool old = b->compat == ALERT_COMPAT_AM_0_25;
        Secret none = { 0 };
        if (!notify_global_secret(b, "user_key", &o->user_key, &o->user_key_file, none, none.text,
                                  old ? "missing user key in Pushover config"
                                      : "one of user_key or user_key_file must be configured") ||
            !notify_global_secret(b, "token", &o->token, &o->token_file, none, none.text,
                                  old ? "missing token in Pushover config"
                                      : "one of token or token_file must be configured"))
                return false;
        if (o->html && o->monospace)
                return notify_global_error(b, "at most one of monospace & html must be configured");
        return true;
}

static void add(Buf *query, const char *key, Str value)
{
        buf_printf(query, "%s%s=", query->n ? "&" : "", key);
        url_encode_query(query, value);
}

static void add_optional(Buf *query, const char *key, Str value, bool always)
{
        if (always || value.n)
                add(query, key, value);
}

static bool make(NotifyMsg *m, Err *err)
{
        const PushoverOptions *o = m->options;
        Buf q = { .arena = m->arena };
        Str user;
        Str token;
        if (!notify_msg_secret(m, o->user_key, o->user_key_file, "user_key", &user, err) ||
            !notify_msg_secret(m, o->token, o->token_file, "token", &token, err))
                return false;
        Str message = o->html ? notify_msg_html(m, o->message) : notify_msg_text(m, o->message);
        message = str_trim(notify_msg_cut(m, message, MAX_MESSAGE_RUNES));
        bool newer = m->compat != ALERT_COMPAT_AM_0_25; /* it also sends what is empty */
        /* In the order of their names, as Go's encoder has them. */
        add_optional(&q, "device", notify_msg_text(m, o->device), newer);
        add(&q, "expire", str_printf(m->arena, "%lld", (long long)(o->expire_ms / 1000)));
        if (o->html)
                add(&q, "html", STR("1"));
        add(&q, "message", message.n ? message : STR("(no details)"));
        if (o->monospace)
                add(&q, "monospace", STR("1"));
        add(&q, "priority", notify_msg_text(m, o->priority));
        add(&q, "retry", str_printf(m->arena, "%lld", (long long)(o->retry_ms / 1000)));
        add(&q, "sound", notify_msg_text(m, o->sound));
        add(&q, "title", notify_msg_cut(m, notify_msg_text(m, o->title), MAX_TITLE_RUNES));
        add(&q, "token", notify_msg_text(m, token));
        if (o->ttl_ms >= 1000)
                add(&q, "ttl", str_printf(m->arena, "%lld", (long long)(o->ttl_ms / 1000)));
        add(&q, "url", notify_msg_cut(m, notify_msg_text(m, o->url), MAX_URL_RUNES));
        add(&q, "url_title", notify_msg_text(m, o->url_title));
        add(&q, "user", notify_msg_text(m, user));
        notify_msg_request(
                m, "POST",
                str_printf(m->arena, "https://api.pushover.net/1/messages.json?" STR_FMT, STR_ARG(buf_str(&q))),
                STR("text/plain"), (Str){ 0 });
        return notify_msg_texts_ok(m, err);
}

#define AT(field) offsetof(PushoverOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "user_key", OPT_SECRET, AT(user_key), .help = "Who is told." },
        { "user_key_file", OPT_STR, AT(user_key_file), .help = "File with it." },
        { "token", OPT_SECRET, AT(token), .help = "Token of the application." },
        { "token_file", OPT_STR, AT(token_file), .help = "File with it." },
        { "title", OPT_STR, AT(title), .def = "{{ template \"pushover.default.title\" . }}",
          .help = "Heading; a template, as all texts here." },
        { "message", OPT_STR, AT(message), .def = "{{ template \"pushover.default.message\" . }}", .help = "Text." },
        { "url", OPT_STR, AT(url), .def = "{{ template \"pushover.default.url\" . }}", .help = "Link." },
        { "url_title", OPT_STR, AT(url_title), .help = "What the link says." },
        { "device", OPT_STR, AT(device), .help = "Device; empty: all." },
        { "sound", OPT_STR, AT(sound), .help = "Sound." },
        { "priority", OPT_STR, AT(priority), .def = "{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}",
          .help = "-2 to 2." },
        { "retry", OPT_CUSTOM, AT(retry_ms), .parse = option_parse_go_duration, .def = "1m",
          .help = "Time between repeats of an emergency." },
        { "expire", OPT_CUSTOM, AT(expire_ms), .parse = option_parse_go_duration, .def = "1h",
          .help = "When repeats end." },
        { "ttl", OPT_CUSTOM, AT(ttl_ms), .parse = option_parse_go_duration, .def = "0s",
          .help = "When the message is deleted; 0: never." },
        { "html", OPT_BOOL, AT(html), .help = "The message is HTML." },
        { "monospace", OPT_BOOL, AT(monospace), .help = "The message is shown in a fixed pitch." },
        OPTION_END,
};
static const OptionTable table = { "pushover_config", options, sizeof(PushoverOptions), NULL };
const NotifyKind notify_pushover_kind = {
        .base = { COMPONENT_NOTIFIER, "pushover", "Sends push messages with Pushover.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
