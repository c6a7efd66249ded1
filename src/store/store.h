/* store/store.h - the contracts between who writes and reads metrics and who keeps them. Interfaces only.
 *
 * Engines (tsdb/, a test's fake store, later ClickHouse) implement StoreEngine; promql/, rules/, scrape/, ingest/ and
 * api/ see nothing else. Times are milliseconds since 1970 UTC. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/metadata.h"
#include "model/sample.h"
#include "sync/cancel.h"

typedef uint64_t SeriesRef; /* 0: none. Names a series for one engine's lifetime; never reused in it */

/* Frequent outcomes of one sample; not errors. */
typedef enum AppendResult {
        APPEND_OK,
        APPEND_DUPLICATE,     /* same time, same value: kept once, counts as accepted */
        APPEND_CONFLICT,      /* same time, other value: refused (Prometheus: duplicate sample for timestamp) */
        APPEND_OUT_OF_ORDER,  /* older than the newest, outside the out-of-order window */
        APPEND_OUT_OF_BOUNDS, /* too far in the future or older than the head accepts */
        APPEND_BAD_LABELS,    /* no labels, an empty or repeated name, not UTF-8 */
        APPEND_LIMIT,         /* a series limit was reached */
        APPEND_BAD_HISTOGRAM, /* a histogram whose spans, counts or bounds contradict each other */
        APPEND_RESULT_MAX_,
} AppendResult;
const char *append_result_name(AppendResult result); /* "ok", "duplicate", "conflict", ...: metric label values */

typedef struct Appender Appender;
typedef struct Exemplar {
        Labels labels;
        double v;
        int64_t t_ms;
        bool has_t;
} Exemplar;

/* A sample with everything that may belong to it. */
typedef struct StoreSample {
        int64_t t_ms;
        int64_t st_ms; /* when its counter started to count; 0: unknown */
        double v;
        const Histogram *h; /* NULL: v is the value; else borrowed for the call */
} StoreSample;

/* The i-th of a column; borrows its histogram. */
static inline StoreSample store_sample(const Column *c, size_t i)
{
        return (StoreSample){
                .t_ms = c->t[i], .st_ms = c->st ? c->st[i] : 0, .v = c->v[i], .h = c->h ? c->h[i] : NULL
        };
}

/* One batch: appended samples become durable and visible together at commit. Used by one thread at a time. After commit
 * or rollback the appender is closed and gone. */
struct Appender {
        /* *ref: in, the series if known (0 otherwise, or stale: labels decide); out, its reference. labels are borrowed for
         * the call and may be empty only when *ref is valid: a series may be forgotten after a long idle time, then the answer
         * is APPEND_BAD_LABELS with *ref = 0, and the caller sends the labels again. */
        AppendResult (*append)(Appender *a, SeriesRef *ref, Labels labels, int64_t t_ms, double v);
        /* The same for histograms and start timestamps. A histogram with impossible contents is APPEND_BAD_HISTOGRAM. */
        AppendResult (*append_sample)(Appender *a, SeriesRef *ref, Labels labels, const StoreSample *sample);
        /* ref: as given back by an append of this appender or an earlier one. Older or equal to the newest of its series:
         * APPEND_DUPLICATE or APPEND_OUT_OF_ORDER. NULL: the engine keeps no exemplars. */
        AppendResult (*append_exemplar)(Appender *a, SeriesRef ref, const Exemplar *exemplar);
        bool (*commit)(Appender *a, Err *err); /* on failure (disk full) nothing was kept; closed all the same */
        void (*rollback)(Appender *a);
};

/* One series of a selection. */
typedef struct StoreSeries {
        Labels labels; /* valid as long as the selection */
        uint64_t id;   /* for the engine's read */
} StoreSeries;

typedef struct StoreSelection {
        StoreSeries *series; /* sorted by labels when asked for, else in any order */
        size_t n;
        void *engine_data;
} StoreSelection;

typedef struct StoreNames {
        const Str *data;
        size_t n;
} StoreNames;

typedef struct SelectArgs {
        Matchers matchers;
        int64_t min_ms, max_ms; /* inclusive; series without samples inside may still be returned */
        bool sorted;
        const Cancel *cancel; /* may be NULL */
        size_t max_series;    /* 0: no limit; else ERR_LIMIT when exceeded */
        /* When not NULL: only these labels, and those whose names begin and end with two underscores, are looked at; the others may
         * be left out, unless sorted. Several series may then have equal labels. */
        const StoreNames *only;
} SelectArgs;

typedef struct ExemplarSeries {
        Labels labels;
        const Exemplar *data;
        size_t n;
} ExemplarSeries;

/* What a read is for: engines may spare themselves what is not looked at, and need not. */
typedef struct StoreRead {
        int64_t min_ms, max_ms; /* inclusive */
        bool last_only;         /* only the newest sample of the range is looked at: older ones may be left out */
        bool presence; /* values are not looked at, but for being stale markers or histograms: floats may be any other number */
} StoreRead;

