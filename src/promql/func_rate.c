/* Invariants:
 * 1. A window's result is bit for bit what the formula gives for that window alone: the operations on its numbers, and
 *    their order, are the same whether they are done early (func_rate_prepare) or late.
 * 2. Where the formula has a branch on values, the fast pass proves that no window takes it, or each window is asked. */
#include "promql/func_rate.h"

#include "base/mem.h"
#include "promql/exec.h"
#include "promql/rowkernel.h"

bool func_rate_known(FunctionId fn)
{
        return fn == FN_RATE || fn == FN_INCREASE || fn == FN_DELTA || fn == FN_IRATE || fn == FN_IDELTA;
}

void func_rate_done(RateTimes *t)
{
        mem_free(t->sampled);
        *t = (RateTimes){ 0 };
}

enum { WINDOW_BYTES = 7 * sizeof(double) + 3 * sizeof(uint32_t) };

size_t func_rate_bytes(const RateTimes *t) { return t->cap * WINDOW_BYTES; }

/* One block: seven arrays of doubles, three of indices. */
static void make_room(RateTimes *t, size_t steps)
{
        if (steps <= t->cap)
                return;
        func_rate_done(t);
        t->cap = steps;
        double *doubles = mem_alloc(steps * WINDOW_BYTES);
        double **arrays[] = { &t->sampled, &t->to_start, &t->to_end, &t->factor, &t->a, &t->b, &t->c };
        for (size_t i = 0; i < ARRAY_LEN(arrays); i++, doubles += steps)
                *arrays[i] = doubles;
        t->first = (uint32_t *)(void *)doubles;
        t->last = t->first + steps;
        t->few = t->last + steps;
}

/* How far the increase reaches beyond the samples; to zero at the earliest, when a counter would have been there. */
static double factor_of(const RateTimes *t, size_t s, double to_start, double range_s)
{
        double factor = (t->sampled[s] + to_start + t->to_end[s]) / t->sampled[s];
        return range_s > 0 ? factor / range_s : factor;
}

static double range_seconds(FunctionId fn, const Windows *w) { return fn == FN_RATE ? (double)w->range_ms / 1000 : 0; }

static void prepare_one(FunctionId fn, const Windows *w, RateTimes *t, size_t s)
{
        size_t first = t->first[s], last = t->last[s];
        t->sampled[s] = (double)(w->t[last] - w->t[first]) / 1000;
        if (fn == FN_IRATE || fn == FN_IDELTA)
                return;
        double to_start = (double)(w->t[first] - (w->end_ms[s] - w->range_ms)) / 1000;
        double to_end = (double)(w->end_ms[s] - w->t[last]) / 1000;
        double average = t->sampled[s] / (double)(last - first), threshold = average * 1.1;
        t->to_start[s] = to_start >= threshold ? average / 2 : to_start;
        t->to_end[s] = to_end >= threshold ? average / 2 : to_end;
        t->factor[s] = factor_of(t, s, t->to_start[s], range_seconds(fn, w));
}

void func_rate_prepare(FunctionId fn, const Windows *w, RateTimes *t)
{
        make_room(t, w->steps);
        t->n_few = 0;
        t->marching = true;
        for (size_t s = 0; s < w->steps; s++) {
                bool few = w->hi[s] < w->lo[s] + 2;
                bool two = fn == FN_IRATE || fn == FN_IDELTA;
                t->first[s] = few ? 0 : two ? w->hi[s] - 2 : w->lo[s];
                t->last[s] = few ? 0 : w->hi[s] - 1;
                if (few)
                        t->few[t->n_few++] = (uint32_t)s;
                t->marching = t->marching && t->first[s] == t->first[0] + s && t->last[s] == t->last[0] + s;
                prepare_one(fn, w, t, s);
        }
}

/* Positions i where v[i] < v[i-1], as a list; returns how many. */
static size_t find_resets(const Windows *w, uint32_t *pos)
{
        if (!rowkernel_falls(w->v, w->n))
                return 0;
        size_t n = 0;
        for (size_t i = 1; i < w->n; i++)
                if (w->v[i] < w->v[i - 1])
                        pos[n++] = (uint32_t)i;
        return n;
}

/* What a counter had before each reset inside its window is added; false: there was none. */
static bool add_resets(const Windows *w, double *restrict increase)
{
        uint32_t *resets = (uint32_t *)w->scratch;
        size_t n = find_resets(w, resets), from = 0;
        for (size_t s = 0; n && s < w->steps; s++) {
                if (w->hi[s] < w->lo[s] + 2)
                        continue;
                while (from < n && resets[from] <= w->lo[s])
                        from++;
                for (size_t r = from; r < n && resets[r] < w->hi[s]; r++)
                        increase[s] += w->v[resets[r] - 1];
        }
        return n > 0;
}

static void limit_to_zero(FunctionId fn, const Windows *w, const RateTimes *t, const double *firsts,
                          double *restrict out)
{
        double range_s = range_seconds(fn, w);
        for (size_t s = 0; s < w->steps; s++) {
                double first = firsts[s], increase = t->b[s];
                if (!(increase > 0 && first >= 0))
                        continue;
                double to_zero = t->sampled[s] * (first / increase);
                if (to_zero < t->to_start[s])
                        out[s] = increase * factor_of(t, s, to_zero, range_s);
        }
}

static void extrapolated(FunctionId fn, const Windows *w, const RateTimes *t, const double *first, const double *last,
                         double *restrict out)
{
        bool near_zero = rowkernel_extrapolate(first, last, t->sampled, t->to_start, t->factor, t->b, out, w->steps);
        if (fn == FN_DELTA)
                return;
        if (add_resets(w, t->b)) {
                for (size_t s = 0; s < w->steps; s++)
                        out[s] = t->b[s] * t->factor[s];
                near_zero = rowkernel_near_zero(first, t->b, t->sampled, t->to_start, w->steps);
        }
        if (near_zero)
                limit_to_zero(fn, w, t, first, out);
}

static void gather(const double *restrict v, const uint32_t *restrict at, size_t n, double *restrict out)
{
        for (size_t s = 0; s < n; s++)
                out[s] = v[at[s]];
}

void func_rate_run(FunctionId fn, const Windows *w, RateTimes *t, double *out)
{
        const double *first = t->a, *last = t->c;
        if (t->marching) {
                first = w->v + t->first[0];
                last = w->v + t->last[0];
        } else {
                gather(w->v, t->first, w->steps, t->a);
                gather(w->v, t->last, w->steps, t->c);
        }
        if (fn == FN_IRATE)
                rowkernel_irate(first, last, t->sampled, out, w->steps);
        else if (fn == FN_IDELTA)
                for (size_t s = 0; s < w->steps; s++)
                        out[s] = last[s] - first[s];
        else
                extrapolated(fn, w, t, first, last, out);
        for (size_t i = 0; i < t->n_few; i++)
                out[t->few[i]] = EXEC_ABSENT;
}
