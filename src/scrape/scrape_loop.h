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

enum { SCRAPE_REPORTS = 5 };

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
        TargetSpec spec;
        const ScrapeConfig *config; /* borrowed; under config_lock; NULL: defaults (sources) */
        const ScrapeGlobal *global;
        const ScrapeSource *source; /* NULL: HTTP */
        int64_t body_limit_bytes;
        /* the loop thread's */
        LoopTimer *timer;
        HttpCall *call;
        int64_t due_ms, scheduled_ms, started_mono_ns;
        bool busy, stopped;
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
ScrapeLoop *scrape_loop_new(ScrapeShared *shared, Str pool, const TargetSpec *spec, const ScrapeConfig *config, const ScrapeGlobal *global,
                            const ScrapeSource *source);
void scrape_loop_unref(ScrapeLoop *loop);
/* Loop thread only. */
void scrape_loop_start(ScrapeLoop *loop);
void scrape_loop_stop(ScrapeLoop *loop);
/* Any thread, after stop: stale markers for everything, then silence. */
void scrape_loop_end(ScrapeLoop *loop, int64_t t_ms);
