/* Invariants
 * 1. A value that a rule does not give back bit by bit is an exception and stored as it is.
 * 2. A rule is chosen on a sample and priced exactly on the whole vector; what is worse than the plain bits is never chosen.
 * 3. Decoding repeats the coder's arithmetic: double division by a power of ten (exact up to 10^22), one rounding an operation. So
 *    neither may be compiled with fused or reassociated floating point.
 *
 * Why division and not ALP's multiplication by two factors: an integer below 2^53 over an exact power of ten is the double nearest to
 * that decimal, always, which is what a text parser gave; no search for a pair of factors, fewer exceptions. */
#include "codec/floatvec.h"

#include <math.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/mem.h"
#include "codec/bitpack.h"
#include "codec/gridvec.h"
#include "codec/varint.h"

enum {
        KIND_BITS = 3, /* of the first byte: kind; the upper five: a parameter */
        SAMPLE = 40,
        MANTISSA = 52,
        DICT_MAX_BITS = 4,
        PRICE_EXCEPTION = 10, /* bytes */
        WIDE = 16,            /* in the parameter of decimals: integers reach 2^51 and convert one by one */
        GOOD_BITS = 24,       /* a value: not worth trying anything else */
        /* In the first byte, beside FloatvecKind: the same without a list of exceptions. */
        EXACT_DECIMAL = 6,
        EXACT_SUM = 7, /* but for the first value */
};
#define WHOLE 9007199254740992.0  /* 2^53 */
#define NARROW (INT64_C(1) << 51) /* below it integers convert by adding a constant */

static const double POW10[FLOATVEC_MAX_SCALE + 1] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };

/* One way to code the vector. */
typedef struct Attempt {
        unsigned scale;
        size_t n_exceptions, bytes;
        int64_t k[FLOATVEC_MAX]; /* the integers; at an exception whatever is cheap */
        uint16_t exceptions[FLOATVEC_MAX];
        IntvecPlan plan;
} Attempt;

struct FloatvecCoder {
        Attempt decimal, sum, bits, grid;
        Gridvec on;
        uint16_t split_code[FLOATVEC_MAX];
        unsigned char split_exception[FLOATVEC_MAX];
};

const char *floatvec_kind_name(FloatvecKind kind)
{
        static const char *const NAMES[FLOATVEC_KINDS_] = { "constant", "decimal", "sum", "bits", "split", "grid" };
        return kind < FLOATVEC_KINDS_ ? NAMES[kind] : "unknown";
}

FloatvecCoder *floatvec_coder_new(void) { return mem_new(FloatvecCoder); }
void floatvec_coder_free(FloatvecCoder *c) { mem_free(c); }

/* ---- decimals */

/* The integer of v at this scale; false when it does not give v back. */
static inline bool decimal_of(double v, double pow10, int64_t *ret)
{
        double x = v * pow10;
        if (!(fabs(x) < WHOLE))
                return false;
        *ret = (int64_t)lrint(x);
        return bits_of_double((double)*ret / pow10) == bits_of_double(v);
}

static inline bool step_of(double before, double v, double pow10, int64_t *ret)
{
        double x = (v - before) * pow10;
        if (!(fabs(x) < WHOLE))
                return false;
        *ret = (int64_t)lrint(x);
        return bits_of_double(before + (double)*ret / pow10) == bits_of_double(v);
}

/* The scale that suits most of a sample, or -1. A scale that some need and the others can bear is the largest of their least ones. */
static int choose_scale(const double *v, size_t n, bool sums)
{
        unsigned least[FLOATVEC_MAX_SCALE + 1] = { 0 }, seen = 0, found = 0;
        size_t stride = (n - 1) / SAMPLE + 1;
        for (size_t i = sums; i < n; i += stride, seen++)
                for (unsigned e = 0; e <= FLOATVEC_MAX_SCALE; e++) {
                        int64_t k;
                        if (!(sums ? step_of(v[i - 1], v[i], POW10[e], &k) : decimal_of(v[i], POW10[e], &k)))
                                continue;
                        least[e]++;
                        found++;
                        break;
                }
        if (found * 4 < seen * 3 || seen == 0)
                return -1;
        /* The few that need more digits than the rest become exceptions. */
        unsigned spare = found / 16;
        for (int e = FLOATVEC_MAX_SCALE; e >= 0; e--) {
                if (least[e] > spare)
                        return e;
                spare -= least[e];
        }
        return -1;
}

