/* Invariants
 * 1. What the manifest names is complete and synced; a part that it does not name does not exist (its file is removed at the next start).
 * 2. The published list is what the manifest names, less what could not be read.
 * 3. Ids rise and are never used twice.
 * 4. When writing a manifest fails, either one may be on the disk: the files of both stay until a later manifest is safe. */
#include "part/partset.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

typedef VEC(uint32_t) IdList;

struct PartSet {
        const Fs *fs;
        char *dir;
        SnapshotCell list;
        uint32_t next_id;        /* atomic */
        uint32_t replaced_floor; /* highest number ever replaced */
        IdList replaced;
        IdList stray; /* parts of changes that failed: removed after the next one that succeeds */
};

/* ---- the published list */

static void list_free(Snapshot *snap)
{
        PartList *list = (PartList *)snap;
        for (size_t i = 0; i < list->n; i++)
                snapshot_unref(part_snapshot(list->parts[i]));
        mem_free(list);
}

static PartList *list_new(size_t n)
{
        PartList *list = mem_zalloc(sizeof *list + n * sizeof *list->parts);
        snapshot_init(&list->snap, list_free);
        return list;
}

static int compare_parts(const void *a, const void *b)
{
        PartInfo x = part_info(*(Part *const *)a), y = part_info(*(Part *const *)b);
        if (x.min_ms != y.min_ms)
                return x.min_ms < y.min_ms ? -1 : 1;
        return (x.id > y.id) - (x.id < y.id);
}

PartList *partset_list(PartSet *s) { return (PartList *)snapshot_get(&s->list); }

static bool is_among(Part *const *parts, size_t n, const Part *p)
{
        for (size_t i = 0; i < n; i++)
                if (parts[i] == p)
                        return true;
        return false;
}

/* Takes the references to added parts. */
static void publish(PartSet *s, Part *const *add, size_t n_add, Part *const *drop, size_t n_drop)
{
        PartList *old = partset_list(s);
        PartList *list = list_new(old->n + n_add);
        for (size_t i = 0; i < old->n; i++)
                if (!is_among(drop, n_drop, old->parts[i])) {
                        snapshot_ref(part_snapshot(old->parts[i]));
                        list->parts[list->n++] = old->parts[i];
                }
        for (size_t i = 0; i < n_add; i++)
                list->parts[list->n++] = add[i];
        if (list->n)
                qsort(list->parts, list->n, sizeof(Part *), compare_parts);
        snapshot_unref(&old->snap);
        snapshot_publish(&s->list, &list->snap);
}

/* ---- the manifest */

typedef struct Manifest {
        uint32_t next_id, replaced_floor;
        IdList parts, replaced;
} Manifest;

static void manifest_done(Manifest *m)
{
        vec_done(&m->parts);
        vec_done(&m->replaced);
}

static void manifest_path(const PartSet *s, Buf *out)
{
        buf_printf(out, "%s/MANIFEST", s->dir);
        buf_cstr(out);
}

static void print_manifest(const Manifest *m, Buf *out)
{
        buf_printf(out, "pharos-parts %d\nnext %u\nreplaced-floor %u\n", PARTSET_VERSION, m->next_id,
                   m->replaced_floor);
        for (size_t i = 0; i < m->replaced.len; i++)
                buf_printf(out, "replaced %u\n", m->replaced.data[i]);
        for (size_t i = 0; i < m->parts.len; i++)
                buf_printf(out, "part %u\n", m->parts.data[i]);
        buf_printf(out, "crc %08x\n", hash_crc32c(0, out->p, out->n));
}

static bool parse_line(Manifest *m, Str line)
{
        Str word, number;
        uint64_t v;
        if (!str_cut(line, ' ', &word, &number) || !num_parse_u64(number, &v) || v > UINT32_MAX)
                return false;
        if (str_eq(word, STR("next")))
                m->next_id = (uint32_t)v;
        else if (str_eq(word, STR("replaced-floor")))
                m->replaced_floor = (uint32_t)v;
        else if (str_eq(word, STR("replaced")))
                vec_push(&m->replaced, (uint32_t)v);
        else if (str_eq(word, STR("part")))
                vec_push(&m->parts, (uint32_t)v);
        else
                return false;
        return true;
}

