/* wechat: asks for an access token, which holds for two hours, then sends. */
#include <stddef.h>

#include "net/url.h"
#include "notify/notify_kind.h"

enum { TOKEN_MS = 2 * 3600 * 1000, ERRCODE_TOKEN_EXPIRED = 42001 };

typedef struct WechatOptions {
        NotifyBase base;
        Secret api_secret;
        Str api_secret_file, corp_id, api_url, agent_id, to_user, to_party, to_tag, message, message_type;
} WechatOptions;

static bool check(void *options, const NotifyBinding *b)
{
        WechatOptions *o = options;
        const NotifyGlobal *g = b->global;
        if (!o->message_type.n)
                o->message_type = STR("text");
        if (!str_eq(o->message_type, STR("text")) && !str_eq(o->message_type, STR("markdown")))
                return notify_global_error(
                        b, "weChat message type \"" STR_FMT "\" does not match valid options ^(text|markdown)$",
                        STR_ARG(str_sub(o->message_type, 0, 60)));
        if (!notify_global_secret(b, "api_secret", &o->api_secret, &o->api_secret_file, g->wechat_api_secret,
                                  g->wechat_api_secret_file, "no global Wechat ApiSecret set"))
                return false;
        if (!o->corp_id.n)
                o->corp_id = g->wechat_api_corp_id;
        if (!o->corp_id.n)
                return notify_global_error(b, "no global Wechat CorpID set");
        if (!o->api_url.p)
                o->api_url = g->wechat_api_url;
        if (!notify_global_check_url(b, o->api_url))
                return false;
        if (!str_ends(o->api_url, STR("/")))
                o->api_url = str_printf(b->ctx->arena, STR_FMT "/", STR_ARG(o->api_url));
        return true;
}

typedef struct WechatState {
        Str api_url, memory_key, body;
        bool has_token;
} WechatState;

static Str body_of(NotifyMsg *m, const WechatOptions *o)
{
        NotifyJson j;
        JsonWriter *w = &j.w;
        bool markdown = str_eq(o->message_type, STR("markdown"));
        Str message = notify_msg_text(m, o->message);
        notify_msg_json(m, &j);
        json_begin_object(w);
        json_key(w, STR("text"));
        json_begin_object(w);
        json_key_str(w, "content", markdown ? (Str){ 0 } : message);
        json_end_object(w);
        notify_msg_json_opt(&j, "touser", notify_msg_text(m, o->to_user));
        notify_msg_json_opt(&j, "toparty", notify_msg_text(m, o->to_party));
        notify_msg_json_opt(&j, "totag", notify_msg_text(m, o->to_tag));
        notify_msg_json_opt(&j, "agentid", notify_msg_text(m, o->agent_id));
        json_key_cstr(w, "safe", "0");
        json_key_str(w, "msgtype", o->message_type);
        json_key(w, STR("markdown"));
        json_begin_object(w);
        json_key_str(w, "content", markdown ? message : (Str){ 0 });
        json_end_object(w);
        json_end_object(w);
        return notify_msg_json_done(&j);
}

static void send_with(NotifyMsg *m, Str token)
{
        WechatState *s = m->state;
        Buf url = { .arena = m->arena };
        buf_printf(&url, STR_FMT "message/send?access_token=", STR_ARG(s->api_url));
        url_encode_query(&url, token);
        s->has_token = true;
        notify_msg_post(m, buf_str(&url), s->body);
}

