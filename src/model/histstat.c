/* Invariant: a bucket that ends at infinity has no inside: nothing is interpolated in it. */
#include "model/histstat.h"

#include <math.h>

#include "codec/floats.h"
#include "model/histcells.h"

/* --- buckets --- */

static void clip_to_zero(HistBucket *b, double threshold)
{
        if (b->upper < 0 && b->upper > -threshold)
                b->upper = -threshold;
        if (b->lower > 0 && b->lower < threshold)
                b->lower = threshold;
}

static HistBucket exponential(const Histogram *h, int32_t idx, double count, int8_t side)
{
        double far = histcells_bound(idx, h->schema), near = histcells_bound(idx - 1, h->schema);
        HistBucket b = { .lower = side < 0 ? -far : near, .upper = side < 0 ? -near : far };
        b.lower_inclusive = b.lower < 0;
        b.upper_inclusive = b.upper > 0;
        b.count = count;
        b.side = side;
        b.idx = idx;
        clip_to_zero(&b, h->zero_threshold);
        return b;
}

static HistBucket custom(const Histogram *h, int32_t idx, double count)
{
        bool first = idx <= 0, last = idx >= (int32_t)h->n_custom;
        return (HistBucket){ .lower = first ? -(double)INFINITY : h->custom[last ? h->n_custom - 1 : (uint32_t)idx - 1],
                             .upper = last ? (double)INFINITY : h->custom[idx < 0 ? 0 : idx],
                             .lower_inclusive = first,
                             .upper_inclusive = true,
                             .count = count,
                             .side = 1,
                             .idx = idx };
}

/* any_zero: also a zero bucket of less than nothing. */
static HistBucket *list_buckets(Arena *arena, const Histogram *h, bool any_zero, uint32_t *ret_n)
{
        HistCells positive = histcells_open(arena, &h->positive, 0, 0);
        HistCells negative = histcells_open(arena, &h->negative, 0, 0);
        HistBucket *all = arena_raw_array(arena, HistBucket, positive.n + negative.n + 1);
        uint32_t n = 0;
        bool is_custom = histcells_custom(h);
        for (uint32_t i = negative.n; i-- > 0 && !is_custom;)
                all[n++] = exponential(h, negative.idx[i], negative.v[i], -1);
        if ((any_zero ? h->zero_count != 0 : h->zero_count > 0) && !is_custom)
                all[n++] = (HistBucket){ .lower = -h->zero_threshold,
                                         .upper = h->zero_threshold,
                                         .lower_inclusive = true,
                                         .upper_inclusive = true,
                                         .count = h->zero_count };
        for (uint32_t i = 0; i < positive.n; i++)
                all[n++] = is_custom ? custom(h, positive.idx[i], positive.v[i])
                                     : exponential(h, positive.idx[i], positive.v[i], 1);
        *ret_n = n;
        return all;
}

HistBucket *histstat_buckets(Arena *arena, const Histogram *h, uint32_t *ret_n)
{
        return list_buckets(arena, h, false, ret_n);
}

void histstat_print(Buf *out, const Histogram *h)
{
        AUTO(arena_free) Arena *arena = arena_new();
        uint32_t n;
        const HistBucket *all = list_buckets(arena, h, true, &n);
        buf_lit(out, "{count:");
        floats_format_g(out, h->count);
        buf_lit(out, ", sum:");
        floats_format_g(out, h->sum);
        for (uint32_t i = 0; i < n; i++) {
                const HistBucket *b = &all[i];
                if (b->count == 0)
                        continue;
                buf_lit(out, ", ");
                buf_char(out, b->lower_inclusive ? '[' : '(');
                floats_format_g(out, b->lower);
                buf_char(out, ',');
                floats_format_g(out, b->upper);
                buf_char(out, b->upper_inclusive ? ']' : ')');
                buf_char(out, ':');
                floats_format_g(out, b->count);
        }
        buf_char(out, '}');
}

/* Observations near 0 lie on the side where all others do. */
static void lean(const Histogram *h, HistBucket *b)
{
        if (h->negative.n_counts == 0 && h->positive.n_counts > 0)
                b->lower = 0;
        else if (h->positive.n_counts == 0 && h->negative.n_counts > 0)
                b->upper = 0;
}

static bool is_linear(const Histogram *h, const HistBucket *b) { return histcells_custom(h) || b->side == 0; }

