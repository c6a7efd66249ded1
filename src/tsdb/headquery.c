/* Invariants
 * 1. A read copies the open chunk first and takes the list of files after: a chunk that closes between is found in both, never in
 *    neither; what the copy holds is not taken from the files.
 * 2. Labels of a selection stay readable until its arena goes (symtab_pin), whatever is removed meanwhile.
 * 3. out rises strictly, also when files overlap (a clock that jumped, a directory restored from parts). */
#include "tsdb/headquery.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/metric.h"
#include "tsdb/coldselect.h"
#include "tsdb/exemplars.h"
#include "tsdb/headlate.h"
#include "tsdb/histchunk.h"
#include "tsdb/keep.h"
#include "tsdb/rollup.h"

METRIC_COUNTER(damaged_chunks, "pharos_tsdb_chunks_damaged_total",
               "Chunks skipped by reads because their checksum was wrong.");
METRIC_COUNTER(decoded, "pharos_tsdb_samples_read_total", "Samples decoded for queries.");

enum {
        CANCEL_STEP = 4096,
        PREFETCH_RECORDS = 16, /* series ahead: their records, and half as far the labels that those name */
        PREFETCH_LABELS = 8,
        PREFETCH_PAIRS = 7,    /* in the second line of a series' labels */
        LABELS_AT_ONCE = 4096, /* room that is taken for them */
};
/* Of StoreSeries.id: the series was not in memory, the rest is its id in files. References have it clear (catalog.h). */
#define COLD_ID (UINT64_C(1) << 63)

typedef struct HeadQuerier {
        Querier face;
        Tsdb *db;
        int64_t now_ms; /* when it was opened */
} HeadQuerier;

/* ---- select */

typedef struct Slots {
        uint32_t *data;
        size_t n;
} Slots;

static void free_bitmap(roaring_bitmap_t *set) { roaring_bitmap_free(set); }
DEFINE_AUTO(roaring_bitmap_t *, free_bitmap);

/* Series without any committed sample, or without one late enough, are not worth a read. */
static bool worth_reading(const Series *s, int64_t min_ms)
{
        int64_t last_ms = __atomic_load_n(&s->open.last_ms, __ATOMIC_RELAXED);
        return last_ms != INT64_MIN && last_ms >= min_ms;
}

/* Of the series in memory that match. */
static void take_out_hot(const Catalog *c, const uint32_t *slots, size_t n, Arena *arena, ColdView *view)
{
        uint64_t *sids = arena_raw_array(arena, uint64_t, n);
        for (size_t i = 0; i < n; i++)
                sids[i] = catalog_at(c, slots[i])->sid;
        coldselect_less_ids(view, sids, n);
}

/* Also takes out of the view (may be NULL) what is in memory. Caller holds the catalog lock. */
static bool select_slots(Catalog *c, const SelectArgs *args, Arena *arena, ColdView *view, Slots *ret, Err *err)
{
        AUTO(free_bitmap) roaring_bitmap_t *set = NULL;
        if (!postings_select(c->postings, args->matchers, args->cancel, &set, err))
                return false;
        size_t n = roaring_bitmap_get_cardinality(set);
        uint32_t *slots = arena_raw_array(arena, uint32_t, n);
        roaring_bitmap_to_uint32_array(set, slots);
        if (view && view->n && args->only)
                take_out_hot(c, slots, n, arena, view);
        else if (view && view->n)
                coldselect_less_hot(view, c);
        size_t kept = 0;
        for (size_t i = 0; i < n; i++) {
                __builtin_prefetch(catalog_at(c, slots[MIN_OF(i + PREFETCH_RECORDS, n - 1)]));
                if (worth_reading(catalog_at(c, slots[i]), args->min_ms))
                        slots[kept++] = slots[i];
        }
        *ret = (Slots){ slots, kept };
        return true;
}

/* A label that is looked at; symbols and what they stand for. Neighbours mostly have the same value. */
typedef struct ShownName {
        uint32_t name, value; /* value: of the last series that had one, or SYMTAB_NONE */
        Label pair;
} ShownName;

