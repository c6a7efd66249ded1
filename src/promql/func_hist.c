/* Functions on classic and native histograms: histogram_quantile, histogram_quantiles, histogram_fraction.
 *
 * Invariants:
 * 1. A classic histogram is the series that differ in `le` only; its buckets are ordered by bound once, when the node is
 * opened. A series without a bound may hold native histograms; at a step where a histogram is there both ways, it is neither.
 * 2. A histogram is computed from its bucket rows by one worker and streamed: buckets of different histograms are never
 *    held together. */
#include <math.h>
#include <stdlib.h>

#include "codec/floats.h"
#include "model/histstat.h"
#include "promql/exec.h"
#include "promql/groupindex.h"

typedef struct Bucket {
        double bound, count;
} Bucket;

typedef struct Member {
        size_t row;
        double bound;
} Member;

typedef struct Classic {
        Labels labels;
        Member *members; /* ascending bounds */
        size_t n;
        size_t native; /* the row without a bound that has the same labels; SIZE_MAX: none */
} Classic;

typedef struct HistState {
        Exec *x;
        const PlanNode *call;
        const Source *in;
        Classic *hists;
        size_t n_hists;
        bool fraction;
        double **params; /* fraction: lower, upper; else one q per output block */
        size_t n_params;
        SrcPos vector_pos;
} HistState;

static const Str LE = STR_INIT("le");
static const double SMALL_DELTA = 1e-12; /* relative difference of counts that is taken for rounding */

static bool almost_equal(double a, double b)
{
        if (a == b)
                return true;
        double sum = fabs(a) + fabs(b), diff = fabs(a - b);
        if (a == 0 || b == 0 || sum < 2.2250738585072014e-308)
                return diff < SMALL_DELTA * 2.2250738585072014e-308;
        return diff / fmin(sum, 1.7976931348623157e308) < SMALL_DELTA;
}

static size_t coalesce(Bucket *b, size_t n)
{
        size_t out = 0;
        for (size_t i = 1; i < n; i++) {
                if (b[i].bound == b[out].bound)
                        b[out].count += b[i].count;
                else
                        b[++out] = b[i];
        }
        return out + 1;
}

static bool force_monotonic(Bucket *b, size_t n)
{
        bool forced = false;
        double prev = b[0].count;
        for (size_t i = 1; i < n; i++) {
                if (b[i].count == prev)
                        continue;
                if (almost_equal(prev, b[i].count)) {
                        b[i].count = prev;
                } else if (b[i].count < prev) {
                        b[i].count = prev;
                        forced = true;
                } else {
                        prev = b[i].count;
                }
        }
        return forced;
}

static double bucket_quantile(double q, Bucket *b, size_t n, bool *ret_forced)
{
        if (isnan(q))
                return EXEC_NAN;
        if (q < 0)
                return -EXEC_INF;
        if (q > 1)
                return EXEC_INF;
        if (!isinf(b[n - 1].bound) || b[n - 1].bound < 0)
                return EXEC_NAN;
        n = coalesce(b, n);
        bool forced = force_monotonic(b, n);
        if (n < 2 || b[n - 1].count == 0)
                return EXEC_NAN;
        *ret_forced = *ret_forced || forced;
        double rank = q * b[n - 1].count;
        size_t at = 0;
        while (at < n - 1 && !(b[at].count >= rank))
                at++;
        if (at == n - 1)
                return b[n - 2].bound;
        if (at == 0 && b[0].bound <= 0)
                return b[0].bound;
        double start = 0, count = b[at].count;
        if (at > 0) {
                start = b[at - 1].bound;
                count -= b[at - 1].count;
                rank -= b[at - 1].count;
        }
        return start + (b[at].bound - start) * (rank / count);
}

/* How many observations are at most v, by linear interpolation inside its bucket; count when v is beyond. */
static double rank_of(double v, const Bucket *b, size_t n)
{
        double rank = 0, prev = 0, low = b[0].bound <= 0 ? -EXEC_INF : 0;
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        low = b[i - 1].bound;
                if (low >= v)
                        return rank;
                double inside = b[i].count - prev;
                if (b[i].bound > v && isinf(low))
                        return b[i].count; /* of a bucket without a lower end nothing is above v */
                if (b[i].bound > v)
                        return rank + inside * (v - low) / (b[i].bound - low);
                rank = b[i].count;
                prev = b[i].count;
        }
        return b[n - 1].count;
}

static double bucket_fraction(double lower, double upper, Bucket *b, size_t n)
{
        if (n == 0 || !isinf(b[n - 1].bound) || b[n - 1].bound < 0)
                return EXEC_NAN;
        n = coalesce(b, n);
        double count = b[n - 1].count;
        if (count == 0 || isnan(lower) || isnan(upper))
                return EXEC_NAN;
        if (lower >= upper)
                return 0;
        double lo = fmin(rank_of(lower, b, n), count), hi = fmin(rank_of(upper, b, n), count);
        return (hi - lo) / count;
}

