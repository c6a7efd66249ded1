/* Every route over a real server, a real store and a rules manager on a manual clock. */
#include "../net/net_fixture.h"
#include "api/api.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/proto.h"
#include "codec/snappy.h"

#define NOW_MS INT64_C(1700000000000)

typedef struct World {
        char dir[64];
        Arena *arena;
        ManualClock clock;
        Net net;
        ApiContext ctx;
        HttpRoute *routes;
        Loop *loop;
        HttpClient *client;
        Buf out;
        int status;
} World;

static bool reload_ok;

static bool reload(void *app, Err *err)
{
        (void)app;
        return reload_ok || err_set(err, ERR_INVALID, "c.yml:3:4: no");
}

static void quit(void *app) { (void)app; }
static Str config_yaml(void *app, Arena *arena)
{
        (void)app;
        return str_dup(arena, STR("a: \"b\"\n"));
}

static void flags(void *app, Arena *arena, Str **ret_names, Str **ret_values, size_t *ret_n)
{
        (void)app;
        *ret_names = arena_array(arena, Str, 1);
        *ret_values = arena_array(arena, Str, 1);
        **ret_names = STR("config.file");
        **ret_values = STR("x.yml");
        *ret_n = 1;
}

static void reload_state(void *app, bool *ret_ok, int64_t *ret_ms)
{
        (void)app;
        *ret_ok = reload_ok;
        *ret_ms = NOW_MS;
}

static void add(World *w, const char *name, const char *a, int64_t t_ms, double v)
{
        Label pairs[] = { { LABEL_NAME, str_of(name) }, { STR("a"), str_of(a) } };
        SeriesRef ref = 0;
        Err err;
        Appender *appender = store_appender(w->ctx.store);
        assert_int_equal(store_append(appender, &ref, (Labels){ pairs, 2 }, t_ms, v), APPEND_OK);
        assert_ok(store_commit(appender, &err), err);
}

static const char RULES[] =
        "groups:\n"
        "  - name: one\n    rules:\n      - {record: r, expr: 1}\n      - {alert: A, expr: m > 1, labels: {s: p}, annotations: {n: '{{ $value }}'}}\n"
        "  - name: two\n    rules:\n      - {alert: B, expr: m > 100}\n"
        "  - name: three\n    rules:\n      - {record: q, expr: 2}\n";

static void start_rules(World *w)
{
        RulesOptions o = {
                .engine = w->ctx.promql, .store = w->ctx.store, .clock = &w->clock.clock, .default_interval_ms = 60000
        };
        RulesDialect dialect = { .features = promql_features_default() };
        Diags diags;
        RuleFile file;
        diags_init(&diags, w->arena);
        w->ctx.rules = rules_manager_new(&o);
        assert_true(rules_parse(str_of(RULES), STR("r.yml"), &dialect, w->arena, &diags, &file));
        rules_manager_apply(w->ctx.rules, &file, 1, (Labels){ 0 }, 60000, 0);
        clock_manual_advance_ms(&w->clock, 120000);
        rules_manager_tick(w->ctx.rules);
        clock_manual_advance_ms(&w->clock, -120000);
}

static int setup(void **state)
{
        static World w;
        Err err;
        size_t n;
        w = (World){ .arena = arena_new() };
        reload_ok = true;
        snprintf(w.dir, sizeof w.dir, "/tmp/pharos-api-XXXXXX");
        assert_non_null(mkdtemp(w.dir));
        clock_manual_init(&w.clock, NOW_MS);
        TsdbOptions tsdb = { .dir = w.dir, .clock = &w.clock.clock };
        assert_ok(tsdb_open(&tsdb, &w.ctx.tsdb, &err), err);
        w.ctx.store = tsdb_engine(w.ctx.tsdb);
        PromqlOptions promql = { .features = promql_features_default(), .cache_bytes = 1 << 20 };
        w.ctx.promql = promql_engine_new(&promql);
        assert_ok(loop_new(&w.loop, &err), err);
        assert_ok(http_client_new(w.loop, 4, &w.client, &err), err);
        ScrapeManagerOptions scrape = {
                .loop = w.loop, .client = w.client, .store = w.ctx.store, .clock = &w.clock.clock
        };
        w.ctx.scrape = scrape_manager_new(&scrape);
        w.ctx.remote_write = ingest_remote_write_new(w.ctx.store, &w.clock.clock);
        w.ctx.live = sse_hub_new(4);
        w.ctx.clock = &w.clock.clock;
        w.ctx.start_ms = NOW_MS - 1000;
        w.ctx.retention_ms = 86400000;
        w.ctx.ready = true;
        w.ctx.reload = reload;
        w.ctx.quit = quit;
        w.ctx.config_yaml = config_yaml;
        w.ctx.flags = flags;
        w.ctx.reload_state = reload_state;
        for (int i = 0; i <= 4; i++) {
                add(&w, "m", "1", NOW_MS - (4 - i) * 15000, i);
                add(&w, "m", "2", NOW_MS - (4 - i) * 15000, 10 * i);
        }
        add(&w, "other.name", "x/y", NOW_MS, 7);
        start_rules(&w);
        w.routes = api_routes(&w.ctx, &n);
        net_start(&w.net, w.routes, n);
        *state = &w;
        return 0;
}