/* Which labels of a series to show. */
typedef struct ShownNames {
        bool all;
        size_t n;
        ShownName *names;
} ShownNames;

static ShownNames shown_names(Catalog *c, const SelectArgs *args, Arena *arena)
{
        ShownNames shown = { .all = !args->only };
        if (shown.all)
                return shown;
        shown.names = arena_raw_array(arena, ShownName, args->only->n);
        for (size_t i = 0; i < args->only->n; i++) {
                uint32_t sym = symtab_find(c->symbols, args->only->data[i]);
                if (sym != SYMTAB_NONE)
                        shown.names[shown.n++] = (ShownName){ sym,
                                                              SYMTAB_NONE,
                                                              { .name = symtab_str(c->symbols, sym) } };
        }
        return shown;
}

static Labels some_labels(const Catalog *c, const Series *s, const ShownNames *shown, Label *pairs)
{
        size_t n = 0;
        for (size_t i = 0; i < s->n_pairs && n < shown->n; i++)
                for (size_t k = 0; k < shown->n; k++) {
                        ShownName *x = &shown->names[k];
                        if (s->pairs[i].name != x->name)
                                continue;
                        if (s->pairs[i].value != x->value) {
                                x->value = s->pairs[i].value;
                                x->pair.value = symtab_str(c->symbols, x->value);
                        }
                        pairs[n++] = x->pair;
                        break;
                }
        return (Labels){ pairs, n };
}

static void prefetch_labels(const Catalog *c, const Slots *slots, size_t i)
{
        __builtin_prefetch(&catalog_at(c, slots->data[MIN_OF(i + PREFETCH_RECORDS, slots->n - 1)])->pairs);
        const Series *near = catalog_at(c, slots->data[MIN_OF(i + PREFETCH_LABELS, slots->n - 1)]);
        __builtin_prefetch(near->pairs);
        __builtin_prefetch(near->pairs + PREFETCH_PAIRS);
}

/* Room for labels that are made one series after the other. */
typedef struct LabelRoom {
        Arena *arena;
        Label *pairs;
        size_t n;
} LabelRoom;

/* series: how many more there are, of about as many labels. */
static Label *label_room(LabelRoom *room, size_t most, size_t series)
{
        if (most > room->n) {
                room->n = MAX_OF(most, MIN_OF(series * most, (size_t)LABELS_AT_ONCE));
                room->pairs = arena_raw_array(room->arena, Label, room->n);
        }
        return room->pairs;
}

static Labels shown_labels(const Catalog *c, const Series *s, ShownNames *shown, size_t series, LabelRoom *room)
{
        size_t most = shown->all ? s->n_pairs : MIN_OF(s->n_pairs, shown->n);
        Label *pairs = label_room(room, most, series);
        Labels labels = shown->all ? catalog_labels(c, s, pairs) : some_labels(c, s, shown, pairs);
        room->pairs += labels.n;
        room->n -= labels.n;
        return labels;
}

/* With room for `more` behind them. Without all of its labels a series that moves is found by its stored id. */
static bool fill_series(Catalog *c, const SelectArgs *args, const Slots *slots, size_t more, Arena *arena,
                        StoreSelection *ret, Err *err)
{
        ShownNames shown = shown_names(c, args, arena);
        LabelRoom room = { .arena = arena };
        StoreSeries *series = arena_raw_array(arena, StoreSeries, slots->n + more);
        uint64_t *sids = shown.all ? NULL : arena_array(arena, uint64_t, slots->n + more);
        for (size_t i = 0; i < slots->n; i++) {
                if (i % CANCEL_STEP == 0 && !cancel_check(args->cancel, err))
                        return false;
                prefetch_labels(c, slots, i);
                const Series *s = catalog_at(c, slots->data[i]);
                series[i] = (StoreSeries){ shown_labels(c, s, &shown, slots->n - i, &room),
                                           catalog_ref(s, slots->data[i]) };
                if (sids)
                        sids[i] = s->sid;
        }
        *ret = (StoreSelection){ .series = series, .n = slots->n, .engine_data = sids };
        return true;
}

static int compare_series(const void *a, const void *b)
{
        return labels_cmp(((const StoreSeries *)a)->labels, ((const StoreSeries *)b)->labels);
}

