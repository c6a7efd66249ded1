#include "model/histogram.h"

#include <string.h>

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

bool histogram_same(const Histogram *a, const Histogram *b)
{
        double x[] = { a->zero_threshold, a->zero_count, a->count, a->sum };
        double y[] = { b->zero_threshold, b->zero_count, b->count, b->sum };
        return a->schema == b->schema && a->integer == b->integer && memcmp(x, y, sizeof x) == 0 &&
               same_side(&a->positive, &b->positive) && same_side(&a->negative, &b->negative) &&
               same_bytes(a->custom, a->n_custom * sizeof *a->custom, b->custom, b->n_custom * sizeof *b->custom);
}

bool histogram_is_stale(const Histogram *h) { return sample_is_stale(h->sum); }
