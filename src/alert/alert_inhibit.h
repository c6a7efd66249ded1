/* alert/alert_inhibit.h - AlertInhibitor: alerts that mute other alerts. Private.
 *
 * Rules are found by what they look for, sources by the values of their rule's equal labels: muting is no product of
 * alerts and rules. Not thread-safe: the router's lock covers it. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_index.h"
#include "alert/alert_store.h"
#include "base/hash.h"

#define MAP_NAME FiringSet
#define MAP_FN_PREFIX firing_set
#define MAP_KEY uint64_t
#define MAP_VAL bool
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

#define MAP_NAME SourceMap
#define MAP_FN_PREFIX source_map
#define MAP_KEY uint64_t
#define MAP_VAL FiringSet *
#define MAP_HASH(k) (k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

typedef struct AlertInhibitor {
        Arena *memory; /* borrowed: the configuration's */
        const AlertInhibitRule *rules;
        size_t n;
        AlertIndex sources, targets;
        SourceMap firing; /* rule and equal labels -> alerts that were firing when last looked at, by fingerprint */
} AlertInhibitor;

/* Copies the rules into arena, which outlives it. */
MUST_CHECK bool alert_inhibit_init(AlertInhibitor *inhibitor, const AlertInhibitRule *rules, size_t n, Arena *arena,
                                   Err *err);
void alert_inhibit_done(AlertInhibitor *inhibitor);
/* A version of an alert is current: it may mute others. */
void alert_inhibit_put(AlertInhibitor *inhibitor, StoredAlert *alert, Labels labels, int64_t now_ms);
/* An alert is forgotten. */
void alert_inhibit_remove(AlertInhibitor *inhibitor, StoredAlert *alert);
/* The fingerprint of a firing alert that mutes this one, and by which rule. False: none. */
bool alert_inhibit_mutes(AlertInhibitor *inhibitor, const AlertStore *store, Labels labels, int64_t now_ms,
                         uint64_t *ret_source, const AlertInhibitRule **ret_rule);
