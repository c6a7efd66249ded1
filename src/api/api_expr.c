/* /api/v1/format_query, /parse_query, /query_exemplars. */
#include "api/api_expr.h"

#include "api/api_query.h"
#include "api/api_reply.h"
#include "base/vec.h"
#include "codec/floats.h"

void api_expr_format(void *self, const HttpRequest *req, HttpResponse *resp)
{
        Str text;
        Expr *expr;
        JsonWriter w;
        if (!api_query_expr(req, resp, self, &text, &expr))
                return;
        Buf pretty = { .arena = req->arena };
        ast_pretty(&pretty, expr);
        api_reply_begin(resp, &w);
        json_str(&w, buf_str(&pretty));
        api_reply_end(&w, NULL, 0);
}

void api_expr_parse(void *self, const HttpRequest *req, HttpResponse *resp)
{
        Str text;
        Expr *expr;
        JsonWriter w;
        if (!api_query_expr(req, resp, self, &text, &expr))
                return;
        Buf tree = { .arena = req->arena };
        ast_json(&tree, expr);
        api_reply_begin(resp, &w);
        json_raw(&w, buf_str(&tree));
        api_reply_end(&w, NULL, 0);
}

typedef VEC(Matchers) Sets;

static bool add_selector(void *arg, const Expr *e)
{
        Sets *sets = arg;
        if (e->kind == EXPR_SELECTOR)
                vec_push(sets, e->selector.matchers);
        return true;
}

static void put_series(JsonWriter *w, const ExemplarSeries *s)
{
        json_begin_object(w);
        json_key(w, STR("seriesLabels"));
        api_put_labels(w, s->labels);
        json_key(w, STR("exemplars"));
        json_begin_array(w);
        for (size_t i = 0; i < s->n; i++) {
                json_begin_object(w);
                json_key(w, STR("labels"));
                api_put_labels(w, s->data[i].labels);
                json_key(w, STR("value"));
                json_raw(w, (Str){ 0 });
                buf_char(w->out, '"');
                floats_format_json(w->out, s->data[i].v);
                buf_char(w->out, '"');
                json_key(w, STR("timestamp"));
                json_raw(w, (Str){ 0 });
                api_put_time(w->out, s->data[i].t_ms);
                json_end_object(w);
        }
        json_end_array(w);
        json_end_object(w);
}

static bool find(const ApiContext *ctx, const HttpRequest *req, const Sets *sets, int64_t start_ms, int64_t end_ms,
                 ExemplarSeries **ret, size_t *ret_n, Err *err)
{
        AUTO(querier_close) Querier *q = NULL;
        *ret_n = 0;
        if (!store_querier(ctx->store, start_ms, end_ms, &q, err))
                return false;
        return !q->exemplars || q->exemplars(q, sets->data, sets->len, start_ms, end_ms, req->arena, ret, ret_n, err);
}

void api_expr_exemplars(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        int64_t start_ms, end_ms;
        Str text;
        Expr *expr;
        Err err;
        if (!api_param_time(req, resp, "start", API_MIN_MS, &start_ms) ||
            !api_param_time(req, resp, "end", API_MAX_MS, &end_ms))
                return;
        if (end_ms < start_ms) {
                api_reply_error(resp, API_BAD_DATA, "end timestamp must not be before start timestamp");
                return;
        }
        if (!api_query_parse(req, resp, ctx, "", &text, &expr))
                return;
        Sets sets = { .arena = req->arena };
        ast_walk(expr, add_selector, &sets);
        if (sets.len == 0) { /* as upstream says that nothing was asked for */
                resp->status = 204;
                return;
        }
        ExemplarSeries *series = NULL;
        size_t n = 0;
        if (!find(ctx, req, &sets, start_ms, end_ms, &series, &n, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++)
                put_series(&w, &series[i]);
        json_end_array(&w);
        api_reply_end(&w, NULL, 0);
}
