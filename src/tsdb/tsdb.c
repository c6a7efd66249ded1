/* Invariants
 * 1. At most one process has a directory open (the file `lock`).
 * 2. Opening never removes what it does not understand: a newer format is an error, damage is skipped and counted.
 *
 * Layout of a directory: lock, FORMAT, tombstones, wal/ (segments, checkpoint), chunks/ (files of 2 h of data time that
 * are being filled), parts/ (MANIFEST and what is at rest), index/ (MANIFEST and series that are not in memory). */
#include "tsdb/tsdb.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/metric.h"
#include "base/num.h"
#include "tsdb/backup.h"
#include "tsdb/cardinality.h"
#include "tsdb/cold.h"
#include "tsdb/coldmend.h"
#include "tsdb/coldselect.h"
#include "tsdb/compact.h"
#include "tsdb/exemplars.h"
#include "tsdb/headappend.h"
#include "tsdb/headlate.h"
#include "tsdb/headquery.h"
#include "tsdb/keep.h"
#include "tsdb/replay.h"
#include "tsdb/rollup.h"
#include "tsdb/upkeep.h"

METRIC_GAUGE(series_gauge, "pharos_tsdb_series", "Series in the head.");
METRIC_GAUGE(chunks_gauge, "pharos_tsdb_chunks", "Chunks, open and closed.");
METRIC_GAUGE(wal_gauge, "pharos_tsdb_wal_bytes", "Size of the write-ahead log.");
METRIC_GAUGE(disk_gauge, "pharos_tsdb_disk_bytes", "Size of log and chunk files.");
METRIC_GAUGE(read_only_gauge, "pharos_tsdb_read_only",
             "1 while writes are refused because the disk does not take them.");

#define DEFAULT_RETENTION_MS ((int64_t)15 * 24 * 3600 * 1000)
enum { FORMAT_VERSION = 3 /* 1: without parts and packed checkpoints; 2: without an index */, FORMAT_MAX_BYTES = 256 };

static const char *join(Buf *buf, const char *dir, const char *name)
{
        buf_clear(buf);
        buf_printf(buf, "%s/%s", dir, name);
        return buf_cstr(buf);
}

/* ---- opening */

static bool make_dirs(const Fs *fs, const char *dir, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        return fs->mkdir_all(fs, join(&path, dir, "wal"), err) && fs->mkdir_all(fs, join(&path, dir, "chunks"), err) &&
               fs->mkdir_all(fs, join(&path, dir, "parts"), err) && fs->mkdir_all(fs, join(&path, dir, "index"), err);
}

static bool take_lock(Tsdb *db, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        if (!db->fs->open(db->fs, join(&path, db->dir, "lock"), FILE_APPEND, &db->lock_file, err))
                return false;
        if (db->fs->lock(db->lock_file, err))
                return true;
        return err->code == ERR_EXISTS
                       ? err_set(err, ERR_EXISTS,
                                 "the data directory '%s' is used by another process: stop it, or choose another directory",
                                 db->dir)
                       : false;
}

/* On a full disk the directory is still readable: the file is written when there is room. */
static void write_format(Tsdb *db, const char *path)
{
        AUTO(buf_done) Buf text = { 0 };
        Err ignored;
        buf_printf(&text, "pharos-tsdb %d\n", FORMAT_VERSION);
        IGNORE(file_write_atomic(db->fs, path, buf_str(&text), &ignored));
}

/* The file FORMAT says which version wrote the directory as a whole; files carry their own as well. */
static bool check_format(Tsdb *db, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        Err why;
        join(&path, db->dir, "FORMAT");
        if (!file_read_all(db->fs, path.p, FORMAT_MAX_BYTES, &text, &why)) {
                if (why.code != ERR_NOT_FOUND) {
                        *err = why;
                        return false;
                }
                write_format(db, path.p);
                return true;
        }
        Str word, version = str_trim(buf_str(&text));
        uint64_t number;
        if (!str_cut(version, ' ', &word, &version) || !str_eq(word, STR("pharos-tsdb")) ||
            !num_parse_u64(version, &number)) {
                atomic_fetch_add(&db->wal_corruptions, 1);
                return true;
        }
        if (number > FORMAT_VERSION)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has format version %llu, this program reads up to version %d: start the newer program, or move the data directory aside",
                        path.p, (unsigned long long)number, FORMAT_VERSION);
        /* An older program must not come back and miss what this one writes. */
        if (number < FORMAT_VERSION)
                write_format(db, path.p);
        return true;
}

