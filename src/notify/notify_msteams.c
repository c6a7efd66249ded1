/* msteams: a message card to an old connector; msteamsv2: an adaptive card to a workflow. */
#include <stddef.h>

#include "notify/notify_kind.h"

typedef struct MsteamsOptions {
        NotifyBase base;
        Secret webhook_url;
        Str webhook_url_file, title, summary, text;
} MsteamsOptions;

static bool check(void *options, const NotifyBinding *b)
{
        MsteamsOptions *o = options;
        return notify_global_webhook(b, &o->webhook_url, &o->webhook_url_file);
}

static bool make_card(NotifyMsg *m, Err *err)
{
        const MsteamsOptions *o = m->options;
        Str url;
        NotifyJson j;
        JsonWriter *w = &j.w;
        if (!notify_msg_secret(m, o->webhook_url, o->webhook_url_file, "webhook_url", &url, err))
                return false;
        notify_msg_json(m, &j);
        json_begin_object(w);
        json_key_cstr(w, "@context", "http://schema.org/extensions");
        json_key_cstr(w, "type", "MessageCard");
        json_key_str(w, "title", notify_msg_text(m, o->title));
        json_key_str(w, "summary", notify_msg_text(m, o->summary));
        json_key_str(w, "text", notify_msg_text(m, o->text));
        json_key_cstr(w, "themeColor", m->n->resolved ? "2DC72D" : "8C1A1A");
        json_end_object(w);
        notify_msg_post(m, url, notify_msg_json_done(&j));
        return notify_msg_texts_ok(m, err);
}

static void put_block(JsonWriter *w, Str text, const char *color)
{
        json_begin_object(w);
        json_key_cstr(w, "type", "TextBlock");
        json_key_str(w, "text", text);
        if (color) {
                json_key_cstr(w, "weight", "Bolder");
                json_key_cstr(w, "size", "Medium");
        }
        json_key_bool(w, "wrap", true);
        if (color) {
                json_key_cstr(w, "style", "heading");
                json_key_cstr(w, "color", color);
        }
        json_end_object(w);
}

static bool make_adaptive(NotifyMsg *m, Err *err)
{
        const MsteamsOptions *o = m->options;
        Str url;
        NotifyJson j;
        JsonWriter *w = &j.w;
        if (!notify_msg_secret(m, o->webhook_url, o->webhook_url_file, "webhook_url", &url, err))
                return false;
        notify_msg_json(m, &j);
        json_begin_object(w);
        json_key_cstr(w, "type", "message");
        json_key(w, STR("attachments"));
        json_begin_array(w);
        json_begin_object(w);
        json_key_cstr(w, "contentType", "application/vnd.microsoft.card.adaptive");
        json_key(w, STR("contentUrl"));
        json_null(w);
        json_key(w, STR("content"));
        json_begin_object(w);
        json_key_cstr(w, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
        json_key_cstr(w, "type", "AdaptiveCard");
        json_key_cstr(w, "version", "1.2");
        json_key(w, STR("body"));
        json_begin_array(w);
        put_block(w, notify_msg_text(m, o->title), m->n->resolved ? "Good" : "Attention");
        put_block(w, notify_msg_text(m, o->text), NULL);
        json_end_array(w);
        json_key(w, STR("msteams"));
        json_begin_object(w);
        json_key_cstr(w, "width", "full");
        json_end_object(w);
        json_end_object(w);
        json_end_object(w);
        json_end_array(w);
        json_end_object(w);
        notify_msg_post(m, url, notify_msg_json_done(&j));
        return notify_msg_texts_ok(m, err);
}

#define AT(field) offsetof(MsteamsOptions, field)
#define COMMON_ROWS                                                                                       \
        NOTIFY_BASE_ROWS("true"), { "webhook_url", OPT_SECRET, AT(webhook_url), .help = "The webhook." }, \
                { "webhook_url_file", OPT_STR, AT(webhook_url_file), .help = "File with it." }
static const Option card_options[] = {
        COMMON_ROWS,
        { "title", OPT_STR, AT(title), .def = "{{ template \"msteams.default.title\" . }}",
          .help = "Heading; a template, as all texts here." },
        { "summary", OPT_STR, AT(summary), .def = "{{ template \"msteams.default.summary\" . }}",
          .help = "What notices show." },
        { "text", OPT_STR, AT(text), .def = "{{ template \"msteams.default.text\" . }}", .help = "Text." },
        OPTION_END,
};
static const OptionTable card_table = { "msteams_config", card_options, sizeof(MsteamsOptions), NULL };
const NotifyKind notify_msteams_kind = {
        .base = { COMPONENT_NOTIFIER, "msteams", "Writes to Microsoft Teams by a connector.", &card_table, NULL, NULL },
        .check = check,
        .make = make_card,
};

static const Option adaptive_options[] = {
        COMMON_ROWS,
        { "title", OPT_STR, AT(title), .def = "{{ template \"msteamsv2.default.title\" . }}",
          .help = "Heading; a template, as all texts here." },
        { "text", OPT_STR, AT(text), .def = "{{ template \"msteamsv2.default.text\" . }}", .help = "Text." },
        OPTION_END,
};
static const OptionTable adaptive_table = { "msteamsv2_config", adaptive_options, sizeof(MsteamsOptions), NULL };
const NotifyKind notify_msteams_v2_kind = {
        .base = { COMPONENT_NOTIFIER, "msteamsv2", "Writes to Microsoft Teams by a workflow.", &adaptive_table, NULL,
                  NULL },
        .check = check,
        .make = make_adaptive,
};