static void price(Attempt *a, size_t n)
{
        intvec_plan(&a->plan, a->k, n);
        a->bytes = 1 + a->plan.bytes + (a->n_exceptions ? 2 + a->n_exceptions * PRICE_EXCEPTION : 0);
}

static bool try_decimal(Attempt *a, const double *v, size_t n)
{
        int scale = choose_scale(v, n, false);
        if (scale < 0)
                return false;
        a->scale = (unsigned)scale;
        double pow10 = POW10[scale];
        size_t bad = 0;
        int64_t last = 0;
        for (size_t i = 0; i < n; i++) {
                int64_t k;
                if (LIKELY(decimal_of(v[i], pow10, &k))) {
                        /* exceptions before the first good one take its integer */
                        if (bad == i)
                                for (size_t j = 0; j < i; j++)
                                        a->k[j] = k;
                        last = k;
                } else {
                        a->exceptions[bad++] = (uint16_t)i;
                }
                a->k[i] = last;
        }
        a->n_exceptions = bad;
        if (bad * 2 > n)
                return false;
        price(a, n);
        return true;
}

/* The first value is always an exception: k[0] repeats k[1] to cost nothing. */
static bool try_sum(Attempt *a, const double *v, size_t n)
{
        int scale = n > 2 ? choose_scale(v, n, true) : -1;
        if (scale < 0)
                return false;
        a->scale = (unsigned)scale;
        double pow10 = POW10[scale];
        size_t bad = 1;
        a->exceptions[0] = 0;
        int64_t last = 0;
        for (size_t i = 1; i < n; i++) {
                int64_t k;
                if (LIKELY(step_of(v[i - 1], v[i], pow10, &k))) {
                        if (bad == i)
                                for (size_t j = 0; j < i; j++)
                                        a->k[j] = k;
                        last = k;
                } else {
                        a->exceptions[bad++] = (uint16_t)i;
                }
                a->k[i] = last;
        }
        a->n_exceptions = bad;
        if (bad * 2 > n)
                return false;
        price(a, n);
        return true;
}

static void try_bits(Attempt *a, const double *v, size_t n)
{
        for (size_t i = 0; i < n; i++)
                a->k[i] = (int64_t)bits_of_double(v[i]);
        a->n_exceptions = 0;
        price(a, n);
}

static bool try_grid(Attempt *a, Gridvec *g, const double *v, size_t n)
{
        if (n < 3 || !gridvec_choose(v, n, g))
                return false;
        a->n_exceptions = gridvec_split(g, v, n, a->k, a->exceptions);
        if (a->n_exceptions * 2 > n)
                return false;
        price(a, n);
        a->bytes += 4 + gridvec_tail_bytes(g, a->k, n);
        return true;
}

/* ---- split: which upper halves (sign and exponent) are frequent */

typedef struct Split {
        unsigned dict_bits, shift, n_dict; /* shift: zero bits at the end of all mantissas */
        uint16_t dict[1 << DICT_MAX_BITS];
        size_t n_exceptions, bytes;
} Split;

typedef struct UpperCount {
        uint16_t upper, count;
} UpperCount;

/* Counts the distinct upper halves, at most max of them; what comes later is not counted. */
static size_t count_uppers(const double *v, size_t n, UpperCount *counts, size_t max)
{
        size_t distinct = 0;
        for (size_t i = 0; i < n; i++) {
                uint16_t upper = (uint16_t)(bits_of_double(v[i]) >> MANTISSA);
                size_t k = 0;
                while (k < distinct && counts[k].upper != upper)
                        k++;
                if (k == distinct && distinct == max)
                        continue;
                if (k == distinct)
                        counts[distinct++] = (UpperCount){ upper, 0 };
                counts[k].count++;
                if (k > 0 && counts[k].count > counts[k - 1].count) { /* frequent ones move to the front */
                        UpperCount up = counts[k];
                        counts[k] = counts[k - 1];
                        counts[k - 1] = up;
                }
        }
        for (size_t i = 1; i < distinct; i++)
                for (size_t k = i; k > 0 && counts[k].count > counts[k - 1].count; k--) {
                        UpperCount up = counts[k];
                        counts[k] = counts[k - 1];
                        counts[k - 1] = up;
                }
        return distinct;
}

