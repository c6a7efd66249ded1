#include "app/promqltest/ptcompare.h"

#include <float.h>
#include <math.h>

#include "model/histops.h"
#include "model/sample.h"

bool ptcompare_floats(double a, double b)
{
        static const double EPSILON = 1e-6;
        if (sample_is_stale(a) || sample_is_stale(b))
                return sample_is_stale(a) && sample_is_stale(b);
        if (isnan(a) && isnan(b))
                return true;
        if (a == b)
                return true;
        double sum = fabs(a) + fabs(b), diff = fabs(a - b);
        if (a == 0 || b == 0 || sum < DBL_MIN)
                return diff < EPSILON * DBL_MIN;
        return diff / fmin(sum, DBL_MAX) < EPSILON;
}

static const char *show_labels(Buf *buf, Labels labels)
{
        buf_clear(buf);
        labels_print(buf, labels);
        return buf_cstr(buf);
}

static bool mismatch(Err *err, Labels labels, const char *what)
{
        Buf b = { 0 };
        err_set(err, ERR_INVALID, "%s %s", what, show_labels(&b, labels));
        buf_done(&b);
        return false;
}

static bool value_mismatch(Err *err, Labels labels, int64_t t_ms, double want, double got)
{
        Buf b = { 0 };
        err_set(err, ERR_INVALID, "expected %.17g for %s at %.3fs but got %.17g", want, show_labels(&b, labels),
                (double)t_ms / 1000, got);
        buf_done(&b);
        return false;
}

static bool text_matches(const PtText *want, Str got)
{
        return want->re ? regex_match(want->re, got) : str_eq(want->text, str_trim(got));
}

bool ptcompare_failure(const PtEval *ev, bool ok, const Err *failure, Err *err)
{
        if (ok && ev->fail)
                return err_set(err, ERR_INVALID, "expected an error but the query succeeded");
        if (!ok && !ev->fail)
                return err_set(err, ERR_INVALID, "the query failed: %s", failure->msg);
        if (!ok && ev->has_fail_text && !text_matches(&ev->fail_text, str_of(failure->msg)))
                return err_set(err, ERR_INVALID, "expected the error '" STR_FMT "' but got '%s'",
                               STR_ARG(ev->fail_text.text), failure->msg);
        return true;
}

static bool compare_level(const PtTexts *want, const PromqlResult *result, bool info, Err *err)
{
        const char *level = info ? "info" : "warning";
        size_t n = 0;
        for (size_t i = 0; i < result->n_annotations; i++) {
                const PromqlAnnotation *a = &result->annotations[i];
                if (a->is_info != info)
                        continue;
                n++;
                if (want->none)
                        return err_set(err, ERR_INVALID, "unexpected %s: " STR_FMT, level, STR_ARG(a->text));
                bool known = want->texts.len == 0;
                for (size_t k = 0; k < want->texts.len && !known; k++)
                        known = text_matches(&want->texts.data[k], a->text);
                if (!known)
                        return err_set(err, ERR_INVALID, "unexpected %s: " STR_FMT, level, STR_ARG(a->text));
        }
        if (want->any && n == 0)
                return err_set(err, ERR_INVALID, "expected %s but got none", info ? "an info" : "a warning");
        for (size_t k = 0; k < want->texts.len; k++) {
                bool met = false;
                for (size_t i = 0; i < result->n_annotations && !met; i++)
                        met = result->annotations[i].is_info == info &&
                              text_matches(&want->texts.data[k], result->annotations[i].text);
                if (!met)
                        return err_set(err, ERR_INVALID, "expected the %s '" STR_FMT "', which did not come", level,
                                       STR_ARG(want->texts.data[k].text));
        }
        return true;
}

bool ptcompare_annotations(const PtEval *ev, const PromqlResult *result, Err *err)
{
        return compare_level(&ev->warnings, result, false, err) && compare_level(&ev->infos, result, true, err);
}

static const PtSeries *find_expected(const PtEval *ev, Labels labels, size_t *ret_at)
{
        for (size_t i = 0; i < ev->series.len; i++)
                if (labels_eq(ev->series.data[i].labels, labels)) {
                        *ret_at = i;
                        return &ev->series.data[i];
                }
        return NULL;
}

/* Every expected series came; the unexpected ones were found before. */
static bool all_came(const PtEval *ev, const PromqlSeries *series, size_t n, Err *err)
{
        for (size_t i = 0; i < ev->series.len; i++) {
                bool met = false;
                for (size_t k = 0; k < n && !met; k++)
                        met = series[k].n > 0 && labels_eq(series[k].labels, ev->series.data[i].labels);
                for (size_t k = 0; k < ev->series.data[i].n && !met; k++)
                        if (!ev->series.data[i].values[k].omitted)
                                return mismatch(err, ev->series.data[i].labels, "expected series did not come:");
        }
        return true;
}