/* What is in memory; also takes out of the view what is there. False with a changed list of segments (*ret_current): look again. */
static bool select_hot(HeadQuerier *q, const SelectArgs *args, Arena *arena, ColdView *view, bool *ret_current,
                       StoreSelection *ret, Err *err)
{
        Catalog *c = q->db->catalog;
        Slots slots;
        pthread_rwlock_rdlock(&c->lock);
        *ret_current = indexset_is_current(q->db->index, view->list);
        bool ok = *ret_current && select_slots(c, args, arena, view, &slots, err);
        if (ok && args->max_series && slots.n > args->max_series)
                ok = err_set(err, ERR_LIMIT, "the selection has %zu series, the limit is %zu: add matchers", slots.n,
                             args->max_series);
        ok = ok && fill_series(c, args, &slots, view->n, arena, ret, err);
        if (ok)
                symtab_pin(c->symbols, arena);
        pthread_rwlock_unlock(&c->lock);
        return ok;
}

static bool add_cold(const SelectArgs *args, const ColdView *view, StoreSelection *sel, Err *err)
{
        if (args->max_series && sel->n + view->n > args->max_series)
                return err_set(err, ERR_LIMIT, "the selection has %zu series, the limit is %zu: add matchers",
                               sel->n + view->n, args->max_series);
        for (size_t i = 0; i < view->n; i++)
                sel->series[sel->n++] = (StoreSeries){ view->series[i].labels, COLD_ID | view->series[i].entry.sid };
        return true;
}

/* Labels that are asked for, and those that say what a series is. */
static StoreNames *with_meta(const StoreNames *only, Arena *arena)
{
        static const Str META[] = { STR_INIT("__name__"), STR_INIT("__type__"), STR_INIT("__unit__") };
        StoreNames *ret = arena_array(arena, StoreNames, 1);
        Str *names = arena_raw_array(arena, Str, only->n + ARRAY_LEN(META));
        ret->data = names;
        for (size_t i = 0; i < ARRAY_LEN(META); i++)
                names[ret->n++] = META[i];
        for (size_t i = 0; i < only->n; i++) {
                size_t k = 0;
                while (k < ret->n && !str_eq(names[k], only->data[i]))
                        k++;
                names[k] = only->data[i];
                ret->n = MAX_OF(ret->n, k + 1);
        }
        return ret;
}

static bool querier_select(Querier *face, const SelectArgs *args, Arena *arena, StoreSelection *ret, Err *err)
{
        HeadQuerier *q = (HeadQuerier *)face;
        StoreSelection sel = { 0 };
        SelectArgs shown = *args;
        /* Sorting looks at all labels, rules of retention do when series are read. */
        if (args->sorted || keep_has_rules(q->db->keep))
                shown.only = NULL;
        else if (args->only)
                shown.only = with_meta(args->only, arena);
        ColdView view;
        bool current = false;
        if (!cancel_check(args->cancel, err))
                return false;
        while (!current)
                if (!coldselect_find(q->db->index, args, arena, &view, err) ||
                    !coldselect_labels(&view, shown.only, args->cancel, arena, err) ||
                    (!select_hot(q, &shown, arena, &view, &current, &sel, err) && current))
                        return false;
        if (!add_cold(args, &view, &sel, err))
                return false;
        if (args->sorted && sel.n)
                qsort(sel.series, sel.n, sizeof *sel.series, compare_series);
        *ret = sel;
        return true;
}

/* ---- read */

/* What is in memory of a series, copied under its stripe. */
typedef struct OpenCopy {
        uint64_t sid;
        int64_t first_ms;
        size_t n;
        uint8_t code;
        Str stream;    /* XORCHUNK_PAD_BYTES readable behind it */
        XorSeek from;  /* n > 0: the stream begins there */
        Buf large;     /* of a stream that does not fit the next */
        Column late;   /* samples that came out of order */
        bool has_last; /* its newest sample is enough: `last`, and no stream */
        Sample last;
        char small[XORCHUNK_MAX_BYTES + XORCHUNK_PAD_BYTES];
} OpenCopy;