static void try_split(Split *s, const double *v, size_t n)
{
        UpperCount counts[64];
        uint64_t all = 0;
        for (size_t i = 0; i < n; i++)
                all |= bits_of_double(v[i]);
        s->shift = MIN_OF(bits_ctz64(all), (unsigned)MANTISSA);
        size_t distinct = count_uppers(v, n, counts, ARRAY_LEN(counts));
        s->bytes = SIZE_MAX;
        size_t covered = 0, at = 0;
        for (unsigned bits = 0; bits <= DICT_MAX_BITS; bits++) {
                size_t size = MIN_OF((size_t)1 << bits, distinct);
                for (; at < size; at++)
                        covered += counts[at].count;
                size_t bytes = 5 + 2 * size + (n * (bits + MANTISSA - s->shift) + 7) / 8 + 4 * (n - covered);
                if (bytes >= s->bytes)
                        continue;
                s->bytes = bytes;
                s->dict_bits = bits;
                s->n_dict = (unsigned)size;
                s->n_exceptions = n - covered;
        }
        for (size_t i = 0; i < s->n_dict; i++)
                s->dict[i] = counts[i].upper;
}

static void write_split(FloatvecCoder *c, const Split *s, const double *v, size_t n, Buf *out)
{
        buf_char(out, (char)(FLOATVEC_SPLIT | s->dict_bits << KIND_BITS));
        buf_char(out, (char)s->shift);
        buf_char(out, (char)s->n_dict);
        for (size_t i = 0; i < s->n_dict; i++) {
                bits_put_le16(buf_reserve(out, 2), s->dict[i]);
                out->n += 2;
        }
        varint_add(out, s->n_exceptions);
        uint64_t *codes = (uint64_t *)c->sum.k, *mantissas = c->sum.plan.rest;
        for (size_t i = 0, last = 0; i < n; i++) {
                uint64_t bits = bits_of_double(v[i]);
                uint16_t upper = (uint16_t)(bits >> MANTISSA);
                size_t k = 0;
                while (k < s->n_dict && s->dict[k] != upper)
                        k++;
                codes[i] = k < s->n_dict ? k : 0;
                mantissas[i] = (bits & (((uint64_t)1 << MANTISSA) - 1)) >> s->shift;
                if (k < s->n_dict)
                        continue;
                varint_add(out, i - last);
                bits_put_le16(buf_reserve(out, 2), upper);
                out->n += 2;
                last = i;
        }
        const unsigned widths[2] = { s->dict_bits, MANTISSA - s->shift };
        const uint64_t *parts[2] = { codes, mantissas };
        for (int i = 0; i < 2; i++) {
                size_t bytes = bitpack_bytes(n, widths[i]);
                bitpack_pack(parts[i], n, widths[i], (unsigned char *)buf_reserve(out, bytes + BITPACK_PAD_BYTES));
                out->n += bytes;
        }
}

/* ---- writing */

static bool is_constant(const double *v, size_t n)
{
        uint64_t first = bits_of_double(v[0]), differs = 0;
        for (size_t i = 1; i < n; i++)
                differs |= bits_of_double(v[i]) ^ first;
        return differs == 0;
}

static void write_constant(double v, Buf *out)
{
        for (unsigned e = 0; e <= FLOATVEC_MAX_SCALE; e++) {
                int64_t k;
                if (!decimal_of(v, POW10[e], &k) || varint_size(bits_zigzag(k)) >= 8)
                        continue;
                buf_char(out, (char)(FLOATVEC_CONSTANT | e << KIND_BITS));
                varint_add_signed(out, k);
                return;
        }
        buf_char(out, (char)(FLOATVEC_CONSTANT | (FLOATVEC_MAX_SCALE + 1) << KIND_BITS));
        bits_put_le64(buf_reserve(out, 8), bits_of_double(v));
        out->n += 8;
}

