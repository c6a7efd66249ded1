/* Real loops, connections and threads over loopback; intervals of tens of milliseconds, waits that end with the event. */
#include <math.h>

#include "../net/net_fixture.h"
#include "codec/gzip.h"
#include "scrape/scrape.h"
#include "store/memstore.h"

typedef struct World {
        Net net;
        MemStore *store;
        ScrapeManager *manager;
        Arena *arena;
        Gate scrapes;
} World;

static _Atomic bool broken;
static _Atomic int gathers, gathering, gathered_at_once;

static void good(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        resp->content_type = "text/plain; version=0.0.4";
        if (broken)
                resp->status = 500;
        buf_lit(&resp->body, "# HELP a Help.\n# TYPE a gauge\na 1\nb{x=\"y\"} 2\n");
}

static void garbage(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        buf_lit(&resp->body, "\x01\x02{{{\n");
}

static void page(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        resp->content_type = "text/html";
        buf_lit(&resp->body, "<html>");
}

static void zipped(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        Buf text = { 0 };
        for (int i = 0; i < 2000; i++)
                buf_printf(&text, "z{i=\"%d\"} 1\n", i);
        gzip_encode(GZIP_GZIP, buf_str(&text), GZIP_LEVEL_FAST, &resp->body);
        buf_done(&text);
        http_response_header(resp, STR("Content-Encoding"), STR("gzip"));
        resp->no_compress = true;
}

static Gate leave;

static void slow(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        (void)resp;
        gate_reached(&leave, 1);
}

static const HttpRoute ROUTES[] = { { HTTP_GET, "/good", good },
                                    { HTTP_GET, "/garbage", garbage },
                                    { HTTP_GET, "/page", page },
                                    { HTTP_GET, "/zipped", zipped },
                                    { HTTP_GET, "/slow", slow, .on_pool = true } };

static void on_scraped(void *ctx, int64_t t_ms)
{
        (void)t_ms;
        gate_add(&((World *)ctx)->scrapes);
}

static int setup(void **state)
{
        static World w;
        w = (World){ .arena = arena_new(), .store = memstore_new() };
        broken = false;
        gate_init(&w.scrapes);
        gate_init(&leave);
        net_start(&w.net, ROUTES, ARRAY_LEN(ROUTES));
        ScrapeManagerOptions o = { .loop = w.net.loop,
                                   .client = w.net.client,
                                   .pool = w.net.pool,
                                   .store = memstore_engine(w.store),
                                   .on_scraped = on_scraped,
                                   .on_scraped_ctx = &w };
        w.manager = scrape_manager_new(&o);
        *state = &w;
        return 0;
}

static int teardown(void **state)
{
        World *w = *state;
        gate_add(&leave);
        scrape_manager_free(w->manager);
        net_stop(&w->net);
        memstore_free(w->store);
        arena_free(w->arena);
        return 0;
}

static void apply(World *w, const char *text, const ScrapeSource *sources, size_t n_sources)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n;
        size_t n_errors;
        Diags diags;
        ScrapeGlobal global;
        ScrapeConfig *configs;
        Err err;
        Buf yaml = { .arena = w->arena };
        for (Str rest = str_of(text); rest.n;) { /* $H is the server */
                size_t at = str_find(rest, STR("$H"));
                buf_str_add(&yaml, str_sub(rest, 0, at));
                if (at != SIZE_MAX)
                        buf_cstr_add(&yaml, w->net.base + strlen("http://"));
                rest = at == SIZE_MAX ? STR("") : str_sub(rest, at + 2, rest.n);
        }
        diags_init(&diags, w->arena);
        OptionCtx ctx = { .arena = w->arena, .diags = &diags, .file = STR("t.yml"), .base_dir = STR(".") };
        assert_true(yaml_parse(buf_str(&yaml), w->arena, &docs, &n, &errors, &n_errors));
        option_bind(NULL, &scrape_global_table, &global, &ctx);
        if (!scrape_configs_bind(docs[0], &global, &ctx, &configs, &n)) {
                Buf out = { .arena = w->arena };
                diags_print(&out, &diags);
                fail_msg("%s", buf_cstr(&out));
        }
        assert_ok(scrape_manager_apply(w->manager, &global, configs, n, sources, n_sources, &err), err);
}

