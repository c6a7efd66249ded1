/* Invariants
 * 1. What the manifest names is complete and synced (store/manifest.c says the rest about it).
 * 2. The published list is what the manifest names, less what could not be read.
 * 3. A damaged segment leaves the list only for one that has everything of it that can be read. */
#include "index/indexset.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"

static const ManifestKind KIND = {
        .magic = STR_INIT("pharos-index"),
        .word = STR_INIT("segment"),
        .suffix = STR_INIT(".index"),
        .version = 1,
};

struct IndexSet {
        ManifestDir dir;
        SnapshotCell list;
        uint32_t next_id;
};

/* ---- the published list */

static int compare_segs(const IndexSeg *a, const IndexSeg *b)
{
        IndexSegInfo x = indexseg_info(a), y = indexseg_info(b);
        if (x.max_ms != y.max_ms)
                return x.max_ms > y.max_ms ? -1 : 1;
        return (x.id < y.id) - (x.id > y.id);
}

#define LIST_TYPE IndexList
#define LIST_ITEM IndexSeg
#define LIST_FIELD segs
#define LIST_SNAPSHOT indexseg_snapshot
#define LIST_ORDER compare_segs
#include "sync/snaplist.inc.h"

IndexList *indexset_list(IndexSet *s) { return (IndexList *)snapshot_get(&s->list); }

bool indexset_is_current(IndexSet *s, const IndexList *list) { return snapshot_is_current(&s->list, &list->snap); }

/* ---- changing */

uint32_t indexset_new_id(IndexSet *s) { return s->next_id++; }
void indexset_path(const IndexSet *s, uint32_t id, Buf *out) { manifest_path(&s->dir, id, out); }

bool indexset_write(IndexSet *s, IndexBuild **b, ManifestIds *ids, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        if (indexbuild_series(*b) == 0)
                return true;
        uint32_t id = indexset_new_id(s);
        indexset_path(s, id, &path);
        if (!indexbuild_write(*b, s->dir.fs, path.p, id, err))
                return false;
        vec_push(ids, id);
        indexbuild_free(*b);
        *b = indexbuild_new();
        return true;
}

static bool open_added(IndexSet *s, const IndexChange *change, IndexSeg **added, size_t *opened, Err *err)
{
        for (size_t i = 0; i < change->n_add; i++) {
                AUTO(buf_done) Buf path = { 0 };
                indexset_path(s, change->add[i], &path);
                if (!indexseg_open(s->dir.fs, path.p, change->add[i], &added[i], err))
                        return false;
                (*opened)++;
        }
        return true;
}

static void take_effect(IndexSet *s, const IndexChange *change, IndexSeg **added)
{
        for (size_t i = 0; i < change->n_drop; i++) {
                uint32_t id = indexseg_info(change->drop[i]).id;
                if (change->set_aside)
                        manifest_set_aside(&s->dir, indexseg_path(change->drop[i]));
                else
                        manifest_remove(&s->dir, &id, 1);
        }
        list_change(&s->list, added, change->n_add, change->drop, change->n_drop);
}

static void plan_manifest(IndexSet *s, const IndexChange *change, Manifest *m)
{
        IndexList *list = indexset_list(s);
        for (size_t i = 0; i < list->n; i++)
                if (!list_among(change->drop, change->n_drop, list->segs[i]))
                        vec_push(&m->ids, indexseg_info(list->segs[i]).id);
        snapshot_unref(&list->snap);
        for (size_t i = 0; i < change->n_add; i++)
                vec_push(&m->ids, change->add[i]);
        m->next_id = s->next_id;
}

bool indexset_change(IndexSet *s, const IndexChange *change, Err *err)
{
        AUTO(manifest_done) Manifest m = { 0 };
        IndexSeg **added = mem_new_array(IndexSeg *, change->n_add + 1);
        size_t opened = 0;
        plan_manifest(s, change, &m);
        bool ok = open_added(s, change, added, &opened, err);
        if (!ok)
                manifest_remove(&s->dir, change->add, change->n_add);
        ok = ok && manifest_commit(&s->dir, &m, change->add, change->n_add, err);
        if (ok) {
                take_effect(s, change, added);
        } else {
                for (size_t i = 0; i < opened; i++)
                        snapshot_unref(indexseg_snapshot(added[i]));
                err_wrap(err, "change the list of index segments");
        }
        mem_free((void *)added);
        return ok;
}

