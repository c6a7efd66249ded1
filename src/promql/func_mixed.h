/* promql/func_mixed.h - functions over range vectors whose samples may be histograms, or know when their counters started.
 * Private to promql/.
 *
 * Slower than func_window, which sees floats only, and called only for series that need it. */
#pragma once
#include "promql/exec.h"
#include "promql/func_window.h"

typedef struct MixedCall {
        Exec *x;
        Worker *w; /* buffers, and where histograms are made */
        const Column *col;
        Str metric; /* for messages; may be empty */
        SrcPos pos; /* of the range vector */
        FunctionId fn;
        bool starts; /* start timestamps count */
} MixedCall;

/* Fills out[win->steps]; win->t and the windows are those of the column's samples. */
void func_mixed_run(const MixedCall *m, const Windows *win, double *out);
/* Between two histograms, at `share` of the way from a to b. is_counter: a reset between the two means that it grew from
 * zero. NULL: exponential and custom buckets do not mix. */
const Histogram *func_mixed_between(Arena *arena, const Histogram *a, const Histogram *b, double share,
                                    bool is_counter);
/* "... for metric name "x"" when there is a name. */
void func_mixed_warn_mix(Exec *x, SrcPos pos, Str metric);
void func_mixed_warn_schemas(Exec *x, SrcPos pos, Str metric);