/* It is large, and made for each series: only what is looked at is set. */
static void clear_copy(OpenCopy *copy)
{
        copy->n = 0;
        copy->large = (Buf){ 0 };
        copy->late = (Column){ 0 };
        copy->has_last = false;
}

/* From where the range needs it on. */
static void copy_stream(const XorChunk *open, int64_t min_ms, OpenCopy *copy)
{
        copy->from = open->code == XORCHUNK_CODE_FLOATS ? xorchunk_seek(open, min_ms) : (XorSeek){ 0 };
        size_t skipped = copy->from.bits / 8, n = xorchunk_bytes(open) - skipped;
        char *to = n <= XORCHUNK_MAX_BYTES ? copy->small : buf_reserve(&copy->large, n + XORCHUNK_PAD_BYTES);
        memcpy(to, open->p + skipped, n);
        copy->stream = (Str){ to, n };
        copy->n = open->n;
        copy->code = open->code;
}

/* False when the series is gone. copy: cleared. */
static bool copy_open(Tsdb *db, SeriesRef ref, const StoreRead *what, OpenCopy *copy)
{
        Series *s = catalog_of_ref(db->catalog, ref);
        uint32_t slot = catalog_slot_of_ref(ref);
        if (!s)
                return false;
        MUTEX_SCOPE(catalog_stripe(db->catalog, slot));
        if (catalog_of_ref(db->catalog, ref) != s)
                return false;
        copy->sid = s->sid;
        copy->first_ms = s->open.first_ms;
        if (__atomic_load_n(&s->late, __ATOMIC_RELAXED))
                headlate_read(db, slot, what->min_ms, what->max_ms, &copy->late);
        if (s->open.n == 0 || s->open.first_ms > what->max_ms || s->open.last_ms < what->min_ms)
                return true;
        if (what->last_only && s->open.code == XORCHUNK_CODE_FLOATS && s->open.last_ms <= what->max_ms) {
                copy->last = (Sample){ s->open.last_ms, bits_to_double(s->open.last_bits) };
                copy->has_last = true;
                return true;
        }
        copy_stream(&s->open, what->min_ms, copy);
        return true;
}

/* The series left memory, or came back, after it was selected: what it had then is in files. */
static bool find_moved(Tsdb *db, Labels labels, uint64_t *ret_sid)
{
        Catalog *c = db->catalog;
        IndexList *list = indexset_list(db->index);
        IndexEntry entry;
        uint32_t slot;
        bool found = indexset_find(list, labels, &entry);
        snapshot_unref(&list->snap);
        if (found) {
                *ret_sid = entry.sid;
                return true;
        }
        pthread_rwlock_rdlock(&c->lock);
        found = catalog_find(c, labels, catalog_hash(labels), &slot);
        if (found)
                *ret_sid = catalog_at(c, slot)->sid;
        pthread_rwlock_unlock(&c->lock);
        return found;
}

static bool find_open(Tsdb *db, const StoreSelection *selection, size_t i, const StoreRead *what, OpenCopy *copy)
{
        const StoreSeries *series = &selection->series[i];
        const uint64_t *sids = selection->engine_data;
        if (series->id & COLD_ID) {
                copy->sid = series->id & ~COLD_ID;
                return true;
        }
        if (copy_open(db, series->id, what, copy))
                return true;
        if (!sids)
                return find_moved(db, series->labels, &copy->sid);
        copy->sid = sids[i];
        return true;
}

static void push_sample(Column *out, const StoreSample *s)
{
        if (s->h)
                column_push_histogram(out, s->t_ms, s->h);
        else
                column_push(out, s->t_ms, s->v);
        column_set_start(out, s->st_ms);
}

/* Histograms of `late` go to out's arena. */
static void push_late(Column *out, const Column *late)
{
        for (size_t i = 0; i < late->n; i++) {
                StoreSample s = store_sample(late, i);
                if (s.h)
                        s.h = histogram_dup(column_arena(out), s.h);
                push_sample(out, &s);
        }
}

static void note_damage(Tsdb *db, uint64_t damaged)
{
        if (damaged == 0)
                return;
        atomic_fetch_add(&db->chunk_corruptions, damaged);
        metric_add(damaged_chunks, damaged);
}

