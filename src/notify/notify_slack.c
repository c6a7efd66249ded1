/* slack: an attachment to an incoming webhook or, with an app's token, to chat.postMessage. */
#include <stddef.h>

#include "notify/notify_kind.h"

enum { MAX_TITLE_RUNES = 1024, REMEMBER_MS = 7 * 24 * 3600 * 1000 };

typedef struct SlackField {
        Str title, value;
        bool is_short, has_short;
} SlackField;
typedef struct SlackConfirm {
        Str text, title, ok_text, dismiss_text;
} SlackConfirm;
typedef struct SlackAction {
        Str type, text, url, style, name, value;
        SlackConfirm *confirm;
} SlackAction;
typedef struct SlackOptions {
        NotifyBase base;
        Secret api_url, app_token;
        Str api_url_file, app_token_file, app_url;
        Str channel, username, color, title, title_link, pretext, text, message_text, footer, fallback, callback_id,
                icon_emoji, icon_url, image_url, thumb_url;
        StructList fields, actions;
        bool short_fields, link_names, update_message, has_api_url, has_app_token;
        StrList mrkdwn_in;
} SlackOptions;

#define POST_MESSAGE STR("https://slack.com/api/chat.postMessage")

static bool uses_token(const SlackOptions *o) { return o->app_token.text.n || o->app_token_file.n; }

static bool check_where(SlackOptions *o, const NotifyBinding *b)
{
        const NotifyGlobal *g = b->global;
        bool own_url = o->api_url.text.n || o->api_url_file.n;
        bool own_token = uses_token(o);
        if (!notify_global_check_secret_url(b, o->api_url) || !notify_global_check_url(b, o->app_url))
                return false;
        if (!notify_global_secret(b, "api_url", &o->api_url, &o->api_url_file, (Secret){ 0 }, (Str){ 0 }, NULL) ||
            !notify_global_secret(b, "app_token", &o->app_token, &o->app_token_file, (Secret){ 0 }, (Str){ 0 }, NULL))
                return false;
        if (own_url && own_token)
                return notify_global_error(
                        b, "at most one of api_url/api_url_file & app_token/app_token_file must be configured");
        bool has_auth = o->base.http && (o->base.http->authorization || o->base.http->basic_auth ||
                                         o->base.http->oauth2); /* the old way to give a token */
        if (own_token && has_auth)
                return notify_global_error(b, "http authorization can't be set when using Slack App tokens");
        if (!own_url && !own_token) {
                if (!has_auth) {
                        o->app_token = g->slack_app_token;
                        o->app_token_file = g->slack_app_token_file;
                }
                if (!uses_token(o)) {
                        o->api_url = g->slack_api_url;
                        o->api_url_file = g->slack_api_url_file;
                }
                if (!uses_token(o) && !o->api_url.text.n && !o->api_url_file.n)
                        return notify_global_error(b, "no global Slack API URL set either inline or in a file");
        }
        if (!o->app_url.n)
                o->app_url = g->slack_app_url;
        return true;
}

static bool check(void *options, const NotifyBinding *b)
{
        SlackOptions *o = options;
        SlackAction *actions = o->actions.data;
        if (!check_where(o, b))
                return false;
        if (o->update_message && !uses_token(o) && !str_eq(o->api_url.text, POST_MESSAGE))
                return notify_global_error(b, "update_message can only be used with bot tokens. api_url must be set to "
                                              "https://slack.com/api/chat.postMessage");
        for (size_t i = 0; i < o->actions.n; i++) { /* a link has nothing of a message button */
                if (actions[i].url.n) {
                        actions[i].name = actions[i].value = (Str){ 0 };
                        actions[i].confirm = NULL;
                }
        }
        return true;
}

/* ---- the body */

static void put_fields(NotifyMsg *m, const SlackOptions *o, NotifyJson *j)
{
        const SlackField *fields = o->fields.data;
        json_key(&j->w, STR("fields"));
        json_begin_array(&j->w);
        for (size_t i = 0; i < o->fields.n; i++) {
                json_begin_object(&j->w);
                notify_msg_json_opt(j, "title", notify_msg_text(m, fields[i].title));
                notify_msg_json_opt(j, "value", notify_msg_text(m, fields[i].value));
                json_key_bool(&j->w, "short", fields[i].has_short ? fields[i].is_short : o->short_fields);
                json_end_object(&j->w);
        }
        json_end_array(&j->w);
}

