/* model/sample.h - Sample: a value at a time; the two NaNs that Prometheus tells apart; Column: samples as arrays.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bits.h"
#include "model/histogram.h"

#define SAMPLE_STALE_BITS 0x7ff0000000000002u /* "this series ended here" */
#define SAMPLE_NAN_BITS 0x7ff8000000000001u   /* an ordinary NaN */

typedef struct Sample {
        int64_t t_ms;
        double v;
} Sample;

static inline double sample_stale(void) { return bits_to_double(SAMPLE_STALE_BITS); }
static inline double sample_nan(void) { return bits_to_double(SAMPLE_NAN_BITS); }
static inline bool sample_is_stale(double v) { return bits_of_double(v) == SAMPLE_STALE_BITS; }

/* What a sample says of a stretch of time (it is the last there) whose other samples are gone. */
typedef struct SampleRollup {
        double count, sum, min, max; /* of the stretch. count 0: the stretch's last sample says it */
        int64_t span_ms;             /* length of the stretch */
} SampleRollup;

/* Samples of one series in time order (strictly rising). Owned by its user, heap arrays reused from series to series. A column of
 * floats without start timestamps, the common case, has h and st NULL. */
typedef struct Column {
        int64_t *t;
        double *v;
        const Histogram **h; /* NULL: all floats; else h[i] != NULL: sample i is a histogram, v[i] means nothing */
        int64_t *st;         /* NULL: none is known; else when sample i's counter started to count, 0: unknown */
        size_t n, cap;
        SampleRollup *rolled; /* of the first n_rolled samples; the others stand for themselves */
        size_t n_rolled, rolled_cap;
        Arena *arena; /* where the histograms live; owned, made when first needed, reset by column_clear */
} Column;

void column_done(Column *c);
/* Empties it: h and st are NULL again, histograms read from it are gone. */
void column_clear(Column *c);
/* Room for n more samples in every array that is there. */
void column_reserve(Column *c, size_t n);
/* For histograms that are pushed. Never NULL; valid until column_clear or column_done. */
Arena *column_arena(Column *c);
void column_push_slow(Column *c, int64_t t, double v); /* column_push, whatever the column has */
static inline void column_push(Column *c, int64_t t, double v)
{
        if (c->n == c->cap || c->h || c->st) {
                column_push_slow(c, t, v);
                return;
        }
        c->t[c->n] = t;
        c->v[c->n++] = v;
}
/* h is borrowed for as long as the column holds it: it lives in column_arena or outlives the column's use. */
void column_push_histogram(Column *c, int64_t t, const Histogram *h);
/* Of the sample pushed last. st_ms 0 is unknown and costs nothing. */
void column_set_start(Column *c, int64_t st_ms);
/* Of the sample pushed last; all before it are roll-ups as well. */
void column_set_rollup(Column *c, const SampleRollup *r);
/* Sample `from` to place `to` (<= from), all arrays: for those who leave samples out. */
static inline void column_move(Column *c, size_t to, size_t from)
{
        c->t[to] = c->t[from];
        c->v[to] = c->v[from];
        if (c->h)
                c->h[to] = c->h[from];
        if (c->st)
                c->st[to] = c->st[from];
        if (from < c->n_rolled)
                c->rolled[to] = c->rolled[from];
}
/* Makes times rise strictly from sample `from` on; of equal times the one that came first stays. Cheap when they do already. */
void column_make_rising(Column *c, size_t from);