typedef enum Parsed { PARSED, PARSED_NEWER, PARSED_DAMAGED } Parsed;

static Parsed parse_manifest(Str text, Manifest *m)
{
        Str rest = text, line, word, number;
        uint64_t version;
        str_split_next(&rest, '\n', &line);
        if (!str_cut(line, ' ', &word, &number) || !str_eq(word, STR("pharos-parts")) ||
            !num_parse_u64(number, &version))
                return PARSED_DAMAGED;
        if (version > PARTSET_VERSION && version < 256)
                return PARSED_NEWER;
        while (str_split_next(&rest, '\n', &line)) {
                if (str_starts(line, STR("crc "))) {
                        char want[32];
                        snprintf(want, sizeof want, "crc %08x", hash_crc32c(0, text.p, (size_t)(line.p - text.p)));
                        return str_eq(line, str_of(want)) && rest.n == 0 ? PARSED : PARSED_DAMAGED;
                }
                if (!parse_line(m, line))
                        return PARSED_DAMAGED;
        }
        return PARSED_DAMAGED;
}

static bool write_manifest(PartSet *s, const Manifest *m, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        manifest_path(s, &path);
        print_manifest(m, &text);
        return file_write_atomic(s->fs, path.p, buf_str(&text), err);
}

/* ---- opening */

void partset_path(const PartSet *s, uint32_t id, Buf *out)
{
        buf_clear(out);
        buf_printf(out, "%s/%08u.part", s->dir, id);
        buf_cstr(out);
}

/* A part that cannot be read at all is set aside, so that an operator can look at it and nothing removes it. */
static bool set_aside(PartSet *s, const char *path, Err *err)
{
        AUTO(buf_done) Buf to = { 0 };
        buf_printf(&to, "%s.bad", path);
        return s->fs->rename(s->fs, path, buf_cstr(&to), err);
}

static bool open_one(PartSet *s, uint32_t id, PartSetDamage *damage, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        partset_path(s, id, &path);
        Part *p;
        PartDamage found = { 0 };
        Err why, second;
        if (part_open(s->fs, path.p, id, &p, &found, &why)) {
                damage->records += found.records + found.index;
                publish(s, &p, 1, NULL, 0);
                return true;
        }
        if (why.code != ERR_CORRUPT && why.code != ERR_NOT_FOUND) {
                *err = why;
                return false;
        }
        damage->parts++;
        if (why.code == ERR_CORRUPT)
                IGNORE(set_aside(s, path.p, &second));
        return true;
}

