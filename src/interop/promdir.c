/* Invariants
 * 1. A series' samples come out strictly rising, each time once: where blocks or the head overlap, the block that starts first wins.
 * 2. Deleted samples do not come out: a block's deletions hide that block's samples, the head's the head's.
 * 3. A damaged chunk takes its own samples away, is counted, and hurts nothing else.
 *
 * Only labels and places are kept in memory; chunk lists are read from the mapped index when a series is read. */
#include "interop/promdir.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "interop/promchunk.h"
#include "os/mutex.h"

typedef struct Place {
        uint32_t block; /* n_blocks: the head */
        uint32_t next;  /* of the same series; 0: none, else index + 1 */
        uint64_t ref;   /* in the block's index, or the number in the head */
} Place;

typedef struct DirSeries {
        Labels labels;
        uint32_t first, last; /* places, index + 1 */
} DirSeries;

#define MAP_NAME DirMap
#define MAP_FN_PREFIX dir_map
#define MAP_KEY Labels
#define MAP_VAL size_t
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

struct PromDir {
        StoreEngine engine; /* first */
        Arena *arena;
        VEC(PromBlock) blocks;
        PromHead *head; /* NULL: a single block */
        VEC(DirSeries) series;
        VEC(Place) places;
        int64_t min_ms, max_ms;
        Mutex mu; /* guards the next two */
        uint64_t damaged;
        Err first_damage;
};

typedef struct DirQuerier {
        Querier face;
        PromDir *dir;
} DirQuerier;

/* ---- reading one series */

typedef struct Piece {
        int64_t min_ms, max_ms;
        Str data;
        unsigned encoding;
        size_t order;
        const PromRange *deletions; /* of a head's series, or NULL */
        const PromDeletion *block_deletions;
        size_t n_deletions;
} Piece;
typedef VEC(Piece) PieceList;

static void note_damage(PromDir *dir, const Err *why)
{
        MUTEX_SCOPE(&dir->mu);
        if (!dir->damaged++)
                dir->first_damage = *why;
}

static int by_start(const void *a, const void *b)
{
        const Piece *x = a, *y = b;
        if (x->min_ms != y->min_ms)
                return x->min_ms < y->min_ms ? -1 : 1;
        return (x->order > y->order) - (x->order < y->order);
}

static void add_block_pieces(PromDir *dir, const Place *place, int64_t min_ms, int64_t max_ms, Arena *arena,
                             PieceList *out)
{
        const PromBlock *b = &dir->blocks.data[place->block];
        Labels labels;
        PromChunkRef *chunks;
        size_t n, n_deletions;
        Err why;
        if (b->min_ms > max_ms || b->max_ms < min_ms)
                return;
        if (!promindex_series(&b->index, place->ref, arena, &labels, &chunks, &n, &why)) {
                note_damage(dir, &why);
                return;
        }
        const PromDeletion *deletions = promblock_deletions(b, place->ref, &n_deletions);
        for (size_t i = 0; i < n; i++) {
                Piece p = { .min_ms = chunks[i].min_ms,
                            .max_ms = chunks[i].max_ms,
                            .order = out->len,
                            .block_deletions = deletions,
                            .n_deletions = n_deletions };
                if (p.min_ms > max_ms || p.max_ms < min_ms)
                        continue;
                if (promblock_chunk(b, chunks[i].ref, &p.encoding, &p.data, &why))
                        vec_push(out, p);
                else
                        note_damage(dir, &why);
        }
}

static void add_head_pieces(PromDir *dir, const Place *place, int64_t min_ms, int64_t max_ms, PieceList *out)
{
        PromHeadSeries s = promhead_series(dir->head, place->ref);
        for (size_t i = 0; i < s.n_chunks; i++)
                if (s.chunks[i].min_ms <= max_ms && s.chunks[i].max_ms >= min_ms)
                        vec_push(out, (Piece){ .min_ms = s.chunks[i].min_ms,
                                               .max_ms = s.chunks[i].max_ms,
                                               .data = s.chunks[i].data,
                                               .encoding = s.chunks[i].encoding,
                                               .order = out->len,
                                               .deletions = s.deletions,
                                               .n_deletions = s.n_deletions });
}

