/* Invariants:
 * 1. One fetch of a target at a time; a tick that finds it busy is skipped and counted.
 * 2. The time of a scrape is the planned one when it started within min(1 % of the interval, 2 ms) of it, so that the
 *    store sees even spacing; else the time it started.
 * 3. A scrape is stored whole, or it is a failure: up 0, and a stale marker for everything that was there before. */
#include "scrape/scrape_loop.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "component/http_auth.h"

METRIC_COUNTER(scrapes, "pharos_scrape_scrapes_total", "Scrapes finished, good and bad.");
METRIC_COUNTER(failed, "pharos_scrape_failed_total", "Scrapes that failed: no answer, bad text, a limit.");
METRIC_FAMILY(skipped, METRIC_KIND_COUNTER, "pharos_scrape_skipped_total", "Scrapes that did not happen, by reason.", "reason");
METRIC_HISTOGRAM(store_seconds, "pharos_scrape_store_seconds", "Time to parse and store one scrape.");

#define SCRAPE_ACCEPT                                                                                        \
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"                             \
        "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," \
        "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"

enum { DEFAULT_BODY_LIMIT_BYTES = 256 << 20 };

ScrapeLoop *scrape_loop_new(ScrapeShared *shared, Str pool, const TargetSpec *spec, const ScrapeConfig *config, const ScrapeGlobal *global,
                            const ScrapeSource *source)
{
        ScrapeLoop *l = mem_new(ScrapeLoop);
        Arena *arena = arena_new();
        l->refs = 1;
        l->shared = shared;
        l->arena = arena;
        l->pool = str_dup(arena, pool);
        l->spec = *spec;
        l->spec.labels = labels_dup(arena, spec->labels);
        l->spec.discovered = labels_dup(arena, spec->discovered);
        l->spec.url = str_dup(arena, spec->url);
        l->config = config;
        l->global = global;
        l->source = source;
        l->cache = scrape_cache_new();
        mutex_init(&l->work);
        mutex_init(&l->mu);
        return l;
}

static ScrapeLoop *loop_ref(ScrapeLoop *l)
{
        __atomic_fetch_add(&l->refs, 1, __ATOMIC_RELAXED);
        return l;
}

void scrape_loop_unref(ScrapeLoop *l)
{
        if (__atomic_fetch_sub(&l->refs, 1, __ATOMIC_ACQ_REL) > 1)
                return;
        scrape_cache_free(l->cache);
        mutex_done(&l->work);
        mutex_done(&l->mu);
        arena_free(l->arena);
        mem_free(l);
}

/* ---- storing, on the pool ---- */

typedef struct ScrapeJob {
        ScrapeLoop *loop;
        int64_t t_ms;
        bool ok; /* the text arrived */
        Err err;
        Buf body; /* heap */
        ExpoFormat format;
        double seconds;
} ScrapeJob;

static ScrapeRules rules_of(const ScrapeLoop *l)
{
        ScrapeRules r = { .target_labels = l->spec.labels, .honor_timestamps = true };
        const ScrapeConfig *c = l->config;
        if (!c)
                return r;
        r.honor_labels = c->honor_labels;
        r.honor_timestamps = c->honor_timestamps;
        r.track_timestamps_staleness = c->track_timestamps_staleness;
        r.metric_relabels = c->metric_relabel_configs.data;
        r.n_metric_relabels = c->metric_relabel_configs.n;
        r.sample_limit = c->sample_limit ? c->sample_limit : l->global->sample_limit;
        r.label_limit = c->label_limit ? c->label_limit : l->global->label_limit;
        r.label_name_length_limit = c->label_name_length_limit ? c->label_name_length_limit : l->global->label_name_length_limit;
        r.label_value_length_limit = c->label_value_length_limit ? c->label_value_length_limit : l->global->label_value_length_limit;
        return r;
}

static void report(ScrapeLoop *l, Appender *a, Arena *arena, int64_t t_ms, const double values[SCRAPE_REPORTS])
{
        static const char *const names[SCRAPE_REPORTS] = { "up", "scrape_duration_seconds", "scrape_samples_scraped",
                                                           "scrape_samples_post_metric_relabeling", "scrape_series_added" };
        for (size_t i = 0; i < SCRAPE_REPORTS; i++) {
                if (l->reports[i] && store_append(a, &l->reports[i], (Labels){ 0 }, t_ms, values[i]) != APPEND_BAD_LABELS)
                        continue;
                LabelsBuilder lb;
                labels_builder_init(&lb, arena, l->spec.labels);
                labels_builder_set(&lb, LABEL_NAME, str_of(names[i]));
                l->reports[i] = 0;
                store_append(a, &l->reports[i], labels_builder_build(&lb, arena), t_ms, values[i]);
        }
}