/* What a thread keeps between reads. Its lists may be old: what moved into a part meanwhile is still in a file that they hold. Only a
 * new chunk file makes them useless: then they are taken again, that of chunk files first, so that what moves is found twice, never
 * not at all. */
typedef struct HeadCursor {
        StoreCursor face;
        const HeadQuerier *q;
        ChunkList *chunks;
        PartSetCursor *parts;
        uint64_t decoded;
} HeadCursor;

static void drop_lists(HeadCursor *c)
{
        if (c->chunks)
                snapshot_unref(&c->chunks->snap);
        partset_cursor_free(c->parts);
}

static void renew_lists(HeadCursor *c)
{
        if (c->chunks && chunkset_is_current(c->q->db->chunks, c->chunks))
                return;
        drop_lists(c);
        c->chunks = chunkset_list(c->q->db->chunks);
        c->parts = partset_cursor_new(c->q->db->parts);
}

static bool read_files(HeadCursor *c, uint64_t sid, const StoreRead *what, Column *out, Err *err)
{
        uint64_t damaged = 0;
        bool ok = true;
        renew_lists(c);
        PartRead read = {
                .min_ms = what->min_ms, .max_ms = what->max_ms, .last_only = what->last_only, .presence = what->presence
        };
        partset_cursor_read(c->parts, sid, &read, out, &damaged);
        for (size_t i = 0; i < c->chunks->n && ok; i++) {
                ChunkFile *f = c->chunks->files[i];
                if (chunkfile_window_ms(f) > what->max_ms || chunkfile_window_end_ms(f) <= what->min_ms)
                        continue;
                ok = chunkfile_read(f, sid, what->min_ms, what->max_ms, out, &damaged, err);
        }
        note_damage(c->q->db, damaged);
        return ok;
}

static bool decode_open(const OpenCopy *open, const StoreRead *what, Column *out, Err *err)
{
        if (open->n == 0)
                return true;
        if (open->from.n)
                return xorchunk_decode_from(open->stream, open->n, &open->from, what->min_ms, what->max_ms, out, err);
        return open->code == XORCHUNK_CODE_HISTOGRAMS
                       ? histchunk_decode(open->stream, open->n, open->first_ms, what->min_ms, what->max_ms, out, err)
                       : xorchunk_decode(open->stream, open->n, open->first_ms, what->min_ms, what->max_ms, out, err);
}

/* From where on samples of a series are read: what a rule of retention lets go is not served, whether or not its bytes are there still,
 * and what is older may be there as roll-ups. */
static int64_t samples_from(const HeadQuerier *q, Labels labels, int64_t min_ms, bool *ret_rolled)
{
        Tsdb *db = q->db;
        bool rules = keep_has_rules(db->keep) && min_ms < q->now_ms - keep_shortest_ms(db->keep);
        if (!rules && min_ms > q->face.rolled_until_ms)
                return min_ms;
        int64_t kept_ms = keep_ms(db->keep, labels);
        if (!rollup_takes(db->rollup, kept_ms))
                return rules ? MAX_OF(min_ms, q->now_ms - kept_ms) : min_ms;
        int64_t until_ms = rollup_until(db->rollup, q->now_ms, kept_ms);
        *ret_rolled = until_ms >= min_ms;
        return *ret_rolled ? until_ms + 1 : min_ms;
}

/* Roll-ups in [min_ms, max_ms]. */
static void read_rolled(const HeadQuerier *q, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out)
{
        Tsdb *db = q->db;
        uint64_t damaged = 0;
        size_t from = out->n;
        rollup_read(db->rollup, sid, q->now_ms, min_ms, max_ms, out, &damaged);
        tombstones_apply(db->tombstones, sid, out, from);
        out->n_rolled = MIN_OF(out->n_rolled, out->n);
        note_damage(db, damaged);
}

/* Up to max_ms although the open chunk has the newest: late samples lie between. */
static bool decode_all(HeadCursor *c, OpenCopy *open, const StoreRead *what, Column *out, Err *err)
{
        bool ok = read_files(c, open->sid, what, out, err) && decode_open(open, what, out, err);
        if (ok)
                push_late(out, &open->late);
        return ok;
}

