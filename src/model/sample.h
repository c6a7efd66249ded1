/* model/sample.h - Sample: a value at a time; the two NaNs that Prometheus tells apart; Column: samples as two arrays.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

#define SAMPLE_STALE_BITS 0x7ff0000000000002u /* "this series ended here" */
#define SAMPLE_NAN_BITS 0x7ff8000000000001u   /* an ordinary NaN */

typedef struct Sample {
        int64_t t_ms;
        double v;
} Sample;

static inline double sample_stale(void) { return bits_to_double(SAMPLE_STALE_BITS); }
static inline double sample_nan(void) { return bits_to_double(SAMPLE_NAN_BITS); }
static inline bool sample_is_stale(double v) { return bits_of_double(v) == SAMPLE_STALE_BITS; }

struct Histogram; /* native histograms: model/histogram.h */

/* Samples of one series in time order (strictly rising). Owned by its user, heap arrays reused from series to series.
 */
typedef struct Column {
        int64_t *t;
        double *v;
        const struct Histogram **h; /* NULL: all floats; else h[i] != NULL means sample i is a histogram */
        size_t n, cap;
} Column;

void column_done(Column *c);
static inline void column_clear(Column *c) { c->n = 0; }
/* Room for n more samples (h is not touched). */
void column_reserve(Column *c, size_t n);
static inline void column_push(Column *c, int64_t t, double v)
{
        if (c->n == c->cap)
                column_reserve(c, 1);
        c->t[c->n] = t;
        c->v[c->n++] = v;
}
