#include "api/api_series.h"

#include <stdlib.h>

#include "api/api_reply.h"
#include "base/num.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "model/utf8name.h"

typedef struct Selection {
        Matchers *sets;
        size_t n;
        int64_t min_ms, max_ms;
        uint64_t limit;
} Selection;

/* Reads match[], limit, start and end, and complains in upstream's order and words. */
static bool read_selection(const HttpRequest *req, HttpResponse *resp, bool match_required, Selection *ret)
{
        Str *texts;
        if (match_required && http_request_params(req, STR("match[]"), &texts) == 0) {
                api_reply_error(resp, API_BAD_DATA, "no match[] parameter provided");
                return false;
        }
        if (!api_param_limit(req, resp, "limit", &ret->limit) ||
            !api_param_time(req, resp, "start", API_MIN_MS, &ret->min_ms) ||
            !api_param_time(req, resp, "end", API_MAX_MS, &ret->max_ms) ||
            !api_param_matchers(req, resp, match_required ? API_BAD_MATCH : "", &ret->sets, &ret->n))
                return false;
        return true;
}

/* Upstream lists a series by its chunks, which reach across times without samples, but not beyond windows of this length. */
enum { CHUNK_WINDOW_MS = 2 * 60 * 60 * 1000 };

/* A sample here, together with a newest one that is not before min_ms, is taken for a chunk that touches the range. With the end
 * before the start the chunk has to hold both. */
static StoreRead reach_of(const Querier *q, const Selection *sel)
{
        int64_t from_ms = MIN_OF(sel->min_ms, sel->max_ms), into_ms = from_ms % CHUNK_WINDOW_MS;
        from_ms -= into_ms < 0 ? into_ms + CHUNK_WINDOW_MS : into_ms;
        if (from_ms <= q->rolled_until_ms)
                from_ms -= q->rolled_span_ms;
        return (StoreRead){ .min_ms = from_ms, .max_ms = sel->max_ms, .last_only = true, .presence = true };
}

