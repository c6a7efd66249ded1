/* Invariants
 * 1. Nothing is written beyond the values that are asked for; every length is checked before it is used.
 * 2. A range is what the whole vector has there, bit by bit, and fails when the whole does.
 *
 * Why ranges: a query about the last minutes wants a few of a thousand values. Values themselves are unpacked where they lie; differences before
 * the range are added up without being made values; legs of a regression that lie outside are left out. */
#include "codec/intvec.h"

#include <stddef.h>

#include "base/attr.h"
#include "base/bits.h"
#include "codec/bitpack.h"
#include "codec/intvecformat.h"
#include "codec/radix.h"
#include "codec/regress.h"
#include "codec/unfold.h"
#include "codec/varint.h"

enum { GROUP = 8 /* numbers that begin with a byte */ };
_Static_assert(INTVEC_UNIT % GROUP == 0, "runs begin where groups do");

typedef struct Head {
        unsigned order, shift, n_runs;
        uint64_t divisor;
        RegressFactor factor;
        int64_t first, second, base;
        size_t patches;
        IntvecRun runs[INTVEC_RUNS]; /* set up to n_runs: clearing all of them would cost as much as a short vector */
} Head;

typedef struct Target {
        UnfoldTo to;
        double divide;
} Target;

typedef struct Cursor {
        const unsigned char *p, *end;
        bool bad;
} Cursor;

static uint64_t take(Cursor *c)
{
        uint64_t v = 0;
        size_t used = varint_get(c->p, (size_t)(c->end - c->p), &v);
        c->bad = c->bad || used == 0;
        c->p += used;
        return v;
}

static unsigned take_byte(Cursor *c)
{
        c->bad = c->bad || c->p == c->end;
        return c->bad ? 0 : *c->p++;
}

/* Of m numbers. */
static bool read_width(Cursor *c, size_t m, IntvecRun *run)
{
        unsigned width = take_byte(c);
        *run = (IntvecRun){ .n = m, .width = width };
        if (!(width & INTVECFORMAT_RADIX_FOLLOWS))
                return width <= 64;
        uint64_t radix = take(c);
        if (radix > RADIX_MAX)
                return false;
        bool is_long = width & INTVECFORMAT_LONG_WORDS;
        unsigned digits = is_long ? take_byte(c) : 0;
        if ((is_long && digits == 0) ||
            !radix_prepare((unsigned)radix, width & INTVECFORMAT_LOW_MASK, digits, &run->code))
                return false;
        run->width = run->code.low + bits_length64(radix - 1);
        return true;
}

static bool read_runs(Cursor *c, size_t m, Head *h)
{
        h->n_runs = take_byte(c) + 1;
        for (unsigned r = 0; r < h->n_runs && h->n_runs <= INTVEC_RUNS; r++) {
                IntvecRun *run = &h->runs[r];
                if (!read_width(c, m, run))
                        return false;
                if (h->n_runs > 1)
                        run->offset = take(c);
                if (r + 1 < h->n_runs)
                        run->n = (size_t)take_byte(c) * INTVEC_UNIT;
                if (run->n == 0 || run->n > m)
                        return false;
                m -= run->n;
        }
        return h->n_runs <= INTVEC_RUNS;
}

