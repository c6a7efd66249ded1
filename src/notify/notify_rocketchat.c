/* rocketchat: an attachment to chat.postMessage. */
#include <stddef.h>

#include "notify/notify_kind.h"

enum { MAX_TITLE_RUNES = 1024 };

typedef struct RocketField {
        Str title, value;
        bool is_short, has_short;
} RocketField;
typedef struct RocketAction {
        Str type, text, url, image_url, webview_height_ratio, msg, msg_processing_type;
        bool is_webview, msg_in_chat_window;
} RocketAction;
typedef struct RocketchatOptions {
        NotifyBase base;
        Secret token, token_id;
        Str token_file, token_id_file, api_url, channel, color, title, title_link, text, emoji, icon_url, image_url,
                thumb_url;
        StructList fields, actions;
        bool short_fields, link_names;
} RocketchatOptions;

static bool check(void *options, const NotifyBinding *b)
{
        RocketchatOptions *o = options;
        const NotifyGlobal *g = b->global;
        if (!notify_global_secret(b, "token", &o->token, &o->token_file, g->rocketchat_token, g->rocketchat_token_file,
                                  "no global Rocketchat Token set either inline or in a file") ||
            !notify_global_secret(b, "token_id", &o->token_id, &o->token_id_file, g->rocketchat_token_id,
                                  g->rocketchat_token_id_file,
                                  "no global Rocketchat TokenID set either inline or in a file"))
                return false;
        if (!o->api_url.p)
                o->api_url = g->rocketchat_api_url;
        return notify_global_check_url(b, o->api_url);
}

static void put_fields(NotifyMsg *m, const RocketchatOptions *o, NotifyJson *j)
{
        const RocketField *fields = o->fields.data;
        json_key(&j->w, STR("fields"));
        json_begin_array(&j->w);
        for (size_t i = 0; i < o->fields.n; i++) {
                json_begin_object(&j->w);
                json_key_bool(&j->w, "short", fields[i].has_short ? fields[i].is_short : o->short_fields);
                notify_msg_json_opt(j, "title", notify_msg_text(m, fields[i].title));
                notify_msg_json_opt(j, "value", notify_msg_text(m, fields[i].value));
                json_end_object(&j->w);
        }
        json_end_array(&j->w);
}

static void put_actions(NotifyMsg *m, const RocketchatOptions *o, NotifyJson *j)
{
        const RocketAction *actions = o->actions.data;
        json_key(&j->w, STR("actions"));
        json_begin_array(&j->w);
        for (size_t i = 0; i < o->actions.n; i++) {
                json_begin_object(&j->w);
                json_key_cstr(&j->w, "type", "button");
                notify_msg_json_opt(j, "text", notify_msg_text(m, actions[i].text));
                notify_msg_json_opt(j, "url", notify_msg_text(m, actions[i].url));
                json_key_bool(&j->w, "is_webview", false);
                notify_msg_json_opt(j, "msg", notify_msg_text(m, actions[i].msg));
                json_key_bool(&j->w, "msg_in_chat_window", false);
                json_end_object(&j->w);
        }
        json_end_array(&j->w);
}

