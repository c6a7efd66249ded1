/* Directories of older formats. What kills and cuts leave is in tests/fault, ordinary restarts in test_tsdb. */
#include "rig.h"

#include "tsdb/chunkset.h"
#include "tsdb/wal.h"
#include "tsdb/walrec.h"

enum { SERIES = 5, SEALED = 200, LOGGED = 50, STEP_MS = 15000 };

static int64_t time_of(int k) { return RIG_START_MS - 3 * 3600000 + (int64_t)k * STEP_MS; }
static double value_of(int sid, int k) { return sid * 1000 + k; }

static void write_file(const char *dir, const char *name, const char *text)
{
        char path[128];
        Err err;
        snprintf(path, sizeof path, "%s/%s", dir, name);
        assert_ok(file_write_atomic(fs_system(), path, str_of(text), &err), err);
}

static const char *sub_dir(Rig *r, const char *name)
{
        Err err;
        const char *path = str_printf(r->arena, "%s/%s", r->dir, name).p;
        assert_ok(fs_system()->mkdir_all(fs_system(), path, &err), err);
        return path;
}

/* A sealed file with the first samples. */
static void write_chunks(Rig *r)
{
        ChunkSet *chunks;
        ChunkFileDamage damage = { 0 };
        Err err;
        size_t sealed;
        assert_ok(chunkset_open(fs_system(), sub_dir(r, "chunks"), &chunks, &damage, &err), err);
        for (int sid = 1; sid <= SERIES; sid++) {
                XorChunk c;
                xorchunk_init(&c);
                for (int k = 0; k < SEALED; k++)
                        xorchunk_append(&c, time_of(k), value_of(sid, k));
                chunkset_append(chunks, (uint64_t)sid, &c);
                xorchunk_done(&c);
        }
        assert_ok(chunkset_sync(chunks, &err), err);
        assert_ok(chunkset_seal(chunks, INT64_MAX, false, &sealed, &err), err);
        assert_true(sealed > 0);
        chunkset_close(chunks);
}

/* A checkpoint as that version wrote it, not packed, and a segment with the rest. */
static void write_log(Rig *r)
{
        Wal *wal;
        WalCheckpointFile *file;
        WalrecWriter w;
        AUTO(buf_done) Buf record = { 0 };
        Err err;
        uint32_t sealed[] = { 1 };
        assert_ok(wal_open(fs_system(), sub_dir(r, "wal"), 5, &wal, &err), err);
        assert_ok(wal_checkpoint_begin(wal, 5, &file, &err), err);
        wal_begin_record(&record);
        walrec_begin(&w, &record, WALREC_CHECKPOINT);
        walrec_checkpoint(&w, &(WalCheckpoint){ SERIES + 1, sealed, 1 });
        walrec_end(&w);
        assert_ok(wal_checkpoint_add(file, &record, &err), err);
        buf_clear(&record);
        wal_begin_record(&record);
        walrec_begin(&w, &record, WALREC_SERIES);
        for (int sid = 1; sid <= SERIES; sid++)
                walrec_series(&w, (uint64_t)sid, rig_labels(r, "m", (unsigned)sid));
        walrec_end(&w);
        walrec_begin(&w, &record, WALREC_STATES);
        for (int sid = 1; sid <= SERIES; sid++)
                walrec_state(&w, &(WalState){ (uint64_t)sid, time_of(SEALED - 1),
                                              bits_of_double(value_of(sid, SEALED - 1)) });
        walrec_end(&w);
        assert_ok(wal_checkpoint_add(file, &record, &err), err);
        assert_ok(wal_checkpoint_commit(file, &err), err);
        for (int k = SEALED; k < SEALED + LOGGED; k++) {
                buf_clear(&record);
                wal_begin_record(&record);
                walrec_begin(&w, &record, WALREC_SAMPLES);
                for (int sid = 1; sid <= SERIES; sid++)
                        walrec_sample(&w, (uint64_t)sid, time_of(k), value_of(sid, k));
                walrec_end(&w);
                assert_ok(wal_append(wal, &record, true, &err), err);
        }
        wal_close(wal);
}

static void check_samples(Rig *r)
{
        Column c = { 0 };
        for (int sid = 1; sid <= SERIES; sid++) {
                rig_read(r, rig_labels(r, "m", (unsigned)sid), INT64_MIN, INT64_MAX, &c);
                assert_int_equal(c.n, SEALED + LOGGED);
                for (int k = 0; k < SEALED + LOGGED; k++) {
                        assert_int_equal(c.t[k], time_of(k));
                        assert_double(c.v[k], value_of(sid, k));
                }
        }
        column_done(&c);
        assert_int_equal(rig_stats(r).samples, SERIES * (SEALED + LOGGED));
        assert_int_equal(rig_stats(r).chunk_corruptions + rig_stats(r).wal_corruptions, 0);
}

static void opens_what_format_1_left(void **state)
{
        (void)state;
        Rig r;
        AUTO(buf_done) Buf text = { 0 };
        Err err;
        char path[128];
        rig_init(&r);
        write_chunks(&r);
        write_log(&r);
        write_file(r.dir, "FORMAT", "pharos-tsdb 1\n");
        rig_open(&r);
        check_samples(&r);
        rig_reopen(&r);
        check_samples(&r);
        assert_ok(tsdb_flush(r.db, &err), err);
        assert_true(rig_stats(&r).parts > 0);
        check_samples(&r);
        rig_reopen(&r);
        check_samples(&r);
        /* An older program is told so from now on. */
        snprintf(path, sizeof path, "%s/FORMAT", r.dir);
        assert_ok(file_read_all(fs_system(), path, 100, &text, &err), err);
        assert_true(atoi(buf_cstr(&text) + strlen("pharos-tsdb ")) >= 2);
        rig_done(&r);
}

/* The same, ended by a kill: the log goes on from where the older program stopped. */
static void goes_on_where_format_1_stopped(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        write_chunks(&r);
        write_log(&r);
        write_file(r.dir, "FORMAT", "pharos-tsdb 1\n");
        rig_open(&r);
        assert_int_equal(rig_add(&r, rig_labels(&r, "m", 1), time_of(SEALED + LOGGED - 1), -1), APPEND_CONFLICT);
        assert_int_equal(rig_add(&r, rig_labels(&r, "new", 1), RIG_START_MS, 7), APPEND_OK);
        Column c = { 0 };
        rig_reopen(&r);
        rig_read(&r, rig_labels(&r, "new", 1), INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 1);
        column_done(&c);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(opens_what_format_1_left),
                cmocka_unit_test(goes_on_where_format_1_stopped),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
