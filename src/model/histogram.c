#include "model/histogram.h"

#include <string.h>

#include "base/bits.h"
#include "model/sample.h"

static const void *dup_bytes(Arena *arena, const void *p, size_t n, size_t align)
{
        return n ? memcpy(arena_raw(arena, n, align), p, n) : NULL;
}

static HistogramSide side_dup(Arena *arena, const HistogramSide *s)
{
        HistogramSide d = *s;
        d.spans = dup_bytes(arena, s->spans, s->n_spans * sizeof *s->spans, _Alignof(HistogramSpan));
        d.counts = dup_bytes(arena, s->counts, s->n_counts * sizeof *s->counts, _Alignof(double));
        return d;
}

Histogram *histogram_dup(Arena *arena, const Histogram *h)
{
        Histogram *d = arena_new_of(arena, Histogram);
        *d = *h;
        d->positive = side_dup(arena, &h->positive);
        d->negative = side_dup(arena, &h->negative);
        d->custom = dup_bytes(arena, h->custom, h->n_custom * sizeof *h->custom, _Alignof(double));
        return d;
}

static bool same_bytes(const void *a, size_t n_a, const void *b, size_t n_b)
{
        return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a) == 0);
}

static bool same_side(const HistogramSide *a, const HistogramSide *b)
{
        return same_bytes(a->spans, a->n_spans * sizeof *a->spans, b->spans, b->n_spans * sizeof *b->spans) &&
               same_bytes(a->counts, a->n_counts * sizeof *a->counts, b->counts, b->n_counts * sizeof *b->counts);
}

static bool same_bits(double a, double b) { return bits_of_double(a) == bits_of_double(b); }

bool histogram_same(const Histogram *a, const Histogram *b)
{
        return a->schema == b->schema && a->integer == b->integer && same_bits(a->zero_threshold, b->zero_threshold) &&
               same_bits(a->zero_count, b->zero_count) && same_bits(a->count, b->count) && same_bits(a->sum, b->sum) &&
               same_side(&a->positive, &b->positive) && same_side(&a->negative, &b->negative) &&
               same_bytes(a->custom, a->n_custom * sizeof *a->custom, b->custom, b->n_custom * sizeof *b->custom);
}

bool histogram_is_stale(const Histogram *h) { return sample_is_stale(h->sum); }
