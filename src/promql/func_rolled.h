/* promql/func_rolled.h - selectors and functions over samples that are roll-ups. Private to promql/.
 *
 * Counts, sums and extremes are those of the samples that are gone; everything else sees the samples that are left. What that means:
 * docs/formats/rollups.md. */
#pragma once
#include "promql/exec.h"
#include "promql/func_window.h"

/* How much longer than others a sample is shown. */
static inline int64_t func_rolled_span_ms(const Column *col, size_t i)
{
        return i < col->n_rolled ? col->rolled[i].span_ms : 0;
}
/* From where an instant selector that wants samples from min_ms on has to read. */
int64_t func_rolled_from(const Querier *q, int64_t min_ms);
/* Fills out[win->steps] when fn can be told from roll-ups; else false, and the samples that are left have to do. */
bool func_rolled_run(FunctionId fn, const Column *col, const Windows *win, double *out);
/* Says that roll-ups were used, unless fn over these windows is what the samples would have given. */
void func_rolled_say(Exec *x, SrcPos pos, FunctionId fn, const Column *col, const Windows *win);
/* The same for the samples that an instant selector shows. */
void func_rolled_say_shown(Exec *x, SrcPos pos, const Column *col);
