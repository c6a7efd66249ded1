/* /api/v1/query, /query_range: expressions in, values out. */
#include "api/api_query.h"

#include "api/api_matrix.h"
#include "api/api_reply.h"
#include "codec/floats.h"

enum {
        MAX_POINTS = 11000,
        SMALL_TEXT_BYTES = 512, /* of a query; longer ones are parsed on the pool */
};

static const char TOO_MANY_POINTS[] =
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";

bool api_query_parse(const HttpRequest *req, HttpResponse *resp, const ApiContext *ctx, const char *prefix,
                     Str *ret_text, Expr **ret)
{
        Str text = { 0 };
        SrcPos pos = { 0 };
        Err err;
        http_request_param(req, STR("query"), &text);
        *ret_text = text;
        if (ast_parse(text, req->arena, &promql_engine_options(ctx->promql)->features, ret, &pos, &err))
                return true;
        Buf msg = { .arena = req->arena };
        ast_format_error(&msg, text, pos, err.msg);
        api_reply_error(resp, API_BAD_DATA, "%s" STR_FMT, prefix, STR_ARG(buf_str(&msg)));
        return false;
}

bool api_query_expr(const HttpRequest *req, HttpResponse *resp, const ApiContext *ctx, Str *ret_text, Expr **ret)
{
        return api_query_parse(req, resp, ctx, API_BAD_QUERY, ret_text, ret);
}

static bool put_vector(JsonWriter *w, const PromqlResult *r, size_t n, HttpResponse *resp)
{
        json_begin_array(w);
        for (size_t i = 0; i < n; i++) {
                json_begin_object(w);
                json_key(w, STR("metric"));
                api_put_labels(w, r->series[i].labels);
                const Histogram *h = r->series[i].h ? r->series[i].h[0] : NULL;
                json_key(w, h ? STR("histogram") : STR("value"));
                json_raw(w, (Str){ 0 });
                if (h)
                        api_put_histogram(w->out, r->series[i].t[0], h);
                else
                        api_put_point(w->out, r->series[i].t[0], r->series[i].v[0]);
                json_end_object(w);
                if (w->out->n > API_FLUSH_BYTES && !http_response_flush(resp))
                        return false;
        }
        json_end_array(w);
        return true;
}

/* [[time, samples], ...] */
static void put_steps(JsonWriter *w, const PromqlStats *s, const PromqlQuery *q)
{
        json_key(w, STR("totalQueryableSamplesPerStep"));
        json_begin_array(w);
        for (size_t i = 0; i < s->n_steps; i++) {
                json_begin_array(w);
                json_raw(w, (Str){ 0 });
                api_put_time(w->out, q->start_ms + (int64_t)i * q->step_ms);
                json_u64(w, s->samples_per_step[i]);
                json_end_array(w);
        }
        json_end_array(w);
}

static void put_stats(JsonWriter *w, const PromqlStats *s, const PromqlQuery *q, bool per_step)
{
        json_key(w, STR("stats"));
        json_begin_object(w);
        json_key(w, STR("timings"));
        json_begin_object(w);
        json_key_double(w, "evalTotalTime", s->prepare_seconds + s->eval_seconds);
        json_key_double(w, "resultSortTime", 0);
        json_key_double(w, "queryPreparationTime", s->prepare_seconds);
        json_key_double(w, "innerEvalTime", s->eval_seconds);
        json_key_double(w, "execQueueTime", s->queue_seconds);
        json_key_double(w, "execTotalTime", s->queue_seconds + s->prepare_seconds + s->eval_seconds);
        json_end_object(w);
        json_key(w, STR("samples"));
        json_begin_object(w);
        if (per_step && s->n_steps)
                put_steps(w, s, q);
        json_key_u64(w, "totalQueryableSamples", s->samples);
        json_key_u64(w, "peakSamples", s->peak_samples);
        json_key_u64(w, "seriesSelected", s->series_selected);
        json_key_u64(w, "peakBytes", s->bytes_peak);
        json_end_object(w);
        json_end_object(w);
}

static const char *result_type(ValueType type)
{
        static const char *const names[] = { "none", "scalar", "vector", "matrix", "string" };
        return names[type];
}

static bool put_result(JsonWriter *w, const PromqlResult *r, size_t n, Pool *pool, HttpResponse *resp)
{
        json_key_cstr(w, "resultType", result_type(r->type));
        json_key(w, STR("result"));
        switch (r->type) {
        case VALUE_VECTOR: return put_vector(w, r, n, resp);
        case VALUE_MATRIX: return api_matrix_put(w, r->series, n, pool, resp);
        case VALUE_SCALAR:
                json_raw(w, (Str){ 0 });
                api_put_point(w->out, r->scalar_t_ms, r->scalar);
                return true;
        case VALUE_STRING:
                json_begin_array(w);
                json_raw(w, (Str){ 0 });
                api_put_time(w->out, r->scalar_t_ms);
                json_str(w, r->string);
                json_end_array(w);
                return true;
        case VALUE_NONE: break;
        }
        json_null(w);
        return true;
}

static void reply_result(const ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, const PromqlQuery *query,
                         PromqlResult *r, uint64_t limit)
{
        JsonWriter w;
        Str stats;
        size_t n = limit && r->n_series > limit ? limit : r->n_series;
        if (n < r->n_series) {
                PromqlAnnotation *more = arena_array(req->arena, PromqlAnnotation, r->n_annotations + 1);
                if (r->n_annotations)
                        memcpy(more, r->annotations, r->n_annotations * sizeof *more);
                more[r->n_annotations++] = (PromqlAnnotation){ .text = STR("results truncated due to limit") };
                r->annotations = more;
        }
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        if (!put_result(&w, r, n, promql_engine_options(ctx->promql)->pool, resp))
                return;
        if (http_request_param(req, STR("stats"), &stats) && stats.n)
                put_stats(&w, &r->stats, query, str_eq(stats, STR("all")));
        json_end_object(&w);
        api_reply_end(&w, r->annotations, r->n_annotations);
}