/* ---- mending */

typedef struct KeptSeries {
        IndexEntry entry;
        Labels labels;
} KeptSeries;

typedef struct Mender {
        Arena *arena;
        VEC(KeptSeries) series;
} Mender;

static void keep_series(void *ctx, const IndexEntry *entry, Labels labels)
{
        Mender *m = ctx;
        vec_push(&m->series, (KeptSeries){ *entry, labels_dup(m->arena, labels) });
}

static int compare_kept(const void *a, const void *b)
{
        const KeptSeries *x = a, *y = b;
        return (x->entry.sid > y->entry.sid) - (x->entry.sid < y->entry.sid);
}

/* From the pages, and from what the tables (x may be NULL) still give. */
static void collect_kept(Mender *m, Str file, IndexSeg *x, IndexDamage *damage)
{
        bool bad_pages = indexseg_salvage(file, keep_series, m) > 0;
        uint64_t series = x ? indexseg_info(x).series : 0;
        if (m->series.len < series)
                bad_pages = true;
        damage->lost += bad_pages;
        for (uint32_t i = 0; bad_pages && i < series; i++) {
                KeptSeries k;
                if (indexseg_entry(x, i, &k.entry) && indexseg_labels(x, i, m->arena, &k.labels))
                        vec_push(&m->series, k);
        }
        if (m->series.len)
                qsort(m->series.data, m->series.len, sizeof(KeptSeries), compare_kept);
}

/* Writes what was kept as one segment or more; *ids: theirs. */
static bool write_kept(IndexSet *s, const Mender *m, ManifestIds *ids, Err *err)
{
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        for (size_t i = 0; i < m->series.len; i++) {
                const KeptSeries *k = &m->series.data[i];
                if (indexbuild_is_full(b) && !indexset_write(s, &b, ids, err))
                        return false;
                if (i == 0 || k->entry.sid != k[-1].entry.sid)
                        indexbuild_add(b, &k->entry, k->labels);
        }
        return indexset_write(s, &b, ids, err);
}

/* What can be read of one file becomes new segments; *ids: theirs. */
static bool rescue(IndexSet *s, const char *path, IndexSeg *x, ManifestIds *ids, IndexDamage *damage, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf file = { 0 };
        Mender m = { .arena = arena };
        if (!file_read_all(s->dir.fs, path, INDEXSET_MAX_FILE_BYTES, &file, err))
                return false;
        collect_kept(&m, buf_str(&file), x, damage);
        bool ok = write_kept(s, &m, ids, err);
        vec_done(&m.series);
        damage->segments += ok;
        return ok;
}

/* One change for all, so that the manifest names at every moment what is not rescued yet. */
static bool mend(IndexSet *s, IndexSeg *const *segs, size_t n_segs, const ManifestIds *broken, IndexDamage *damage,
                 Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        ManifestIds ids = { 0 };
        bool ok = true;
        for (size_t i = 0; i < n_segs && ok; i++)
                ok = rescue(s, indexseg_path(segs[i]), segs[i], &ids, damage, err);
        for (size_t i = 0; i < broken->len && ok; i++) {
                indexset_path(s, broken->data[i], &path);
                ok = rescue(s, path.p, NULL, &ids, damage, err);
        }
        if (!ok)
                manifest_remove(&s->dir, ids.data, ids.len);
        IndexChange change = { .add = ids.data, .n_add = ids.len, .drop = segs, .n_drop = n_segs, .set_aside = true };
        ok = ok && indexset_change(s, &change, err);
        for (size_t i = 0; i < broken->len && ok; i++) {
                indexset_path(s, broken->data[i], &path);
                manifest_set_aside(&s->dir, path.p);
        }
        vec_done(&ids);
        return ok;
}

void indexset_verify(IndexSet *s)
{
        IndexList *list = indexset_list(s);
        for (size_t i = 0; i < list->n; i++)
                IGNORE(indexseg_verify(list->segs[i]));
        snapshot_unref(&list->snap);
}