/* One thread's place in a querier: keeps what neighbouring series share, so that reading a selection by rising ids is cheap. */
typedef struct StoreCursor StoreCursor;
struct StoreCursor {
        /* As Querier.read. */
        bool (*read)(StoreCursor *c, const StoreSelection *selection, size_t i, const StoreRead *what, Column *out,
                     Err *err);
        size_t (*bytes)(const StoreCursor *c); /* memory that it holds */
        void (*close)(StoreCursor *c);
};

/* A consistent view for one request: what was committed before it was opened, and perhaps more. Thread-safe: `read` is
 * called from many workers at once. */
typedef struct Querier Querier;
struct Querier {
        bool (*select)(Querier *q, const SelectArgs *args, Arena *arena, StoreSelection *ret, Err *err);
        /* Appends to *out (cleared by the caller) the samples of selection->series[i] with min_ms <= t <= max_ms, in order,
         * stale markers included. */
        bool (*read)(Querier *q, const StoreSelection *selection, size_t i, int64_t min_ms, int64_t max_ms, Column *out,
                     Err *err);
        /* Returns owned: closed before the querier. NULL: the engine has nothing to keep, and read is as good. */
        StoreCursor *(*cursor)(Querier *q);
        /* Sorted, unique, living in arena. limit 0: all. */
        bool (*label_names)(Querier *q, const SelectArgs *args, size_t limit, Arena *arena, Str **ret, size_t *ret_n,
                            Err *err);
        bool (*label_values)(Querier *q, Str name, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                             size_t *ret_n, Err *err);
        /* The exemplars of series that match any of the sets, by series sorted by labels, each by rising time; inclusive times.
         * NULL: the engine keeps none. */
        bool (*exemplars)(Querier *q, const Matchers *sets, size_t n_sets, int64_t min_ms, int64_t max_ms, Arena *arena,
                          ExemplarSeries **ret, size_t *ret_n, Err *err);
        void (*close)(Querier *q);
        /* Up to rolled_until_ms samples may be roll-ups (Column.rolled) of at most rolled_span_ms; 0: there are none. Who looks for
         * the newest sample looks back so much farther there. */
        int64_t rolled_span_ms, rolled_until_ms;
};
/* label_names and label_values by a select, for engines that look at every series: sorted, unique, living in arena, borrowing the
 * labels' bytes. limit 0: all. */
MUST_CHECK bool store_names_by_select(Querier *q, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                                      size_t *ret_n, Err *err);
MUST_CHECK bool store_values_by_select(Querier *q, Str name, const SelectArgs *args, size_t limit, Arena *arena,
                                       Str **ret, size_t *ret_n, Err *err);

/* What has become of stored samples, for those who keep answers. */
typedef struct StoreChanges {
        uint64_t mark; /* of now */
        int64_t since_ms; /* no sample before this time came, went or changed since the mark that was handed in; INT64_MAX: none at all */
        int64_t from_ms; /* samples before this time may go at any moment, and nobody says so; INT64_MIN: none does */
} StoreChanges;

typedef struct StoreEngine StoreEngine;
struct StoreEngine {
        Appender *(*appender)(StoreEngine *e); /* never NULL */
        bool (*querier)(StoreEngine *e, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err);
        /* A mark that was taken before a querier was opened knows every change that this querier did not see: changes are told once
         * queriers see them, and before their commit or deletion returns. NULL: the engine does not tell. */
        void (*changes)(StoreEngine *e, uint64_t mark, StoreChanges *ret);
        /* No select from min_ms on gives more series than this, and reading them waits for no disk, as far as can be told at once;
         * SIZE_MAX: it cannot. NULL: it never can. */
        size_t (*at_most)(StoreEngine *e, Matchers matchers, int64_t min_ms);
};

/* Thin callers, so that users read store_append(a, ...) instead of a->append(a, ...). */
static inline AppendResult store_append(Appender *a, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        return a->append(a, ref, labels, t_ms, v);
}
static inline AppendResult store_append_sample(Appender *a, SeriesRef *ref, Labels labels, const StoreSample *sample)
{
        return a->append_sample(a, ref, labels, sample);
}
MUST_CHECK static inline bool store_commit(Appender *a, Err *err) { return a->commit(a, err); }
static inline void store_rollback(Appender *a) { a->rollback(a); }
static inline Appender *store_appender(StoreEngine *e) { return e->appender(e); }
MUST_CHECK static inline bool store_querier(StoreEngine *e, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        return e->querier(e, min_ms, max_ms, ret, err);
}
static inline void querier_close(Querier *q) { q->close(q); }
DEFINE_AUTO(Querier *, querier_close);
