/* Invariants
 * 1. What the manifest names is complete and synced (store/manifest.c says the rest about it).
 * 2. The published list is what the manifest names, less what could not be read. */
#include "part/partset.h"

#include "base/mem.h"
#include "store/manifest.h"

static const ManifestKind KIND = {
        .magic = STR_INIT("pharos-parts"),
        .word = STR_INIT("part"),
        .suffix = STR_INIT(".part"),
        .version = 1,
        .replaces = true,
};

struct PartSet {
        ManifestDir dir;
        SnapshotCell list;
        uint32_t next_id;        /* atomic */
        uint32_t replaced_floor; /* highest number ever replaced */
        ManifestIds replaced;
};

/* ---- the published list */

static int compare_parts(const Part *a, const Part *b)
{
        PartInfo x = part_info(a), y = part_info(b);
        if (x.min_ms != y.min_ms)
                return x.min_ms < y.min_ms ? -1 : 1;
        return (x.id > y.id) - (x.id < y.id);
}

#define LIST_TYPE PartList
#define LIST_ITEM Part
#define LIST_FIELD parts
#define LIST_SNAPSHOT part_snapshot
#define LIST_ORDER compare_parts
#include "sync/snaplist.inc.h"

PartList *partset_list(PartSet *s) { return (PartList *)snapshot_get(&s->list); }

bool partset_has(PartSet *s, uint64_t sid, uint64_t n)
{
        bool found = false;
        PartList *list = partset_list(s);
        for (size_t i = 0; i < list->n && !found; i++) {
                uint64_t at;
                found = part_next_series(list->parts[i], sid, &at) && at - sid < n;
        }
        snapshot_unref(&list->snap);
        return found;
}

/* ---- opening */

void partset_path(const PartSet *s, uint32_t id, Buf *out) { manifest_path(&s->dir, id, out); }

/* A part that cannot be read at all is set aside, so that an operator can look at it and nothing removes it. */
static bool open_one(PartSet *s, uint32_t id, PartSetDamage *damage, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        partset_path(s, id, &path);
        Part *p;
        PartDamage found = { 0 };
        Err why;
        if (part_open(s->dir.fs, path.p, id, &p, &found, &why)) {
                damage->records += found.records + found.index;
                list_change(&s->list, &p, 1, NULL, 0);
                return true;
        }
        if (why.code != ERR_CORRUPT && why.code != ERR_NOT_FOUND) {
                *err = why;
                return false;
        }
        damage->parts++;
        if (why.code == ERR_CORRUPT)
                manifest_set_aside(&s->dir, path.p);
        return true;
}

static bool load(PartSet *s, PartSetDamage *damage, Err *err)
{
        AUTO(manifest_done) Manifest m = { 0 };
        if (!manifest_load(&s->dir, &m, &damage->manifest, err))
                return false;
        vec_each(id, &m.ids)
                if (!open_one(s, *id, damage, err))
                        return false;
        s->next_id = m.next_id;
        s->replaced_floor = m.replaced_floor;
        s->replaced = m.replaced;
        m.replaced = (ManifestIds){ 0 };
        return true;
}

bool partset_open(const Fs *fs, const char *dir, PartSet **ret, PartSetDamage *damage, Err *err)
{
        AUTO(partset_close) PartSet *s = mem_new(PartSet);
        manifest_dir_init(&s->dir, &KIND, fs, dir);
        list_init(&s->list);
        if (!load(s, damage, err))
                return false;
        *ret = TAKE(s);
        return true;
}

void partset_close(PartSet *s)
{
        if (!s)
                return;
        vec_done(&s->replaced);
        snapshot_cell_done(&s->list);
        manifest_dir_done(&s->dir);
        mem_free(s);
}

/* ---- changing */

uint32_t partset_new_id(PartSet *s) { return __atomic_fetch_add(&s->next_id, 1, __ATOMIC_RELAXED); }
const uint32_t *partset_replaced(const PartSet *s, size_t *ret_n)
{
        *ret_n = s->replaced.len;
        return s->replaced.data;
}
void partset_settle(PartSet *s) { vec_clear(&s->replaced); }
uint32_t partset_replaced_floor(const PartSet *s) { return s->replaced_floor; }

