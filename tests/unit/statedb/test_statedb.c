#include "statedb/statedb.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "testing.h"

typedef struct Fixture {
        char dir[64], path[96];
        Arena *arena;
} Fixture;

static int setup(void **state)
{
        Fixture *f = calloc(1, sizeof *f);
        if (!f)
                return -1;
        strcpy(f->dir, TEST_DIR("statedb-test"));
        if (!mkdtemp(f->dir))
                return -1;
        snprintf(f->path, sizeof f->path, "%s/state.db", f->dir);
        f->arena = arena_new();
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        Fixture *f = *state;
        static const char *const suffixes[] = { "", "-wal", "-shm" };
        for (size_t i = 0; i < 3; i++) {
                char path[128];
                snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
                unlink(path);
        }
        rmdir(f->dir);
        arena_free(f->arena);
        free(f);
        return 0;
}

static StateDb *open_ok(const char *path)
{
        StateDb *db = NULL;
        Err err = { 0 };
        assert_ok(statedb_open(path, &db, &err), err);
        return db;
}

static void write_file(const char *path, const char *content, size_t n)
{
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(content, 1, n, f), n);
        fclose(f);
}

static void raw_sql(const char *path, const char *sql)
{
        sqlite3 *raw = NULL;
        assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
        assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(raw);
}

static void a_backup_is_a_database_of_one_moment(void **state)
{
        Fixture *f = *state;
        Err err = { 0 };
        Str v = { 0 };
        char copy[128];
        snprintf(copy, sizeof copy, "%s.copy", f->path);
        AUTO(statedb_close) StateDb *db = open_ok(f->path);
        assert_ok(statedb_put(db, STR("k"), STR("a"), STR("1"), 0, &err), err);
        assert_ok(statedb_backup(db, copy, &err), err);
        assert_ok(statedb_put(db, STR("k"), STR("a"), STR("2"), 0, &err), err);
        assert_false(statedb_backup(db, copy, &err));
        assert_contains(err.msg, copy);
        StateDb *other = open_ok(copy);
        assert_ok(statedb_get(other, STR("k"), STR("a"), f->arena, &v, &err), err);
        assert_true(str_eq(v, STR("1")));
        statedb_close(other);
        unlink(copy);
}

