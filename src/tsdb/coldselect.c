/* Invariants
 * 1. A view holds its list: labels point into the mapped files.
 * 2. A series that stands in several segments, or in memory as well, is there once, with its newest entry.
 *
 * Why the labels tell what is in memory: no set of ids has to be kept in step with the catalog, and cold series are few in most answers. Where
 * most labels are not looked at the ids tell it: reading labels is what costs. They belong to one set of labels each, but for what a damaged
 * index may have had twice, and there the samples of the older id are gone. */
#include "tsdb/coldselect.h"

#include <stdlib.h>

#include "base/mem.h"
#include "index/indexselect.h"

enum { CANCEL_STEP = 4096 };
#define IN_MEMORY UINT32_MAX /* of ColdSeries.seg */

static void drop_list(void *arg) { snapshot_unref(arg); }

const IndexList *coldselect_hold(IndexSet *set, Arena *arena)
{
        IndexList *list = indexset_list(set);
        arena_defer(arena, drop_list, &list->snap);
        return list;
}

static int compare_series(const void *a, const void *b)
{
        const ColdSeries *x = a, *y = b;
        if (x->entry.sid != y->entry.sid)
                return x->entry.sid < y->entry.sid ? -1 : 1;
        return (x->entry.last_ms < y->entry.last_ms) - (x->entry.last_ms > y->entry.last_ms);
}

typedef VEC(ColdSeries) Found;

static bool find_in(const IndexList *list, uint32_t seg, const SelectArgs *args, Arena *arena, Found *found, Err *err)
{
        IndexSeg *x = list->segs[seg];
        IndexSelect select = { .matchers = args->matchers, .min_ms = args->min_ms, .cancel = args->cancel };
        uint32_t *places;
        size_t n;
        if (!indexselect_run(x, &select, arena, &places, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                ColdSeries s = { .seg = seg, .place = places[i] };
                if (indexseg_entry(x, s.place, &s.entry))
                        vec_push(found, s);
        }
        return true;
}

/* Of the entries of one series the newest stays. */
static void keep_newest(Found *found)
{
        size_t kept = 0;
        if (found->len)
                qsort(found->data, found->len, sizeof(ColdSeries), compare_series);
        for (size_t i = 0; i < found->len; i++)
                if (kept == 0 || found->data[i].entry.sid != found->data[kept - 1].entry.sid)
                        found->data[kept++] = found->data[i];
        found->len = kept;
}

bool coldselect_find(IndexSet *set, const SelectArgs *args, Arena *arena, ColdView *ret, Err *err)
{
        const IndexList *list = coldselect_hold(set, arena);
        Found found = { .arena = arena };
        uint32_t segments = 0;
        for (; segments < list->n && indexseg_info(list->segs[segments]).max_ms >= args->min_ms; segments++)
                if (!find_in(list, segments, args, arena, &found, err))
                        return false;
        if (segments > 1)
                keep_newest(&found);
        if (args->max_series && found.len > args->max_series)
                return err_set(err, ERR_LIMIT, "the selection has %zu series, the limit is %zu: add matchers",
                               found.len, args->max_series);
        *ret = (ColdView){ list, found.data, found.len };
        return true;
}

/* The names that are wanted, as each segment has them; each is asked when it is met first. */
typedef struct SegNames {
        IndexName *names;
        size_t n;
} SegNames;

static bool some_labels(const ColdView *view, const ColdSeries *s, const StoreNames *only, SegNames *of_segs,
                        Arena *arena, Labels *ret)
{
        IndexSeg *x = view->list->segs[s->seg];
        SegNames *of = &of_segs[s->seg];
        if (!of->names) {
                of->names = arena_array(arena, IndexName, only->n + 1);
                of->n = indexseg_find_names(x, only->data, only->n, of->names);
        }
        return indexseg_labels_of(x, s->place, of->names, of->n, arena, ret);
}

bool coldselect_labels(ColdView *view, const StoreNames *only, const Cancel *cancel, Arena *arena, Err *err)
{
        SegNames *of_segs = only ? arena_array(arena, SegNames, view->list->n + 1) : NULL;
        size_t kept = 0;
        for (size_t i = 0; i < view->n; i++) {
                ColdSeries s = view->series[i];
                if (i % CANCEL_STEP == 0 && !cancel_check(cancel, err))
                        return false;
                if (only ? some_labels(view, &s, only, of_segs, arena, &s.labels)
                         : indexseg_labels(view->list->segs[s.seg], s.place, arena, &s.labels))
                        view->series[kept++] = s;
        }
        view->n = kept;
        return true;
}

void coldselect_less_hot(ColdView *view, const Catalog *c)
{
        size_t kept = 0;
        uint32_t slot;
        for (size_t i = 0; i < view->n; i++)
                if (!catalog_find(c, view->series[i].labels, catalog_hash(view->series[i].labels), &slot))
                        view->series[kept++] = view->series[i];
        view->n = kept;
}

static int compare_sid(const void *key, const void *entry)
{
        uint64_t sid = *(const uint64_t *)key, at = ((const ColdSeries *)entry)->entry.sid;
        return (sid > at) - (sid < at);
}

void coldselect_less_ids(ColdView *view, const uint64_t *hot, size_t n)
{
        if (view->n == 0)
                return;
        /* Ids are given out one after the other: their low bits alone tell nearly all of them apart. */
        size_t bits = 64, kept = 0;
        while (bits < view->n * 8)
                bits *= 2;
        uint64_t *cold = mem_new_array(uint64_t, bits / 64);
        for (size_t i = 0; i < view->n; i++) {
                uint64_t bit = view->series[i].entry.sid & (bits - 1);
                cold[bit / 64] |= UINT64_C(1) << bit % 64;
        }
        for (size_t i = 0; i < n; i++) {
                uint64_t bit = hot[i] & (bits - 1);
                if (!(cold[bit / 64] >> bit % 64 & 1))
                        continue;
                ColdSeries *s = bsearch(&hot[i], view->series, view->n, sizeof *s, compare_sid);
                if (s)
                        s->seg = IN_MEMORY;
        }
        for (size_t i = 0; i < view->n; i++)
                if (view->series[i].seg != IN_MEMORY)
                        view->series[kept++] = view->series[i];
        view->n = kept;
        mem_free(cold);
}

static void add_names(IndexSeg *x, ColdStrings *out)
{
        Str s;
        for (uint32_t i = 0; i < indexseg_names(x); i++)
                if (indexseg_name(x, i, &s))
                        vec_push(out, s);
}

static void add_values(IndexSeg *x, Str name, ColdStrings *out)
{
        Str s;
        uint32_t number, from, to;
        if (!indexseg_name_find(x, name, &number) || !indexseg_name_pairs(x, number, &from, &to))
                return;
        for (uint32_t i = from; i < to; i++)
                if (indexseg_value(x, i, &s))
                        vec_push(out, s);
}

void coldselect_strings(const IndexList *list, Str name, int64_t min_ms, ColdStrings *out)
{
        for (size_t i = 0; i < list->n && indexseg_info(list->segs[i]).max_ms >= min_ms; i++) {
                if (name.n == 0)
                        add_names(list->segs[i], out);
                else
                        add_values(list->segs[i], name, out);
        }
}
