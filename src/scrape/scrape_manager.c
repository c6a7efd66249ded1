/* The manager: from configurations to loops. Unchanged targets (same pool, URL, labels, times) keep their loop, its cache
 * and its phase over a reload; only the borrowed configuration behind them is exchanged, under config_lock. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "scrape/scrape_loop.h"

typedef VEC(ScrapeLoop *) LoopVec;
typedef struct DroppedTarget {
        Str pool;
        Labels discovered;
} DroppedTarget;

struct ScrapeManager {
        ScrapeShared shared;
        Mutex mu; /* guards what follows */
        LoopVec loops;
        Arena *arena; /* of the lists below and of global */
        VEC(DroppedTarget) dropped;
        VEC(Str) pools;
        ScrapeGlobal global;
};

ScrapeManager *scrape_manager_new(const ScrapeManagerOptions *options)
{
        ScrapeManager *m = mem_new(ScrapeManager);
        m->shared.options = *options;
        if (!m->shared.options.clock)
                m->shared.options.clock = clock_system();
        pthread_rwlock_init(&m->shared.config_lock, NULL);
        mutex_init(&m->shared.mu);
        mutex_cond_init(&m->shared.idle);
        mutex_init(&m->mu);
        m->arena = arena_new();
        return m;
}

static void start_all(void *arg)
{
        LoopVec *loops = arg;
        vec_each(l, loops) scrape_loop_start(*l);
}

static void stop_all(void *arg)
{
        LoopVec *loops = arg;
        vec_each(l, loops) scrape_loop_stop(*l);
}

static void wait_idle(ScrapeManager *m)
{
        mutex_lock(&m->shared.mu);
        while (m->shared.jobs)
                mutex_cond_wait(&m->shared.idle, &m->shared.mu);
        mutex_unlock(&m->shared.mu);
}

void scrape_manager_free(ScrapeManager *m)
{
        if (!m)
                return;
        loop_call(m->shared.options.loop, stop_all, &m->loops);
        wait_idle(m);
        vec_each(l, &m->loops) scrape_loop_unref(*l);
        vec_done(&m->loops);
        pthread_rwlock_destroy(&m->shared.config_lock);
        mutex_done(&m->shared.mu);
        mutex_cond_done(&m->shared.idle);
        mutex_done(&m->mu);
        arena_free(m->arena);
        mem_free(m);
}

/* ---- apply ---- */

typedef struct Wanted {
        Str pool;
        TargetSpec spec;
        const ScrapeConfig *config;
        const ScrapeSource *source;
} Wanted;

typedef struct Plan {
        Arena *arena;
        VEC(Wanted) wanted;
        VEC(DroppedTarget) dropped;
        VEC(Str) pools;
} Plan;

static bool already_wanted(const Plan *plan, Str pool, const TargetSpec *spec)
{
        for (size_t i = 0; i < plan->wanted.len; i++) {
                const Wanted *w = &plan->wanted.data[i];
                if (str_eq(w->pool, pool) && str_eq(w->spec.url, spec->url) && labels_eq(w->spec.labels, spec->labels))
                        return true;
        }
        return false;
}

static void plan_target(Plan *plan, const ScrapeConfig *config, const ScrapeGlobal *global, Str address, Labels labels)
{
        TargetSpec spec;
        Err err;
        if (!scrape_target_resolve(config, global, address, labels, plan->arena, &spec, &err)) {
                log_error("a target is left out", KV("job", config->job_name), KV("target", address), KV("err", &err));
                return;
        }
        if (spec.dropped)
                vec_push(&plan->dropped, (DroppedTarget){ config->job_name, spec.discovered });
        else if (!already_wanted(plan, config->job_name, &spec))
                vec_push(&plan->wanted, (Wanted){ config->job_name, spec, config, NULL });
}

