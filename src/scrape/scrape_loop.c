/* Invariants:
 * 1. One scrape of a target at a time, from its tick until it is stored; a tick that finds it busy is skipped and counted.
 * 2. The time of a scrape is the planned one when it started within min(1 % of the interval, 2 ms) of it, so that the
 *    store sees even spacing; else the time it started.
 * 3. A scrape is stored whole, or it is a failure: up 0, and a stale marker for everything that was there before. */
#include "scrape/scrape_loop.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "component/http_auth.h"
#include "model/fingerprint.h"
#include "scrape/scrape_request.h"

METRIC_COUNTER(scrapes, "pharos_scrape_scrapes_total", "Scrapes finished, good and bad.");
METRIC_COUNTER(failed, "pharos_scrape_failed_total", "Scrapes that failed: no answer, bad text, a limit.");
METRIC_FAMILY(skipped, METRIC_KIND_COUNTER, "pharos_scrape_skipped_total", "Scrapes that did not happen, by reason.",
              "reason");
METRIC_HISTOGRAM(store_seconds, "pharos_scrape_store_seconds", "Time to parse and store one scrape.");

enum { SMALL_BODY_BYTES = 64 << 10 /* copied, so that the connection keeps its buffer */ };

ScrapeLoop *scrape_loop_new(ScrapeShared *shared, Str pool, const TargetSpec *spec, const ScrapeConfig *config,
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
        l->source = source;
        l->cache = scrape_cache_new();
        mutex_init(&l->work);
        mutex_init(&l->mu);
        return l;
}

static ScrapeLoop *loop_ref(ScrapeLoop *l)
{
        atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
        return l;
}

void scrape_loop_unref(ScrapeLoop *l)
{
        if (atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) > 1)
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
        int64_t timeout_ms;
        bool ok; /* the text arrived */
        bool too_large;
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
        r.legacy_names = c->name_validation == SCRAPE_NAMES_LEGACY;
        r.sample_limit = c->sample_limit;
        r.label_limit = c->label_limit;
        r.label_name_length_limit = c->label_name_length_limit;
        r.label_value_length_limit = c->label_value_length_limit;
        return r;
}

static void report_one(ScrapeLoop *l, Appender *a, Arena *arena, size_t i, int64_t t_ms, double v)
{
        static const char *const names[SCRAPE_REPORTS] = { "up",
                                                           "scrape_duration_seconds",
                                                           "scrape_samples_scraped",
                                                           "scrape_samples_post_metric_relabeling",
                                                           "scrape_series_added",
                                                           "scrape_timeout_seconds",
                                                           "scrape_sample_limit",
                                                           "scrape_body_size_bytes" };
        if (l->reports[i] && store_append(a, &l->reports[i], (Labels){ 0 }, t_ms, v) != APPEND_BAD_LABELS)
                return;
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, l->spec.labels);
        labels_builder_set(&lb, LABEL_NAME, str_of(names[i]));
        l->reports[i] = 0;
        store_append(a, &l->reports[i], labels_builder_build(&lb, arena), t_ms, v);
}

/* What a scrape says of itself; the last three only with extra_scrape_metrics, and stale once that was switched off. */
static void report(ScrapeLoop *l, Appender *a, Arena *arena, int64_t t_ms, const double values[SCRAPE_REPORTS],
                   bool extra)
{
        for (size_t i = 0; i < SCRAPE_REPORTS; i++) {
                if (i < SCRAPE_PLAIN_REPORTS || extra) {
                        report_one(l, a, arena, i, t_ms, values[i]);
                } else if (l->reports[i]) {
                        report_one(l, a, arena, i, t_ms, sample_stale());
                        l->reports[i] = 0;
                }
        }
}

