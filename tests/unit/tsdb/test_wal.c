#include "rig.h"

#include "hexdoc.h"
#include "tempdir.h"
#include "tsdb/wal.h"
#include "tsdb/walrec.h"

typedef struct Log {
        char dir[64];
        unsigned records, segments;
        uint32_t last_segment;
        Buf text;
} Log;

static void log_init(Log *l)
{
        memset(l, 0, sizeof *l);
        tempdir_make(l->dir, "wal");
}

static void log_done(Log *l)
{
        buf_done(&l->text);
        tempdir_remove(l->dir);
}

static bool on_record(void *ctx, uint32_t segment, Str payload, Err *err)
{
        Log *l = ctx;
        l->records++;
        l->segments += segment != l->last_segment;
        l->last_segment = segment;
        buf_printf(&l->text, "%u:" STR_FMT " ", segment, STR_ARG(payload));
        return !str_eq(payload, STR("senseless")) || err_set(err, ERR_CORRUPT, "senseless");
}

static WalDamage read_log(Log *l, uint32_t *next)
{
        WalDamage damage = { 0 };
        Err err;
        l->records = l->segments = l->last_segment = 0;
        buf_clear(&l->text);
        assert_ok(wal_read(fs_system(), l->dir, on_record, l, &damage, next, &err), err);
        return damage;
}

static void put(Wal *w, const char *text)
{
        AUTO(buf_done) Buf record = { 0 };
        Err err;
        wal_begin_record(&record);
        buf_cstr_add(&record, text);
        assert_ok(wal_append(w, &record, false, &err), err);
}

static void reads_what_was_written(void **state)
{
        (void)state;
        Log l;
        log_init(&l);
        uint32_t next;
        Err err;
        read_log(&l, &next);
        assert_int_equal(next, 1);
        for (uint32_t run = 1; run <= 3; run++) {
                Wal *w;
                assert_ok(wal_open(fs_system(), l.dir, next, &w, &err), err);
                put(w, "a");
                wal_rotate(w);
                put(w, "");
                put(w, "c");
                assert_ok(wal_sync(w, &err), err);
                assert_int_equal(wal_segment(w), 2 * run);
                assert_int_equal(wal_oldest_segment(w), 1);
                assert_true(wal_bytes(w) > 0);
                wal_close(w);
                WalDamage damage = read_log(&l, &next);
                assert_int_equal(damage.records + damage.torn_tails, 0);
                assert_int_equal(l.records, 3 * run);
                assert_int_equal(next, 2 * run + 1);
        }
        assert_str(buf_str(&l.text), "1:a 2: 2:c 3:a 4: 4:c 5:a 6: 6:c ");
        log_done(&l);
}

static void checkpoint_replaces_segments(void **state)
{
        (void)state;
        Log l;
        log_init(&l);
        uint32_t next;
        Err err;
        Wal *w;
        WalCheckpointFile *c;
        AUTO(buf_done) Buf record = { 0 };
        assert_ok(wal_open(fs_system(), l.dir, 1, &w, &err), err);
        for (int i = 0; i < 4; i++) {
                put(w, "x");
                wal_rotate(w);
        }
        put(w, "last");
        assert_ok(wal_checkpoint_begin(w, 3, &c, &err), err);
        wal_checkpoint_abort(c);
        read_log(&l, &next);
        assert_int_equal(l.records, 5);
        assert_ok(wal_checkpoint_begin(w, 4, &c, &err), err);
        wal_begin_record(&record);
        buf_lit(&record, "state");
        assert_ok(wal_checkpoint_add(c, &record, &err), err);
        assert_ok(wal_checkpoint_commit(c, &err), err);
        assert_int_equal(wal_oldest_segment(w), 4);
        put(w, "more");
        wal_close(w);
        read_log(&l, &next);
        assert_str(buf_str(&l.text), "0:state 4:x 5:last 5:more ");
        assert_int_equal(next, 6);
        log_done(&l);
}

static void damage_is_skipped_and_counted(void **state)
{
        (void)state;
        Log l;
        log_init(&l);
        uint32_t next;
        Err err;
        Wal *w;
        assert_ok(wal_open(fs_system(), l.dir, 1, &w, &err), err);
        put(w, "one");
        put(w, "two");
        put(w, "senseless");
        put(w, "three");
        wal_close(w);
        char path[96];
        snprintf(path, sizeof path, "%s/wal-00000001", l.dir);
        AUTO(buf_done) Buf bytes = { 0 };
        assert_ok(file_read_all(fs_system(), path, 4096, &bytes, &err), err);
        bytes.p[20 + 15 + 13] ^= 4; /* inside "two" */
        bytes.n -= 1;
        assert_ok(file_write_atomic(fs_system(), path, buf_str(&bytes), &err), err);
        WalDamage damage = read_log(&l, &next);
        assert_str(buf_str(&l.text), "1:one 1:senseless ");
        assert_int_equal(damage.records, 2);
        assert_int_equal(damage.torn_tails, 1);
        damage = read_log(&l, &next);
        assert_int_equal(damage.torn_tails, 0); /* it was cut off */
        log_done(&l);
}

static void page_series(void *ctx, uint64_t sid, Labels labels)
{
        buf_printf(ctx, "%llu ", (unsigned long long)sid);
        labels_print(ctx, labels);
}
static void page_sample(void *ctx, uint64_t sid, int64_t t_ms, double v)
{
        buf_printf(ctx, " (%llu, %lld, ", (unsigned long long)sid, (long long)t_ms);
        if (sample_is_stale(v))
                buf_lit((Buf *)ctx, "stale)");
        else
                buf_printf(ctx, "%g)", v);
}
static bool page_record(void *ctx, Str payload)
{
        const WalrecHandler h = { .ctx = ctx, .series = page_series, .sample = page_sample };
        Err err;
        assert_ok(walrec_read(payload, &h, &err), err);
        return true;
}

static void the_documented_example(void **state)
{
        (void)state;
        AUTO(buf_done) Buf bytes = { 0 };
        AUTO(buf_done) Buf said = { 0 };
        hexdoc_read("wal.md", &bytes);
        assert_int_equal(bytes.n, 20 + 12 + 48);
        uint64_t skipped = 0;
        Str records = { bytes.p + WAL_HEADER_BYTES, bytes.n - WAL_HEADER_BYTES };
        assert_int_equal(wal_scan(records, page_record, &said, &skipped), records.n);
        assert_str(buf_str(&said),
                   "1 up{job=\"web\"} (1, 1700000000000, 1) (2, 1700000000000, 0.5) (9, 1700000000005, stale)");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(reads_what_was_written),
                                            cmocka_unit_test(checkpoint_replaces_segments),
                                            cmocka_unit_test(damage_is_skipped_and_counted),
                                            cmocka_unit_test(the_documented_example) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