static bool read_head(Cursor *c, size_t n, Head *h)
{
        unsigned flags = take_byte(c);
        memset(h, 0, offsetof(Head, runs));
        h->order = flags & 3;
        h->divisor = 1;
        h->n_runs = 1;
        size_t firsts = intvecformat_firsts(h->order);
        if (firsts > n || flags > INTVECFORMAT_FLAGS)
                return false;
        if (!(flags & INTVECFORMAT_RUNS) && !read_width(c, n - firsts, &h->runs[0]))
                return false;
        if (h->order >= 1)
                h->first = bits_unzigzag(take(c));
        if (h->order >= 2)
                h->second = bits_unzigzag(take(c));
        h->base = bits_unzigzag(take(c));
        if (flags & INTVECFORMAT_STEP) {
                h->shift = take_byte(c);
                h->divisor = take(c);
        }
        if (h->order == INTVECFORMAT_REGRESSED) {
                unsigned bits = take_byte(c);
                h->factor = (RegressFactor){ (int32_t)bits_unzigzag(take(c)), bits };
        }
        if (c->bad || h->shift > 63 || h->factor.bits > REGRESS_MAX_BITS)
                return false;
        if (flags & INTVECFORMAT_STEPS) {
                uint64_t step = h->divisor << h->shift;
                h->first = (int64_t)((uint64_t)h->first * step);
                h->second = (int64_t)((uint64_t)h->second * step);
                h->base = (int64_t)((uint64_t)h->base * step);
        }
        if (h->order == INTVECFORMAT_REGRESSED)
                h->second = (int64_t)((uint64_t)h->second + (uint64_t)h->first);
        if ((flags & INTVECFORMAT_RUNS) && !read_runs(c, n - firsts, h))
                return false;
        if (flags & INTVECFORMAT_PATCHES)
                h->patches = take(c);
        return !c->bad && h->patches <= n - firsts;
}

static size_t run_bytes(const IntvecRun *run)
{
        return bitpack_bytes(run->n, run->code.radix ? run->code.low : run->width) +
               (run->code.radix ? radix_bytes(&run->code, run->n) : 0);
}

static size_t packed_bytes(const Head *h)
{
        size_t bytes = 0;
        for (unsigned r = 0; r < h->n_runs; r++)
                bytes += run_bytes(&h->runs[r]);
        return bytes;
}

/* Patches stand before the packed values and replace them afterwards. */
static void skip_patches(Cursor *c, size_t n)
{
        for (size_t i = 0; i < n && !c->bad; i++) {
                take(c);
                take(c);
        }
}

/* What is read: numbers [from, to) of m. */
typedef struct Range {
        size_t from, to, m;
} Range;

static bool apply_patches(Cursor c, size_t n, uint64_t base, const Range *r, uint64_t *x)
{
        size_t at = 0;
        for (size_t i = 0; i < n; i++) {
                uint64_t step = take(&c);
                int64_t value = bits_unzigzag(take(&c));
                if (step >= r->m - at)
                        return false;
                at += step;
                if (at >= r->from && at < r->to)
                        x[at - r->from] = base + (uint64_t)value;
        }
        return true;
}

/* Numbers [from, to) of a run, by rule u; from is a multiple of GROUP. Returns the last sum. */
static uint64_t unfold_one(const IntvecRun *run, const unsigned char *p, size_t from, size_t to, Unfold u, uint64_t *x)
{
        size_t n = to - from;
        if (!run->code.radix)
                return unfold_run(&u, p + from / GROUP * run->width, n, x);
        const unsigned char *digits = p + bitpack_bytes(run->n, run->code.low);
        bitpack_unpack(p + from / GROUP * run->code.low, n, run->code.low, x);
        if (n == run->n)
                radix_unpack(&run->code, digits, n, x);
        else
                radix_unpack_from(&run->code, digits, run->n, from, to, x);
        return unfold_run(&u, NULL, n, x);
}

/* Some of all runs' numbers, by rule u, which says what becomes of a number. The first is a multiple of GROUP; runs are, but for the last. */
static void unfold_runs(const Head *h, const unsigned char *p, const Range *range, Unfold u, uint64_t *x)
{
        size_t first = 0, at = range->from;
        for (unsigned r = 0; r < h->n_runs && at < range->to; r++) {
                const IntvecRun *run = &h->runs[r];
                if (at < first + run->n) {
                        size_t to = MIN_OF(range->to, first + run->n);
                        u.base = (uint64_t)h->base + run->offset * u.factor;
                        u.width = run->width;
                        u.start = unfold_one(run, p, at - first, to - first, u, x);
                        x += to - at;
                        at = to;
                }
                p += run_bytes(run);
                first += run->n;
        }
}

