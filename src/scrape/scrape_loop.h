/* scrape/scrape_loop.h - ScrapeLoop: one target, fetched again and again. Private.
 *
 * The timer and the connection belong to the loop thread; parsing and appending happen on the pool under `work`; what the
 * status page shows is under `mu`. */
#pragma once
#include <pthread.h>

#include "os/mutex.h"
#include "scrape/scrape.h"
#include "scrape/scrape_cache.h"
#include "scrape/scrape_target.h"

enum { SCRAPE_REPORTS = 8, SCRAPE_PLAIN_REPORTS = 5 /* without extra_scrape_metrics */ };

/* What all loops of a manager share. */
typedef struct ScrapeShared {
        ScrapeManagerOptions options;
        pthread_rwlock_t config_lock; /* readers: jobs that use loop->config; writer: apply */
        Mutex mu;
        Cond idle;
        size_t jobs; /* guarded by mu: submitted and not finished */
} ScrapeShared;

typedef struct ScrapeLoop {
        _Atomic int refs;
        ScrapeShared *shared;
        Arena *arena; /* the strings of spec and pool */
        Str pool;
        TargetSpec spec; /* labels and url never change; the rest under the manager's mu and on the loop thread */
        const ScrapeConfig *config; /* borrowed; under config_lock; NULL: defaults (sources) */
        const ScrapeSource *source; /* NULL: HTTP */
        Str forced_error;           /* as config; not empty: every scrape fails with it */
        /* the loop thread's */
        LoopTimer *timer;
        HttpCall *call;
        int64_t due_ms, scheduled_ms, phase_ms;
        bool stopped;
        _Atomic bool busy; /* from the tick until what it started is stored */
        /* guarded by work */
        Mutex work;
        ScrapeCache *cache;
        SeriesRef reports[SCRAPE_REPORTS];
        bool ended;
        /* guarded by mu */
        Mutex mu;
        ScrapeHealth health;
        Err last_error;
        int64_t last_ms;
        double last_seconds;
        uint64_t samples, series;
} ScrapeLoop;

/* Copies spec. Returns owned (one reference). */
ScrapeLoop *scrape_loop_new(ScrapeShared *shared, Str pool, const TargetSpec *spec, const ScrapeConfig *config,
                            const ScrapeSource *source);
void scrape_loop_unref(ScrapeLoop *loop);
/* Loop thread only. */
void scrape_loop_start(ScrapeLoop *loop);
void scrape_loop_stop(ScrapeLoop *loop);
/* Takes over interval, timeout and discovered labels of the same target. Loop thread, under the manager's mu. */
void scrape_loop_respec(ScrapeLoop *loop, const TargetSpec *spec);
/* Any thread, after stop: stale markers for everything, then silence. */
void scrape_loop_end(ScrapeLoop *loop, int64_t t_ms);