static bool is_deleted(const Piece *p, int64_t t)
{
        for (size_t i = 0; i < p->n_deletions; i++) {
                int64_t from = p->deletions ? p->deletions[i].from_ms : p->block_deletions[i].from_ms;
                int64_t to = p->deletions ? p->deletions[i].to_ms : p->block_deletions[i].to_ms;
                if (from <= t && t <= to)
                        return true;
        }
        return false;
}

static void push(Column *out, const Column *from, size_t i)
{
        if (from->h && from->h[i])
                column_push_histogram(out, from->t[i], histogram_dup(column_arena(out), from->h[i]));
        else
                column_push(out, from->t[i], from->v[i]);
}

/* out, from `base` on, and piece are both rising; what is in out wins. */
static void merge(Column *out, size_t base, const Column *piece, Column *spare)
{
        column_clear(spare);
        for (size_t i = base; i < out->n; i++)
                push(spare, out, i);
        out->n = base;
        size_t a = 0, b = 0;
        while (a < spare->n || b < piece->n) {
                bool take_a = a < spare->n && (b == piece->n || spare->t[a] <= piece->t[b]);
                if (take_a && b < piece->n && spare->t[a] == piece->t[b])
                        b++;
                if (take_a)
                        push(out, spare, a++);
                else
                        push(out, piece, b++);
        }
}

/* A decoded piece must rise; deleted samples leave it. False: it does not rise. */
static bool tidy(const Piece *p, Column *c)
{
        size_t n = 0;
        for (size_t i = 0; i < c->n; i++) {
                if (i && c->t[i] <= c->t[i - 1])
                        return false;
        }
        if (p->n_deletions == 0)
                return true;
        for (size_t i = 0; i < c->n; i++) {
                if (is_deleted(p, c->t[i]))
                        continue;
                c->t[n] = c->t[i];
                c->v[n] = c->v[i];
                if (c->h)
                        c->h[n] = c->h[i];
                n++;
        }
        c->n = n;
        return true;
}

static bool dir_read(Querier *face, const StoreSelection *selection, size_t i, int64_t min_ms, int64_t max_ms,
                     Column *out, Err *err)
{
        (void)err;
        PromDir *dir = ((DirQuerier *)face)->dir;
        CHECK(i < selection->n);
        AUTO(arena_free) Arena *arena = arena_new();
        PieceList pieces = { .arena = arena };
        const DirSeries *s = &dir->series.data[selection->series[i].id];
        for (uint32_t at = s->first; at;) {
                const Place *place = &dir->places.data[at - 1];
                if (place->block == dir->blocks.len)
                        add_head_pieces(dir, place, min_ms, max_ms, &pieces);
                else
                        add_block_pieces(dir, place, min_ms, max_ms, arena, &pieces);
                at = place->next;
        }
        if (pieces.len > 1)
                qsort(pieces.data, pieces.len, sizeof *pieces.data, by_start);
        Column part = { 0 }, spare = { 0 };
        size_t base = out->n;
        vec_each(p, &pieces) {
                Err why;
                column_clear(&part);
                bool ok = promchunk_decode(p->encoding, p->data, min_ms, max_ms, &part, &why);
                if (ok && !tidy(p, &part))
                        ok = err_set(&why, ERR_CORRUPT, "a chunk's times do not rise");
                if (!ok) {
                        note_damage(dir, &why);
                        continue;
                }
                if (part.n && out->n > base && part.t[0] <= out->t[out->n - 1]) {
                        merge(out, base, &part, &spare);
                        continue;
                }
                column_reserve(out, part.n);
                for (size_t k = 0; k < part.n; k++)
                        push(out, &part, k);
        }
        column_done(&part);
        column_done(&spare);
        return true;
}

/* ---- selecting */

static int by_labels(const void *a, const void *b)
{
        return labels_cmp(((const StoreSeries *)a)->labels, ((const StoreSeries *)b)->labels);
}

static bool dir_select(Querier *face, const SelectArgs *args, Arena *arena, StoreSelection *ret, Err *err)
{
        PromDir *dir = ((DirQuerier *)face)->dir;
        VEC(StoreSeries) found = { .arena = arena };
        if (!cancel_check(args->cancel, err))
                return false;
        for (size_t i = 0; i < dir->series.len; i++)
                if (matchers_match(args->matchers, dir->series.data[i].labels))
                        vec_push(&found, (StoreSeries){ dir->series.data[i].labels, i });
        if (args->max_series && found.len > args->max_series)
                return err_set(err, ERR_LIMIT, "the selection has %zu series, the limit is %zu", found.len,
                               args->max_series);
        if (args->sorted && found.len)
                qsort(found.data, found.len, sizeof *found.data, by_labels);
        *ret = (StoreSelection){ .series = found.data, .n = found.len };
        return true;
}

