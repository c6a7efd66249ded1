/* The wiring. Threads: the loop (fetches, deliveries), the server's, the pool's, one scheduler (rules, groups, upkeep),
 * and main, which waits for signals: SIGTERM and SIGINT end, SIGHUP reloads.
 *
 * Invariants:
 * 1. Start order is bottom up (store, engine, rules, router, scraping, server), stop order is its reverse: nobody calls
 *    what is gone.
 * 2. A reload loads and checks everything before anything changes; the old configuration is freed last. */
#include "app/app_serve.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "app/app_backtest.h"
#include "app/app_config.h"
#include "app/app_flags.h"
#include "app/app_self.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "codec/json.h"
#include "net/url.h"
#include "os/mutex.h"
#include "os/proc.h"
#include "os/thread.h"
#include "ui/ui.h"

enum {
        POOL_QUEUE = 4096,
        MAX_LIVE_CLIENTS = 256,
        MAX_FETCHES = 4096,
        UPKEEP_MS = 1000,
        EXPIRE_EVERY_MS = 3600 * 1000,
        LIVE_EVERY_MS = 1000
};

typedef struct App {
        AppFlags flags;
        RateClock rated; /* what the flags ask for */
        const Clock *clock;
        Arena *arena;
        Mutex config_mu; /* one reload at a time; guards config, reload_ok, reload_ms */
        AppConfig *config;
        bool reload_ok;
        int64_t reload_ms;
        Loop *loop;
        Pool *pool;
        HttpClient *client;
        StateDb *statedb;
        Tsdb *tsdb;
        PromqlEngine *promql;
        Notify *notify;
        AlertRouter *router;
        RulesForward *forward;
        RulesManager *rules;
        ScrapeManager *scrape;
        IngestRemoteWrite *remote_write;
        SseHub *live;
        HttpServer *server, *alertmanager; /* the second: NULL without an address */
        HttpRoute *routes, *alertmanager_routes;
        ApiContext api;
        AppBacktestBase backtest;
        CollectHost *host;
        Mutex host_mu;
        ScrapeSource sources[2];
        size_t n_sources;
        /* the scheduler */
        Thread scheduler;
        bool scheduled;
        Mutex tick_mu;
        Cond tick_cond;
        bool woken, stopping;
        atomic_bool upkeep_runs;
        int64_t expired_ms;         /* upkeep's */
        _Atomic int64_t scraped_ms; /* last told to the live listeners */
} App;

/* ---- callbacks ---- */

static void on_scraped(void *ctx, int64_t t_ms)
{
        App *app = ctx;
        int64_t last = app->scraped_ms;
        if (t_ms - last < LIVE_EVERY_MS || !atomic_compare_exchange_strong(&app->scraped_ms, &last, t_ms))
                return;
        char text[64];
        int n = snprintf(text, sizeof text, "{\"t_ms\":%lld}", (long long)t_ms);
        sse_hub_publish(app->live, "scrape", str_n(text, (size_t)n));
}

static void on_alerts(void *ctx, size_t firing, size_t pending)
{
        App *app = ctx;
        char text[80];
        int n = snprintf(text, sizeof text, "{\"firing\":%zu,\"pending\":%zu}", firing, pending);
        sse_hub_publish(app->live, "alerts", str_n(text, (size_t)n));
}

static void wake(void *ctx)
{
        App *app = ctx;
        mutex_lock(&app->tick_mu);
        app->woken = true;
        mutex_cond_signal(&app->tick_cond);
        mutex_unlock(&app->tick_mu);
}

static bool gather_host(void *ctx, Buf *out, Err *err)
{
        App *app = ctx;
        MUTEX_SCOPE(&app->host_mu);
        return collect_host_gather(app->host, out, err);
}

static bool gather_self(void *ctx, Buf *out, Err *err)
{
        (void)ctx;
        (void)err;
        metric_write_text(out);
        return true;
}

/* On the pool: it may take long, and rules must not wait for it. */
static void upkeep_job(void *ctx)
{
        App *app = ctx;
        Err err;
        int64_t now_ms = clock_wall_ms(app->clock);
        tsdb_maintain(app->tsdb);
        if (now_ms - app->expired_ms >= EXPIRE_EVERY_MS || statedb_is_over(app->statedb)) {
                app->expired_ms = now_ms;
                if (!statedb_expire(app->statedb, now_ms, &err))
                        log_warn("old documents and events are not deleted", KV("err", &err));
        }
        app->upkeep_runs = false;
}