static int teardown(void **state)
{
        World *w = *state;
        char command[128];
        net_stop(&w->net);
        rules_manager_free(w->ctx.rules);
        scrape_manager_free(w->ctx.scrape);
        http_client_free(w->client);
        loop_free(w->loop);
        ingest_remote_write_free(w->ctx.remote_write);
        sse_hub_free(w->ctx.live);
        promql_engine_free(w->ctx.promql);
        tsdb_close(w->ctx.tsdb);
        mem_free(w->routes);
        buf_done(&w->out);
        arena_free(w->arena);
        snprintf(command, sizeof command, "rm -rf %s", w->dir);
        assert_int_equal(system(command), 0);
        return 0;
}

static const char *get(World *w, const char *path)
{
        w->status = net_call(&w->net, "GET", path, (Str){ 0 }, &w->out).status;
        return buf_cstr(&w->out);
}

static const char *post(World *w, const char *path, const char *form)
{
        char url[256];
        HttpHeader h[] = { { STR("Content-Type"), STR("application/x-www-form-urlencoded") } };
        snprintf(url, sizeof url, "%s%s", w->net.base, path);
        HttpCallOptions o = {
                .method = "POST", .url = str_of(url), .headers = h, .n_headers = 1, .body = str_of(form)
        };
        HttpAnswer answer;
        buf_clear(&w->out);
        http_client_call(w->net.client, &o, &answer, &w->out);
        w->status = answer.status;
        return buf_cstr(&w->out);
}

static void gives(World *w, const char *path, const char *want)
{
        const char *got = get(w, path);
        if (w->status != 200 || strcmp(got, want) != 0)
                fail_msg("%s: %d %s\nwant %s", path, w->status, got, want);
}

static void refuses(World *w, const char *path, int status, const char *type, const char *error)
{
        Buf want = { .arena = w->arena };
        buf_printf(&want, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":", type);
        json_quote(&want, str_of(error));
        buf_char(&want, '}');
        const char *got = get(w, path);
        if (w->status != status || strcmp(got, buf_cstr(&want)) != 0)
                fail_msg("%s: %d %s\nwant %s", path, w->status, got, buf_cstr(&want));
}

#define OK(data) "{\"status\":\"success\",\"data\":" data "}"