/* Where v is between the ends of b: 0 to 1. */
static double place(const Histogram *h, const HistBucket *b, double v)
{
        if (is_linear(h, b))
                return (v - b->lower) / (b->upper - b->lower);
        double lower = log2(fabs(b->lower)), upper = log2(fabs(b->upper)), at = log2(fabs(v));
        return v > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

/* --- quantile --- */

/* The bucket that holds the rank-th observation, counted from the low or the high end; ret_count up to and with it. */
static const HistBucket *find_rank(const HistBucket *all, uint32_t n, double rank, bool forward, double *ret_count)
{
        double count = 0;
        const HistBucket *b = NULL;
        for (uint32_t i = 0; i < n; i++) {
                const HistBucket *next = &all[forward ? i : n - 1 - i];
                b = next;
                if (next->count == 0)
                        continue;
                count += next->count;
                if (count >= rank)
                        break;
        }
        *ret_count = count;
        return b;
}

static double total(const HistBucket *all, uint32_t n)
{
        double sum = 0;
        for (uint32_t i = 0; i < n; i++)
                sum += all[i].count;
        return sum;
}

/* True: the bucket reaches to infinity, and its only end is the answer. Else its ends are what observations lie between. */
static bool has_one_end(const Histogram *h, HistBucket *b, double *ret)
{
        if (!histcells_custom(h)) {
                if (b->lower < 0 && b->upper > 0)
                        lean(h, b);
                return false;
        }
        if (isinf(b->lower) && b->upper > 0)
                b->lower = 0;
        else if (isinf(b->lower) || isinf(b->upper)) {
                *ret = isinf(b->lower) ? b->upper : b->lower;
                return true;
        }
        return false;
}

double histstat_quantile(Arena *arena, const Histogram *h, double q, HistTrust *ret_trust)
{
        uint32_t n;
        *ret_trust = HIST_TRUST_FULL;
        if (q < 0)
                return -(double)INFINITY;
        if (q > 1)
                return (double)INFINITY;
        if (h->count == 0 || isnan(q))
                return __builtin_nan("");
        const HistBucket *all = histstat_buckets(arena, h, &n);
        /* NaN observations are in no bucket: then only counting from below is right. */
        bool has_nan = isnan(h->sum), forward = has_nan || q < 0.5;
        double rank = (forward ? q : 1 - q) * h->count, count, end;
        const HistBucket *found = find_rank(all, n, rank, forward, &count);
        HistBucket b = found ? *found : (HistBucket){ 0 };
        if (has_one_end(h, &b, &end))
                return end;
        count = fmin(count, h->count);
        if (count < rank) {
                *ret_trust = has_nan ? HIST_TRUST_NONE : HIST_TRUST_FULL;
                return has_nan ? __builtin_nan("") : b.upper;
        }
        rank = forward ? rank - (count - b.count) : count - rank;
        if (has_nan) { /* upstream looks for the total with the bucket in hand, and goes on with the last one */
                *ret_trust = total(all, n) < h->count ? HIST_TRUST_SKEWED : HIST_TRUST_FULL;
                if (n > 0 && found != &all[n - 1])
                        b = all[n - 1];
        }
        double share = rank / b.count;
        if (is_linear(h, &b))
                return b.lower + (b.upper - b.lower) * share;
        double lower = log2(fabs(b.lower)), upper = log2(fabs(b.upper));
        return b.lower > 0 ? exp2(lower + (upper - lower) * share) : -exp2(upper + (lower - upper) * (1 - share));
}

bool histstat_has_nan(Arena *arena, const Histogram *h)
{
        if (!isnan(h->sum))
                return false;
        uint32_t n;
        const HistBucket *all = histstat_buckets(arena, h, &n);
        return total(all, n) < h->count;
}

/* --- fraction --- */

/* Observations up to v: `rank` are below b, which reaches over v. */
static double rank_inside(const Histogram *h, const HistBucket *b, double rank, double v)
{
        if (isinf(b->lower))
                return b->count; /* no place in it: all of it is below */
        return rank + b->count * place(h, b, v);
}

double histstat_fraction(Arena *arena, const Histogram *h, double lower, double upper)
{
        if (h->count == 0 || isnan(lower) || isnan(upper))
                return __builtin_nan("");
        if (lower >= upper)
                return 0;
        uint32_t n;
        const HistBucket *all = histstat_buckets(arena, h, &n);
        const double at[2] = { lower, upper };
        double rank = 0, ranks[2] = { 0 };
        bool set[2] = { false };
        for (uint32_t i = 0; i < n && !(set[0] && set[1]); i++) {
                HistBucket b = all[i];
                if (b.lower <= 0 && b.upper >= 0)
                        lean(h, &b);
                for (int k = 0; k < 2; k++) {
                        if (set[k] || (b.lower < at[k] && b.upper <= at[k]))
                                continue;
                        ranks[k] = b.lower >= at[k] ? rank : rank_inside(h, &b, rank, at[k]);
                        set[k] = true;
                }
                rank += b.count;
        }
        double most = isnan(h->sum) ? total(all, n) : h->count; /* NaN is in no bucket */
        for (int k = 0; k < 2; k++)
                if (!set[k] || ranks[k] > most)
                        ranks[k] = most;
        return (ranks[1] - ranks[0]) / h->count;
}

/* --- moments --- */

double histstat_variance(Arena *arena, const Histogram *h)
{
        uint32_t n;
        const HistBucket *all = histstat_buckets(arena, h, &n);
        double mean = h->sum / h->count, sum = 0, lost = 0;
        for (uint32_t i = 0; i < n; i++) {
                const HistBucket *b = &all[i];
                if (b->count == 0)
                        continue;
                double v = 0;
                if (histcells_custom(h))
                        v = (b->upper + b->lower) / 2;
                else if (b->side != 0)
                        v = b->side * sqrt(b->upper * b->lower);
                double inc = b->count * (v - mean) * (v - mean), t = sum + inc;
                if (isinf(t))
                        lost = 0;
                else
                        lost += fabs(sum) >= fabs(inc) ? (sum - t) + inc : (inc - t) + sum;
                sum = t;
        }
        return (sum + lost) / h->count;
}

/* --- trimming --- */

/* The middle of what is left of a bucket. */
static double middle(const Histogram *h, const HistBucket *b)
{
        if (isinf(b->lower))
                return b->upper;
        if (isinf(b->upper))
                return b->lower;
        if (is_linear(h, b))
                return (b->lower + b->upper) / 2;
        return (b->lower < 0 ? -1 : 1) * sqrt(b->lower * b->upper);
}

/* Cuts b at `at`: bounds and count become those of the part that stays. True when something was cut off. */
static bool cut(const Histogram *h, HistBucket *b, double at, bool keep_below)
{
        bool from_minus = isinf(b->lower) && b->lower < 0, to_plus = isinf(b->upper) && b->upper > 0;
        if (keep_below ? b->upper <= at : b->lower >= at)
                return false;
        double all = b->count;
        bool outside = keep_below ? b->lower >= at : b->upper <= at;
        if (from_minus && histcells_custom(h) && b->upper > 0 && !to_plus) {
                if (keep_below ? at <= 0 : at < 0)
                        outside = true; /* the lowest bucket is taken to start at 0 */
                else
                        b->lower = 0;
                from_minus = false;
        }
        if (from_minus && (to_plus || !keep_below))
                outside = true;
        if (to_plus && keep_below)
                outside = true;
        if (outside) {
                b->count = 0;
                return all != 0;
        }
        if (b->lower >= at || b->upper <= at)
                return false; /* a cut at the very start */
        double share = from_minus || to_plus ? 1 : keep_below ? place(h, b, at) : 1 - place(h, b, at);
        b->count *= share;
        *(keep_below ? &b->upper : &b->lower) = at;
        return true;
}

static HistogramSide trimmed_side(Arena *arena, const HistogramSide *side, const HistBucket *all, uint32_t n,
                                  int8_t which)
{
        HistCells cells = histcells_open(arena, side, 0, 0);
        uint32_t k = 0;
        for (uint32_t i = 0; i < n; i++) {
                const HistBucket *b = &all[which < 0 ? n - 1 - i : i];
                if (b->side == which)
                        cells.v[k++] = b->count;
        }
        return histcells_close(arena, &cells, true);
}

const Histogram *histstat_trim(Arena *arena, const Histogram *h, double at, bool keep_below)
{
        uint32_t n;
        HistBucket *all = histstat_buckets(arena, h, &n);
        Histogram *out = arena_new_of(arena, Histogram);
        bool changed = false;
        *out = *h;
        out->count = out->sum = out->zero_count = 0;
        for (uint32_t i = 0; i < n; i++) {
                HistBucket *b = &all[i];
                if (b->side == 0)
                        lean(h, b);
                changed |= cut(h, b, at, keep_below);
                if (histcells_custom(h) && isinf(b->lower) && b->upper > 0 && !isinf(b->upper))
                        b->lower = 0;
                if (b->count == 0)
                        continue;
                out->count += b->count;
                out->sum += b->count * middle(h, b);
                if (b->side == 0)
                        out->zero_count = b->count;
        }
        if (!changed)
                return h;
        out->positive = trimmed_side(arena, &h->positive, all, n, 1);
        out->negative = trimmed_side(arena, &h->negative, all, n, -1);
        return out;
}
