/* Invariants
 * 1. A place is the value times 2^shift without its fraction: the leading bits of the mantissa, with the sign. How many they are says how many
 *    are left, so the tails need no lengths.
 * 2. Only what comes back bit by bit has a place: normal numbers whose place is at least 1 and below 2^51.
 * 3. Whatever places and tails are, joining them does no harm; tails are as long as the places say.
 *
 * Why: a gauge of full precision gives away its exponent, its sign and the first bits of its mantissa by what it was before; a dictionary of
 * exponents saves the first alone. */
#include "codec/gridvec.h"

#include <math.h>
#include <stdlib.h>

#include "base/bits.h"

enum {
        MANTISSA = 52,
        BIAS = 1023,
        EXPONENTS = 0x7ff,
        FINE_BITS = 12, /* the grid is so much finer than the steps: their range is known to a few thousandths */
        PLACE_BITS = 50,
        SAMPLE = 64,
};
#define PLACE_LIMIT 2251799813685248.0 /* 2^51 */
#define LEADING ((uint64_t)1 << MANTISSA)

static inline uint64_t mantissa_of(double v) { return (bits_of_double(v) & (LEADING - 1)) | LEADING; }

static inline bool is_normal(double v)
{
        unsigned exponent = bits_of_double(v) >> MANTISSA & EXPONENTS;
        return exponent != 0 && exponent != EXPONENTS;
}

static double power_of_two(int n) { return bits_to_double((uint64_t)(BIAS + n) << MANTISSA); }

/* Bits of the mantissa below a place. */
static inline unsigned bits_below(const Gridvec *g, uint64_t place)
{
        unsigned above = bits_length64(place) + g->zeros;
        return above < MANTISSA + 1 ? MANTISSA + 1 - above : 0;
}

/* The same, of a place that is a double; most: of a place of 1. 0 is no place. */
static inline unsigned tail_of(uint64_t place, unsigned most)
{
        unsigned length = most - (unsigned)(place >> MANTISSA & EXPONENTS);
        return length <= MANTISSA ? length : 0;
}

/* ---- a grid */

static int compare_ints(const void *a, const void *b)
{
        const int *x = a, *y = b;
        return (*x > *y) - (*x < *y);
}

bool gridvec_choose(const double *v, size_t n, Gridvec *ret)
{
        int steps[SAMPLE], most = -GRIDVEC_MAX_SHIFT;
        size_t found = 0;
        for (size_t i = 1; i < n && found < SAMPLE; i += n / SAMPLE + 1) {
                double step = v[i] - v[i - 1];
                if (!is_normal(v[i]) || !is_normal(step))
                        continue;
                steps[found++] = ilogb(step);
                most = ilogb(v[i]) > most ? ilogb(v[i]) : most;
        }
        if (found < 2)
                return false;
        qsort(steps, found, sizeof *steps, compare_ints);
        int shift = FINE_BITS - steps[found / 2];
        if (shift > PLACE_BITS - most)
                shift = PLACE_BITS - most;
        if (shift < -GRIDVEC_MAX_SHIFT || shift > GRIDVEC_MAX_SHIFT)
                return false;
        *ret = (Gridvec){ .shift = shift };
        return true;
}

/* ---- places */

size_t gridvec_split(Gridvec *g, const double *v, size_t n, int64_t *places, uint16_t *exceptions)
{
        const double scale = power_of_two(g->shift), back = power_of_two(-g->shift);
        uint64_t all = LEADING;
        size_t bad = 0;
        int64_t last = 1;
        for (size_t i = 0; i < n; i++) {
                double x = v[i] * scale;
                if (is_normal(v[i]) && fabs(x) >= 1 && fabs(x) < PLACE_LIMIT && x * back == v[i]) {
                        if (bad == i)
                                for (size_t k = 0; k < i; k++)
                                        places[k] = (int64_t)x;
                        last = (int64_t)x;
                        all |= mantissa_of(v[i]);
                } else {
                        exceptions[bad++] = (uint16_t)i;
                }
                places[i] = last;
        }
        g->zeros = bits_ctz64(all);
        return bad;
}

size_t gridvec_tail_bytes(const Gridvec *g, const int64_t *places, size_t n)
{
        size_t bits = 0;
        for (size_t i = 0; i < n; i++)
                bits += bits_below(g, bits_magnitude64((uint64_t)places[i]));
        return (bits + 7) / 8;
}

void gridvec_write_tails(const Gridvec *g, const double *v, const int64_t *places, size_t n, Buf *out)
{
        size_t bytes = gridvec_tail_bytes(g, places, n);
        unsigned char *p = (unsigned char *)buf_reserve(out, bytes + 2 * sizeof(uint64_t));
        uint64_t word = 0;
        unsigned used = 0;
        for (size_t i = 0; i < n; i++) {
                unsigned bits = bits_below(g, bits_magnitude64((uint64_t)places[i]));
                uint64_t tail = mantissa_of(v[i]) >> g->zeros & (((uint64_t)1 << bits) - 1);
                word |= tail << used;
                used += bits;
                if (used < 64)
                        continue;
                bits_put_le64(p, word);
                p += 8;
                used -= 64;
                word = used ? tail >> (bits - used) : 0;
        }
        bits_put_le64(p, word);
        out->n += bytes;
}

/* The exponent of a place says how many bits there are above the tail; moved by the shift it is the value's. */
bool gridvec_join(const Gridvec *g, const GridvecTails *tails, double *v, size_t *ret_used)
{
        const uint64_t scale = (uint64_t)(int64_t)g->shift << MANTISSA;
        const unsigned zeros = g->zeros, most = BIAS + MANTISSA - zeros;
        const unsigned char *p = tails->p;
        size_t total = 0, at = 0;
        for (size_t i = 0; i < tails->from; i++)
                at += tail_of(bits_of_double(v[i]), most);
        for (size_t i = tails->from; i < tails->n; i++)
                total += tail_of(bits_of_double(v[i]), most);
        total += at;
        if ((total + 7) / 8 > tails->bytes)
                return false;
        *ret_used = (total + 7) / 8;
        for (size_t i = tails->from; i < tails->to; i++) {
                uint64_t place = bits_of_double(v[i]);
                unsigned length = tail_of(place, most);
                uint64_t tail = bits_le64(p + at / 8) >> (at % 8) & (((uint64_t)1 << length) - 1);
                at += length;
                v[i] = bits_to_double((place - scale) | tail << zeros);
        }
        return true;
}