static void schedule(void *ctx)
{
        App *app = ctx;
        int64_t next_upkeep_ms = 0;
        for (;;) {
                int64_t wait_ms = rules_manager_tick(app->rules);
                wait_ms = MIN_OF(wait_ms, alert_router_tick(app->router));
                wait_ms = clock_real_ms(app->clock, wait_ms);
                int64_t now_ms = clock_mono_ms(app->clock);
                if (now_ms >= next_upkeep_ms) {
                        if (!atomic_exchange(&app->upkeep_runs, true) && !pool_submit(app->pool, upkeep_job, app))
                                app->upkeep_runs = false;
                        next_upkeep_ms = now_ms + clock_real_ms(app->clock, UPKEEP_MS);
                }
                wait_ms = MIN_OF(wait_ms, next_upkeep_ms - now_ms);
                int64_t until_ns = app->clock->mono_ns(app->clock) + MAX_OF(wait_ms, (int64_t)1) * 1000000;
                mutex_lock(&app->tick_mu);
                while (!app->woken && !app->stopping && mutex_cond_wait_until(&app->tick_cond, &app->tick_mu, until_ns))
                        continue;
                app->woken = false;
                bool stop = app->stopping;
                mutex_unlock(&app->tick_mu);
                if (stop)
                        return;
        }
}

/* ---- configuration ---- */

static AppConfig *load_config(App *app, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Diags diags;
        Buf text = { .arena = arena };
        diags_init(&diags, arena);
        AppConfig *config = app_config_load(app->flags.config, &app->flags.features, app->flags.matchers, &diags);
        diags_print(&text, &diags);
        if (text.n)
                fwrite(text.p, 1, text.n, stderr);
        if (!config && diags.list.len) {
                const Diag *first = &diags.list.data[0];
                for (size_t i = 0; i < diags.list.len && first->level != DIAG_ERROR; i++)
                        first = &diags.list.data[i];
                err_set(err, ERR_INVALID, STR_FMT ":%u:%u: " STR_FMT, STR_ARG(first->file), first->pos.line,
                        first->pos.col, STR_ARG(first->message));
        } else if (!config) {
                err_set(err, ERR_INVALID, "the configuration does not load");
        }
        return config;
}

static bool apply_config(App *app, AppConfig *c, Err *err)
{
        if (!scrape_manager_apply(app->scrape, &c->global, c->scrape, c->n_scrape, app->sources, app->n_sources, err))
                return false;
        notify_apply(app->notify, c->receivers); /* before the routes that name them */
        if (!alert_router_apply(app->router, &c->alert, err))
                return false;
        rules_forward_apply(app->forward, c->peers);
        rules_manager_apply(app->rules, c->rule_files, c->n_rule_files, c->global.external_labels,
                            c->global.evaluation_interval_ms, c->global.rule_query_offset_ms);
        return true;
}

static void tell_reload(App *app, bool ok, const char *why)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Buf text = { .arena = arena };
        JsonWriter w;
        json_writer_init(&w, &text);
        json_begin_object(&w);
        json_key_bool(&w, "ok", ok);
        json_key_cstr(&w, "error", ok ? "" : why);
        json_end_object(&w);
        sse_hub_publish(app->live, "reload", buf_str(&text));
}

static bool app_reload(void *ctx, Err *err)
{
        App *app = ctx;
        MUTEX_SCOPE(&app->config_mu);
        AppConfig *fresh = load_config(app, err);
        bool ok = fresh && apply_config(app, fresh, err);
        if (fresh && !ok) { /* parts of it may be in force */
                Err again;
                if (!apply_config(app, app->config, &again))
                        log_error("the configuration before it cannot be restored", KV("err", &again));
                app_config_free(fresh);
        }
        app->reload_ok = ok;
        if (ok) {
                app->reload_ms = clock_wall_ms(app->clock);
                app_config_free(app->config);
                app->config = fresh;
                log_info("configuration reloaded", KV("file", app->flags.config ? app->flags.config : "(defaults)"));
                wake(app);
        } else {
                log_error("reload failed: the configuration before it stays in force", KV("err", err));
        }
        tell_reload(app, ok, err->msg);
        return ok;
}

static void app_quit(void *ctx)
{
        (void)ctx;
        kill(getpid(), SIGTERM);
}

/* Copied: a reload may come at any time. */
static Labels app_external_labels(void *ctx, Arena *arena)
{
        App *app = ctx;
        MUTEX_SCOPE(&app->config_mu);
        return labels_dup(arena, app->config->global.external_labels);
}