static Tsdb *tsdb_new(const TsdbOptions *options)
{
        Tsdb *db = mem_new(Tsdb);
        db->options = *options;
        if (db->options.retention_ms <= 0)
                db->options.retention_ms = DEFAULT_RETENTION_MS;
        db->engine = (StoreEngine){ .appender = headappend_open,
                                    .querier = headquery_open,
                                    .changes = headquery_changes,
                                    .at_most = headquery_at_most };
        db->dir = mem_strndup(options->dir, strlen(options->dir));
        db->fs = options->fs ? options->fs : fs_system();
        db->clock = options->clock ? options->clock : clock_system();
        db->catalog = catalog_new();
        db->late = headlate_new();
        db->exemplars = exemplars_new(options->max_exemplars == 0  ? EXEMPLARS_DEFAULT
                                      : options->max_exemplars < 0 ? 0
                                                                   : (size_t)options->max_exemplars);
        mutex_init(&db->commit);
        mutex_init(&db->appenders);
        mutex_init(&db->upkeep);
        changelog_init(&db->changes);
        db->compact = compact_new(db);
        atomic_init(&db->open_min_ms, INT64_MAX);
        atomic_init(&db->max_ms, INT64_MIN);
        db->size_floor_ms = INT64_MIN;
        return db;
}

static void tsdb_free(Tsdb *db)
{
        headappend_free_all(db);
        headlate_free(db->late);
        exemplars_free(db->exemplars);
        wal_close(db->wal);
        compact_free(db->compact);
        cold_give_up(db);
        indexset_close(db->index);
        keep_free(db->keep);
        chunkset_close(db->chunks);
        rollup_close(db->rollup);
        partset_close(db->parts);
        tombstones_close(db->tombstones);
        catalog_free(db->catalog);
        if (db->lock_file)
                db->fs->close(db->lock_file);
        buf_done(&db->record);
        vec_done(&db->undefined);
        mutex_done(&db->commit);
        mutex_done(&db->appenders);
        mutex_done(&db->upkeep);
        changelog_done(&db->changes);
        mem_free(db->dir);
        mem_free(db);
}
DEFINE_AUTO(Tsdb *, tsdb_free);

static void note_ranges(Tsdb *db)
{
        ChunkList *list = chunkset_list(db->chunks);
        int64_t min, max;
        for (size_t i = 0; i < list->n; i++)
                if (chunkfile_range(list->files[i], &min, &max) && max > atomic_load(&db->max_ms))
                        atomic_store(&db->max_ms, max);
        snapshot_unref(&list->snap);
        PartList *parts = partset_list(db->parts);
        for (size_t i = 0; i < parts->n; i++)
                if (part_info(parts->parts[i]).max_ms > atomic_load(&db->max_ms))
                        atomic_store(&db->max_ms, part_info(parts->parts[i]).max_ms);
        snapshot_unref(&parts->snap);
}

/* Parts first: their manifest says which chunk files are in them already. */
static bool open_files(Tsdb *db, bool *ret_lost, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        ChunkFileDamage damage = { 0 };
        PartSetDamage parts = { 0 };
        IndexDamage index = { 0 };
        size_t n;
        if (!indexset_open(db->fs, join(&path, db->dir, "index"), &db->index, &index, err))
                return false;
        if (!partset_open(db->fs, join(&path, db->dir, "parts"), &db->parts, &parts, err))
                return false;
        const uint32_t *replaced = partset_replaced(db->parts, &n);
        join(&path, db->dir, "chunks");
        if (!chunkset_remove_numbers(db->fs, path.p, replaced, n, err))
                return false;
        partset_settle(db->parts);
        if (!chunkset_open(db->fs, path.p, &db->chunks, &damage, err))
                return false;
        chunkset_raise_ids(db->chunks, partset_replaced_floor(db->parts));
        atomic_fetch_add(&db->chunk_corruptions, damage.records + (damage.tail_bytes > 0) + parts.parts +
                                                         parts.records + parts.manifest + index.segments +
                                                         index.manifest);
        *ret_lost = index.lost > 0;
        return true;
}

