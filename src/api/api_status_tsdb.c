/* /api/v1/status/tsdb: Prometheus' lists, and beside them what is at rest, which series come and go, and who brings them.
 *
 * Churn and targets are asked from the store itself: every scrape leaves scrape_series_added and scrape_samples_post_metric_relabeling. */
#include "api/api_reply.h"
#include "api/api_status.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_LIMIT = 10000, JOBS_OF_A_METRIC = 3, METRICS_WITH_JOBS = 20, QUERY_TIMEOUT_MS = 10000 };

static void put_top(JsonWriter *w, const char *key, const TsdbTopEntry *entries, size_t n)
{
        json_key(w, str_of(key));
        json_begin_array(w);
        for (size_t i = 0; i < n; i++) {
                json_begin_object(w);
                json_key_str(w, "name", entries[i].name);
                json_key_u64(w, "value", entries[i].value);
                json_end_object(w);
        }
        json_end_array(w);
}

/* An instant query of our own; no result when it fails: the rest of the answer is worth giving. */
static void ask(ApiContext *ctx, const HttpRequest *req, Str text, PromqlResult *ret)
{
        PromqlFeatures features = { 0 };
        Expr *expr;
        SrcPos pos;
        Err err;
        *ret = (PromqlResult){ 0 };
        if (!ast_parse(text, req->arena, &features, &expr, &pos, &err))
                return;
        PromqlQuery query = { .expr = expr,
                              .text = text,
                              .start_ms = clock_wall_ms(ctx->clock),
                              .timeout_ms = QUERY_TIMEOUT_MS,
                              .cancel = req->cancel };
        if (!promql_exec(ctx->promql, ctx->store, &query, req->arena, ret, &err))
                *ret = (PromqlResult){ 0 };
}

static int by_value(const void *a, const void *b)
{
        const PromqlSeries *x = a, *y = b;
        if (x->v[0] != y->v[0])
                return x->v[0] > y->v[0] ? -1 : 1;
        return labels_cmp(x->labels, y->labels);
}

/* [{"job":...,"instance":...,"value":...}], the largest first; values are rounded, as they count series. */
static void put_targets(JsonWriter *w, const char *key, PromqlResult *r, size_t limit)
{
        json_key(w, str_of(key));
        json_begin_array(w);
        if (r->n_series)
                qsort(r->series, r->n_series, sizeof *r->series, by_value);
        for (size_t i = 0; i < r->n_series && i < limit; i++) {
                json_begin_object(w);
                for (size_t k = 0; k < r->series[i].labels.n; k++) {
                        json_key(w, r->series[i].labels.data[k].name);
                        json_str(w, r->series[i].labels.data[k].value);
                }
                json_key_i64(w, "value", llround(r->series[i].v[0]));
                json_end_object(w);
        }
        json_end_array(w);
}

static void put_churn(JsonWriter *w, ApiContext *ctx, const HttpRequest *req, size_t limit)
{
        PromqlResult r;
        json_key(w, STR("churnPerHour"));
        json_begin_object(w);
        ask(ctx, req, STR("sum(increase(pharos_tsdb_series_created_total[1h]))"), &r);
        json_key(w, STR("seriesCreated"));
        if (r.n_series == 1 && isfinite(r.series[0].v[0]))
                json_i64(w, llround(r.series[0].v[0]));
        else
                json_null(w); /* pharos does not scrape itself, or not for long */
        ask(ctx, req, STR("sum by (job, instance) (sum_over_time(scrape_series_added[1h])) > 0"), &r);
        put_targets(w, "byTarget", &r, limit);
        json_end_object(w);
        ask(ctx, req, STR("sum by (job, instance) (scrape_samples_post_metric_relabeling)"), &r);
        put_targets(w, "seriesCountByTarget", &r, limit);
}

/* For the metrics with the most series: the jobs that bring them. */
static void put_metric_jobs(JsonWriter *w, ApiContext *ctx, const HttpRequest *req, const TsdbCardinality *c)
{
        json_key(w, STR("jobsByMetricName"));
        json_begin_array(w);
        for (size_t i = 0; i < c->n_metric && i < METRICS_WITH_JOBS; i++) {
                PromqlResult r;
                Buf text = { .arena = req->arena };
                Matcher name = { .type = MATCH_EQ, .name = LABEL_NAME, .value = c->series_by_metric[i].name };
                buf_lit(&text, "count by (job) ({");
                matcher_print(&text, &name);
                buf_lit(&text, "})");
                ask(ctx, req, buf_str(&text), &r);
                json_begin_object(w);
                json_key_str(w, "name", c->series_by_metric[i].name);
                put_targets(w, "jobs", &r, JOBS_OF_A_METRIC);
                json_end_object(w);
        }
        json_end_array(w);
}