static Str app_yaml(void *ctx, Arena *arena)
{
        App *app = ctx;
        MUTEX_SCOPE(&app->config_mu);
        return app_config_masked(app->config, arena);
}

static void app_flag_list(void *ctx, Arena *arena, Str **ret_names, Str **ret_values, size_t *ret_n)
{
        app_flags_list(&((App *)ctx)->flags, arena, ret_names, ret_values, ret_n);
}

static const AppConfig *acquire_config(void *ctx) LOCKS_UNCHECKED
{
        App *app = ctx;
        mutex_lock(&app->config_mu);
        return app->config;
}

static void release_config(void *ctx) LOCKS_UNCHECKED { mutex_unlock(&((App *)ctx)->config_mu); }

static void app_reload_state(void *ctx, bool *ret_ok, int64_t *ret_ms)
{
        App *app = ctx;
        MUTEX_SCOPE(&app->config_mu);
        *ret_ok = app->reload_ok;
        *ret_ms = app->reload_ms;
}

/* ---- start ---- */

static TsdbRetention *retention_rules(const AppStorage *s, Arena *arena)
{
        const AppRetention *rules = s->retention_rules.data;
        TsdbRetention *out = arena_array(arena, TsdbRetention, s->retention_rules.n);
        for (size_t i = 0; i < s->retention_rules.n; i++)
                out[i] = (TsdbRetention){ rules[i].matchers, rules[i].retention_ms };
        return out;
}

static TsdbRollup *rollups(const AppStorage *s, Arena *arena)
{
        const AppRollup *from = s->rollups.data;
        TsdbRollup *out = arena_array(arena, TsdbRollup, s->rollups.n);
        for (size_t i = 0; i < s->rollups.n; i++)
                out[i] = (TsdbRollup){ from[i].resolution_ms, from[i].retention_ms };
        return out;
}

static bool open_stores(App *app, Err *err)
{
        const AppFlags *f = &app->flags;
        const AppStorage *s = &app->config->storage;
        char path[4096];
        if (!fs_system()->mkdir_all(fs_system(), f->data, err))
                return err_wrap(err, "create the data folder");
        if (snprintf(path, sizeof path, "%s/metrics", f->data) >= (int)sizeof path)
                return err_set(err, ERR_INVALID, "the path of --data is too long");
        TsdbOptions options = {
                .dir = path,
                .clock = app->clock,
                .pool = app->pool,
                .retention_ms = f->retention_ms ? f->retention_ms : s->retention_ms,
                .retentions = retention_rules(s, app->arena),
                .n_retentions = s->retention_rules.n,
                .rollups = rollups(s, app->arena),
                .n_rollups = s->rollups.n,
                .retention_bytes = f->retention_bytes ? f->retention_bytes : s->retention_bytes,
                .out_of_order_window_ms = s->out_of_order_window_ms,
                .max_series = (size_t)s->max_series,
                .max_series_per_metric = (size_t)s->max_series_per_metric,
                .max_label_values = (size_t)s->max_label_values,
                .max_exemplars = s->max_exemplars ? (int64_t)s->max_exemplars : -1,
        };
        app->api.retention_ms = options.retention_ms;
        app->api.retention_bytes = options.retention_bytes;
        if (!tsdb_open(&options, &app->tsdb, err))
                return err_wrap(err, "open the metric store");
        snprintf(path, sizeof path, "%s/state.db", f->data);
        return statedb_open(path, &app->statedb, err) || err_wrap(err, "open the state database");
}

static bool open_collectors(App *app, Err *err)
{
        const AppConfig *c = app->config;
        if (c->collect.enabled) {
                if (!collect_host_new(&c->collect.host, fs_system(), app->clock, &app->host, err))
                        return err_wrap(err, "collect.host");
                app->sources[app->n_sources++] = (ScrapeSource){
                        .job = "host",
                        .instance = proc_hostname(app->arena),
                        .interval_ms = c->collect.interval_ms,
                        .gather = gather_host,
                        .self = app,
                };
        }
        if (c->self.enabled)
                app->sources[app->n_sources++] = (ScrapeSource){
                        .job = "pharos",
                        .instance = proc_hostname(app->arena),
                        .interval_ms = c->self.interval_ms,
                        .gather = gather_self,
                        .self = app,
                };
        return true;
}

/* ---- what receivers remember */

