/* notify/notify_kind.h - NotifyKind: one way to tell somebody (slack, email, ...), and NotifyMsg, one message on its way.
 * Private to notify/.
 *
 * A kind is a constant: a component with an option table, a check, and make. make renders everything that will be sent,
 * once; afterwards options and notification are gone, so that a reload changes nothing under way. A kind with several
 * requests keeps what it needs for the later ones in msg->state. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "codec/json.h"
#include "component/component.h"
#include "config/http_options.h"
#include "gotmpl/gotmpl.h"
#include "model/notification.h"
#include "net/http_client.h"
#include "net/smtp_client.h"
#include "notify/notify_memory.h"

/* ---- configuration */

/* The first member of every kind's options. */
typedef struct NotifyBase {
        bool send_resolved;
        HttpOptions *http;  /* after binding: its own, or the global one, or the defaults */
        int64_t timeout_ms; /* of one request; 0: what the group's interval allows */
} NotifyBase;

/* The keys below `global` that receivers use. */
typedef struct NotifyGlobal {
        int64_t resolve_timeout_ms; /* bound by alert/ */
        HttpOptions *http;
        Str smtp_smarthost, smtp_from, smtp_hello, smtp_auth_username, smtp_auth_password_file, smtp_auth_secret_file,
                smtp_auth_identity, smtp_sendmail;
        Secret smtp_auth_password, smtp_auth_secret;
        bool smtp_require_tls, smtp_force_implicit_tls, has_smtp_force_implicit_tls;
        HttpTlsOptions *smtp_tls;
        Secret slack_api_url, slack_app_token;
        Str slack_api_url_file, slack_app_token_file, slack_app_url;
        Str pagerduty_url;
        Str opsgenie_api_url, opsgenie_api_key_file;
        Secret opsgenie_api_key;
        Str victorops_api_url, victorops_api_key_file;
        Secret victorops_api_key;
        Str telegram_api_url, telegram_bot_token_file;
        Secret telegram_bot_token;
        Str webex_api_url;
        Str wechat_api_url, wechat_api_secret_file, wechat_api_corp_id;
        Secret wechat_api_secret;
        Str rocketchat_api_url, rocketchat_token_file, rocketchat_token_id_file;
        Secret rocketchat_token, rocketchat_token_id;
        Str jira_api_url;
        Secret mattermost_webhook_url;
        Str mattermost_webhook_url_file;
} NotifyGlobal;
extern const OptionTable notify_global_table;

/* What the check of an integration sees. */
typedef struct NotifyBinding {
        const NotifyGlobal *global;
        const YamlNode *node; /* of the integration */
        const OptionCtx *ctx;
        Str receiver;
        AlertCompat compat;
        bool strict; /* upstream's verdict, also where pharos could go on */
} NotifyBinding;

