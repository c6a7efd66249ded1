/* Invariants:
 * 1. What a function says of floats it says through func_window's kernels, of the floats alone.
 * 2. A window that mixes floats and histograms has no rate, sum or average, and that is said.
 * 3. A start timestamp counts when it lies before its sample. Between the sample before and its own it is a counter reset; equal to
 *    the time of the sample before it is one only when that sample had a start of its own: delta samples touch like that, while
 *    the first sample of a counter with an unknown start stands for its zero. */
#include "promql/func_mixed.h"

#include <math.h>

#include "model/histops.h"
#include "promql/mixedsum.h"

typedef struct Range {
        size_t lo, hi; /* samples */
        size_t floats, hists;
        int64_t start_ms, end_ms;
} Range;

static const Histogram *hist_at(const MixedCall *m, size_t i) { return m->col->h ? m->col->h[i] : NULL; }

static void warn_named(Exec *x, SrcPos pos, bool is_info, const char *text, Str metric)
{
        AUTO(buf_done) Buf name = { 0 };
        if (metric.n) {
                buf_lit(&name, " for metric name ");
                quote_go(&name, metric);
        }
        if (is_info)
                annotations_info(&x->annotations, pos, "%s%s", text, buf_cstr(&name));
        else
                annotations_warn(&x->annotations, pos, "%s%s", text, buf_cstr(&name));
}

void func_mixed_warn_mix(Exec *x, SrcPos pos, Str metric)
{
        warn_named(x, pos, false, "encountered a mix of histograms and floats", metric);
}

void func_mixed_warn_schemas(Exec *x, SrcPos pos, Str metric)
{
        warn_named(x, pos, false, "vector contains a mix of histograms with exponential and custom buckets schemas",
                   metric);
}

static void warn_kind(const MixedCall *m, const char *kind)
{
        AUTO(buf_done) Buf name = { 0 };
        quote_go(&name, m->metric);
        annotations_warn(&m->x->annotations, m->pos, "this native histogram metric is not a %s: %s", kind,
                         buf_cstr(&name));
}

static void say_reconciled(const MixedCall *m, const HistNotes *notes, const char *doing)
{
        if (notes->reconciled)
                annotations_info(&m->x->annotations, m->pos, "mismatched custom buckets were reconciled during %s",
                                 doing);
}

/* --- resets --- */

static int64_t start_of(const MixedCall *m, size_t i) { return m->starts && m->col->st ? m->col->st[i] : 0; }

/* Does sample i's start timestamp say that the counter began anew after sample i - 1? */
static bool starts_anew(const MixedCall *m, size_t i)
{
        int64_t st = start_of(m, i), before = start_of(m, i - 1), t = m->col->t[i - 1];
        if (st == 0 || st >= m->col->t[i])
                return false;
        return st > t || (st == t && before != 0 && before < t);
}

static void warn_overlap(const MixedCall *m, size_t i)
{
        int64_t st = start_of(m, i);
        if (st == 0 || st >= m->col->t[i - 1] || st == start_of(m, i - 1))
                return;
        AUTO(buf_done) Buf name = { 0 };
        quote_go(&name, m->metric);
        annotations_warn(&m->x->annotations, m->pos,
                         "sample has start time that overlaps with previous sample timestamp for metric %s",
                         buf_cstr(&name));
}

static bool is_reset(const MixedCall *m, size_t i)
{
        const Histogram *prev = hist_at(m, i - 1), *h = hist_at(m, i);
        if (starts_anew(m, i) || !prev != !h)
                return true;
        return h ? histops_is_reset(exec_hist_arena(m->w), prev, h) : m->col->v[i] < m->col->v[i - 1];
}

static bool is_change(const MixedCall *m, size_t i)
{
        const Histogram *prev = hist_at(m, i - 1), *h = hist_at(m, i);
        if (!prev != !h)
                return true;
        if (h)
                return !histops_equal(exec_hist_arena(m->w), prev, h);
        double a = m->col->v[i - 1], b = m->col->v[i];
        return a != b && !(isnan(a) && isnan(b));
}

/* --- rate, increase, delta --- */

typedef struct RateKind {
        bool is_counter, is_rate;
} RateKind;