static void documents_are_put_read_replaced_and_deleted(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(":memory:");
        Err err = { 0 };
        Str v = { 0 };
        assert_false(statedb_get(db, STR("k"), STR("a"), f->arena, &v, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_ok(statedb_put(db, STR("k"), STR("a"), STR("1"), 0, &err), err);
        assert_ok(statedb_put(db, STR("k"), STR("a"), STR("x\0y"), 0, &err), err);
        assert_ok(statedb_put(db, STR("other"), STR("a"), STR("2"), 0, &err), err);
        assert_ok(statedb_get(db, STR("k"), STR("a"), f->arena, &v, &err), err);
        assert_true(str_eq(v, STR("x\0y")));
        assert_ok(statedb_delete(db, STR("k"), STR("a"), &err), err);
        assert_ok(statedb_delete(db, STR("k"), STR("a"), &err), err);
        assert_false(statedb_get(db, STR("k"), STR("a"), f->arena, &v, &err));
        assert_ok(statedb_get(db, STR("other"), STR("a"), f->arena, &v, &err), err);
        assert_str(v, "2");
        /* An empty value is a document, an empty key is a key. */
        assert_ok(statedb_put(db, STR("k"), STR(""), (Str){ 0 }, 0, &err), err);
        assert_ok(statedb_get(db, STR("k"), STR(""), f->arena, &v, &err), err);
        assert_int_equal(v.n, 0);
}

static void too_long_is_refused(void **state)
{
        (void)state;
        AUTO(statedb_close) StateDb *db = open_ok(":memory:");
        Err err = { 0 };
        AUTO(buf_done) Buf big = { 0 };
        buf_reserve(&big, STATEDB_VALUE_MAX_BYTES + 1);
        memset(big.p, 'x', STATEDB_VALUE_MAX_BYTES + 1);
        assert_ok(statedb_put(db, STR("k"), STR("a"), str_n(big.p, STATEDB_VALUE_MAX_BYTES), 0, &err), err);
        assert_false(statedb_put(db, STR("k"), STR("a"), str_n(big.p, STATEDB_VALUE_MAX_BYTES + 1), 0, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_false(statedb_put(db, STR("k"), str_n(big.p, STATEDB_KEY_MAX_BYTES + 1), STR("v"), 0, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_false(statedb_put(db, str_n(big.p, STATEDB_KIND_MAX_BYTES + 1), STR("k"), STR("v"), 0, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_false(statedb_event_add(db, 1, STR("sent"), STR("s"), str_n(big.p, STATEDB_EVENT_DETAIL_MAX_BYTES + 1),
                                       &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_false(statedb_put(db, STR(""), STR("k"), STR("v"), 0, &err));
        assert_int_equal(err.code, ERR_INVALID);
}

typedef struct Seen {
        StateDb *db;
        size_t n, stop_at;
        char last[16];
        bool sorted;
} Seen;

static bool see(void *arg, Str key, Str value, int64_t expires_ms)
{
        Seen *seen = arg;
        (void)value;
        assert_int_equal(expires_ms, 7);
        char z[16];
        snprintf(z, sizeof z, STR_FMT, STR_ARG(key));
        if (seen->n && strcmp(seen->last, z) >= 0)
                seen->sorted = false;
        strcpy(seen->last, z);
        Err err = { 0 };
        if (seen->db)
                assert_ok(statedb_delete(seen->db, STR("k"), key, &err), err);
        return ++seen->n != seen->stop_at;
}

static void each_visits_all_in_key_order(void **state)
{
        (void)state;
        AUTO(statedb_close) StateDb *db = open_ok(":memory:");
        Err err = { 0 };
        static StateDbWrite writes[700];
        static char keys[700][16];
        for (int i = 0; i < 700; i++) {
                snprintf(keys[i], sizeof keys[i], "%04d", (i * 311) % 700);
                writes[i] = (StateDbWrite){ STR("k"), str_of(i ? keys[i] : ""), STR("v"), 7 };
        }
        assert_ok(statedb_write_all(db, writes, 700, &err), err);
        assert_ok(statedb_put(db, STR("l"), STR("other"), STR("v"), 7, &err), err);
        Seen seen = { .sorted = true };
        assert_ok(statedb_each(db, STR("k"), see, &seen, &err), err);
        assert_int_equal(seen.n, 700);
        assert_true(seen.sorted);
        seen = (Seen){ .sorted = true, .stop_at = 300 };
        assert_ok(statedb_each(db, STR("k"), see, &seen, &err), err);
        assert_int_equal(seen.n, 300);
        /* The callback may write: it deletes what it sees. */
        seen = (Seen){ .db = db, .sorted = true };
        assert_ok(statedb_each(db, STR("k"), see, &seen, &err), err);
        assert_int_equal(seen.n, 700);
        seen = (Seen){ 0 };
        assert_ok(statedb_each(db, STR("k"), see, &seen, &err), err);
        assert_int_equal(seen.n, 0);
}

static void write_all_is_all_or_nothing(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(":memory:");
        Err err = { 0 };
        assert_ok(statedb_put(db, STR("k"), STR("gone"), STR("v"), 0, &err), err);
        StateDbWrite bad[] = { { STR("k"), STR("a"), STR("v"), 0 }, { STR(""), STR("b"), STR("v"), 0 } };
        assert_false(statedb_write_all(db, bad, 2, &err));
        Str v;
        assert_false(statedb_get(db, STR("k"), STR("a"), f->arena, &v, &err));
        StateDbWrite good[] = { { STR("k"), STR("a"), STR("v"), 0 }, { .kind = STR("k"), .key = STR("gone") } };
        assert_ok(statedb_write_all(db, good, 2, &err), err);
        assert_ok(statedb_get(db, STR("k"), STR("a"), f->arena, &v, &err), err);
        assert_false(statedb_get(db, STR("k"), STR("gone"), f->arena, &v, &err));
        assert_ok(statedb_write_all(db, NULL, 0, &err), err);
}

static void expiry_removes_documents_at_their_time(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(":memory:");
        Err err = { 0 };
        Str v;
        assert_ok(statedb_put(db, STR("k"), STR("never"), STR("v"), 0, &err), err);
        assert_ok(statedb_put(db, STR("k"), STR("soon"), STR("v"), 1000, &err), err);
        assert_ok(statedb_expire(db, 999, &err), err);
        assert_ok(statedb_get(db, STR("k"), STR("soon"), f->arena, &v, &err), err);
        assert_ok(statedb_expire(db, 1000, &err), err);
        assert_false(statedb_get(db, STR("k"), STR("soon"), f->arena, &v, &err));
        assert_ok(statedb_get(db, STR("k"), STR("never"), f->arena, &v, &err), err);
}

static size_t query(StateDb *db, Arena *arena, StateDbEventQuery q, StateDbEvent **ret)
{
        Err err = { 0 };
        size_t n = 0;
        *ret = NULL;
        assert_ok(statedb_events(db, &q, arena, ret, &n, &err), err);
        return n;
}

static void events_are_found_by_time_kind_and_subject(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(":memory:");
        Err err = { 0 };
        for (int i = 0; i < 10; i++)
                assert_ok(statedb_event_add(db, 100 + i / 2, i % 2 ? STR("sent") : STR("started"),
                                            i % 3 ? STR("b") : STR("a"), str_printf(f->arena, "{\"i\":%d}", i), &err),
                          err);
        StateDbEvent *e;
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ 0 }, &e), 10);
        assert_str(e[0].detail, "{\"i\":9}"); /* newest first */
        assert_str(e[9].detail, "{\"i\":0}");
        assert_int_equal(e[9].t_ms, 100);
        assert_str(e[9].kind, "started");
        assert_str(e[9].subject, "a");
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .from_ms = 101, .to_ms = 102 }, &e), 4);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .kind = STR("sent") }, &e), 5);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = STR("a") }, &e), 4);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = STR("a"), .kind = STR("sent") }, &e), 2);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = STR("none") }, &e), 0);
        /* Pages of three, by the id of the last one seen, give all ten in the same order. */
        int64_t before = 0;
        int expect = 9;
        for (size_t n; (n = query(db, f->arena, (StateDbEventQuery){ .limit = 3, .before_id = before }, &e)) > 0;
             before = e[n - 1].id)
                for (size_t i = 0; i < n; i++)
                        assert_str(e[i].detail, str_printf(f->arena, "{\"i\":%d}", expect--).p);
        assert_int_equal(expect, -1);
}