static void plan_config(Plan *plan, const ScrapeConfig *config, const ScrapeGlobal *global)
{
        const ScrapeTargetGroup *groups = config->static_configs.data;
        size_t before = plan->wanted.len;
        vec_push(&plan->pools, str_dup(plan->arena, config->job_name));
        for (size_t i = 0; i < config->static_configs.n; i++)
                for (size_t k = 0; k < groups[i].targets.n; k++)
                        plan_target(plan, config, global, groups[i].targets.data[k], groups[i].labels);
        uint64_t limit = config->target_limit ? config->target_limit : global->target_limit;
        if (limit && plan->wanted.len - before > limit) {
                log_error("target_limit exceeded: the whole job is left out", KV("job", config->job_name), KV("targets", plan->wanted.len - before),
                          KV("limit", limit));
                plan->wanted.len = before;
        }
}

static void plan_source(Plan *plan, const ScrapeSource *source)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, plan->arena, (Labels){ 0 });
        labels_builder_set(&lb, STR("job"), str_of(source->job));
        labels_builder_set(&lb, STR("instance"), source->instance);
        Labels labels = labels_builder_build(&lb, plan->arena);
        TargetSpec spec = {
                .labels = labels, .discovered = labels, .url = str_printf(plan->arena, "pharos:%s", source->job), .interval_ms = source->interval_ms,
                .timeout_ms = source->interval_ms,
        };
        vec_push(&plan->pools, str_of(source->job));
        vec_push(&plan->wanted, (Wanted){ str_of(source->job), spec, NULL, source });
}

/* Takes the running loop that is what is wanted out of `old`. */
static ScrapeLoop *take_same(LoopVec *old, const Wanted *w)
{
        vec_each(it, old)
        {
                ScrapeLoop *l = *it;
                if (!l || (l->source == NULL) != (w->source == NULL) || !str_eq(l->pool, w->pool) || !str_eq(l->spec.url, w->spec.url) ||
                    !labels_eq(l->spec.labels, w->spec.labels) || l->spec.interval_ms != w->spec.interval_ms || l->spec.timeout_ms != w->spec.timeout_ms)
                        continue;
                *it = NULL;
                return l;
        }
        return NULL;
}

static void exchange(ScrapeManager *m, Plan *plan, LoopVec *old, LoopVec *fresh)
{
        LoopVec loops = { 0 };
        for (size_t i = 0; i < plan->wanted.len; i++) {
                const Wanted *w = &plan->wanted.data[i];
                ScrapeLoop *l = take_same(old, w);
                if (l) {
                        l->config = w->config;
                        scrape_cache_invalidate(l->cache);
                } else {
                        l = scrape_loop_new(&m->shared, w->pool, &w->spec, w->config, &m->global, w->source);
                        vec_push(fresh, l);
                }
                vec_push(&loops, l);
        }
        size_t n = 0;
        vec_each(it, old) if (*it) old->data[n++] = *it;
        old->len = n;
        m->loops = loops;
}

typedef struct Exchange {
        ScrapeManager *manager;
        Plan *plan;
        const ScrapeGlobal *global;
        LoopVec old, fresh;
} Exchange;

/* On the loop thread: no timer and no answer can look at a configuration while it changes; jobs are kept out by the lock. */
static void exchange_on_loop(void *arg)
{
        Exchange *x = arg;
        ScrapeManager *m = x->manager;
        pthread_rwlock_wrlock(&m->shared.config_lock);
        mutex_lock(&m->mu);
        x->old = m->loops;
        m->global = *x->global;
        exchange(m, x->plan, &x->old, &x->fresh);
        Arena *before = m->arena;
        m->arena = x->plan->arena;
        m->dropped.data = x->plan->dropped.data;
        m->dropped.len = x->plan->dropped.len;
        m->pools.data = x->plan->pools.data;
        m->pools.len = x->plan->pools.len;
        arena_free(before);
        mutex_unlock(&m->mu);
        pthread_rwlock_unlock(&m->shared.config_lock);
        stop_all(&x->old);
        start_all(&x->fresh);
}

