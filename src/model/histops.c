/* Invariants:
 * 1. A HistSum's schema and zero threshold only ever become coarser, its custom bounds only fewer: what was added stays right.
 * 2. The cells of a HistSum belong to it: nobody else sees them, so equal layouts are added in place.
 * 3. Adding in an order gives bit for bit upstream's numbers for that order, compensated (Neumaier) or not.
 *
 * Widening a zero bucket: a populated bucket that the wider threshold would cut through moves the threshold to its far end. */
#include "model/histops.h"

#include <math.h>
#include <string.h>

#include "base/bits.h"

static void number_add(HistNumber *n, double inc, bool compensated)
{
        double t = n->v + inc;
        if (compensated) {
                if (isinf(t))
                        n->c = 0;
                else if (fabs(n->v) >= fabs(inc))
                        n->c += (n->v - t) + inc;
                else
                        n->c += (inc - t) + n->v;
        }
        n->v = t;
}

/* --- zero buckets --- */

/* The zero bucket of what is open (cells of one schema) at a larger threshold: its count, and the threshold, which grows
 * to the end of a populated bucket that it would cut. */
static double zero_count_at(double zero, const HistCells *positive, const HistCells *negative, int schema,
                            double *io_threshold)
{
        const HistCells *sides[2] = { positive, negative };
        for (;;) {
                double count = zero;
                bool again = false;
                for (int k = 0; k < 2 && !again; k++) {
                        for (uint32_t i = 0; i < sides[k]->n; i++) {
                                if (histcells_bound(sides[k]->idx[i] - 1, schema) >= *io_threshold)
                                        break;
                                count += sides[k]->v[i];
                                double end = histcells_bound(sides[k]->idx[i], schema);
                                if (end <= *io_threshold)
                                        continue;
                                if (sides[k]->v[i] != 0) {
                                        *io_threshold = end;
                                        again = k == 1; /* the positive side must be looked at again */
                                }
                                break;
                        }
                }
                if (!again)
                        return count;
        }
}

static void widen_zero(HistSum *s, double threshold)
{
        s->zero.v = zero_count_at(s->zero.v, &s->positive, &s->negative, s->schema, &threshold);
        s->zero_threshold = threshold;
        histcells_drop_below(&s->positive, s->schema, threshold);
        histcells_drop_below(&s->negative, s->schema, threshold);
}

/* Makes the thresholds of s and h equal; returns what h's zero bucket counts then. */
static double reconcile_zero(HistSum *s, const Histogram *h)
{
        double threshold = h->zero_threshold, count = h->zero_count;
        if (threshold == s->zero_threshold)
                return count;
        HistCells positive = histcells_open(s->arena, &h->positive, h->schema, h->schema);
        HistCells negative = histcells_open(s->arena, &h->negative, h->schema, h->schema);
        while (threshold != s->zero_threshold) {
                if (isnan(threshold) || isnan(s->zero_threshold))
                        return count;
                if (s->zero_threshold > threshold) {
                        threshold = s->zero_threshold;
                        count = zero_count_at(h->zero_count, &positive, &negative, h->schema, &threshold);
                }
                if (threshold > s->zero_threshold)
                        widen_zero(s, threshold);
        }
        return count;
}

/* --- cells --- */

static bool same_indexes(const HistCells *a, const HistCells *b)
{
        return a->n == b->n && memcmp(a->idx, b->idx, a->n * sizeof *a->idx) == 0;
}

static void cell_add(HistCells *cells, uint32_t i, double inc, bool compensated)
{
        HistNumber n = { cells->v[i], compensated ? cells->c[i] : 0 };
        number_add(&n, inc, compensated);
        cells->v[i] = n.v;
        if (compensated)
                cells->c[i] = n.c;
}

static HistCells cells_room(Arena *arena, uint32_t n, bool compensated)
{
        return (HistCells){ .idx = arena_raw_array(arena, int32_t, n + 1),
                            .v = arena_raw_array(arena, double, n + 1),
                            .c = compensated ? arena_array(arena, double, n + 1) : NULL };
}