/* What is older than the open chunk's newest sample in the range is not looked at. */
static bool decode_last(HeadCursor *c, OpenCopy *open, const StoreRead *what, Column *out, Err *err)
{
        size_t from = out->n;
        StoreRead newer = *what;
        if (open->has_last)
                push_sample(out, &(StoreSample){ .t_ms = open->last.t_ms, .v = open->last.v });
        else if (!decode_open(open, what, out, err))
                return false;
        push_late(out, &open->late);
        for (size_t i = from; i < out->n; i++)
                newer.min_ms = MAX_OF(newer.min_ms, out->t[i] + 1);
        return newer.min_ms > newer.max_ms || read_files(c, open->sid, &newer, out, err);
}

static bool read_series(HeadCursor *c, const StoreSelection *selection, size_t i, const StoreRead *what, Column *out,
                        Err *err)
{
        CHECK(i < selection->n);
        Tsdb *db = c->q->db;
        StoreRead want = *what;
        bool rolled = false;
        /* The newest sample may be a deleted one. */
        want.last_only = what->last_only && what->max_ms < INT64_MAX && tombstones_count(db->tombstones) == 0;
        want.min_ms = samples_from(c->q, selection->series[i].labels, what->min_ms, &rolled);
        OpenCopy open;
        clear_copy(&open);
        if (!find_open(db, selection, i, &want, &open))
                return true; /* older than the retention */
        size_t first = out->n;
        if (rolled)
                read_rolled(c->q, open.sid, what->min_ms, MIN_OF(want.min_ms - 1, what->max_ms), out);
        size_t from = out->n;
        bool ok = want.min_ms > want.max_ms ||
                  (want.last_only ? decode_last(c, &open, &want, out, err) : decode_all(c, &open, &want, out, err));
        if (open.late.cap)
                column_done(&open.late);
        buf_done(&open.large);
        if (!ok) {
                out->n = first;
                out->n_rolled = MIN_OF(out->n_rolled, first);
                return err_wrap(err, "read series");
        }
        column_make_rising(out, from);
        tombstones_apply(db->tombstones, open.sid, out, from);
        c->decoded += out->n - first;
        return true;
}

static bool cursor_read(StoreCursor *face, const StoreSelection *selection, size_t i, const StoreRead *what,
                        Column *out, Err *err)
{
        return read_series((HeadCursor *)face, selection, i, what, out, err);
}

static size_t cursor_bytes(const StoreCursor *face)
{
        const HeadCursor *c = (const HeadCursor *)face;
        return sizeof *c + (c->parts ? partset_cursor_bytes(c->parts) : 0);
}

static void cursor_done(HeadCursor *c)
{
        metric_add(decoded, c->decoded);
        drop_lists(c);
}

static void cursor_close(StoreCursor *face)
{
        cursor_done((HeadCursor *)face);
        mem_free(face);
}

static StoreCursor *querier_cursor(Querier *face)
{
        HeadCursor *c = mem_new(HeadCursor);
        c->face = (StoreCursor){ .read = cursor_read, .bytes = cursor_bytes, .close = cursor_close };
        c->q = (const HeadQuerier *)face;
        return &c->face;
}

static bool querier_read(Querier *face, const StoreSelection *selection, size_t i, int64_t min_ms, int64_t max_ms,
                         Column *out, Err *err)
{
        HeadCursor c = { .q = (const HeadQuerier *)face };
        StoreRead what = { .min_ms = min_ms, .max_ms = max_ms };
        bool ok = read_series(&c, selection, i, &what, out, err);
        cursor_done(&c);
        return ok;
}

/* ---- exemplars */

/* The interface fixes the parameters. NOLINTNEXTLINE(readability-function-size) */
static bool querier_exemplars(Querier *face, const Matchers *sets, size_t n_sets, int64_t min_ms, int64_t max_ms,
                              Arena *arena, ExemplarSeries **ret, size_t *ret_n, Err *err)
{
        Tsdb *db = ((HeadQuerier *)face)->db;
        (void)err;
        ExemplarsArgs args = { sets, n_sets, min_ms, max_ms };
        exemplars_select(db->exemplars, db->catalog, &args, arena, ret, ret_n);
        return true;
}

