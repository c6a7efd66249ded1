/* The global section's keys for receivers, and what the checks of integrations share. Messages are upstream's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "codec/urlsyntax.h"
#include "notify/notify_kind.h"

static bool both(const OptionCtx *ctx, const YamlNode *node, const char *key, Secret value, Str file)
{
        return value.text.n && file.n &&
               !diags_error(ctx->diags, ctx->file, node->pos, "at most one of %s & %s_file must be configured", key,
                            key);
}

static bool bad_url(const OptionCtx *ctx, const YamlNode *node, Str text)
{
        UrlSyntax url;
        Err err;
        if (!text.p) /* not given; an empty one is */
                return false;
        if (!urlsyntax_parse(text, &url, &err))
                return !diags_error(ctx->diags, ctx->file, node->pos, "%s", err.msg);
        if (!str_eq_fold(url.scheme, STR("http")) && !str_eq_fold(url.scheme, STR("https")))
                return !diags_error(ctx->diags, ctx->file, node->pos, "unsupported scheme \"" STR_FMT "\" for URL",
                                    STR_ARG(str_sub(url.scheme, 0, 40)));
        if (!url.host.n)
                return !diags_error(ctx->diags, ctx->file, node->pos, "missing host for URL");
        return false;
}

/* As upstream prints them: a configuration that was read back. */
static bool bad_secret_url(const OptionCtx *ctx, const YamlNode *node, Secret url)
{
        return !str_eq(url.text, STR("<secret>")) && bad_url(ctx, node, url.text);
}

bool notify_global_host_port(Str text, Str *ret_host, Str *ret_port, Err *err)
{
        size_t colon = str_rfind_char(text, ':');
        size_t end = str_starts(text, STR("[")) ? str_find_char(text, ']') : 0;
        const char *wrong = NULL;
        if (colon == SIZE_MAX || (end && end != SIZE_MAX && end > colon))
                wrong = "missing port in address";
        else if (end == SIZE_MAX)
                wrong = "missing ']' in address";
        else if (end ? colon != end + 1 : str_find_char(text, ':') != colon)
                wrong = "too many colons in address";
        else if (str_find_char(str_sub(text, end ? 1 : 0, text.n), '[') != SIZE_MAX)
                wrong = "unexpected '[' in address";
        else if (str_find_char(str_sub(text, end ? end + 1 : 0, text.n), ']') != SIZE_MAX)
                wrong = "unexpected ']' in address";
        else if (colon + 1 == text.n)
                wrong = "port cannot be empty";
        if (wrong)
                return err_set(err, ERR_INVALID, "address " STR_FMT ": %s", STR_ARG(str_sub(text, 0, 200)), wrong);
        *ret_host = end ? str_sub(text, 1, end) : str_sub(text, 0, colon);
        *ret_port = str_sub(text, colon + 1, text.n);
        return true;
}

static void check_global(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        NotifyGlobal *g = self;
        const struct {
                const char *key;
                Secret value;
                Str *file;
        } secrets[] = {
                { "smtp_auth_password", g->smtp_auth_password, &g->smtp_auth_password_file },
                { "smtp_auth_secret", g->smtp_auth_secret, &g->smtp_auth_secret_file },
                { "slack_api_url", g->slack_api_url, &g->slack_api_url_file },
                { "slack_app_token", g->slack_app_token, &g->slack_app_token_file },
                { "opsgenie_api_key", g->opsgenie_api_key, &g->opsgenie_api_key_file },
                { "victorops_api_key", g->victorops_api_key, &g->victorops_api_key_file },
                { "telegram_bot_token", g->telegram_bot_token, &g->telegram_bot_token_file },
                { "wechat_api_secret", g->wechat_api_secret, &g->wechat_api_secret_file },
                { "rocketchat_token", g->rocketchat_token, &g->rocketchat_token_file },
                { "rocketchat_token_id", g->rocketchat_token_id, &g->rocketchat_token_id_file },
                { "mattermost_webhook_url", g->mattermost_webhook_url, &g->mattermost_webhook_url_file },
        };
        for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
                both(ctx, node, secrets[i].key, secrets[i].value, *secrets[i].file);
                *secrets[i].file = option_path(ctx, *secrets[i].file);
        }
        Str host;
        Str port;
        Err err;
        if (g->smtp_smarthost.n && !notify_global_host_port(g->smtp_smarthost, &host, &port, &err))
                diags_error(ctx->diags, ctx->file, node->pos, "%s", err.msg);
        bool app = g->slack_app_token.text.n || g->slack_app_token_file.n;
        bool hook = g->slack_api_url_file.n ||
                    (g->slack_api_url.text.n && !str_eq(g->slack_api_url.text, g->slack_app_url));
        if (app && hook)
                diags_error(ctx->diags, ctx->file, node->pos,
                            "at most one of slack_api_url/slack_api_url_file & slack_app_token/slack_app_token_file "
                            "must be configured");
        const Str urls[] = { g->slack_app_url,     g->pagerduty_url,      g->opsgenie_api_url,
                             g->victorops_api_url, g->telegram_api_url,   g->webex_api_url,
                             g->wechat_api_url,    g->rocketchat_api_url, g->jira_api_url };
        for (size_t i = 0; i < ARRAY_LEN(urls); i++)
                if (bad_url(ctx, node, urls[i]))
                        return;
        IGNORE(bad_secret_url(ctx, node, g->slack_api_url) || bad_secret_url(ctx, node, g->mattermost_webhook_url));
}