static int by_labels(const void *a, const void *b) { return labels_cmp(*(const Labels *)a, *(const Labels *)b); }
static int by_bytes(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

typedef VEC(Labels) LabelsVec;
typedef VEC(Str) StrVecs;

/* Adds the series that are inside the times. The store has left out those that ended before; when some of its samples are newer than
 * all that is asked for, others may have begun later. */
static bool add_present(Querier *q, const Selection *sel, bool all, const StoreSelection *found, const Cancel *cancel,
                        LabelsVec *out, Err *err)
{
        StoreRead what = reach_of(q, sel);
        StoreCursor *cursor = !all && q->cursor ? q->cursor(q) : NULL;
        Column col = { 0 };
        bool ok = true;
        for (size_t i = 0; i < found->n && ok; i++) {
                column_clear(&col);
                if (cursor)
                        ok = cursor->read(cursor, found, i, &what, &col, err);
                else if (!all)
                        ok = q->read(q, found, i, what.min_ms, what.max_ms, &col, err);
                ok = ok && (!cancel || i % 256 || cancel_check(cancel, err));
                if (ok && (all || col.n))
                        vec_push(out, found->series[i].labels);
        }
        column_done(&col);
        if (cursor)
                cursor->close(cursor);
        return ok;
}

static bool select_all(Querier *q, const Selection *sel, bool all, const HttpRequest *req, LabelsVec *out, Err *err)
{
        for (size_t i = 0; i < sel->n; i++) {
                StoreSelection found;
                SelectArgs args = { .matchers = sel->sets[i],
                                    .min_ms = sel->min_ms,
                                    .max_ms = sel->max_ms,
                                    .sorted = sel->n == 1,
                                    .cancel = req->cancel };
                if (!q->select(q, &args, req->arena, &found, err) ||
                    !add_present(q, sel, all, &found, req->cancel, out, err))
                        return false;
        }
        if (sel->n > 1 && out->len > 1) {
                qsort(out->data, out->len, sizeof(Labels), by_labels);
                size_t n = 1;
                for (size_t i = 1; i < out->len; i++)
                        if (!labels_eq(out->data[i], out->data[n - 1]))
                                out->data[n++] = out->data[i];
                out->len = n;
        }
        return true;
}

static const PromqlAnnotation TRUNCATED = { .text = STR_INIT("results truncated due to limit") };

void api_series_list(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Selection sel;
        Err err;
        if (!read_selection(req, resp, true, &sel))
                return;
        AUTO(querier_close) Querier *q = NULL;
        LabelsVec all = { .arena = req->arena };
        if (!store_querier(ctx->store, sel.min_ms, sel.max_ms, &q, &err) ||
            !select_all(q, &sel, sel.max_ms >= tsdb_max_ms(ctx->tsdb), req, &all, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        bool cut = sel.limit && all.len > sel.limit;
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_array(&w);
        for (size_t i = 0; i < (cut ? sel.limit : all.len); i++)
                api_put_labels(&w, all.data[i]);
        json_end_array(&w);
        api_reply_end(&w, &TRUNCATED, cut);
}

typedef bool (*NamesFn)(Querier *q, const SelectArgs *args, Str of_label, Arena *arena, Str **ret, size_t *ret_n,
                        Err *err);

static bool names_of(Querier *q, const SelectArgs *args, Str of_label, Arena *arena, Str **ret, size_t *ret_n, Err *err)
{
        (void)of_label;
        return q->label_names(q, args, 0, arena, ret, ret_n, err);
}

static bool values_of(Querier *q, const SelectArgs *args, Str of_label, Arena *arena, Str **ret, size_t *ret_n,
                      Err *err)
{
        return q->label_values(q, of_label, args, 0, arena, ret, ret_n, err);
}

/* Names and values are not looked up by time, but for this: nothing is there before the first sample of all and after the last. */
static bool is_outside(Tsdb *db, const Selection *sel)
{
        TsdbStats stats;
        tsdb_stats(db, &stats);
        return stats.min_ms <= stats.max_ms && (sel->max_ms < stats.min_ms || sel->min_ms > stats.max_ms);
}

/* Names or values over all match[] sets, united and sorted. */
static void reply_names(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, NamesFn fn, Str of_label)
{
        Selection sel;
        Err err;
        if (!read_selection(req, resp, false, &sel))
                return;
        AUTO(querier_close) Querier *q = NULL;
        if (!store_querier(ctx->store, sel.min_ms, sel.max_ms, &q, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        StrVecs all = { .arena = req->arena };
        size_t n_sets = is_outside(ctx->tsdb, &sel) ? 0 : MAX_OF(sel.n, (size_t)1);
        for (size_t i = 0; i < n_sets; i++) {
                SelectArgs args = { .matchers = sel.n ? sel.sets[i] : (Matchers){ 0 },
                                    .min_ms = sel.min_ms,
                                    .max_ms = sel.max_ms,
                                    .cancel = req->cancel };
                Str *some;
                size_t n;
                if (!fn(q, &args, of_label, req->arena, &some, &n, &err)) {
                        api_reply_err(resp, &err);
                        return;
                }
                for (size_t k = 0; k < n; k++)
                        vec_push(&all, some[k]);
        }
        if (sel.n > 1 && all.len > 1)
                qsort(all.data, all.len, sizeof(Str), by_bytes);
        JsonWriter w;
        uint64_t written = 0;
        bool cut = false;
        api_reply_begin(resp, &w);
        json_begin_array(&w);
        for (size_t i = 0; i < all.len; i++) {
                if (i && str_eq(all.data[i], all.data[i - 1]))
                        continue;
                cut = sel.limit && written == sel.limit;
                if (cut)
                        break;
                json_str(&w, all.data[i]);
                written++;
        }
        json_end_array(&w);
        api_reply_end(&w, &TRUNCATED, cut);
}

void api_series_label_names(void *self, const HttpRequest *req, HttpResponse *resp)
{
        reply_names(self, req, resp, names_of, (Str){ 0 });
}

void api_series_label_values(void *self, const HttpRequest *req, HttpResponse *resp)
{
        static const Str tail = STR_INIT("/values");
        if (!str_ends(req->rest, tail)) {
                api_reply_error(resp, API_NOT_FOUND,
                                "no such endpoint; label values are at /api/v1/label/<name>/values");
                return;
        }
        Str name = str_sub(req->rest, 0, req->rest.n - tail.n);
        Buf plain = { .arena = req->arena };
        if (name.n == 0) { /* upstream's router takes empty parts out of a path */
                http_response_header(resp, STR("Location"), STR("/api/v1/label/values"));
                resp->status = 301;
                resp->content_type = "text/html; charset=utf-8";
                buf_lit(&resp->body, "<a href=\"/api/v1/label/values\">Moved Permanently</a>.\n\n");
                return;
        }
        utf8name_unescape(&plain, name); /* U__... names what a path cannot */
        if (!utf8_valid(name)) {
                api_reply_error(resp, API_BAD_DATA, "invalid label name: \"" STR_FMT "\"", STR_ARG(name));
                return;
        }
        reply_names(self, req, resp, values_of, buf_str(&plain));
}

/* The distinct metadata of one metric: types of targets may differ. */
static void put_metadata(JsonWriter *w, const ScrapeMetadata *all, size_t n, uint64_t limit)
{
        uint64_t written = 0;
        json_begin_array(w);
        for (size_t k = 0; k < n && !(limit && written >= limit); k++) {
                bool seen = false;
                for (size_t j = 0; j < k && !seen; j++)
                        seen = all[j].meta.type == all[k].meta.type && str_eq(all[j].meta.help, all[k].meta.help) &&
                               str_eq(all[j].meta.unit, all[k].meta.unit);
                if (seen)
                        continue;
                json_begin_object(w);
                json_key_cstr(w, "type", metadata_type_name(all[k].meta.type));
                json_key_str(w, "help", all[k].meta.help);
                json_key_str(w, "unit", all[k].meta.unit);
                json_end_object(w);
                written++;
        }
        json_end_array(w);
}

/* -1: no limit; 0 is a limit here, as upstream has it. */
static bool metadata_limit(const HttpRequest *req, HttpResponse *resp, const char *name, int64_t *ret)
{
        Str text;
        *ret = -1;
        if (!http_request_param(req, str_of(name), &text) || text.n == 0 || num_parse_i64(text, ret))
                return true;
        api_reply_error(resp, API_BAD_DATA, "%s must be a number", name);
        return false;
}

/* What targets say, and what is said by remote write. */
static size_t all_metadata(ApiContext *ctx, Str metric, Arena *arena, ScrapeMetadata **ret)
{
        ScrapeMetadata *scraped;
        IngestMetadata *pushed = NULL;
        size_t n, n_pushed = 0;
        scrape_manager_metadata(ctx->scrape, metric, arena, &scraped, &n);
        if (ctx->remote_write)
                ingest_remote_write_metadata(ctx->remote_write, metric, arena, &pushed, &n_pushed);
        ScrapeMetadata *all = arena_array(arena, ScrapeMetadata, n + n_pushed + 1);
        size_t i = 0, k = 0, at = 0;
        while (i < n || k < n_pushed)
                if (k == n_pushed || (i < n && str_cmp(scraped[i].metric, pushed[k].metric) <= 0)) {
                        all[at++] = scraped[i++];
                } else {
                        all[at++] = (ScrapeMetadata){ .metric = pushed[k].metric, .meta = pushed[k].meta };
                        k++;
                }
        *ret = all;
        return n + n_pushed;
}

void api_series_metadata(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        int64_t limit;
        int64_t per_metric;
        Str metric = { 0 };
        if (!metadata_limit(req, resp, "limit", &limit) || !metadata_limit(req, resp, "limit_per_metric", &per_metric))
                return;
        http_request_param(req, STR("metric"), &metric);
        ScrapeMetadata *all;
        size_t n = all_metadata(ctx, metric, req->arena, &all);
        JsonWriter w;
        int64_t metrics = 0;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        for (size_t i = 0; i < n && !(limit >= 0 && metrics >= limit); metrics++) {
                size_t end = i;
                while (end < n && str_eq(all[end].metric, all[i].metric))
                        end++;
                json_key(&w, all[i].metric);
                put_metadata(&w, all + i, end - i, per_metric > 0 ? (uint64_t)per_metric : 0);
                i = end;
        }
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}
