/* One table of what came after 0.25, by section: the option tables tell what pharos knows, this what an old Alertmanager
 * would refuse. Only sections are walked: what stands in a payload or in details is the user's own. */
#include "alert/alert_newer.h"

#include "base/attr.h"

static const struct Section {
        const char *name;
        const char *newer; /* keys, each between blanks */
} SECTIONS[] = {
        { "", " tracing event_recorder " },
        { "global",
          " smtp_auth_secret_file smtp_tls_config smtp_force_implicit_tls slack_app_token slack_app_token_file "
          "slack_app_url jira_api_url rocketchat_api_url rocketchat_token rocketchat_token_file "
          "rocketchat_token_id rocketchat_token_id_file mattermost_webhook_url mattermost_webhook_url_file "
          "telegram_bot_token telegram_bot_token_file wechat_api_secret_file " },
        { "route", " labels " },
        { "routes", " labels " },
        { "inhibit_rules", " name " },
        { "receivers", " labels jira_configs rocketchat_configs mattermost_configs incidentio_configs msteams_configs "
                       "msteamsv2_configs " },
        { "http_config", " no_proxy proxy_from_environment http_headers " },
        { "basic_auth", " username_file username_ref password_ref " },
        { "authorization", " credentials_ref " },
        { "oauth2",
          " no_proxy proxy_from_environment proxy_connect_header client_secret_ref grant_type claims audience "
          "client_certificate_key client_certificate_key_file client_certificate_key_ref "
          "client_certificate_key_id signature_algorithm iss " },
        { "tls_config", " ca cert key ca_ref cert_ref key_ref " },
        { "sigv4", " external_id use_fips_sts_endpoint service_name " },
        { "webhook_configs", " url_file timeout payload " },
        { "slack_configs", " app_token app_token_file app_url message_text timeout update_message " },
        { "pagerduty_configs", " timeout " },
        { "pushover_configs", " device monospace ttl token_file user_key_file " },
        { "telegram_configs", " bot_token_file chat_id_file message_thread_id " },
        { "discord_configs", " avatar_url content username webhook_url_file " },
        { "wechat_configs", " api_secret_file " },
        { "email_configs", " auth_secret_file force_implicit_tls threading " },
        { "opsgenie_configs", "" },
        { "victorops_configs", "" },
        { "webex_configs", "" },
        { "sns_configs", "" },
};

static const struct Section *find_section(Str name)
{
        for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++)
                if (str_eq(name, str_of(SECTIONS[i].name)))
                        return &SECTIONS[i];
        return NULL;
}

static bool is_newer(const struct Section *s, Str key, Arena *arena)
{
        return str_find(str_of(s->newer), str_printf(arena, " " STR_FMT " ", STR_ARG(key))) != SIZE_MAX;
}

static bool given(const YamlNode *section, const char *key)
{
        const YamlNode *value = yaml_get(section, str_of(key));
        return value && value->kind == YAML_SCALAR && value->text.n;
}

static bool check(const YamlNode *node, const struct Section *s, const OptionCtx *ctx)
{
        bool ok = true;
        for (size_t i = 0; node->kind == YAML_SEQ && i < node->n; i++)
                ok &= check(node->items[i], s, ctx);
        if (str_eq(str_of(s->name), STR("oauth2")) && node->kind == YAML_MAP && !given(node, "client_secret") &&
            !given(node, "client_secret_file"))
                ok = diags_error(ctx->diags, ctx->file, node->pos,
                                 "either oauth2 client_secret or client_secret_file must be configured");
        for (size_t i = 0; node->kind == YAML_MAP && i < node->n; i++) {
                const YamlPair *pair = &node->pairs[i];
                const struct Section *below = find_section(pair->key);
                if (is_newer(s, pair->key, ctx->arena))
                        ok = diags_error(ctx->diags, ctx->file, pair->key_pos,
                                         "field " STR_FMT " not found: it is newer than Alertmanager 0.25, which "
                                         "alerting.compat asks for",
                                         STR_ARG(pair->key));
                else if (below)
                        ok &= check(pair->value, below, ctx);
        }
        return ok;
}

bool alert_newer_check(const YamlNode *root, const OptionCtx *ctx) { return check(root, &SECTIONS[0], ctx); }