/* ---- names and values */

static int compare_strs(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

/* Symbols to strings. Caller holds the catalog lock. */
static void add_symbols(Catalog *c, const uint32_t *symbols, size_t n, Arena *arena, ColdStrings *out)
{
        for (size_t i = 0; i < n; i++)
                vec_push(out, symtab_str(c->symbols, symbols[i]));
        symtab_pin(c->symbols, arena);
}

/* Sorted, each once, cut to the limit. */
static void finish_strings(ColdStrings *all, size_t limit, Str **ret, size_t *ret_n)
{
        size_t kept = 0;
        if (all->len)
                qsort(all->data, all->len, sizeof(Str), compare_strs);
        for (size_t i = 0; i < all->len; i++)
                if (kept == 0 || !str_eq(all->data[i], all->data[kept - 1]))
                        all->data[kept++] = all->data[i];
        *ret = all->data;
        *ret_n = limit && limit < kept ? limit : kept;
}

/* Strings of series that are not in memory. */
static bool add_cold_strings(HeadQuerier *q, Str name, const SelectArgs *args, Arena *arena, ColdStrings *out, Err *err)
{
        ColdView view;
        if (args->matchers.n == 0) {
                coldselect_strings(coldselect_hold(q->db->index, arena), name, args->min_ms, out);
                return true;
        }
        if (!coldselect_find(q->db->index, args, arena, &view, err) ||
            !coldselect_labels(&view, name.n ? &(StoreNames){ &name, 1 } : NULL, args->cancel, arena, err))
                return false;
        for (size_t i = 0; i < view.n; i++)
                for (size_t k = 0; k < view.series[i].labels.n; k++) {
                        const Label *l = &view.series[i].labels.data[k];
                        vec_push(out, name.n == 0 ? l->name : l->value);
                }
        return true;
}

#define MAP_NAME SymbolSet
#define MAP_FN_PREFIX symbol_set
#define MAP_KEY uint32_t
#define MAP_VAL bool
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/hash.h"
#include "base/map.inc.h"

/* The names (name == SYMTAB_NONE) or the values of one name among some series. */
static size_t symbols_of(Catalog *c, const Slots *slots, uint32_t name, Arena *arena, uint32_t **ret)
{
        SymbolSet seen = { .arena = arena };
        for (size_t i = 0; i < slots->n; i++) {
                const Series *s = catalog_at(c, slots->data[i]);
                for (size_t k = 0; k < s->n_pairs; k++)
                        if (name == SYMTAB_NONE || s->pairs[k].name == name)
                                symbol_set_put(&seen, name == SYMTAB_NONE ? s->pairs[k].name : s->pairs[k].value, NULL);
        }
        uint32_t *out = arena_raw_array(arena, uint32_t, seen.len);
        size_t n = 0;
        for (SymbolSetSlot *s = symbol_set_next(&seen, NULL); s; s = symbol_set_next(&seen, s))
                out[n++] = s->key;
        *ret = out;
        return n;
}

/* Names (sym: SYMTAB_NONE) or values in memory. Caller holds the catalog lock. */
static bool add_hot_strings(Catalog *c, bool names, uint32_t sym, const SelectArgs *args, Arena *arena,
                            ColdStrings *out, Err *err)
{
        uint32_t *symbols;
        Slots slots;
        PostingsCount *values;
        if (!names && sym == SYMTAB_NONE)
                return true;
        if (args->matchers.n == 0 && names) {
                size_t n = postings_names(c->postings, arena, &symbols);
                add_symbols(c, symbols, n, arena, out);
                return true;
        }
        if (args->matchers.n == 0) {
                size_t n = postings_values(c->postings, sym, NULL, arena, &values);
                symbols = arena_raw_array(arena, uint32_t, n);
                for (size_t i = 0; i < n; i++)
                        symbols[i] = values[i].value;
                add_symbols(c, symbols, n, arena, out);
                return true;
        }
        if (!select_slots(c, args, arena, NULL, &slots, err))
                return false;
        size_t n = symbols_of(c, &slots, sym, arena, &symbols);
        add_symbols(c, symbols, n, arena, out);
        return true;
}

/* name.n == 0: names. The index comes first: what leaves memory between is in neither for a moment, so the list is compared. */
static bool all_strings(HeadQuerier *q, Str name, const SelectArgs *args, Arena *arena, ColdStrings *out, Err *err)
{
        Catalog *c = q->db->catalog;
        for (;;) {
                const IndexList *list = coldselect_hold(q->db->index, arena);
                vec_clear(out);
                if (!add_cold_strings(q, name, args, arena, out, err))
                        return false;
                pthread_rwlock_rdlock(&c->lock);
                bool current = indexset_is_current(q->db->index, list);
                uint32_t sym = name.n ? symtab_find(c->symbols, name) : SYMTAB_NONE;
                bool ok = !current || add_hot_strings(c, name.n == 0, sym, args, arena, out, err);
                pthread_rwlock_unlock(&c->lock);
                if (current || !ok)
                        return ok;
        }
}

static bool querier_label_names(Querier *face, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                                size_t *ret_n, Err *err)
{
        ColdStrings all = { .arena = arena };
        if (!all_strings((HeadQuerier *)face, (Str){ 0 }, args, arena, &all, err))
                return false;
        finish_strings(&all, limit, ret, ret_n);
        return true;
}

static bool querier_label_values(Querier *face, Str name, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                                 size_t *ret_n, Err *err)
{
        ColdStrings all = { .arena = arena };
        if (name.n && !all_strings((HeadQuerier *)face, name, args, arena, &all, err))
                return false;
        finish_strings(&all, limit, ret, ret_n);
        return true;
}

static void querier_done(Querier *face) { mem_free(face); }

bool headquery_open(StoreEngine *engine, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        (void)min_ms;
        (void)max_ms;
        (void)err;
        HeadQuerier *q = mem_new(HeadQuerier);
        q->face = (Querier){ .select = querier_select,
                             .read = querier_read,
                             .cursor = querier_cursor,
                             .label_names = querier_label_names,
                             .label_values = querier_label_values,
                             .exemplars = querier_exemplars,
                             .close = querier_done };
        q->db = (Tsdb *)engine;
        q->now_ms = clock_wall_ms(q->db->clock);
        q->face.rolled_span_ms = rollup_span_ms(q->db->rollup);
        q->face.rolled_until_ms = rollup_until(q->db->rollup, q->now_ms, q->db->options.retention_ms);
        *ret = &q->face;
        return true;
}

/* Beyond the shortest retention, samples go by the clock, and roll-ups take their place. */
void headquery_changes(StoreEngine *engine, uint64_t mark, StoreChanges *ret)
{
        Tsdb *db = (Tsdb *)engine;
        int64_t now_ms = clock_wall_ms(db->clock),
                rolled_ms = rollup_until(db->rollup, now_ms, db->options.retention_ms);
        ret->mark = changelog_now(&db->changes);
        ret->since_ms = changelog_since(&db->changes, mark);
        ret->from_ms = now_ms - keep_shortest_ms(db->keep);
        if (rolled_ms >= ret->from_ms)
                ret->from_ms = rolled_ms + 1;
}

enum { NEAR_MS = 2 * 3600 * 1000 }; /* younger samples are in memory, or were not long ago */

/* Of series in memory; how many there are in the index is not known without looking at it. */
size_t headquery_at_most(StoreEngine *engine, Matchers matchers, int64_t min_ms)
{
        Tsdb *db = (Tsdb *)engine;
        IndexList *list = indexset_list(db->index);
        bool cold = list->n > 0 && indexseg_info(list->segs[0]).max_ms >= min_ms; /* the newest is the first */
        snapshot_unref(&list->snap);
        if (cold || min_ms < clock_wall_ms(db->clock) - NEAR_MS || pthread_rwlock_tryrdlock(&db->catalog->lock) != 0)
                return SIZE_MAX;
        size_t n = postings_at_most(db->catalog->postings, matchers);
        pthread_rwlock_unlock(&db->catalog->lock);
        return n;
}