/* The sum of the first `upto` numbers after the rule's factor and bases. */
static uint64_t total(const Head *h, const unsigned char *p, size_t upto)
{
        uint64_t factor = h->divisor << h->shift, sum = 0;
        for (unsigned r = 0; r < h->n_runs && upto > 0; r++) {
                const IntvecRun *run = &h->runs[r];
                size_t n = MIN_OF(upto, run->n);
                uint64_t numbers = unfold_total(p, n, run->code.radix ? run->code.low : run->width);
                if (run->code.radix)
                        numbers += radix_total(&run->code, p + bitpack_bytes(run->n, run->code.low), run->n, n);
                sum += factor * numbers + n * ((uint64_t)h->base + run->offset * factor);
                p += run_bytes(run);
                upto -= n;
        }
        return sum;
}

/* A vector whose head was read. */
typedef struct Vector {
        const Head *h;
        const unsigned char *packed;
        Cursor patches;
        size_t n;
        const Target *target;
} Vector;

/* What unfolds into values at once unless something has to be done between. */
static Unfold rule_of(const Vector *v, bool sums, uint64_t start)
{
        bool one_pass = v->h->patches == 0;
        return (Unfold){ .factor = v->h->divisor << v->h->shift,
                         .start = start,
                         .sums = one_pass && sums,
                         .to = one_pass && v->h->order <= 1 ? v->target->to : UNFOLD_INTEGERS,
                         .divide = v->target->divide };
}

/* Numbers of a range with their patches, and for sums and values what comes behind those, which cost a second pass. */
static bool unfold_range(const Vector *v, const Range *r, bool sums, uint64_t start, uint64_t *x)
{
        const Head *h = v->h;
        Unfold u = rule_of(v, sums, start);
        unfold_runs(h, v->packed, r, u, x);
        if (h->patches == 0)
                return true;
        if (!apply_patches(v->patches, h->patches, (uint64_t)h->base, r, x))
                return false;
        u.factor = 1;
        u.base = 0;
        u.width = 64;
        u.sums = sums;
        u.to = h->order <= 1 ? v->target->to : UNFOLD_INTEGERS;
        if (u.sums || u.to != UNFOLD_INTEGERS)
                unfold_run(&u, NULL, r->to - r->from, x);
        return true;
}

/* What is left to do with integers of their own: they become values. */
static uint64_t finish(const Vector *v, bool sums, uint64_t start, size_t n, uint64_t *x)
{
        Unfold u = {
                .factor = 1, .start = start, .width = 64, .sums = sums, .to = v->target->to, .divide = v->target->divide
        };
        return unfold_run(&u, NULL, n, x);
}

/* Values [0, to); of order 3 all. */
static bool unfold_head(const Vector *v, size_t to, uint64_t *out)
{
        const Head *h = v->h;
        size_t firsts = intvecformat_firsts(h->order);
        to = MAX_OF(to, firsts);
        Range r = { 0, to - firsts, v->n - firsts };
        bool sums = h->order == 1 || h->order == 2;
        if (!unfold_range(v, &r, sums, (uint64_t)(h->order == 2 ? h->second : h->first), out + firsts))
                return false;
        if (h->order == INTVECFORMAT_REGRESSED) {
                regress_undo(out, to, h->factor, (uint64_t)h->first, (uint64_t)h->second);
                finish(v, false, 0, to, out);
                return true;
        }
        if (h->order == 2) {
                out[1] = (uint64_t)h->second;
                finish(v, true, (uint64_t)h->first, to - 1, out + 1);
        }
        if (h->order >= 1) {
                out[0] = (uint64_t)h->first;
                finish(v, false, 0, 1, out);
        }
        return true;
}