/* Reports at the integration; return false for one-line failures. */
bool notify_global_error(const NotifyBinding *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void notify_global_warn(const NotifyBinding *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* An absolute http(s) URL, or not given; secrets may be "<secret>", as upstream prints them. */
bool notify_global_check_url(const NotifyBinding *b, Str url);
bool notify_global_check_secret_url(const NotifyBinding *b, Secret url);
/* The value or its file; when neither is given: those of the global section. Reports when both are given ("at most one of
 * api_key & api_key_file must be configured"), and `missing` (when not NULL) when there is none at all. The file's name is
 * joined to the configuration's folder. */
bool notify_global_secret(const NotifyBinding *b, const char *key, Secret *value, Str *file, Secret global_value,
                          Str global_file, const char *missing);
/* webhook_url or its file, one of which must be there; the address is checked. */
/* host:port as Go splits it: [::1]:25 loses its brackets. */
bool notify_global_host_port(Str text, Str *ret_host, Str *ret_port, Err *err);
bool notify_global_webhook(const NotifyBinding *b, Secret *url, Str *file);

#define NOTIFY_BASE_ROWS(default_send_resolved)                                                            \
        { "send_resolved", OPT_BOOL, offsetof(NotifyBase, send_resolved), .def = (default_send_resolved),  \
          .help = "Also tell when alerts are over." },                                                     \
                { "http_config", OPT_STRUCT_PTR, offsetof(NotifyBase, http), .table = &http_options_table, \
                  .help = "HTTP client settings; default: those of the global section." }
#define NOTIFY_TIMEOUT_ROW                      \
        { "timeout",                            \
          OPT_CUSTOM,                           \
          offsetof(NotifyBase, timeout_ms),     \
          .parse = option_parse_go_nanoseconds, \
          .def = "0s",                          \
          .help = "Limit of one attempt; 0: what the group allows." }

/* ---- one message */

typedef struct NotifyKind NotifyKind;
typedef struct NotifyMsg {
        Arena *arena;
        const NotifyKind *kind;
        const void *options;        /* during make only */
        const Notification *n;      /* during make only */
        const TmplSet *text, *html; /* during make only */
        AlertCompat compat;
        Str version; /* User-Agent: Alertmanager/<version> */
        int64_t now_ms;
        NotifyMemory *memory; /* tokens and the like, kept between messages */
        bool trial;           /* nothing will be sent: files with secrets are not read */
        bool hide_secrets;    /* only to be looked at */
        TmplValue data;
        bool failed; /* a template failed: err and failed_text say which; the later ones give nothing */
        Err err;
        Str failed_text;
        /* What is sent next: a request or a mail. */
        HttpCallOptions call;
        SmtpMail *mail;
        int step; /* how many requests went well */
        void *state;
        char dedup_key[65];
} NotifyMsg;

typedef enum NotifyVerdict {
        NOTIFY_DELIVERED,
        NOTIFY_NEXT,   /* go on with msg->call */
        NOTIFY_FAILED, /* for good */
        NOTIFY_RETRY,  /* from the first request on */
} NotifyVerdict;

struct NotifyKind {
        Component base;
        /* After the options are bound: fills in the global ones, says what is wrong. May be NULL. */
        bool (*check)(void *options, const NotifyBinding *binding);
        /* NULL: the message is written to the log. Nothing in call.url and mail: there is nothing to send. */
        bool (*make)(NotifyMsg *msg, Err *err);
        /* The answer to msg->call; NULL: notify_msg_status decides. */
        NotifyVerdict (*answered)(NotifyMsg *msg, const HttpAnswer *answer, Err *err);
};

/* Every kind, in the order of the documentation. */
extern const NotifyKind *const notify_kinds[];
extern const size_t notify_kinds_n;
extern const NotifyKind notify_discord_kind, notify_email_kind, notify_incidentio_kind, notify_jira_kind,
        notify_log_kind, notify_mattermost_kind, notify_msteams_kind, notify_msteams_v2_kind, notify_opsgenie_kind,
        notify_pagerduty_kind, notify_pushover_kind, notify_rocketchat_kind, notify_slack_kind, notify_sns_kind,
        notify_telegram_kind, notify_victorops_kind, notify_webex_kind, notify_webhook_kind, notify_wechat_kind;

/* Fills data and the deduplication key from msg->n. */
void notify_msg_init(NotifyMsg *msg);
/* Expands a text of the configuration; empty after the first failure. */
Str notify_msg_text(NotifyMsg *msg, Str text);
Str notify_msg_html(NotifyMsg *msg, Str text);
/* For the end of make: false with the failure of a text, if any. */
bool notify_msg_texts_ok(const NotifyMsg *msg, Err *err);
/* Go's regexp.QuoteMeta: how templates and webhooks see the receiver's name. */
Str notify_msg_quoted(Arena *arena, Str name);
/* Keeps the first max alerts, counts the rest, and says of all what holds for those. */
void notify_msg_limit(NotifyMsg *msg, Notification *n, size_t max);
/* At most max code points, the last of them then an ellipsis. */
Str notify_msg_cut(NotifyMsg *msg, Str s, size_t max);
/* The same in bytes, never inside a character. */
Str notify_msg_cut_bytes(NotifyMsg *msg, Str s, size_t max);
/* The value, or what its file holds now, without white space around. */
bool notify_msg_secret(NotifyMsg *msg, Secret value, Str file, const char *key, Str *ret, Err *err);

/* ---- JSON as Go's encoder writes it */
typedef struct NotifyJson {
        JsonWriter w;
        Buf out;
} NotifyJson;
void notify_msg_json(NotifyMsg *msg, NotifyJson *json);
/* Nothing when the value is empty. */
void notify_msg_json_opt(NotifyJson *json, const char *key, Str value);
void notify_msg_json_labels(NotifyJson *json, Labels labels);
/* < > & and the line separators escaped, a newline at the end. */
Str notify_msg_json_done(NotifyJson *json);
/* A tree of the configuration whose texts are templates. From 0.26 on a rendered text that YAML reads as a number, a list,
 * ... becomes that. */
void notify_tree_json(NotifyMsg *msg, const YamlNode *node, NotifyJson *json);
/* One such text. */
void notify_tree_text(NotifyMsg *msg, Str text, NotifyJson *json);

/* ---- requests */
/* The webhook's body with another version; see notify.h. */
Str notify_webhook_body_of(NotifyMsg *msg, const Notification *n, const char *version);
/* The next request: POST of JSON. Strings must live in msg->arena. */
void notify_msg_post(NotifyMsg *msg, Str url, Str body);
void notify_msg_request(NotifyMsg *msg, const char *method, Str url, Str content_type, Str body);
void notify_msg_header(NotifyMsg *msg, Str name, Str value);
/* 2xx is delivered, 5xx and 429 worth another try, the rest a failure that shows what was answered. */
NotifyVerdict notify_msg_status(const HttpAnswer *answer, Err *err);
