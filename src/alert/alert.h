/* alert/alert.h - AlertRouter: alerts in, notifications out: the route tree, grouping and its timers, repeats, resolved
 * notices, the notification log. Alertmanager's configuration and behaviour.
 *
 * Driven like the rules: alert_router_tick flushes the groups that are due and says when to call again, so that a test
 * runs it on a manual clock. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "config/diag.h"
#include "config/option.h"
#include "model/alert_msg.h"
#include "model/matcher.h"
#include "model/notification.h"
#include "os/clock.h"
#include "statedb/statedb.h"

typedef struct AlertRoute {
        Str receiver;
        Matchers matchers; /* match, match_re and matchers together */
        bool continue_matching;
        StrList group_by;
        bool group_by_all;
        int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
        struct AlertRoute *routes; /* children, in order; inherited values filled in */
        size_t n;
} AlertRoute;
typedef struct AlertReceiver {
        Str name;
        const YamlNode *node; /* integrations: bound by notify/ */
} AlertReceiver;
typedef struct AlertConfig {
        AlertRoute *root;
        AlertReceiver *receivers;
        size_t n_receivers;
        int64_t resolve_timeout_ms;
        const YamlNode *global;
        StrList templates;
        Str file; /* where it came from, for messages and base dir */
} AlertConfig;

/* Binds an alertmanager.yml (its whole upstream grammar is accepted; what has no effect yet warns). Lives in ctx->arena. */
bool alert_config_bind(const YamlNode *root, const OptionCtx *ctx, AlertConfig *ret);

/* The keys of an alertmanager.yml, without those of receivers, as Markdown. */
void alert_config_document(Buf *out);

/* Who sends. A receiver has some integrations (its first webhook, its second, ...); each is told and remembered apart. */
typedef struct AlertSender {
        size_t (*integrations)(void *self, Str receiver); /* 0: unknown receiver */
        bool (*send_resolved)(void *self, Str receiver, size_t integration);
        /* Starts a delivery and calls done exactly once, later or at once, from any thread. The notification is borrowed
         * until then. */
        void (*send)(void *self, const Notification *notification,
                     void (*done)(void *arg, const DeliveryResult *result), void *arg);
        void *self;
} AlertSender;

typedef struct AlertRouterOptions {
        const Clock *clock;
        StateDb *statedb; /* notification log and active alerts over restarts; may be NULL */
        AlertSender sender;
        Str external_url;
        void (*wake)(void *ctx); /* an alert came that needs a tick earlier than announced; any thread; may be NULL */
        void *wake_ctx;
} AlertRouterOptions;
typedef struct AlertRouter AlertRouter;
AlertRouter *alert_router_new(const AlertRouterOptions *options); /* returns owned */
void alert_router_free(AlertRouter *router);                      /* waits for deliveries under way */
/* Copies the configuration. Groups are rebuilt from the active alerts; the notification log keeps repeats from being early. */
MUST_CHECK bool alert_router_apply(AlertRouter *router, const AlertConfig *config, Err *err);
/* As POST /api/v2/alerts: sets or updates by labels; missing ends_at gets resolve_timeout. */
void alert_router_put(AlertRouter *router, const AlertMsg *alerts, size_t n);
AlertSink alert_router_sink(AlertRouter *router);
/* Flushes what is due; returns the milliseconds until the next timer (at most 60000). */
int64_t alert_router_tick(AlertRouter *router);

typedef struct AlertGroupStatus {
        Str receiver, key;
        Labels labels;
        AlertMsg *alerts;
        size_t n;
        int64_t last_notified_ms, next_flush_ms; /* 0: none */
} AlertGroupStatus;
void alert_router_groups(AlertRouter *router, Arena *arena, AlertGroupStatus **ret, size_t *ret_n);
