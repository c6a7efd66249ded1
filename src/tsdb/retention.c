/* Invariants
 * 1. Nothing with a sample inside the retention is dropped for its age.
 * 2. A part that a merge reads is left for the next time: what was dropped does not come back in the merged one. */
#include "tsdb/retention.h"

#include <stdlib.h>

#include "base/metric.h"
#include "tsdb/compact.h"
#include "tsdb/keep.h"
#include "tsdb/rollup.h"

METRIC_COUNTER(dropped_files, "pharos_tsdb_chunk_files_dropped_total", "Chunk files removed by retention.");
METRIC_COUNTER(dropped_parts, "pharos_tsdb_parts_dropped_total", "Parts removed by retention.");

static int compare_age(const void *a, const void *b)
{
        int64_t x = part_info(*(Part *const *)a).max_ms, y = part_info(*(Part *const *)b).max_ms;
        return (x > y) - (x < y);
}

static uint64_t part_bytes(const PartList *list)
{
        uint64_t bytes = 0;
        for (size_t i = 0; i < list->n; i++)
                bytes += part_info(list->parts[i]).bytes;
        return bytes;
}

static uint64_t chunk_bytes(Tsdb *db)
{
        uint64_t bytes = 0;
        ChunkList *list = chunkset_list(db->chunks);
        for (size_t i = 0; i < list->n; i++)
                bytes += chunkfile_bytes(list->files[i]);
        snapshot_unref(&list->snap);
        return bytes;
}

/* min_ms: what ends before it is too old. too_much: bytes that should go beside. */
static bool drop_parts(Tsdb *db, const PartList *list, int64_t min_ms, uint64_t too_much, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Part **parts = arena_array(arena, Part *, list->n), **drop = arena_array(arena, Part *, list->n);
        int64_t floor_ms = db->size_floor_ms;
        uint64_t gone = 0;
        size_t n = 0;
        memcpy(parts, list->parts, list->n * sizeof(Part *));
        if (list->n)
                qsort(parts, list->n, sizeof(Part *), compare_age);
        for (size_t i = 0; i < list->n; i++) {
                PartInfo info = part_info(parts[i]);
                bool old = info.max_ms < min_ms;
                if ((!old && gone >= too_much) || compact_uses(db->compact, parts[i]))
                        continue;
                gone += info.bytes;
                if (!old)
                        floor_ms = MAX_OF(floor_ms, info.max_ms + 1);
                drop[n++] = parts[i];
        }
        PartChange change = { .drop = drop, .n_drop = n };
        if (n && !partset_change(db->parts, &change, err))
                return false;
        db->size_floor_ms = floor_ms;
        if (n)
                changelog_note(&db->changes, INT64_MIN);
        metric_add(dropped_parts, n);
        return true;
}

bool retention_run(Tsdb *db, int64_t now_ms, Err *err)
{
        int64_t min_ms = rollup_keep_from(db->rollup, now_ms, keep_longest_ms(db->keep));
        RollupStats rolled;
        rollup_stats(db->rollup, &rolled);
        /* Neither goes for size: samples have to make room for them. */
        uint64_t limit = db->options.retention_bytes, wal = wal_bytes(db->wal) + rolled.bytes;
        PartList *list = partset_list(db->parts);
        uint64_t total = wal + chunk_bytes(db) + part_bytes(list);
        bool ok = drop_parts(db, list, min_ms, limit && total > limit ? total - limit : 0, err);
        snapshot_unref(&list->snap);
        if (!ok)
                return err_wrap(err, "retention");
        list = partset_list(db->parts);
        uint64_t rest = wal + part_bytes(list);
        bool merging = list->n > 0 && rest > limit;
        snapshot_unref(&list->snap);
        /* While parts that a merge holds are still to go, younger files stay. */
        uint64_t chunk_limit = !limit || merging ? 0 : rest < limit ? limit - rest : 1;
        size_t dropped = 0;
        ok = chunkset_drop(db->chunks, min_ms, chunk_limit, &db->size_floor_ms, &dropped, err);
        if (dropped)
                changelog_note(&db->changes, INT64_MIN);
        metric_add(dropped_files, dropped);
        tombstones_expire(db->tombstones,
                          MIN_OF(min_ms, now_ms - rollup_longest_ms(db->rollup, keep_longest_ms(db->keep))));
        return ok && rollup_expire(db->rollup, now_ms, err);
}