bool tsdb_open(const TsdbOptions *options, Tsdb **ret, Err *err)
{
        AUTO(tsdb_free) Tsdb *db = tsdb_new(options);
        AUTO(buf_done) Buf path = { 0 };
        uint64_t bad_tombstones = 0;
        uint32_t next_segment;
        bool lost = false;
        if (!keep_new(db->options.retention_ms, options->retentions, options->n_retentions, &db->keep, err) ||
            !make_dirs(db->fs, db->dir, err) || !take_lock(db, err) || !check_format(db, err) ||
            !tombstones_open(db->fs, join(&path, db->dir, "tombstones"), &db->tombstones, &bad_tombstones, err) ||
            !open_files(db, &lost, err) || !rollup_open(db, &db->rollup, &bad_tombstones, err) ||
            !replay_run(db, join(&path, db->dir, "wal"), &next_segment, err) ||
            (lost && !coldmend_from_parts(db, err)) || !wal_open(db->fs, path.p, next_segment, &db->wal, err))
                return err_wrap(err, "open the metric store");
        db->oldest_segment = wal_oldest_segment(db->wal);
        atomic_fetch_add(&db->wal_corruptions, bad_tombstones);
        note_ranges(db);
        *ret = TAKE(db);
        return true;
}

void tsdb_close(Tsdb *db)
{
        if (!db)
                return;
        Err err;
        /* A failure loses nothing: what could not be moved to chunk files is in the log and is read again. */
        IGNORE(upkeep_flush(db, false, &err));
        tsdb_free(db);
}

StoreEngine *tsdb_engine(Tsdb *db) { return &db->engine; }
bool tsdb_verify_index(Tsdb *db, Err *err) { return upkeep_verify_index(db, err); }
bool tsdb_flush(Tsdb *db, Err *err) { return upkeep_flush(db, true, err); }
bool tsdb_clean_tombstones(Tsdb *db, Err *err) { return upkeep_clean_tombstones(db, err); }

bool tsdb_snapshot(Tsdb *db, const char *dir, bool skip_head, Err *err)
{
        MUTEX_SCOPE(&db->upkeep);
        return backup_write(db, dir, skip_head, err);
}

/* ---- stats */

int64_t tsdb_max_ms(Tsdb *db) { return atomic_load(&db->max_ms); }

