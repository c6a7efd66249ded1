/* statedb/statedb.h - StateDb: small durable state in one SQLite file: alert states, group notification log, events,
 * silences, settings. Not for samples. Thread-safe; a write is durable when the function returns. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct StateDb StateDb;

/* Creates or migrates path; a file of a newer version or that is no database is an error that says what to do. Use
 * ":memory:" in tests. */
MUST_CHECK bool statedb_open(const char *path, StateDb **ret, Err *err);
void statedb_close(StateDb *db);
DEFINE_AUTO(StateDb *, statedb_close);

/* ---- documents: (kind, key) -> bytes, with a time for expiry. */
MUST_CHECK bool statedb_put(StateDb *db, Str kind, Str key, Str value, int64_t expires_ms /* 0: never */, Err *err);
/* ERR_NOT_FOUND when absent. */
MUST_CHECK bool statedb_get(StateDb *db, Str kind, Str key, Arena *arena, Str *ret, Err *err);
MUST_CHECK bool statedb_delete(StateDb *db, Str kind, Str key, Err *err);
/* Calls fn for each document of the kind in key order until it returns false. */
MUST_CHECK bool statedb_each(StateDb *db, Str kind, bool (*fn)(void *arg, Str key, Str value, int64_t expires_ms), void *arg, Err *err);
/* Several writes in one transaction. */
typedef struct StateDbWrite {
        Str kind, key, value; /* value.p NULL: delete */
        int64_t expires_ms;
} StateDbWrite;
MUST_CHECK bool statedb_write_all(StateDb *db, const StateDbWrite *writes, size_t n, Err *err);
MUST_CHECK bool statedb_expire(StateDb *db, int64_t now_ms, Err *err);

/* ---- the event log: what happened to alerts, append-only, queried by time, kind and subject. */
typedef struct StateDbEvent {
        int64_t id, t_ms;
        Str kind;    /* started, updated, resolved, grouped, suppressed, sent, failed, acknowledged, ... */
        Str subject; /* alert fingerprint, group key, silence id */
        Str detail;  /* JSON object */
} StateDbEvent;
MUST_CHECK bool statedb_event_add(StateDb *db, int64_t t_ms, Str kind, Str subject, Str detail_json, Err *err);
typedef struct StateDbEventQuery {
        int64_t from_ms, to_ms; /* 0: open */
        Str kind, subject;      /* empty: any */
        size_t limit;           /* 0: 1000; newest first */
        int64_t before_id;      /* 0: from the newest; for paging */
} StateDbEventQuery;
MUST_CHECK bool statedb_events(StateDb *db, const StateDbEventQuery *query, Arena *arena, StateDbEvent **ret, size_t *ret_n, Err *err);
