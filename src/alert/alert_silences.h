/* alert/alert_silences.h - AlertSilences: who must not be told about what for a while. Private.
 *
 * Not thread-safe: the router's lock covers it. What is to be stored goes to the journal. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_index.h"
#include "alert/alert_matchers.h"
#include "alert/alert_store.h"
#include "base/hash.h"

/* One silence with its memory. seq rises with each new one: what an alert remembers of silences is told by it. */
typedef struct HeldSilence {
        AlertSilence silence;
        Arena *memory;
        uint32_t seq;
} HeldSilence;

#define MAP_NAME SilenceMap
#define MAP_FN_PREFIX silence_map
#define MAP_KEY uint32_t
#define MAP_VAL HeldSilence *
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

#define MAP_NAME SilenceIds
#define MAP_FN_PREFIX silence_ids
#define MAP_KEY Str
#define MAP_VAL HeldSilence *
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef struct AlertSilences {
        SilenceMap by_seq;
        SilenceIds by_id;
        AlertIndex index;
        size_t indexed; /* entries of the index, with those that are gone */
        uint32_t last_seq;
        int64_t retention_ms;
        size_t max_silences, max_bytes; /* 0: any */
        AlertMatcherMode matchers;      /* says what may be a name */
        bool old_words;                 /* those of 0.25 */
        bool strict;                    /* a condition that an alert without the label fulfils says nothing */
} AlertSilences;

/* Reads what was saved. */
void alert_silences_load(AlertSilences *silences, StateDb *db);
void alert_silences_done(AlertSilences *silences);
/* Sets one as POST /api/v2/silences: a new one, in place, or anew with the old one ended. */
MUST_CHECK bool alert_silences_set(AlertSilences *silences, const AlertSilence *wanted, int64_t now_ms,
                                   AlertJournal *journal, char ret_id[ALERT_SILENCE_ID_BYTES], Err *err);
MUST_CHECK bool alert_silences_expire(AlertSilences *silences, Str id, int64_t now_ms, AlertJournal *journal, Err *err);
/* Forgets those that ended before the retention. */
void alert_silences_collect(AlertSilences *silences, int64_t now_ms, AlertJournal *journal);
const HeldSilence *alert_silences_find(const AlertSilences *silences, Str id);
/* The active silences of an alert, whose labels these are: calls fn for each until it returns false. What was found is remembered in its marks. */
void alert_silences_of(AlertSilences *silences, StoredAlert *alert, Labels labels, int64_t now_ms,
                       bool (*fn)(void *arg, const HeldSilence *silence), void *arg);
bool alert_silences_mute(AlertSilences *silences, StoredAlert *alert, Labels labels, int64_t now_ms);
