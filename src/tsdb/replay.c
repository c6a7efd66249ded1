/* Invariants
 * 1. A sample of the WAL that a closed chunk already holds is skipped: per series, closed chunks cover everything up to `closed_ms`.
 * 2. closed_ms comes from the checkpoint for the files that the checkpoint knew as sealed, and from the files themselves otherwise; so
 *    the files are walked after the checkpoint's header and before the first sample.
 * 3. A series that is in the index of cold ones alone stays there; its samples that are still in the log are in chunks.
 * 4. Ids given out later are above every id seen anywhere, also in damaged places. */
#include "tsdb/replay.h"

#include "base/metric.h"
#include "tsdb/cold.h"
#include "tsdb/exemplars.h"
#include "tsdb/headlate.h"
#include "tsdb/histchunk.h"
#include "tsdb/replayshard.h"
#include "tsdb/sidmap.h"
#include "tsdb/walpack.h"
#include "tsdb/walrec.h"

METRIC_GAUGE(seconds, "pharos_tsdb_replay_seconds", "Time that the last start took to read the write-ahead log.");
METRIC_COUNTER(orphans, "pharos_tsdb_replay_orphans_total", "Samples whose series definition was lost to damage.");
METRIC_COUNTER(corruptions, "pharos_tsdb_corruptions_total", "Damaged records and torn tails met at start.");

typedef struct ClosedState {
        int64_t ms;
        uint64_t bits;
} ClosedState;

#define MAP_NAME ClosedMap
#define MAP_FN_PREFIX closed_map
#define MAP_KEY uint64_t
#define MAP_VAL ClosedState
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/hash.h"
#include "base/map.inc.h"

#define MAP_NAME FileSet
#define MAP_FN_PREFIX file_set
#define MAP_KEY uint32_t
#define MAP_VAL bool
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

typedef struct Replay {
        Tsdb *db;
        SidMap slots;     /* sid -> slot + 1 */
        ClosedMap closed; /* of the walked files */
        FileSet sealed;   /* files that the checkpoint covers */
        bool walked;
        HeadRun run;
        uint64_t samples, orphans;
        uint64_t max_sid;
        Buf unpacked; /* scratch */
        IndexList *index;
        ReplayShards *shards;
} Replay;

static void note_entry(void *arg, const ChunkEntry *e)
{
        Replay *r = arg;
        r->max_sid = MAX_OF(r->max_sid, e->sid);
        bool fresh;
        ClosedState *s = closed_map_put(&r->closed, e->sid, &fresh);
        if (fresh || e->max_ms > s->ms)
                *s = (ClosedState){ e->max_ms, e->last_bits };
}

static void walk_files(Replay *r)
{
        if (r->walked)
                return;
        r->walked = true;
        ChunkList *list = chunkset_list(r->db->chunks);
        for (size_t i = 0; i < list->n; i++) {
                if (file_set_get(&r->sealed, chunkfile_id(list->files[i])))
                        chunkfile_set_covered(list->files[i]);
                else
                        chunkfile_each(list->files[i], note_entry, r);
        }
        snapshot_unref(&list->snap);
}

static void set_closed(Series *s, int64_t ms, uint64_t bits)
{
        if (s->open.n || ms <= s->open.last_ms)
                return;
        s->open.last_ms = ms;
        s->open.last_bits = bits;
}

static void on_series(void *arg, uint64_t sid, Labels labels)
{
        Replay *r = arg;
        Catalog *c = r->db->catalog;
        uint32_t hash = catalog_hash(labels), slot;
        r->max_sid = MAX_OF(r->max_sid, sid);
        if (labels.n == 0 || (!catalog_find(c, labels, hash, &slot) &&
                              !catalog_add(c, labels, hash, &(CatalogBirth){ .sid = sid }, &slot)))
                return;
        Series *s = catalog_at(c, slot);
        /* Labels that were forgotten and came back have a newer id: chunks are stored under that from now on. */
        if (sid > s->sid)
                s->sid = sid;
        s->defined = CATALOG_DEFINED;
        sidmap_put(&r->slots, sid, slot + 1);
        IndexEntry cold;
        /* A series that came back, and is defined again: its chunks may be in files that the checkpoint covers, its state is not in it. */
        if (r->run.segment && r->index->n && indexset_find_sid(r->index, sid, NULL, &cold, NULL))
                set_closed(s, cold.last_ms, cold.last_bits);
        const ClosedState *closed = closed_map_get(&r->closed, sid);
        if (closed)
                set_closed(s, closed->ms, closed->bits);
}

static void on_state(void *arg, const WalState *state)
{
        Replay *r = arg;
        uint32_t slot = sidmap_get(&r->slots, state->sid);
        if (slot)
                set_closed(catalog_at(r->db->catalog, slot - 1), state->closed_ms, state->closed_bits);
}

static void on_checkpoint(void *arg, const WalCheckpoint *checkpoint)
{
        Replay *r = arg;
        if (checkpoint->next_sid)
                r->max_sid = MAX_OF(r->max_sid, checkpoint->next_sid - 1);
        for (size_t i = 0; i < checkpoint->n_sealed; i++)
                file_set_put(&r->sealed, checkpoint->sealed[i], NULL);
        walk_files(r);
}