void tsdb_stats(Tsdb *db, TsdbStats *ret)
{
        Catalog *c = db->catalog;
        TsdbStats s = { .min_ms = atomic_load(&db->open_min_ms), .max_ms = atomic_load(&db->max_ms) };
        pthread_rwlock_rdlock(&c->lock);
        s.series = c->count;
        s.label_pairs = postings_pairs(c->postings);
        s.symbols = symtab_count(c->symbols);
        s.head_bytes = catalog_bytes(c);
        pthread_rwlock_unlock(&c->lock);
        s.samples = atomic_load(&db->open_samples);
        s.chunks = atomic_load(&db->open_chunks);
        s.min_ms = MIN_OF(s.min_ms, headlate_min_ms(db->late));
        ChunkList *list = chunkset_list(db->chunks);
        for (size_t i = 0; i < list->n; i++) {
                int64_t min, max;
                s.samples += chunkfile_samples(list->files[i]);
                s.chunks += chunkfile_chunks(list->files[i]);
                s.disk_bytes += chunkfile_bytes(list->files[i]) - chunkfile_waiting(list->files[i]);
                if (chunkfile_range(list->files[i], &min, &max))
                        s.min_ms = MIN_OF(s.min_ms, min);
        }
        snapshot_unref(&list->snap);
        PartList *parts = partset_list(db->parts);
        for (size_t i = 0; i < parts->n; i++) {
                PartInfo info = part_info(parts->parts[i]);
                s.parts++;
                s.part_bytes += info.bytes;
                s.samples += info.samples;
                s.chunks += info.blocks;
                s.min_ms = MIN_OF(s.min_ms, info.min_ms);
        }
        snapshot_unref(&parts->snap);
        RollupStats rolled;
        rollup_stats(db->rollup, &rolled);
        s.rollup_parts = rolled.parts;
        s.rollup_bytes = rolled.bytes;
        s.min_ms = MIN_OF(s.min_ms, rolled.min_ms);
        s.disk_bytes += s.part_bytes + s.rollup_bytes;
        IndexList *index = indexset_list(db->index);
        for (size_t i = 0; i < index->n; i++) {
                IndexSegInfo info = indexseg_info(index->segs[i]);
                s.cold_series += info.series;
                s.index_segments++;
                s.index_bytes += info.bytes;
        }
        snapshot_unref(&index->snap);
        s.disk_bytes += s.index_bytes;
        s.wal_bytes = wal_bytes(db->wal);
        s.disk_bytes += s.wal_bytes;
        s.wal_corruptions = atomic_load(&db->wal_corruptions);
        s.chunk_corruptions = atomic_load(&db->chunk_corruptions);
        s.replay_seconds = db->replay_seconds;
        s.read_only = atomic_load(&db->write_failed) || atomic_load(&db->chunks_stuck);
        *ret = s;
}

/* Samples of all parts and chunk files count for the tiers of samples and rules. */
static void count_files(Tsdb *db, TsdbTier *tiers, size_t n, int64_t now_ms)
{
        PartList *parts = partset_list(db->parts);
        for (size_t i = 0; i < parts->n; i++) {
                PartInfo info = part_info(parts->parts[i]);
                for (size_t k = 0; k < n; k++)
                        keep_count(&tiers[k], info.min_ms, info.max_ms, info.bytes, now_ms);
        }
        snapshot_unref(&parts->snap);
        ChunkList *list = chunkset_list(db->chunks);
        for (size_t i = 0; i < list->n; i++) {
                int64_t min_ms, max_ms;
                uint64_t bytes = chunkfile_bytes(list->files[i]) - chunkfile_waiting(list->files[i]);
                for (size_t k = 0; k < n && chunkfile_range(list->files[i], &min_ms, &max_ms); k++)
                        keep_count(&tiers[k], min_ms, max_ms, bytes, now_ms);
        }
        snapshot_unref(&list->snap);
}

void tsdb_tiers(Tsdb *db, Arena *arena, TsdbTier **ret, size_t *ret_n)
{
        const TsdbRetention *rules;
        int64_t now_ms = clock_wall_ms(db->clock);
        size_t n_rules = keep_rules(db->keep, &rules), n = 1 + n_rules;
        TsdbTier *tiers = arena_array(arena, TsdbTier, n + TSDB_MAX_ROLLUPS);
        tiers[0] = (TsdbTier){ .kind = TSDB_TIER_SAMPLES, .retention_ms = db->options.retention_ms };
        for (size_t i = 0; i < n_rules; i++)
                tiers[1 + i] = (TsdbTier){ .kind = TSDB_TIER_RULE,
                                           .matchers = rules[i].matchers,
                                           .retention_ms = rules[i].retention_ms };
        for (size_t i = 0; i < n; i++) {
                tiers[i].min_ms = tiers[i].next_cleanup_ms = INT64_MAX;
                tiers[i].max_ms = INT64_MIN;
        }
        count_files(db, tiers, n, now_ms);
        while (n - 1 - n_rules < TSDB_MAX_ROLLUPS && rollup_tier(db->rollup, n - 1 - n_rules, now_ms, &tiers[n]))
                n++;
        *ret = tiers;
        *ret_n = n;
}

