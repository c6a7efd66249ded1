/* statedb/statedb.c
 *
 * Invariants:
 * 1. One connection, one mutex: every statement is reset before the mutex is released, so no read snapshot outlives a call.
 * 2. A function that returned true has committed, and the commit was synced: WAL mode with synchronous=FULL syncs the WAL at
 *    every commit, so neither kill -9 nor a power cut loses it.
 * 3. No callback of the caller runs under the mutex: statedb_each copies a page of rows first, so the callback may use db.
 * 4. The event log never holds more than STATEDB_EVENTS_MAX rows or STATEDB_EVENTS_KEEP_MS of time after statedb_expire.
 * 5. A schema only grows by appending to `migrations`; each step and its version row commit together.
 * 6. event_by_subject, _by_kind and _by_time hold the events with ids up to event_indexed.upto, all of them and in order;
 *    queries bring them up to date first. At most INDEX_EVERY_EVENTS wait for it.
 * 7. The newest event is never deleted: ids only rise, so none is ever given that event_indexed takes for indexed.
 *
 * Why SQLite: a handful of small tables that must survive everything, written a few times a second, and that an operator
 * can open with a well-known tool. A writer lock per call is no bottleneck at that rate; statedb_commit
 * shares one sync between many writes.
 *
 * Why indexes of our own: fingerprints come in no order, so each event of a storm would touch, and log, a page of its own,
 * and one event alone a page for every index. Written sorted, thousands at a time, they touch each page once; a commit logs
 * the page that an event is appended to and no other of the log. For the same reason the WAL is copied back seldom: a page
 * that changed often is copied once. */
#include "statedb/statedb.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "os/mutex.h"

enum {
        BUSY_WAIT_MS = 5000,
        EACH_PAGE_ROWS = 256,
        EXPIRE_BATCH_ROWS = 1000,
        INDEX_EVERY_EVENTS = 16384,
        CHECKPOINT_PAGES = 4000 /* 16 MB of WAL */
};
/* "phrs": marks the file as ours, so that another program's database is refused instead of getting our tables. */
enum { APPLICATION_ID = 0x70687273 };

typedef enum StmtId {
        STMT_PUT,
        STMT_GET,
        STMT_DELETE,
        STMT_EACH,
        STMT_EXPIRE_DOCS,
        STMT_EVENT_ADD,
        STMT_EVENT_TIME,
        STMT_EVENT_COUNT,
        STMT_EVENT_LAST,
        STMT_INDEX_SUBJECT,
        STMT_INDEX_KIND,
        STMT_INDEX_TIME,
        STMT_INDEX_UPTO,
        STMT_EVENTS,
        STMT_EVENTS_SUBJECT,
        STMT_EVENTS_KIND,
        STMT_EXPIRE_EVENTS_OLD,
        STMT_EXPIRE_EVENTS_MANY,
        STMT_BEGIN,
        STMT_COMMIT,
        STMT_ROLLBACK,
        STMT_MAX_,
} StmtId;

/* CROSS JOIN: the index first, then its events. */
#define EVENTS_SELECT(index) \
        "SELECT e.id, e.t_ms, e.kind, e.subject, e.detail FROM " index " s CROSS JOIN event e ON e.id = s.id WHERE "
#define EVENTS_TIME_AND_PAGE \
        "s.t_ms >= ?1 AND s.t_ms <= ?2 AND (s.t_ms, s.id) < (?3, ?4) ORDER BY s.t_ms DESC, s.id DESC LIMIT ?5"
/* Those that are indexed, and those that are not yet; a walk over all events would read the whole log. */
#define COUNT_EVENTS                                                                                       \
        "SELECT (SELECT count(*) FROM event_by_time) + max(0, (SELECT coalesce(max(id), 0) FROM event) - " \
        "(SELECT upto FROM event_indexed))"
#define NOT_NEWEST "id < (SELECT max(id) FROM event)"

