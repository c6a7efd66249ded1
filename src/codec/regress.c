/* Invariants
 * 1. Arithmetic of the code is modulo 2^64, both ways alike; doubles only look for the factor.
 * 2. The range of the rest is a convex function of the factor: a maximum of lines less a minimum of lines. Two points left and right of the
 *    least with their slopes bound it, and where their lines meet is the next point to look at.
 *
 * Why the narrowest range and not the least squares: a width that holds all numbers is what packing pays for. Why the prediction is made from
 * integers: one rounding rule, no floating point in the chain from a value to the next, which is five cycles. */
#include "codec/regress.h"

#include <math.h>

#include "base/attr.h"
#include "base/bits.h"

enum { TRIES = 10, SPREAD_BITS = 46, FEW_BITS = 16 };
#define GAIN 0.97 /* of the range: a narrower one is worth the coding */
#define MAX_FACTOR 1.9
#define CLOSE 0.002                        /* the least range is known well enough */
#define SPREAD ((int64_t)1 << SPREAD_BITS) /* of the values, so that products are exact */
#define SHIFT_BITS 0x4338000000000000u     /* bits of the double SHIFT_VALUE, whose last mantissa bit is worth 1 */
#define SHIFT_VALUE 6755399441055744.0     /* 1.5 * 2^52 */

static inline uint64_t predict(uint64_t y, RegressFactor f)
{
        return (uint64_t)((int64_t)(y * (uint64_t)(int64_t)f.factor) >> f.bits);
}

/* ---- the factor */

/* Values less the first of them. */
typedef struct Centred {
        size_t n;
        unsigned length; /* bits of the furthest */
        double d[REGRESS_MAX];
} Centred;

/* False when they are too far apart. */
static bool centre(Centred *c, const int64_t *v, size_t n)
{
        uint64_t wide = 0, sizes = 1, first = (uint64_t)v[0];
        for (size_t i = 0; i < n; i++) {
                uint64_t d = (uint64_t)v[i] - first;
                wide |= d + (uint64_t)SPREAD;
                sizes |= bits_magnitude64(d);
                c->d[i] = bits_to_double(d + SHIFT_BITS) - SHIFT_VALUE;
        }
        c->n = n;
        c->length = bits_length64(sizes);
        return wide < (uint64_t)SPREAD * 2;
}

/* Least squares; false when the values are all alike. */
static bool estimate(const Centred *c, double *ret)
{
        const size_t n = c->n;
        double sum[2] = { 0 }, squares[2] = { 0 }, products[2] = { 0 };
        for (size_t i = 1; i + 1 < n; i += 2)
                for (size_t k = 0; k < 2; k++) {
                        double a = c->d[i + k - 1], b = c->d[i + k];
                        sum[k] += a;
                        squares[k] += a * a;
                        products[k] += a * b;
                }
        const size_t pairs = (n - 1) / 2 * 2;
        double m = (double)pairs, all = sum[0] + sum[1], last = c->d[pairs];
        double variance = squares[0] + squares[1] - all * all / m;
        *ret = (products[0] + products[1] - all * (all + last) / m) / variance;
        return variance > 0 && fabs(*ret) < 1.5;
}

typedef struct Look {
        double factor, range, slope;
        double most, least;
} Look;

static Look look(const Centred *c, double factor)
{
        enum { LANES = 4 };
        double most[LANES], least[LANES];
        for (size_t k = 0; k < LANES; k++) {
                most[k] = -INFINITY;
                least[k] = INFINITY;
        }
        for (size_t i = 1; i + LANES <= c->n; i += LANES)
                for (size_t k = 0; k < LANES; k++) {
                        double r = c->d[i + k] - factor * c->d[i + k - 1];
                        most[k] = r > most[k] ? r : most[k];
                        least[k] = r < least[k] ? r : least[k];
                }
        for (size_t k = 1; k < LANES; k++) {
                most[0] = most[k] > most[0] ? most[k] : most[0];
                least[0] = least[k] < least[0] ? least[k] : least[0];
        }
        return (Look){ .factor = factor, .range = most[0] - least[0], .most = most[0], .least = least[0] };
}

