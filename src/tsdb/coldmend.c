/* Invariants
 * 1. An id that is known, in memory or in the index, is left as it is; labels that are in memory under another id are not indexed.
 * 2. The entry of a series says how far its samples reach in all files, so that what comes is judged by its newest one. */
#include "tsdb/coldmend.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/metric.h"
#include "base/num.h"
#include "index/indexset.h"
#include "tsdb/histchunk.h"

METRIC_COUNTER(recovered, "pharos_tsdb_series_recovered_total", "Series that a damaged index had lost and parts knew.");

typedef VEC(uint64_t) SidList;

typedef struct ColdMender {
        Tsdb *db;
        PartList *parts;
        PartPage *pages; /* of labels, one for each part: ids rise, so each page is unpacked once */
        ChunkList *files;
        IndexList *index;
        SidList hot; /* sorted */
        IndexBuild *build;
        ManifestIds ids; /* of segments that are written */
        Arena *arena;
        Column column;
        size_t found;
} ColdMender;

static void collect_hot(ColdMender *m)
{
        Catalog *c = m->db->catalog;
        pthread_rwlock_rdlock(&c->lock);
        for (uint32_t slot = 0; slot < catalog_slots(c); slot++)
                if (__atomic_load_n(&catalog_at(c, slot)->live, __ATOMIC_ACQUIRE))
                        vec_push(&m->hot, catalog_at(c, slot)->sid);
        pthread_rwlock_unlock(&c->lock);
        if (m->hot.len)
                qsort(m->hot.data, m->hot.len, sizeof(uint64_t), num_compare_u64);
}

static bool is_known(const ColdMender *m, uint64_t sid)
{
        IndexEntry e;
        if (m->hot.len && bsearch(&sid, m->hot.data, m->hot.len, sizeof sid, num_compare_u64))
                return true;
        return indexset_find_sid(m->index, sid, NULL, &e, NULL);
}

static bool is_in_memory(const ColdMender *m, Labels labels)
{
        Catalog *c = m->db->catalog;
        uint32_t slot;
        pthread_rwlock_rdlock(&c->lock);
        bool found = catalog_find(c, labels, catalog_hash(labels), &slot);
        pthread_rwlock_unlock(&c->lock);
        return found;
}

static bool find_labels(ColdMender *m, uint64_t sid, Labels *ret)
{
        for (size_t i = 0; i < m->parts->n; i++)
                if (part_labels_next(m->parts->parts[i], &m->pages[i], sid, m->arena, ret) && ret->n)
                        return true;
        return false;
}

/* Its newest sample in any file. */
static bool find_last(ColdMender *m, uint64_t sid, IndexEntry *ret)
{
        Column *c = &m->column;
        uint64_t ignored = 0;
        Err err;
        column_clear(c);
        for (size_t i = 0; i < m->parts->n; i++)
                part_last(m->parts->parts[i], sid, INT64_MIN, INT64_MAX, c, &ignored);
        for (size_t i = 0; i < m->files->n; i++)
                IGNORE(chunkfile_read(m->files->files[i], sid, INT64_MIN, INT64_MAX, c, &ignored, &err));
        for (size_t i = 0; i < c->n; i++) {
                StoreSample s = store_sample(c, i);
                if (i == 0 || s.t_ms > ret->last_ms)
                        *ret = (IndexEntry){ sid, s.t_ms, histchunk_value_bits(&s) };
        }
        return c->n > 0;
}

/* The least id of any part that is not below sid. */
static bool next_sid(const ColdMender *m, uint64_t sid, uint64_t *ret)
{
        bool any = false;
        for (size_t i = 0; i < m->parts->n; i++) {
                uint64_t at;
                if (!part_next_series(m->parts->parts[i], sid, &at) || (any && at >= *ret))
                        continue;
                *ret = at;
                any = true;
        }
        return any;
}

static bool walk_parts(ColdMender *m, Err *err)
{
        uint64_t sid = 0;
        for (uint64_t from = 0; next_sid(m, from, &sid); from = sid + 1) {
                Labels labels;
                IndexEntry entry;
                arena_reset(m->arena);
                if (is_known(m, sid) || !find_labels(m, sid, &labels) || is_in_memory(m, labels) ||
                    !find_last(m, sid, &entry))
                        continue;
                indexbuild_add(m->build, &entry, labels);
                m->found++;
                if (indexbuild_is_full(m->build) && !indexset_write(m->db->index, &m->build, &m->ids, err))
                        return false;
                if (sid == UINT64_MAX)
                        break;
        }
        return indexset_write(m->db->index, &m->build, &m->ids, err);
}

bool coldmend_from_parts(Tsdb *db, Err *err)
{
        ColdMender m = { .db = db,
                         .parts = partset_list(db->parts),
                         .files = chunkset_list(db->chunks),
                         .index = indexset_list(db->index),
                         .build = indexbuild_new(),
                         .arena = arena_new() };
        m.pages = mem_new_array(PartPage, m.parts->n + 1);
        collect_hot(&m);
        bool ok = walk_parts(&m, err);
        IndexChange change = { .add = m.ids.data, .n_add = m.ids.len };
        ok = ok && (m.ids.len == 0 || indexset_change(db->index, &change, err));
        metric_add(recovered, ok ? m.found : 0);
        changelog_note(&db->changes, INT64_MIN); /* their samples are seen again */
        for (size_t i = 0; i < m.parts->n; i++)
                part_page_done(&m.pages[i]);
        mem_free(m.pages);
        snapshot_unref(&m.parts->snap);
        snapshot_unref(&m.files->snap);
        snapshot_unref(&m.index->snap);
        vec_done(&m.hot);
        vec_done(&m.ids);
        indexbuild_free(m.build);
        arena_free(m.arena);
        column_done(&m.column);
        return ok || err_wrap(err, "find the series of a damaged index in the parts");
}
