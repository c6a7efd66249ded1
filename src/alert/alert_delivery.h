/* alert/alert_delivery.h - AlertDelivery: one notification on its way to one integration, with all it needs. Private. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_group.h"
#include "alert/alert_log.h"

/* What a group looks like at one moment: who fires, who is over, of those that are not muted. */
typedef struct AlertView {
        AlertMember *held; /* all of the group, sorted; referenced until alert_delivery_view_done */
        size_t n_held;
        StoredAlert **alerts; /* those that may be told, sorted */
        size_t n;
        AlertHashes firing, resolved;
} AlertView;
/* Lives in arena. muted NULL: nothing is. */
AlertView alert_delivery_view(const AlertGroup *group, int64_t now_ms,
                              bool (*muted)(void *arg, StoredAlert *alert, Labels labels), void *arg, Arena *arena);
void alert_delivery_view_done(AlertView *view);
/* What the notification log calls one integration's side of a group. */
Str alert_delivery_log_key(const AlertGroup *group, size_t integration, Arena *arena);

/* When the notification log forgets what is told at now_ms. */
int64_t alert_delivery_expires(const AlertRoute *route, int64_t retention_ms, int64_t now_ms);

typedef struct AlertDelivery {
        struct AlertDelivery *prev, *next; /* the router's list of those under way */
        struct AlertDelivery *behind;      /* the next one that waits for the same integration */
        struct AlertRouter *router;
        Arena *arena;              /* holds this */
        Notification notification; /* without texts of alerts until alert_delivery_open */
        Str log_key;
        AlertHashes firing, resolved;
        StoredAlert *
                *held; /* the versions of the whole group, referenced: those that are over may go when this is told */
        size_t n_held;
        StoredAlert **told; /* those of them that the notification is about */
        AlertGroup *group;  /* valid while epoch is the router's: it does not go while something is in flight */
        uint64_t epoch;
        AlertNotice reason;
        int64_t tick_ms; /* when it was due: repeats count from here */
        int64_t now_ms, expires_ms, started_mono_ns;
} AlertDelivery;
/* Returns owned. */
AlertDelivery *alert_delivery_new(const AlertGroup *group, const AlertView *view, size_t integration, Str log_key,
                                  Str external_url, int64_t retention_ms, int64_t now_ms);
/* Reads what is told about the alerts; what it waited is no time to send it in. Any thread, once. */
void alert_delivery_open(AlertDelivery *delivery, int64_t now_ms);
void alert_delivery_free(AlertDelivery *delivery);
/* How it ended, for the event log. */
void alert_delivery_note(const AlertDelivery *delivery, const DeliveryResult *result, int64_t now_ms,
                         AlertJournal *journal);