/* Parses and stores the body; on failure the appender was rolled back and *ret_appender is a fresh one with the stale markers. */
static bool store_body(ScrapeLoop *l, ScrapeJob *job, Arena *arena, Appender **appender, ScrapeCounts *counts)
{
        StoreEngine *store = l->shared->options.store;
        if (job->ok) {
                ScrapeRules rules = rules_of(l);
                if (scrape_cache_append(l->cache, &rules, buf_str(&job->body), job->format, job->t_ms, *appender, arena, counts, &job->err))
                        return true;
                store_rollback(*appender);
                *appender = store_appender(store);
        }
        counts->post_relabel = counts->added = 0;
        scrape_cache_end_all(l->cache, job->t_ms, *appender);
        return false;
}

static void note_status(ScrapeLoop *l, const ScrapeJob *job, bool up, const ScrapeCounts *counts)
{
        MUTEX_SCOPE(&l->mu);
        l->health = up ? SCRAPE_UP : SCRAPE_DOWN;
        if (!up)
                l->last_error = job->err;
        l->last_ms = job->t_ms;
        l->last_seconds = job->seconds;
        l->samples = counts->scraped;
        l->series = up ? scrape_cache_series(l->cache) : 0;
}

static void run_job(ScrapeLoop *l, ScrapeJob *job)
{
        const Clock *clock = l->shared->options.clock;
        AUTO(arena_free) Arena *arena = arena_new();
        ScrapeCounts counts = { 0 };
        int64_t start_ns = clock->mono_ns(clock);
        Err err;
        mutex_lock(&l->work);
        if (!l->ended) {
                pthread_rwlock_rdlock(&l->shared->config_lock);
                Appender *appender = store_appender(l->shared->options.store);
                bool up = store_body(l, job, arena, &appender, &counts);
                pthread_rwlock_unlock(&l->shared->config_lock);
                const double values[SCRAPE_REPORTS] = { up ? 1 : 0, job->seconds, (double)counts.scraped, (double)counts.post_relabel, (double)counts.added };
                report(l, appender, arena, job->t_ms, values);
                if (!store_commit(appender, &err)) {
                        log_error("a scrape is not stored", KV("target", l->spec.url), KV("err", &err));
                        job->err = err;
                        up = false;
                }
                metric_add(scrapes, 1);
                if (!up)
                        metric_add(failed, 1);
                note_status(l, job, up, &counts);
        }
        mutex_unlock(&l->work);
        metric_observe(store_seconds, (double)(clock->mono_ns(clock) - start_ns) * 1e-9);
        if (l->shared->options.on_scraped)
                l->shared->options.on_scraped(l->shared->options.on_scraped_ctx, job->t_ms);
}

static void finish_job(ScrapeJob *job)
{
        ScrapeShared *shared = job->loop->shared;
        scrape_loop_unref(job->loop);
        buf_done(&job->body);
        mem_free(job);
        mutex_lock(&shared->mu);
        shared->jobs--;
        mutex_cond_broadcast(&shared->idle);
        mutex_unlock(&shared->mu);
}

static void pool_job(void *arg)
{
        ScrapeJob *job = arg;
        run_job(job->loop, job);
        finish_job(job);
}

/* On the pool: gather, then store. */
static void source_job(void *arg)
{
        ScrapeJob *job = arg;
        ScrapeLoop *l = job->loop;
        const Clock *clock = l->shared->options.clock;
        int64_t start_ns = clock->mono_ns(clock);
        job->ok = l->source->gather(l->source->self, &job->body, &job->err);
        job->seconds = (double)(clock->mono_ns(clock) - start_ns) * 1e-9;
        run_job(l, job);
        finish_job(job);
}

static void submit(ScrapeLoop *l, ScrapeJob *job, void (*fn)(void *))
{
        ScrapeShared *shared = l->shared;
        job->loop = loop_ref(l);
        mutex_lock(&shared->mu);
        shared->jobs++;
        mutex_unlock(&shared->mu);
        if (pool_submit(shared->options.pool, fn, job))
                return;
        metric_add(metric_of(&skipped, STR("workers_busy")), 1);
        finish_job(job);
}

/* ---- fetching, on the loop thread ---- */

static int64_t snap(const ScrapeLoop *l, int64_t now_ms)
{
        int64_t tolerance_ms = MIN_OF(l->spec.interval_ms / 100, (int64_t)2);
        int64_t off_ms = now_ms - l->scheduled_ms;
        return off_ms >= -tolerance_ms && off_ms <= tolerance_ms ? l->scheduled_ms : now_ms;
}

static bool body_format(const ScrapeLoop *l, const HttpAnswer *answer, ExpoFormat *ret, Err *err)
{
        if (expofmt_from_content_type(answer->content_type, ret))
                return true;
        Str fallback = l->config ? l->config->fallback_scrape_protocol : (Str){ 0 };
        if (fallback.n) {
                *ret = str_starts(fallback, STR("OpenMetrics")) ? EXPO_OPENMETRICS : EXPO_TEXT;
                return true;
        }
        return err_set(err, ERR_INVALID, "received unsupported Content-Type '" STR_FMT "' and no fallback_scrape_protocol specified for target",
                       STR_ARG(str_sub(answer->content_type, 0, 100)));
}

