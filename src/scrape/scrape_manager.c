/* The manager: from configurations to loops. A target is its pool, URL and labels: while they stay, it keeps its loop, its
 * cache and its series over a reload; only the borrowed configuration behind it is exchanged, under config_lock. */
#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "scrape/scrape_loop.h"

typedef VEC(ScrapeLoop *) LoopVec;
typedef struct DroppedTarget {
        Str pool;
        Labels discovered;
} DroppedTarget;
typedef struct PoolState {
        Str name;
        uint64_t dropped;
} PoolState;

typedef struct TargetKey {
        Str pool, url;
        Labels labels;
        bool source;
} TargetKey;

static uint64_t key_hash(TargetKey k)
{
        return hash_u64(hash_str(k.pool) ^ hash_u64(hash_str(k.url) ^ labels_hash(k.labels)));
}

static bool key_eq(TargetKey a, TargetKey b)
{
        return a.source == b.source && str_eq(a.pool, b.pool) && str_eq(a.url, b.url) && labels_eq(a.labels, b.labels);
}

#define MAP_NAME TargetMap
#define MAP_FN_PREFIX target_map
#define MAP_KEY TargetKey
#define MAP_VAL ScrapeLoop *
#define MAP_HASH(k) key_hash(k)
#define MAP_EQ(a, b) key_eq(a, b)
#include "base/map.inc.h"

struct ScrapeManager {
        ScrapeShared shared;
        Mutex mu; /* guards what follows */
        LoopVec loops;
        Arena *arena; /* of the lists below, and of the loops' forced errors */
        VEC(DroppedTarget) dropped;
        VEC(PoolState) pools;
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
        vec_each(l, loops)
                scrape_loop_start(*l);
}

static void stop_all(void *arg)
{
        LoopVec *loops = arg;
        vec_each(l, loops)
                scrape_loop_stop(*l);
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
        vec_each(l, &m->loops)
                scrape_loop_unref(*l);
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
        Str forced_error;
} Wanted;

typedef struct Plan {
        Arena *arena;
        VEC(Wanted) wanted;
        TargetMap known; /* of wanted: values are NULL */
        VEC(DroppedTarget) dropped;
        VEC(PoolState) pools;
} Plan;

static TargetKey wanted_key(const Wanted *w)
{
        return (TargetKey){ w->pool, w->spec.url, w->spec.labels, w->source != NULL };
}

static void want(Plan *plan, Wanted w)
{
        bool fresh;
        target_map_put(&plan->known, wanted_key(&w), &fresh);
        if (fresh)
                vec_push(&plan->wanted, w);
}

static void plan_target(Plan *plan, const ScrapeConfig *config, const ScrapeGlobal *global, Str address, Labels labels)
{
        PoolState *pool = vec_last(&plan->pools);
        TargetSpec spec;
        Err err;
        if (!scrape_target_resolve(config, global, address, labels, plan->arena, &spec, &err)) {
                log_error("a target is left out", KV("job", config->job_name), KV("target", address), KV("err", &err));
                return;
        }
        if (!spec.dropped) {
                want(plan, (Wanted){ .pool = pool->name, .spec = spec, .config = config });
                return;
        }
        if (!config->keep_dropped_targets || pool->dropped < config->keep_dropped_targets)
                vec_push(&plan->dropped, (DroppedTarget){ pool->name, labels_dup(plan->arena, spec.discovered) });
        pool->dropped++;
}

static void plan_config(Plan *plan, const ScrapeConfig *config, const ScrapeGlobal *global)
{
        const ScrapeTargetGroup *groups = config->static_configs.data;
        size_t before = plan->wanted.len;
        vec_push(&plan->pools, (PoolState){ .name = str_dup(plan->arena, config->job_name) });
        for (size_t i = 0; i < config->static_configs.n; i++)
                for (size_t k = 0; k < groups[i].targets.n; k++)
                        plan_target(plan, config, global, groups[i].targets.data[k], groups[i].labels);
        uint64_t limit = config->target_limit ? config->target_limit : global->target_limit;
        size_t n = plan->wanted.len - before;
        if (!limit || n <= limit)
                return;
        log_error("target_limit exceeded: the scrapes of the job fail", KV("job", config->job_name), KV("targets", n),
                  KV("limit", limit));
        Str why = str_printf(plan->arena, "target_limit exceeded (number of targets: %zu, limit: %llu)", n,
                             (unsigned long long)limit);
        for (size_t i = before; i < plan->wanted.len; i++)
                plan->wanted.data[i].forced_error = why;
}

