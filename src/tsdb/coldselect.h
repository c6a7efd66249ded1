/* tsdb/coldselect.h - what the index of cold series says to a query. Any thread; no lock is held while files are read. */
#pragma once
#include "index/indexset.h"
#include "store/store.h"
#include "tsdb/catalog.h"

typedef struct ColdSeries {
        IndexEntry entry;
        Labels labels;
        uint32_t seg, place; /* seg: of the list */
} ColdSeries;

/* One look: a list of segments, and the series in it that match, each once, by rising id. They live in arena, which holds the list. */
typedef struct ColdView {
        const IndexList *list;
        ColdSeries *series;
        size_t n;
} ColdView;

/* Without labels; what damage hides is left out. ERR_LIMIT above args->max_series. */
MUST_CHECK bool coldselect_find(IndexSet *set, const SelectArgs *args, Arena *arena, ColdView *ret, Err *err);
/* Fills in the labels, of these names alone when there are some to choose; series whose labels are damaged go. */
MUST_CHECK bool coldselect_labels(ColdView *view, const StoreNames *only, const Cancel *cancel, Arena *arena, Err *err);
/* Takes out the series that are in memory too. By labels, all of which were filled in: caller holds the catalog's lock. By id: `hot` has those
 * of all series in memory that match as the view's do, in any order. */
void coldselect_less_hot(ColdView *view, const Catalog *c);
void coldselect_less_ids(ColdView *view, const uint64_t *hot, size_t n);
/* Appends the names in use (name.n == 0), or the values of a name, of segments with samples at min_ms or later, in any order, perhaps twice. */
typedef VEC(Str) ColdStrings;
void coldselect_strings(const IndexList *list, Str name, int64_t min_ms, ColdStrings *out);
/* A reference to the current list that lives as long as arena. */
const IndexList *coldselect_hold(IndexSet *set, Arena *arena);
