#include "notify/notify_receivers.h"

#include <stddef.h>

#include "base/vec.h"
#include "net/url.h"

static void check_webhook(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        WebhookOptions *o = self;
        Url url;
        Err err;
        if (!node)
                return;
        if (!o->url.text.n && !o->url_file.n)
                diags_error(ctx->diags, ctx->file, node->pos, "one of url or url_file must be configured");
        if (o->url.text.n && o->url_file.n)
                diags_error(ctx->diags, ctx->file, node->pos, "at most one of url and url_file must be configured");
        if (o->url.text.n && str_find(o->url.text, STR("{{")) == SIZE_MAX &&
            (!url_parse(o->url.text, &url, &err) ||
             !(str_eq(url.scheme, STR("http")) || str_eq(url.scheme, STR("https"))) || !url.host.n))
                diags_error(ctx->diags, ctx->file, node->pos,
                            "url of a webhook must be http://host/... or https://host/...");
        if (o->url_file.n)
                o->url_file = option_path(ctx, o->url_file);
}

#define AT(field) offsetof(WebhookOptions, field)
static const Option webhook_options[] = {
        { "send_resolved", OPT_BOOL, AT(send_resolved), .def = "true", .help = "Also tell when alerts are over." },
        { "url", OPT_SECRET, AT(url), .help = "Where the JSON is posted." },
        { "url_file", OPT_STR, AT(url_file), .help = "File that holds the URL." },
        { "max_alerts", OPT_UINT, AT(max_alerts), .def = "0",
          .help = "Most alerts in one message; the rest is counted. 0: all." },
        { "timeout", OPT_DURATION, AT(timeout_ms), .def = "0s",
          .help = "Limit of one attempt; 0: what the group allows." },
        { "payload", OPT_IGNORED, 0,
          .help = "own bodies are not supported in this version: the standard body is sent" },
        { "http_config", OPT_STRUCT, AT(http), .table = &http_options_table, .help = "HTTP client settings." },
        OPTION_END,
};
#undef AT
const OptionTable notify_webhook_table = { "webhook_config", webhook_options, sizeof(WebhookOptions), check_webhook };

static const Option log_options[] = {
        { "send_resolved", OPT_BOOL, offsetof(LogOptions, send_resolved), .def = "true",
          .help = "Also tell when alerts are over." },
        OPTION_END,
};
const OptionTable notify_log_table = { "log_config", log_options, sizeof(LogOptions), NULL };

static const char *const KNOWN_KINDS[] = { "email",    "pagerduty", "slack",      "opsgenie",   "victorops", "pushover",
                                           "telegram", "discord",   "msteams",    "msteamsv2",  "webex",     "sns",
                                           "wechat",   "jira",      "rocketchat", "mattermost", "incidentio" };

typedef VEC(Integration) IntegrationVec;

static bool bind_webhook(const YamlNode *node, const OptionCtx *ctx, Integration *ret)
{
        ret->kind = INTEGRATION_WEBHOOK;
        bool ok = option_bind(node, &notify_webhook_table, &ret->webhook, ctx);
        ret->send_resolved = ret->webhook.send_resolved;
        return ok;
}

static bool bind_log(const YamlNode *node, const OptionCtx *ctx, Integration *ret)
{
        LogOptions o;
        ret->kind = INTEGRATION_LOG;
        bool ok = option_bind(node, &notify_log_table, &o, ctx);
        ret->send_resolved = o.send_resolved;
        return ok;
}

/* Upstream's default of send_resolved. */
static bool sends_resolved(Str kind)
{
        static const char *const quiet[] = { "email", "slack", "wechat", "rocketchat" };
        for (size_t i = 0; i < ARRAY_LEN(quiet); i++)
                if (str_eq(kind, str_of(quiet[i])))
                        return false;
        return true;
}

/* email, slack, ...: true when the kind is one that Alertmanager knows. */
static bool is_known_kind(Str kind)
{
        for (size_t i = 0; i < ARRAY_LEN(KNOWN_KINDS); i++)
                if (str_eq(kind, str_of(KNOWN_KINDS[i])))
                        return true;
        return false;
}

static bool bind_kind(const YamlPair *pair, Str kind, Str receiver, const OptionCtx *ctx, IntegrationVec *out)
{
        bool ok = true;
        if (pair->value->kind == YAML_NULL)
                return true;
        if (pair->value->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, pair->value->pos, "'" STR_FMT "' must be a list",
                                   STR_ARG(pair->key));
        for (size_t i = 0; i < pair->value->n; i++) {
                const YamlNode *node = pair->value->items[i];
                Integration one = { .kind = INTEGRATION_UNSENT,
                                    .name = str_printf(ctx->arena, STR_FMT "[%zu]", STR_ARG(kind), i),
                                    .send_resolved = sends_resolved(kind) };
                if (str_eq(kind, STR("webhook")))
                        ok &= bind_webhook(node, ctx, &one);
                else if (str_eq(kind, STR("log")))
                        ok &= bind_log(node, ctx, &one);
                else
                        diags_warn(
                                ctx->diags, ctx->file, node->pos,
                                "receiver '" STR_FMT "': " STR_FMT
                                " is not delivered by this version: its notifications go to the log. Add a webhook_configs "
                                "entry to be told",
                                STR_ARG(receiver), STR_ARG(kind));
                vec_push(out, one);
        }
        return ok;
}

static bool bind_receiver(Str name, const YamlNode *node, const OptionCtx *ctx, ReceiverBound *ret)
{
        IntegrationVec all = { .arena = ctx->arena };
        bool ok = true;
        for (size_t i = 0; node && i < node->n; i++) {
                const YamlPair *pair = &node->pairs[i];
                if (str_eq(pair->key, STR("name")) || str_eq(pair->key, STR("labels")))
                        continue;
                Str kind = str_ends(pair->key, STR("_configs")) ? str_sub(pair->key, 0, pair->key.n - 8) : (Str){ 0 };
                if (str_eq(kind, STR("webhook")) || str_eq(kind, STR("log")) || is_known_kind(kind))
                        ok &= bind_kind(pair, kind, name, ctx, &all);
                else
                        ok = diags_error(ctx->diags, ctx->file, pair->key_pos,
                                         "unknown key '" STR_FMT "' in receiver '" STR_FMT "'", STR_ARG(pair->key),
                                         STR_ARG(name));
        }
        *ret = (ReceiverBound){ .name = name, .integrations = all.data, .n = all.len };
        return ok;
}

bool notify_receivers_bind(const Str *names, const YamlNode *const *nodes, size_t n, const YamlNode *global,
                           const OptionCtx *ctx, NotifyReceivers **ret)
{
        (void)global;
        NotifyReceivers *all = arena_new_of(ctx->arena, NotifyReceivers);
        bool ok = true;
        all->data = arena_array(ctx->arena, ReceiverBound, n);
        all->n = n;
        for (size_t i = 0; i < n; i++)
                ok &= bind_receiver(names[i], nodes[i], ctx, &all->data[i]);
        if (ok)
                *ret = all;
        return ok;
}

void notify_document(Buf *out)
{
        option_document(out, &notify_webhook_table);
        option_document(out, &notify_log_table);
}
