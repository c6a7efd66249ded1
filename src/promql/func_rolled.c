/* Invariants
 * 1. Over windows that begin and end with stretches, the functions in func_rolled_run give what the samples would have given; sums up to
 *    the rounding of adding in another order.
 * 2. Whatever else is answered from roll-ups is said to be. */
#include "promql/func_rolled.h"

#include <math.h>

#include "base/duration.h"

int64_t func_rolled_from(const Querier *q, int64_t min_ms)
{
        return q->rolled_span_ms && min_ms <= plan_add(q->rolled_until_ms, q->rolled_span_ms)
                       ? plan_sub(min_ms, q->rolled_span_ms)
                       : min_ms;
}

static bool is_known(FunctionId fn)
{
        return fn == FN_AVG_OVER_TIME || fn == FN_COUNT_OVER_TIME || fn == FN_MAX_OVER_TIME || fn == FN_MIN_OVER_TIME ||
               fn == FN_SUM_OVER_TIME;
}

/* One window. */
typedef struct Sums {
        double count, min, max;
        Kahan sum;
} Sums;

static void add(Sums *s, const Column *col, size_t i)
{
        double v = col->v[i];
        SampleRollup r = i < col->n_rolled ? col->rolled[i]
                                           : (SampleRollup){ .count = 1, .sum = v, .min = v, .max = v };
        if (r.count == 0)
                return;
        if (s->count == 0) {
                s->min = r.min;
                s->max = r.max;
        }
        /* A NaN only when there is nothing else. */
        if (r.min < s->min || isnan(s->min))
                s->min = r.min;
        if (r.max > s->max || isnan(s->max))
                s->max = r.max;
        s->count += r.count;
        func_window_kahan_add(&s->sum, r.sum);
}

static double result(FunctionId fn, const Sums *s)
{
        double sum = isinf(s->sum.sum) ? s->sum.sum : s->sum.sum + s->sum.c;
        if (s->count == 0)
                return EXEC_ABSENT;
        if (fn == FN_COUNT_OVER_TIME)
                return s->count;
        if (fn == FN_MIN_OVER_TIME)
                return exec_number(s->min);
        if (fn == FN_MAX_OVER_TIME)
                return exec_number(s->max);
        return fn == FN_AVG_OVER_TIME ? sum / s->count : sum;
}

bool func_rolled_run(FunctionId fn, const Column *col, const Windows *win, double *out)
{
        if (!is_known(fn))
                return false;
        for (size_t s = 0; s < win->steps; s++) {
                Sums sums = { 0 };
                for (size_t i = win->lo[s]; i < win->hi[s]; i++)
                        add(&sums, col, i);
                out[s] = result(fn, &sums);
        }
        return true;
}

static void say(Exec *x, SrcPos pos, int64_t span_ms, const char *what)
{
        AUTO(buf_done) Buf span = { 0 };
        duration_format(&span, span_ms);
        annotations_info(&x->annotations, pos, "roll-ups of %s were used: %s", buf_cstr(&span), what);
}

void func_rolled_say(Exec *x, SrcPos pos, FunctionId fn, const Column *col, const Windows *win)
{
        int64_t span_ms = col->rolled[0].span_ms; /* the coarsest come first */
        bool exact = is_known(fn) || fn == FN_LAST_OVER_TIME || fn == FN_PRESENT_OVER_TIME;
        bool aligned = win->range_ms % span_ms == 0;
        for (size_t s = 0; s < win->steps && aligned; s++)
                aligned = win->end_ms[s] % span_ms == 0;
        if (!exact || col->h)
                say(x, pos, span_ms, "only the last sample of each is left");
        else if (!aligned)
                say(x, pos, span_ms, "ranges and times that are multiples of it are exact, these are not");
}

void func_rolled_say_shown(Exec *x, SrcPos pos, const Column *col)
{
        if (col->n_rolled)
                say(x, pos, col->rolled[0].span_ms, "only the last sample of each is left");
}