static void cells_add(HistSum *s, HistCells *to, const HistCells *from, double factor)
{
        if (same_indexes(to, from)) {
                for (uint32_t i = 0; i < to->n; i++)
                        cell_add(to, i, factor * from->v[i], s->compensated);
                return;
        }
        HistCells out = cells_room(s->arena, to->n + from->n, s->compensated);
        for (uint32_t i = 0, k = 0; i < to->n || k < from->n;) {
                bool mine = i < to->n && (k == from->n || to->idx[i] <= from->idx[k]);
                out.idx[out.n] = mine ? to->idx[i] : from->idx[k];
                out.v[out.n] = 0;
                if (mine) {
                        out.v[out.n] = to->v[i];
                        if (s->compensated)
                                out.c[out.n] = to->c[i];
                        i++;
                }
                if (k < from->n && from->idx[k] == out.idx[out.n])
                        cell_add(&out, out.n, factor * from->v[k++], s->compensated);
                out.n++;
        }
        *to = out;
}

/* Lowers the resolution of what is open already, or its number of custom bounds. */
static void cells_regroup(const HistSum *s, HistCells *cells, int32_t (*map)(const void *arg, int32_t idx),
                          const void *arg)
{
        uint32_t n = 0;
        for (uint32_t i = 0; i < cells->n; i++) {
                int32_t idx = map(arg, cells->idx[i]);
                if (n && cells->idx[n - 1] == idx) {
                        cell_add(cells, n - 1, cells->v[i], s->compensated);
                        if (s->compensated)
                                cell_add(cells, n - 1, cells->c[i], true);
                        continue;
                }
                cells->idx[n] = idx;
                cells->v[n] = cells->v[i];
                if (s->compensated)
                        cells->c[n] = cells->c[i];
                n++;
        }
        cells->n = n;
}

typedef struct Lowering {
        int from, to;
} Lowering;

static int32_t map_lower(const void *arg, int32_t idx)
{
        const Lowering *l = arg;
        return histcells_lower(idx, l->from, l->to);
}

typedef struct Rebinning {
        const double *from, *to;
        uint32_t n_from, n_to;
} Rebinning;

