/* mattermost: an incoming webhook. The keys of an attachment may stand in the integration itself: they are its only one
 * then. */
#include <stddef.h>

#include "notify/notify_kind.h"

enum { MAX_TEXT_RUNES = 16383 };

typedef struct MattermostField {
        Str title, value;
        bool is_short, has_short;
} MattermostField;
typedef struct MattermostAttachment {
        Str fallback, color, pretext, text, author_name, author_link, author_icon, title, title_link, thumb_url, footer,
                footer_icon, image_url;
        StructList fields;
} MattermostAttachment;
typedef struct MattermostProps {
        Str card;
} MattermostProps;
typedef struct MattermostPriority {
        Str priority;
        bool requested_ack, persistent_notifications;
} MattermostPriority;
typedef struct MattermostOptions {
        NotifyBase base;
        Secret webhook_url;
        Str webhook_url_file, channel, username, icon_url, icon_emoji, type;
        MattermostAttachment own; /* the keys in the integration itself */
        StructList attachments;
        MattermostProps *props;
        MattermostPriority *priority;
} MattermostOptions;

static bool check(void *options, const NotifyBinding *b)
{
        MattermostOptions *o = options;
        const NotifyGlobal *g = b->global;
        return notify_global_secret(b, "webhook_url", &o->webhook_url, &o->webhook_url_file, g->mattermost_webhook_url,
                                    g->mattermost_webhook_url_file,
                                    "no global Mattermost Webhook URL set either inline or in a file") &&
               notify_global_check_secret_url(b, o->webhook_url);
}

static void put_fields(NotifyMsg *m, const MattermostAttachment *a, NotifyJson *j)
{
        const MattermostField *fields = a->fields.data;
        json_key(&j->w, STR("fields"));
        json_begin_array(&j->w);
        for (size_t i = 0; i < a->fields.n; i++) {
                json_begin_object(&j->w);
                notify_msg_json_opt(j, "title", notify_msg_text(m, fields[i].title));
                notify_msg_json_opt(j, "value", notify_msg_text(m, fields[i].value));
                if (fields[i].has_short)
                        json_key_bool(&j->w, "short", fields[i].is_short);
                json_end_object(&j->w);
        }
        json_end_array(&j->w);
}

static void put_attachment(NotifyMsg *m, const MattermostAttachment *a, NotifyJson *j)
{
        json_begin_object(&j->w);
        notify_msg_json_opt(j, "fallback", notify_msg_text(m, a->fallback));
        notify_msg_json_opt(j, "color", notify_msg_text(m, a->color));
        notify_msg_json_opt(j, "pretext", notify_msg_text(m, a->pretext));
        notify_msg_json_opt(j, "text", notify_msg_cut(m, notify_msg_text(m, a->text), MAX_TEXT_RUNES));
        notify_msg_json_opt(j, "author_name", notify_msg_text(m, a->author_name));
        notify_msg_json_opt(j, "author_link", notify_msg_text(m, a->author_link));
        notify_msg_json_opt(j, "author_icon", notify_msg_text(m, a->author_icon));
        notify_msg_json_opt(j, "title", notify_msg_text(m, a->title));
        notify_msg_json_opt(j, "title_link", notify_msg_text(m, a->title_link));
        if (a->fields.n)
                put_fields(m, a, j);
        notify_msg_json_opt(j, "thumb_url", notify_msg_text(m, a->thumb_url));
        notify_msg_json_opt(j, "footer", notify_msg_text(m, a->footer));
        notify_msg_json_opt(j, "footer_icon", notify_msg_text(m, a->footer_icon));
        notify_msg_json_opt(j, "image_url", notify_msg_text(m, a->image_url));
        json_end_object(&j->w);
}

/* An acknowledgement can be asked for above the standard priority, persistence for urgent messages only. */
static void put_priority(NotifyMsg *m, const MattermostPriority *p, NotifyJson *j)
{
        Str priority = str_lower(m->arena, notify_msg_text(m, p->priority));
        if (!str_eq(priority, STR("urgent")) && !str_eq(priority, STR("important")))
                priority = STR("standard");
        json_key(&j->w, STR("priority"));
        json_begin_object(&j->w);
        json_key_str(&j->w, "priority", priority);
        if (p->requested_ack && !str_eq(priority, STR("standard")))
                json_key_bool(&j->w, "requested_ack", true);
        if (p->persistent_notifications && str_eq(priority, STR("urgent")))
                json_key_bool(&j->w, "persistent_notifications", true);
        json_end_object(&j->w);
}

static Str body_of(NotifyMsg *m, const MattermostOptions *o)
{
        const MattermostAttachment *attachments = o->attachments.data;
        bool flat = o->attachments.n == 0;
        NotifyJson j;
        JsonWriter *w = &j.w;
        notify_msg_json(m, &j);
        json_begin_object(w);
        if (!flat)
                notify_msg_json_opt(&j, "text", notify_msg_cut(m, notify_msg_text(m, o->own.text), MAX_TEXT_RUNES));
        notify_msg_json_opt(&j, "channel", notify_msg_text(m, o->channel));
        notify_msg_json_opt(&j, "username", notify_msg_text(m, o->username));
        notify_msg_json_opt(&j, "icon_url", notify_msg_text(m, o->icon_url));
        notify_msg_json_opt(&j, "icon_emoji", notify_msg_text(m, o->icon_emoji));
        json_key(w, STR("attachments"));
        json_begin_array(w);
        if (flat)
                put_attachment(m, &o->own, &j);
        for (size_t i = 0; i < o->attachments.n; i++)
                put_attachment(m, &attachments[i], &j);
        json_end_array(w);
        notify_msg_json_opt(&j, "type", notify_msg_text(m, o->type));
        if (o->props && o->props->card.n) {
                json_key(w, STR("props"));
                json_begin_object(w);
                notify_msg_json_opt(&j, "card", notify_msg_text(m, o->props->card));
                json_end_object(w);
        }
        if (o->priority && o->priority->priority.n)
                put_priority(m, o->priority, &j);
        json_end_object(w);
        return notify_msg_json_done(&j);
}

