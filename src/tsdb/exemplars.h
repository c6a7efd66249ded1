/* tsdb/exemplars.h - Exemplars: the newest exemplars of all series, in a ring: the oldest goes when one comes. Thread-safe. */
#pragma once
#include "store/store.h"
#include "tsdb/catalog.h"

enum {
        EXEMPLARS_DEFAULT = 100000,      /* how many are kept, as upstream */
        EXEMPLARS_MAX_LABEL_CHARS = 128, /* names and values of one exemplar together, as upstream */
};

typedef struct Exemplars Exemplars;
Exemplars *exemplars_new(size_t max);
void exemplars_free(Exemplars *x);

/* Whether the exemplar would be taken: APPEND_OK; APPEND_DUPLICATE, APPEND_OUT_OF_ORDER (against the newest of its series),
 * APPEND_BAD_LABELS (too long, or not UTF-8). */
AppendResult exemplars_judge(Exemplars *x, SeriesRef ref, const Exemplar *e);
/* Copies it. What would not be taken is left out. */
void exemplars_put(Exemplars *x, SeriesRef ref, const Exemplar *e);
typedef struct ExemplarsArgs {
        const Matchers *sets; /* any of them */
        size_t n_sets;
        int64_t min_ms, max_ms; /* inclusive */
} ExemplarsArgs;
/* As Querier.exemplars. Takes catalog->lock for reading. */
void exemplars_select(Exemplars *x, Catalog *catalog, const ExemplarsArgs *args, Arena *arena, ExemplarSeries **ret,
                      size_t *ret_n);
/* The ring holds exemplars of this series. */
bool exemplars_has(Exemplars *x, SeriesRef ref);
size_t exemplars_count(Exemplars *x);