/* With the slope of the range there. */
static Look look_well(const Centred *c, double factor)
{
        Look l = look(c, factor);
        for (size_t i = 1; i < c->n; i++) {
                double r = c->d[i] - factor * c->d[i - 1];
                if (UNLIKELY(r == l.most))
                        l.slope -= c->d[i - 1];
                if (UNLIKELY(r == l.least))
                        l.slope += c->d[i - 1];
        }
        return l;
}

/* From l, whose slope falls to one side, to where it does not. */
static Look beyond(const Centred *c, Look l)
{
        double step = l.slope < 0 ? 0.02 : -0.02;
        for (int i = 0; i < 4; i++) {
                Look next = look_well(c, l.factor + step);
                step *= 2;
                if ((next.slope < 0) != (l.slope < 0))
                        return next;
                l = next;
        }
        return l;
}

bool regress_find(const int64_t *v, size_t n, unsigned order, RegressFactor *ret, double *range)
{
        Centred c;
        double factor;
        if (n < REGRESS_MIN || n > REGRESS_MAX || !centre(&c, v, n) || !estimate(&c, &factor))
                return false;
        if (isinf(*range))
                *range = look(&c, order).range * GAIN;
        if (!(look(&c, factor).range < *range))
                return false;
        Look best = look_well(&c, factor), left = best, right = beyond(&c, best);
        if (left.slope > 0) {
                left = right;
                right = best;
        }
        for (int i = 0; i < TRIES && left.slope < 0 && right.slope > 0; i++) {
                double meet = (right.range - left.range + left.slope * left.factor - right.slope * right.factor) /
                              (left.slope - right.slope);
                double bound = left.range + left.slope * (meet - left.factor);
                best = left.range < right.range ? left : right;
                if (!(best.range - bound > best.range * CLOSE))
                        break;
                Look next = look_well(&c, meet);
                best = next.range < best.range ? next : best;
                *(next.slope < 0 ? &left : &right) = next;
        }
        if (!(fabs(best.factor) < MAX_FACTOR))
                return false;
        ret->bits = MIN_OF((unsigned)REGRESS_MAX_BITS, SPREAD_BITS + FEW_BITS - c.length);
        ret->factor = (int32_t)lrint(ldexp(best.factor, (int)ret->bits));
        *range = best.range;
        return ret->factor != 0;
}

/* ---- there and back */

static inline uint64_t rest_of(const int64_t *v, size_t i, RegressFactor f)
{
        const uint64_t first = (uint64_t)v[0];
        return (uint64_t)v[i] - first - predict((uint64_t)v[i - 1] - first, f);
}

uint64_t regress_rest_at(const int64_t *v, size_t n, RegressFactor f, size_t at)
{
        return rest_of(v, at + 1 < regress_second(n) ? at + 1 : at + 2, f);
}

void regress_rest(const int64_t *v, size_t n, RegressFactor f, uint64_t *rest)
{
        const size_t second = regress_second(n);
        for (size_t i = 1; i < second; i++)
                *rest++ = rest_of(v, i, f);
        for (size_t i = second + 1; i < n; i++)
                *rest++ = rest_of(v, i, f);
}

void regress_undo(uint64_t *x, size_t n, RegressFactor f, uint64_t first, uint64_t second)
{
        const size_t half = regress_second(n);
        uint64_t a = 0, b = second - first;
        size_t i = 1, k = half + 1;
        for (; k < n; i++, k++) { /* the first leg lies one place too far up */
                uint64_t rest = x[i + 1];
                x[k] = (b = predict(b, f) + x[k]) + first;
                x[i] = (a = predict(a, f) + rest) + first;
        }
        for (; i < half; i++)
                x[i] = (a = predict(a, f) + x[i + 1]) + first;
        x[0] = first;
        x[half] = second;
}

void regress_undo_leg(uint64_t *x, size_t n, RegressFactor f, uint64_t first, uint64_t start)
{
        uint64_t a = start - first;
        x[0] = start;
        for (size_t i = 1; i < n; i++)
                x[i] = (a = predict(a, f) + x[i]) + first;
}