static bool no_duplicates(const PromqlSeries *series, size_t n, Err *err)
{
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < i; k++)
                        if (labels_eq(series[i].labels, series[k].labels))
                                return mismatch(err, series[i].labels, "the result has a series twice:");
        return true;
}

static bool near_sides(const HistogramSide *a, const HistogramSide *b)
{
        if (a->n_spans != b->n_spans || a->n_counts != b->n_counts)
                return false;
        for (uint32_t i = 0; i < a->n_spans; i++)
                if (a->spans[i].offset != b->spans[i].offset || a->spans[i].n != b->spans[i].n)
                        return false;
        for (uint32_t i = 0; i < a->n_counts; i++)
                if (!ptcompare_floats(a->counts[i], b->counts[i]))
                        return false;
        return true;
}

bool ptcompare_histograms(const Histogram *want, const Histogram *got)
{
        AUTO(arena_free) Arena *arena = arena_new();
        want = histops_compact(arena, want);
        got = histops_compact(arena, got);
        return want->schema == got->schema && ptcompare_floats(want->count, got->count) &&
               ptcompare_floats(want->sum, got->sum) && want->zero_threshold == got->zero_threshold &&
               ptcompare_floats(want->zero_count, got->zero_count) && histcells_same_bounds(want, got) &&
               near_sides(&want->positive, &got->positive) && near_sides(&want->negative, &got->negative);
}

static void show_side(Buf *out, const HistogramSide *side, const char *name)
{
        for (uint32_t i = 0; i < side->n_spans; i++)
                buf_printf(out, " %s_span:%d+%u", name, side->spans[i].offset, side->spans[i].n);
        for (uint32_t i = 0; i < side->n_counts; i++)
                buf_printf(out, "%s%.17g", i ? " " : " [", side->counts[i]);
        if (side->n_counts)
                buf_char(out, ']');
}

static void show_histogram(Buf *out, const Histogram *h)
{
        AUTO(arena_free) Arena *arena = arena_new();
        h = histops_compact(arena, h);
        buf_printf(out, "{{schema:%d count:%.17g sum:%.17g z:%.17g/%g hint:%u", h->schema, h->count, h->sum,
                   h->zero_count, h->zero_threshold, h->hint);
        show_side(out, &h->positive, "p");
        show_side(out, &h->negative, "n");
        for (uint32_t i = 0; i < h->n_custom; i++)
                buf_printf(out, "%s%g", i ? " " : " custom:", h->custom[i]);
        buf_lit(out, "}}");
}

static bool compare_histogram(const SequenceValue *want, const Histogram *got, Labels labels, int64_t t_ms, Err *err)
{
        bool hint_ok = !want->hint_set || want->h->hint == got->hint;
        if (hint_ok && ptcompare_histograms(want->h, got))
                return true;
        Buf b = { 0 };
        show_labels(&b, labels);
        buf_printf(&b, " at %.3fs: expected ", (double)t_ms / 1000);
        show_histogram(&b, want->h);
        buf_lit(&b, " but got ");
        show_histogram(&b, got);
        err_set(err, ERR_INVALID, "%s", buf_cstr(&b));
        buf_done(&b);
        return false;
}

static bool compare_value(const SequenceValue *want, const PromqlSeries *got, size_t k, int64_t t_ms, Err *err)
{
        const Histogram *h = got->h ? got->h[k] : NULL;
        if (want->h)
                return h ? compare_histogram(want, h, got->labels, t_ms, err)
                         : mismatch(err, got->labels, "expected a histogram but got a float for");
        if (h)
                return mismatch(err, got->labels, "expected a float but got a histogram for");
        return ptcompare_floats(want->v, got->v[k]) || value_mismatch(err, got->labels, t_ms, want->v, got->v[k]);
}

static bool compare_point(const PtSeries *want, const PromqlSeries *got, size_t k, int64_t t_ms, Err *err)
{
        return compare_value(&want->values[0], got, k, t_ms, err);
}

static bool compare_vector(const PtEval *ev, const PromqlResult *r, Err *err)
{
        if (!no_duplicates(r->series, r->n_series, err))
                return false;
        for (size_t i = 0; i < r->n_series; i++) {
                size_t at;
                const PtSeries *want = find_expected(ev, r->series[i].labels, &at);
                if (!want)
                        return mismatch(err, r->series[i].labels, "unexpected series in the result:");
                if (r->series[i].n != 1)
                        return mismatch(err, r->series[i].labels, "expected one value for");
                if (ev->ordered && at != i)
                        return mismatch(err, r->series[i].labels, "wrong order at");
                if (!compare_point(want, &r->series[i], 0, ev->start_ms, err))
                        return false;
        }
        return all_came(ev, r->series, r->n_series, err);
}