/* Parses and stores the body; on failure the appender was rolled back and *ret_appender is a fresh one with the stale markers. */
static bool store_body(ScrapeLoop *l, ScrapeJob *job, Arena *arena, Appender **appender, ScrapeCounts *counts)
{
        StoreEngine *store = l->shared->options.store;
        if (job->ok) {
                ScrapeRules rules = rules_of(l);
                ScrapeBody body = { .text = buf_str(&job->body), .format = job->format, .t_ms = job->t_ms };
                if (scrape_cache_append(l->cache, &rules, &body, *appender, arena, counts, &job->err))
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

/* Under work. */
static void store_job(ScrapeLoop *l, ScrapeJob *job, Arena *arena)
{
        ScrapeCounts counts = { 0 };
        Err err;
        pthread_rwlock_rdlock(&l->shared->config_lock);
        const ScrapeConfig *config = l->config;
        bool extra = config && config->extra_scrape_metrics;
        double sample_limit = config ? (double)config->sample_limit : 0;
        double body_bytes = job->ok ? (double)job->body.n : job->too_large ? -1 : 0;
        Appender *appender = store_appender(l->shared->options.store);
        bool up = store_body(l, job, arena, &appender, &counts);
        pthread_rwlock_unlock(&l->shared->config_lock);
        const double values[SCRAPE_REPORTS] = { up ? 1 : 0,
                                                job->seconds,
                                                (double)counts.scraped,
                                                (double)counts.post_relabel,
                                                (double)counts.added,
                                                (double)job->timeout_ms / 1000,
                                                sample_limit,
                                                body_bytes };
        report(l, appender, arena, job->t_ms, values, extra);
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

static void run_job(ScrapeLoop *l, ScrapeJob *job)
{
        const Clock *clock = l->shared->options.clock;
        AUTO(arena_free) Arena *arena = arena_new();
        int64_t start_ns = clock->mono_ns(clock);
        mutex_lock(&l->work);
        bool ended = l->ended;
        if (!ended)
                store_job(l, job, arena);
        mutex_unlock(&l->work);
        if (ended)
                return;
        metric_observe(store_seconds, (double)(clock->mono_ns(clock) - start_ns) * 1e-9);
        if (l->shared->options.on_scraped)
                l->shared->options.on_scraped(l->shared->options.on_scraped_ctx, job->t_ms);
}

static void finish_job(ScrapeJob *job)
{
        ScrapeShared *shared = job->loop->shared;
        job->loop->busy = false;
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
        log_warn("a scrape is dropped: every worker is busy", KV("target", l->spec.url));
        finish_job(job);
}

/* ---- fetching, on the loop thread ---- */

static int64_t snap(const ScrapeLoop *l, int64_t now_ms)
{
        int64_t tolerance_ms = MIN_OF(l->spec.interval_ms / 100, (int64_t)2);
        int64_t off_ms = now_ms - l->scheduled_ms;
        return off_ms >= -tolerance_ms && off_ms <= tolerance_ms ? l->scheduled_ms : now_ms;
}

static ScrapeJob *job_new(const ScrapeLoop *l)
{
        ScrapeJob *job = mem_new(ScrapeJob);
        job->t_ms = l->due_ms;
        job->timeout_ms = l->spec.timeout_ms;
        return job;
}

static void fail(ScrapeLoop *l, const Err *err)
{
        ScrapeJob *job = job_new(l);
        job->err = *err;
        submit(l, job, pool_job);
}

static void take_answer(const ScrapeLoop *l, const HttpAnswer *answer, ScrapeJob *job)
{
        job->seconds = answer->seconds;
        if (!answer->ok) {
                job->err = answer->err;
                job->too_large = answer->err.code == ERR_LIMIT;
        } else if (answer->status != 200) {
                err_set(&job->err, ERR_UNAVAILABLE, "server returned HTTP status %d", answer->status);
        } else if (scrape_request_format(answer->content_type, l->config->fallback_scrape_protocol, &job->format,
                                         &job->err)) {
                job->ok = true;
                if (answer->body.n <= SMALL_BODY_BYTES) {
                        buf_str_add(&job->body, answer->body);
                } else {
                        job->body = *answer->body_buf;
                        *answer->body_buf = (Buf){ 0 };
                }
        }
}

static void fetched(void *arg, const HttpAnswer *answer)
{
        ScrapeLoop *l = arg;
        l->call = NULL;
        if (!l->stopped) {
                ScrapeJob *job = job_new(l);
                take_answer(l, answer, job);
                submit(l, job, pool_job);
        }
        scrape_loop_unref(l);
}

static void fetch(ScrapeLoop *l)
{
        char timeout[32];
        snprintf(timeout, sizeof timeout, "%g", (double)l->spec.timeout_ms / 1000);
        AUTO(arena_free) Arena *arena = arena_new();
        HttpHeader headers[] = {
                { STR("Accept"), scrape_request_accept(&l->config->scrape_protocols, l->config->name_escaping, arena) },
                { STR("User-Agent"), STR("Prometheus/3.14.0 (compatible; pharos/" PHAROS_VERSION ")") },
                { STR("X-Prometheus-Scrape-Timeout-Seconds"), str_of(timeout) },
        };
        uint64_t limit = l->config->body_size_limit_bytes;
        HttpCallOptions call = {
                .url = l->spec.url,
                .headers = headers,
                .n_headers = ARRAY_LEN(headers),
                .timeout_ms = l->spec.timeout_ms,
                .accept_gzip = l->config->enable_compression,
                .max_body_bytes = limit ? limit : SCRAPE_DEFAULT_BODY_LIMIT_BYTES,
        };
        HttpAuthTls auth;
        Err err;
        if (http_auth_fill(&l->config->http, arena, &call, &auth, &err))
                l->call = http_client_start(l->shared->options.client, &call, fetched, loop_ref(l));
        else
                fail(l, &err);
}

static void begin(ScrapeLoop *l, int64_t due_ms)
{
        Err err;
        l->due_ms = due_ms;
        l->busy = true;
        if (l->forced_error.n) {
                err_set(&err, ERR_LIMIT, STR_FMT, STR_ARG(l->forced_error));
                fail(l, &err);
        } else if (l->source) {
                submit(l, job_new(l), source_job);
        } else {
                fetch(l);
        }
}

/* The first time after now_ms that has the target's phase: restarts and reloads keep it. */
static int64_t next_due(const ScrapeLoop *l, int64_t now_ms)
{
        int64_t at_ms = now_ms - now_ms % l->spec.interval_ms + l->phase_ms;
        return at_ms > now_ms ? at_ms : at_ms + l->spec.interval_ms;
}

static void tick(void *arg)
{
        ScrapeLoop *l = arg;
        const Clock *clock = l->shared->options.clock;
        int64_t now_ms = clock_wall_ms(clock);
        int64_t interval_ms = l->spec.interval_ms;
        int64_t late_ms = now_ms - l->scheduled_ms;
        if (late_ms >= interval_ms) /* the machine slept, or its time was set */
                metric_add(metric_of(&skipped, STR("late")), late_ms / interval_ms);
        if (l->busy)
                metric_add(metric_of(&skipped, STR("still_running")), 1);
        else
                begin(l, snap(l, now_ms));
        /* A timer that came a little early must not scrape twice; one whose clock was set back must not wait for long. */
        bool early = late_ms < 0 && late_ms > -interval_ms;
        l->scheduled_ms = next_due(l, early ? l->scheduled_ms : now_ms);
        loop_timer_restart(l->timer, MAX_OF(clock_real_ms(clock, l->scheduled_ms - clock_wall_ms(clock)), (int64_t)0));
}

static void set_phase(ScrapeLoop *l)
{
        uint64_t seed = hash_fnv1a(l->spec.url) ^ fingerprint_of(l->spec.labels);
        l->phase_ms = (int64_t)(seed % (uint64_t)l->spec.interval_ms);
}

void scrape_loop_start(ScrapeLoop *l)
{
        const Clock *clock = l->shared->options.clock;
        int64_t now_ms = clock_wall_ms(clock);
        set_phase(l);
        l->scheduled_ms = l->source ? now_ms : next_due(l, now_ms); /* a source costs nobody a connection: at once */
        l->timer = loop_timer_new(l->shared->options.loop, clock_real_ms(clock, l->scheduled_ms - now_ms), 0, tick, l);
}

void scrape_loop_respec(ScrapeLoop *l, const TargetSpec *spec)
{
        l->spec.timeout_ms = spec->timeout_ms;
        if (!labels_eq(l->spec.discovered, spec->discovered))
                l->spec.discovered = labels_dup(l->arena, spec->discovered);
        if (l->spec.interval_ms == spec->interval_ms)
                return;
        const Clock *clock = l->shared->options.clock;
        int64_t now_ms = clock_wall_ms(clock);
        l->spec.interval_ms = spec->interval_ms;
        set_phase(l);
        l->scheduled_ms = next_due(l, now_ms);
        loop_timer_restart(l->timer, clock_real_ms(clock, l->scheduled_ms - now_ms));
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
        Err err;
        MUTEX_SCOPE(&l->work);
        l->ended = true;
        if (!l->reports[0])
                return;
        t_ms = MAX_OF(t_ms, l->due_ms + 1); /* snap() may have dated the last scrape a little ahead */
        Appender *appender = store_appender(l->shared->options.store);
        scrape_cache_end_all(l->cache, t_ms, appender);
        for (size_t i = 0; i < SCRAPE_REPORTS; i++)
                if (l->reports[i])
                        report_one(l, appender, arena, i, t_ms, sample_stale());
        if (!store_commit(appender, &err))
                log_warn("stale markers of a removed target are not stored", KV("target", l->spec.url),
                         KV("err", &err));
}