static void put_tier(JsonWriter *w, const TsdbTier *t, Arena *arena)
{
        static const char *const kinds[] = {
                [TSDB_TIER_SAMPLES] = "samples", [TSDB_TIER_RULE] = "rule", [TSDB_TIER_ROLLUP] = "rollup"
        };
        Buf selector = { .arena = arena };
        for (size_t i = 0; i < t->matchers.n; i++) {
                buf_str_add(&selector, i ? STR(", ") : STR("{"));
                matcher_print(&selector, &t->matchers.data[i]);
        }
        if (t->matchers.n)
                buf_char(&selector, '}');
        json_begin_object(w);
        json_key_cstr(w, "kind", kinds[t->kind]);
        if (t->kind == TSDB_TIER_RULE)
                json_key_str(w, "selector", buf_str(&selector));
        if (t->resolution_ms)
                json_key_double(w, "resolutionSeconds", (double)t->resolution_ms / 1000);
        json_key_double(w, "retentionSeconds", (double)t->retention_ms / 1000);
        if (t->kind != TSDB_TIER_RULE) {
                json_key_u64(w, "bytes", t->bytes);
                json_key_u64(w, "files", t->parts);
        }
        if (t->min_ms <= t->max_ms) {
                json_key_i64(w, "minTime", t->min_ms);
                json_key_i64(w, "maxTime", t->max_ms);
        }
        if (t->next_cleanup_ms != INT64_MAX)
                json_key_i64(w, "nextCleanup", t->next_cleanup_ms);
        json_end_object(w);
}

static void put_tiers(JsonWriter *w, ApiContext *ctx, Arena *arena)
{
        TsdbTier *tiers;
        size_t n;
        tsdb_tiers(ctx->tsdb, arena, &tiers, &n);
        json_key_u64(w, "retentionBytes", ctx->retention_bytes);
        json_key(w, STR("tiers"));
        json_begin_array(w);
        for (size_t i = 0; i < n; i++)
                put_tier(w, &tiers[i], arena);
        json_end_array(w);
}

static void put_storage(JsonWriter *w, const TsdbStats *s, ApiContext *ctx, Arena *arena)
{
        json_key(w, STR("storage"));
        json_begin_object(w);
        json_key_u64(w, "diskBytes", s->disk_bytes);
        json_key_u64(w, "walBytes", s->wal_bytes);
        json_key_u64(w, "headBytes", s->head_bytes);
        json_key_u64(w, "parts", s->parts);
        json_key_u64(w, "partBytes", s->part_bytes);
        json_key_u64(w, "idleSeries", s->cold_series);
        json_key_u64(w, "indexSegments", s->index_segments);
        json_key_u64(w, "indexBytes", s->index_bytes);
        json_key_u64(w, "samples", s->samples);
        json_key_u64(w, "corruptRecords", s->wal_corruptions);
        json_key_u64(w, "corruptChunks", s->chunk_corruptions);
        json_key_double(w, "replaySeconds", s->replay_seconds);
        json_key_bool(w, "readOnly", s->read_only);
        put_tiers(w, ctx, arena);
        json_end_object(w);
}

void api_status_tsdb(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        uint64_t limit;
        TsdbStats s;
        TsdbCardinality c;
        JsonWriter w;
        if (!api_param_limit(req, resp, "limit", &limit))
                return;
        if (limit > MAX_LIMIT) {
                api_reply_error(resp, API_BAD_DATA, "limit must not exceed %d", MAX_LIMIT);
                return;
        }
        if (limit == 0)
                limit = 10;
        tsdb_stats(ctx->tsdb, &s);
        tsdb_cardinality(ctx->tsdb, limit, req->arena, &c);
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("headStats"));
        json_begin_object(&w);
        json_key_u64(&w, "numSeries", s.series);
        json_key_u64(&w, "numLabelPairs", s.label_pairs);
        json_key_u64(&w, "chunkCount", s.chunks);
        json_key_i64(&w, "minTime", s.min_ms);
        json_key_i64(&w, "maxTime", s.max_ms);
        json_end_object(&w);
        put_top(&w, "seriesCountByMetricName", c.series_by_metric, c.n_metric);
        put_top(&w, "labelValueCountByLabelName", c.values_by_label, c.n_label);
        put_top(&w, "memoryInBytesByLabelName", c.bytes_by_label, c.n_bytes);
        put_top(&w, "seriesCountByLabelValuePair", c.series_by_pair, c.n_pair);
        put_churn(&w, ctx, req, limit);
        put_metric_jobs(&w, ctx, req, &c);
        put_storage(&w, &s, ctx, req->arena);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}