static void plan_source(Plan *plan, const ScrapeSource *source)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, plan->arena, (Labels){ 0 });
        labels_builder_set(&lb, STR("job"), str_of(source->job));
        labels_builder_set(&lb, STR("instance"), source->instance);
        Labels labels = labels_builder_build(&lb, plan->arena);
        TargetSpec spec = {
                .labels = labels,
                .discovered = labels,
                .url = str_printf(plan->arena, "pharos:%s", source->job),
                .interval_ms = source->interval_ms,
                .timeout_ms = source->interval_ms,
        };
        vec_push(&plan->pools, (PoolState){ .name = str_of(source->job) });
        want(plan, (Wanted){ .pool = str_of(source->job), .spec = spec, .source = source });
}

typedef struct Exchange {
        ScrapeManager *manager;
        Plan *plan;
        LoopVec old, fresh; /* to be ended; to be started */
        const ScrapeConfig *before, *after;
        bool same_rules; /* of before and after: asked for target after target of a job */
} Exchange;

static bool same_relabels(RelabelConfigList a, RelabelConfigList b)
{
        AUTO(buf_done) Buf x = { 0 };
        AUTO(buf_done) Buf y = { 0 };
        for (size_t i = 0; i < a.n; i++)
                relabel_print(&x, &a.data[i]);
        for (size_t i = 0; i < b.n; i++)
                relabel_print(&y, &b.data[i]);
        return a.n == b.n && str_eq(buf_str(&x), buf_str(&y));
}

/* Whether a line leads to the same series under both. */
static bool same_rules(Exchange *x, const ScrapeConfig *a, const ScrapeConfig *b)
{
        if (!a || !b)
                return a == b;
        if (x->before == a && x->after == b)
                return x->same_rules;
        x->before = a;
        x->after = b;
        x->same_rules = a->honor_labels == b->honor_labels && a->name_validation == b->name_validation &&
                        a->label_limit == b->label_limit && a->label_name_length_limit == b->label_name_length_limit &&
                        a->label_value_length_limit == b->label_value_length_limit &&
                        same_relabels(a->metric_relabel_configs, b->metric_relabel_configs);
        return x->same_rules;
}

static void exchange_one(Exchange *x, ScrapeLoop *l, const Wanted *w)
{
        if (!same_rules(x, l->config, w->config))
                scrape_cache_invalidate(l->cache);
        l->config = w->config;
        scrape_loop_respec(l, &w->spec);
}

/* Loops that are wanted go from `old` to the manager's list, new ones also to x->fresh. */
static void exchange_loops(Exchange *x)
{
        ScrapeManager *m = x->manager;
        TargetMap running = { 0 };
        LoopVec loops = { 0 };
        vec_each(it, &m->loops)
                *target_map_put(&running,
                                (TargetKey){ (*it)->pool, (*it)->spec.url, (*it)->spec.labels, (*it)->source != NULL },
                                NULL) = *it;
        vec_each(w, &x->plan->wanted) {
                ScrapeLoop **found = target_map_get(&running, wanted_key(w));
                ScrapeLoop *l = found ? *found : scrape_loop_new(&m->shared, w->pool, &w->spec, w->config, w->source);
                CHECK(l);
                if (found) {
                        exchange_one(x, l, w);
                        *found = NULL;
                } else {
                        vec_push(&x->fresh, l);
                }
                l->forced_error = w->forced_error;
                vec_push(&loops, l);
        }
        for (TargetMapSlot *s = target_map_next(&running, NULL); s; s = target_map_next(&running, s))
                if (s->val)
                        vec_push(&x->old, s->val);
        target_map_done(&running);
        vec_done(&m->loops);
        m->loops = loops;
}

/* On the loop thread: no timer and no answer can look at a configuration while it changes; jobs are kept out by the lock. */
static void exchange_on_loop(void *arg)
{
        Exchange *x = arg;
        ScrapeManager *m = x->manager;
        pthread_rwlock_wrlock(&m->shared.config_lock);
        mutex_lock(&m->mu);
        exchange_loops(x);
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
}