// clang-format off
static const char *const stmt_sql[STMT_MAX_] = {
        [STMT_PUT] = "INSERT INTO doc(kind, key, value, expires_ms) VALUES(?1, ?2, ?3, ?4) "
                     "ON CONFLICT(kind, key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms",
        [STMT_GET] = "SELECT value FROM doc WHERE kind = ?1 AND key = ?2",
        [STMT_DELETE] = "DELETE FROM doc WHERE kind = ?1 AND key = ?2",
        [STMT_EACH] = "SELECT key, value, expires_ms FROM doc WHERE kind = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
        [STMT_EXPIRE_DOCS] = "DELETE FROM doc WHERE expires_ms > 0 AND expires_ms <= ?1",
        [STMT_EVENT_ADD] = "INSERT INTO event(t_ms, kind, subject, detail) VALUES(?1, ?2, ?3, ?4)",
        [STMT_EVENT_TIME] = "SELECT t_ms FROM event WHERE id = ?1",
        [STMT_EVENT_COUNT] = "SELECT count(*) FROM event_by_time",
        [STMT_EVENT_LAST] = "SELECT coalesce(max(id), 0) FROM event",
        [STMT_INDEX_SUBJECT] = "INSERT OR IGNORE INTO event_by_subject(subject, t_ms, id) SELECT subject, t_ms, id FROM event "
                               "WHERE id > ?1 AND id <= ?2 ORDER BY subject, t_ms, id",
        [STMT_INDEX_KIND] = "INSERT OR IGNORE INTO event_by_kind(kind, t_ms, id) SELECT kind, t_ms, id FROM event "
                            "WHERE id > ?1 AND id <= ?2 ORDER BY kind, t_ms, id",
        [STMT_INDEX_TIME] = "INSERT OR IGNORE INTO event_by_time(t_ms, id) SELECT t_ms, id FROM event "
                            "WHERE id > ?1 AND id <= ?2 ORDER BY t_ms, id",
        [STMT_INDEX_UPTO] = "UPDATE event_indexed SET upto = max(?1, ?2)",
        [STMT_EVENTS] = EVENTS_SELECT("event_by_time") EVENTS_TIME_AND_PAGE,
        /* The kind is checked on the events. */
        [STMT_EVENTS_SUBJECT] = EVENTS_SELECT("event_by_subject") "s.subject = ?6 AND (?7 IS NULL OR e.kind = ?7) AND " EVENTS_TIME_AND_PAGE,
        [STMT_EVENTS_KIND] = EVENTS_SELECT("event_by_kind") "s.kind = ?7 AND " EVENTS_TIME_AND_PAGE,
        [STMT_EXPIRE_EVENTS_OLD] = "DELETE FROM event WHERE id IN (SELECT id FROM event_by_time WHERE t_ms < ?1 AND " NOT_NEWEST
                                   " ORDER BY t_ms, id LIMIT ?2)",
        [STMT_EXPIRE_EVENTS_MANY] = "DELETE FROM event WHERE id IN (SELECT id FROM event_by_time WHERE " NOT_NEWEST
                                    " ORDER BY t_ms, id LIMIT ?1)",
        [STMT_BEGIN] = "BEGIN IMMEDIATE",
        [STMT_COMMIT] = "COMMIT",
        [STMT_ROLLBACK] = "ROLLBACK",
};
// clang-format on

/* migrations[v] brings a file of version v to v + 1. Append only. */
static const char *const migrations[] = {
        "CREATE TABLE doc(kind BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, expires_ms INTEGER NOT NULL, "
        "PRIMARY KEY(kind, key)) WITHOUT ROWID;"
        "CREATE INDEX doc_expires ON doc(expires_ms) WHERE expires_ms > 0;"
        "CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, t_ms INTEGER NOT NULL, kind BLOB NOT NULL, "
        "subject BLOB NOT NULL, detail BLOB NOT NULL);"
        "CREATE INDEX event_t ON event(t_ms);"
        "CREATE INDEX event_subject_t ON event(subject, t_ms);"
        "CREATE INDEX event_kind_t ON event(kind, t_ms);",
        "DROP INDEX event_subject_t;"
        "CREATE TABLE event_by_subject(subject BLOB NOT NULL, t_ms INTEGER NOT NULL, id INTEGER NOT NULL, "
        "PRIMARY KEY(subject, t_ms, id)) WITHOUT ROWID;"
        "CREATE TABLE event_indexed(upto INTEGER NOT NULL);"
        "INSERT INTO event_indexed VALUES(0);"
        "CREATE TRIGGER event_gone AFTER DELETE ON event BEGIN DELETE FROM event_by_subject "
        "WHERE subject = old.subject AND t_ms = old.t_ms AND id = old.id; END;",
        /* Without AUTOINCREMENT, which writes a page of its own for every event. */
        "DROP TRIGGER event_gone;"
        "ALTER TABLE event RENAME TO event_before;"
        "CREATE TABLE event(id INTEGER PRIMARY KEY, t_ms INTEGER NOT NULL, kind BLOB NOT NULL, "
        "subject BLOB NOT NULL, detail BLOB NOT NULL);"
        "INSERT INTO event SELECT id, t_ms, kind, subject, detail FROM event_before ORDER BY id;"
        "DROP TABLE event_before;"
        "CREATE TABLE event_by_kind(kind BLOB NOT NULL, t_ms INTEGER NOT NULL, id INTEGER NOT NULL, "
        "PRIMARY KEY(kind, t_ms, id)) WITHOUT ROWID;"
        "CREATE TABLE event_by_time(t_ms INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY(t_ms, id)) WITHOUT ROWID;"
        "DELETE FROM event_by_subject;"
        "UPDATE event_indexed SET upto = 0;"
        "CREATE TRIGGER event_gone AFTER DELETE ON event BEGIN "
        "DELETE FROM event_by_subject WHERE subject = old.subject AND t_ms = old.t_ms AND id = old.id; "
        "DELETE FROM event_by_kind WHERE kind = old.kind AND t_ms = old.t_ms AND id = old.id; "
        "DELETE FROM event_by_time WHERE t_ms = old.t_ms AND id = old.id; END;",
};
_Static_assert(ARRAY_LEN(migrations) == STATEDB_SCHEMA_VERSION, "STATEDB_SCHEMA_VERSION counts the migrations");