static void write_exceptions(const Attempt *a, const double *v, Buf *out)
{
        varint_add(out, a->n_exceptions);
        for (size_t i = 0, last = 0; i < a->n_exceptions; i++) {
                varint_add(out, a->exceptions[i] - last);
                last = a->exceptions[i];
                bits_put_le64(buf_reserve(out, 8), bits_of_double(v[last]));
                out->n += 8;
        }
}

static bool is_wide(const int64_t *k, size_t n)
{
        uint64_t all = 0;
        for (size_t i = 0; i < n; i++)
                all |= (uint64_t)(k[i] + NARROW);
        return all >> 52 != 0;
}

static void write_decimal(Attempt *a, FloatvecKind kind, const double *v, size_t n, Buf *out)
{
        unsigned parameter = a->scale;
        if (is_wide(a->k, n))
                parameter |= WIDE;
        if (kind == FLOATVEC_DECIMAL && a->n_exceptions == 0) {
                buf_char(out, (char)(EXACT_DECIMAL | parameter << KIND_BITS));
        } else if (kind == FLOATVEC_SUM && a->n_exceptions == 1) {
                buf_char(out, (char)(EXACT_SUM | parameter << KIND_BITS));
                bits_put_le64(buf_reserve(out, 8), bits_of_double(v[0]));
                out->n += 8;
        } else {
                buf_char(out, (char)((unsigned)kind | parameter << KIND_BITS));
                write_exceptions(a, v, out);
        }
        intvec_write(&a->plan, a->k, out);
}

static void write_grid(Attempt *a, const Gridvec *g, const double *v, size_t n, Buf *out)
{
        buf_char(out, (char)FLOATVEC_GRID);
        varint_add_signed(out, g->shift);
        buf_char(out, (char)g->zeros);
        write_exceptions(a, v, out);
        intvec_write(&a->plan, a->k, out);
        gridvec_write_tails(g, v, a->k, n, out);
}

FloatvecKind floatvec_write(FloatvecCoder *c, const double *v, size_t n, Buf *out)
{
        CHECK(n >= 1 && n <= FLOATVEC_MAX);
        if (is_constant(v, n)) {
                write_constant(v[0], out);
                return FLOATVEC_CONSTANT;
        }
        size_t best = SIZE_MAX, good = n * GOOD_BITS / 8;
        FloatvecKind kind = FLOATVEC_BITS;
        if (try_decimal(&c->decimal, v, n)) {
                best = c->decimal.bytes;
                kind = FLOATVEC_DECIMAL;
        }
        if ((best > good || c->decimal.scale > 3) && try_sum(&c->sum, v, n) && c->sum.bytes < best) {
                best = c->sum.bytes;
                kind = FLOATVEC_SUM;
        }
        Split split;
        if (best > good) {
                try_bits(&c->bits, v, n);
                if (c->bits.bytes < best) {
                        best = c->bits.bytes;
                        kind = FLOATVEC_BITS;
                }
                try_split(&split, v, n);
                if (split.bytes < best) {
                        best = split.bytes;
                        kind = FLOATVEC_SPLIT;
                }
                if (try_grid(&c->grid, &c->on, v, n) && c->grid.bytes < best)
                        kind = FLOATVEC_GRID;
        }
        if (kind == FLOATVEC_GRID) {
                write_grid(&c->grid, &c->on, v, n, out);
        } else if (kind == FLOATVEC_SPLIT) {
                write_split(c, &split, v, n, out);
        } else if (kind == FLOATVEC_BITS) {
                buf_char(out, (char)FLOATVEC_BITS);
                intvec_write(&c->bits.plan, c->bits.k, out);
        } else {
                write_decimal(kind == FLOATVEC_SUM ? &c->sum : &c->decimal, kind, v, n, out);
        }
        return kind;
}

/* ---- reading */

typedef struct Cursor {
        const unsigned char *p, *end;
} Cursor;

