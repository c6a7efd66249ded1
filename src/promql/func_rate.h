/* promql/func_rate.h - rate, increase, delta, irate, idelta over plain ranges. Private to promql/.
 *
 * Series that were scraped together have the same times, so what depends on times alone is computed once (RateTimes) and
 * the rest is a few vector operations a row. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "promql/func_window.h"

/* Per window; owned, reused. */
typedef struct RateTimes {
        uint32_t *first, *last;                       /* samples between which the function calculates */
        double *sampled, *to_start, *to_end, *factor; /* seconds, seconds, seconds, result per increase */
        double *a, *b, *c;                            /* scratch of func_rate_run */
        uint32_t *few;                                /* windows with fewer than two samples */
        size_t n_few, cap;
        bool marching; /* from window to window, first and last move by one: no need to gather */
} RateTimes;

bool func_rate_known(FunctionId fn);
/* w->v is not looked at. */
void func_rate_prepare(FunctionId fn, const Windows *w, RateTimes *times);
/* Fills out[w->steps]. times: of a w with equal times. */
void func_rate_run(FunctionId fn, const Windows *w, RateTimes *times, double *out);
void func_rate_done(RateTimes *times);
size_t func_rate_bytes(const RateTimes *times);