static bool id_of_name(Str name, uint32_t *ret)
{
        uint64_t id;
        if (!str_ends(name, STR(".part")) || !num_parse_u64(str_sub(name, 0, name.n - 5), &id) || id == 0 ||
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
static bool visit_files(PartSet *s, Manifest *m, bool known, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!s->fs->list(s->fs, s->dir, arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                uint32_t id = 0;
                bool part = id_of_name(names[i], &id), temp = str_ends(names[i], STR(".tmp"));
                if (part)
                        m->next_id = MAX_OF(m->next_id, id + 1);
                if (part && !known)
                        vec_push(&m->parts, id);
                if (!temp && (!part || has_id(&m->parts, id)))
                        continue;
                Err ignored; /* what stays is tried again at the next start */
                IGNORE(s->fs->remove(s->fs, str_printf(arena, "%s/" STR_FMT, s->dir, STR_ARG(names[i])).p, &ignored));
        }
        return true;
}

static bool load(PartSet *s, PartSetDamage *damage, Manifest *m, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        manifest_path(s, &path);
        Err why;
        bool known = file_read_all(s->fs, path.p, PARTSET_MAX_MANIFEST_BYTES, &text, &why);
        if (!known && why.code != ERR_NOT_FOUND) {
                *err = why;
                return false;
        }
        Parsed parsed = known ? parse_manifest(buf_str(&text), m) : PARSED_DAMAGED;
        if (parsed == PARSED_NEWER)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has a newer format, this program reads version %d: start the newer program, or move the data directory aside",
                        path.p, PARTSET_VERSION);
        damage->manifest = known && parsed == PARSED_DAMAGED;
        if (parsed == PARSED_DAMAGED) {
                manifest_done(m);
                *m = (Manifest){ 0 };
        }
        if (!visit_files(s, m, parsed == PARSED, err))
                return false;
        vec_each(id, &m->parts)
                if (!open_one(s, *id, damage, err))
                        return false;
        s->next_id = MAX_OF(m->next_id, 1u);
        s->replaced_floor = m->replaced_floor;
        s->replaced = m->replaced;
        m->replaced = (IdList){ 0 };
        return true;
}

bool partset_open(const Fs *fs, const char *dir, PartSet **ret, PartSetDamage *damage, Err *err)
{
        AUTO(partset_close) PartSet *s = mem_new(PartSet);
        s->fs = fs;
        s->dir = mem_strndup(dir, strlen(dir));
        snapshot_cell_init(&s->list);
        snapshot_publish(&s->list, &list_new(0)->snap);
        Manifest m = { 0 };
        bool ok = load(s, damage, &m, err);
        manifest_done(&m);
        if (!ok)
                return false;
        *ret = TAKE(s);
        return true;
}

void partset_close(PartSet *s)
{
        if (!s)
                return;
        vec_done(&s->replaced);
        vec_done(&s->stray);
        snapshot_cell_done(&s->list);
        mem_free(s->dir);
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
                if (!is_among(change->drop, change->n_drop, list->parts[i]))
                        vec_push(&m->parts, part_info(list->parts[i]).id);
        snapshot_unref(&list->snap);
        for (size_t i = 0; i < change->n_add; i++)
                vec_push(&m->parts, change->add[i]);
        vec_each(id, &s->replaced)
                vec_push(&m->replaced, *id);
        m->replaced_floor = s->replaced_floor;
        for (size_t i = 0; i < change->n_replaced; i++) {
                vec_push(&m->replaced, change->replaced[i]);
                m->replaced_floor = MAX_OF(m->replaced_floor, change->replaced[i]);
        }
        m->next_id = __atomic_load_n(&s->next_id, __ATOMIC_RELAXED);
}

static void remove_file(PartSet *s, uint32_t id)
{
        AUTO(buf_done) Buf path = { 0 };
        Err ignored; /* the manifest does not name it: the next start removes it */
        partset_path(s, id, &path);
        IGNORE(s->fs->remove(s->fs, path.p, &ignored));
}

static bool open_added(PartSet *s, const PartChange *change, Part **added, size_t *opened, Err *err)
{
        for (size_t i = 0; i < change->n_add; i++) {
                AUTO(buf_done) Buf path = { 0 };
                PartDamage damage = { 0 };
                partset_path(s, change->add[i], &path);
                if (!part_open(s->fs, path.p, change->add[i], &added[i], &damage, err))
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
        m->replaced = (IdList){ 0 };
        s->replaced_floor = m->replaced_floor;
        publish(s, added, change->n_add, change->drop, change->n_drop);
        for (size_t i = 0; i < change->n_drop; i++) {
                Err ignored;
                if (change->set_aside)
                        IGNORE(set_aside(s, part_path(change->drop[i]), &ignored));
                else
                        remove_file(s, part_info(change->drop[i]).id);
        }
        vec_each(id, &s->stray)
                remove_file(s, *id);
        vec_clear(&s->stray);
}

bool partset_change(PartSet *s, const PartChange *change, Err *err)
{
        Manifest m = { 0 };
        Part **added = mem_new_array(Part *, change->n_add + 1);
        size_t opened = 0;
        plan_manifest(s, change, &m);
        /* The parts' own names are safe before a manifest speaks of them. */
        bool ready = open_added(s, change, added, &opened, err) && s->fs->sync_dir(s->fs, s->dir, err);
        bool ok = ready && write_manifest(s, &m, err);
        if (ok) {
                take_effect(s, change, &m, added);
        } else {
                for (size_t i = 0; i < opened; i++)
                        snapshot_unref(part_snapshot(added[i]));
                for (size_t i = 0; i < change->n_add; i++) {
                        if (ready)
                                vec_push(&s->stray, change->add[i]);
                        else
                                remove_file(s, change->add[i]);
                }
                err_wrap(err, "change the list of parts");
        }
        mem_free(added);
        manifest_done(&m);
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