static int32_t map_bounds(const void *arg, int32_t idx)
{
        const Rebinning *r = arg;
        double end = idx >= 0 && (uint32_t)idx < r->n_from ? r->from[idx] : (double)INFINITY;
        uint32_t lo = 0, hi = r->n_to;
        while (lo < hi) {
                uint32_t mid = lo + (hi - lo) / 2;
                if (r->to[mid] < end)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return (int32_t)lo;
}

/* --- sums --- */

static HistCells open_side(const HistSum *s, const HistogramSide *side, int schema)
{
        HistCells cells = histcells_open(s->arena, side, schema, schema);
        cells.c = s->compensated ? arena_array(s->arena, double, cells.n + 1) : NULL;
        return cells;
}

void histops_sum_open(HistSum *s, Arena *arena, const Histogram *h, bool compensated)
{
        int schema = histcells_custom(h) ? 0 : h->schema; /* custom buckets keep their indexes */
        *s = (HistSum){ .arena = arena,
                        .schema = h->schema,
                        .hint = (HistogramHint)h->hint,
                        .compensated = compensated,
                        .zero_threshold = h->zero_threshold,
                        .zero = { h->zero_count, 0 },
                        .count = { h->count, 0 },
                        .sum = { h->sum, 0 },
                        .custom = h->custom,
                        .n_custom = h->n_custom };
        s->positive = open_side(s, &h->positive, schema);
        s->negative = open_side(s, &h->negative, schema);
        if (h->n_custom) {
                double *own = arena_raw_array(arena, double, h->n_custom);
                memcpy(own, h->custom, h->n_custom * sizeof *own);
                s->custom = own;
        }
}

static HistCells cells_dup(Arena *arena, const HistCells *cells)
{
        HistCells out = cells_room(arena, cells->n, cells->c != NULL);
        memcpy(out.idx, cells->idx, cells->n * sizeof *out.idx);
        memcpy(out.v, cells->v, cells->n * sizeof *out.v);
        if (cells->c)
                memcpy(out.c, cells->c, cells->n * sizeof *out.c);
        out.n = cells->n;
        return out;
}

void histops_sum_copy(HistSum *to, const HistSum *s)
{
        *to = *s;
        to->positive = cells_dup(s->arena, &s->positive);
        to->negative = cells_dup(s->arena, &s->negative);
}

/* The hint of a sum; true: the two contradict each other. */
static bool join_hints(HistogramHint *io, HistogramHint other)
{
        if (*io == other || *io == HISTOGRAM_HINT_GAUGE)
                return false;
        if (other == HISTOGRAM_HINT_GAUGE) {
                *io = other;
                return false;
        }
        bool collision = *io != HISTOGRAM_HINT_UNKNOWN && other != HISTOGRAM_HINT_UNKNOWN;
        *io = HISTOGRAM_HINT_UNKNOWN;
        return collision;
}

static void add_custom(HistSum *s, const Histogram *h, double factor, HistNotes *notes)
{
        uint32_t n = s->n_custom;
        Histogram mine = { .custom = s->custom, .n_custom = s->n_custom };
        if (!histcells_same_bounds(&mine, h)) {
                const double *common = histcells_common_bounds(s->arena, s->custom, s->n_custom, h->custom, h->n_custom,
                                                               &n);
                Rebinning r = { s->custom, common, s->n_custom, n };
                cells_regroup(s, &s->positive, map_bounds, &r);
                s->custom = common;
                s->n_custom = n;
                if (notes)
                        notes->reconciled = true;
        }
        HistCells other = histcells_open_custom(s->arena, h, s->custom, s->n_custom);
        cells_add(s, &s->positive, &other, factor);
}

void histops_sum_coarsen(HistSum *s, const Histogram *h)
{
        if (s->schema == HISTOGRAM_CUSTOM_SCHEMA || histcells_custom(h) || h->schema >= s->schema)
                return;
        Lowering l = { s->schema, h->schema };
        cells_regroup(s, &s->positive, map_lower, &l);
        cells_regroup(s, &s->negative, map_lower, &l);
        s->schema = h->schema;
}

static void add_exponential(HistSum *s, const Histogram *h, double factor)
{
        double zero = reconcile_zero(s, h);
        number_add(&s->zero, factor * zero, s->compensated);
        histops_sum_coarsen(s, h);
        const HistogramSide *from[2] = { &h->positive, &h->negative };
        HistCells *to[2] = { &s->positive, &s->negative };
        for (int k = 0; k < 2; k++) {
                if (from[k]->n_counts == 0)
                        continue;
                HistCells other = histcells_open(s->arena, from[k], h->schema, s->schema);
                /* Also where h was so from the beginning: what lies inside the zero bucket is passed over, as upstream does. */
                histcells_drop_below(&other, s->schema, s->zero_threshold);
                cells_add(s, to[k], &other, factor);
        }
}

bool histops_sum_add(HistSum *s, const Histogram *h, double factor, HistNotes *notes)
{
        bool custom = s->schema == HISTOGRAM_CUSTOM_SCHEMA;
        if (custom != histcells_custom(h))
                return false;
        if (join_hints(&s->hint, (HistogramHint)h->hint) && notes)
                notes->collision = true;
        if (custom)
                add_custom(s, h, factor, notes);
        else
                add_exponential(s, h, factor);
        number_add(&s->count, factor * h->count, s->compensated);
        number_add(&s->sum, factor * h->sum, s->compensated);
        return true;
}

static void cells_scale(HistCells *cells, double factor, bool divide)
{
        for (uint32_t i = 0; i < cells->n; i++) {
                cells->v[i] = divide ? cells->v[i] / factor : cells->v[i] * factor;
                if (cells->c && cells->c[i] != 0)
                        cells->c[i] = divide ? cells->c[i] / factor : cells->c[i] * factor;
        }
}

static void number_scale(HistNumber *n, double factor, bool divide)
{
        n->v = divide ? n->v / factor : n->v * factor;
        if (n->c != 0)
                n->c = divide ? n->c / factor : n->c * factor;
}

static void scale(HistSum *s, double factor, bool divide)
{
        number_scale(&s->zero, factor, divide);
        number_scale(&s->count, factor, divide);
        number_scale(&s->sum, factor, divide);
        cells_scale(&s->positive, factor, divide);
        cells_scale(&s->negative, factor, divide);
        if (factor < 0)
                s->hint = HISTOGRAM_HINT_GAUGE;
}

void histops_sum_scale(HistSum *s, double factor) { scale(s, factor, false); }
void histops_sum_divide(HistSum *s, double divisor) { scale(s, divisor, true); }

bool histops_sum_overflows(const HistSum *s)
{
        const HistCells *sides[2] = { &s->positive, &s->negative };
        if (isinf(s->zero.v) || isinf(s->count.v) || isinf(s->sum.v))
                return true;
        for (int k = 0; k < 2; k++)
                for (uint32_t i = 0; i < sides[k]->n; i++)
                        if (isinf(sides[k]->v[i]))
                                return true;
        return false;
}

bool histops_sum_has_room(const HistSum *s, const Histogram *h)
{
        double total = fabs(s->zero.v) + fabs(s->count.v) + fabs(s->sum.v) + fabs(h->zero_count) + fabs(h->count) +
                       fabs(h->sum);
        const HistCells *mine[2] = { &s->positive, &s->negative };
        const HistogramSide *theirs[2] = { &h->positive, &h->negative };
        for (int k = 0; k < 2; k++) {
                for (uint32_t i = 0; i < mine[k]->n; i++)
                        total += fabs(mine[k]->v[i]);
                for (uint32_t i = 0; i < theirs[k]->n_counts; i++)
                        total += fabs(theirs[k]->counts[i]);
        }
        return isfinite(total);
}

static HistogramSide close_side(HistSum *s, const HistCells *cells)
{
        if (!cells->c)
                return histcells_close(s->arena, cells, true);
        HistCells total = cells_dup(s->arena, cells);
        for (uint32_t i = 0; i < total.n; i++)
                total.v[i] += total.c[i];
        return histcells_close(s->arena, &total, true);
}

/* A zero keeps its sign where nothing is to be compensated. */
static double closed(const HistSum *s, const HistNumber *n) { return s->compensated ? n->v + n->c : n->v; }

const Histogram *histops_sum_close(HistSum *s)
{
        Histogram *h = arena_new_of(s->arena, Histogram);
        *h = (Histogram){ .schema = s->schema,
                          .hint = (uint8_t)s->hint,
                          .zero_threshold = s->zero_threshold,
                          .zero_count = closed(s, &s->zero),
                          .count = closed(s, &s->count),
                          .sum = closed(s, &s->sum),
                          .positive = close_side(s, &s->positive),
                          .negative = close_side(s, &s->negative),
                          .custom = s->custom,
                          .n_custom = s->n_custom };
        return h;
}

/* --- two finished ones --- */

const Histogram *histops_add(Arena *arena, const Histogram *a, const Histogram *b, HistNotes *notes)
{
        HistSum s;
        histops_sum_open(&s, arena, a, false);
        return histops_sum_add(&s, b, 1, notes) ? histops_sum_close(&s) : NULL;
}

const Histogram *histops_sub(Arena *arena, const Histogram *a, const Histogram *b, HistNotes *notes)
{
        HistSum s;
        histops_sum_open(&s, arena, a, false);
        if (!histops_sum_add(&s, b, -1, notes))
                return NULL;
        s.hint = HISTOGRAM_HINT_GAUGE;
        return histops_sum_close(&s);
}

const Histogram *histops_mul(Arena *arena, const Histogram *h, double factor)
{
        HistSum s;
        histops_sum_open(&s, arena, h, false);
        histops_sum_scale(&s, factor);
        return histops_sum_close(&s);
}

const Histogram *histops_div(Arena *arena, const Histogram *h, double divisor)
{
        HistSum s;
        histops_sum_open(&s, arena, h, false);
        histops_sum_divide(&s, divisor);
        if (divisor == 0)
                s.positive.n = s.negative.n = 0;
        return histops_sum_close(&s);
}

const Histogram *histops_compact(Arena *arena, const Histogram *h)
{
        HistSum s;
        histops_sum_open(&s, arena, h, false);
        return histops_sum_close(&s);
}

const Histogram *histops_with_hint(Arena *arena, const Histogram *h, HistogramHint hint)
{
        Histogram *copy = arena_new_of(arena, Histogram);
        *copy = *h;
        copy->hint = (uint8_t)hint;
        return copy;
}

static bool same_number(double a, double b) { return bits_of_double(a) == bits_of_double(b); }

static bool same_side(Arena *arena, const HistogramSide *a, const HistogramSide *b)
{
        HistCells x = histcells_open(arena, a, 0, 0), y = histcells_open(arena, b, 0, 0);
        if (!same_indexes(&x, &y))
                return false;
        for (uint32_t i = 0; i < x.n; i++)
                if (!same_number(x.v[i], y.v[i]))
                        return false;
        return true;
}

bool histops_equal(Arena *arena, const Histogram *a, const Histogram *b)
{
        return a->schema == b->schema && same_number(a->count, b->count) && same_number(a->sum, b->sum) &&
               histcells_same_bounds(a, b) &&
               (histcells_custom(a) ||
                (a->zero_threshold == b->zero_threshold && same_number(a->zero_count, b->zero_count))) &&
               same_side(arena, &a->positive, &b->positive) && same_side(arena, &a->negative, &b->negative);
}

/* --- counter resets --- */

/* Does some bucket of prev have more than in now? */
static bool has_fallen(const HistCells *prev, const HistCells *now)
{
        uint32_t k = 0;
        for (uint32_t i = 0; i < prev->n; i++) {
                while (k < now->n && now->idx[k] < prev->idx[i])
                        k++;
                double v = k < now->n && now->idx[k] == prev->idx[i] ? now->v[k] : 0;
                if (v < prev->v[i])
                        return true;
        }
        return false;
}

static bool custom_fell(Arena *arena, const Histogram *prev, const Histogram *h)
{
        uint32_t n = h->n_custom;
        const double *bounds = h->custom;
        if (!histcells_same_bounds(prev, h))
                bounds = histcells_common_bounds(arena, prev->custom, prev->n_custom, h->custom, h->n_custom, &n);
        HistCells before = histcells_open_custom(arena, prev, bounds, n),
                  now = histcells_open_custom(arena, h, bounds, n);
        return has_fallen(&before, &now);
}

bool histops_is_reset(Arena *arena, const Histogram *prev, const Histogram *h)
{
        if (h->hint == HISTOGRAM_HINT_RESET || h->hint == HISTOGRAM_HINT_NOT_RESET)
                return h->hint == HISTOGRAM_HINT_RESET;
        if (h->count < prev->count || histcells_custom(h) != histcells_custom(prev))
                return true;
        if (histcells_custom(h))
                return custom_fell(arena, prev, h);
        if (h->schema > prev->schema || h->zero_threshold < prev->zero_threshold)
                return true;
        HistCells before[2] = { histcells_open(arena, &prev->positive, prev->schema, prev->schema),
                                histcells_open(arena, &prev->negative, prev->schema, prev->schema) };
        double threshold = h->zero_threshold;
        double zero = threshold == prev->zero_threshold
                              ? prev->zero_count
                              : zero_count_at(prev->zero_count, &before[0], &before[1], prev->schema, &threshold);
        if (threshold != h->zero_threshold || h->zero_count < zero)
                return true;
        const HistogramSide *was[2] = { &prev->positive, &prev->negative }, *is[2] = { &h->positive, &h->negative };
        for (int k = 0; k < 2; k++) {
                HistCells old = histcells_open(arena, was[k], prev->schema, h->schema);
                HistCells now = histcells_open(arena, is[k], h->schema, h->schema);
                if (threshold != prev->zero_threshold)
                        histcells_drop_below(&old, h->schema, threshold);
                if (has_fallen(&old, &now))
                        return true;
        }
        return false;
}

HistogramHint histops_hint_after(Arena *arena, const Histogram *prev, const Histogram *h)
{
        if (h->hint != HISTOGRAM_HINT_UNKNOWN)
                return (HistogramHint)h->hint;
        if (!prev)
                return HISTOGRAM_HINT_UNKNOWN;
        return histops_is_reset(arena, prev, h) ? HISTOGRAM_HINT_RESET : HISTOGRAM_HINT_NOT_RESET;
}