#define AT(field) offsetof(NotifyGlobal, field)
static const Option global_options[] = {
        { "resolve_timeout", OPT_DURATION, AT(resolve_timeout_ms), .def = "5m",
          .help = "When an alert that says no end counts as resolved." },
        { "http_config", OPT_STRUCT_PTR, AT(http), .table = &http_options_table,
          .help = "HTTP client settings of receivers that have none." },
        { "smtp_smarthost", OPT_STR, AT(smtp_smarthost), .help = "Mail server, host:port." },
        { "smtp_sendmail", OPT_STR, AT(smtp_sendmail), .def = "/usr/sbin/sendmail",
          .help = "Beyond upstream: where there is no smarthost and no mail server answers on this machine, the program that takes mails." },
        { "smtp_from", OPT_STR, AT(smtp_from), .help = "Sender of mails." },
        { "smtp_hello", OPT_STR, AT(smtp_hello), .def = "localhost", .help = "Our name in EHLO." },
        { "smtp_auth_username", OPT_STR, AT(smtp_auth_username), .help = "User name at the mail server." },
        { "smtp_auth_password", OPT_SECRET, AT(smtp_auth_password), .help = "For PLAIN and LOGIN." },
        { "smtp_auth_password_file", OPT_STR, AT(smtp_auth_password_file), .help = "File with it." },
        { "smtp_auth_secret", OPT_SECRET, AT(smtp_auth_secret), .help = "For CRAM-MD5." },
        { "smtp_auth_secret_file", OPT_STR, AT(smtp_auth_secret_file), .help = "File with it." },
        { "smtp_auth_identity", OPT_STR, AT(smtp_auth_identity), .help = "Identity for PLAIN." },
        { "smtp_require_tls", OPT_BOOL, AT(smtp_require_tls), .def = "true",
          .help = "Refuse mail servers without STARTTLS." },
        { "smtp_tls_config", OPT_STRUCT_PTR, AT(smtp_tls), .table = &http_options_tls_table,
          .help = "Certificates and checks of mail servers." },
        { "smtp_force_implicit_tls", OPT_BOOL, AT(smtp_force_implicit_tls),
          .set_offset = AT(has_smtp_force_implicit_tls),
          .help = "TLS from the first byte; default: on port 465 only." },
        { "slack_api_url", OPT_SECRET, AT(slack_api_url), .help = "Slack's incoming webhook." },
        { "slack_api_url_file", OPT_STR, AT(slack_api_url_file), .help = "File with it." },
        { "slack_app_token", OPT_SECRET, AT(slack_app_token), .help = "Token of a Slack app." },
        { "slack_app_token_file", OPT_STR, AT(slack_app_token_file), .help = "File with it." },
        { "slack_app_url", OPT_STR, AT(slack_app_url), .def = "https://slack.com/api/chat.postMessage",
          .help = "Where messages with an app token go." },
        { "pagerduty_url", OPT_STR, AT(pagerduty_url), .def = "https://events.pagerduty.com/v2/enqueue",
          .help = "PagerDuty's Events API v2." },
        { "opsgenie_api_url", OPT_STR, AT(opsgenie_api_url), .def = "https://api.opsgenie.com/",
          .help = "Opsgenie's API." },
        { "opsgenie_api_key", OPT_SECRET, AT(opsgenie_api_key), .help = "Opsgenie's key." },
        { "opsgenie_api_key_file", OPT_STR, AT(opsgenie_api_key_file), .help = "File with it." },
        { "wechat_api_url", OPT_STR, AT(wechat_api_url), .def = "https://qyapi.weixin.qq.com/cgi-bin/",
          .help = "WeChat's API." },
        { "wechat_api_secret", OPT_SECRET, AT(wechat_api_secret), .help = "WeChat's secret." },
        { "wechat_api_secret_file", OPT_STR, AT(wechat_api_secret_file), .help = "File with it." },
        { "wechat_api_corp_id", OPT_STR, AT(wechat_api_corp_id), .help = "WeChat's corporation." },
        { "victorops_api_url", OPT_STR, AT(victorops_api_url),
          .def = "https://alert.victorops.com/integrations/generic/20131114/alert/", .help = "VictorOps' API." },
        { "victorops_api_key", OPT_SECRET, AT(victorops_api_key), .help = "VictorOps' key." },
        { "victorops_api_key_file", OPT_STR, AT(victorops_api_key_file), .help = "File with it." },
        { "telegram_api_url", OPT_STR, AT(telegram_api_url), .def = "https://api.telegram.org",
          .help = "Telegram's API." },
        { "telegram_bot_token", OPT_SECRET, AT(telegram_bot_token), .help = "Telegram's token." },
        { "telegram_bot_token_file", OPT_STR, AT(telegram_bot_token_file), .help = "File with it." },
        { "webex_api_url", OPT_STR, AT(webex_api_url), .def = "https://webexapis.com/v1/messages",
          .help = "Webex' API." },
        { "rocketchat_api_url", OPT_STR, AT(rocketchat_api_url), .def = "https://open.rocket.chat/",
          .help = "Rocket.Chat's server." },
        { "rocketchat_token", OPT_SECRET, AT(rocketchat_token), .help = "Rocket.Chat's token." },
        { "rocketchat_token_file", OPT_STR, AT(rocketchat_token_file), .help = "File with it." },
        { "rocketchat_token_id", OPT_SECRET, AT(rocketchat_token_id), .help = "The user of the token." },
        { "rocketchat_token_id_file", OPT_STR, AT(rocketchat_token_id_file), .help = "File with it." },
        { "jira_api_url", OPT_STR, AT(jira_api_url), .help = "Jira's API, with its version: .../rest/api/2." },
        { "mattermost_webhook_url", OPT_SECRET, AT(mattermost_webhook_url), .help = "Mattermost's incoming webhook." },
        { "mattermost_webhook_url_file", OPT_STR, AT(mattermost_webhook_url_file), .help = "File with it." },
        OPTION_END,
};
#undef AT
const OptionTable notify_global_table = { "global", global_options, sizeof(NotifyGlobal), check_global };