static void old_events_expire(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(":memory:");
        Err err = { 0 };
        enum { N = 12000 };
        StateDbEvent *events = arena_array(f->arena, StateDbEvent, N);
        for (int i = 0; i < N; i++)
                events[i] = (StateDbEvent){ .t_ms = i, .kind = STR("sent"), .subject = STR("s"), .detail = STR("{}") };
        assert_ok(statedb_events_add(db, events, N, &err), err);
        StateDbEvent *e;
        assert_ok(statedb_expire(db, STATEDB_EVENTS_KEEP_MS + 11000, &err), err);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .limit = N }, &e), 1000);
        assert_int_equal(e[999].t_ms, 11000);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .before_id = 1 }, &e), 0); /* that page has expired */
}

/* Far more than are indexed at once, in no order of subjects or times. */
static void subjects_are_found_among_many_events(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(f->path);
        Err err = { 0 };
        enum { N = 40000, SUBJECTS = 1000 };
        StateDbEvent *events = arena_array(f->arena, StateDbEvent, N);
        for (int i = 0; i < N; i++)
                events[i] = (StateDbEvent){ .t_ms = 1000 + (i ^ 5),
                                            .kind = i % 2 ? STR("sent") : STR("started"),
                                            .subject = str_printf(f->arena, "s%d", i * 7919 % SUBJECTS),
                                            .detail = STR("{}") };
        StateDbWrite doc = { .kind = STR("k"), .key = STR("a"), .value = STR("v") };
        for (int i = 0; i < N; i += 500)
                assert_ok(statedb_commit(db, &doc, 1, &events[i], 500, &err), err);
        StateDbEvent *e;
        for (int s = 0; s < SUBJECTS; s += 37) {
                Str subject = str_printf(f->arena, "s%d", s);
                assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = subject }, &e), N / SUBJECTS);
                for (int i = 1; i < N / SUBJECTS; i++)
                        assert_true(e[i].t_ms < e[i - 1].t_ms);
                assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = subject, .from_ms = 21000 }, &e),
                                 N / SUBJECTS / 2);
        }
        assert_ok(statedb_event_add(db, 1, STR("sent"), STR("s5"), STR("{}"), &err), err);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = STR("s5") }, &e), N / SUBJECTS + 1);
        assert_int_equal(e[N / SUBJECTS].t_ms, 1);
        assert_ok(statedb_expire(db, STATEDB_EVENTS_KEEP_MS + 21000, &err), err);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = STR("s5") }, &e), N / SUBJECTS / 2 + 1);
        assert_int_equal(e[N / SUBJECTS / 2].t_ms, 1); /* the newest one stays, whatever its time */
        StateDbEventQuery by_kind = { .kind = STR("started"), .from_ms = 40000, .limit = N };
        assert_int_equal(query(db, f->arena, by_kind, &e), 500);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .from_ms = 2, .limit = N }, &e), 20000);
}