static void queries(void **state)
{
        World *w = *state;
        gives(w, "/api/v1/query?query=1&time=5", OK("{\"resultType\":\"scalar\",\"result\":[5,\"1\"]}"));
        gives(w, "/api/v1/query?query='x'&time=5.5", OK("{\"resultType\":\"string\",\"result\":[5.500,\"x\"]}"));
        gives(w, "/api/v1/query?query=m",
              OK("{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"m\",\"a\":\"1\"},\"value\":[1700000000,\"4\"]},"
                 "{\"metric\":{\"__name__\":\"m\",\"a\":\"2\"},\"value\":[1700000000,\"40\"]}]}"));
        gives(w, "/api/v1/query?query=m&limit=1",
              "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"m\",\"a\":\"1\"},"
              "\"value\":[1700000000,\"4\"]}]},\"warnings\":[\"results truncated due to limit\"]}");
        gives(w, "/api/v1/query?query=m%7Ba=%221%22%7D%5B20s%5D",
              OK("{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"m\",\"a\":\"1\"},"
                 "\"values\":[[1699999985,\"3\"],[1700000000,\"4\"]]}]}"));
        gives(w, "/api/v1/query_range?query=sum(m)&start=1699999940&end=1699999970&step=15",
              OK("{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1699999940,\"0\"],[1699999955,\"11\"],[1699999970,\"22\"]]}]}"));
        gives(w, "/api/v1/query?query=nothing", OK("{\"resultType\":\"vector\",\"result\":[]}"));
        gives(w, "/api/v1/format_query?query=sum+by(a)(m)", OK("\"sum by (a) (m)\""));
        assert_contains(get(w, "/api/v1/query_explain?query=sum(m)"),
                        "\"kind\":\"aggregation\",\"label\":\"sum\",\"depth\":0");
        assert_contains(get(w, "/api/v1/query_explain?query=m&start=1699999940&end=1699999970&step=15"),
                        "\"kind\":\"selector\",\"label\":\"m\",\"depth\":0");
        const char *const again = "query=sum(m)+by+(a)&start=1699999940&end=1699999970&step=15";
        AUTO(buf_done) Buf url = { 0 };
        buf_printf(&url, "/api/v1/query_range?%s&nocache=1", again);
        Str first = str_dup(w->arena, str_of(get(w, buf_cstr(&url))));
        static const char *const paths[] = { "/api/v1/query_explain", "/api/v1/query_range", "/api/v1/query_explain" };
        static const char *const knows[] = { "\"cacheSteps\":3,\"cachedSteps\":0", NULL,
                                             "3 of 3 steps are kept from earlier queries" };
        for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
                buf_clear(&url);
                buf_printf(&url, "%s?%s", paths[i], again);
                assert_contains(get(w, buf_cstr(&url)), knows[i] ? knows[i] : first.p);
        }
        assert_contains(get(w, "/api/v1/query?query=m&stats=all"), "\"stats\":{\"timings\":{\"evalTotalTime\":");
        assert_contains(get(w, "/api/v1/query_range?query=sum(m)&start=1699999940&end=1699999970&step=15&stats=all"),
                        "\"samples\":{\"totalQueryableSamplesPerStep\":[[1699999940,");
        assert_contains(get(w, "/api/v1/query?query=m&stats=1"), "\"samples\":{\"totalQueryableSamples\":");
        assert_string_equal(post(w, "/api/v1/query", "query=1%2B1&time=5"),
                            OK("{\"resultType\":\"scalar\",\"result\":[5,\"2\"]}"));
}

static void histograms_and_exemplars(void **state)
{
        World *w = *state;
        Label pairs[] = { { LABEL_NAME, STR("h") }, { STR("a"), STR("1") } },
              trace[] = { { STR("trace_id"), STR("t") } };
        double counts[] = { 1, 0, 2 };
        HistogramSpan span = { 0, 3 };
        Histogram h = { .count = 6, .sum = 4.5, .zero_count = 3, .zero_threshold = 0.001 };
        h.positive = (HistogramSide){ &span, counts, 1, 3 };
        Appender *appender = store_appender(w->ctx.store);
        SeriesRef ref = 0;
        Err err;
        StoreSample sample = { .t_ms = NOW_MS, .h = &h };
        assert_int_equal(store_append_sample(appender, &ref, (Labels){ pairs, 2 }, &sample), APPEND_OK);
        Exemplar exemplar = { .labels = { trace, 1 }, .v = 0.5, .t_ms = NOW_MS, .has_t = true };
        assert_int_equal(appender->append_exemplar(appender, ref, &exemplar), APPEND_OK);
        assert_ok(store_commit(appender, &err), err);
#define HISTOGRAM                                                                                                              \
        "[1700000000,{\"count\":\"6\",\"sum\":\"4.5\",\"buckets\":[[3,\"-0.001\",\"0.001\",\"3\"],[0,\"0.5\",\"1\",\"1\"],[0," \
        "\"2\",\"4\",\"2\"]]}]"
        gives(w, "/api/v1/query?query=h",
              OK("{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"h\",\"a\":\"1\"},\"histogram\":" HISTOGRAM
                 "}]}"));
        gives(w, "/api/v1/query_range?query=h+or+m&start=1700000000&end=1700000000&step=15",
              OK("{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"h\",\"a\":\"1\"},\"histograms\":[" HISTOGRAM
                 "]},{\"metric\":{\"__name__\":\"m\",\"a\":\"2\"},\"values\":[[1700000000,\"40\"]]}]}"));
        gives(w, "/api/v1/query_exemplars?query=rate(h[5m])",
              OK("[{\"seriesLabels\":{\"__name__\":\"h\",\"a\":\"1\"},\"exemplars\":[{\"labels\":{\"trace_id\":\"t\"},\"value\":\"0.5\","
                 "\"timestamp\":1700000000}]}]"));
        gives(w, "/api/v1/query_exemplars?query=m", OK("[]"));
        assert_string_equal(get(w, "/api/v1/query_exemplars?query=1%2Btime()"), "");
        assert_int_equal(w->status, 204);
        assert_string_equal(post(w, "/api/v1/query_exemplars", "query=1"), "");
        assert_int_equal(w->status, 204);
        refuses(w, "/api/v1/query_exemplars?query=m%7B", 400, "bad_data",
                "1:3: parse error: unexpected end of input inside braces");
        refuses(w, "/api/v1/query_exemplars", 400, "bad_data",
                "unknown position: parse error: no expression found in input");
        assert_contains(get(w, "/api/v1/query_exemplars?query=m&start=5&end=4"),
                        "end timestamp must not be before start");
        gives(w, "/api/v1/parse_query?query=(1)",
              OK("{\"expr\":{\"type\":\"numberLiteral\",\"val\":\"1\"},\"type\":\"parenExpr\"}"));
        assert_contains(get(w, "/api/v1/parse_query?query=("), "bad_data");
}