static void fetched(void *arg, const HttpAnswer *answer)
{
        ScrapeLoop *l = arg;
        l->call = NULL;
        l->busy = false;
        if (!l->stopped) {
                ScrapeJob *job = mem_new(ScrapeJob);
                job->t_ms = l->due_ms;
                job->seconds = answer->seconds;
                if (!answer->ok)
                        job->err = answer->err;
                else if (answer->status != 200)
                        err_set(&job->err, ERR_UNAVAILABLE, "server returned HTTP status %d", answer->status);
                else if (body_format(l, answer, &job->format, &job->err))
                        job->ok = true;
                if (job->ok)
                        buf_str_add(&job->body, answer->body);
                submit(l, job, pool_job);
        }
        scrape_loop_unref(l);
}

static void fetch(ScrapeLoop *l)
{
        char timeout[32];
        snprintf(timeout, sizeof timeout, "%g", (double)l->spec.timeout_ms / 1000);
        HttpHeader headers[] = {
                { STR("Accept"), STR(SCRAPE_ACCEPT) },
                { STR("User-Agent"), STR("Prometheus/3.14.0 (compatible; pharos/" PHAROS_VERSION ")") },
                { STR("X-Prometheus-Scrape-Timeout-Seconds"), str_of(timeout) },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        HttpCallOptions call = {
                .url = l->spec.url, .headers = headers, .n_headers = 3, .timeout_ms = l->spec.timeout_ms, .accept_gzip = l->config->enable_compression,
        };
        HttpAuthTls auth;
        Err err;
        uint64_t limit = l->config->body_size_limit_bytes ? l->config->body_size_limit_bytes : l->global->body_size_limit_bytes;
        call.max_body_bytes = limit ? limit : DEFAULT_BODY_LIMIT_BYTES;
        if (!http_auth_fill(&l->config->http, arena, &call, &auth, &err)) {
                ScrapeJob *job = mem_new(ScrapeJob);
                job->t_ms = l->due_ms;
                job->err = err;
                submit(l, job, pool_job);
                return;
        }
        l->busy = true;
        l->call = http_client_start(l->shared->options.client, &call, fetched, loop_ref(l));
}

static void tick(void *arg)
{
        ScrapeLoop *l = arg;
        const Clock *clock = l->shared->options.clock;
        int64_t now_ms = clock_wall_ms(clock);
        if (l->scheduled_ms + l->spec.interval_ms <= now_ms) { /* late by whole intervals: the machine slept, or time jumped */
                int64_t missed = (now_ms - l->scheduled_ms) / l->spec.interval_ms;
                metric_add(metric_of(&skipped, STR("late")), missed);
                l->scheduled_ms += missed * l->spec.interval_ms;
        }
        if (l->busy) {
                metric_add(metric_of(&skipped, STR("still_running")), 1);
        } else {
                l->due_ms = snap(l, now_ms);
                if (l->source) {
                        ScrapeJob *job = mem_new(ScrapeJob);
                        job->t_ms = l->due_ms;
                        job->format = EXPO_TEXT;
                        submit(l, job, source_job);
                } else {
                        fetch(l);
                }
        }
        l->scheduled_ms += l->spec.interval_ms;
        int64_t wait_ms = l->scheduled_ms - clock_wall_ms(clock);
        loop_timer_restart(l->timer, MAX_OF(wait_ms, (int64_t)0));
}

void scrape_loop_start(ScrapeLoop *l)
{
        int64_t now_ms = clock_wall_ms(l->shared->options.clock);
        Str identity = l->spec.url;
        uint64_t seed = hash_fnv1a(identity) ^ labels_hash(l->spec.labels);
        int64_t interval_ms = l->spec.interval_ms;
        int64_t phase_ms = (int64_t)(seed % (uint64_t)interval_ms);
        int64_t at_ms = now_ms - now_ms % interval_ms + phase_ms;
        if (at_ms < now_ms)
                at_ms += interval_ms;
        if (l->source) /* costs nobody a connection: the first values at once */
                at_ms = now_ms;
        l->scheduled_ms = at_ms;
        l->timer = loop_timer_new(l->shared->options.loop, at_ms - now_ms, 0, tick, l);
}

void scrape_loop_stop(ScrapeLoop *l)
{
        l->stopped = true;
        loop_timer_free(l->timer);
        l->timer = NULL;
        if (l->call) {
                http_client_cancel(l->shared->options.client, l->call);
                l->call = NULL;
                scrape_loop_unref(l); /* the callback's */
        }
}

void scrape_loop_end(ScrapeLoop *l, int64_t t_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        const double gone[SCRAPE_REPORTS] = { sample_stale(), sample_stale(), sample_stale(), sample_stale(), sample_stale() };
        Err err;
        MUTEX_SCOPE(&l->work);
        l->ended = true;
        if (!l->reports[0])
                return;
        Appender *appender = store_appender(l->shared->options.store);
        scrape_cache_end_all(l->cache, t_ms, appender);
        report(l, appender, arena, t_ms, gone);
        if (!store_commit(appender, &err))
                log_warn("stale markers of a removed target are not stored", KV("target", l->spec.url), KV("err", &err));
}