static void keep_put(void *ctx, Str key, Str value, int64_t expires_ms)
{
        App *app = ctx;
        Err err;
        if (!statedb_put(app->statedb, STR("notify"), key, value, expires_ms, &err))
                log_warn("where a message was posted is not kept beyond a restart", KV("err", &err));
}

typedef struct KeepEach {
        void (*found)(void *arg, Str key, Str value, int64_t expires_ms);
        void *arg;
} KeepEach;

static bool keep_found(void *arg, Str key, Str value, int64_t expires_ms)
{
        const KeepEach *each = arg;
        each->found(each->arg, key, value, expires_ms);
        return true;
}

static void keep_each(void *ctx, void (*found)(void *arg, Str key, Str value, int64_t expires_ms), void *arg)
{
        App *app = ctx;
        KeepEach each = { found, arg };
        Err err;
        if (!statedb_each(app->statedb, STR("notify"), keep_found, &each, &err))
                log_warn("which messages were posted is unreadable: groups get new ones", KV("err", &err));
}

static bool open_engines(App *app, Err *err)
{
        const AppFlags *f = &app->flags;
        PromqlOptions promql = {
                .clock = app->clock,
                .pool = app->pool,
                .lookback_ms = f->lookback_ms,
                .timeout_ms = f->query_timeout_ms,
                .max_samples = f->query_max_samples,
                .max_bytes = f->query_max_bytes,
                .max_total_bytes = f->query_max_total_bytes,
                .max_concurrent = f->query_max_concurrency,
                .cache_bytes = f->query_cache_bytes,
                .default_step_ms = app->config->global.evaluation_interval_ms,
                .features = f->features,
        };
        app->promql = promql_engine_new(&promql);
        NotifyOptions notify = {
                .loop = app->loop,
                .client = app->client,
                .version = STR("0.34.0"),
                .on_room = wake,
                .on_room_ctx = app,
                .keep = { keep_put, keep_each, app },
        };
        app->notify = notify_new(&notify);
        AlertRouterOptions router = {
                .clock = app->clock,
                .statedb = app->statedb,
                .external_url = str_of(f->external_url),
                .pool = app->pool,
                .max_silences = f->max_silences,
                .max_silence_bytes = f->max_silence_bytes,
                .silence_retention_ms = f->silence_retention_ms,
                .wake = wake,
                .wake_ctx = app,
                .sender = { .integrations = notify_integrations,
                            .send_resolved = notify_send_resolved,
                            .send = notify_send,
                            .self = app->notify,
                            .room = notify_room },
        };
        app->router = alert_router_new(&router);
        app->forward = rules_forward_new(app->client, alert_router_sink(app->router));
        RulesOptions rules = {
                .engine = app->promql,
                .store = tsdb_engine(app->tsdb),
                .pool = app->pool,
                .clock = app->clock,
                .statedb = app->statedb,
                .sink = rules_forward_sink(app->forward),
                .external_url = str_of(f->external_url),
                .external_labels = app->config->global.external_labels,
                .default_interval_ms = app->config->global.evaluation_interval_ms,
                .default_query_offset_ms = app->config->global.rule_query_offset_ms,
                .resend_delay_ms = f->resend_delay_ms,
                .outage_tolerance_ms = f->for_outage_tolerance_ms,
                .max_concurrent_evals = f->rules_max_concurrent_evals,
                .on_change = on_alerts,
                .on_change_ctx = app,
        };
        app->rules = rules_manager_new(&rules);
        ScrapeManagerOptions scrape = {
                .loop = app->loop,
                .client = app->client,
                .pool = app->pool,
                .store = tsdb_engine(app->tsdb),
                .clock = app->clock,
                .on_scraped = on_scraped,
                .on_scraped_ctx = app,
        };
        app->scrape = scrape_manager_new(&scrape);
        app->remote_write = ingest_remote_write_new(tsdb_engine(app->tsdb), app->clock);
        return open_collectors(app, err) && apply_config(app, app->config, err);
}

static HttpRoute backtest_route(App *app)
{
        app->backtest = (AppBacktestBase){ .clock = app->clock,
                                           .engine = app->promql,
                                           .store = tsdb_engine(app->tsdb),
                                           .rules = app->rules,
                                           .sender = { .integrations = notify_integrations,
                                                       .send_resolved = notify_send_resolved,
                                                       .self = app->notify },
                                           .external_url = str_of(app->flags.external_url),
                                           .resend_delay_ms = app->flags.resend_delay_ms,
                                           .acquire = acquire_config,
                                           .release = release_config,
                                           .ctx = app };
        return (HttpRoute){ .methods = HTTP_POST,
                            .path = "/api/pharos/v1/rules/backtest",
                            .handle = app_backtest_handle,
                            .self = &app->backtest,
                            .on_pool = true,
                            .max_body_bytes = 16 << 20 };
}

