/* Invariants
 * 1. Arithmetic is modulo 2^64 in coder and decoder alike, so every int64 survives, whatever overflows on the way.
 * 2. A value is packed when it is base + step * (offset + [0, 2^width)) of its run, else patched with its distance to the base.
 *    What is patched is counted when runs and bases are final: fits of stretches are estimates, whose distances may wrap.
 * 3. The decoder never writes beyond n values and checks every length before it uses it.
 *
 * Why so: counters and gauges of the real world are multiples of something, grow by similar amounts, and sometimes jump (a restart, a
 * first value from before): the step, the order of differences and the patches are what each of these needs. The order is chosen on a
 * sample; the width is exact. */
#include "codec/intvec.h"

#include <math.h>

#include "base/bits.h"
#include "base/check.h"
#include "codec/bitpack.h"
#include "codec/intorder.h"
#include "codec/intvecformat.h"
#include "codec/radix.h"
#include "codec/regress.h"
#include "codec/varint.h"

enum {
        WORTH_BITS = 4, /* a number: less is not worth looking for a factor */
        RUN_BITS = 32,  /* what one more run costs, about */
        LOWEST = 4,     /* this many of the lowest values may be patched */
        PATCH_BITS = 20 /* of a patch, beside its value */
};

/* ---- what is left */

static void make_rest(IntvecPlan *plan, const int64_t *v)
{
        size_t n = plan->n;
        uint64_t *out = plan->rest;
        if (plan->order == INTVECFORMAT_REGRESSED) {
                regress_rest(v, n, plan->factor, out);
        } else if (plan->order == 0) {
                for (size_t i = 0; i < n; i++)
                        out[i] = (uint64_t)v[i];
        } else if (plan->order == 1) {
                for (size_t i = 1; i < n; i++)
                        out[i - 1] = (uint64_t)v[i] - (uint64_t)v[i - 1];
        } else {
                for (size_t i = 2; i < n; i++)
                        out[i - 2] = (uint64_t)v[i] - 2 * (uint64_t)v[i - 1] + (uint64_t)v[i - 2];
        }
}

/* ---- what divides them */

static uint64_t gcd_of(uint64_t a, uint64_t b)
{
        while (b) {
                uint64_t r = a % b;
                a = b;
                b = r;
        }
        return a;
}

/* What divides all distances to x[ref] inside [from, to); 0: they are all equal. */
static uint64_t common_step(const uint64_t *x, size_t from, size_t to, size_t ref)
{
        uint64_t g = 0;
        for (size_t i = from; i < to && g != 1; i++) {
                uint64_t d = bits_magnitude64(x[i] - x[ref]);
                if (d && (g == 0 || (d & (0 - d)) < (g & (0 - g)) || d % g))
                        g = gcd_of(d, g);
        }
        return g;
}

static inline bool is_multiple(uint64_t d, uint64_t low_mask, unsigned shift, uint64_t divisor)
{
        return (d & low_mask) == 0 && (divisor == 1 || (d >> shift) % divisor == 0);
}

static size_t patch_price(unsigned value_bits) { return PATCH_BITS + value_bits * 8u / 7 + 1; }

/* Bits that patching takes for what is no multiple; marks those. */
static size_t mark_others(const IntvecPlan *plan, size_t m, unsigned char *off)
{
        uint64_t low_mask = ((uint64_t)1 << plan->shift) - 1;
        size_t price = 0;
        for (size_t i = 0; i < m; i++) {
                uint64_t size = bits_magnitude64(plan->rest[i] - plan->base);
                off[i] = !is_multiple(size, low_mask, plan->shift, plan->divisor);
                price += off[i] ? patch_price(bits_length64(size) + 1) : 0;
        }
        return price;
}

/* Turns rest into signed multiples of a step from one of the values. Returns the bits of patches for those marked in `off`. */
static size_t divide(IntvecPlan *plan, size_t m, unsigned char *off)
{
        uint64_t *x = plan->rest;
        size_t half = m / 2;
        uint64_t first = common_step(x, 0, m - half, 0), second = common_step(x, half, m, m - 1);
        size_t ref = first > second && first != 0 ? 0 : m - 1;
        uint64_t step = ref == 0 ? first : second;
        /* Equal values in the half that was looked at say nothing about the other. */
        if (step == 0) {
                ref = 0;
                step = common_step(x, 0, m, 0);
        }
        plan->base = x[ref];
        plan->shift = step > 1 ? bits_ctz64(step) : 0;
        plan->divisor = step > 1 ? step >> plan->shift : 1;
        size_t price = step > 1 ? mark_others(plan, m, off) : 0;
        if (step <= 1 || price > m * (bits_length64(step) - 1)) {
                plan->shift = 0;
                plan->divisor = 1;
                memset(off, 0, m);
                for (size_t i = 0; i < m; i++)
                        x[i] -= plan->base;
                return 0;
        }
        for (size_t i = 0; i < m; i++) {
                uint64_t d = x[i] - plan->base, size = bits_magnitude64(d) >> plan->shift;
                uint64_t q = plan->divisor == 1 ? size : size / plan->divisor;
                x[i] = off[i] ? 0 : (int64_t)d < 0 ? 0 - q : q;
        }
        return price;
}

