/* alert/alert.h - AlertRouter: alerts in, notifications out: the route tree, grouping and its timers, repeats, resolved
 * notices, the notification log. Alertmanager's configuration and behaviour.
 *
 * Driven like the rules: alert_router_tick flushes the groups that are due and says when to call again, so that a test
 * runs it on a manual clock. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "alert/alert_interval.h"
#include "alert/alert_matchers.h"
#include "config/diag.h"
#include "config/option.h"
#include "model/alert_msg.h"
#include "model/matcher.h"
#include "model/notification.h"
#include "os/clock.h"
#include "statedb/statedb.h"

struct Pool;

typedef struct AlertRoute {
        Str receiver;
        Matchers matchers; /* match, match_re and matchers together */
        bool continue_matching;
        StrList group_by;
        bool group_by_all;
        int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
        StrList mute_intervals, active_intervals; /* names, not inherited */
        Labels labels;                            /* inherited, a child's win; for templates */
        struct AlertRoute *routes;                /* children, in order; inherited values filled in */
        size_t n;
} AlertRoute;
/* A firing alert that matches `source` mutes those that match `target` and have the same values of `equal`. */
typedef struct AlertInhibitRule {
        Str name;
        Matchers source, target;
        StrList equal;
} AlertInhibitRule;
typedef struct AlertReceiver {
        Str name;
        Labels labels;
        const YamlNode *node; /* integrations: bound by notify/ */
} AlertReceiver;
typedef struct AlertConfig {
        AlertRoute *root;
        AlertReceiver *receivers;
        size_t n_receivers;
        AlertInhibitRule *inhibit_rules;
        size_t n_inhibit_rules;
        AlertIntervals intervals;
        AlertCompat compat;
        AlertMatcherMode matchers; /* how matchers and names of labels are read, in the API too */
        int64_t resolve_timeout_ms;
        const YamlNode *global;
        StrList templates;
        Str file; /* where it came from, for messages and base dir */
} AlertConfig;

/* Binds an alertmanager.yml (its whole upstream grammar). Lives in ctx->arena. */
bool alert_config_bind(const YamlNode *root, const OptionCtx *ctx, AlertConfig *ret);
/* The same as a version of Alertmanager reads it: 0.25 knows no UTF-8 names. alert_config_bind is 0.34. */
bool alert_config_bind_as(const YamlNode *root, AlertCompat compat, const OptionCtx *ctx, AlertConfig *ret);
/* And with matchers of one grammar alone; 0.25 has the classic one only, whatever is asked for. */
bool alert_config_bind_mode(const YamlNode *root, AlertCompat compat, AlertMatcherMode matchers, const OptionCtx *ctx,
                            AlertConfig *ret);

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
        /* Whether one more may be sent to this integration now: what is sent stands in memory as a whole. Without room it
         * waits; a sender that gets some wakes the router. NULL: always. */
        bool (*room)(void *self, Str receiver, size_t integration);
} AlertSender;