/* The factor that stretches what was seen between the first and the last sample to the whole range. */
static double stretch(const MixedCall *m, const Range *r, RateKind kind, double result, double first, bool from_start)
{
        const int64_t *t = m->col->t;
        size_t last = r->hi - 1, gaps = last - r->lo;
        double to_start = (double)(t[r->lo] - r->start_ms) / 1000, to_end = (double)(r->end_ms - t[last]) / 1000;
        double sampled = (double)(t[last] - t[r->lo]) / 1000;
        double average = gaps ? sampled / (double)gaps : 0;
        if (from_start) {
                sampled = (double)(t[last] - start_of(m, r->lo)) / 1000;
                to_start = 0;
        } else {
                if (to_start >= average * 1.1)
                        to_start = average / 2;
                if (kind.is_counter && result > 0 && first >= 0)
                        to_start = fmin(to_start, sampled * (first / result));
        }
        if (to_end >= average * 1.1)
                to_end = average / 2;
        double factor = (sampled + to_start + to_end) / sampled;
        return kind.is_rate ? factor / ((double)(r->end_ms - r->start_ms) / 1000) : factor;
}

/* The counter is known to have been zero inside the range. */
static bool starts_inside(const MixedCall *m, const Range *r, RateKind kind)
{
        int64_t st = kind.is_counter ? start_of(m, r->lo) : 0;
        return st != 0 && st > r->start_ms && st < m->col->t[r->lo];
}

static double float_rate(const MixedCall *m, const Range *r, RateKind kind)
{
        bool from_start = starts_inside(m, r, kind);
        if (r->hi - r->lo < 2 && !from_start)
                return EXEC_ABSENT;
        const double *v = m->col->v;
        double result = v[r->hi - 1] - (from_start ? 0 : v[r->lo]);
        for (size_t i = r->lo + 1; i < r->hi && kind.is_counter; i++) {
                warn_overlap(m, i);
                if (is_reset(m, i))
                        result += v[i - 1];
        }
        return exec_number(result * stretch(m, r, kind, result, v[r->lo], from_start));
}

/* Warnings about the kinds of histograms between first and last; false: their buckets do not go together. */
static bool check_kinds(const MixedCall *m, size_t first, size_t last, bool skip_first, RateKind kind)
{
        bool gauge = false, custom = histcells_custom(hist_at(m, last)), mixed = false;
        for (size_t i = first; i <= last; i++) {
                gauge = gauge || hist_at(m, i)->hint == HISTOGRAM_HINT_GAUGE;
                bool counts = i > first ? kind.is_counter || i == last : !skip_first;
                mixed = mixed || (counts && histcells_custom(hist_at(m, i)) != custom);
        }
        if (kind.is_counter && gauge)
                warn_kind(m, "counter");
        if (mixed)
                func_mixed_warn_schemas(m->x, m->pos, m->metric);
        if (!mixed && !kind.is_counter &&
            (hist_at(m, first)->hint != HISTOGRAM_HINT_GAUGE || hist_at(m, last)->hint != HISTOGRAM_HINT_GAUGE))
                warn_kind(m, "gauge");
        return !mixed;
}

static double hist_rate(const MixedCall *m, const Range *r, RateKind kind)
{
        bool from_start = starts_inside(m, r, kind);
        if (r->hi - r->lo < 2 && !from_start)
                return EXEC_ABSENT;
        Arena *arena = exec_hist_arena(m->w);
        /* What came before a reset right after the first sample does not matter, nor does its layout. */
        bool skip = from_start || (kind.is_counter && is_reset(m, r->lo + 1));
        if (!check_kinds(m, r->lo, r->hi - 1, skip && r->hi - r->lo > 1, kind))
                return EXEC_ABSENT;
        HistSum sum;
        HistNotes minus = { 0 }, plus = { 0 };
        histops_sum_open(&sum, arena, hist_at(m, r->hi - 1), false);
        for (size_t i = r->lo; i < r->hi && kind.is_counter; i++) /* the coarsest layout, once for all */
                if (i > r->lo || !skip)
                        histops_sum_coarsen(&sum, hist_at(m, i));
        if (!skip)
                IGNORE(histops_sum_add(&sum, hist_at(m, r->lo), -1, &minus));
        for (size_t i = r->lo + 1; i < r->hi && kind.is_counter; i++) {
                warn_overlap(m, i);
                bool counts = i > r->lo + 1 || !skip || from_start;
                if (counts && is_reset(m, i))
                        IGNORE(histops_sum_add(&sum, hist_at(m, i - 1), 1, &plus));
        }
        say_reconciled(m, &minus, "subtraction");
        say_reconciled(m, &plus, "addition");
        histops_sum_scale(&sum, stretch(m, r, kind, sum.count.v, hist_at(m, r->lo)->count, from_start));
        sum.hint = HISTOGRAM_HINT_GAUGE;
        return exec_box(histops_sum_close(&sum));
}