static const ScrapeTargetStatus *status_of(World *w, const char *pool)
{
        ScrapeStatus s;
        scrape_manager_status(w->manager, w->arena, &s);
        for (size_t i = 0; i < s.n_active; i++)
                if (str_eq(s.active[i].pool, str_of(pool)))
                        return &s.active[i];
        return NULL;
}

static bool is(World *w, const char *pool, ScrapeHealth health)
{
        const ScrapeTargetStatus *t = status_of(w, pool);
        return t && t->health == health;
}

static bool says(World *w, const char *pool, const char *why)
{
        const ScrapeTargetStatus *t = status_of(w, pool);
        return t && str_find(t->last_error, str_of(why)) != SIZE_MAX;
}

/* The newest value of the series that has this metric name and job, or NaN. */
static double newest(World *w, const char *metric, const char *job)
{
        AUTO(querier_close) Querier *q = NULL;
        StoreSelection all;
        SelectArgs args = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        Column c = { 0 };
        Err err;
        double v = NAN;
        assert_ok(store_querier(memstore_engine(w->store), INT64_MIN, INT64_MAX, &q, &err), err);
        assert_ok(q->select(q, &args, w->arena, &all, &err), err);
        for (size_t i = 0; i < all.n; i++) {
                if (!str_eq(labels_get(all.series[i].labels, LABEL_NAME), str_of(metric)) ||
                    !str_eq(labels_get(all.series[i].labels, STR("job")), str_of(job)))
                        continue;
                column_clear(&c);
                assert_ok(q->read(q, &all, i, INT64_MIN, INT64_MAX, &c, &err), err);
                if (c.n)
                        v = c.v[c.n - 1];
        }
        column_done(&c);
        return v;
}

#define JOB(name, path, more)                        \
        "- {job_name: " name ", metrics_path: " path \
        ", scrape_interval: 50ms, scrape_timeout: 50ms, static_configs: [{targets: ['$H']}]" more "}\n"

static void up_down_up(void **state)
{
        World *w = *state;
        apply(w, JOB("a", "/good", ", extra_scrape_metrics: true, sample_limit: 99"), NULL, 0);
        wait_until(is(w, "a", SCRAPE_UP));
        assert_double(newest(w, "up", "a"), 1);
        assert_double(newest(w, "a", "a"), 1);
        assert_double(newest(w, "scrape_samples_scraped", "a"), 2);
        assert_double(newest(w, "scrape_timeout_seconds", "a"), 0.05);
        assert_double(newest(w, "scrape_sample_limit", "a"), 99);
        assert_true(newest(w, "scrape_body_size_bytes", "a") > 20);
        broken = true;
        wait_until(is(w, "a", SCRAPE_DOWN));
        assert_str(status_of(w, "a")->last_error, "server returned HTTP status 500");
        assert_double(newest(w, "up", "a"), 0);
        assert_true(sample_is_stale(newest(w, "a", "a")));
        broken = false;
        wait_until(is(w, "a", SCRAPE_UP) && newest(w, "a", "a") == 1);
        ScrapeMetadata *all;
        size_t n;
        scrape_manager_metadata(w->manager, STR("a"), w->arena, &all, &n);
        assert_int_equal(n, 1);
        assert_str(all[0].meta.help, "Help.");
}

static void bad_answers(void **state)
{
        World *w = *state;
        apply(w,
              JOB("garbage", "/garbage", "") JOB("page", "/page", "") JOB("slow", "/slow", "")
                      JOB("missing", "/missing", "") JOB("zipped", "/zipped", "")
                              JOB("small", "/zipped", ", body_size_limit: 10KB")
                                      JOB("fallback", "/page", ", fallback_scrape_protocol: PrometheusText0.0.4"),
              NULL, 0);
        const char *pools[] = { "garbage", "page", "slow", "missing", "small", "fallback" };
        const char *why[] = { "line 1", "Content-Type 'text/html'", "timeout",
                              "404",    "larger than 10240 bytes",  "line 1" };
        for (size_t i = 0; i < ARRAY_LEN(pools); i++) {
                wait_until(says(w, pools[i], why[i])); /* a slow machine may time out before */
                assert_double(newest(w, "up", pools[i]), 0);
        }
        wait_until(is(w, "zipped", SCRAPE_UP));
        assert_int_equal(status_of(w, "zipped")->series, 2000);
}

