/* alert/alert_store.h - AlertStore: the alerts that are known, by labels, and what of them must outlive the program. Private.
 *
 * Not thread-safe: the router's lock covers it. What is to be written is collected in an AlertJournal under that lock and
 * written behind it. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_index.h"
#include "alert/alert_set.h"
#include "alert/alert_text.h"
#include "base/vec.h"
#include "model/alert_msg.h"
#include "statedb/statedb.h"

typedef enum AlertMuted { MUTED_UNKNOWN, MUTED_NOT, MUTED_SILENCE, MUTED_INHIBITION, MUTED_INTERVAL } AlertMuted;

/* What few alerts have. */
typedef struct AlertExtra {
        AlertIdVec silences; /* numbers of silences that match it */
        AlertAck *ack;       /* owned by its memory; NULL: nobody has seen it */
        Arena *ack_memory;
} AlertExtra;

/* What is known of an alert over its versions. */
typedef struct AlertMarks {
        uint32_t silences_upto; /* compared with silences up to this number */
        bool is_source;         /* stands among the sources of inhibition */
        uint8_t muted;          /* AlertMuted at the last flush */
        uint64_t doc;           /* number of its document; 0: none yet */
        AlertExtra *extra;      /* NULL: nothing */
} AlertMarks;

/* One version of an alert: immutable but for `ended` and the marks, counted; an update makes a new version, which takes the
 * marks over and shares the text unless that changed. */
typedef struct StoredAlert {
        int refs;
        bool timeout; /* ends_at was made up: any explicit end replaces it */
        bool ended;   /* its end is in the journal */
        bool current; /* the marks are here; under the router's lock */
        AlertMarks marks;
        uint64_t fingerprint;
        int64_t starts_at_ms, ends_at_ms, updated_at_ms;
        AlertText *text;
} StoredAlert;

StoredAlert *alert_store_ref(StoredAlert *alert);
void alert_store_unref(StoredAlert *alert);
static inline bool alert_store_is_resolved(const StoredAlert *a, int64_t now_ms)
{
        return a->ends_at_ms && a->ends_at_ms <= now_ms;
}
/* Pairs live in arena, strings in the alert. */
AlertMsg alert_store_read(const StoredAlert *alert, Arena *arena);
/* Of the current version; made when there is none. */
AlertExtra *alert_store_extra(StoredAlert *alert);

/* Writes that belong together; everything lives in arena. */
typedef struct AlertJournal {
        Arena *arena;
        VEC(StateDbWrite) writes;
        VEC(StateDbEvent) events;
        VEC(AlertDone) waiters; /* called when it is written */
} AlertJournal;
AlertJournal alert_store_journal(Arena *arena);
static inline bool alert_store_is_empty(const AlertJournal *j)
{
        return !j->writes.len && !j->events.len && !j->waiters.len;
}
void alert_store_add_write(AlertJournal *journal, Str kind, Str key, Str value, int64_t expires_ms);
void alert_store_add_event(AlertJournal *journal, int64_t t_ms, Str kind, Str subject, Str detail);
/* Logs what cannot be written. db may be NULL. */
void alert_store_write(const AlertJournal *journal, StateDb *db);

typedef struct AlertStore {
        AlertSet alerts;     /* references */
        AlertTexts *texts;   /* made with the first alert */
        uint64_t last_doc;   /* documents are numbered: those of one time stand together */
        int64_t next_end_ms; /* nothing ends or is forgotten before; 0: unknown */
        void (*on_end)(void *ctx, StoredAlert *alert, int64_t now_ms); /* its end is noted; may be NULL */
        void (*on_gone)(void *ctx, StoredAlert *alert);                /* before it is forgotten; may be NULL */
        void *ctx;
} AlertStore;
/* Reads what was saved. What fired then fires for at least grace_ms more, so that its source can say that it still does. */
void alert_store_load(AlertStore *store, StateDb *db, int64_t now_ms, int64_t grace_ms);
void alert_store_done(AlertStore *store);
/* Sets or updates by labels. Returns the new version, borrowed from the store. */
StoredAlert *alert_store_put(AlertStore *store, const AlertMsg *msg, int64_t now_ms, int64_t resolve_timeout_ms,
                             AlertJournal *journal);
/* It is over and that is noted: when it was not yet. */
void alert_store_note_end(AlertStore *store, StoredAlert *alert, int64_t now_ms, AlertJournal *journal);
/* Notes ends that passed by themselves, forgets what ended keep_ms ago. Looks at nothing before next_end_ms. False: the
 * journal has reached max_bytes, and there is more. */
bool alert_store_expire(AlertStore *store, int64_t now_ms, int64_t keep_ms, size_t max_bytes, AlertJournal *journal);