static void warn_forced(const HistState *st, Labels labels)
{
        AUTO(buf_done) Buf name = { 0 };
        Str metric = labels_get(labels, LABEL_NAME);
        if (metric.n && st->x->options->features.delayed_name_removal) {
                buf_lit(&name, " for metric name ");
                quote_go(&name, metric);
        }
        annotations_info(&st->x->annotations, st->vector_pos,
                         "input to histogram_quantile needed to be fixed for monotonicity (see "
                         "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)%s",
                         buf_cstr(&name));
}

/* " for metric name "x"", when there is a name. */
static const char *named(Buf *out, Labels labels)
{
        Str metric = labels_get(labels, LABEL_NAME);
        if (metric.n) {
                buf_lit(out, " for metric name ");
                quote_go(out, metric);
        }
        return buf_cstr(out);
}

static void say_nan(const HistState *st, Labels labels, const char *what)
{
        AUTO(buf_done) Buf name = { 0 };
        annotations_info(&st->x->annotations, st->vector_pos, "input to %s has NaN observations, %s%s",
                         st->fraction ? "histogram_fraction" : "histogram_quantile", what, named(&name, labels));
}

static double native_answer(const HistState *st, Worker *w, Labels labels, const Histogram *h, size_t block, size_t s)
{
        Arena *arena = exec_hist_arena(w);
        if (st->fraction) {
                double r = histstat_fraction(arena, h, st->params[0][s], st->params[1][s]);
                if (!isnan(r) && histstat_has_nan(arena, h))
                        say_nan(st, labels, "which are excluded from all fractions");
                return exec_number(r);
        }
        HistTrust trust;
        double r = histstat_quantile(arena, h, st->params[block][s], &trust);
        if (trust == HIST_TRUST_NONE)
                say_nan(st, labels, "result is NaN");
        else if (trust == HIST_TRUST_SKEWED)
                say_nan(st, labels, "result is skewed higher");
        return exec_number(r);
}

static void warn_mixed(const HistState *st, Labels labels)
{
        AUTO(buf_done) Buf name = { 0 };
        annotations_warn(&st->x->annotations, st->vector_pos,
                         "vector contains a mix of classic and native histograms%s", named(&name, labels));
}

static void warn_bad_le(const HistState *st, Labels labels)
{
        AUTO(buf_done) Buf text = { 0 };
        quote_go(&text, labels_get(labels, LE));
        named(&text, labels);
        annotations_warn(&st->x->annotations, st->vector_pos,
                         "bucket label \"le\" is missing or has a malformed value of %s", buf_cstr(&text));
}

/* Puts the answers for native histograms over those of the classic one; floats without a bound are no buckets. */
static void native_steps(const HistState *st, Worker *w, const Classic *h, const double *row, size_t block, double *out,
                         size_t steps)
{
        Labels labels = st->in->heads[h->native].labels;
        bool bad_le = false, mixed = false;
        for (size_t s = 0; s < steps; s++) {
                if (!exec_is_hist(row[s])) {
                        bad_le = bad_le || !exec_absent(row[s]);
                } else if (!exec_absent(out[s])) {
                        mixed = true;
                        out[s] = EXEC_ABSENT;
                } else {
                        out[s] = native_answer(st, w, labels, exec_hist(row[s]), block, s);
                }
        }
        if (bad_le)
                warn_bad_le(st, labels);
        if (mixed)
                warn_mixed(st, labels);
}

static bool hist_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const HistState *st = src->state;
        const Classic *h = &st->hists[i % st->n_hists];
        size_t block = i / st->n_hists, steps = src->steps;
        double *rows = exec_buf_take(w, (h->n + 1) * steps), *native = rows + h->n * steps;
        Bucket *buckets = (Bucket *)exec_buf_take(w, 2 * h->n + 1);
        bool ok = true, forced = false;
        for (size_t m = 0; ok && m < h->n; m++)
                ok = exec_row(st->in, w, h->members[m].row, rows + m * steps, err);
        if (ok && h->native != SIZE_MAX)
                ok = exec_row(st->in, w, h->native, native, err);
        for (size_t s = 0; ok && s < steps; s++) {
                size_t n = 0;
                for (size_t m = 0; m < h->n; m++) {
                        double v = rows[m * steps + s];
                        if (!exec_absent(v) && !exec_is_hist(v))
                                buckets[n++] = (Bucket){ h->members[m].bound, v };
                }
                if (n == 0)
                        out[s] = EXEC_ABSENT;
                else if (st->fraction)
                        out[s] = bucket_fraction(st->params[0][s], st->params[1][s], buckets, n);
                else
                        out[s] = bucket_quantile(st->params[block][s], buckets, n, &forced);
        }
        if (ok && h->native != SIZE_MAX)
                native_steps(st, w, h, native, block, out, steps);
        exec_buf_give(w);
        exec_buf_give(w);
        if (forced)
                warn_forced(st, h->labels);
        return ok;
}

/* --- opening --- */

static int by_bound(const void *pa, const void *pb)
{
        const Member *a = pa, *b = pb;
        int c = (a->bound > b->bound) - (a->bound < b->bound);
        return c ? c : (a->row > b->row) - (a->row < b->row);
}

