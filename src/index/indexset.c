/* Invariants
 * 1. What the manifest names is complete and synced; a segment that it does not name does not exist (its file is removed at the next start).
 * 2. The published list is what the manifest names, less what could not be read.
 * 3. Ids rise and are never used twice.
 * 4. When writing a manifest fails, either one may be on the disk: the files of both stay until a later manifest is safe.
 * 5. A damaged segment leaves the list only for one that has everything of it that can be read. */
#include "index/indexset.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/vec.h"

typedef VEC(uint32_t) IdList;

struct IndexSet {
        const Fs *fs;
        char *dir;
        SnapshotCell list;
        uint32_t next_id;
        IdList stray; /* segments of changes that failed: removed after the next one that succeeds */
};

/* ---- the published list */

static void list_free(Snapshot *snap)
{
        IndexList *list = (IndexList *)snap;
        for (size_t i = 0; i < list->n; i++)
                snapshot_unref(indexseg_snapshot(list->segs[i]));
        mem_free(list);
}

static IndexList *list_new(size_t n)
{
        IndexList *list = mem_zalloc(sizeof *list + n * sizeof *list->segs);
        snapshot_init(&list->snap, list_free);
        return list;
}

static int compare_segs(const void *a, const void *b)
{
        IndexSegInfo x = indexseg_info(*(IndexSeg *const *)a), y = indexseg_info(*(IndexSeg *const *)b);
        if (x.max_ms != y.max_ms)
                return x.max_ms > y.max_ms ? -1 : 1;
        return (x.id < y.id) - (x.id > y.id);
}

IndexList *indexset_list(IndexSet *s) { return (IndexList *)snapshot_get(&s->list); }

bool indexset_is_current(IndexSet *s, const IndexList *list)
{
        MUTEX_SCOPE(&s->list.mu);
        return s->list.current == &list->snap;
}

static bool is_among(IndexSeg *const *segs, size_t n, const IndexSeg *x)
{
        for (size_t i = 0; i < n; i++)
                if (segs[i] == x)
                        return true;
        return false;
}

/* Takes the references to added segments. */
static void publish(IndexSet *s, IndexSeg *const *add, size_t n_add, IndexSeg *const *drop, size_t n_drop)
{
        IndexList *old = indexset_list(s);
        IndexList *list = list_new(old->n + n_add);
        for (size_t i = 0; i < old->n; i++)
                if (!is_among(drop, n_drop, old->segs[i])) {
                        snapshot_ref(indexseg_snapshot(old->segs[i]));
                        list->segs[list->n++] = old->segs[i];
                }
        for (size_t i = 0; i < n_add; i++)
                list->segs[list->n++] = add[i];
        if (list->n)
                qsort(list->segs, list->n, sizeof(IndexSeg *), compare_segs);
        snapshot_unref(&old->snap);
        snapshot_publish(&s->list, &list->snap);
}

/* ---- the manifest */

static void print_manifest(uint32_t next_id, const IdList *ids, Buf *out)
{
        buf_printf(out, "pharos-index %d\nnext %u\n", INDEXSET_VERSION, next_id);
        for (size_t i = 0; i < ids->len; i++)
                buf_printf(out, "segment %u\n", ids->data[i]);
        buf_printf(out, "crc %08x\n", hash_crc32c(0, out->p, out->n));
}

static bool parse_line(Str line, uint32_t *next_id, IdList *ids)
{
        Str word, number;
        uint64_t v;
        if (!str_cut(line, ' ', &word, &number) || !num_parse_u64(number, &v) || v > UINT32_MAX)
                return false;
        if (str_eq(word, STR("next")))
                *next_id = (uint32_t)v;
        else if (str_eq(word, STR("segment")))
                vec_push(ids, (uint32_t)v);
        else
                return false;
        return true;
}

typedef enum Parsed { PARSED, PARSED_NEWER, PARSED_DAMAGED } Parsed;

static Parsed parse_manifest(Str text, uint32_t *next_id, IdList *ids)
{
        Str rest = text, line, word, number;
        uint64_t version;
        str_split_next(&rest, '\n', &line);
        if (!str_cut(line, ' ', &word, &number) || !str_eq(word, STR("pharos-index")) ||
            !num_parse_u64(number, &version))
                return PARSED_DAMAGED;
        if (version > INDEXSET_VERSION && version < 256)
                return PARSED_NEWER;
        while (str_split_next(&rest, '\n', &line)) {
                if (str_starts(line, STR("crc "))) {
                        char want[32];
                        snprintf(want, sizeof want, "crc %08x", hash_crc32c(0, text.p, (size_t)(line.p - text.p)));
                        return str_eq(line, str_of(want)) && rest.n == 0 ? PARSED : PARSED_DAMAGED;
                }
                if (!parse_line(line, next_id, ids))
                        return PARSED_DAMAGED;
        }
        return PARSED_DAMAGED;
}