#define VERSION_1                                                                                                       \
        "PRAGMA application_id = 1885893235; "                                                                          \
        "CREATE TABLE schema_version(version INTEGER PRIMARY KEY, program TEXT NOT NULL); "                             \
        "INSERT INTO schema_version VALUES(1, 'pharos'); "                                                              \
        "CREATE TABLE doc(kind BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, expires_ms INTEGER NOT NULL, "    \
        "PRIMARY KEY(kind, key)) WITHOUT ROWID; "                                                                       \
        "CREATE INDEX doc_expires ON doc(expires_ms) WHERE expires_ms > 0; "                                            \
        "CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, t_ms INTEGER NOT NULL, kind BLOB NOT NULL, "          \
        "subject BLOB NOT NULL, detail BLOB NOT NULL); "                                                                \
        "CREATE INDEX event_t ON event(t_ms); CREATE INDEX event_subject_t ON event(subject, t_ms); "                   \
        "CREATE INDEX event_kind_t ON event(kind, t_ms); "                                                              \
        "INSERT INTO doc VALUES(x'6b', x'61', x'31', 0); "                                                              \
        "INSERT INTO event(t_ms, kind, subject, detail) VALUES(5, x'73', x'62', x'7b7d'), (7, x'73', x'61', x'7b7d'), " \
        "(6, x'74', x'61', x'7b7d'); DELETE FROM event WHERE t_ms = 5; "
#define VERSION_2                                                                                           \
        "INSERT INTO schema_version VALUES(2, 'pharos'); DROP INDEX event_subject_t; "                      \
        "CREATE TABLE event_by_subject(subject BLOB NOT NULL, t_ms INTEGER NOT NULL, id INTEGER NOT NULL, " \
        "PRIMARY KEY(subject, t_ms, id)) WITHOUT ROWID; "                                                   \
        "CREATE TABLE event_indexed(upto INTEGER NOT NULL); INSERT INTO event_indexed VALUES(2); "          \
        "INSERT INTO event_by_subject VALUES(x'61', 7, 2); "                                                \
        "CREATE TRIGGER event_gone AFTER DELETE ON event BEGIN DELETE FROM event_by_subject "               \
        "WHERE subject = old.subject AND t_ms = old.t_ms AND id = old.id; END; "

static void brings_up_to_date(const Fixture *f, const char *sql)
{
        Err err = { 0 };
        raw_sql(f->path, sql);
        AUTO(statedb_close) StateDb *db = open_ok(f->path);
        StateDbEvent *e;
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .subject = STR("a") }, &e), 2);
        assert_int_equal(e[0].t_ms, 7);
        assert_int_equal(e[0].id, 2);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .kind = STR("t") }, &e), 1);
        assert_int_equal(e[0].t_ms, 6);
        assert_ok(statedb_event_add(db, 9, STR("s"), STR("a"), STR("{}"), &err), err);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .kind = STR("s") }, &e), 2);
        assert_int_equal(e[0].id, 4);
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ 0 }, &e), 3);
        Str v;
        assert_ok(statedb_get(db, STR("k"), STR("a"), f->arena, &v, &err), err);
        assert_str(v, "1");
}

static void a_file_of_version_1_is_brought_up_to_date(void **state) { brings_up_to_date(*state, VERSION_1); }

static void a_file_of_version_2_is_brought_up_to_date(void **state) { brings_up_to_date(*state, VERSION_1 VERSION_2); }

static void too_many_events_expire_oldest_first(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(f->path);
        Err err = { 0 };
        assert_ok(statedb_event_add(db, 1, STR("sent"), STR("first"), STR("{}"), &err), err);
        raw_sql(f->path, "WITH RECURSIVE n(i) AS (VALUES(2) UNION ALL SELECT i + 1 FROM n WHERE i < 500020) "
                         "INSERT INTO event(t_ms, kind, subject, detail) SELECT i, x'73', x'73', x'7b7d' FROM n");
        assert_ok(statedb_expire(db, 500020, &err), err);
        StateDbEvent *e;
        assert_int_equal(query(db, f->arena, (StateDbEventQuery){ .to_ms = 30, .limit = 100 }, &e), 10);
        assert_int_equal(e[9].t_ms, 21);
}