static bool start_server(App *app, Err *err)
{
        const AppFlags *f = &app->flags;
        size_t n_api;
        size_t n_ui;
        app->api = (ApiContext){
                .tsdb = app->tsdb,
                .store = tsdb_engine(app->tsdb),
                .promql = app->promql,
                .rules = app->rules,
                .forward = app->forward,
                .alerts = app->router,
                .scrape = app->scrape,
                .statedb = app->statedb,
                .data_dir = str_of(f->data),
                .remote_write = app->remote_write,
                .live = app->live,
                .clock = app->clock,
                .start_ms = clock_wall_ms(app->clock),
                .retention_ms = app->api.retention_ms,
                .retention_bytes = app->api.retention_bytes,
                .external_url = str_of(f->external_url),
                .admin_api = f->admin_api,
                .lifecycle = f->lifecycle,
                .ready = true,
                .app = app,
                .reload = app_reload,
                .quit = app_quit,
                .external_labels = app_external_labels,
                .config_yaml = app_yaml,
                .flags = app_flag_list,
                .reload_state = app_reload_state,
                .host_metrics = app->host ? gather_host : NULL,
        };
        HttpRoute *api = api_routes(&app->api, &n_api);
        const HttpRoute *ui = ui_routes(f->route_prefix, &n_ui);
        app->routes = mem_new_array(HttpRoute, n_api + n_ui + 1);
        memcpy(app->routes, api, n_api * sizeof *api);
        app->routes[n_api + n_ui] = backtest_route(app);
        if (n_ui)
                memcpy(app->routes + n_api, ui, n_ui * sizeof *ui);
        mem_free(api);
        Url external;
        Err ignored; /* a URL that does not parse allows nobody more */
        const char *external_host = url_parse(str_of(f->external_url), &external, &ignored)
                                            ? str_dupz(app->arena, external.host)
                                            : "";
        HttpServerOptions options = {
                .listen = f->listen,
                .allowed_hosts = &external_host,
                .n_allowed_hosts = external_host[0] ? 1 : 0,
                .route_prefix = f->route_prefix ? f->route_prefix : "/",
                .max_connections = f->max_connections,
                .pool = app->pool,
                .cors_origin = f->cors_origin,
        };
        return http_server_start(&options, app->routes, n_api + n_ui + 1, &app->server, err);
}

/* Clients that know an Alertmanager's address find one there. */
static bool start_alertmanager(App *app, Err *err)
{
        const AppFlags *f = &app->flags;
        size_t n;
        if (!f->alertmanager_listen)
                return true;
        app->alertmanager_routes = api_alertmanager_routes(&app->api, &n);
        HttpServerOptions options = { .listen = f->alertmanager_listen,
                                      .max_connections = f->max_connections,
                                      .pool = app->pool };
        return http_server_start(&options, app->alertmanager_routes, n, &app->alertmanager, err) ||
               err_wrap(err, "alertmanager.listen-address");
}

/* The part of --listen before the port; empty for every address. */
static Str listen_host(const App *app)
{
        Str listen = str_of(app->flags.listen);
        size_t colon = str_rfind_char(listen, ':');
        Str host = colon == SIZE_MAX ? listen : str_sub(listen, 0, colon);
        return str_eq(host, STR("0.0.0.0")) || str_eq(host, STR("[::]")) ? (Str){ 0 } : host;
}

static const char *prefix_of(const App *app)
{
        const char *prefix = app->flags.route_prefix;
        return prefix && strcmp(prefix, "/") != 0 ? prefix : "";
}

/* What stands in links of notifications: the machine's name when every address is listened on. */
static const char *external_url(App *app)
{
        Str host = listen_host(app);
        Str listen = str_of(app->flags.listen);
        size_t colon = str_rfind_char(listen, ':');
        if (!host.n)
                host = proc_hostname(app->arena);
        return str_printf(app->arena, "http://" STR_FMT STR_FMT "%s", STR_ARG(host),
                          STR_ARG(str_sub(listen, colon, listen.n)), prefix_of(app))
                .p;
}

