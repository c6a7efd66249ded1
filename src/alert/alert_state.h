/* alert/alert_state.h - the router's insides, for the files that are its parts. Private. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_delivery.h"
#include "alert/alert_group.h"
#include "alert/alert_inhibit.h"
#include "alert/alert_log.h"
#include "alert/alert_matchers.h"
#include "alert/alert_route.h"
#include "alert/alert_silences.h"
#include "alert/alert_store.h"
#include "os/mutex.h"

/* Deliveries that the sender had no room for, of one integration, in their order. Never empty. */
typedef struct AlertLane {
        AlertDelivery *first, *last;
} AlertLane;

struct AlertRouter {
        AlertRouterOptions options;
        Arena *arena; /* strings of options */
        Mutex journal_mu;
        Mutex mu; /* guards everything below */
        Cond idle;
        AlertJournal journal; /* changes in their order, not written yet */
        size_t writers;       /* jobs of the pool that will write it */
        Arena *config_arena;
        AlertRoute *root; /* NULL until the first apply */
        AlertReceiverSeen *receivers;
        size_t n_receivers;
        AlertIntervals intervals;
        AlertInhibitor inhibitor;
        AlertCompat compat;
        AlertMatcherMode matchers;
        int64_t resolve_timeout_ms;
        AlertStore store;
        AlertSilences silences;
        GroupMap groups;
        AlertLog *log;
        AlertDelivery *deliveries; /* under way */
        VEC(AlertLane) lanes;      /* those of them that wait */
        size_t in_flight;
        size_t burst;         /* deliveries since nothing was under way */
        uint64_t epoch;       /* rises with every apply: deliveries of an older one do not touch groups */
        int64_t counted_ms;   /* when the gauges were set */
        int64_t collected_ms; /* when what expired was forgotten */
};

/* Writes what is in the journal: what was done before this call is durable behind it. Without any lock held. */
void alert_state_persist(AlertRouter *router);
/* The same by a job of the pool, if there is one: whoever changes something until it runs shares its sync. */
void alert_state_persist_soon(AlertRouter *router);
/* As alert_state_persist without done.fn, else soon. */
void alert_state_persist_then(AlertRouter *router, AlertDone done);

typedef VEC(AlertDelivery *) AlertDeliveries;
/* Under mu: a delivery of this group is under way from here on. */
void alert_send_begin(AlertRouter *router, AlertGroup *group, AlertDelivery *delivery);
/* Sends what waited, then these, as far as there is room; the rest waits. Without any lock held. */
void alert_send_all(AlertRouter *router, AlertDelivery *const *fresh, size_t n);
/* Under mu: what waits was never decided. Before groups go. */
void alert_send_drop_waiting(AlertRouter *router);
/* Under mu: until one has waited too long. */
int64_t alert_send_timer_ms(const AlertRouter *router, int64_t now_ms);

/* What mutes an alert now. Under mu. */
typedef struct AlertMuting {
        AlertMuted muted;
        uint64_t source;              /* of an inhibition */
        const AlertInhibitRule *rule; /* of it */
} AlertMuting;
AlertMuting alert_mute_of(AlertRouter *router, StoredAlert *alert, Labels labels, int64_t now_ms);
/* The names of the intervals that mute a route now. */
const Str *alert_mute_intervals(const AlertRouter *router, const AlertRoute *route, int64_t now_ms, Arena *arena,
                                size_t *ret_n);
/* Remembers what an alert is muted by since this flush, an event when that changed, and counts it. */
void alert_mute_note(AlertRouter *router, StoredAlert *alert, Labels labels, const AlertGroup *group,
                     const AlertMuting *muting, int64_t now_ms);
/* Sets the gauges of alerts and silences. */
void alert_mute_count(AlertRouter *router, int64_t now_ms);