static void a_log_that_is_over_its_limit_says_so(void **state)
{
        Fixture *f = *state;
        Err err = { 0 };
        enum { N = STATEDB_EVENTS_MAX + STATEDB_EVENTS_MAX / 10 };
        StateDb *db = open_ok(f->path);
        StateDbEvent *events = arena_array(f->arena, StateDbEvent, N);
        for (int i = 0; i < N; i++)
                events[i] = (StateDbEvent){ .t_ms = i, .kind = STR("s"), .subject = STR("s"), .detail = STR("{}") };
        assert_ok(statedb_events_add(db, events, N, &err), err);
        assert_false(statedb_is_over(db));
        assert_ok(statedb_event_add(db, N, STR("s"), STR("s"), STR("{}"), &err), err);
        assert_true(statedb_is_over(db));
        statedb_close(db);
        db = open_ok(f->path);
        assert_true(statedb_is_over(db));
        assert_ok(statedb_expire(db, N, &err), err);
        assert_false(statedb_is_over(db));
        statedb_close(db);
}

static void state_survives_reopening(void **state)
{
        Fixture *f = *state;
        Err err = { 0 };
        StateDb *db = open_ok(f->path);
        assert_ok(statedb_put(db, STR("k"), STR("a"), STR("1"), 5, &err), err);
        statedb_close(db);
        db = open_ok(f->path);
        Str v;
        assert_ok(statedb_get(db, STR("k"), STR("a"), f->arena, &v, &err), err);
        assert_str(v, "1");
        statedb_close(db);
}

/* The child tells each acknowledged write through a pipe and is killed in the middle: everything told must be there. */
static void acknowledged_writes_survive_kill_9(void **state)
{
        Fixture *f = *state;
        statedb_close(open_ok(f->path));
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                StateDb *db = NULL;
                Err err;
                if (!statedb_open(f->path, &db, &err))
                        _exit(1);
                for (uint32_t i = 0;; i++) {
                        char key[16];
                        snprintf(key, sizeof key, "%08u", i);
                        if (!statedb_put(db, STR("k"), str_of(key), str_of(key), 0, &err) ||
                            !statedb_event_add(db, i, STR("sent"), STR("s"), str_of(key), &err))
                                _exit(1);
                        if (write(fds[1], &i, sizeof i) != sizeof i)
                                _exit(1);
                }
        }
        close(fds[1]);
        uint32_t last = 0;
        while (last < 150)
                assert_int_equal(read(fds[0], &last, sizeof last), sizeof last);
        kill(pid, SIGKILL);
        for (uint32_t more; read(fds[0], &more, sizeof more) == sizeof more;)
                last = more;
        close(fds[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));

        AUTO(statedb_close) StateDb *db = open_ok(f->path);
        Err err = { 0 };
        for (uint32_t i = 0; i <= last; i++) {
                char key[16];
                snprintf(key, sizeof key, "%08u", i);
                Str v;
                assert_ok(statedb_get(db, STR("k"), str_of(key), f->arena, &v, &err), err);
        }
        StateDbEvent *e;
        assert_true(query(db, f->arena, (StateDbEventQuery){ .limit = 100000 }, &e) >= last + 1);
}

static void newer_version_is_refused_and_untouched(void **state)
{
        Fixture *f = *state;
        statedb_close(open_ok(f->path));
        raw_sql(f->path, "INSERT INTO schema_version VALUES(99, 'pharos 9.9'); CREATE TABLE future(x)");
        StateDb *db = NULL;
        Err err = { 0 };
        assert_false(statedb_open(f->path, &db, &err));
        assert_null(db);
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_contains(err.msg, f->path);
        assert_contains(err.msg, "version 99");
        assert_contains(err.msg, "run the newer pharos");
        raw_sql(f->path, "SELECT * FROM future");
}

