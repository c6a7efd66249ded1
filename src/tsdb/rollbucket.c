/* Invariants
 * 1. Every sample of out is one of in: its own time and value. The last number of a stretch is there, and its last stale marker when no
 *    sample follows in the stretch.
 * 2. A counter grows as much between two samples that are kept as it did between them in `in`: both sides of every reset are kept.
 * 3. Sums, counts and extremes of roll-ups are those of the samples that these were made of. */
#include "tsdb/rollbucket.h"

#include <math.h>

int64_t rollbucket_end(int64_t t_ms, int64_t span_ms)
{
        int64_t rest = t_ms % span_ms;
        return rest > 0 ? t_ms - rest + span_ms : t_ms - rest;
}

bool rollbucket_is_counter(Labels labels)
{
        Str name = labels_get(labels, STR("__name__"));
        return str_ends(name, STR("_total")) || str_ends(name, STR("_sum")) || str_ends(name, STR("_count")) ||
               str_ends(name, STR("_bucket"));
}

static bool is_stale(const Column *c, size_t i)
{
        return c->h && c->h[i] ? histogram_is_stale(c->h[i]) : sample_is_stale(c->v[i]);
}

/* Did the counter start again between two neighbours? */
static bool is_drop(const Column *c, size_t before, size_t i)
{
        bool hist = c->h && c->h[i];
        if (hist != (c->h && c->h[before]))
                return true;
        return hist ? c->h[i]->hint == HISTOGRAM_HINT_RESET : c->v[i] < c->v[before];
}

/* As max_over_time: a NaN only when there is nothing else. */
static double greater(double a, double b) { return b > a || isnan(a) ? b : a; }
static double less(double a, double b) { return b < a || isnan(a) ? b : a; }

/* Compensated as sum_over_time adds (Neumaier). */
static void add_sum(SampleRollup *r, double x, double *lost)
{
        double sum = r->sum + x;
        if (isinf(sum))
                *lost = 0;
        else
                *lost += fabs(r->sum) >= fabs(x) ? (r->sum - sum) + x : (x - sum) + r->sum;
        r->sum = sum;
}

static void add(SampleRollup *r, const SampleRollup *x, double *lost)
{
        if (x->count == 0)
                return;
        if (r->count == 0) {
                r->min = x->min;
                r->max = x->max;
        }
        r->min = less(r->min, x->min);
        r->max = greater(r->max, x->max);
        r->count += x->count;
        add_sum(r, x->sum, lost);
}

static void keep(const Column *in, size_t i, const SampleRollup *r, Column *out)
{
        if (in->h && in->h[i])
                column_push_histogram(out, in->t[i], histogram_dup(column_arena(out), in->h[i]));
        else
                column_push(out, in->t[i], in->v[i]);
        column_set_start(out, in->st ? in->st[i] : 0);
        column_set_rollup(out, r);
}

/* The numbers (no stale markers) of a stretch are in->[from, to) less the markers. */
typedef struct Stretch {
        size_t from, to;
        size_t last; /* number; to: there is none */
        size_t drops;
        SampleRollup r;
} Stretch;

/* before: the number before the stretch, SIZE_MAX when there is none. */
static Stretch look(const Column *in, size_t from, int64_t span_ms, size_t before)
{
        int64_t end_ms = rollbucket_end(in->t[from], span_ms);
        Stretch s = { .from = from, .r = { .span_ms = span_ms } };
        bool any = false;
        double lost = 0;
        for (s.to = from; s.to < in->n && in->t[s.to] <= end_ms; s.to++) {
                size_t i = s.to;
                if (is_stale(in, i))
                        continue;
                SampleRollup one = { .count = 1, .sum = in->v[i], .min = in->v[i], .max = in->v[i] };
                if (in->h && in->h[i])
                        one.count = 0;
                s.drops += before != SIZE_MAX && is_drop(in, before, i);
                add(&s.r, i < in->n_rolled ? &in->rolled[i] : &one, &lost);
                before = s.last = i;
                any = true;
        }
        s.r.sum += lost;
        if (!any)
                s.last = s.to;
        return s;
}

static void keep_stretch(const Column *in, const Stretch *s, bool is_counter, size_t before, Column *out)
{
        const SampleRollup none = { .span_ms = s->r.span_ms };
        bool around = is_counter || s->drops <= ROLLBUCKET_FEW_DROPS;
        bool kept = true; /* the number before i is in out; that before the stretch is the last of its own */
        for (size_t i = s->from; i < s->to; i++) {
                if (is_stale(in, i)) {
                        if (i == s->to - 1)
                                keep(in, i, &none, out);
                        continue;
                }
                bool drop = around && before != SIZE_MAX && is_drop(in, before, i);
                if (drop && !kept)
                        keep(in, before, &none, out);
                kept = drop || i == s->last;
                if (kept)
                        keep(in, i, i == s->last ? &s->r : &none, out);
                before = i;
        }
}

void rollbucket_make(const Column *in, int64_t span_ms, bool is_counter, Column *out)
{
        size_t before = SIZE_MAX;
        for (size_t i = 0; i < in->n;) {
                Stretch s = look(in, i, span_ms, before);
                keep_stretch(in, &s, is_counter, before, out);
                if (s.last < s.to)
                        before = s.last;
                i = s.to;
        }
}
