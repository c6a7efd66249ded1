/* statedb/statedb.h - StateDb: small durable state in one SQLite file: alert states, group notification log, events,
 * silences, settings. Not for samples. Thread-safe; a write is durable when the function returns. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct StateDb StateDb;

/* Limits: what is longer is refused with ERR_LIMIT; older or more events than these are deleted by statedb_expire. */
enum {
        STATEDB_SCHEMA_VERSION = 3,
        STATEDB_KIND_MAX_BYTES = 256,
        STATEDB_KEY_MAX_BYTES = 8 << 10,
        STATEDB_VALUE_MAX_BYTES = 16 << 20,
        STATEDB_EVENT_DETAIL_MAX_BYTES = 256 << 10,
        STATEDB_EVENTS_MAX = 500000,
        STATEDB_EVENTS_DEFAULT_LIMIT = 1000,
};
#define STATEDB_EVENTS_KEEP_MS (INT64_C(90) * 24 * 3600 * 1000)

/* Creates or migrates path; a file of a newer version (ERR_UNSUPPORTED), a damaged one or one that is no database
 * (ERR_CORRUPT) and another program's database (ERR_INVALID) are errors that say what to do. Use
 * ":memory:" in tests. */
MUST_CHECK bool statedb_open(const char *path, StateDb **ret, Err *err);
void statedb_close(StateDb *db);
DEFINE_AUTO(StateDb *, statedb_close);

/* A copy as it is at one moment, into a file that must not be there. Writing goes on meanwhile. */
MUST_CHECK bool statedb_backup(StateDb *db, const char *path, Err *err);

/* ---- documents: (kind, key) -> bytes, with a time for expiry. */
MUST_CHECK bool statedb_put(StateDb *db, Str kind, Str key, Str value, int64_t expires_ms /* 0: never */, Err *err);
/* ERR_NOT_FOUND when absent. */
MUST_CHECK bool statedb_get(StateDb *db, Str kind, Str key, Arena *arena, Str *ret, Err *err);
MUST_CHECK bool statedb_delete(StateDb *db, Str kind, Str key, Err *err);
/* Calls fn for each document of the kind in key order until it returns false. fn may use db; key and value are valid
 * during the call. Documents written meanwhile may or may not be seen. */
MUST_CHECK bool statedb_each(StateDb *db, Str kind, bool (*fn)(void *arg, Str key, Str value, int64_t expires_ms),
                             void *arg, Err *err);
/* Several writes in one transaction: all or none, one sync for all of them. */
typedef struct StateDbWrite {
        Str kind, key, value; /* value.p NULL: delete */
        int64_t expires_ms;
} StateDbWrite;
MUST_CHECK bool statedb_write_all(StateDb *db, const StateDbWrite *writes, size_t n, Err *err);
struct StateDbEvent;
/* The same with events: all of both or nothing. */
MUST_CHECK bool statedb_commit(StateDb *db, const StateDbWrite *writes, size_t n, const struct StateDbEvent *events,
                               size_t n_events, Err *err);
/* Deletes documents whose time has come, and events beyond STATEDB_EVENTS_MAX or STATEDB_EVENTS_KEEP_MS, oldest first; the
 * newest one stays. */
MUST_CHECK bool statedb_expire(StateDb *db, int64_t now_ms, Err *err);
/* The log has a tenth more events than STATEDB_EVENTS_MAX: it is time for statedb_expire. Cheap. */
bool statedb_is_over(StateDb *db);

/* ---- the event log: what happened to alerts, append-only, queried by time, kind and subject. */
typedef struct StateDbEvent {
        int64_t id, t_ms;
        Str kind;    /* started, updated, resolved, grouped, suppressed, sent, failed, acknowledged, ... */
        Str subject; /* alert fingerprint, group key, silence id */
        Str detail;  /* JSON object */
} StateDbEvent;
MUST_CHECK bool statedb_event_add(StateDb *db, int64_t t_ms, Str kind, Str subject, Str detail_json, Err *err);
/* Several events in one transaction; their ids are given by the database. */
MUST_CHECK bool statedb_events_add(StateDb *db, const StateDbEvent *events, size_t n, Err *err);
typedef struct StateDbEventQuery {
        int64_t from_ms, to_ms; /* 0: open */
        Str kind, subject;      /* empty: any */
        size_t limit;           /* 0: 1000; newest first */
        int64_t before_id;      /* 0: from the newest; for paging */
} StateDbEventQuery;
MUST_CHECK bool statedb_events(StateDb *db, const StateDbEventQuery *query, Arena *arena, StateDbEvent **ret,
                               size_t *ret_n, Err *err);