/* ---- base and width */

typedef struct Fit {
        uint64_t base;
        unsigned width;
        size_t bits;
        uint64_t top;   /* of a stretch: the highest number that is not patched */
        size_t patched; /* bits of the patches */
} Fit;

static Fit fit_base(const uint64_t *x, size_t m, uint64_t base, const unsigned char *off, unsigned step_bits)
{
        unsigned counts[2][65] = { { 0 } };
        for (size_t i = 0; i < m; i++)
                counts[i & 1][off[i] ? 0 : bits_length64(x[i] - base)]++;
        Fit best = { .base = base, .bits = SIZE_MAX };
        size_t patches = 0, patched = 0, best_patches = 0;
        for (unsigned w = 64;; w--) {
                size_t bits = w * m + patched;
                if (bits < best.bits || (bits == best.bits && patches <= best_patches)) {
                        best = (Fit){ .base = base, .width = w, .bits = bits, .patched = patched };
                        best_patches = patches;
                }
                if (w == 0)
                        return best;
                size_t c = counts[0][w] + counts[1][w];
                patches += c;
                patched += c * patch_price(w + step_bits);
        }
}

/* The LOWEST lowest values, rising. */
static void find_lowest(const uint64_t *x, size_t m, int64_t low[LOWEST])
{
        for (int i = 0; i < LOWEST; i++)
                low[i] = INT64_MAX;
        for (size_t i = 0; i < m; i++) {
                int64_t v = (int64_t)x[i];
                if (LIKELY(v >= low[LOWEST - 1]))
                        continue;
                int at = LOWEST - 1;
                for (; at > 0 && low[at - 1] > v; at--)
                        low[at] = low[at - 1];
                low[at] = v;
        }
}

static Fit fit_range(const uint64_t *x, size_t m, const unsigned char *off, unsigned step_bits)
{
        int64_t low[LOWEST];
        find_lowest(x, m, low);
        Fit best = fit_base(x, m, (uint64_t)low[0], off, step_bits);
        if (m > LOWEST && bits_length64((uint64_t)low[LOWEST - 1] - (uint64_t)low[0]) >= best.width && best.width > 0) {
                Fit other = fit_base(x, m, (uint64_t)low[LOWEST - 1], off, step_bits);
                if (other.bits < best.bits)
                        best = other;
        }
        return best;
}

/* Whether stretches of numbers are so much narrower than `bits`, what all of them take together, that a closer look may pay. */
static bool sizes_differ(const uint64_t *x, size_t m, size_t bits)
{
        size_t spared = 0;
        for (size_t from = 0; from < m; from += INTVEC_UNIT) {
                size_t to = MIN_OF(from + INTVEC_UNIT, m);
                int64_t low = (int64_t)x[from], high = low;
                for (size_t i = from + 1; i < to; i++) {
                        low = MIN_OF(low, (int64_t)x[i]);
                        high = MAX_OF(high, (int64_t)x[i]);
                }
                size_t own = bits_length64((uint64_t)high - (uint64_t)low) * m;
                spared += own < bits ? (bits - own) * (to - from) / m : 0;
        }
        return spared > bits / 16;
}

/* What stretches have in common when they are packed alike. */
static Fit fit_both(const Fit *a, const Fit *b)
{
        Fit f = { .patched = a->patched + b->patched };
        f.base = (int64_t)a->base < (int64_t)b->base ? a->base : b->base;
        f.top = (int64_t)a->top > (int64_t)b->top ? a->top : b->top;
        f.width = bits_length64(f.top - f.base);
        return f;
}

typedef struct Stretches {
        Fit fits[INTVEC_RUNS];
        size_t n, each, m; /* the last one may be shorter */
} Stretches;