static void reloads(void **state)
{
        World *w = *state;
        apply(w, JOB("keep", "/good", "") JOB("gone", "/good", ""), NULL, 0);
        wait_until(is(w, "keep", SCRAPE_UP) && is(w, "gone", SCRAPE_UP));
        apply(w, JOB("keep", "/good", ", honor_labels: true") JOB("new", "/good", ""), NULL, 0);
        assert_int_equal(status_of(w, "keep")->health, SCRAPE_UP); /* it never started over */
        assert_null(status_of(w, "gone"));
        assert_true(sample_is_stale(newest(w, "a", "gone")));
        assert_true(sample_is_stale(newest(w, "up", "gone")));
        wait_until(is(w, "new", SCRAPE_UP));
        apply(w,
              "- {job_name: keep, metrics_path: /good, scrape_interval: 7s, scrape_timeout: 3s, static_configs: [{targets: ['$H']}]}\n",
              NULL, 0);
        assert_int_equal(status_of(w, "keep")->health, SCRAPE_UP);
        assert_int_equal(status_of(w, "keep")->interval_ms, 7000);
        assert_double(newest(w, "a", "keep"), 1);
        apply(w, "[]", NULL, 0);
        assert_true(sample_is_stale(newest(w, "a", "keep")));
}

static void dropped_and_too_many(void **state)
{
        World *w = *state;
        apply(w,
              "- {job_name: d, scrape_interval: 50ms, keep_dropped_targets: 1, static_configs: [{targets: ['a:1', 'b:1', 'c:1', 'c:1']}], relabel_configs: [{source_labels: "
              "[__address__], regex: '[ab].*', action: drop}]}\n" JOB(
                      "many", "/good",
                      ", target_limit: 0") "- {job_name: over, metrics_path: /good, scrape_interval: 50ms, target_limit: 1, static_configs: [{targets: ['$H', 'localhost:1']}]}\n",
              NULL, 0);
        ScrapeStatus s;
        scrape_manager_status(w->manager, w->arena, &s);
        assert_int_equal(s.n_pools, 3);
        assert_int_equal(s.n_dropped, 1);
        assert_int_equal(s.pool_dropped[0], 2);
        assert_int_equal(s.n_active, 4); /* c:1 once */
        wait_until(is(w, "over", SCRAPE_DOWN));
        assert_str(status_of(w, "over")->last_error, "target_limit exceeded (number of targets: 2, limit: 1)");
}

static bool gather(void *self, Buf *out, Err *err)
{
        (void)self;
        (void)err;
        if (++gathering > 1)
                gathered_at_once = 1;
        poll(NULL, 0, 5);
        gathering--;
        gathers++;
        buf_lit(out, "s 1\n");
        return true;
}

static bool gather_fails(void *self, Buf *out, Err *err)
{
        (void)self;
        (void)out;
        return err_set(err, ERR_IO, "no sensor");
}

static void sources(void **state)
{
        World *w = *state;
        static const ScrapeSource both[] = {
                { .job = "in", .instance = STR_INIT("me"), .interval_ms = 2, .gather = gather },
                { .job = "bad", .instance = STR_INIT("me"), .interval_ms = 2, .gather = gather_fails }
        };
        apply(w, "[]", both, 2);
        wait_until(gathers > 20 && is(w, "bad", SCRAPE_DOWN));
        assert_int_equal(gathered_at_once, 0);
        assert_str(status_of(w, "bad")->last_error, "no sensor");
        assert_double(newest(w, "s", "in"), 1);
        apply(w, "[]", both, 2);
        assert_int_equal(status_of(w, "in")->health, SCRAPE_UP);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
                T(up_down_up), T(bad_answers), T(reloads), T(dropped_and_too_many), T(sources),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
