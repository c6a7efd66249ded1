/* Functions that take native histograms apart: histogram_count, _sum, _avg, _stddev, _stdvar. Floats have no answer. */
#include <math.h>

#include "model/histstat.h"
#include "promql/exec.h"

typedef struct NativeState {
        const Source *in;
        FunctionId fn;
} NativeState;

static double answer(FunctionId fn, Worker *w, const Histogram *h)
{
        if (fn == FN_HISTOGRAM_COUNT)
                return h->count;
        if (fn == FN_HISTOGRAM_SUM)
                return h->sum;
        if (fn == FN_HISTOGRAM_AVG)
                return h->sum / h->count;
        double variance = histstat_variance(exec_hist_arena(w), h);
        return fn == FN_HISTOGRAM_STDDEV ? sqrt(variance) : variance;
}

static bool native_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const NativeState *st = src->state;
        if (!exec_row(st->in, w, i, out, err))
                return false;
        for (size_t s = 0; s < src->steps; s++)
                out[s] = exec_is_hist(out[s]) ? exec_number(answer(st->fn, w, exec_hist(out[s]))) : EXEC_ABSENT;
        return true;
}

Source *func_native_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        NativeState *st = arena_new_of(stage->arena, NativeState);
        *st = (NativeState){ exec_vector(x, call->kids[0], grid, stage, err), call->expr->call.fn->id };
        if (!st->in)
                return NULL;
        Source *src = exec_source(stage, st->in->n, grid->n);
        if (!exec_drop_names(x, stage, st->in, src, err))
                return NULL;
        src->state = st;
        src->row = native_row;
        if (x->options->features.delayed_name_removal)
                return exec_reserve(x, stage, 0, err) ? src : NULL;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}
