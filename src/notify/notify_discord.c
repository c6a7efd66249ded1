/* discord: one embed to a channel's webhook. */
#include <stddef.h>

#include "notify/notify_kind.h"

enum { MAX_CONTENT_RUNES = 2000, MAX_TITLE_RUNES = 256, MAX_DESCRIPTION_RUNES = 4096 };
enum { COLOR_FIRING = 0x992d22, COLOR_RESOLVED = 0x2ecc71 };

typedef struct DiscordOptions {
        NotifyBase base;
        Secret webhook_url;
        Str webhook_url_file, content, title, message, username, avatar_url;
} DiscordOptions;

static bool check(void *options, const NotifyBinding *b)
{
        DiscordOptions *o = options;
        return notify_global_webhook(b, &o->webhook_url, &o->webhook_url_file);
}

/* Upstream sends these two as they are written. */
static Str as_told(NotifyMsg *m, Str text)
{
        return m->compat == ALERT_COMPAT_PHAROS ? notify_msg_text(m, text) : text;
}

static bool make(NotifyMsg *m, Err *err)
{
        const DiscordOptions *o = m->options;
        Str url;
        NotifyJson j;
        JsonWriter *w = &j.w;
        if (!notify_msg_secret(m, o->webhook_url, o->webhook_url_file, "webhook_url", &url, err))
                return false;
        notify_msg_json(m, &j);
        json_begin_object(w);
        json_key_str(w, "content", notify_msg_cut(m, notify_msg_text(m, o->content), MAX_CONTENT_RUNES));
        json_key(w, STR("embeds"));
        json_begin_array(w);
        json_begin_object(w);
        json_key_str(w, "title", notify_msg_cut(m, notify_msg_text(m, o->title), MAX_TITLE_RUNES));
        Str message = notify_msg_text(m, o->message);
        if (m->compat != ALERT_COMPAT_AM_0_25)
                message = notify_msg_cut(m, message, MAX_DESCRIPTION_RUNES);
        json_key_str(w, "description", message);
        json_key_i64(w, "color", m->n->resolved ? COLOR_RESOLVED : COLOR_FIRING);
        json_end_object(w);
        json_end_array(w);
        notify_msg_json_opt(&j, "username", as_told(m, o->username));
        notify_msg_json_opt(&j, "avatar_url", as_told(m, o->avatar_url));
        json_end_object(w);
        notify_msg_post(m, url, notify_msg_json_done(&j));
        return notify_msg_texts_ok(m, err);
}

#define AT(field) offsetof(DiscordOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "webhook_url", OPT_SECRET, AT(webhook_url), .help = "The channel's webhook." },
        { "webhook_url_file", OPT_STR, AT(webhook_url_file), .help = "File with it." },
        { "content", OPT_STR, AT(content), .def = "{{ template \"discord.default.content\" . }}",
          .help = "Text above the embed; a template, as all texts here." },
        { "title", OPT_STR, AT(title), .def = "{{ template \"discord.default.title\" . }}", .help = "Heading." },
        { "message", OPT_STR, AT(message), .def = "{{ template \"discord.default.message\" . }}", .help = "Text." },
        { "username", OPT_STR, AT(username), .help = "Sender, as it is written; at the level pharos a template." },
        { "avatar_url", OPT_STR, AT(avatar_url), .help = "Picture of the sender, likewise." },
        OPTION_END,
};
static const OptionTable table = { "discord_config", options, sizeof(DiscordOptions), NULL };
const NotifyKind notify_discord_kind = {
        .base = { COMPONENT_NOTIFIER, "discord", "Writes to a Discord channel.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
