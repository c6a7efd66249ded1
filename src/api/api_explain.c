#include "api/api_explain.h"

#include "api/api_query.h"
#include "api/api_reply.h"
#include "promql/explain.h"

static void put_node(JsonWriter *w, Str query, const ExplainNode *node)
{
        unsigned line, col;
        ast_line_col(query, node->pos.start, &line, &col);
        json_begin_object(w);
        json_key_cstr(w, "kind", node->kind);
        json_key_str(w, "label", node->label);
        json_key_u64(w, "depth", node->depth);
        json_key_u64(w, "parent", node->parent);
        json_key(w, STR("position"));
        json_begin_object(w);
        json_key_u64(w, "line", line);
        json_key_u64(w, "column", col);
        json_key_u64(w, "start", node->pos.start);
        json_key_u64(w, "end", node->pos.end);
        json_end_object(w);
        json_key_u64(w, "series", node->series);
        json_key_u64(w, "samples", node->samples);
        json_key_u64(w, "bytes", node->bytes);
        json_key_double(w, "seconds", node->seconds);
        json_key_double(w, "selfSeconds", node->self_seconds);
        json_key_bool(w, "once", node->once);
        json_key_bool(w, "shared", node->shared);
        json_end_object(w);
}

static void put_totals(JsonWriter *w, const PromqlResult *r)
{
        const PromqlStats *s = &r->stats;
        json_key_u64(w, "resultSeries", r->n_series);
        json_key_u64(w, "samplesRead", s->samples_read);
        json_key_u64(w, "peakSamples", s->peak_samples);
        json_key_u64(w, "peakBytes", s->bytes_peak);
        /* Of a range query whose answer is kept: a plain query takes these steps from the cache, this one evaluated them. */
        json_key_u64(w, "cacheSteps", s->cache_steps);
        json_key_u64(w, "cachedSteps", s->cached_steps);
        json_key_double(w, "queueSeconds", s->queue_seconds);
        json_key_double(w, "prepareSeconds", s->prepare_seconds);
        json_key_double(w, "evalSeconds", s->eval_seconds);
}

void api_explain_query(void *self, const HttpRequest *req, HttpResponse *resp)
{
        PromqlQuery query = { .explain = true };
        PromqlResult r;
        Str start;
        bool range = http_request_param(req, STR("start"), &start);
        if (!(range ? api_query_read_range(self, req, resp, &query)
                    : api_query_read_instant(self, req, resp, &query)) ||
            !api_query_run(self, req, resp, &query, &r))
                return;
        JsonWriter w;
        Buf tree = { .arena = req->arena };
        explain_print(&tree, r.nodes, r.n_nodes);
        if (r.stats.cache_steps)
                buf_printf(&tree, "%zu of %zu steps are kept from earlier queries; evaluated all the same\n",
                           r.stats.cached_steps, r.stats.cache_steps);
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        put_totals(&w, &r);
        json_key_str(&w, "tree", buf_str(&tree));
        /* A list, because expressions nest deeper than many JSON readers do: parents first, with the parent's index. */
        json_key(&w, STR("nodes"));
        json_begin_array(&w);
        for (size_t i = 0; i < r.n_nodes; i++)
                put_node(&w, query.text, &r.nodes[i]);
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, r.annotations, r.n_annotations);
}