static void fit_stretches(Stretches *s, const uint64_t *x, size_t m, const unsigned char *off, unsigned step_bits)
{
        s->m = m;
        s->each = ((m + INTVEC_RUNS - 1) / INTVEC_RUNS + INTVEC_UNIT - 1) / INTVEC_UNIT * INTVEC_UNIT;
        s->n = 0;
        for (size_t from = 0; from < m; from += s->each) {
                size_t n = MIN_OF(s->each, m - from);
                Fit *f = &s->fits[s->n++];
                *f = fit_range(x + from, n, off + from, step_bits);
                f->top = f->base;
                for (size_t i = from; i < from + n; i++) {
                        uint64_t distance = x[i] - f->base;
                        if (!off[i] && bits_length64(distance) <= f->width && distance > f->top - f->base)
                                f->top = x[i];
                }
        }
}

/* The cheapest way to part the stretches into runs: bits[i] is the least for the first i, from[i] where its last run begins. */
static size_t part_stretches(const Stretches *s, size_t *from)
{
        size_t bits[INTVEC_RUNS + 1] = { 0 };
        for (size_t to = 1; to <= s->n; to++) {
                bits[to] = SIZE_MAX;
                Fit f = s->fits[to - 1];
                for (size_t i = to; i-- > 0;) {
                        f = i + 1 == to ? f : fit_both(&f, &s->fits[i]);
                        size_t length = MIN_OF(to * s->each, s->m) - i * s->each;
                        size_t b = bits[i] + f.width * length + f.patched + RUN_BITS;
                        if (b >= bits[to])
                                continue;
                        bits[to] = b;
                        from[to] = i;
                }
        }
        return bits[s->n];
}

/* Where numbers change their size, runs of them are packed each by itself. One run unless several are clearly shorter. */
static unsigned fit_runs(const IntvecPlan *plan, size_t m, const unsigned char *off, unsigned step_bits, Fit *fits,
                         size_t *lengths)
{
        const uint64_t *x = plan->rest;
        fits[0] = fit_range(x, m, off, step_bits);
        lengths[0] = m;
        if (m <= INTVEC_UNIT || !sizes_differ(x, m, fits[0].bits))
                return 1;
        Stretches s = { 0 };
        size_t from[INTVEC_RUNS + 1] = { 0 };
        fit_stretches(&s, x, m, off, step_bits);
        size_t total = part_stretches(&s, from);
        if (total + total / 64 >= fits[0].bits)
                return 1;
        unsigned runs = 0;
        for (size_t to = s.n; to > 0; to = from[to])
                runs++;
        unsigned r = runs;
        for (size_t to = s.n; to > 0; to = from[to]) {
                Fit f = s.fits[from[to]];
                for (size_t i = from[to]; i < to; i++)
                        f = i == from[to] ? f : fit_both(&f, &s.fits[i]);
                lengths[--r] = MIN_OF(to * s.each, m) - from[to] * s.each;
                fits[r] = f;
        }
        return runs;
}

/* Numbers that are no power of two apart take digits. Returns the bytes of the run, packed. */
static size_t choose_radix(IntvecRun *run, const uint64_t *x)
{
        uint64_t most = 0, limit = run->width == 64 ? UINT64_MAX : ((uint64_t)1 << run->width) - 1;
        for (size_t i = 0; i < run->n; i++)
                most = x[i] <= limit && x[i] > most ? x[i] : most;
        size_t plain = bitpack_bytes(run->n, run->width);
        if (!radix_choose(most, run->n, &run->code))
                return plain;
        size_t bytes = bitpack_bytes(run->n, run->code.low) + radix_bytes(&run->code, run->n);
        if (bytes + 4 <= plain)
                return bytes;
        run->code = (RadixCode){ 0 };
        return plain;
}