static bool compare_steps(const PtSeries *want, const PromqlSeries *got, int64_t start_ms, int64_t step_ms, Err *err)
{
        size_t k = 0;
        for (size_t i = 0; i < want->n; i++) {
                int64_t t = start_ms + (int64_t)i * step_ms;
                if (want->values[i].omitted)
                        continue;
                if (k >= got->n || got->t[k] != t) {
                        Buf b = { 0 };
                        err_set(err, ERR_INVALID, "expected %.17g for %s at %.3fs but got no value there",
                                want->values[i].v, show_labels(&b, got->labels), (double)t / 1000);
                        buf_done(&b);
                        return false;
                }
                if (!compare_value(&want->values[i], got, k, t, err))
                        return false;
                k++;
        }
        if (k < got->n) {
                Buf b = { 0 };
                err_set(err, ERR_INVALID, "unexpected value %.17g for %s at %.3fs", got->v[k],
                        show_labels(&b, got->labels), (double)got->t[k] / 1000);
                buf_done(&b);
                return false;
        }
        return true;
}

static bool is_sorted(const PromqlResult *r, Err *err)
{
        for (size_t i = 1; i < r->n_series; i++)
                if (labels_cmp(r->series[i - 1].labels, r->series[i].labels) >= 0)
                        return mismatch(err, r->series[i].labels, "the result is not sorted by labels at");
        return true;
}

static bool compare_matrix(const PtEval *ev, const PromqlResult *r, Err *err)
{
        int64_t start = ev->range ? ev->start_ms : ev->vector_start_ms,
                step = ev->range ? ev->step_ms : ev->vector_step_ms;
        if (ev->range && !is_sorted(r, err))
                return false;
        for (size_t i = 0; i < r->n_series; i++) {
                size_t at;
                const PtSeries *want = find_expected(ev, r->series[i].labels, &at);
                if (!want)
                        return mismatch(err, r->series[i].labels, "unexpected series in the result:");
                if (!compare_steps(want, &r->series[i], start, step, err))
                        return false;
        }
        return all_came(ev, r->series, r->n_series, err);
}

static bool compare_scalar(const PtEval *ev, double got, Err *err)
{
        if (!ev->has_scalar)
                return err_set(err, ERR_INVALID, "expected no scalar but got %.17g", got);
        return ptcompare_floats(ev->scalar, got) ||
               err_set(err, ERR_INVALID, "expected scalar %.17g but got %.17g", ev->scalar, got);
}

static bool compare_string(const PtEval *ev, Str got, Err *err)
{
        if (ev->has_string && str_eq(ev->string, got))
                return true;
        return err_set(err, ERR_INVALID, "expected string '" STR_FMT "' but got '" STR_FMT "'", STR_ARG(ev->string),
                       STR_ARG(got));
}

bool ptcompare_result(const PtEval *ev, const PromqlResult *r, Err *err)
{
        switch (r->type) {
        case VALUE_SCALAR: return compare_scalar(ev, r->scalar, err);
        case VALUE_STRING: return compare_string(ev, r->string, err);
        case VALUE_VECTOR:
        case VALUE_MATRIX:
        case VALUE_NONE: break;
        }
        if (ev->has_scalar || ev->has_string)
                return err_set(err, ERR_INVALID, "expected a %s but got %s", ev->has_scalar ? "scalar" : "string",
                               ast_value_type_name(r->type));
        if (r->type == VALUE_MATRIX && !ev->range && !ev->range_vector)
                return err_set(err, ERR_INVALID, "expected an instant vector but got a range vector");
        return r->type == VALUE_MATRIX ? compare_matrix(ev, r, err) : compare_vector(ev, r, err);
}

bool ptcompare_middle(const PtEval *ev, const PromqlResult *r, int64_t t_ms, bool scalar, Err *err)
{
        size_t came = 0;
        if (!is_sorted(r, err))
                return false;
        for (size_t i = 0; i < r->n_series; i++) {
                const PromqlSeries *s = &r->series[i];
                size_t k = 0, at;
                while (k < s->n && s->t[k] != t_ms)
                        k++;
                if (k == s->n)
                        continue;
                came++;
                if (scalar)
                        return compare_scalar(ev, s->v[k], err);
                const PtSeries *want = find_expected(ev, s->labels, &at);
                if (!want)
                        return mismatch(err, s->labels, "unexpected series in the result:");
                if (!compare_point(want, s, k, t_ms, err))
                        return false;
        }
        if (came != (scalar ? 1 : ev->series.len))
                return err_set(err, ERR_INVALID, "expected %zu series but got %zu", scalar ? (size_t)1 : ev->series.len,
                               came);
        return true;
}