static inline size_t left(const Cursor *c) { return (size_t)(c->end - c->p); }

static bool take(Cursor *c, uint64_t *ret)
{
        size_t used = varint_get(c->p, left(c), ret);
        c->p += used;
        return used > 0;
}

/* Exceptions of `width` bytes each: a distance and a value; they stand before what they patch. */
static bool skip_exceptions(Cursor *c, size_t n, size_t width, size_t *ret_n)
{
        uint64_t count, step;
        if (!take(c, &count) || count > n)
                return false;
        for (uint64_t i = 0; i < count; i++) {
                if (!take(c, &step) || left(c) < width)
                        return false;
                c->p += width;
        }
        *ret_n = (size_t)count;
        return true;
}

/* What is read: values [from, to) of n. */
typedef struct Range {
        size_t n, from, to;
} Range;

static inline size_t width_of(const Range *r) { return r->to - r->from; }

static bool patch(Cursor c, const Range *r, double *out)
{
        uint64_t count = 0, step = 0;
        size_t at = 0;
        take(&c, &count);
        for (uint64_t i = 0; i < count; i++) {
                take(&c, &step);
                if (step >= r->n - at)
                        return false;
                at += (size_t)step;
                if (at >= r->from && at < r->to)
                        out[at - r->from] = bits_to_double(bits_le64(c.p));
                c.p += 8;
        }
        return true;
}

/* The last exception up to `from`, where sums begin anew; 0 without one. */
static size_t last_exception(Cursor c, size_t from)
{
        uint64_t count = 0, step = 0, at = 0, last = 0;
        take(&c, &count);
        for (uint64_t i = 0; i < count && at <= from; i++) {
                last = at;
                take(&c, &step);
                at = step > from ? UINT64_MAX : at + step;
                c.p += 8;
        }
        return (size_t)(at <= from ? at : last);
}

/* As patch, and adds the steps up between the exceptions, from r->from on: the start or an exception. */
static bool add_steps(Cursor c, const Range *r, double *out)
{
        uint64_t count = 0, step = 0;
        size_t at = 0, done = r->from;
        double sum = 0;
        take(&c, &count);
        for (uint64_t i = 0; i <= count; i++) {
                size_t next = r->n;
                if (i < count) {
                        take(&c, &step);
                        if (step >= r->n - at)
                                return false;
                        next = at += (size_t)step;
                }
                for (; done < MIN_OF(next, r->to); done++)
                        out[done - r->from] = sum = sum + out[done - r->from];
                if (i == count)
                        return true;
                if (at >= r->from && at < r->to) {
                        out[at - r->from] = sum = bits_to_double(bits_le64(c.p));
                        done = MAX_OF(done, at + 1);
                }
                c.p += 8;
        }
        return true;
}

static bool read_constant(Cursor *c, unsigned scale, size_t n, double *out)
{
        double v;
        if (scale > FLOATVEC_MAX_SCALE) {
                if (left(c) < 8)
                        return false;
                v = bits_to_double(bits_le64(c->p));
                c->p += 8;
        } else {
                uint64_t k;
                if (!take(c, &k))
                        return false;
                v = (double)bits_unzigzag(k) / POW10[scale];
        }
        for (size_t i = 0; i < n; i++)
                out[i] = v;
        return true;
}

static IntvecPart part_of(const Cursor *c, const Range *r)
{
        return (IntvecPart){ { (const char *)c->p, left(c) }, r->n, r->from, r->to };
}

static bool read_integers(Cursor *c, const Range *r, double *out, Err *err)
{
        size_t used;
        IntvecPart part = part_of(c, r);
        if (!intvec_read_part(&part, (int64_t *)out, &used, err))
                return false;
        c->p += used;
        return true;
}