static Str body_of(NotifyMsg *m, const RocketchatOptions *o)
{
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        notify_msg_json_opt(&j, "channel", notify_msg_text(m, o->channel));
        notify_msg_json_opt(&j, "emoji", notify_msg_text(m, o->emoji));
        notify_msg_json_opt(&j, "avatar", notify_msg_text(m, o->icon_url));
        json_key(&j.w, STR("attachments"));
        json_begin_array(&j.w);
        json_begin_object(&j.w);
        notify_msg_json_opt(&j, "title", notify_msg_cut(m, notify_msg_text(m, o->title), MAX_TITLE_RUNES));
        notify_msg_json_opt(&j, "title_link", notify_msg_text(m, o->title_link));
        notify_msg_json_opt(&j, "text", notify_msg_text(m, o->text));
        notify_msg_json_opt(&j, "image_url", notify_msg_text(m, o->image_url));
        notify_msg_json_opt(&j, "thumb_url", notify_msg_text(m, o->thumb_url));
        notify_msg_json_opt(&j, "color", notify_msg_text(m, o->color));
        if (o->fields.n)
                put_fields(m, o, &j);
        if (o->actions.n)
                put_actions(m, o, &j);
        json_end_object(&j.w);
        json_end_array(&j.w);
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

static bool make(NotifyMsg *m, Err *err)
{
        const RocketchatOptions *o = m->options;
        Str token;
        Str user;
        if (!notify_msg_secret(m, o->token, o->token_file, "token", &token, err) ||
            !notify_msg_secret(m, o->token_id, o->token_id_file, "token_id", &user, err))
                return false;
        const char *slash = str_ends(o->api_url, STR("/")) ? "" : "/";
        Str url = str_printf(m->arena, STR_FMT "%sapi/v1/chat.postMessage", STR_ARG(o->api_url), slash);
        notify_msg_post(m, url, body_of(m, o));
        notify_msg_header(m, STR("X-Auth-Token"), token);
        notify_msg_header(m, STR("X-User-Id"), user);
        return notify_msg_texts_ok(m, err);
}

static NotifyVerdict answered(NotifyMsg *m, const HttpAnswer *a, Err *err)
{
        NotifyVerdict verdict = notify_msg_status(a, err);
        JsonValue *v;
        if (verdict != NOTIFY_DELIVERED)
                return verdict;
        if (!json_parse(a->body, m->arena, &v, err)) {
                err_wrap(err, "could not unmarshal JSON response");
                return NOTIFY_RETRY;
        }
        const JsonValue *success = json_get(v, STR("success"));
        if (success && success->kind == JSON_BOOL && success->b)
                return NOTIFY_DELIVERED;
        err_set(err, ERR_INVALID, "error response from Rocketchat: " STR_FMT,
                STR_ARG(str_sub(json_get_str(v, STR("error")), 0, 200)));
        return NOTIFY_FAILED;
}

static const Option field_options[] = {
        { "title", OPT_STR, offsetof(RocketField, title), .help = "Heading; a template." },
        { "value", OPT_STR, offsetof(RocketField, value), .help = "Text; a template." },
        { "short", OPT_BOOL, offsetof(RocketField, is_short), .set_offset = offsetof(RocketField, has_short),
          .help = "May stand beside others; default: short_fields." },
        OPTION_END,
};
static const OptionTable field_table = { "fields", field_options, sizeof(RocketField), NULL };

#define AT(field) offsetof(RocketAction, field)
static const Option action_options[] = {
        { "type", OPT_STR, AT(type), .help = "Always a button." },
        { "text", OPT_STR, AT(text), .help = "What stands on it." },
        { "url", OPT_STR, AT(url), .help = "Where it leads." },
        { "msg", OPT_STR, AT(msg), .help = "What it sends." },
        { "image_url", OPT_STR, AT(image_url), .help = "Read, not sent, as upstream." },
        { "is_webview", OPT_BOOL, AT(is_webview), .help = "Read, not sent, as upstream." },
        { "webview_height_ratio", OPT_STR, AT(webview_height_ratio), .help = "Read, not sent, as upstream." },
        { "msg_in_chat_window", OPT_BOOL, AT(msg_in_chat_window), .help = "Read, not sent, as upstream." },
        { "msg_processing_type", OPT_STR, AT(msg_processing_type), .help = "Read, not sent, as upstream." },
        OPTION_END,
};
#undef AT
static const OptionTable action_table = { "actions", action_options, sizeof(RocketAction), NULL };

#define AT(field) offsetof(RocketchatOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("false"),
        { "token", OPT_SECRET, AT(token), .help = "Token; default: rocketchat_token." },
        { "token_file", OPT_STR, AT(token_file), .help = "File with it." },
        { "token_id", OPT_SECRET, AT(token_id), .help = "User of the token; default: rocketchat_token_id." },
        { "token_id_file", OPT_STR, AT(token_id_file), .help = "File with it." },
        { "api_url", OPT_STR, AT(api_url), .help = "The server; default: rocketchat_api_url." },
        { "channel", OPT_STR, AT(channel), .help = "Channel or user; a template, as all texts here." },
        { "color", OPT_STR, AT(color), .def = "{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}",
          .help = "Colour of the bar." },
        { "title", OPT_STR, AT(title), .def = "{{ template \"rocketchat.default.title\" . }}", .help = "Heading." },
        { "title_link", OPT_STR, AT(title_link), .def = "{{ template \"rocketchat.default.titlelink\" . }}",
          .help = "Where the heading leads." },
        { "text", OPT_STR, AT(text), .def = "{{ template \"rocketchat.default.text\" . }}", .help = "Text." },
        { "fields", OPT_STRUCT_LIST, AT(fields), .table = &field_table, .null_entries = true, .help = "Fields." },
        { "short_fields", OPT_BOOL, AT(short_fields), .help = "Fields are short unless they say otherwise." },
        { "emoji", OPT_STR, AT(emoji), .def = "{{ template \"rocketchat.default.emoji\" . }}",
          .help = "Picture of the sender." },
        { "icon_url", OPT_STR, AT(icon_url), .def = "{{ template \"rocketchat.default.iconurl\" . }}",
          .help = "Picture of the sender." },
        { "image_url", OPT_STR, AT(image_url), .help = "Picture." },
        { "thumb_url", OPT_STR, AT(thumb_url), .help = "Small picture." },
        { "link_names", OPT_BOOL, AT(link_names), .help = "Read, not sent, as upstream." },
        { "actions", OPT_STRUCT_LIST, AT(actions), .table = &action_table, .null_entries = true, .help = "Buttons." },
        OPTION_END,
};
static const OptionTable table = { "rocketchat_config", options, sizeof(RocketchatOptions), NULL };
const NotifyKind notify_rocketchat_kind = {
        .base = { COMPONENT_NOTIFIER, "rocketchat", "Writes to a Rocket.Chat channel.", &table, NULL, NULL },
        .check = check,
        .make = make,
        .answered = answered,
};