static bool make(NotifyMsg *m, Err *err)
{
        const WechatOptions *o = m->options;
        WechatState *s = arena_new_of(m->arena, WechatState);
        Str secret;
        Str token;
        if (!notify_msg_secret(m, o->api_secret, o->api_secret_file, "api_secret", &secret, err))
                return false;
        Str corp = notify_msg_text(m, o->corp_id);
        *s = (WechatState){ .api_url = str_dup(m->arena, o->api_url),
                            .memory_key = str_printf(m->arena, "wechat " STR_FMT " " STR_FMT " " STR_FMT,
                                                     STR_ARG(o->api_url), STR_ARG(corp), STR_ARG(secret)),
                            .body = body_of(m, o) };
        m->state = s;
        if (notify_memory_get(m->memory, s->memory_key, m->now_ms, m->arena, &token)) {
                send_with(m, token);
        } else {
                Buf url = { .arena = m->arena };
                buf_printf(&url, STR_FMT "gettoken?corpid=", STR_ARG(s->api_url));
                url_encode_query(&url, corp);
                buf_lit(&url, "&corpsecret=");
                url_encode_query(&url, notify_msg_text(m, secret));
                notify_msg_request(m, "GET", buf_str(&url), (Str){ 0 }, (Str){ 0 });
        }
        return notify_msg_texts_ok(m, err);
}

static NotifyVerdict answered(NotifyMsg *m, const HttpAnswer *a, Err *err)
{
        WechatState *s = m->state;
        JsonValue *v;
        if (s->has_token && a->status != 200) {
                err_set(err, ERR_UNAVAILABLE, "unexpected status code %d", a->status);
                return NOTIFY_RETRY;
        }
        if (!json_parse(a->body, m->arena, &v, err)) {
                err_wrap(err, "the answer");
                return s->has_token || a->status / 100 == 5 ? NOTIFY_RETRY : NOTIFY_FAILED;
        }
        if (!s->has_token) {
                Str token = json_get_str(v, STR("access_token"));
                if (!token.n) {
                        err_set(err, ERR_INVALID, "invalid APISecret: " STR_FMT,
                                STR_ARG(str_sub(json_get_str(v, STR("errmsg")), 0, 200)));
                        return NOTIFY_FAILED;
                }
                notify_memory_put(m->memory, s->memory_key, token, m->now_ms + TOKEN_MS);
                send_with(m, token);
                return NOTIFY_NEXT;
        }
        const JsonValue *code = json_get(v, STR("errcode"));
        if (!code || code->num == 0)
                return NOTIFY_DELIVERED;
        err_set(err, ERR_INVALID, STR_FMT, STR_ARG(str_sub(json_get_str(v, STR("errmsg")), 0, 200)));
        if (code->num != (double)ERRCODE_TOKEN_EXPIRED)
                return NOTIFY_FAILED;
        notify_memory_put(m->memory, s->memory_key, (Str){ 0 }, 0);
        return NOTIFY_RETRY;
}

#define AT(field) offsetof(WechatOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("false"),
        { "api_secret", OPT_SECRET, AT(api_secret), .help = "Secret; default: wechat_api_secret." },
        { "api_secret_file", OPT_STR, AT(api_secret_file), .help = "File with it." },
        { "corp_id", OPT_STR, AT(corp_id), .help = "Corporation; default: wechat_api_corp_id." },
        { "api_url", OPT_STR, AT(api_url), .help = "The API; default: wechat_api_url." },
        { "agent_id", OPT_STR, AT(agent_id), .def = "{{ template \"wechat.default.agent_id\" . }}",
          .help = "The application; a template, as all texts here." },
        { "to_user", OPT_STR, AT(to_user), .def = "{{ template \"wechat.default.to_user\" . }}", .help = "People." },
        { "to_party", OPT_STR, AT(to_party), .def = "{{ template \"wechat.default.to_party\" . }}",
          .help = "Departments." },
        { "to_tag", OPT_STR, AT(to_tag), .def = "{{ template \"wechat.default.to_tag\" . }}", .help = "Tags." },
        { "message", OPT_STR, AT(message), .def = "{{ template \"wechat.default.message\" . }}", .help = "Text." },
        { "message_type", OPT_STR, AT(message_type), .def = "text", .help = "text or markdown." },
        OPTION_END,
};
static const OptionTable table = { "wechat_config", options, sizeof(WechatOptions), NULL };
const NotifyKind notify_wechat_kind = {
        .base = { COMPONENT_NOTIFIER, "wechat", "Sends messages with WeChat Work.", &table, NULL, NULL },
        .check = check,
        .make = make,
        .answered = answered,
};