static bool write_manifest(IndexSet *s, const IdList *ids, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        buf_printf(&path, "%s/MANIFEST", s->dir);
        print_manifest(s->next_id, ids, &text);
        return file_write_atomic(s->fs, buf_cstr(&path), buf_str(&text), err);
}

/* ---- changing */

uint32_t indexset_new_id(IndexSet *s) { return s->next_id++; }

void indexset_path(const IndexSet *s, uint32_t id, Buf *out)
{
        buf_clear(out);
        buf_printf(out, "%s/%08u.index", s->dir, id);
        buf_cstr(out);
}

static void remove_file(IndexSet *s, uint32_t id)
{
        AUTO(buf_done) Buf path = { 0 };
        Err ignored; /* the manifest does not name it: the next start removes it */
        indexset_path(s, id, &path);
        IGNORE(s->fs->remove(s->fs, path.p, &ignored));
}

/* What cannot be read stays for an operator to look at. */
static void set_aside(IndexSet *s, const char *path)
{
        AUTO(buf_done) Buf to = { 0 };
        Err ignored;
        buf_printf(&to, "%s.bad", path);
        IGNORE(s->fs->rename(s->fs, path, buf_cstr(&to), &ignored));
}

static bool open_added(IndexSet *s, const IndexChange *change, IndexSeg **added, size_t *opened, Err *err)
{
        for (size_t i = 0; i < change->n_add; i++) {
                AUTO(buf_done) Buf path = { 0 };
                indexset_path(s, change->add[i], &path);
                if (!indexseg_open(s->fs, path.p, change->add[i], &added[i], err))
                        return false;
                (*opened)++;
        }
        return true;
}

static void take_effect(IndexSet *s, const IndexChange *change, IndexSeg **added)
{
        for (size_t i = 0; i < change->n_drop; i++) {
                if (change->set_aside)
                        set_aside(s, indexseg_path(change->drop[i]));
                else
                        remove_file(s, indexseg_info(change->drop[i]).id);
        }
        publish(s, added, change->n_add, change->drop, change->n_drop);
        vec_each(id, &s->stray)
                remove_file(s, *id);
        vec_clear(&s->stray);
}

static void plan_ids(IndexSet *s, const IndexChange *change, IdList *ids)
{
        IndexList *list = indexset_list(s);
        for (size_t i = 0; i < list->n; i++)
                if (!is_among(change->drop, change->n_drop, list->segs[i]))
                        vec_push(ids, indexseg_info(list->segs[i]).id);
        snapshot_unref(&list->snap);
        for (size_t i = 0; i < change->n_add; i++)
                vec_push(ids, change->add[i]);
}