struct StateDb {
        char *path; /* immutable */
        Mutex mu;
        sqlite3 *sql GUARDED_BY(&mu);
        sqlite3_stmt *stmts[STMT_MAX_] GUARDED_BY(&mu); /* prepared at the first use */
        int64_t indexed GUARDED_BY(&mu);                /* event_indexed.upto */
        int64_t n_events GUARDED_BY(&mu);
};

/* ---- errors */

static bool sql_error(StateDb *db, int rc, Err *err) REQUIRES(&db->mu)
{
        switch (rc & 0xff) {
        case SQLITE_NOTADB:
                return err_set(err, ERR_CORRUPT,
                               "state database '%s' is not a SQLite database: move the file away to start with empty "
                               "state, or restore it from a backup",
                               db->path);
        case SQLITE_CORRUPT:
                return err_set(
                        err, ERR_CORRUPT,
                        "state database '%s' is damaged (%s): stop pharos, try \"sqlite3 '%s' .recover\" into a new "
                        "file, or move the file away to start with empty state",
                        db->path, sqlite3_errmsg(db->sql), db->path);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return err_set(err, ERR_UNAVAILABLE,
                               "state database '%s' is locked by another process: stop the other program that uses it",
                               db->path);
        case SQLITE_FULL: return err_set(err, ERR_IO, "state database '%s': the disk is full", db->path);
        case SQLITE_CANTOPEN:
                return err_set(err, ERR_IO,
                               "open state database '%s': %s: check that the folder exists and is writable", db->path,
                               strerrordesc_np(sqlite3_system_errno(db->sql)));
        case SQLITE_READONLY:
                return err_set(err, ERR_IO,
                               "state database '%s' is not writable: check the permissions of the file and its folder",
                               db->path);
        default: return err_set(err, ERR_IO, "state database '%s': %s", db->path, sqlite3_errmsg(db->sql));
        }
}

static bool check_size(const char *what, size_t n, size_t max, Err *err)
{
        if (n <= max)
                return true;
        return err_set(err, ERR_LIMIT, "state database: a %s of %zu bytes is longer than the limit of %zu", what, n,
                       max);
}

/* ---- statements; db->mu is held (or db is not shared yet) in all of these */

static bool stmt_locked(StateDb *db, StmtId id, sqlite3_stmt **ret, Err *err) REQUIRES(&db->mu)
{
        if (!db->stmts[id]) {
                int rc = sqlite3_prepare_v3(db->sql, stmt_sql[id], -1, SQLITE_PREPARE_PERSISTENT, &db->stmts[id], NULL);
                if (rc != SQLITE_OK)
                        return sql_error(db, rc, err);
        }
        *ret = db->stmts[id];
        return true;
}

/* An empty Str is a zero-length blob, never NULL. */
static void bind_str(sqlite3_stmt *st, int at, Str s)
{
        sqlite3_bind_blob64(st, at, s.n ? s.p : "", s.n, SQLITE_STATIC);
}