bool scrape_manager_apply(ScrapeManager *m, const ScrapeGlobal *global, const ScrapeConfig *configs, size_t n, const ScrapeSource *sources,
                          size_t n_sources, Err *err)
{
        (void)err;
        Arena *arena = arena_new();
        Plan plan = { .arena = arena, .wanted.arena = arena, .dropped.arena = arena, .pools.arena = arena };
        for (size_t i = 0; i < n_sources; i++)
                plan_source(&plan, &sources[i]);
        for (size_t i = 0; i < n; i++)
                plan_config(&plan, &configs[i], global);
        Exchange x = { .manager = m, .plan = &plan, .global = global };
        loop_call(m->shared.options.loop, exchange_on_loop, &x);
        int64_t now_ms = clock_wall_ms(m->shared.options.clock);
        vec_each(l, &x.old)
        {
                scrape_loop_end(*l, now_ms);
                scrape_loop_unref(*l);
        }
        vec_done(&x.old);
        vec_done(&x.fresh);
        return true;
}

/* ---- status ---- */

static void copy_status(ScrapeLoop *l, Arena *arena, ScrapeTargetStatus *ret)
{
        MUTEX_SCOPE(&l->mu);
        *ret = (ScrapeTargetStatus){
                .pool = str_dup(arena, l->pool), .url = str_dup(arena, l->spec.url), .global_url = str_dup(arena, l->spec.url),
                .labels = labels_dup(arena, l->spec.labels), .discovered = labels_dup(arena, l->spec.discovered), .health = l->health,
                .last_error = l->health == SCRAPE_DOWN ? str_dup(arena, str_of(l->last_error.msg)) : (Str){ 0 }, .last_scrape_ms = l->last_ms,
                .last_seconds = l->last_seconds, .interval_ms = l->spec.interval_ms, .timeout_ms = l->spec.timeout_ms, .samples = l->samples,
                .series = l->series,
        };
}

void scrape_manager_status(ScrapeManager *m, Arena *arena, ScrapeStatus *ret)
{
        MUTEX_SCOPE(&m->mu);
        *ret = (ScrapeStatus){
                .active = arena_array(arena, ScrapeTargetStatus, m->loops.len), .n_active = m->loops.len,
                .dropped = arena_array(arena, ScrapeDropped, m->dropped.len), .n_dropped = m->dropped.len,
                .pools = arena_array(arena, Str, m->pools.len), .n_pools = m->pools.len,
        };
        for (size_t i = 0; i < m->loops.len; i++)
                copy_status(m->loops.data[i], arena, &ret->active[i]);
        for (size_t i = 0; i < m->dropped.len; i++)
                ret->dropped[i] = (ScrapeDropped){ str_dup(arena, m->dropped.data[i].pool), labels_dup(arena, m->dropped.data[i].discovered) };
        for (size_t i = 0; i < m->pools.len; i++)
                ret->pools[i] = str_dup(arena, m->pools.data[i]);
}

typedef struct MetaRun {
        Arena *arena;
        Str metric;
        Labels target;
        VEC(ScrapeMetadata) all;
} MetaRun;

static void add_metadata(void *arg, Str metric, const Metadata *meta)
{
        MetaRun *run = arg;
        if (run->metric.n && !str_eq(metric, run->metric))
                return;
        vec_push(&run->all, (ScrapeMetadata){
                                    .metric = str_dup(run->arena, metric), .target = run->target,
                                    .meta = { .type = meta->type, .help = str_dup(run->arena, meta->help), .unit = str_dup(run->arena, meta->unit) },
                            });
}

static int by_metric(const void *a, const void *b) { return str_cmp(((const ScrapeMetadata *)a)->metric, ((const ScrapeMetadata *)b)->metric); }

void scrape_manager_metadata(ScrapeManager *m, Str metric, Arena *arena, ScrapeMetadata **ret, size_t *ret_n)
{
        MetaRun run = { .arena = arena, .metric = metric, .all.arena = arena };
        mutex_lock(&m->mu);
        vec_each(l, &m->loops)
        {
                run.target = labels_dup(arena, (*l)->spec.labels);
                scrape_cache_each_metadata((*l)->cache, add_metadata, &run);
        }
        mutex_unlock(&m->mu);
        if (run.all.len > 1)
                qsort(run.all.data, run.all.len, sizeof *run.all.data, by_metric);
        *ret = run.all.data;
        *ret_n = run.all.len;
}