bool scrape_manager_apply(ScrapeManager *m, const ScrapeGlobal *global, const ScrapeConfig *configs, size_t n,
                          const ScrapeSource *sources, size_t n_sources, Err *err)
{
        (void)err;
        Arena *arena = arena_new();
        Plan plan = { .arena = arena,
                      .wanted.arena = arena,
                      .known.arena = arena,
                      .dropped.arena = arena,
                      .pools.arena = arena };
        for (size_t i = 0; i < n_sources; i++)
                plan_source(&plan, &sources[i]);
        for (size_t i = 0; i < n; i++)
                plan_config(&plan, &configs[i], global);
        Exchange x = { .manager = m, .plan = &plan };
        loop_call(m->shared.options.loop, exchange_on_loop, &x);
        int64_t now_ms = clock_wall_ms(m->shared.options.clock);
        vec_each(l, &x.old) {
                scrape_loop_end(*l, now_ms);
                scrape_loop_unref(*l);
        }
        /* Only now: a new target with the labels of an old one starts behind its stale markers. */
        loop_call(m->shared.options.loop, start_all, &x.fresh);
        vec_done(&x.old);
        vec_done(&x.fresh);
        return true;
}

/* ---- status ---- */

static void copy_status(ScrapeLoop *l, Arena *arena, ScrapeTargetStatus *ret)
{
        MUTEX_SCOPE(&l->mu);
        *ret = (ScrapeTargetStatus){
                .pool = str_dup(arena, l->pool),
                .url = str_dup(arena, l->spec.url),
                .global_url = str_dup(arena, l->spec.url),
                .labels = labels_dup(arena, l->spec.labels),
                .discovered = labels_dup(arena, l->spec.discovered),
                .health = l->health,
                .last_error = l->health == SCRAPE_DOWN ? str_dup(arena, str_of(l->last_error.msg)) : (Str){ 0 },
                .last_scrape_ms = l->last_ms,
                .last_seconds = l->last_seconds,
                .interval_ms = l->spec.interval_ms,
                .timeout_ms = l->spec.timeout_ms,
                .samples = l->samples,
                .series = l->series,
        };
}

void scrape_manager_status(ScrapeManager *m, Arena *arena, ScrapeStatus *ret)
{
        MUTEX_SCOPE(&m->mu);
        *ret = (ScrapeStatus){
                .active = arena_array(arena, ScrapeTargetStatus, m->loops.len),
                .n_active = m->loops.len,
                .dropped = arena_array(arena, ScrapeDropped, m->dropped.len),
                .n_dropped = m->dropped.len,
                .pools = arena_array(arena, Str, m->pools.len),
                .pool_dropped = arena_array(arena, uint64_t, m->pools.len),
                .n_pools = m->pools.len,
        };
        for (size_t i = 0; i < m->loops.len; i++)
                copy_status(m->loops.data[i], arena, &ret->active[i]);
        for (size_t i = 0; i < m->dropped.len; i++)
                ret->dropped[i] = (ScrapeDropped){ str_dup(arena, m->dropped.data[i].pool),
                                                   labels_dup(arena, m->dropped.data[i].discovered) };
        for (size_t i = 0; i < m->pools.len; i++) {
                ret->pools[i] = str_dup(arena, m->pools.data[i].name);
                ret->pool_dropped[i] = m->pools.data[i].dropped;
        }
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
                                    .metric = str_dup(run->arena, metric),
                                    .target = run->target,
                                    .meta = { .type = meta->type,
                                              .help = str_dup(run->arena, meta->help),
                                              .unit = str_dup(run->arena, meta->unit) },
                            });
}

static int by_metric(const void *a, const void *b)
{
        return str_cmp(((const ScrapeMetadata *)a)->metric, ((const ScrapeMetadata *)b)->metric);
}

void scrape_manager_metadata(ScrapeManager *m, Str metric, Arena *arena, ScrapeMetadata **ret, size_t *ret_n)
{
        MetaRun run = { .arena = arena, .metric = metric, .all.arena = arena };
        mutex_lock(&m->mu);
        vec_each(l, &m->loops) {
                run.target = labels_dup(arena, (*l)->spec.labels);
                scrape_cache_each_metadata((*l)->cache, add_metadata, &run);
        }
        mutex_unlock(&m->mu);
        if (run.all.len > 1)
                qsort(run.all.data, run.all.len, sizeof *run.all.data, by_metric);
        *ret = run.all.data;
        *ret_n = run.all.len;
}