static Str column_str(sqlite3_stmt *st, int at)
{
        const void *p = sqlite3_column_blob(st, at);
        return str_n(p, p ? (size_t)sqlite3_column_bytes(st, at) : 0);
}

static void stmt_done(sqlite3_stmt *st)
{
        sqlite3_reset(st);
        sqlite3_clear_bindings(st);
}

/* Runs a statement without rows to its end. */
static bool stmt_run(StateDb *db, sqlite3_stmt *st, Err *err) REQUIRES(&db->mu)
{
        int rc = sqlite3_step(st);
        bool ok = rc == SQLITE_DONE || sql_error(db, rc, err);
        stmt_done(st);
        return ok;
}

static bool run_locked(StateDb *db, StmtId id, Err *err) REQUIRES(&db->mu)
{
        sqlite3_stmt *st = NULL;
        return stmt_locked(db, id, &st, err) && stmt_run(db, st, err);
}

static bool exec_locked(StateDb *db, const char *sql, Err *err) REQUIRES(&db->mu)
{
        int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
        return rc == SQLITE_OK || sql_error(db, rc, err);
}

/* Ends a transaction: commits when ok, else rolls back and keeps the first error. */
static bool finish_locked(StateDb *db, bool ok, Err *err) REQUIRES(&db->mu)
{
        if (ok && run_locked(db, STMT_COMMIT, err))
                return true;
        Err ignored;
        if (!sqlite3_get_autocommit(db->sql))
                IGNORE(run_locked(db, STMT_ROLLBACK, &ignored));
        return false;
}

/* ---- opening */

static bool read_int(StateDb *db, const char *sql, int64_t *ret, Err *err) REQUIRES(&db->mu)
{
        sqlite3_stmt *st = NULL;
        int rc = sqlite3_prepare_v2(db->sql, sql, -1, &st, NULL);
        if (rc != SQLITE_OK)
                return sql_error(db, rc, err);
        rc = sqlite3_step(st);
        bool ok = rc == SQLITE_ROW ||
                  (rc == SQLITE_DONE ? err_set(err, ERR_CORRUPT,
                                               "state database '%s' has no schema version: move the file away to "
                                               "start with empty state",
                                               db->path)
                                     : sql_error(db, rc, err));
        if (ok)
                *ret = sqlite3_column_int64(st, 0);
        sqlite3_finalize(st);
        return ok;
}

static bool current_version(StateDb *db, int64_t *ret, Err *err) REQUIRES(&db->mu)
{
        int64_t tables = 0, app = 0;
        if (!read_int(db, "SELECT count(*) FROM sqlite_master", &tables, err) ||
            !read_int(db, "PRAGMA application_id", &app, err))
                return false;
        if (tables == 0) {
                *ret = 0;
                return true;
        }
        if (app != APPLICATION_ID)
                return err_set(err, ERR_INVALID,
                               "'%s' is a database of another program: choose another path for the state database",
                               db->path);
        return read_int(db, "SELECT max(version) FROM schema_version", ret, err);
}

/* The whole way to the newest version in one transaction: a crash leaves the old file. */
static bool migrate(StateDb *db, Err *err) REQUIRES(&db->mu)
{
        if (!exec_locked(db, "BEGIN IMMEDIATE", err))
                return false;
        int64_t version = 0;
        bool ok = current_version(db, &version, err);
        if (ok && version > STATEDB_SCHEMA_VERSION)
                ok = err_set(err, ERR_UNSUPPORTED,
                             "state database '%s' has version %" PRId64
                             ", this pharos knows versions up to %d: run the newer "
                             "pharos that wrote it, or move the file away to start with empty state",
                             db->path, version, STATEDB_SCHEMA_VERSION);
        if (ok && version == 0) {
                char sql[160];
                snprintf(
                        sql, sizeof sql,
                        "PRAGMA application_id = %d; CREATE TABLE schema_version(version INTEGER PRIMARY KEY, program TEXT NOT NULL)",
                        APPLICATION_ID);
                ok = exec_locked(db, sql, err);
        }
        for (int64_t v = version; ok && v < STATEDB_SCHEMA_VERSION; v++) {
                char sql[128];
                snprintf(sql, sizeof sql,
                         "INSERT INTO schema_version(version, program) VALUES(%" PRId64 ", 'pharos " PHAROS_VERSION
                         "')",
                         v + 1);
                ok = exec_locked(db, migrations[v], err) && exec_locked(db, sql, err);
        }
        return finish_locked(db, ok, err);
}