void tsdb_cardinality(Tsdb *db, size_t limit, Arena *arena, TsdbCardinality *ret)
{
        cardinality_top(db->catalog, limit, arena, ret);
}

void tsdb_maintain(Tsdb *db)
{
        upkeep_run(db);
        pthread_rwlock_rdlock(&db->catalog->lock);
        size_t series = db->catalog->count;
        pthread_rwlock_unlock(&db->catalog->lock);
        ChunkList *list = chunkset_list(db->chunks);
        uint64_t chunks = atomic_load(&db->open_chunks), disk = wal_bytes(db->wal);
        metric_set(wal_gauge, disk);
        for (size_t i = 0; i < list->n; i++) {
                chunks += chunkfile_chunks(list->files[i]);
                disk += chunkfile_bytes(list->files[i]);
        }
        snapshot_unref(&list->snap);
        metric_set(series_gauge, series);
        metric_set(chunks_gauge, chunks);
        metric_set(disk_gauge, disk);
        metric_set(read_only_gauge, atomic_load(&db->write_failed) || atomic_load(&db->chunks_stuck));
}

/* ---- delete */

/* The series of a deletion, each with the stretch cut to what exists: a later sample is not born deleted. */
static bool collect_tombstones(Tsdb *db, const SelectArgs *args, const ColdView *view, Arena *arena, Tombstone **ret,
                               size_t *ret_n, Err *err)
{
        int64_t min_ms = args->min_ms, max_ms = args->max_ms;
        Catalog *c = db->catalog;
        roaring_bitmap_t *set;
        pthread_rwlock_rdlock(&c->lock);
        bool ok = postings_select(c->postings, args->matchers, NULL, &set, err);
        if (ok) {
                size_t n = roaring_bitmap_get_cardinality(set), kept = 0;
                uint32_t *slots = arena_raw_array(arena, uint32_t, n);
                roaring_bitmap_to_uint32_array(set, slots);
                roaring_bitmap_free(set);
                Tombstone *items = arena_raw_array(arena, Tombstone, n + view->n);
                for (size_t i = 0; i < n; i++) {
                        const Series *s = catalog_at(c, slots[i]);
                        int64_t last_ms = __atomic_load_n(&s->open.last_ms, __ATOMIC_RELAXED);
                        if (last_ms != INT64_MIN && last_ms >= min_ms)
                                items[kept++] = (Tombstone){ s->sid, min_ms, MIN_OF(max_ms, last_ms) };
                }
                for (size_t i = 0; i < view->n;
                     i++) /* series that are in memory again are there with their newest sample */
                        items[kept++] = (Tombstone){ view->series[i].entry.sid, min_ms,
                                                     MIN_OF(max_ms, view->series[i].entry.last_ms) };
                *ret = items;
                *ret_n = kept;
        }
        pthread_rwlock_unlock(&c->lock);
        return ok;
}

bool tsdb_delete(Tsdb *db, Matchers matchers, int64_t min_ms, int64_t max_ms, Err *err)
{
        if (matchers.n == 0)
                return err_set(err, ERR_INVALID, "a deletion needs at least one matcher");
        if (min_ms > max_ms)
                return err_set(err, ERR_INVALID, "the start of the deletion lies behind its end");
        AUTO(arena_free) Arena *arena = arena_new();
        Tombstone *items;
        size_t n;
        SelectArgs args = { .matchers = matchers, .min_ms = min_ms, .max_ms = max_ms };
        ColdView view;
        bool current = false;
        while (!current) {
                if (!coldselect_find(db->index, &args, arena, &view, err) ||
                    !collect_tombstones(db, &args, &view, arena, &items, &n, err))
                        return false;
                current = indexset_is_current(db->index, view.list);
        }
        bool ok = n == 0 || tombstones_add(db->tombstones, items, n, err) || err_wrap(err, "delete");
        if (n)
                changelog_note(&db->changes, min_ms);
        return ok;
}