static bool find_histograms(HistState *st, Stage *stage, Err *err)
{
        StrVec le = { .data = (Str[]){ LE }, .n = 1 };
        GroupRule rule = { .names = &le, .without = true, .keep_name = true };
        GroupIndex groups;
        groupindex_init(&groups, stage->arena);
        size_t n = st->in->n;
        size_t *group_of = arena_raw_array(stage->arena, size_t, n + 1);
        double *bounds = arena_raw_array(stage->arena, double, n + 1);
        for (size_t i = 0; i < n; i++) {
                Labels labels = st->in->heads[i].labels;
                if (!exec_goes_on(st->x, i, err))
                        return false;
                if (floats_parse(labels_get(labels, LE), &bounds[i]))
                        group_of[i] = groupindex_of(&groups, labels, &rule, NULL);
                else {
                        group_of[i] = groupindex_key(&groups, labels, NULL);
                        bounds[i] = EXEC_ABSENT;
                }
        }
        st->n_hists = groups.keys.len;
        st->hists = arena_array(stage->arena, Classic, st->n_hists + 1);
        for (size_t i = 0; i < n; i++)
                st->hists[group_of[i]].n += !exec_absent(bounds[i]);
        for (size_t g = 0; g < st->n_hists; g++) {
                st->hists[g].members = arena_raw_array(stage->arena, Member, st->hists[g].n + 1);
                st->hists[g].labels = groups.keys.data[g];
                st->hists[g].n = 0;
                st->hists[g].native = SIZE_MAX;
        }
        for (size_t i = 0; i < n; i++) {
                Classic *h = &st->hists[group_of[i]];
                if (exec_absent(bounds[i]))
                        h->native = i;
                else
                        h->members[h->n++] = (Member){ i, bounds[i] };
        }
        for (size_t g = 0; g < st->n_hists; g++) {
                if (!exec_goes_on(st->x, g, err))
                        return false;
                qsort(st->hists[g].members, st->hists[g].n, sizeof(Member), by_bound);
        }
        return exec_reserve(st->x, stage, 0, err);
}

static bool open_params(HistState *st, size_t first, size_t end, const Grid *grid, Stage *stage, Err *err)
{
        st->params = arena_array(stage->arena, double *, end - first + 1);
        for (size_t k = first; k < end; k++) {
                double *q = exec_scalar_array(st->x, st->call->kids[k], grid, stage, err);
                if (!q)
                        return false;
                st->params[st->n_params++] = q;
                for (size_t s = 0; !st->fraction && s < grid->n; s++)
                        if (isnan(q[s]) || q[s] < 0 || q[s] > 1)
                                annotations_bad_quantile(&st->x->annotations, st->call->expr->pos,
                                                         plan_arg_pos(st->call, k), q[s]);
        }
        return true;
}

/* As OpenMetrics writes bounds and quantiles: whole numbers end in .0. */
static void format_bound(Buf *out, double v)
{
        floats_format_g(out, v);
        Str text = buf_str(out);
        if (isfinite(v) && str_find_char(text, '.') == SIZE_MAX && str_find_char(text, 'e') == SIZE_MAX)
                buf_lit(out, ".0");
}

static Source *hist_source(HistState *st, const Grid *grid, Stage *stage, Str label)
{
        size_t blocks = st->fraction ? 1 : st->n_params;
        Source *src = exec_source(stage, st->n_hists * blocks, grid->n);
        for (size_t i = 0; i < src->n; i++) {
                RowHead head = { .labels = st->hists[i % st->n_hists].labels };
                src->heads[i] = exec_drop_name(st->x, stage->arena, head);
                if (!label.n)
                        continue;
                Buf text = { .arena = stage->arena };
                format_bound(&text, st->params[i / st->n_hists][0]);
                LabelsBuilder b;
                labels_builder_init(&b, stage->arena, src->heads[i].labels);
                labels_builder_set(&b, label, buf_str(&text));
                src->heads[i].labels = labels_builder_build(&b, stage->arena);
        }
        src->state = st;
        src->row = hist_row;
        return src;
}

Source *func_hist_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        FunctionId id = call->expr->call.fn->id;
        bool many = id == FN_HISTOGRAM_QUANTILES;
        HistState *st = arena_new_of(stage->arena, HistState);
        *st = (HistState){ .x = x, .call = call, .fraction = id == FN_HISTOGRAM_FRACTION };
        const PlanNode *vector = call->kids[many ? 0 : call->n_kids - 1];
        st->vector_pos = plan_arg_pos(call, many ? 0 : call->n_kids - 1);
        if (!open_params(st, many ? 2 : 0, many ? call->n_kids : call->n_kids - 1, grid, stage, err))
                return NULL;
        st->in = exec_vector(x, vector, grid, stage, err);
        if (!st->in || !find_histograms(st, stage, err))
                return NULL;
        Source *src = hist_source(st, grid, stage, many ? call->kids[1]->expr->string : (Str){ 0 });
        if (x->options->features.delayed_name_removal)
                return src;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}