bool indexset_mend(IndexSet *s, IndexDamage *damage, Err *err)
{
        IndexList *list = indexset_list(s);
        IndexSeg **segs = mem_new_array(IndexSeg *, list->n + 1);
        size_t n = 0;
        for (size_t i = 0; i < list->n; i++)
                if (indexseg_is_damaged(list->segs[i]))
                        segs[n++] = list->segs[i];
        bool ok = n == 0 || mend(s, segs, n, &(ManifestIds){ 0 }, damage, err);
        mem_free((void *)segs);
        snapshot_unref(&list->snap);
        return ok;
}

/* ---- opening */

/* The segments first, then, with all of them in the list, what must be made anew. */
static bool open_all(IndexSet *s, const ManifestIds *ids, IndexDamage *damage, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        ManifestIds broken = { 0 };
        bool ok = true;
        for (size_t i = 0; i < ids->len && ok; i++) {
                IndexSeg *x;
                Err why;
                indexset_path(s, ids->data[i], &path);
                if (indexseg_open(s->dir.fs, path.p, ids->data[i], &x, &why)) {
                        list_change(&s->list, &x, 1, NULL, 0);
                } else if (why.code == ERR_CORRUPT) {
                        vec_push(&broken, ids->data[i]);
                } else if (why.code == ERR_NOT_FOUND) {
                        damage->segments++;
                        damage->lost++;
                } else {
                        *err = why;
                        ok = false;
                }
        }
        if (ok && broken.len)
                ok = mend(s, NULL, 0, &broken, damage, err);
        vec_done(&broken);
        return ok;
}

static bool load(IndexSet *s, IndexDamage *damage, Err *err)
{
        AUTO(manifest_done) Manifest m = { 0 };
        if (!manifest_load(&s->dir, &m, &damage->manifest, err))
                return false;
        s->next_id = m.next_id;
        return open_all(s, &m.ids, damage, err);
}

bool indexset_open(const Fs *fs, const char *dir, IndexSet **ret, IndexDamage *damage, Err *err)
{
        AUTO(indexset_close) IndexSet *s = mem_new(IndexSet);
        manifest_dir_init(&s->dir, &KIND, fs, dir);
        list_init(&s->list);
        if (!load(s, damage, err))
                return err_wrap(err, "open the index");
        *ret = TAKE(s);
        return true;
}

void indexset_close(IndexSet *s)
{
        if (!s)
                return;
        snapshot_cell_done(&s->list);
        manifest_dir_done(&s->dir);
        mem_free(s);
}

/* ---- finding */

bool indexset_find(const IndexList *list, Labels labels, IndexEntry *ret)
{
        bool found = false;
        uint32_t hash = list->n ? indexseg_hash(labels) : 0;
        for (size_t i = 0; i < list->n; i++) {
                IndexEntry e;
                if (found && indexseg_info(list->segs[i]).max_ms <= ret->last_ms)
                        break;
                if (!indexseg_find(list->segs[i], labels, hash, &e) || (found && e.last_ms <= ret->last_ms))
                        continue;
                *ret = e;
                found = true;
        }
        return found;
}

bool indexset_find_sid(const IndexList *list, uint64_t sid, Arena *arena, IndexEntry *ret, Labels *ret_labels)
{
        bool found = false;
        for (size_t i = 0; i < list->n; i++) {
                IndexEntry e;
                uint32_t place;
                if (found && indexseg_info(list->segs[i]).max_ms <= ret->last_ms)
                        break;
                if (!indexseg_place(list->segs[i], sid, &place) || !indexseg_entry(list->segs[i], place, &e) ||
                    (found && e.last_ms <= ret->last_ms) ||
                    (ret_labels && !indexseg_labels(list->segs[i], place, arena, ret_labels)))
                        continue;
                *ret = e;
                found = true;
        }
        return found;
}

bool indexset_is_damaged(const IndexList *list)
{
        bool damaged = false;
        for (size_t i = 0; i < list->n; i++)
                damaged = damaged || indexseg_is_damaged(list->segs[i]);
        return damaged;
}

uint64_t indexset_max_sid(const IndexList *list)
{
        uint64_t max = 0;
        for (size_t i = 0; i < list->n; i++)
                max = MAX_OF(max, indexseg_info(list->segs[i]).max_sid);
        return max;
}