/* Nobody else knows the database before it is open, and after it is closed. */
LOCKS_UNCHECKED bool statedb_open(const char *path, StateDb **ret, Err *err)
{
        AUTO(statedb_close) StateDb *db = mem_new(StateDb);
        db->path = mem_strndup(path, strlen(path));
        mutex_init(&db->mu);
        /* Our mutex serialises the connection, so SQLite's own would only cost. */
        int rc = sqlite3_open_v2(
                path, &db->sql,
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
        if (rc != SQLITE_OK)
                return sql_error(db, rc, err);
        sqlite3_busy_timeout(db->sql, BUSY_WAIT_MS);
        if (!exec_locked(
                    db,
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;",
                    err))
                return false;
        sqlite3_wal_autocheckpoint(db->sql, CHECKPOINT_PAGES);
        if (!migrate(db, err) || !read_int(db, "SELECT upto FROM event_indexed", &db->indexed, err) ||
            !read_int(db, COUNT_EVENTS, &db->n_events, err))
                return false;
        *ret = TAKE(db);
        return true;
}

LOCKS_UNCHECKED void statedb_close(StateDb *db)
{
        for (size_t i = 0; i < STMT_MAX_; i++)
                sqlite3_finalize(db->stmts[i]);
        sqlite3_close(db->sql);
        mutex_done(&db->mu);
        mem_free(db->path);
        mem_free(db);
}

/* Over a connection of its own: a long copy holds up nobody, and sees what was committed when it began. */
LOCKS_UNCHECKED bool statedb_backup(StateDb *db, const char *path, Err *err)
{
        sqlite3 *sql = NULL;
        char *command = sqlite3_mprintf("VACUUM INTO %Q", path);
        int rc = sqlite3_open_v2(db->path, &sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
        if (rc == SQLITE_OK) {
                sqlite3_busy_timeout(sql, BUSY_WAIT_MS);
                rc = command ? sqlite3_exec(sql, command, NULL, NULL, NULL) : SQLITE_NOMEM;
        }
        bool ok = rc == SQLITE_OK ||
                  err_set(err, ERR_IO, "copy state database '%s' to '%s': %s", db->path, path, sqlite3_errmsg(sql));
        sqlite3_close(sql);
        sqlite3_free(command);
        return ok;
}

/* ---- documents */

static bool check_write(const StateDbWrite *w, Err *err)
{
        if (w->kind.n == 0)
                return err_set(err, ERR_INVALID, "state database: a document needs a kind");
        return check_size("kind", w->kind.n, STATEDB_KIND_MAX_BYTES, err) &&
               check_size("key", w->key.n, STATEDB_KEY_MAX_BYTES, err) &&
               check_size("value", w->value.n, STATEDB_VALUE_MAX_BYTES, err);
}

static bool write_locked(StateDb *db, const StateDbWrite *w, Err *err) REQUIRES(&db->mu)
{
        sqlite3_stmt *st = NULL;
        if (!stmt_locked(db, w->value.p ? STMT_PUT : STMT_DELETE, &st, err))
                return false;
        bind_str(st, 1, w->kind);
        bind_str(st, 2, w->key);
        if (w->value.p) {
                bind_str(st, 3, w->value);
                sqlite3_bind_int64(st, 4, w->expires_ms);
        }
        return stmt_run(db, st, err);
}

/* One statement is its own transaction: no BEGIN and COMMIT needed. */
static bool write_one(StateDb *db, const StateDbWrite *w, Err *err)
{
        if (!check_write(w, err))
                return false;
        mutex_lock(&db->mu);
        bool ok = write_locked(db, w, err);
        mutex_unlock(&db->mu);
        return ok;
}

bool statedb_put(StateDb *db, Str kind, Str key, Str value, int64_t expires_ms, Err *err)
{
        if (!value.p)
                value = STR("");
        return write_one(db, &(StateDbWrite){ .kind = kind, .key = key, .value = value, .expires_ms = expires_ms },
                         err);
}

bool statedb_delete(StateDb *db, Str kind, Str key, Err *err)
{
        return write_one(db, &(StateDbWrite){ .kind = kind, .key = key }, err);
}

bool statedb_get(StateDb *db, Str kind, Str key, Arena *arena, Str *ret, Err *err)
{
        mutex_lock(&db->mu);
        sqlite3_stmt *st = NULL;
        bool ok = stmt_locked(db, STMT_GET, &st, err);
        if (ok) {
                bind_str(st, 1, kind);
                bind_str(st, 2, key);
                int rc = sqlite3_step(st);
                if (rc == SQLITE_ROW)
                        *ret = str_dup(arena, column_str(st, 0));
                else if (rc == SQLITE_DONE)
                        ok = err_set(err, ERR_NOT_FOUND, "no " STR_FMT " '" STR_FMT "' in the state database",
                                     STR_ARG(kind), STR_ARG(key));
                else
                        ok = sql_error(db, rc, err);
                stmt_done(st);
        }
        mutex_unlock(&db->mu);
        return ok;
}

typedef struct Doc {
        Str key, value;
        int64_t expires_ms;
} Doc;
typedef VEC(Doc) DocVec;

static bool read_page(StateDb *db, Str kind, Str after, bool first, Arena *arena, DocVec *docs, Err *err)
{
        mutex_lock(&db->mu);
        sqlite3_stmt *st = NULL;
        bool ok = stmt_locked(db, STMT_EACH, &st, err);
        if (ok) {
                bind_str(st, 1, kind);
                /* Every blob sorts behind every text: '' as text is before the empty blob key. */
                if (first)
                        sqlite3_bind_text(st, 2, "", 0, SQLITE_STATIC);
                else
                        bind_str(st, 2, after);
                sqlite3_bind_int64(st, 3, EACH_PAGE_ROWS);
                int rc;
                while ((rc = sqlite3_step(st)) == SQLITE_ROW)
                        vec_push(docs, (Doc){ str_dup(arena, column_str(st, 0)), str_dup(arena, column_str(st, 1)),
                                              sqlite3_column_int64(st, 2) });
                ok = rc == SQLITE_DONE || sql_error(db, rc, err);
                stmt_done(st);
        }
        mutex_unlock(&db->mu);
        return ok;
}

bool statedb_each(StateDb *db, Str kind, bool (*fn)(void *arg, Str key, Str value, int64_t expires_ms), void *arg,
                  Err *err)
{
        AUTO(arena_free) Arena *page = arena_new();
        AUTO(arena_free) Arena *next = arena_new();
        Str after = { 0 };
        for (bool first = true;; first = false) {
                arena_reset(next);
                DocVec docs = { .arena = next };
                if (!read_page(db, kind, after, first, next, &docs, err))
                        return false;
                for (size_t i = 0; i < docs.len; i++)
                        if (!fn(arg, docs.data[i].key, docs.data[i].value, docs.data[i].expires_ms))
                                return true;
                if (docs.len < EACH_PAGE_ROWS)
                        return true;
                /* The last key is read while the other arena takes the next page. */
                after = vec_last(&docs)->key;
                Arena *swap = page;
                page = next;
                next = swap;
        }
}

/* ---- events */

static bool check_event(const StateDbEvent *e, Err *err)
{
        if (e->kind.n == 0)
                return err_set(err, ERR_INVALID, "state database: an event needs a kind");
        return check_size("event kind", e->kind.n, STATEDB_KIND_MAX_BYTES, err) &&
               check_size("event subject", e->subject.n, STATEDB_KEY_MAX_BYTES, err) &&
               check_size("event detail", e->detail.n, STATEDB_EVENT_DETAIL_MAX_BYTES, err);
}

static bool event_add_locked(StateDb *db, const StateDbEvent *e, Err *err) REQUIRES(&db->mu)
{
        sqlite3_stmt *st = NULL;
        if (!stmt_locked(db, STMT_EVENT_ADD, &st, err))
                return false;
        sqlite3_bind_int64(st, 1, e->t_ms);
        bind_str(st, 2, e->kind);
        bind_str(st, 3, e->subject);
        bind_str(st, 4, e->detail);
        return stmt_run(db, st, err);
}

/* Brings the indexes up to event `last`. */
static bool index_locked(StateDb *db, int64_t last, Err *err) REQUIRES(&db->mu)
{
        static const StmtId steps[] = { STMT_INDEX_SUBJECT, STMT_INDEX_KIND, STMT_INDEX_TIME, STMT_INDEX_UPTO };
        while (db->indexed < last) {
                int64_t upto = MIN_OF(last, db->indexed + INDEX_EVERY_EVENTS);
                for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
                        sqlite3_stmt *st = NULL;
                        if (!stmt_locked(db, steps[i], &st, err))
                                return false;
                        sqlite3_bind_int64(st, 1, db->indexed);
                        sqlite3_bind_int64(st, 2, upto);
                        if (!stmt_run(db, st, err))
                                return false;
                }
                db->indexed = upto;
        }
        return true;
}

bool statedb_commit(StateDb *db, const StateDbWrite *writes, size_t n, const StateDbEvent *events, size_t n_events,
                    Err *err)
{
        for (size_t i = 0; i < n; i++)
                if (!check_write(&writes[i], err))
                        return false;
        for (size_t i = 0; i < n_events; i++)
                if (!check_event(&events[i], err))
                        return false;
        if (n + n_events == 0)
                return true;
        mutex_lock(&db->mu);
        int64_t indexed = db->indexed;
        bool ok = run_locked(db, STMT_BEGIN, err);
        if (ok) {
                for (size_t i = 0; ok && i < n; i++)
                        ok = write_locked(db, &writes[i], err);
                for (size_t i = 0; ok && i < n_events; i++)
                        ok = event_add_locked(db, &events[i], err);
                if (ok && n_events && sqlite3_last_insert_rowid(db->sql) - db->indexed > INDEX_EVERY_EVENTS)
                        ok = index_locked(db, sqlite3_last_insert_rowid(db->sql), err);
                ok = finish_locked(db, ok, err);
        }
        if (ok)
                db->n_events += (int64_t)n_events;
        else
                db->indexed = indexed;
        mutex_unlock(&db->mu);
        return ok;
}

bool statedb_write_all(StateDb *db, const StateDbWrite *writes, size_t n, Err *err)
{
        return statedb_commit(db, writes, n, NULL, 0, err);
}

bool statedb_events_add(StateDb *db, const StateDbEvent *events, size_t n, Err *err)
{
        return statedb_commit(db, NULL, 0, events, n, err);
}

bool statedb_event_add(StateDb *db, int64_t t_ms, Str kind, Str subject, Str detail_json, Err *err)
{
        StateDbEvent event = { .t_ms = t_ms, .kind = kind, .subject = subject, .detail = detail_json };
        return statedb_commit(db, NULL, 0, &event, 1, err);
}

/* The one number that a statement gives; `none` when it gives no row. */
static bool int_locked(StateDb *db, StmtId id, int64_t arg, int64_t none, int64_t *ret, Err *err) REQUIRES(&db->mu)
{
        sqlite3_stmt *st = NULL;
        if (!stmt_locked(db, id, &st, err))
                return false;
        if (sqlite3_bind_parameter_count(st))
                sqlite3_bind_int64(st, 1, arg);
        int rc = sqlite3_step(st);
        bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || sql_error(db, rc, err);
        if (ok)
                *ret = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : none;
        stmt_done(st);
        return ok;
}

/* Where a page ends that starts below event `before_id`: its time, or the end of time when it has expired meanwhile. */
static bool page_start(StateDb *db, int64_t before_id, int64_t *ret_t_ms, Err *err) REQUIRES(&db->mu)
{
        *ret_t_ms = INT64_MAX;
        /* One that is gone has expired, and so is everything older. */
        return !before_id || int_locked(db, STMT_EVENT_TIME, before_id, INT64_MIN, ret_t_ms, err);
}

static bool index_all_locked(StateDb *db, Err *err) REQUIRES(&db->mu)
{
        int64_t last = 0;
        int64_t indexed = db->indexed;
        if (!int_locked(db, STMT_EVENT_LAST, 0, 0, &last, err))
                return false;
        if (last <= indexed)
                return true;
        if (!run_locked(db, STMT_BEGIN, err))
                return false;
        bool ok = index_locked(db, last, err);
        ok = finish_locked(db, ok, err);
        if (!ok)
                db->indexed = indexed;
        return ok;
}

static bool events_locked(StateDb *db, const StateDbEventQuery *q, Arena *arena, StateDbEvent **ret, size_t *ret_n,
                          Err *err) REQUIRES(&db->mu)
{
        int64_t before_t_ms = 0;
        sqlite3_stmt *st = NULL;
        StmtId id = q->subject.n ? STMT_EVENTS_SUBJECT : q->kind.n ? STMT_EVENTS_KIND : STMT_EVENTS;
        if (!index_all_locked(db, err) || !page_start(db, q->before_id, &before_t_ms, err) ||
            !stmt_locked(db, id, &st, err))
                return false;
        size_t limit = MIN_OF(q->limit ? q->limit : STATEDB_EVENTS_DEFAULT_LIMIT, (size_t)STATEDB_EVENTS_MAX);
        sqlite3_bind_int64(st, 1, q->from_ms ? q->from_ms : INT64_MIN);
        /* The index is searched for the time alone: without the page's in it, all newer pages would be walked over. */
        sqlite3_bind_int64(st, 2, MIN_OF(q->to_ms ? q->to_ms : INT64_MAX, before_t_ms));
        sqlite3_bind_int64(st, 3, before_t_ms);
        sqlite3_bind_int64(st, 4, q->before_id ? q->before_id : INT64_MAX);
        sqlite3_bind_int64(st, 5, (int64_t)limit);
        if (q->subject.n)
                bind_str(st, 6, q->subject);
        if (q->kind.n)
                bind_str(st, 7, q->kind);
        VEC(StateDbEvent) rows = { .arena = arena };
        int rc;
        while ((rc = sqlite3_step(st)) == SQLITE_ROW)
                vec_push(&rows, (StateDbEvent){ .id = sqlite3_column_int64(st, 0),
                                                .t_ms = sqlite3_column_int64(st, 1),
                                                .kind = str_dup(arena, column_str(st, 2)),
                                                .subject = str_dup(arena, column_str(st, 3)),
                                                .detail = str_dup(arena, column_str(st, 4)) });
        bool ok = rc == SQLITE_DONE || sql_error(db, rc, err);
        stmt_done(st);
        if (!ok)
                return false;
        *ret = rows.data;
        *ret_n = rows.len;
        return true;
}

bool statedb_events(StateDb *db, const StateDbEventQuery *query, Arena *arena, StateDbEvent **ret, size_t *ret_n,
                    Err *err)
{
        mutex_lock(&db->mu);
        bool ok = events_locked(db, query, arena, ret, ret_n, err);
        mutex_unlock(&db->mu);
        return ok;
}

/* ---- expiry */

static bool expire_step(StateDb *db, StmtId id, int64_t a, int64_t limit, int *ret_rows, Err *err)
{
        mutex_lock(&db->mu);
        sqlite3_stmt *st = NULL;
        bool ok = stmt_locked(db, id, &st, err);
        if (ok) {
                sqlite3_bind_int64(st, 1, a);
                if (limit)
                        sqlite3_bind_int64(st, 2, limit);
                ok = stmt_run(db, st, err);
                *ret_rows = ok ? sqlite3_changes(db->sql) : 0;
                if (id != STMT_EXPIRE_DOCS)
                        db->n_events -= *ret_rows;
        }
        mutex_unlock(&db->mu);
        return ok;
}

bool statedb_is_over(StateDb *db)
{
        MUTEX_SCOPE(&db->mu);
        return db->n_events > STATEDB_EVENTS_MAX + STATEDB_EVENTS_MAX / 10;
}

/* Everything indexed, and counted. */
static bool count_events(StateDb *db, Err *err)
{
        mutex_lock(&db->mu);
        bool ok = index_all_locked(db, err) && int_locked(db, STMT_EVENT_COUNT, 0, 0, &db->n_events, err);
        mutex_unlock(&db->mu);
        return ok;
}

static int64_t too_many(StateDb *db)
{
        MUTEX_SCOPE(&db->mu);
        return db->n_events - STATEDB_EVENTS_MAX;
}

/* In batches: other threads get their turn between two of them. */
bool statedb_expire(StateDb *db, int64_t now_ms, Err *err)
{
        int rows = 0;
        if (!expire_step(db, STMT_EXPIRE_DOCS, now_ms, 0, &rows, err) || !count_events(db, err))
                return false;
        do {
                if (!expire_step(db, STMT_EXPIRE_EVENTS_OLD, now_ms - STATEDB_EVENTS_KEEP_MS, EXPIRE_BATCH_ROWS, &rows,
                                 err))
                        return false;
        } while (rows == EXPIRE_BATCH_ROWS);
        rows = 1;
        for (int64_t many; rows && (many = too_many(db)) > 0;)
                if (!expire_step(db, STMT_EXPIRE_EVENTS_MANY, MIN_OF(many, (int64_t)EXPIRE_BATCH_ROWS), 0, &rows, err))
                        return false;
        return true;
}