static void bad_queries(void **state)
{
        World *w = *state;
        refuses(w, "/api/v1/query?query=sum(", 400, "bad_data",
                "invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis");
        refuses(w, "/api/v1/query_explain?query=sum(", 400, "bad_data",
                "invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis");
        refuses(w, "/api/v1/query?query=m&time=x", 400, "bad_data",
                "invalid parameter \"time\": invalid time value for 'time': cannot parse \"x\" to a valid timestamp");
        refuses(w, "/api/v1/query?query=m&timeout=x", 400, "bad_data",
                "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration");
        refuses(w, "/api/v1/query?query=m&timeout=1e300", 400, "bad_data",
                "invalid parameter \"timeout\": cannot parse \"1e300\" to a valid duration. It overflows int64");
        refuses(w, "/api/v1/query?query=m&limit=x", 400, "bad_data",
                "invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax");
        refuses(w, "/api/v1/query?query=m&limit=-1", 400, "bad_data",
                "invalid parameter \"limit\": limit must be non-negative");
        refuses(w, "/api/v1/query_range?query=m", 400, "bad_data",
                "invalid parameter \"start\": cannot parse \"\" to a valid timestamp");
        refuses(w, "/api/v1/query_range?query=m&start=1", 400, "bad_data",
                "invalid parameter \"end\": cannot parse \"\" to a valid timestamp");
        refuses(w, "/api/v1/query_range?query=m&start=2&end=1&step=1", 400, "bad_data",
                "invalid parameter \"end\": end timestamp must not be before start time");
        refuses(w, "/api/v1/query_range?query=m&start=1&end=2", 400, "bad_data",
                "invalid parameter \"step\": cannot parse \"\" to a valid duration");
        refuses(w, "/api/v1/query_range?query=m&start=1&end=2&step=-1", 400, "bad_data",
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer");
        const char *many =
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
        refuses(w, "/api/v1/query_range?query=m&start=0&end=11001&step=1", 400, "bad_data", many);
        refuses(w, "/api/v1/query_range?query=m&start=-9e15&end=9e15&step=1s", 400, "bad_data", many);
        assert_int_equal((get(w, "/api/v1/query_range?query=m&start=0&end=11000&step=1"), w->status), 200);
        refuses(w, "/api/v1/query_range?query=m%5B5m%5D&start=0&end=1&step=1", 400, "bad_data",
                "invalid parameter \"query\": invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
        assert_contains(get(w, "/api/v1/query?query=m+%2B+on()+m"), "\"errorType\":\"execution\"");
        assert_int_equal(w->status, 422);
}

/* Times that leave nothing to do. */
static void edges_of_time(void **state)
{
        World *w = *state;
        static const char zero[] =
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer";
        static const char many[] =
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
        static const char *const none[] = { "0", "0s", "-1", "NaN", "1e-12" };
        char path[128];
        for (size_t i = 0; i < ARRAY_LEN(none); i++) {
                snprintf(path, sizeof path, "/api/v1/query?query=m&timeout=%s", none[i]);
                refuses(w, path, 503, "timeout", "query timed out in query execution");
                snprintf(path, sizeof path, "/api/v1/query_range?query=m&start=0&end=60&step=%s", none[i]);
                refuses(w, path, 400, "bad_data", zero);
                snprintf(path, sizeof path, "/api/v1/query?query=1&time=5&lookback_delta=%s", none[i]);
                gives(w, path, OK("{\"resultType\":\"scalar\",\"result\":[5,\"1\"]}"));
        }
        gives(w, "/api/v1/query?query=1&time=5&timeout=0.0001", OK("{\"resultType\":\"scalar\",\"result\":[5,\"1\"]}"));
        refuses(w, "/api/v1/query_range?query=m&start=0&end=60&step=1e-9", 400, "bad_data", many);
        refuses(w, "/api/v1/query_range?query=m&start=0&end=60&step=0.0001", 400, "bad_data", many);
        refuses(w, "/api/v1/query_range?query=m&start=0&end=0&step=0.0001", 400, "bad_data", zero);
        refuses(w, "/api/v1/query?query=m&time=NaN", 400, "bad_data",
                "invalid parameter \"time\": invalid time value for 'time': cannot parse \"NaN\" to a valid timestamp");
}

#define BOTH_M "[{\"__name__\":\"m\",\"a\":\"1\"},{\"__name__\":\"m\",\"a\":\"2\"}]"

/* m has samples from 1699999940 to 1700000000, the rules write later, until 1700000120. */
static void series_in_time(void **state)
{
        World *w = *state;
        static const char *const strings[] = { "/api/v1/labels?", "/api/v1/label/a/values?",
                                               "/api/v1/labels?match[]=m&" };
        char path[128];
        gives(w, "/api/v1/series?match[]=m&start=1699999940&end=1699999950", OK(BOTH_M));
        gives(w, "/api/v1/series?match[]=m&end=1699999940", OK(BOTH_M));
        gives(w, "/api/v1/series?match[]=m&start=1699999941&end=1699999942", OK(BOTH_M)); /* between two samples */
        gives(w, "/api/v1/series?match[]=m&start=1700000000&end=1700000001", OK(BOTH_M));
        gives(w, "/api/v1/series?match[]=m&start=1700000000&end=1699999970", OK(BOTH_M)); /* a chunk has both */
        gives(w, "/api/v1/series?match[]=m&end=1699999939.999", OK("[]"));
        gives(w, "/api/v1/series?match[]=m&start=1600000000&end=1699999930", OK("[]"));
        gives(w, "/api/v1/series?match[]=m&start=1700000001", OK("[]"));
        gives(w, "/api/v1/series?match[]=m&start=1700000001&end=1700000000", OK("[]"));
        gives(w, "/api/v1/series?match[]=q&end=1700000000", OK("[]"));
        gives(w, "/api/v1/series?match[]=q&end=1700000120", OK("[{\"__name__\":\"q\"}]"));
        gives(w, "/api/v1/series?match[]=q&match[]=m&end=1700000000", OK(BOTH_M));
        for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
                snprintf(path, sizeof path, "%send=1699999939", strings[i]);
                gives(w, path, OK("[]"));
                snprintf(path, sizeof path, "%sstart=1700000121", strings[i]);
                gives(w, path, OK("[]"));
                snprintf(path, sizeof path, "%sstart=1700000000&end=1699999970", strings[i]);
                assert_string_not_equal(get(w, path), OK("[]"));
                assert_int_equal(w->status, 200);
        }
}

static void series_and_labels(void **state)
{
        World *w = *state;
        gives(w, "/api/v1/series?match[]=m&match[]=%7B__name__=%22m%22,a=%221%22%7D",
              OK("[{\"__name__\":\"m\",\"a\":\"1\"},{\"__name__\":\"m\",\"a\":\"2\"}]"));
        gives(w, "/api/v1/series?match[]=m&limit=1",
              "{\"status\":\"success\",\"data\":[{\"__name__\":\"m\",\"a\":\"1\"}],\"warnings\":[\"results truncated due to limit\"]}");
        gives(w, "/api/v1/series?match[]=none", OK("[]"));
        gives(w, "/api/v1/labels?match[]=m", OK("[\"__name__\",\"a\"]"));
        gives(w, "/api/v1/labels?match[]=m&limit=1",
              "{\"status\":\"success\",\"data\":[\"__name__\"],\"warnings\":[\"results truncated due to limit\"]}");
        gives(w, "/api/v1/label/a/values?match[]=m&match[]=%7B%22other.name%22%7D", OK("[\"1\",\"2\",\"x/y\"]"));
        gives(w, "/api/v1/label/a/values?match[]=m&limit=1",
              "{\"status\":\"success\",\"data\":[\"1\"],\"warnings\":[\"results truncated due to limit\"]}");
        gives(w, "/api/v1/label/U__a/values?match[]=m", OK("[\"1\",\"2\"]"));
        gives(w, "/api/v1/label/x%2Fy/values", OK("[]"));
        assert_contains(post(w, "/api/v1/series", "match[]=m"), "\"a\":\"2\"");
        assert_contains(post(w, "/api/v1/labels", "match[]=m"), "[\"__name__\",\"a\"]");
        refuses(w, "/api/v1/series", 400, "bad_data", "no match[] parameter provided");
        refuses(w, "/api/v1/series?match[]=%7B%7D", 400, "bad_data",
                "invalid parameter \"match[]\": match[] must contain at least one non-empty matcher");
        refuses(w, "/api/v1/labels?match[]=%7Ba=~%22.*%22%7D", 400, "bad_data",
                "match[] must contain at least one non-empty matcher");
        refuses(w, "/api/v1/series?match[]=%7B&limit=-1", 400, "bad_data",
                "invalid parameter \"limit\": limit must be non-negative");
        refuses(w, "/api/v1/query?query=m&lookback_delta=x", 400, "bad_data",
                "error parsing lookback delta duration: cannot parse \"x\" to a valid duration");
        assert_contains(get(w, "/api/v1/series?match[]=%7B"), "invalid parameter \\\"match[]\\\": ");
        refuses(w, "/api/v1/labels?start=x", 400, "bad_data",
                "invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp");
        assert_string_equal(get(w, "/api/v1/label//values"),
                            "<a href=\"/api/v1/label/values\">Moved Permanently</a>.\n\n");
        assert_int_equal(w->status, 301);
        get(w, "/api/v1/label/a/nothing");
        assert_int_equal(w->status, 404);
}

static void rules(void **state)
{
        World *w = *state;
        assert_contains(
                get(w, "/api/v1/rules"),
                "\"groups\":[{\"name\":\"one\",\"file\":\"r.yml\",\"rules\":[{\"name\":\"r\",\"query\":\"1\",\"labels\":{},\"health\":\"ok\",");
        assert_contains(
                buf_cstr(&w->out),
                "\"state\":\"firing\",\"name\":\"A\",\"query\":\"m > 1\",\"duration\":0,\"keepFiringFor\":0,\"labels\":{\"s\":\"p\"}");
        assert_contains(
                buf_cstr(&w->out),
                "\"alerts\":[{\"labels\":{\"a\":\"1\",\"alertname\":\"A\",\"s\":\"p\"},\"annotations\":{\"n\":\"4\"},\"state\":\"firing\",\"activeAt\":\"");
        assert_contains(buf_cstr(&w->out), "\"value\":\"4e+00\"");
        assert_contains(get(w, "/api/v1/rules?type=alert&rule_group[]=two"), "\"name\":\"B\"");
        assert_null(strstr(buf_cstr(&w->out), "\"name\":\"A\""));
        assert_contains(get(w, "/api/v1/rules?type=record"), "\"name\":\"q\"");
        assert_null(strstr(buf_cstr(&w->out), "alerting"));
        assert_contains(get(w, "/api/v1/rules?rule_name[]=q&file[]=r.yml"), "\"name\":\"three\"");
        gives(w, "/api/v1/rules?file[]=none", OK("{\"groups\":[]}"));
        assert_contains(get(w, "/api/v1/rules?match[]=%7Bs=%22p%22%7D&exclude_alerts=true"), "\"alerts\":null");
        get(w, "/api/v1/rules?group_limit=2");
        const char *token = strstr(buf_cstr(&w->out), "\"groupNextToken\":\"");
        assert_non_null(token);
        assert_null(strstr(buf_cstr(&w->out), "\"name\":\"two\""));
        char path[200];
        snprintf(path, sizeof path, "/api/v1/rules?group_limit=2&group_next_token=%.16s",
                 token + strlen("\"groupNextToken\":\""));
        assert_contains(get(w, path), "\"groups\":[{\"name\":\"two\"");
        assert_null(strstr(buf_cstr(&w->out), "groupNextToken"));
        refuses(w, "/api/v1/rules?group_limit=1&group_next_token=x", 400, "bad_data",
                "invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?");
        refuses(w, "/api/v1/rules?group_next_token=x", 400, "bad_data",
                "invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over the groups");
        refuses(w, "/api/v1/rules?type=x", 400, "bad_data", "invalid parameter \"type\": not supported value \"x\"");
        refuses(w, "/api/v1/rules?exclude_alerts=x", 400, "bad_data",
                "invalid parameter \"exclude_alerts\": error converting exclude_alerts: strconv.ParseBool: parsing \"x\": invalid syntax");
        assert_contains(get(w, "/api/v1/alerts"), "{\"alerts\":[{\"labels\":{\"a\":\"1\",\"alertname\":\"A\"");
}

/* Remote write says something of a metric. */
static void describe(World *w, uint64_t type, const char *family, const char *help)
{
        AUTO(buf_done) Buf message = { 0 };
        AUTO(buf_done) Buf block = { 0 };
        Err err;
        size_t at = proto_begin(&message, 3);
        proto_put_varint(&message, 1, type);
        proto_put_bytes(&message, 2, str_of(family));
        proto_put_bytes(&message, 4, str_of(help));
        proto_end(&message, at);
        snappy_encode(buf_str(&message), &block);
        assert_int_equal(ingest_remote_write_body(w->ctx.remote_write, buf_str(&block), w->arena, &err), 204);
}

static void status_pages(void **state)
{
        World *w = *state;
        gives(w, "/api/v1/status/config", OK("{\"yaml\":\"a: \\\"b\\\"\\n\"}"));
        gives(w, "/api/v1/status/flags", OK("{\"config.file\":\"x.yml\"}"));
        assert_contains(get(w, "/api/v1/status/runtimeinfo"), "\"storageRetention\":\"1d\"");
        assert_contains(get(w, "/api/v1/status/buildinfo"), "\"version\":\"" API_PROMETHEUS_VERSION "\"");
        assert_contains(get(w, "/api/v1/status/tsdb"), "\"seriesCountByMetricName\":[{\"name\":\"");
        assert_contains(get(w, "/api/v1/status/tsdb"),
                        "\"retentionBytes\":0,\"tiers\":[{\"kind\":\"samples\",\"retentionSeconds\":");
        refuses(w, "/api/v1/status/tsdb?limit=10001", 400, "bad_data", "limit must not exceed 10000");
        gives(w, "/api/v1/status/walreplay", OK("{\"min\":0,\"max\":0,\"current\":0,\"state\":\"done\"}"));
        gives(w, "/api/v1/targets", OK("{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":{}}"));
        gives(w, "/api/v1/scrape_pools", OK("{\"scrapePools\":[]}"));
        gives(w, "/api/v1/metadata", OK("{}"));
        refuses(w, "/api/v1/metadata?limit=x", 400, "bad_data", "limit must be a number");
        gives(w, "/api/v1/targets/metadata", OK("[]"));
        describe(w, 2, "pushed_bytes", "What was pushed.");
        gives(w, "/api/v1/metadata",
              OK("{\"pushed_bytes\":[{\"type\":\"gauge\",\"help\":\"What was pushed.\",\"unit\":\"\"}]}"));
        gives(w, "/api/v1/metadata?metric=other", OK("{}"));
        gives(w, "/api/v1/metadata?limit=0", OK("{}"));
        gives(w, "/api/v1/targets/metadata", OK("[]"));
        gives(w, "/api/v1/alertmanagers", OK("{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}"));
        assert_contains(get(w, "/metrics"), "# TYPE pharos_");
        get(w, "/metrics/host");
        assert_int_equal(w->status, 404);
}

static void health_and_life_cycle(void **state)
{
        World *w = *state;
        gives(w, "/-/healthy", "Pharos is Healthy.\n");
        gives(w, "/-/ready", "Pharos is Ready.\n");
        assert_contains(get(w, "/health"), "{\"status\":\"healthy\"");
        assert_contains(get(w, "/health/live"), "{\"status\":\"alive\"");
        assert_contains(get(w, "/health/detailed"), "\"checks\":{\"storage\":{\"status\":\"healthy\"");
        get(w, "/health/none");
        assert_int_equal(w->status, 404);
        reload_ok = false;
        assert_contains(get(w, "/health/detailed"), "{\"status\":\"degraded\"");
        assert_int_equal(w->status, 200);
        w->ctx.ready = false;
        const char *not_ready[] = { "/-/ready", "/health", "/health/ready", "/health/startup" };
        for (size_t i = 0; i < ARRAY_LEN(not_ready); i++) {
                get(w, not_ready[i]);
                assert_int_equal(w->status, 503);
        }
        get(w, "/health/live");
        assert_int_equal(w->status, 200);
        post(w, "/-/reload", "");
        assert_int_equal(w->status, 403);
        post(w, "/-/quit", "");
        assert_int_equal(w->status, 403);
        w->ctx.lifecycle = true;
        assert_contains(post(w, "/-/reload", ""), "failed to reload config: c.yml:3:4: no");
        assert_int_equal(w->status, 500);
        reload_ok = true;
        post(w, "/-/reload", "");
        assert_int_equal(w->status, 200);
        get(w, "/-/reload");
        assert_int_equal(w->status, 405);
}

static void admin(void **state)
{
        World *w = *state;
        assert_contains(post(w, "/api/v1/admin/tsdb/delete_series", "match[]=m"), "admin APIs disabled");
        assert_int_equal(w->status, 500);
        w->ctx.admin_api = true;
        post(w, "/api/v1/admin/tsdb/delete_series", "");
        assert_int_equal(w->status, 400);
        post(w, "/api/v1/admin/tsdb/delete_series", "match[]=m%7Ba=%221%22%7D");
        assert_int_equal(w->status, 204);
        gives(w, "/api/v1/query?query=count(m)",
              OK("{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1700000000,\"1\"]}]}"));
        post(w, "/api/v1/admin/tsdb/flush", "");
        assert_int_equal(w->status, 204);
        post(w, "/api/v1/admin/tsdb/clean_tombstones", "");
        assert_int_equal(w->status, 204);
        w->ctx.admin_api = false;
        assert_contains(post(w, "/api/v1/admin/tsdb/clean_tombstones", ""), "admin APIs disabled");
}

/* What is inside is seen by test_backup. */
static void snapshot(void **state)
{
        World *w = *state;
        assert_contains(post(w, "/api/v1/admin/tsdb/snapshot", ""), "admin APIs disabled");
        w->ctx.admin_api = true;
        w->ctx.data_dir = str_of(w->dir);
        assert_contains(post(w, "/api/v1/admin/tsdb/snapshot?skip_head=x", ""),
                        "invalid parameter \\\"skip_head\\\": strconv.ParseBool: parsing \\\"x\\\": invalid syntax");
        assert_int_equal(w->status, 400);
        static const char *const queries[] = { "", "?skip_head=true", "?skip_head=" };
        for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
                char path[128];
                snprintf(path, sizeof path, "/api/v1/admin/tsdb/snapshot%s", queries[i]);
                const char *body = post(w, path, "");
                assert_int_equal(w->status, 200);
                const char *name = strstr(body, "{\"status\":\"success\",\"data\":{\"name\":\"20231114T221320Z-");
                assert_true(name == body);
                char dir[256];
                snprintf(dir, sizeof dir, "%s/snapshots/%.33s/metrics", w->dir, name + 36);
                TsdbOptions options = { .dir = dir, .clock = &w->clock.clock };
                Tsdb *copy;
                TsdbStats stats;
                Err err;
                assert_ok(tsdb_open(&options, &copy, &err), err);
                tsdb_stats(copy, &stats);
                assert_true(i == 1 ? stats.samples == 0 : stats.samples >= 11); /* rules write as well */
                tsdb_close(copy);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
                T(queries),       T(bad_queries),    T(histograms_and_exemplars),
                T(edges_of_time), T(series_in_time), T(series_and_labels),
                T(rules),         T(status_pages),   T(health_and_life_cycle),
                T(admin),         T(snapshot),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