/* Values [from, to) of a leg that begins with value `first` of the vector, whose rest is numbers from `at` on. */
static bool unfold_leg(const Vector *v, size_t first, size_t at, size_t from, size_t to, uint64_t *out)
{
        uint64_t room[GROUP + INTVEC_MAX];
        const Head *h = v->h;
        Range r = { at / GROUP * GROUP, at + to - first - 1, v->n - REGRESS_LEGS };
        uint64_t *x = room + (at - r.from);
        if (!unfold_range(v, &r, false, 0, room + 1))
                return false;
        regress_undo_leg(x, to - first, h->factor, (uint64_t)h->first, (uint64_t)(first ? h->second : h->first));
        memcpy(out, x + (from - first), (to - from) * sizeof *out);
        finish(v, false, 0, to - from, out);
        return true;
}

/* Values [from, to) whose numbers lie `firsts` before them: whole groups are unfolded, which needs no look at single numbers. */
static bool unfold_groups(const Vector *v, size_t from, size_t to, uint64_t *out)
{
        uint64_t x[INTVEC_MAX];
        const Head *h = v->h;
        size_t firsts = h->order, m = v->n - firsts, end = (to - firsts + GROUP - 1) / GROUP * GROUP;
        Range r = { (from - firsts) / GROUP * GROUP, MIN_OF(end, m), m };
        uint64_t start = firsts ? (uint64_t)h->first + total(h, v->packed, r.from) : 0;
        if (!unfold_range(v, &r, firsts > 0, start, x))
                return false;
        memcpy(out, x + (from - firsts - r.from), (to - from) * sizeof *out);
        return true;
}

static bool unfold_some(const Vector *v, size_t from, size_t to, uint64_t *out)
{
        const Head *h = v->h;
        size_t second = regress_second(v->n);
        if (h->order == 0 || (h->order == 1 && from > 0 && h->patches == 0))
                return unfold_groups(v, from, to, out);
        if (h->order == INTVECFORMAT_REGRESSED && to <= second)
                return unfold_leg(v, 0, 0, from, to, out);
        if (h->order == INTVECFORMAT_REGRESSED && from >= second)
                return unfold_leg(v, second, second - 1, from, to, out);
        uint64_t x[INTVEC_MAX];
        if (!unfold_head(v, h->order == INTVECFORMAT_REGRESSED ? v->n : to, x))
                return false;
        memcpy(out, x + from, (to - from) * sizeof *out);
        return true;
}

static bool read_vector(const IntvecPart *part, const Target *target, uint64_t *out, size_t *used, Err *err)
{
        const unsigned char *p = (const unsigned char *)part->bytes.p;
        Cursor c = { p, p + part->bytes.n, false };
        size_t n = part->n;
        Head h;
        if (n == 0 || n > INTVEC_MAX || part->from >= part->to || part->to > n || !read_head(&c, n, &h))
                return err_set(err, ERR_CORRUPT, "a packed vector's head is damaged");
        size_t packed = packed_bytes(&h);
        Vector v = { &h, NULL, c, n, target };
        skip_patches(&c, h.patches);
        if (c.bad || (size_t)(c.end - c.p) < packed)
                return err_set(err, ERR_CORRUPT, "a packed vector of %zu values is too short", n);
        v.packed = c.p;
        bool all = part->from == 0 && part->to == n;
        if (!(all ? unfold_head(&v, n, out) : unfold_some(&v, part->from, part->to, out)))
                return err_set(err, ERR_CORRUPT, "a packed vector's patches are damaged");
        *used = (size_t)(c.p - p) + packed;
        return true;
}

bool intvec_read(Str bytes, size_t n, int64_t *out, size_t *used, Err *err)
{
        return intvec_read_part(&(IntvecPart){ bytes, n, 0, n }, out, used, err);
}

bool intvec_read_part(const IntvecPart *part, int64_t *out, size_t *used, Err *err)
{
        return read_vector(part, &(Target){ UNFOLD_INTEGERS, 1 }, (uint64_t *)out, used, err);
}

bool intvec_read_doubles(const IntvecPart *part, double divide, double *out, size_t *used, Err *err)
{
        return read_vector(part, &(Target){ UNFOLD_DOUBLES, divide }, (uint64_t *)out, used, err);
}