static void dir_close(Querier *q) { mem_free(q); }

static bool dir_querier(StoreEngine *engine, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        (void)min_ms;
        (void)max_ms;
        (void)err;
        DirQuerier *q = mem_new(DirQuerier);
        q->face = (Querier){ .select = dir_select,
                             .read = dir_read,
                             .label_names = store_names_by_select,
                             .label_values = store_values_by_select,
                             .close = dir_close };
        q->dir = (PromDir *)engine;
        *ret = &q->face;
        return true;
}

/* ---- nothing is written */

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of an appender */
static AppendResult refuse(Appender *a, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        (void)a, (void)ref, (void)labels, (void)t_ms, (void)v;
        return APPEND_OUT_OF_BOUNDS;
}
static AppendResult refuse_sample(Appender *a, SeriesRef *ref, Labels labels, const StoreSample *sample)
{
        return refuse(a, ref, labels, sample->t_ms, sample->v);
}
static bool refuse_commit(Appender *a, Err *err)
{
        mem_free(a);
        return err_set(err, ERR_UNSUPPORTED, "a Prometheus data directory is read only");
}
static void refuse_rollback(Appender *a) { mem_free(a); }
static Appender *dir_appender(StoreEngine *engine)
{
        (void)engine;
        Appender *a = mem_new(Appender);
        *a = (Appender){
                .append = refuse, .append_sample = refuse_sample, .commit = refuse_commit, .rollback = refuse_rollback
        };
        return a;
}

/* ---- opening */

static void add_place(PromDir *dir, DirMap *map, Labels labels, uint32_t block, uint64_t ref)
{
        bool fresh;
        size_t *i = dir_map_put(map, labels, &fresh);
        if (fresh) {
                *i = dir->series.len;
                vec_push(&dir->series, (DirSeries){ .labels = labels });
        }
        DirSeries *s = &dir->series.data[*i];
        vec_push(&dir->places, (Place){ .block = block, .ref = ref });
        uint32_t at = (uint32_t)dir->places.len;
        if (s->last)
                dir->places.data[s->last - 1].next = at;
        else
                s->first = at;
        s->last = at;
}

static bool add_block(PromDir *dir, DirMap *map, uint32_t block, Err *err)
{
        const PromBlock *b = &dir->blocks.data[block];
        for (size_t i = 0; i < promindex_n_series(&b->index); i++) {
                Labels labels;
                PromChunkRef *chunks;
                size_t n;
                uint64_t ref = promindex_ref(&b->index, i);
                if (!promindex_series(&b->index, ref, dir->arena, &labels, &chunks, &n, err))
                        return err_wrap(err, "'" STR_FMT "/index'", STR_ARG(b->dir));
                if (n) {
                        dir->min_ms = MIN_OF(dir->min_ms, chunks[0].min_ms);
                        dir->max_ms = MAX_OF(dir->max_ms, chunks[n - 1].max_ms);
                }
                add_place(dir, map, labels, block, ref);
        }
        return true;
}

static void add_head(PromDir *dir, DirMap *map)
{
        for (size_t i = 0; i < promhead_n_series(dir->head); i++) {
                PromHeadSeries s = promhead_series(dir->head, i);
                for (size_t k = 0; k < s.n_chunks; k++) {
                        dir->min_ms = MIN_OF(dir->min_ms, s.chunks[k].min_ms);
                        dir->max_ms = MAX_OF(dir->max_ms, s.chunks[k].max_ms);
                }
                if (s.n_chunks)
                        add_place(dir, map, s.labels, (uint32_t)dir->blocks.len, i);
        }
}

static int by_min_time(const void *a, const void *b)
{
        const PromBlock *x = a, *y = b;
        if (x->min_ms != y->min_ms)
                return x->min_ms < y->min_ms ? -1 : 1;
        return str_cmp(x->ulid, y->ulid);
}