bool indexset_change(IndexSet *s, const IndexChange *change, Err *err)
{
        IdList ids = { 0 };
        IndexSeg **added = mem_new_array(IndexSeg *, change->n_add + 1);
        size_t opened = 0;
        plan_ids(s, change, &ids);
        /* The segments' own names are safe before a manifest speaks of them. */
        bool ready = open_added(s, change, added, &opened, err) && s->fs->sync_dir(s->fs, s->dir, err);
        bool ok = ready && write_manifest(s, &ids, err);
        if (ok) {
                take_effect(s, change, added);
        } else {
                for (size_t i = 0; i < opened; i++)
                        snapshot_unref(indexseg_snapshot(added[i]));
                for (size_t i = 0; i < change->n_add; i++) {
                        if (ready)
                                vec_push(&s->stray, change->add[i]);
                        else
                                remove_file(s, change->add[i]);
                }
                err_wrap(err, "change the list of index segments");
        }
        mem_free((void *)added);
        vec_done(&ids);
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
static bool write_kept(IndexSet *s, const Mender *m, IdList *ids, Err *err)
{
        size_t i = 0;
        while (i < m->series.len) {
                AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
                AUTO(buf_done) Buf path = { 0 };
                for (; i < m->series.len && !indexbuild_is_full(b); i++)
                        if (i == 0 || m->series.data[i].entry.sid != m->series.data[i - 1].entry.sid)
                                indexbuild_add(b, &m->series.data[i].entry, m->series.data[i].labels);
                if (indexbuild_series(b) == 0)
                        break;
                uint32_t id = indexset_new_id(s);
                indexset_path(s, id, &path);
                if (!indexbuild_write(b, s->fs, path.p, id, err))
                        return false;
                vec_push(ids, id);
        }
        return true;
}

/* What can be read of one file becomes new segments; *ids: theirs. */
static bool rescue(IndexSet *s, const char *path, IndexSeg *x, IdList *ids, IndexDamage *damage, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf file = { 0 };
        Mender m = { .arena = arena };
        if (!file_read_all(s->fs, path, INDEXSET_MAX_FILE_BYTES, &file, err))
                return false;
        collect_kept(&m, buf_str(&file), x, damage);
        bool ok = write_kept(s, &m, ids, err);
        vec_done(&m.series);
        damage->segments += ok;
        return ok;
}

/* One change for all, so that the manifest names at every moment what is not rescued yet. */
static bool mend(IndexSet *s, IndexSeg *const *segs, size_t n_segs, const IdList *broken, IndexDamage *damage, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        IdList ids = { 0 };
        bool ok = true;
        for (size_t i = 0; i < n_segs && ok; i++)
                ok = rescue(s, indexseg_path(segs[i]), segs[i], &ids, damage, err);
        for (size_t i = 0; i < broken->len && ok; i++) {
                indexset_path(s, broken->data[i], &path);
                ok = rescue(s, path.p, NULL, &ids, damage, err);
        }
        if (!ok)
                vec_each(id, &ids)
                        remove_file(s, *id);
        IndexChange change = { .add = ids.data, .n_add = ids.len, .drop = segs, .n_drop = n_segs, .set_aside = true };
        ok = ok && indexset_change(s, &change, err);
        for (size_t i = 0; i < broken->len && ok; i++) {
                indexset_path(s, broken->data[i], &path);
                set_aside(s, path.p);
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
        bool ok = n == 0 || mend(s, segs, n, &(IdList){ 0 }, damage, err);
        mem_free((void *)segs);
        snapshot_unref(&list->snap);
        return ok;
}

/* ---- opening */

static bool id_of_name(Str name, uint32_t *ret)
{
        uint64_t id;
        if (!str_ends(name, STR(".index")) || !num_parse_u64(str_sub(name, 0, name.n - 6), &id) || id == 0 ||
            id >= UINT32_MAX)
                return false;
        *ret = (uint32_t)id;
        return true;
}

static bool has_id(const IdList *list, uint32_t id)
{
        for (size_t i = 0; i < list->len; i++)
                if (list->data[i] == id)
                        return true;
        return false;
}

/* Removes files that no manifest names; without a manifest, takes them. */
static bool visit_files(IndexSet *s, IdList *ids, bool known, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!s->fs->list(s->fs, s->dir, arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                uint32_t id = 0;
                bool seg = id_of_name(names[i], &id), temp = str_ends(names[i], STR(".tmp"));
                if (seg)
                        s->next_id = MAX_OF(s->next_id, id + 1);
                if (seg && !known)
                        vec_push(ids, id);
                if (!temp && (!seg || has_id(ids, id)))
                        continue;
                Err ignored; /* what stays is tried again at the next start */
                IGNORE(s->fs->remove(s->fs, str_printf(arena, "%s/" STR_FMT, s->dir, STR_ARG(names[i])).p, &ignored));
        }
        return true;
}

/* The segments first, then, with all of them in the list, what must be made anew. */
static bool open_all(IndexSet *s, const IdList *ids, IndexDamage *damage, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        IdList broken = { 0 };
        bool ok = true;
        for (size_t i = 0; i < ids->len && ok; i++) {
                IndexSeg *x;
                Err why;
                indexset_path(s, ids->data[i], &path);
                if (indexseg_open(s->fs, path.p, ids->data[i], &x, &why)) {
                        publish(s, &x, 1, NULL, 0);
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

static bool load(IndexSet *s, IdList *ids, IndexDamage *damage, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        buf_printf(&path, "%s/MANIFEST", s->dir);
        Err why;
        uint32_t next_id = 1;
        bool known = file_read_all(s->fs, buf_cstr(&path), INDEXSET_MAX_MANIFEST_BYTES, &text, &why);
        if (!known && why.code != ERR_NOT_FOUND) {
                *err = why;
                return false;
        }
        Parsed parsed = known ? parse_manifest(buf_str(&text), &next_id, ids) : PARSED_DAMAGED;
        if (parsed == PARSED_NEWER)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has a newer format, this program reads version %d: start the newer program, or move the data directory aside",
                        path.p, INDEXSET_VERSION);
        damage->manifest = known && parsed == PARSED_DAMAGED;
        if (parsed == PARSED_DAMAGED) {
                vec_clear(ids);
                next_id = 1;
        }
        s->next_id = MAX_OF(next_id, 1u);
        return visit_files(s, ids, parsed == PARSED, err) && open_all(s, ids, damage, err);
}

bool indexset_open(const Fs *fs, const char *dir, IndexSet **ret, IndexDamage *damage, Err *err)
{
        AUTO(indexset_close) IndexSet *s = mem_new(IndexSet);
        s->fs = fs;
        s->dir = mem_strndup(dir, strlen(dir));
        snapshot_cell_init(&s->list);
        snapshot_publish(&s->list, &list_new(0)->snap);
        IdList ids = { 0 };
        bool ok = load(s, &ids, damage, err);
        vec_done(&ids);
        if (!ok)
                return err_wrap(err, "open the index");
        *ret = TAKE(s);
        return true;
}

void indexset_close(IndexSet *s)
{
        if (!s)
                return;
        vec_done(&s->stray);
        snapshot_cell_done(&s->list);
        mem_free(s->dir);
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