static void put_actions(NotifyMsg *m, const SlackOptions *o, NotifyJson *j)
{
        const SlackAction *actions = o->actions.data;
        json_key(&j->w, STR("actions"));
        json_begin_array(&j->w);
        for (size_t i = 0; i < o->actions.n; i++) {
                const SlackAction *a = &actions[i];
                json_begin_object(&j->w);
                notify_msg_json_opt(j, "type", notify_msg_text(m, a->type));
                notify_msg_json_opt(j, "text", notify_msg_text(m, a->text));
                notify_msg_json_opt(j, "url", notify_msg_text(m, a->url));
                notify_msg_json_opt(j, "style", notify_msg_text(m, a->style));
                notify_msg_json_opt(j, "name", notify_msg_text(m, a->name));
                notify_msg_json_opt(j, "value", notify_msg_text(m, a->value));
                if (a->confirm) {
                        json_key(&j->w, STR("confirm"));
                        json_begin_object(&j->w);
                        notify_msg_json_opt(j, "text", notify_msg_text(m, a->confirm->text));
                        notify_msg_json_opt(j, "title", notify_msg_text(m, a->confirm->title));
                        notify_msg_json_opt(j, "ok_text", notify_msg_text(m, a->confirm->ok_text));
                        notify_msg_json_opt(j, "dismiss_text", notify_msg_text(m, a->confirm->dismiss_text));
                        json_end_object(&j->w);
                }
                json_end_object(&j->w);
        }
        json_end_array(&j->w);
}

static void put_attachment(NotifyMsg *m, const SlackOptions *o, NotifyJson *j)
{
        static const char *const everywhere[] = { "fallback", "pretext", "text" };
        JsonWriter *w = &j->w;
        json_begin_object(w);
        notify_msg_json_opt(j, "title", notify_msg_cut(m, notify_msg_text(m, o->title), MAX_TITLE_RUNES));
        notify_msg_json_opt(j, "title_link", notify_msg_text(m, o->title_link));
        notify_msg_json_opt(j, "pretext", notify_msg_text(m, o->pretext));
        json_key_str(w, "text", notify_msg_text(m, o->text));
        json_key_str(w, "fallback", notify_msg_text(m, o->fallback));
        json_key_str(w, "callback_id", notify_msg_text(m, o->callback_id));
        if (o->fields.n)
                put_fields(m, o, j);
        if (o->actions.n)
                put_actions(m, o, j);
        notify_msg_json_opt(j, "image_url", notify_msg_text(m, o->image_url));
        notify_msg_json_opt(j, "thumb_url", notify_msg_text(m, o->thumb_url));
        json_key_str(w, "footer", notify_msg_text(m, o->footer));
        notify_msg_json_opt(j, "color", notify_msg_text(m, o->color));
        json_key(w, STR("mrkdwn_in"));
        json_begin_array(w);
        for (size_t i = 0; i < o->mrkdwn_in.n; i++)
                json_str(w, o->mrkdwn_in.data[i]);
        for (size_t i = 0; !o->mrkdwn_in.n && i < ARRAY_LEN(everywhere); i++)
                json_cstr(w, everywhere[i]);
        json_end_array(w);
        json_end_object(w);
}

/* What an update needs: the channel's id and the message's time stamp, remembered as "id ts". */
typedef struct SlackState {
        Str key;
        bool remember;
} SlackState;