/* Integers over a power of ten; those too wide for the fast way are converted one by one. */
static bool read_decimals(Cursor *c, unsigned parameter, const Range *r, double *out, Err *err)
{
        double pow10 = POW10[parameter & (WIDE - 1)];
        size_t used;
        if (!(parameter & WIDE)) {
                IntvecPart part = part_of(c, r);
                if (!intvec_read_doubles(&part, pow10, out, &used, err))
                        return false;
                c->p += used;
                return true;
        }
        if (!read_integers(c, r, out, err))
                return false;
        const int64_t *k = (const int64_t *)out;
        for (size_t i = 0; i < width_of(r); i++)
                out[i] = (double)k[i] / pow10;
        return true;
}

static bool read_split(Cursor *c, unsigned dict_bits, const Range *r, double *out)
{
        uint64_t codes[FLOATVEC_MAX], *bits = (uint64_t *)out;
        uint64_t dict[1 << DICT_MAX_BITS] = { 0 };
        size_t n = r->n, wanted = width_of(r);
        if (left(c) < 2 || dict_bits > DICT_MAX_BITS)
                return false;
        unsigned shift = *c->p++;
        size_t n_dict = *c->p++;
        if (shift > MANTISSA || n_dict > ARRAY_LEN(dict) || left(c) < 2 * n_dict)
                return false;
        for (size_t i = 0; i < n_dict; i++, c->p += 2)
                dict[i] = (uint64_t)bits_le16(c->p) << MANTISSA;
        Cursor exceptions = *c;
        size_t n_exceptions, packed_codes = bitpack_bytes(n, dict_bits), packed = bitpack_bytes(n, MANTISSA - shift);
        if (!skip_exceptions(c, n, 2, &n_exceptions) || left(c) < packed_codes + packed)
                return false;
        bitpack_unpack_from(c->p, r->from, wanted, dict_bits, codes);
        bitpack_unpack_from(c->p + packed_codes, r->from, wanted, MANTISSA - shift, bits);
        c->p += packed_codes + packed;
        for (size_t i = 0; i < wanted; i++)
                bits[i] = bits[i] << shift | dict[codes[i]];
        uint64_t step = 0;
        size_t at = 0;
        take(&exceptions, &step);
        for (size_t i = 0; i < n_exceptions; i++, exceptions.p += 2) {
                take(&exceptions, &step);
                if (step >= n - at)
                        return false;
                at += (size_t)step;
                if (at < r->from || at >= r->to)
                        continue;
                uint64_t *to = &bits[at - r->from];
                *to = (*to & (((uint64_t)1 << MANTISSA) - 1)) | (uint64_t)bits_le16(exceptions.p) << MANTISSA;
        }
        return true;
}

/* Where a tail begins depends on all places before. */
static bool read_grid(Cursor *c, const Range *r, double *out, Err *err)
{
        double room[FLOATVEC_MAX], *places = width_of(r) == r->n ? out : room;
        uint64_t shift;
        size_t ignored, used;
        if (!take(c, &shift) || left(c) == 0)
                return false;
        Gridvec g = { .shift = (int)bits_unzigzag(shift & UINT16_MAX), .zeros = *c->p++ };
        Cursor exceptions = *c;
        if (g.shift < -GRIDVEC_MAX_SHIFT || g.shift > GRIDVEC_MAX_SHIFT || g.zeros > MANTISSA ||
            !skip_exceptions(c, r->n, 8, &ignored) || !read_decimals(c, 0, &(Range){ r->n, 0, r->n }, places, err))
                return false;
        GridvecTails tails = { c->p, left(c), r->n, r->from, r->to };
        if (!gridvec_join(&g, &tails, places, &used))
                return false;
        if (places != out)
                memcpy(out, places + r->from, width_of(r) * sizeof *out);
        c->p += used;
        return patch(exceptions, r, out);
}

/* Sums: the steps before the range are needed from where they begin anew. */
static bool read_sums(Cursor *c, const Cursor *exceptions, unsigned parameter, const Range *r, double *out, Err *err)
{
        double room[FLOATVEC_MAX];
        Range more = { r->n, exceptions ? last_exception(*exceptions, r->from) : 0, r->to };
        double *steps = more.from == r->from ? out : room, sum = 0;
        if (!exceptions) { /* the first value stands alone */
                if (left(c) < 8)
                        return false;
                sum = bits_to_double(bits_le64(c->p));
                c->p += 8;
        }
        if (!read_decimals(c, parameter, &more, steps, err) || (exceptions && !add_steps(*exceptions, &more, steps)))
                return false;
        if (!exceptions) {
                steps[0] = sum;
                for (size_t i = 1; i < r->to; i++)
                        steps[i] = sum = sum + steps[i];
        }
        if (steps != out)
                memcpy(out, steps + (r->from - more.from), width_of(r) * sizeof *out);
        return true;
}