static bool make(NotifyMsg *m, Err *err)
{
        const MattermostOptions *o = m->options;
        Str url;
        if (!notify_msg_secret(m, o->webhook_url, o->webhook_url_file, "webhook_url", &url, err))
                return false;
        notify_msg_post(m, url, body_of(m, o));
        return notify_msg_texts_ok(m, err);
}

static void check_field(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        const MattermostField *f = self;
        if (!f->title.n || !f->value.n)
                diags_error(ctx->diags, ctx->file, node->pos, "missing %s in Mattermost field configuration",
                            f->title.n ? "value" : "title");
}

static const Option field_options[] = {
        { "title", OPT_STR, offsetof(MattermostField, title), .help = "Heading; a template." },
        { "value", OPT_STR, offsetof(MattermostField, value), .help = "Text; a template." },
        { "short", OPT_BOOL, offsetof(MattermostField, is_short), .set_offset = offsetof(MattermostField, has_short),
          .help = "May stand beside others." },
        OPTION_END,
};
static const OptionTable field_table = { "fields", field_options, sizeof(MattermostField), check_field };

#define ROW(base_, key, help_) { #key, OPT_STR, (base_) + offsetof(MattermostAttachment, key), .help = (help_) }
#define ATTACHMENT_ROWS(base_)                                                                                         \
        ROW(base_, pretext, "Text above it."), ROW(base_, author_name, "Author."),                                     \
                ROW(base_, author_link, "Where the author leads."), ROW(base_, author_icon, "Picture of the author."), \
                ROW(base_, thumb_url, "Small picture."), ROW(base_, footer, "Text below."),                            \
                ROW(base_, footer_icon, "Picture below."), ROW(base_, image_url, "Picture."),                          \
                { "fields",                                                                                            \
                  OPT_STRUCT_LIST,                                                                                     \
                  (base_) + offsetof(MattermostAttachment, fields),                                                    \
                  .table = &field_table,                                                                               \
                  .null_entries = true,                                                                                \
                  .help = "Fields." }

static const Option attachment_options[] = {
        ATTACHMENT_ROWS(0),
        ROW(0, fallback, "Text where attachments cannot be shown."),
        ROW(0, color, "Colour of the bar."),
        ROW(0, text, "Text."),
        ROW(0, title, "Heading."),
        ROW(0, title_link, "Where the heading leads."),
        OPTION_END,
};
static const OptionTable attachment_table = { "attachments", attachment_options, sizeof(MattermostAttachment), NULL };
static const Option props_options[] = {
        { "card", OPT_STR, offsetof(MattermostProps, card), .help = "Text beside the message." },
        OPTION_END,
};
static const OptionTable props_table = { "props", props_options, sizeof(MattermostProps), NULL };
static const Option priority_options[] = {
        { "priority", OPT_STR, offsetof(MattermostPriority, priority), .help = "urgent, important or standard." },
        { "requested_ack", OPT_BOOL, offsetof(MattermostPriority, requested_ack),
          .help = "Ask for an acknowledgement." },
        { "persistent_notifications", OPT_BOOL, offsetof(MattermostPriority, persistent_notifications),
          .help = "Remind until it is acknowledged." },
        OPTION_END,
};
static const OptionTable priority_table = { "priority", priority_options, sizeof(MattermostPriority), NULL };

#define AT(field) offsetof(MattermostOptions, field)
#define OWN(key, help_)                                                 \
        { #key, OPT_STR, AT(own) + offsetof(MattermostAttachment, key), \
          .def = "{{ template \"mattermost.default." #key "\" . }}", .help = (help_) }
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "webhook_url", OPT_SECRET, AT(webhook_url), .help = "The webhook; default: mattermost_webhook_url." },
        { "webhook_url_file", OPT_STR, AT(webhook_url_file), .help = "File with it." },
        { "channel", OPT_STR, AT(channel), .help = "Channel or user; a template, as all texts here." },
        { "username", OPT_STR, AT(username), .def = "{{ template \"mattermost.default.username\" . }}",
          .help = "Sender." },
        OWN(text, "Text."),
        OWN(fallback, "Text where attachments cannot be shown."),
        OWN(color, "Colour of the bar."),
        OWN(title, "Heading."),
        { "title_link", OPT_STR, AT(own) + offsetof(MattermostAttachment, title_link),
          .def = "{{ template \"mattermost.default.titlelink\" . }}", .help = "Where the heading leads." },
        ATTACHMENT_ROWS(AT(own)),
        { "icon_url", OPT_STR, AT(icon_url), .help = "Picture of the sender." },
        { "icon_emoji", OPT_STR, AT(icon_emoji), .help = "Picture of the sender." },
        { "attachments", OPT_STRUCT_LIST, AT(attachments), .table = &attachment_table, .null_entries = true,
          .help = "Attachments." },
        { "type", OPT_STR, AT(type), .help = "Type of the post." },
        { "props", OPT_STRUCT_PTR, AT(props), .table = &props_table, .help = "Properties." },
        { "priority", OPT_STRUCT_PTR, AT(priority), .table = &priority_table, .help = "Priority." },
        OPTION_END,
};
static const OptionTable table = { "mattermost_config", options, sizeof(MattermostOptions), NULL };
const NotifyKind notify_mattermost_kind = {
        .base = { COMPONENT_NOTIFIER, "mattermost", "Writes to a Mattermost channel.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