/* --- anchored, smoothed --- */

const Histogram *func_mixed_between(Arena *arena, const Histogram *a, const Histogram *b, double share, bool is_counter)
{
        if (histcells_custom(a) != histcells_custom(b))
                return NULL;
        if (is_counter && histops_is_reset(arena, a, b))
                return histops_mul(arena, b, share);
        HistSum sum;
        histops_sum_open(&sum, arena, b, false);
        IGNORE(histops_sum_add(&sum, a, -1, NULL));
        histops_sum_scale(&sum, share);
        IGNORE(histops_sum_add(&sum, a, 1, NULL));
        sum.hint = is_counter ? (HistogramHint)b->hint : HISTOGRAM_HINT_GAUGE;
        return histops_sum_close(&sum);
}

static double share_at(const MixedCall *m, size_t i, int64_t t)
{
        return (double)(t - m->col->t[i]) / (double)(m->col->t[i + 1] - m->col->t[i]);
}

/* Adds what counter resets hide between left and right: left lies at or before sample `first`, right at or after `last`. */
static void add_resets(const MixedCall *m, HistSum *sum, const Range *r, size_t first, size_t last, bool left_between,
                       const Histogram *right, bool right_between)
{
        Arena *arena = exec_hist_arena(m->w);
        size_t prev = left_between ? first + 1 : first, to = m->col->t[last] >= r->end_ms ? last : last + 1;
        if (left_between && last <= first + 1)
                return; /* both ends on one line */
        for (size_t i = prev + 1; i < to; i++) {
                if (histops_is_reset(arena, hist_at(m, i - 1), hist_at(m, i)))
                        IGNORE(histops_sum_add(sum, hist_at(m, i - 1), 1, NULL));
                prev = i;
        }
        if (prev < last && (right_between || to == last) && histops_is_reset(arena, hist_at(m, prev), right))
                IGNORE(histops_sum_add(sum, hist_at(m, prev), 1, NULL));
}

static double hist_extended(const MixedCall *m, const Windows *win, const Range *r, size_t first, size_t last,
                            RateKind kind)
{
        Arena *arena = exec_hist_arena(m->w);
        if (!check_kinds(m, first, last, false, kind))
                return EXEC_ABSENT;
        const Histogram *left = hist_at(m, first), *right = hist_at(m, last);
        bool left_between = win->smoothed && m->col->t[first] < r->start_ms && first < last;
        bool right_between = win->smoothed && last > first && m->col->t[last] > r->end_ms;
        if (left_between)
                left = func_mixed_between(arena, hist_at(m, first), hist_at(m, first + 1),
                                          share_at(m, first, r->start_ms), kind.is_counter);
        if (right_between)
                right = func_mixed_between(arena, hist_at(m, last - 1), hist_at(m, last),
                                           share_at(m, last - 1, r->end_ms), kind.is_counter);
        HistSum sum;
        HistNotes notes = { 0 };
        if (!left || !right)
                return EXEC_ABSENT;
        histops_sum_open(&sum, arena, right, false);
        if (!histops_sum_add(&sum, left, -1, &notes))
                return EXEC_ABSENT;
        say_reconciled(m, &notes, "subtraction");
        if (kind.is_counter)
                add_resets(m, &sum, r, first, last, left_between, right, right_between);
        if (kind.is_rate)
                histops_sum_divide(&sum, (double)(r->end_ms - r->start_ms) / 1000);
        sum.hint = HISTOGRAM_HINT_GAUGE;
        return exec_box(histops_sum_close(&sum));
}

/* The samples between which an extended range is: from the last one at or before its start to the last inside, or smoothed the
 * first at or after its end. False: nothing is in the range. */
