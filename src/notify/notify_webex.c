/* webex: a Markdown message to a room. */
#include <stddef.h>

#include "notify/notify_kind.h"

enum { MAX_MESSAGE_BYTES = 7439 };

typedef struct WebexOptions {
        NotifyBase base;
        Str api_url, message, room_id;
} WebexOptions;

static bool check(void *options, const NotifyBinding *b)
{
        WebexOptions *o = options;
        if (!o->room_id.n)
                return notify_global_error(b, "missing room_id on webex_config");
        if (!o->base.http || !o->base.http->authorization)
                return notify_global_error(b, "missing webex_configs.http_config.authorization");
        if (!o->api_url.p)
                o->api_url = b->global->webex_api_url;
        return notify_global_check_url(b, o->api_url);
}

static bool make(NotifyMsg *m, Err *err)
{
        const WebexOptions *o = m->options;
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        json_key_str(&j.w, "markdown", notify_msg_cut_bytes(m, notify_msg_text(m, o->message), MAX_MESSAGE_BYTES));
        json_key_str(&j.w, "roomId", m->compat == ALERT_COMPAT_AM_0_25 ? o->room_id : notify_msg_text(m, o->room_id));
        json_end_object(&j.w);
        notify_msg_post(m, str_dup(m->arena, o->api_url), notify_msg_json_done(&j));
        return notify_msg_texts_ok(m, err);
}

#define AT(field) offsetof(WebexOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "api_url", OPT_STR, AT(api_url), .help = "The API; default: webex_api_url." },
        { "message", OPT_STR, AT(message), .def = "{{ template \"webex.default.message\" . }}",
          .help = "Text; a template." },
        { "room_id", OPT_STR, AT(room_id), .help = "The room; a template." },
        OPTION_END,
};
static const OptionTable table = { "webex_config", options, sizeof(WebexOptions), NULL };
const NotifyKind notify_webex_kind = {
        .base = { COMPONENT_NOTIFIER, "webex", "Writes to a Webex room.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