static void on_sample(void *arg, uint64_t sid, int64_t t_ms, double v)
{
        Replay *r = arg;
        Tsdb *db = r->db;
        uint32_t slot = sidmap_get(&r->slots, sid);
        if (UNLIKELY(!slot)) {
                r->orphans += !cold_covers(db, sid, t_ms);
                r->max_sid = MAX_OF(r->max_sid, sid);
                return;
        }
        if (head_put(db, catalog_at(db->catalog, slot - 1), t_ms, v, &r->run) != APPEND_OK)
                return;
        r->samples++;
        if (t_ms > atomic_load_explicit(&db->max_ms, memory_order_relaxed))
                atomic_store_explicit(&db->max_ms, t_ms, memory_order_relaxed);
}

/* A sample that was logged as a chunk of its own. */
static void on_rich(void *arg, uint64_t sid, int64_t t_ms, Str chunk, bool is_late)
{
        Replay *r = arg;
        Tsdb *db = r->db;
        Column c = { 0 };
        Err err;
        uint32_t slot = sidmap_get(&r->slots, sid);
        if (!slot || !histchunk_decode(chunk, 1, t_ms, t_ms, t_ms, &c, &err) || c.n != 1) {
                r->orphans += slot || !cold_covers(db, sid, t_ms);
                r->max_sid = MAX_OF(r->max_sid, sid);
                column_done(&c);
                return;
        }
        StoreSample sample = { .t_ms = t_ms, .v = c.v[0], .h = c.h ? c.h[0] : NULL, .st_ms = c.st ? c.st[0] : 0 };
        Series *s = catalog_at(db->catalog, slot - 1);
        if (is_late) /* counts itself */
                IGNORE(headlate_put(db, s, slot - 1, &sample, r->run.segment) == APPEND_OK);
        else
                r->samples += head_put_rich(db, s, &sample, &r->run) == APPEND_OK;
        column_done(&c);
        if (t_ms > atomic_load_explicit(&db->max_ms, memory_order_relaxed))
                atomic_store_explicit(&db->max_ms, t_ms, memory_order_relaxed);
}

static void on_exemplar(void *arg, uint64_t sid, const Exemplar *e)
{
        Replay *r = arg;
        uint32_t slot = sidmap_get(&r->slots, sid);
        if (slot)
                exemplars_put(r->db->exemplars, catalog_ref(catalog_at(r->db->catalog, slot - 1), slot - 1), e);
}

static bool read_record(Replay *r, uint32_t segment, Str payload, Err *err)
{
        if (replayshard_takes(payload))
                return replayshard_apply(r->shards, segment, payload, err);
        replayshard_drain(r->shards);
        const WalrecHandler handler = { r, on_series, on_sample, on_state, on_checkpoint, on_rich, on_exemplar };
        uint64_t before = r->samples;
        Str sections;
        bool ok = walpack_open(payload, &r->unpacked, &sections, err) && walrec_read(sections, &handler, err);
        atomic_fetch_add(&r->db->open_samples, r->samples - before);
        return ok;
}

static bool on_record(void *arg, uint32_t segment, Str payload, Err *err)
{
        Replay *r = arg;
        r->run.segment = segment;
        if (segment)
                walk_files(r);
        bool ok = read_record(r, segment, payload, err);
        if (chunkset_wants_flush(r->db->chunks))
                head_flush_chunks(r->db, 1);
        return ok;
}

static void on_file_end(void *arg) { replayshard_drain(((Replay *)arg)->shards); }

bool replay_run(Tsdb *db, const char *wal_dir, uint32_t *ret_next_segment, Err *err)
{
        int64_t start = db->clock->mono_ns(db->clock);
        Replay r = { .db = db };
        WalDamage damage = { 0 };
        ReplayCounts counts;
        r.shards = replayshard_new(db, &r.slots);
        r.index = indexset_list(db->index);
        r.max_sid = indexset_max_sid(r.index);
        bool ok = wal_read_files(db->fs, wal_dir, on_record, on_file_end, &r, &damage, ret_next_segment, err);
        replayshard_free(r.shards, &counts);
        atomic_fetch_add(&db->open_samples, counts.samples);
        r.orphans += counts.orphans;
        r.max_sid = MAX_OF(r.max_sid, counts.max_sid);
        if (ok)
                walk_files(&r);
        if (r.max_sid + 1 > db->catalog->next_sid)
                db->catalog->next_sid = r.max_sid + 1;
        buf_done(&r.unpacked);
        sidmap_done(&r.slots);
        closed_map_done(&r.closed);
        file_set_done(&r.sealed);
        snapshot_unref(&r.index->snap);
        db->replay_seconds = (double)(db->clock->mono_ns(db->clock) - start) / 1e9;
        atomic_fetch_add(&db->wal_corruptions, damage.records + damage.torn_tails);
        metric_set(seconds, db->replay_seconds);
        metric_add(orphans, r.orphans);
        metric_add(corruptions, damage.records + damage.torn_tails);
        return ok;
}
