/* alert/alert_log.h - AlertLog: what each receiver was last told about each group, so that nothing is said twice. Private.
 * Not thread-safe: the router's lock covers it. */
#pragma once
#include "base/vec.h"
#include "statedb/statedb.h"

typedef struct AlertLog AlertLog;
typedef struct AlertHashes {
        uint64_t *data; /* sorted */
        size_t n;
} AlertHashes;

typedef enum AlertNotice { /* why a notification goes out, or not */
                           NOTICE_NONE,
                           NOTICE_FIRST,
                           NOTICE_NEW_FIRING,
                           NOTICE_ALL_RESOLVED,
                           NOTICE_NEW_RESOLVED,
                           NOTICE_REPEAT,
} AlertNotice;
const char *alert_log_notice_name(AlertNotice notice);

/* Reads what was saved. statedb may be NULL. */
AlertLog *alert_log_new(StateDb *statedb);
void alert_log_free(AlertLog *log);
/* tick_ms: when the group was due. */
AlertNotice alert_log_decide(const AlertLog *log, Str key, AlertHashes firing, AlertHashes resolved, bool send_resolved,
                             int64_t tick_ms, int64_t repeat_interval_ms);
/* Remembers that this was told. The document to store for it goes to *ret_doc (arena), to be written outside the lock. */
void alert_log_note(AlertLog *log, Str key, AlertHashes firing, AlertHashes resolved, int64_t told_ms,
                    int64_t expires_ms, Arena *arena, Str *ret_doc);
/* Keeps an entry for longer; what it says stays. The document to store goes to *ret_doc (arena). */
void alert_log_extend(AlertLog *log, Str key, int64_t expires_ms, Arena *arena, Str *ret_doc);
/* Whether this alert was among what was last told as firing. */
bool alert_log_knows_firing(const AlertLog *log, Str key, uint64_t fingerprint);
int64_t alert_log_last(const AlertLog *log, Str key); /* 0: never */
/* Forgets what expired. */
void alert_log_expire(AlertLog *log, int64_t now_ms);