static bool read_kind(Cursor *c, const Range *r, double *out, Err *err)
{
        if (r->from >= r->to || r->to > r->n || r->n > FLOATVEC_MAX || left(c) == 0)
                return false;
        unsigned first = *c->p++, kind = first & ((1 << KIND_BITS) - 1), parameter = first >> KIND_BITS;
        if (kind == FLOATVEC_CONSTANT)
                return read_constant(c, parameter, width_of(r), out);
        if (kind == FLOATVEC_BITS)
                return read_integers(c, r, out, err);
        if (kind == FLOATVEC_SPLIT)
                return read_split(c, parameter, r, out);
        if (kind == FLOATVEC_GRID)
                return read_grid(c, r, out, err);
        if (kind == EXACT_DECIMAL)
                return read_decimals(c, parameter, r, out, err);
        if (kind == EXACT_SUM)
                return read_sums(c, NULL, parameter, r, out, err);
        Cursor exceptions = *c;
        size_t ignored;
        if (!skip_exceptions(c, r->n, 8, &ignored))
                return false;
        if (kind == FLOATVEC_SUM)
                return read_sums(c, &exceptions, parameter, r, out, err);
        return read_decimals(c, parameter, r, out, err) && patch(exceptions, r, out);
}

static bool read_range(Str bytes, const Range *r, double *out, size_t *used, Err *err)
{
        Cursor c = { (const unsigned char *)bytes.p, (const unsigned char *)bytes.p + bytes.n };
        Err why;
        why.msg[0] = '\0'; /* all of it would cost as much as a short vector */
        if (!read_kind(&c, r, out, &why))
                return err_set(err, ERR_CORRUPT, "a vector of %zu values is damaged%s%s", r->n, why.msg[0] ? ": " : "",
                               why.msg);
        *used = (size_t)(c.p - (const unsigned char *)bytes.p);
        return true;
}

bool floatvec_read(Str bytes, size_t n, double *out, size_t *used, Err *err)
{
        return read_range(bytes, &(Range){ n, 0, n }, out, used, err);
}

bool floatvec_read_some(Str bytes, size_t n, size_t from, size_t to, double *out, Err *err)
{
        size_t ignored;
        return read_range(bytes, &(Range){ n, from, to }, out, &ignored, err);
}

/* ---- looking at heads */

#define EXPONENT 0x7ff0000000000000u

static bool is_nan_bits(uint64_t bits) { return (bits & ~((uint64_t)1 << 63)) > EXPONENT; }

static bool exceptions_are_plain(Cursor c)
{
        uint64_t count, step;
        if (!take(&c, &count))
                return false;
        for (uint64_t i = 0; i < count; i++) {
                if (!take(&c, &step) || left(&c) < 8 || is_nan_bits(bits_le64(c.p)))
                        return false;
                c.p += 8;
        }
        return true;
}

bool floatvec_is_plain(Str bytes)
{
        Cursor c = { (const unsigned char *)bytes.p, (const unsigned char *)bytes.p + bytes.n };
        if (left(&c) == 0)
                return false;
        unsigned first = *c.p++, kind = first & ((1 << KIND_BITS) - 1), parameter = first >> KIND_BITS;
        double v;
        if (kind == FLOATVEC_CONSTANT)
                return read_constant(&c, parameter, 1, &v) && !is_nan_bits(bits_of_double(v));
        if (kind == EXACT_DECIMAL)
                return true;
        if (kind == EXACT_SUM)
                return left(&c) >= 8 && !is_nan_bits(bits_le64(c.p));
        return (kind == FLOATVEC_DECIMAL || kind == FLOATVEC_SUM) && exceptions_are_plain(c);
}