static bool has(const Fs *fs, const char *dir, const char *name)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        Err err;
        bool found = false;
        if (!fs->list(fs, dir, arena, &names, &n, &err))
                return false;
        for (size_t i = 0; i < n; i++)
                found |= name ? str_eq(names[i], str_of(name)) : promblock_is_ulid(names[i]);
        return found;
}

static bool is_block(const Fs *fs, const char *dir) { return has(fs, dir, "meta.json") && has(fs, dir, "index"); }

bool promdir_is(const Fs *fs, const char *dir)
{
        return is_block(fs, dir) || has(fs, dir, NULL) || has(fs, dir, "chunks_head");
}

static bool open_block(PromDir *dir, const Fs *fs, const char *path, Err *err)
{
        PromBlock b;
        if (!promblock_open(fs, path, dir->arena, &b, err))
                return false;
        vec_push(&dir->blocks, b);
        return true;
}

static bool open_blocks(PromDir *dir, const Fs *fs, const char *path, Err *err)
{
        Str *names;
        size_t n;
        if (!fs->list(fs, path, dir->arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                if (!promblock_is_ulid(names[i])) /* also leaves out what compaction was writing */
                        continue;
                Str sub = str_printf(dir->arena, "%s/" STR_FMT, path, STR_ARG(names[i]));
                if (!open_block(dir, fs, sub.p, err))
                        return false;
        }
        if (dir->blocks.len)
                qsort(dir->blocks.data, dir->blocks.len, sizeof *dir->blocks.data, by_min_time);
        return true;
}

static bool open_folder(PromDir *dir, const Fs *fs, const char *path, Err *err)
{
        int64_t min_valid_ms = INT64_MIN;
        if (!open_blocks(dir, fs, path, err))
                return false;
        vec_each(b, &dir->blocks)
                if (!b->stats.out_of_order)
                        min_valid_ms = MAX_OF(min_valid_ms, b->max_ms);
        if (!promhead_open(fs, path, min_valid_ms, &dir->head, err))
                return false;
        if (dir->blocks.len || promhead_n_series(dir->head) || promdir_is(fs, path))
                return true;
        return err_set(err, ERR_NOT_FOUND,
                       "'%s' is no Prometheus data directory: it has neither blocks nor a write-ahead log", path);
}

static bool open_all(PromDir *dir, const Fs *fs, const char *path, Err *err)
{
        DirMap map = { .arena = dir->arena };
        if (!(is_block(fs, path) ? open_block(dir, fs, path, err) : open_folder(dir, fs, path, err)))
                return false;
        for (uint32_t i = 0; i < dir->blocks.len; i++)
                if (!add_block(dir, &map, i, err))
                        return false;
        if (dir->head)
                add_head(dir, &map);
        return true;
}

bool promdir_open(const Fs *fs, const char *path, PromDir **ret, Err *err)
{
        AUTO(promdir_free) PromDir *dir = mem_new(PromDir);
        dir->engine = (StoreEngine){ .appender = dir_appender, .querier = dir_querier };
        dir->arena = arena_new();
        dir->min_ms = INT64_MAX;
        dir->max_ms = INT64_MIN;
        mutex_init(&dir->mu);
        if (!open_all(dir, fs, path, err))
                return false;
        *ret = TAKE(dir);
        return true;
}

void promdir_free(PromDir *dir)
{
        if (!dir)
                return;
        promhead_free(dir->head);
        vec_done(&dir->blocks);
        vec_done(&dir->series);
        vec_done(&dir->places);
        mutex_done(&dir->mu);
        arena_free(dir->arena);
        mem_free(dir);
}

StoreEngine *promdir_engine(PromDir *dir) { return &dir->engine; }

void promdir_stats(PromDir *dir, PromDirStats *ret)
{
        *ret = (PromDirStats){
                .series = dir->series.len, .blocks = dir->blocks.len, .min_ms = dir->min_ms, .max_ms = dir->max_ms
        };
        if (dir->head)
                ret->head = *promhead_stats(dir->head);
        MUTEX_SCOPE(&dir->mu);
        ret->damaged_chunks = dir->damaged;
        ret->first_damage = dir->first_damage;
}

const PromBlock *promdir_block(const PromDir *dir, size_t i)
{
        CHECK(i < dir->blocks.len);
        return &dir->blocks.data[i];
}
