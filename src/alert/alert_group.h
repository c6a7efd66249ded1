/* alert/alert_group.h - AlertGroup: the alerts that one route puts into one notification, and its timer. Private.
 * Not thread-safe: the router's lock covers it. */
#pragma once
#include "alert/alert_route.h"
#include "alert/alert_store.h"
#include "base/hash.h"

typedef struct AlertGroup {
        Arena *memory;
        const AlertRoute *route; /* borrowed from the router's configuration */
        Str key;                 /* route key and labels: what receivers see */
        Labels labels;
        AlertSet alerts; /* references */
        int64_t next_flush_ms;
        size_t in_flight; /* deliveries of this group */
        bool failed;      /* one of them failed: nothing is forgotten */
        bool waits;       /* due, but a delivery of it from before a reload is under way */
        bool flushed;     /* at least once */
        int64_t last_notified_ms;
        int64_t empty_since_ms; /* 0: it is not empty */
} AlertGroup;

typedef struct GroupId {
        const AlertRoute *route;
        Labels labels;
} GroupId;

#define MAP_NAME GroupMap
#define MAP_FN_PREFIX group_map
#define MAP_KEY GroupId
#define MAP_VAL AlertGroup *
#define MAP_HASH(k) (labels_hash((k).labels) ^ hash_u64((uint64_t)(uintptr_t)(k).route))
#define MAP_EQ(a, b) ((a).route == (b).route && labels_eq((a).labels, (b).labels))
#include "base/map.inc.h"

/* Puts the alert, whose labels these are, into its group of this route. True when a timer is earlier than before: the group is new, or (0.25 alone)
 * the alert is old and the group has not flushed yet. */
bool alert_group_insert(GroupMap *groups, const AlertRoute *root, const AlertRoute *route, StoredAlert *alert,
                        Labels labels, AlertCompat compat, int64_t now_ms);
/* Takes resolved alerts out; with `told` only those versions that are in it. */
void alert_group_drop_resolved(AlertGroup *group, StoredAlert *const *told, size_t n_told, int64_t now_ms);
/* Removes the group from the map when it is empty and nothing is under way; 0.25 keeps it for a while. True when it is
 * gone. */
bool alert_group_remove_empty(GroupMap *groups, AlertGroup *group, AlertCompat compat, int64_t now_ms);
void alert_group_clear(GroupMap *groups);
typedef struct AlertMember {
        StoredAlert *alert; /* referenced */
        AlertMsg msg;       /* pairs live in the snapshot's arena */
} AlertMember;
/* The group's alerts as they stand, in Alertmanager's order: by job, instance, then labels. */
AlertMember *alert_group_snapshot(const AlertGroup *group, Arena *arena, size_t *ret_n);