/* False: no time is left to a query. Less than a millisecond of it counts as one. */
static bool has_time(const HttpRequest *req, int64_t *timeout_ms)
{
        Str text;
        double seconds;
        if (!http_request_param(req, STR("timeout"), &text) || text.n == 0)
                return true;
        if (*timeout_ms == 0 && floats_parse(text, &seconds) && seconds >= 1e-9)
                *timeout_ms = 1;
        return *timeout_ms > 0;
}

bool api_query_run(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, PromqlQuery *query, PromqlResult *ret)
{
        int64_t timeout_ms;
        Expr *expr;
        Err err;
        if (!api_param_duration(req, resp, "timeout", 0, &timeout_ms) ||
            !api_param_duration(req, resp, "lookback_delta", 0, &query->lookback_ms) ||
            !api_query_expr(req, resp, ctx, &query->text, &expr))
                return false;
        if (!has_time(req, &timeout_ms)) {
                api_reply_error(resp, API_TIMEOUT, "query timed out in query execution");
                return false;
        }
        if (query->range && expr->type != VALUE_SCALAR && expr->type != VALUE_VECTOR)
                return api_reply_bad_param(resp, "query",
                                           "invalid expression type \"%s\" for range query, must be "
                                           "Scalar or instant Vector",
                                           ast_value_type_name(expr->type));
        query->expr = expr;
        Str stats = { 0 }, nocache = { 0 };
        query->count_samples = http_request_param(req, STR("stats"), &stats) && stats.n > 0;
        query->no_cache = http_request_param(req, STR("nocache"), &nocache) && !str_eq(nocache, STR("0")) &&
                          nocache.n > 0;
        query->cancel = req->cancel;
        query->timeout_ms = timeout_ms;
        query->small = req->small;
        if (promql_exec(ctx->promql, ctx->store, query, req->arena, ret, &err))
                return true;
        api_reply_err(resp, &err);
        return false;
}

static void run(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, PromqlQuery *query)
{
        uint64_t limit;
        PromqlResult result = { 0 };
        if (api_param_limit(req, resp, "limit", &limit) && api_query_run(ctx, req, resp, query, &result))
                reply_result(ctx, req, resp, query, &result, limit);
}

bool api_query_read_instant(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, PromqlQuery *ret)
{
        if (!api_param_time(req, resp, "time", clock_wall_ms(ctx->clock), &ret->start_ms))
                return false;
        ret->end_ms = ret->start_ms;
        return true;
}

static bool read_step(const HttpRequest *req, HttpResponse *resp, PromqlQuery *ret)
{
        Str step = { 0 };
        http_request_param(req, STR("step"), &step);
        if (step.n == 0)
                return api_reply_bad_param(resp, "step", "cannot parse \"\" to a valid duration");
        if (!api_param_duration(req, resp, "step", 0, &ret->step_ms))
                return false;
        if (ret->step_ms > 0)
                return true;
        double seconds = 0;
        if (floats_parse(step, &seconds) && seconds >= 1e-9 &&
            (double)(ret->end_ms - ret->start_ms) / 1000 > seconds * (double)MAX_POINTS) {
                api_reply_error(resp, API_BAD_DATA, "%s", TOO_MANY_POINTS);
                return false;
        }
        return api_reply_bad_param(
                resp, "step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
}

bool api_query_read_range(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, PromqlQuery *ret)
{
        (void)ctx;
        ret->range = true;
        if (!api_param_time_needed(req, resp, "start", &ret->start_ms) ||
            !api_param_time_needed(req, resp, "end", &ret->end_ms))
                return false;
        if (ret->end_ms < ret->start_ms)
                return api_reply_bad_param(resp, "end", "end timestamp must not be before start time");
        if (!read_step(req, resp, ret))
                return false;
        if ((ret->end_ms - ret->start_ms) / ret->step_ms <= MAX_POINTS)
                return true;
        api_reply_error(resp, API_BAD_DATA, "%s", TOO_MANY_POINTS);
        return false;
}

void api_query_instant(void *self, const HttpRequest *req, HttpResponse *resp)
{
        PromqlQuery query = { 0 };
        if (api_query_read_instant(self, req, resp, &query))
                run(self, req, resp, &query);
}

bool api_query_is_small(void *self, const HttpRequest *req)
{
        ApiContext *ctx = self;
        PromqlQuery query = { .start_ms = clock_wall_ms(ctx->clock) };
        Str text = { 0 }, time = { 0 }, lookback;
        Expr *expr;
        Err err;
        /* A regular expression is tried on any number of values. */
        if (!http_request_param(req, STR("query"), &text) || text.n > SMALL_TEXT_BYTES ||
            str_find(text, STR("~")) != SIZE_MAX || http_request_param(req, STR("lookback_delta"), &lookback))
                return false;
        if (http_request_param(req, STR("time"), &time) && time.n && !api_parse_time(time, &query.start_ms))
                return false;
        if (!ast_parse(text, req->arena, &promql_engine_options(ctx->promql)->features, &expr, NULL, &err))
                return false;
        query.expr = expr;
        return promql_is_small(ctx->promql, ctx->store, &query, req->arena);
}

void api_query_range(void *self, const HttpRequest *req, HttpResponse *resp)
{
        PromqlQuery query = { 0 };
        if (api_query_read_range(self, req, resp, &query))
                run(self, req, resp, &query);
}