static bool extended_ends(const MixedCall *m, const Windows *win, const Range *r, size_t *ret_first, size_t *ret_last)
{
        const int64_t *t = m->col->t;
        size_t first = r->lo, last = r->hi - 1;
        if (win->smoothed)
                for (last = r->lo; last < r->hi - 1 && t[last] < r->end_ms;)
                        last++;
        while (first < last && t[first + 1] <= r->start_ms)
                first++;
        *ret_first = first;
        *ret_last = last;
        return t[last] > r->start_ms && !(win->smoothed && t[first] > r->end_ms);
}

static double rate_of(const MixedCall *m, const Windows *win, const Range *r, RateKind kind, double of_floats)
{
        size_t first = r->lo, last = r->hi - 1;
        bool extended = win->anchored || win->smoothed;
        if (extended && !extended_ends(m, win, r, &first, &last))
                return EXEC_ABSENT;
        bool any_float = false, any_hist = false;
        for (size_t i = first; i <= last; i++)
                *(hist_at(m, i) ? &any_hist : &any_float) = true;
        if (any_float && any_hist) {
                func_mixed_warn_mix(m->x, m->pos, m->metric);
                return EXEC_ABSENT;
        }
        if (any_hist)
                return extended ? hist_extended(m, win, r, first, last, kind) : hist_rate(m, r, kind);
        if (extended || !m->starts || !m->col->st || !kind.is_counter)
                return of_floats;
        return float_rate(m, r, kind);
}

static double instant_rate(const MixedCall *m, const Range *r, bool is_rate)
{
        if (r->hi - r->lo < 2)
                return EXEC_ABSENT;
        size_t b = r->hi - 1, a = b - 1;
        const Histogram *x = hist_at(m, a), *y = hist_at(m, b);
        double seconds = (double)(m->col->t[b] - m->col->t[a]) / 1000;
        if (!x != !y) {
                func_mixed_warn_mix(m->x, m->pos, m->metric);
                return EXEC_ABSENT;
        }
        if (is_rate)
                warn_overlap(m, b);
        bool reset = is_rate && is_reset(m, b);
        if (!y) {
                double v = m->col->v[b] - (reset ? 0 : m->col->v[a]);
                return exec_number(is_rate ? v / seconds : v);
        }
        bool gauges = x->hint == HISTOGRAM_HINT_GAUGE && y->hint == HISTOGRAM_HINT_GAUGE;
        if (is_rate && (x->hint == HISTOGRAM_HINT_GAUGE || y->hint == HISTOGRAM_HINT_GAUGE))
                warn_kind(m, "counter");
        else if (!is_rate && !gauges)
                warn_kind(m, "gauge");
        HistSum sum;
        HistNotes notes = { 0 };
        histops_sum_open(&sum, exec_hist_arena(m->w), y, false);
        if (!reset && !histops_sum_add(&sum, x, -1, &notes)) {
                func_mixed_warn_schemas(m->x, m->pos, m->metric);
                return EXEC_ABSENT;
        }
        say_reconciled(m, &notes, "subtraction");
        if (is_rate)
                histops_sum_divide(&sum, seconds);
        sum.hint = HISTOGRAM_HINT_GAUGE;
        return exec_box(histops_sum_close(&sum));
}

/* --- sum_over_time, avg_over_time --- */

static double total(const MixedCall *m, const Range *r, bool average)
{
        if (r->floats && r->hists) {
                func_mixed_warn_mix(m->x, m->pos, m->metric);
                return EXEC_ABSENT;
        }
        MixedSum sum;
        mixedsum_begin(&sum, exec_hist_arena(m->w), hist_at(m, r->lo), average);
        for (size_t i = r->lo + 1; i < r->hi; i++)
                mixedsum_add(&sum, hist_at(m, i));
        if (sum.incompatible)
                func_mixed_warn_schemas(m->x, m->pos, m->metric);
        mixedsum_say(&sum, m->x, m->pos);
        const Histogram *h = mixedsum_end(&sum);
        return h ? exec_box(h) : EXEC_ABSENT;
}

/* --- the rest --- */

static double sample(const MixedCall *m, size_t i)
{
        const Histogram *h = hist_at(m, i);
        return h ? exec_box(histogram_dup(exec_hist_arena(m->w), h)) : exec_number(m->col->v[i]);
}

