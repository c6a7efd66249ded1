/* promql/promql.h - the PromQL engine: expressions in, values out, over any StoreEngine.
 *
 * A query is parsed (promql/ast.h), planned (equal selectors merged, step-invariant parts marked, aggregations pushed
 * down) and evaluated series by series over the whole grid of steps. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "os/clock.h"
#include "promql/ast.h"
#include "store/store.h"
#include "sync/pool.h"

typedef struct PromqlEngine PromqlEngine;

typedef struct PromqlOptions {
        Pool *pool;               /* NULL: single-threaded; results never depend on it */
        const Clock *clock;       /* NULL: the machine's */
        int64_t lookback_ms;      /* 0: 5 minutes */
        int64_t timeout_ms;       /* 0: 2 minutes */
        uint64_t max_samples;     /* 0: 50,000,000; held at once, as upstream counts */
        uint64_t max_bytes;       /* per query; 0: 1 GiB */
        uint64_t max_total_bytes; /* of all queries that run; 0: four times max_bytes */
        int64_t default_step_ms;  /* of subqueries; 0: 1 minute */
        size_t max_concurrent;    /* 0: 20 */
        uint64_t cache_bytes;     /* for answers of range queries; 0: none is kept */
        PromqlFeatures features;
} PromqlOptions;

PromqlEngine *promql_engine_new(const PromqlOptions *options); /* returns owned */
void promql_engine_free(PromqlEngine *engine);
const PromqlOptions *promql_engine_options(const PromqlEngine *engine);

typedef struct PromqlQuery {
        const Expr *expr;
        Str text;   /* the source, for positions in annotations and the query log */
        bool range; /* false: instant at start_ms */
        int64_t start_ms, end_ms, step_ms;
        int64_t lookback_ms;  /* 0: the engine's */
        int64_t timeout_ms;   /* 0: the engine's, which is also the longest */
        const Cancel *cancel; /* may be NULL; the timeout applies as well */
        bool explain;         /* count what each node takes: PromqlResult.nodes */
        bool count_samples;   /* PromqlStats.samples, samples_per_step; nothing comes from the cache then */
        bool no_cache;        /* every step is evaluated, and the answer is not kept */
        bool small;           /* promql_is_small said so: does not wait for others */
} PromqlQuery;

/* One output series over the step grid (range) or at one time (instant). */
typedef struct PromqlSeries {
        Labels labels;
        int64_t *t;                 /* n times, rising */
        double *v;                  /* n values */
        const struct Histogram **h; /* NULL: all floats */
        size_t n;
} PromqlSeries;

typedef struct PromqlAnnotation {
        bool is_info; /* else a warning */
        Str text;     /* "PromQL warning: ... (1:5)" as the API prints it */
} PromqlAnnotation;

typedef struct PromqlStats {
        uint64_t samples_read, peak_samples, series_selected, bytes_peak;
        double queue_seconds, prepare_seconds, eval_seconds;
        /* When asked for: the samples that each step looked at, as upstream counts them (totalQueryableSamples). */
        uint64_t samples, *samples_per_step;
        size_t n_steps;
        /* Of a range query that the cache is for: its steps, and those that came from there. A query that is explained evaluates
         * them all the same. */
        size_t cache_steps, cached_steps;
} PromqlStats;

typedef struct PromqlResult {
        ValueType type;
        PromqlSeries *series; /* vector (each n == 1), matrix */
        size_t n_series;
        double scalar; /* scalar; a range query of a scalar gives a matrix of one series without labels */
        int64_t scalar_t_ms;
        Str string;
        PromqlAnnotation *annotations;
        size_t n_annotations;
        PromqlStats stats;
        struct ExplainNode *nodes; /* parents first; promql/explain.h; NULL unless the query was explained */
        size_t n_nodes;
} PromqlResult;

/* Everything in the result lives in arena. ERR_INVALID: bad data (400); ERR_LIMIT and other evaluation failures: 422;
 * ERR_TIMEOUT: 503; ERR_CANCELED: 499. */
MUST_CHECK bool promql_exec(PromqlEngine *engine, StoreEngine *store, const PromqlQuery *query, Arena *arena,
                            PromqlResult *ret, Err *err);

/* Whether evaluating the query takes less than waking another thread for it: an instant one of few series, as far as that can be told
 * without looking at them. Takes a few microseconds, and waits for nothing. */
bool promql_is_small(const PromqlEngine *engine, StoreEngine *store, const PromqlQuery *query, Arena *arena);

/* What is running now, for the status page. */
typedef struct PromqlActive {
        Str text; /* copied into the arena given */
        int64_t started_ms;
        uint64_t samples;
} PromqlActive;
size_t promql_active(PromqlEngine *engine, Arena *arena, PromqlActive **ret);