static Str body_of(NotifyMsg *m, const SlackOptions *o, Str channel, Str channel_id, Str ts)
{
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        notify_msg_json_opt(&j, "channel", channel_id.n ? channel_id : channel);
        notify_msg_json_opt(&j, "ts", ts);
        notify_msg_json_opt(&j, "username", notify_msg_text(m, o->username));
        notify_msg_json_opt(&j, "icon_emoji", notify_msg_text(m, o->icon_emoji));
        notify_msg_json_opt(&j, "icon_url", notify_msg_text(m, o->icon_url));
        if (o->link_names)
                json_key_bool(&j.w, "link_names", true);
        notify_msg_json_opt(&j, "text", notify_msg_text(m, o->message_text));
        json_key(&j.w, STR("attachments"));
        json_begin_array(&j.w);
        put_attachment(m, o, &j);
        json_end_array(&j.w);
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

static bool make(NotifyMsg *m, Err *err)
{
        const SlackOptions *o = m->options;
        Str url;
        Str token = { 0 };
        Str remembered;
        Str channel_id = { 0 };
        Str ts = { 0 };
        SlackState *state = arena_new_of(m->arena, SlackState);
        if (uses_token(o) && !notify_msg_secret(m, o->app_token, o->app_token_file, "app_token", &token, err))
                return false;
        if (token.n)
                url = str_dup(m->arena, o->app_url);
        else if (!notify_msg_secret(m, o->api_url, o->api_url_file, "api_url", &url, err))
                return false;
        Str channel = notify_msg_text(m, o->channel);
        state->remember = o->update_message;
        state->key = str_printf(m->arena, "slack " STR_FMT " %zu " STR_FMT " %s", STR_ARG(m->n->receiver),
                                m->n->integration, STR_ARG(channel), m->dedup_key);
        /* Once everything was over, what comes is another story: a message of its own. */
        if (o->update_message && !str_eq(m->n->reason, STR("first notification")) &&
            notify_memory_get(m->memory, state->key, m->now_ms, m->arena, &remembered)) {
                str_cut(remembered, ' ', &channel_id, &ts);
                if (str_ends(url, STR("chat.postMessage")))
                        url = str_printf(m->arena, STR_FMT "chat.update", STR_ARG(str_sub(url, 0, url.n - 16)));
        }
        m->state = state;
        notify_msg_post(m, url, body_of(m, o, channel, channel_id, ts));
        if (token.n)
                notify_msg_header(m, STR("Authorization"), str_printf(m->arena, "Bearer " STR_FMT, STR_ARG(token)));
        return notify_msg_texts_ok(m, err);
}

static NotifyVerdict answered(NotifyMsg *m, const HttpAnswer *a, Err *err)
{
        const SlackState *state = m->state;
        NotifyVerdict verdict = notify_msg_status(a, err);
        if (verdict != NOTIFY_DELIVERED)
                return verdict;
        if (!str_starts(a->content_type, STR("application/json"))) {
                if (str_eq(a->body, STR("ok")))
                        return NOTIFY_DELIVERED;
                err_set(err, ERR_INVALID, "received an error response from Slack: " STR_FMT,
                        STR_ARG(str_sub(a->body, 0, 200)));
                return NOTIFY_FAILED;
        }
        JsonValue *v;
        if (!json_parse(a->body, m->arena, &v, err)) {
                err_wrap(err, "could not unmarshal JSON response");
                return NOTIFY_RETRY;
        }
        const JsonValue *ok = json_get(v, STR("ok"));
        if (!ok || ok->kind != JSON_BOOL || !ok->b) {
                err_set(err, ERR_INVALID, "error response from Slack: " STR_FMT,
                        STR_ARG(str_sub(json_get_str(v, STR("error")), 0, 200)));
                return NOTIFY_FAILED;
        }
        Str ts = json_get_str(v, STR("ts"));
        if (state->remember && ts.n)
                notify_memory_keep(m->memory, state->key,
                                   str_printf(m->arena, STR_FMT " " STR_FMT, STR_ARG(json_get_str(v, STR("channel"))),
                                              STR_ARG(ts)),
                                   m->now_ms, m->now_ms + REMEMBER_MS);
        return NOTIFY_DELIVERED;
}

/* ---- tables */

static bool need(const YamlNode *node, const OptionCtx *ctx, Str value, const char *what)
{
        return value.n || diags_error(ctx->diags, ctx->file, node->pos, "missing %s configuration", what);
}

static void check_field(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        const SlackField *f = self;
        IGNORE(need(node, ctx, f->title, "title in Slack field") && need(node, ctx, f->value, "value in Slack field"));
}

static void check_confirm(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        IGNORE(need(node, ctx, ((const SlackConfirm *)self)->text, "text in Slack confirmation"));
}

static void check_action(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        const SlackAction *a = self;
        Str url_or_name = a->url.n ? a->url : a->name;
        IGNORE(need(node, ctx, a->type, "type in Slack action") && need(node, ctx, a->text, "text in Slack action") &&
               need(node, ctx, url_or_name, "name or url in Slack action"));
}

static const Option field_options[] = {
        { "title", OPT_STR, offsetof(SlackField, title), .help = "Heading; a template." },
        { "value", OPT_STR, offsetof(SlackField, value), .help = "Text; a template." },
        { "short", OPT_BOOL, offsetof(SlackField, is_short), .set_offset = offsetof(SlackField, has_short),
          .help = "May stand beside others; default: short_fields." },
        OPTION_END,
};
static const OptionTable field_table = { "fields", field_options, sizeof(SlackField), check_field };

static const Option confirm_options[] = {
        { "text", OPT_STR, offsetof(SlackConfirm, text), .help = "The question." },
        { "title", OPT_STR, offsetof(SlackConfirm, title), .help = "Heading." },
        { "ok_text", OPT_STR, offsetof(SlackConfirm, ok_text), .help = "Yes." },
        { "dismiss_text", OPT_STR, offsetof(SlackConfirm, dismiss_text), .help = "No." },
        OPTION_END,
};
static const OptionTable confirm_table = { "confirm", confirm_options, sizeof(SlackConfirm), check_confirm };

static const Option action_options[] = {
        { "type", OPT_STR, offsetof(SlackAction, type), .help = "button." },
        { "text", OPT_STR, offsetof(SlackAction, text), .help = "What stands on it." },
        { "url", OPT_STR, offsetof(SlackAction, url), .help = "Where it leads." },
        { "style", OPT_STR, offsetof(SlackAction, style), .help = "default, primary or danger." },
        { "name", OPT_STR, offsetof(SlackAction, name), .help = "Name of a message button." },
        { "value", OPT_STR, offsetof(SlackAction, value), .help = "What the button sends." },
        { "confirm", OPT_STRUCT_PTR, offsetof(SlackAction, confirm), .table = &confirm_table,
          .help = "A question before it is sent." },
        OPTION_END,
};
static const OptionTable action_table = { "actions", action_options, sizeof(SlackAction), check_action };

#define AT(field) offsetof(SlackOptions, field)
#define TEXT(key, help_) { #key, OPT_STR, AT(key), .help = (help_) }
#define TEXT_DEFAULT(key, template_, help_) \
        { #key, OPT_STR, AT(key), .def = "{{ template \"slack.default." template_ "\" . }}", .help = (help_) }
static const Option options[] = {
        NOTIFY_BASE_ROWS("false"),
        NOTIFY_TIMEOUT_ROW,
        { "api_url", OPT_SECRET, AT(api_url), .help = "The incoming webhook; default: slack_api_url." },
        TEXT(api_url_file, "File with it."),
        { "app_token", OPT_SECRET, AT(app_token), .help = "Token of an app, in place of a webhook." },
        TEXT(app_token_file, "File with it."),
        TEXT(app_url, "Where messages with a token go; default: slack_app_url."),
        TEXT(channel, "Channel or user; a template, as all texts here."),
        TEXT_DEFAULT(username, "username", "Sender."),
        TEXT_DEFAULT(color, "color", "Colour of the bar."),
        TEXT_DEFAULT(title, "title", "Heading."),
        TEXT_DEFAULT(title_link, "titlelink", "Where the heading leads."),
        TEXT_DEFAULT(pretext, "pretext", "Text above the attachment."),
        TEXT_DEFAULT(text, "text", "Text of the attachment."),
        TEXT(message_text, "Text of the message itself."),
        { "fields", OPT_STRUCT_LIST, AT(fields), .table = &field_table, .null_entries = true, .help = "Fields." },
        { "short_fields", OPT_BOOL, AT(short_fields), .help = "Fields are short unless they say otherwise." },
        TEXT_DEFAULT(footer, "footer", "Text below."),
        TEXT_DEFAULT(fallback, "fallback", "Text where attachments cannot be shown."),
        TEXT_DEFAULT(callback_id, "callbackid", "For message buttons."),
        TEXT_DEFAULT(icon_emoji, "iconemoji", "Picture of the sender."),
        TEXT_DEFAULT(icon_url, "iconurl", "Picture of the sender."),
        TEXT(image_url, "Picture."),
        TEXT(thumb_url, "Small picture."),
        { "link_names", OPT_BOOL, AT(link_names), .help = "Names of people and channels become links." },
        { "mrkdwn_in", OPT_STR_LIST, AT(mrkdwn_in),
          .help = "Where Markdown is read; default: fallback, pretext, text." },
        { "actions", OPT_STRUCT_LIST, AT(actions), .table = &action_table, .null_entries = true, .help = "Buttons." },
        { "update_message", OPT_BOOL, AT(update_message),
          .help = "Later messages about a group replace its first one; needs a token." },
        OPTION_END,
};
static const OptionTable table = { "slack_config", options, sizeof(SlackOptions), NULL };
const NotifyKind notify_slack_kind = {
        .base = { COMPONENT_NOTIFIER, "slack", "Writes to a Slack channel.", &table, NULL, NULL },
        .check = check,
        .make = make,
        .answered = answered,
};