bool notify_global_error(const NotifyBinding *b, const char *fmt, ...)
{
        char text[400];
        va_list args;
        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        return diags_error(b->ctx->diags, b->ctx->file, b->node->pos, "%s", text);
}

void notify_global_warn(const NotifyBinding *b, const char *fmt, ...)
{
        char text[400];
        va_list args;
        va_start(args, fmt);
        vsnprintf(text, sizeof text, fmt, args);
        va_end(args);
        diags_warn(b->ctx->diags, b->ctx->file, b->node->pos, "receiver '" STR_FMT "': %s", STR_ARG(b->receiver), text);
}

bool notify_global_check_url(const NotifyBinding *b, Str url) { return !bad_url(b->ctx, b->node, url); }

bool notify_global_check_secret_url(const NotifyBinding *b, Secret url)
{
        return !bad_secret_url(b->ctx, b->node, url);
}

bool notify_global_secret(const NotifyBinding *b, const char *key, Secret *value, Str *file, Secret global_value,
                          Str global_file, const char *missing)
{
        if (both(b->ctx, b->node, key, *value, *file))
                return false;
        *file = option_path(b->ctx, *file);
        if (value->text.n || file->n)
                return true;
        *value = global_value;
        *file = global_file;
        return value->text.n || file->n || !missing || notify_global_error(b, "%s", missing);
}

bool notify_global_webhook(const NotifyBinding *b, Secret *url, Str *file)
{
        return notify_global_secret(b, "webhook_url", url, file, (Secret){ 0 }, (Str){ 0 },
                                    "one of webhook_url or webhook_url_file must be configured") &&
               notify_global_check_secret_url(b, *url);
}
