/* telegram: sendMessage of a bot. In HTML mode the text is a template of HTML, so that labels cannot break it. */
#include <stddef.h>

#include "base/utf8.h"
#include "notify/notify_kind.h"

enum { MAX_TEXT_RUNES = 4096, MAX_HTML_BYTES = 1 << 15 };

typedef struct TelegramOptions {
        NotifyBase base;
        Secret bot_token;
        Str bot_token_file, chat_id_file, api_url, message, parse_mode;
        int64_t chat_id, message_thread_id;
        bool disable_notifications;
} TelegramOptions;

static bool check(void *options, const NotifyBinding *b)
{
        static const char *const modes[] = { "", "HTML", "Markdown", "MarkdownV2" };
        TelegramOptions *o = options;
        const NotifyGlobal *g = b->global;
        bool known = false;
        if (!notify_global_secret(b, "bot_token", &o->bot_token, &o->bot_token_file, g->telegram_bot_token,
                                  g->telegram_bot_token_file, "missing bot_token or bot_token_file on telegram_config"))
                return false;
        if (o->chat_id && o->chat_id_file.n)
                return notify_global_error(b, "at most one of chat_id & chat_id_file must be configured");
        if (!o->chat_id && !o->chat_id_file.n)
                return notify_global_error(b, b->compat == ALERT_COMPAT_AM_0_25
                                                      ? "missing chat_id on telegram_config"
                                                      : "missing chat_id or chat_id_file on telegram_config");
        o->chat_id_file = option_path(b->ctx, o->chat_id_file);
        for (size_t i = 0; i < ARRAY_LEN(modes); i++)
                known |= str_eq(o->parse_mode, str_of(modes[i]));
        if (!known)
                return notify_global_error(b,
                                           "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML "
                                           "or empty string");
        if (!o->api_url.p)
                o->api_url = g->telegram_api_url;
        return notify_global_check_url(b, o->api_url);
}

/* What is left of a text when its tags go: what Telegram counts. */
static size_t visible_runes(Str html)
{
        size_t n = 0;
        for (size_t i = 0; i < html.n;) {
                uint32_t rune;
                size_t skip = 0;
                Str rest = str_sub(html, i, html.n);
                if (rest.p[0] == '<') {
                        skip = str_find_char(rest, '>');
                        if (skip == SIZE_MAX)
                                return n + utf8_length(rest);
                        i += skip + 1;
                        continue;
                }
                if (rest.p[0] == '&')
                        skip = str_find_char(str_sub(rest, 0, 10), ';');
                if (skip && skip != SIZE_MAX) {
                        i += skip + 1;
                } else {
                        size_t len = utf8_decode(rest, &rune);
                        i += len ? len : 1;
                }
                n++;
        }
        return n;
}

static Str text_of(NotifyMsg *m, const TelegramOptions *o)
{
        if (m->compat == ALERT_COMPAT_AM_0_25 && str_eq(o->parse_mode, STR("HTML")))
                return notify_msg_cut(m, notify_msg_html(m, o->message), MAX_TEXT_RUNES);
        if (!str_eq(o->parse_mode, STR("HTML")))
                return notify_msg_cut(m, notify_msg_text(m, o->message), MAX_TEXT_RUNES);
        Str text = notify_msg_html(m, o->message);
        if (text.n <= MAX_HTML_BYTES && visible_runes(text) <= MAX_TEXT_RUNES)
                return text;
        /* HTML cannot be cut in the middle. */
        return STR("Alertmanager notification could not be sent: message length exceeds Telegram limits.\n"
                   "\t\t\tPlease check the template used for producing the message content.");
}

static bool make(NotifyMsg *m, Err *err)
{
        const TelegramOptions *o = m->options;
        Str token;
        Str chat;
        NotifyJson j;
        JsonWriter *w = &j.w;
        Secret chat_id = { o->chat_id ? str_printf(m->arena, "%lld", (long long)o->chat_id) : (Str){ 0 } };
        if (!notify_msg_secret(m, o->bot_token, o->bot_token_file, "bot_token", &token, err) ||
            !notify_msg_secret(m, chat_id, o->chat_id_file, "chat_id", &chat, err))
                return false;
        notify_msg_json(m, &j);
        json_begin_object(w); /* a map: in the order of the names */
        json_key_str(w, "chat_id", chat);
        if (o->disable_notifications)
                json_key_cstr(w, "disable_notification", "true");
        json_key_cstr(w, "disable_web_page_preview", "true");
        if (o->message_thread_id)
                json_key_str(w, "message_thread_id", str_printf(m->arena, "%lld", (long long)o->message_thread_id));
        notify_msg_json_opt(&j, "parse_mode", o->parse_mode);
        json_key_str(w, "text", text_of(m, o));
        json_end_object(w);
        notify_msg_post(
                m, str_printf(m->arena, STR_FMT "/bot" STR_FMT "/sendMessage", STR_ARG(o->api_url), STR_ARG(token)),
                notify_msg_json_done(&j));
        return notify_msg_texts_ok(m, err);
}

#define AT(field) offsetof(TelegramOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        NOTIFY_TIMEOUT_ROW,
        { "bot_token", OPT_SECRET, AT(bot_token), .help = "Token of the bot; default: telegram_bot_token." },
        { "bot_token_file", OPT_STR, AT(bot_token_file), .help = "File with it." },
        { "chat_id", OPT_INT, AT(chat_id), .help = "Where it writes." },
        { "chat_id_file", OPT_STR, AT(chat_id_file), .help = "File with it." },
        { "message_thread_id", OPT_INT, AT(message_thread_id), .help = "Topic in a group." },
        { "api_url", OPT_STR, AT(api_url), .help = "The API; default: telegram_api_url." },
        { "message", OPT_STR, AT(message), .def = "{{ template \"telegram.default.message\" . }}",
          .help = "Text; a template." },
        { "parse_mode", OPT_STR, AT(parse_mode), .def = "HTML", .help = "HTML, Markdown, MarkdownV2 or empty." },
        { "disable_notifications", OPT_BOOL, AT(disable_notifications), .help = "Without a sound." },
        OPTION_END,
};
static const OptionTable table = { "telegram_config", options, sizeof(TelegramOptions), NULL };
const NotifyKind notify_telegram_kind = {
        .base = { COMPONENT_NOTIFIER, "telegram", "Writes to a Telegram chat.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