/* Pairs of neighbours that a predicate holds for; an anchored range starts with the last sample at or before it. */
static double count_pairs(const MixedCall *m, const Windows *win, const Range *r,
                          bool (*holds)(const MixedCall *, size_t))
{
        size_t first = r->lo, last = r->hi - 1;
        double n = 0;
        if (win->anchored && !extended_ends(m, win, r, &first, &last))
                return EXEC_ABSENT;
        for (size_t i = first + 1; i <= last; i++)
                n += holds(m, i);
        return n;
}

static double one_window(const MixedCall *m, const Windows *win, const Range *r, double of_floats)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
        switch (m->fn) {
        case FN_RATE: return rate_of(m, win, r, (RateKind){ true, true }, of_floats);
        case FN_INCREASE: return rate_of(m, win, r, (RateKind){ true, false }, of_floats);
        case FN_DELTA: return rate_of(m, win, r, (RateKind){ false, false }, of_floats);
        case FN_IRATE: return instant_rate(m, r, true);
        case FN_IDELTA: return instant_rate(m, r, false);
        case FN_SUM_OVER_TIME: return r->hists ? total(m, r, false) : of_floats;
        case FN_AVG_OVER_TIME: return r->hists ? total(m, r, true) : of_floats;
        case FN_COUNT_OVER_TIME: return (double)(r->hi - r->lo);
        case FN_PRESENT_OVER_TIME:
        case FN_ABSENT_OVER_TIME: return 1;
        case FN_FIRST_OVER_TIME: return sample(m, r->lo);
        case FN_LAST_OVER_TIME: return sample(m, r->hi - 1);
        case FN_TS_OF_FIRST_OVER_TIME: return (double)m->col->t[r->lo] / 1000;
        case FN_TS_OF_LAST_OVER_TIME: return (double)m->col->t[r->hi - 1] / 1000;
        case FN_CHANGES: return count_pairs(m, win, r, is_change);
        case FN_RESETS: return count_pairs(m, win, r, is_reset);
        default: break;
        }
#pragma GCC diagnostic pop
        /* All others know floats only. */
        if (r->floats && r->hists)
                warn_named(m->x, m->pos, true, "ignored histograms in a range containing both floats and histograms",
                           m->metric);
        return of_floats;
}

/* The floats of the column and their windows, run through the kernel. before[i]: floats before sample i. */
static void run_floats(const MixedCall *m, const Windows *win, const uint32_t *before, double *out)
{
        size_t n = m->col->n, n_floats = before[n];
        int64_t *t = (int64_t *)exec_buf_take(m->w, n_floats + 1);
        double *v = exec_buf_take(m->w, n_floats + 1);
        uint32_t *lo = (uint32_t *)exec_buf_take(m->w, win->steps + 1), *hi = lo + win->steps;
        for (size_t i = 0; i < n; i++) {
                if (hist_at(m, i))
                        continue;
                t[before[i]] = m->col->t[i];
                v[before[i]] = m->col->v[i];
        }
        for (size_t s = 0; s < win->steps; s++) {
                lo[s] = before[win->lo[s]];
                hi[s] = before[win->hi[s]];
        }
        Windows floats = *win;
        floats.t = t;
        floats.v = v;
        floats.n = n_floats;
        floats.lo = lo;
        floats.hi = hi;
        floats.times = NULL;
        func_window_run(m->fn, &floats, out);
        exec_buf_give(m->w);
        exec_buf_give(m->w);
        exec_buf_give(m->w);
}

void func_mixed_run(const MixedCall *m, const Windows *win, double *out)
{
        size_t n = m->col->n;
        uint32_t *before = (uint32_t *)exec_buf_take(m->w, n / 2 + 2);
        for (size_t i = 0, floats = 0; i <= n; i++) {
                before[i] = (uint32_t)floats;
                floats += i < n && !hist_at(m, i);
        }
        run_floats(m, win, before, out);
        if (m->col->h)
                exec_set_any_hists(m->x);
        for (size_t s = 0; s < win->steps; s++) {
                Range r = { .lo = win->lo[s], .hi = win->hi[s], .end_ms = win->end_ms[s] };
                if (r.lo == r.hi)
                        continue;
                r.start_ms = plan_sub(r.end_ms, win->range_ms);
                r.floats = before[r.hi] - before[r.lo];
                r.hists = r.hi - r.lo - r.floats;
                out[s] = one_window(m, win, &r, out[s]);
        }
        exec_buf_give(m->w);
}