/* What people open: where we listen, with a name that a browser takes. */
static Str server_url(App *app)
{
        Str host = listen_host(app);
        return str_printf(app->arena, "http://" STR_FMT ":%d%s/", STR_ARG(host.n ? host : STR("localhost")),
                          http_server_port(app->server), prefix_of(app));
}

static bool start_clock(App *app, Err *err)
{
        const AppFlags *f = &app->flags;
        app->clock = clock_system();
        if (f->clock_rate == 1)
                return true;
        if (f->clock_anchor_s > UINT64_MAX / 1000)
                return err_set(err, ERR_INVALID, "--clock.anchor is too large");
        if (!clock_rate_init(&app->rated, f->clock_rate, f->clock_anchor_s * 1000, err))
                return err_wrap(err, "--clock.rate");
        app->clock = &app->rated.clock;
        log_warn("time runs faster than in reality: this is for tests", KV("rate", f->clock_rate),
                 KV("anchor_s", app->rated.anchor_ns / 1000000000));
        return true;
}

static bool start(App *app, Err *err)
{
        app->pool = pool_new(0, POOL_QUEUE);
        app->live = sse_hub_new(MAX_LIVE_CLIENTS);
        if (!start_clock(app, err))
                return false;
        app->config = load_config(app, err);
        if (!app->config)
                return false;
        app->reload_ok = true;
        app->reload_ms = clock_wall_ms(app->clock);
        if (!app->flags.external_url)
                app->flags.external_url = external_url(app);
        if (!open_stores(app, err) || !loop_new(&app->loop, err) ||
            !http_client_new(app->loop, MAX_FETCHES, &app->client, err))
                return false;
        app_self_start();
        if (!open_engines(app, err) || !start_server(app, err) || !start_alertmanager(app, err))
                return false;
        app->scheduled = thread_start(&app->scheduler, "pharos-sched", schedule, app, err);
        return app->scheduled;
}

static void stop(App *app)
{
        if (app->scheduled) {
                mutex_lock(&app->tick_mu);
                app->stopping = true;
                mutex_cond_signal(&app->tick_cond);
                mutex_unlock(&app->tick_mu);
                thread_join(app->scheduler);
        }
        if (app->alertmanager)
                http_server_stop(app->alertmanager);
        if (app->server)
                http_server_stop(app->server);
        scrape_manager_free(app->scrape);
        rules_manager_free(app->rules);
        notify_free(app->notify); /* ends deliveries under way, which the router waits for */
        alert_router_free(app->router);
        if (app->client)
                http_client_free(app->client);
        rules_forward_free(app->forward);
        if (app->loop)
                loop_free(app->loop);
        ingest_remote_write_free(app->remote_write);
        if (app->promql)
                promql_engine_free(app->promql);
        pool_free(app->pool);
        sse_hub_free(app->live);
        if (app->host)
                collect_host_free(app->host);
        if (app->tsdb)
                tsdb_close(app->tsdb);
        if (app->statedb)
                statedb_close(app->statedb);
        app_config_free(app->config);
        mem_free(app->routes);
        mem_free(app->alertmanager_routes);
}

static void wait_for_end(App *app, const sigset_t *signals)
{
        for (;;) {
                siginfo_t info;
                Err err;
                int signum = sigwaitinfo(signals, &info);
                if (signum == SIGHUP)
                        IGNORE(app_reload(app, &err));
                else if (signum > 0 || errno != EINTR)
                        return;
        }
}

int app_serve_run(int argc, char **argv)
{
        Err err;
        sigset_t signals;
        App *app = mem_new(App);
        if (!app_flags_parse(argc, argv, &app->flags, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                mem_free(app);
                return 2;
        }
        log_configure(app->flags.log_level, app->flags.log_format);
        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &signals, NULL); /* every thread inherits it: only main takes signals */
        app->arena = arena_new();
        mutex_init(&app->config_mu);
        mutex_init(&app->host_mu);
        mutex_init(&app->tick_mu);
        mutex_cond_init(&app->tick_cond);
        bool ok = start(app, &err);
        if (ok) {
                Str url = server_url(app);
                log_info("pharos is ready", KV("version", PHAROS_VERSION), KV("url", url), KV("data", app->flags.data));
                printf("pharos %s is watching. Open %.*s\n", PHAROS_VERSION, STR_ARG(url));
                fflush(stdout);
                wait_for_end(app, &signals);
                log_info("stopping");
        } else {
                fprintf(stderr, "pharos: %s\n", err.msg);
        }
        stop(app);
        arena_free(app->arena);
        mem_free(app);
        return ok ? 0 : 1;
}