typedef struct AlertRouterOptions {
        const Clock *clock;
        StateDb *statedb; /* notification log and active alerts over restarts; may be NULL */
        AlertSender sender;
        Str external_url;
        struct Pool *pool;            /* where deliveries are recorded; NULL: by who reports them */
        size_t max_silences;          /* 0: any number */
        size_t max_silence_bytes;     /* 0: any size */
        int64_t silence_retention_ms; /* of ended ones, and the longest that is remembered what was told; 0: 120 hours */
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
/* What is called when something is durable, from any thread; without fn the call itself waits for the disk. Callers of the
 * _then functions that come at the same time share a sync. */
typedef struct AlertDone {
        void (*fn)(void *arg);
        void *arg;
} AlertDone;
void alert_router_put_then(AlertRouter *router, const AlertMsg *alerts, size_t n, AlertDone done);
AlertSink alert_router_sink(AlertRouter *router);
/* Flushes what is due; returns the milliseconds until the next timer (at most 60000). */
int64_t alert_router_tick(AlertRouter *router);

/* ---- what is muted, and why */

typedef enum AlertState { ALERT_UNPROCESSED, ALERT_ACTIVE, ALERT_SUPPRESSED } AlertState;
const char *alert_state_name(AlertState state);

enum {
        ALERT_SILENCE_ID_BYTES = 37 /* a uuid as text */,
        ALERT_ACK_NAME_MAX_BYTES = 200,
        ALERT_ACK_TEXT_MAX_BYTES = 4000
};

typedef enum AlertSilenceState { ALERT_SILENCE_PENDING, ALERT_SILENCE_ACTIVE, ALERT_SILENCE_EXPIRED } AlertSilenceState;
typedef struct AlertSilence {
        char id[ALERT_SILENCE_ID_BYTES]; /* "" for a new one */
        Matchers matchers;
        int64_t starts_at_ms, ends_at_ms, updated_at_ms;
        Str created_by, comment;
        Labels annotations;
} AlertSilence;
AlertSilenceState alert_silence_state(const AlertSilence *silence, int64_t now_ms);
const char *alert_silence_state_name(AlertSilenceState state);
/* Copies everything into arena. */
MUST_CHECK bool alert_silence_copy(const AlertSilence *from, Arena *arena, AlertSilence *ret, Err *err);

/* Creates or, with an id, changes a silence; one whose matchers or start change ends and gets a new id. ERR_NOT_FOUND: no
 * such id; ERR_INVALID, ERR_LIMIT: why not. Durable when it returns. */
MUST_CHECK bool alert_router_silence_set(AlertRouter *router, const AlertSilence *wanted,
                                         char ret_id[ALERT_SILENCE_ID_BYTES], Err *err);
/* The answer at once; done is called later, also after an error. */
MUST_CHECK bool alert_router_silence_set_then(AlertRouter *router, const AlertSilence *wanted,
                                              char ret_id[ALERT_SILENCE_ID_BYTES], AlertDone done, Err *err);
/* Ends it; an ended one stays as it is. ERR_NOT_FOUND. */
MUST_CHECK bool alert_router_silence_expire(AlertRouter *router, Str id, Err *err);
MUST_CHECK bool alert_router_silence_expire_then(AlertRouter *router, Str id, AlertDone done, Err *err);
MUST_CHECK bool alert_router_silence_get(AlertRouter *router, Str id, Arena *arena, AlertSilence *ret, Err *err);
/* All, as Alertmanager lists them: active by their end, pending by their start, ended ones, the latest first. Without
 * compiled regexes. */
void alert_router_silences(AlertRouter *router, Arena *arena, AlertSilence **ret, size_t *ret_n);

/* Somebody has seen it: repeats stop while all that fires of a group is acknowledged; news are told. */
typedef struct AlertAck {
        uint64_t fingerprint;
        Labels labels; /* of the alert */
        Str by, comment;
        int64_t at_ms, until_ms; /* until 0: the alert's end */
} AlertAck;
/* Which alerts are meant: all that is given must hold. */
typedef struct AlertWhich {
        Matchers filter;
        bool has_fingerprint;
        uint64_t fingerprint;
        Str group; /* key of a group that the alert is in; empty: any */
} AlertWhich;
/* Acknowledges the firing alerts that are meant; how many they are goes to *ret_n. ERR_INVALID: no name, nothing said of
 * which, or a time that has passed; ERR_NOT_FOUND: none fires. Durable when it returns. */
MUST_CHECK bool alert_router_ack(AlertRouter *router, const AlertWhich *which, Str by, Str comment, int64_t until_ms,
                                 size_t *ret_n, Err *err);
/* Takes acknowledgements back. */
size_t alert_router_unack(AlertRouter *router, const AlertWhich *which, Str by);
void alert_router_acks(AlertRouter *router, Arena *arena, AlertAck **ret, size_t *ret_n);

/* ---- looking */

/* One alert as it stands. What msg points to is held until alert_router_view_done. */
typedef struct AlertSeen {
        const AlertMsg *msg;
        uint64_t fingerprint;
        AlertState state;
        const Str *silenced_by; /* ids */
        size_t n_silenced_by;
        uint64_t inhibited_by; /* a fingerprint; 0: nobody */
        Str inhibited_rule;    /* its name, "" without one */
        const AlertAck *ack;   /* NULL: nobody has seen it */
        const Str *receivers;  /* names */
        size_t n_receivers;
        void *held;
} AlertSeen;
typedef struct AlertGroupSeen {
        Str receiver, key;
        Labels labels;
        AlertSeen *alerts;
        size_t n;
        const Str *muted_by; /* names of time intervals */
        size_t n_muted_by;
        int64_t last_notified_ms, next_flush_ms; /* 0: none */
} AlertGroupSeen;

/* What is wanted. The defaults of the API are all true. */
typedef struct AlertWanted {
        bool active, silenced, inhibited, unprocessed, muted;
        Matchers filter;
        const Regex *receiver;      /* NULL: any */
        Matchers receiver_matchers; /* on the receiver's labels */
        bool has_fingerprint;
        uint64_t fingerprint;
} AlertWanted;
/* Firing alerts by fingerprint. */
void alert_router_seen(AlertRouter *router, const AlertWanted *wanted, Arena *arena, AlertSeen **ret, size_t *ret_n);
/* The same for very many: fn is called with one after the other, without a lock, until it returns false; what it is given is
 * valid during the call. */
void alert_router_seen_each(AlertRouter *router, const AlertWanted *wanted,
                            bool (*fn)(void *arg, const AlertSeen *seen), void *arg);
/* Groups by their labels, then receiver; without those that nothing of is wanted. Receivers of an alert are sorted. */
void alert_router_groups_seen(AlertRouter *router, const AlertWanted *wanted, Arena *arena, AlertGroupSeen **ret,
                              size_t *ret_n);
/* The same, one after the other. */
void alert_router_groups_each(AlertRouter *router, const AlertWanted *wanted,
                              bool (*fn)(void *arg, const AlertGroupSeen *group), void *arg);
/* Lets go of what was seen: in any thread, before the arena goes. */
void alert_router_seen_done(AlertSeen *seen, size_t n);

typedef struct AlertReceiverSeen {
        Str name;
        Labels labels;
        bool used; /* by a route */
} AlertReceiverSeen;
/* In the order of the configuration. */
void alert_router_receivers(AlertRouter *router, Arena *arena, AlertReceiverSeen **ret, size_t *ret_n);
AlertCompat alert_router_compat(AlertRouter *router);
AlertMatcherMode alert_router_matchers(AlertRouter *router);

/* ---- explaining */

/* What one route makes of a label set. */
typedef struct AlertRouteExplained {
        Str receiver, route_key, group_key;
        Labels group_labels;
        bool group_exists;
        int64_t next_flush_ms, last_notified_ms; /* 0: none */
        size_t n_alerts;                         /* of the group */
        int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
        const Str *muted_by; /* time intervals that mute it now */
        size_t n_muted_by;
        size_t integrations;
        struct AlertIntegrationExplained {
                bool told;         /* the log knows what it was told */
                bool told_firing;  /* and this alert was among what fires */
                int64_t told_ms;   /* at which tick */
                int64_t repeat_ms; /* the first tick at which an unchanged group is told again; 0: never told */
                Str decision;      /* what a flush now would do: "none", "first notification", ... */
        } *log;                    /* one an integration */
} AlertRouteExplained;
typedef struct AlertExplained {
        bool known; /* there is such an alert */
        AlertSeen alert;
        AlertRouteExplained *routes;
        size_t n_routes;
        const AlertSilence *silences; /* active ones that match */
        size_t n_silences;
} AlertExplained;
/* Why an alert with these labels is (not) told now; it need not exist. Held until alert_router_seen_done(&ret->alert, 1). */
void alert_router_explain(AlertRouter *router, Labels labels, Arena *arena, AlertExplained *ret);
/* The labels of a known alert. */
bool alert_router_labels_of(AlertRouter *router, uint64_t fingerprint, Arena *arena, Labels *ret);

typedef struct AlertGroupStatus {
        Str receiver, key;
        Labels labels;
        AlertMsg *alerts;
        size_t n;
        int64_t last_notified_ms, next_flush_ms; /* 0: none */
} AlertGroupStatus;
void alert_router_groups(AlertRouter *router, Arena *arena, AlertGroupStatus **ret, size_t *ret_n);