static void plan_manifest(PartSet *s, const PartChange *change, Manifest *m)
{
        PartList *list = partset_list(s);
        for (size_t i = 0; i < list->n; i++)
                if (!list_among(change->drop, change->n_drop, list->parts[i]))
                        vec_push(&m->ids, part_info(list->parts[i]).id);
        snapshot_unref(&list->snap);
        for (size_t i = 0; i < change->n_add; i++)
                vec_push(&m->ids, change->add[i]);
        vec_each(id, &s->replaced)
                vec_push(&m->replaced, *id);
        m->replaced_floor = s->replaced_floor;
        for (size_t i = 0; i < change->n_replaced; i++) {
                vec_push(&m->replaced, change->replaced[i]);
                m->replaced_floor = MAX_OF(m->replaced_floor, change->replaced[i]);
        }
        m->next_id = __atomic_load_n(&s->next_id, __ATOMIC_RELAXED);
}

static bool open_added(PartSet *s, const PartChange *change, Part **added, size_t *opened, Err *err)
{
        for (size_t i = 0; i < change->n_add; i++) {
                AUTO(buf_done) Buf path = { 0 };
                PartDamage damage = { 0 };
                partset_path(s, change->add[i], &path);
                if (!part_open(s->dir.fs, path.p, change->add[i], &added[i], &damage, err))
                        return false;
                (*opened)++;
                if (damage.index || damage.records)
                        return err_set(err, ERR_CORRUPT, "'%s' was not written as it should be", path.p);
        }
        return true;
}

static void take_effect(PartSet *s, const PartChange *change, Manifest *m, Part **added)
{
        vec_done(&s->replaced);
        s->replaced = m->replaced;
        m->replaced = (ManifestIds){ 0 };
        s->replaced_floor = m->replaced_floor;
        list_change(&s->list, added, change->n_add, change->drop, change->n_drop);
        for (size_t i = 0; i < change->n_drop; i++) {
                uint32_t id = part_info(change->drop[i]).id;
                if (change->set_aside)
                        manifest_set_aside(&s->dir, part_path(change->drop[i]));
                else
                        manifest_remove(&s->dir, &id, 1);
        }
}

bool partset_change(PartSet *s, const PartChange *change, Err *err)
{
        AUTO(manifest_done) Manifest m = { 0 };
        Part **added = mem_new_array(Part *, change->n_add + 1);
        size_t opened = 0;
        plan_manifest(s, change, &m);
        bool ok = open_added(s, change, added, &opened, err);
        if (!ok)
                manifest_remove(&s->dir, change->add, change->n_add);
        ok = ok && manifest_commit(&s->dir, &m, change->add, change->n_add, err);
        if (ok) {
                take_effect(s, change, &m, added);
        } else {
                for (size_t i = 0; i < opened; i++)
                        snapshot_unref(part_snapshot(added[i]));
                err_wrap(err, "change the list of parts");
        }
        mem_free(added);
        return ok;
}

/* ---- reading */

void partset_read(PartSet *s, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged)
{
        PartList *list = partset_list(s);
        for (size_t i = 0; i < list->n; i++) {
                PartInfo info = part_info(list->parts[i]);
                if (info.min_ms <= max_ms && info.max_ms >= min_ms)
                        part_read(list->parts[i], sid, min_ms, max_ms, out, damaged);
        }
        snapshot_unref(&list->snap);
}

struct PartSetCursor {
        PartList *list;
        PartCursor *cursors[]; /* of each part; made when first read */
};

PartSetCursor *partset_cursor_new(PartSet *s)
{
        PartList *list = partset_list(s);
        PartSetCursor *c = mem_zalloc(sizeof *c + list->n * sizeof *c->cursors);
        c->list = list;
        return c;
}

void partset_cursor_free(PartSetCursor *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < c->list->n; i++)
                part_cursor_free(c->cursors[i]);
        snapshot_unref(&c->list->snap);
        mem_free(c);
}

void partset_cursor_read(PartSetCursor *c, uint64_t sid, const PartRead *what, Column *out, uint64_t *damaged)
{
        for (size_t i = 0; i < c->list->n; i++) {
                PartInfo info = part_info(c->list->parts[i]);
                if (info.min_ms > what->max_ms || info.max_ms < what->min_ms)
                        continue;
                if (!c->cursors[i])
                        c->cursors[i] = part_cursor_new(c->list->parts[i]);
                part_cursor_read(c->cursors[i], sid, what, out, damaged);
        }
}

size_t partset_cursor_bytes(const PartSetCursor *c)
{
        size_t bytes = sizeof *c + c->list->n * sizeof *c->cursors;
        for (size_t i = 0; i < c->list->n; i++)
                bytes += c->cursors[i] ? part_cursor_bytes(c->cursors[i]) : 0;
        return bytes;
}
