/* alert/alert_delivery.h - AlertDelivery: one notification on its way to one integration, with all it needs. Private. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_group.h"
#include "alert/alert_log.h"

/* What a group looks like at one moment: who fires, who is over. */
typedef struct AlertView {
        StoredAlert **alerts; /* sorted, borrowed from the group */
        size_t n;
        AlertHashes firing, resolved;
} AlertView;
/* Lives in arena; valid until the group changes. */
AlertView alert_delivery_view(const AlertGroup *group, int64_t now_ms, Arena *arena);
/* What the notification log calls one integration's side of a group. */
Str alert_delivery_log_key(const AlertGroup *group, size_t integration, Arena *arena);

typedef struct AlertDelivery {
        struct AlertDelivery *prev, *next; /* the router's list of those under way */
        struct AlertRouter *router;
        Arena *arena; /* holds this */
        Notification notification;
        Str log_key;
        AlertHashes firing, resolved;
        StoredAlert **held; /* the versions that are told, referenced */
        size_t n_held;
        AlertGroup *group; /* valid while epoch is the router's: it does not go while something is in flight */
        uint64_t epoch;
        AlertNotice reason;
        int64_t tick_ms; /* when it was due: repeats count from here */
        int64_t now_ms, expires_ms;
} AlertDelivery;
/* Returns owned. */
AlertDelivery *alert_delivery_new(const AlertGroup *group, const AlertView *view, size_t integration, Str log_key,
                                  Str external_url, int64_t now_ms);
void alert_delivery_free(AlertDelivery *delivery);
/* How it ended, for the event log. */
void alert_delivery_note(const AlertDelivery *delivery, const DeliveryResult *result, int64_t now_ms,
                         AlertJournal *journal);