static void fit(IntvecPlan *plan, size_t m, const unsigned char *off)
{
        Fit fits[INTVEC_RUNS] = { 0 };
        size_t lengths[INTVEC_RUNS] = { 0 };
        unsigned step_bits = plan->shift + bits_length64(plan->divisor);
        plan->n_runs = fit_runs(plan, m, off, step_bits, fits, lengths);
        uint64_t base = fits[0].base;
        for (unsigned r = 1; r < plan->n_runs; r++)
                base = (int64_t)fits[r].base < (int64_t)base ? fits[r].base : base;
        plan->base += (base * plan->divisor) << plan->shift;
        plan->patches = 0;
        plan->bytes = 0;
        uint64_t *x = plan->rest;
        for (unsigned r = 0; r < plan->n_runs; x += lengths[r], off += lengths[r], r++) {
                IntvecRun *run = &plan->runs[r];
                *run = (IntvecRun){ .n = lengths[r], .width = fits[r].width, .offset = fits[r].base - base };
                size_t patched = 0;
                for (size_t i = 0; i < run->n; i++) {
                        /* Off: too wide for any width that leaves patches. */
                        x[i] = off[i] ? UINT64_MAX : x[i] - fits[r].base;
                        if (LIKELY(bits_length64(x[i]) <= run->width))
                                continue;
                        plan->patches++;
                        unsigned bits = MAX_OF(bits_length64(x[i]), bits_length64(x[i] + run->offset));
                        patched += off[i] ? 0 : patch_price(bits + step_bits);
                }
                plan->bytes += (patched + 7) / 8 + choose_radix(run, x) +
                               (plan->n_runs > 1 ? 2 + varint_size(run->offset) : 0) +
                               (run->code.radix ? 1 + varint_size(run->code.radix) : 0);
        }
}

static void plan_order(IntvecPlan *plan, const int64_t *v, size_t n, unsigned order)
{
        unsigned char off[INTVEC_MAX] = { 0 };
        plan->n = n;
        plan->order = order;
        make_rest(plan, v);
        size_t m = n - intvecformat_firsts(order);
        size_t price = divide(plan, m, off);
        fit(plan, m, off);
        for (unsigned r = 0; r < plan->n_runs; r++)
                CHECK(!price || plan->runs[r].width < 64); /* a step leaves less than 64 bits */
        plan->bytes += 3 + price / 8 + varint_size(bits_zigzag((int64_t)plan->base)) + (plan->patches ? 2 : 0);
        plan->bytes += order ? intvecformat_firsts(order) * varint_size(bits_zigzag(v[0])) : 0;
        plan->bytes += plan->shift || plan->divisor > 1 ? 1 + varint_size(plan->divisor) : 0;
        plan->bytes += order == INTVECFORMAT_REGRESSED ? 1 + varint_size(bits_zigzag(plan->factor.factor)) : 0;
}

/* Not with a step; not what only grows or falls, whose differences are all that there is to say. */
static bool may_regress(const IntvecPlan *plan)
{
        if (plan->shift || plan->divisor > 1 || plan->n < REGRESS_MIN || plan->bytes * 8 < plan->n * WORTH_BITS)
                return false;
        int64_t low = (int64_t)plan->base;
        uint64_t above = plan->runs[0].width < 64 ? (uint64_t)1 << plan->runs[0].width : UINT64_MAX;
        return plan->order != 1 || plan->n_runs > 1 || (low < 0 && bits_magnitude64((uint64_t)low) < above);
}

void intvec_plan(IntvecPlan *plan, const int64_t *v, size_t n)
{
        CHECK(n >= 1 && n <= INTVEC_MAX);
        unsigned order = intorder_choose(v, n);
        double range = INFINITY;
        plan_order(plan, v, n, order);
        size_t before = plan->bytes;
        if (order > 1 || plan->n_runs > 1)
                range = exp2((double)before * 8 / (double)n);
        if (!may_regress(plan) || !regress_find(v, n, order, &plan->factor, &range) ||
            log2(range + 1) * (double)n / 8 >= (double)before)
                return;
        plan_order(plan, v, n, INTVECFORMAT_REGRESSED);
        if (plan->bytes >= before)
                plan_order(plan, v, n, order);
}

/* ---- writing */

static uint64_t rest_at(const IntvecPlan *plan, const int64_t *v, size_t i)
{
        if (plan->order == INTVECFORMAT_REGRESSED)
                return regress_rest_at(v, plan->n, plan->factor, i);
        uint64_t a = (uint64_t)v[i + plan->order];
        if (plan->order == 0)
                return a;
        uint64_t b = (uint64_t)v[i + plan->order - 1];
        return plan->order == 1 ? a - b : a - 2 * b + (uint64_t)v[i];
}

static void write_patches(IntvecPlan *plan, const int64_t *v, Buf *out)
{
        size_t count = 0, last = 0, at = 0;
        AUTO(buf_done) Buf list = { 0 };
        for (unsigned r = 0; r < plan->n_runs; r++)
                for (size_t end = at + plan->runs[r].n; at < end; at++) {
                        if (bits_length64(plan->rest[at]) <= plan->runs[r].width)
                                continue;
                        varint_add(&list, at - last);
                        varint_add_signed(&list, (int64_t)(rest_at(plan, v, at) - plan->base));
                        last = at;
                        count++;
                        plan->rest[at] = 0;
                }
        varint_add(out, count);
        buf_add(out, list.p, list.n);
}