static void what_is_no_state_database_is_refused(void **state)
{
        Fixture *f = *state;
        char junk[8192];
        memset(junk, 'j', sizeof junk);
        write_file(f->path, junk, sizeof junk);
        StateDb *db = NULL;
        Err err = { 0 };
        assert_false(statedb_open(f->path, &db, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        assert_contains(err.msg, "not a SQLite database");
        assert_contains(err.msg, "move the file away");

        unlink(f->path);
        raw_sql(f->path, "CREATE TABLE theirs(x)");
        assert_false(statedb_open(f->path, &db, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_contains(err.msg, "another program");
        raw_sql(f->path, "SELECT * FROM theirs");

        assert_false(statedb_open("/nonexistent-folder/state.db", &db, &err));
        assert_int_equal(err.code, ERR_IO);
        assert_contains(err.msg, "/nonexistent-folder/state.db");
        assert_null(db);
}

static void damaged_pages_are_an_error_that_says_what_to_do(void **state)
{
        Fixture *f = *state;
        Err err = { 0 };
        StateDb *db = open_ok(f->path);
        for (int i = 0; i < 500; i++) {
                char key[16];
                snprintf(key, sizeof key, "%08d", i);
                assert_ok(statedb_put(db, STR("k"), str_of(key), STR("some value that fills the pages of the table"), 0,
                                      &err),
                          err);
        }
        statedb_close(db);
        FILE *file = fopen(f->path, "r+b");
        assert_non_null(file);
        char junk[4096];
        memset(junk, 0xee, sizeof junk);
        fseek(file, 0, SEEK_END);
        for (long at = 4096, end = ftell(file); at < end; at += 4096) {
                fseek(file, at, SEEK_SET);
                fwrite(junk, 1, sizeof junk, file);
        }
        fclose(file);
        bool ok = statedb_open(f->path, &db, &err);
        if (ok) {
                Str v;
                ok = statedb_get(db, STR("k"), STR("00000001"), f->arena, &v, &err);
                statedb_close(db);
        }
        assert_false(ok);
        assert_int_equal(err.code, ERR_CORRUPT);
        assert_contains(err.msg, ".recover");
}

typedef struct Worker {
        StateDb *db;
        int id;
} Worker;

static bool count_one(void *arg, Str key, Str value, int64_t expires_ms)
{
        (void)key;
        (void)value;
        (void)expires_ms;
        ++*(size_t *)arg;
        return true;
}

static void *work(void *arg)
{
        Worker *w = arg;
        Err err = { 0 };
        Arena *arena = arena_new();
        for (int i = 0; i < 60; i++) {
                Str key = str_printf(arena, "%d/%d", w->id, i), v;
                if (!statedb_put(w->db, STR("k"), key, key, 0, &err) ||
                    !statedb_get(w->db, STR("k"), key, arena, &v, &err) || !str_eq(v, key) ||
                    !statedb_event_add(w->db, i, STR("sent"), key, STR("{}"), &err))
                        abort();
                StateDbEvent *e;
                size_t n, seen = 0;
                if (!statedb_events(w->db, &(StateDbEventQuery){ .limit = 5 }, arena, &e, &n, &err) ||
                    !statedb_each(w->db, STR("k"), count_one, &seen, &err) || !statedb_expire(w->db, 1, &err) ||
                    seen < (size_t)i)
                        abort();
        }
        arena_free(arena);
        return NULL;
}

static void four_threads_share_it(void **state)
{
        Fixture *f = *state;
        AUTO(statedb_close) StateDb *db = open_ok(f->path);
        pthread_t threads[4];
        Worker workers[4];
        for (int i = 0; i < 4; i++) {
                workers[i] = (Worker){ db, i };
                assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
        }
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        size_t seen = 0;
        Err err = { 0 };
        assert_ok(statedb_each(db, STR("k"), count_one, &seen, &err), err);
        assert_int_equal(seen, 240);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
        const struct CMUnitTest tests[] = {
                T(documents_are_put_read_replaced_and_deleted),
                T(a_backup_is_a_database_of_one_moment),
                T(too_long_is_refused),
                T(each_visits_all_in_key_order),
                T(write_all_is_all_or_nothing),
                T(expiry_removes_documents_at_their_time),
                T(events_are_found_by_time_kind_and_subject),
                T(old_events_expire),
                T(subjects_are_found_among_many_events),
                T(a_file_of_version_1_is_brought_up_to_date),
                T(a_file_of_version_2_is_brought_up_to_date),
                T(too_many_events_expire_oldest_first),
                T(a_log_that_is_over_its_limit_says_so),
                T(state_survives_reopening),
                T(acknowledged_writes_survive_kill_9),
                T(newer_version_is_refused_and_untouched),
                T(what_is_no_state_database_is_refused),
                T(damaged_pages_are_an_error_that_says_what_to_do),
                T(four_threads_share_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