static void write_width(const IntvecRun *run, Buf *out)
{
        const RadixCode *c = &run->code;
        buf_char(out, (char)(c->radix ? c->low | INTVECFORMAT_RADIX_FOLLOWS | INTVECFORMAT_LONG_WORDS : run->width));
        if (!c->radix)
                return;
        varint_add(out, c->radix);
        buf_char(out, (char)c->digits);
}

static void write_runs(const IntvecPlan *plan, Buf *out)
{
        buf_char(out, (char)(plan->n_runs - 1));
        for (unsigned r = 0; r < plan->n_runs; r++) {
                const IntvecRun *run = &plan->runs[r];
                write_width(run, out);
                varint_add(out, run->offset);
                if (r + 1 < plan->n_runs)
                        buf_char(out, (char)(run->n / INTVEC_UNIT));
        }
}

static void write_numbers(const IntvecRun *run, const uint64_t *x, Buf *out)
{
        uint64_t lower[INTVEC_MAX];
        const RadixCode *c = &run->code;
        unsigned width = c->radix ? c->low : run->width;
        size_t bytes = bitpack_bytes(run->n, width);
        const uint64_t *from = x;
        if (c->radix) {
                for (size_t i = 0; i < run->n; i++)
                        lower[i] = x[i] & (((uint64_t)1 << c->low) - 1);
                from = lower;
        }
        bitpack_pack(from, run->n, width, (unsigned char *)buf_reserve(out, bytes + BITPACK_PAD_BYTES));
        out->n += bytes;
        if (!c->radix)
                return;
        bytes = radix_bytes(c, run->n);
        radix_pack(c, x, run->n, (unsigned char *)buf_reserve(out, bytes + BITPACK_PAD_BYTES));
        out->n += bytes;
}

typedef struct Starts {
        unsigned n;
        int64_t values[3]; /* what stands by itself, and the base */
} Starts;

static Starts starts_of(const IntvecPlan *plan, const int64_t *v)
{
        Starts s = { 0 };
        if (plan->order >= 1)
                s.values[s.n++] = v[0];
        if (plan->order == 2)
                s.values[s.n++] = (int64_t)((uint64_t)v[1] - (uint64_t)v[0]);
        if (plan->order == INTVECFORMAT_REGRESSED)
                s.values[s.n++] = (int64_t)((uint64_t)v[regress_second(plan->n)] - (uint64_t)v[0]);
        s.values[s.n++] = (int64_t)plan->base;
        return s;
}

/* All are multiples of the step: they become their quotients. */
static bool divide_starts(Starts *s, unsigned shift, uint64_t divisor)
{
        if (divisor == 0 || shift + bits_length64(divisor) > 62)
                return false;
        int64_t step = (int64_t)(divisor << shift);
        for (unsigned i = 0; i < s->n; i++)
                if (s->values[i] % step)
                        return false;
        for (unsigned i = 0; i < s->n; i++)
                s->values[i] /= step;
        return true;
}

void intvec_write(IntvecPlan *plan, const int64_t *v, Buf *out)
{
        bool step = plan->shift || plan->divisor > 1, runs = plan->n_runs > 1;
        Starts starts = starts_of(plan, v);
        bool steps = step && divide_starts(&starts, plan->shift, plan->divisor);
        buf_char(out, (char)(plan->order | (step ? INTVECFORMAT_STEP : 0) | (plan->patches ? INTVECFORMAT_PATCHES : 0) |
                             (runs ? INTVECFORMAT_RUNS : 0) | (steps ? INTVECFORMAT_STEPS : 0)));
        if (!runs)
                write_width(&plan->runs[0], out);
        for (unsigned i = 0; i < starts.n; i++)
                varint_add_signed(out, starts.values[i]);
        if (step) {
                buf_char(out, (char)plan->shift);
                varint_add(out, plan->divisor);
        }
        if (plan->order == INTVECFORMAT_REGRESSED) {
                buf_char(out, (char)plan->factor.bits);
                varint_add_signed(out, plan->factor.factor);
        }
        if (runs)
                write_runs(plan, out);
        if (plan->patches)
                write_patches(plan, v, out);
        const uint64_t *x = plan->rest;
        for (unsigned r = 0; r < plan->n_runs; x += plan->runs[r].n, r++)
                write_numbers(&plan->runs[r], x, out);
}
