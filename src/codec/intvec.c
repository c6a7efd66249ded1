/* Invariants
 * 1. Arithmetic is modulo 2^64 in coder and decoder alike, so every int64 survives, whatever overflows on the way.
 * 2. A value is packed when it is base + step * [0, 2^width), else patched with its distance to the base.
 * 3. The decoder never writes beyond n values and checks every length before it uses it.
 *
 * Why so: counters and gauges of the real world are multiples of something, grow by similar amounts, and sometimes jump (a restart, a
 * first value from before): the step, the order of differences and the patches are what each of these needs. The order is chosen on a
 * sample; the width is exact. */
#include "codec/intvec.h"

#include "base/bits.h"
#include "base/check.h"
#include "codec/bitpack.h"
#include "codec/unfold.h"
#include "codec/varint.h"

enum {
        FLAG_STEP = 4,
        FLAG_PATCHES = 8,
        FLAGS_KNOWN = 15,
        SAMPLE = 64,    /* values that choose the order */
        LOWEST = 4,     /* this many of the lowest values may be patched */
        PATCH_BITS = 20 /* of a patch, beside its value */
};

static inline unsigned length_of(uint64_t v) { return 64 - bits_clz64(v); }
static inline uint64_t magnitude(uint64_t v) { return (int64_t)v < 0 ? 0 - v : v; }

/* ---- which differences */

/* About how many bits a value takes when these are packed; x is sorted by nobody. */
static unsigned sample_bits(const uint64_t *x, size_t n)
{
        uint64_t few[9];
        size_t k = 0;
        for (size_t i = 0; i < n && k < ARRAY_LEN(few); i += n / ARRAY_LEN(few) + 1) {
                size_t at = k++;
                for (; at > 0 && (int64_t)few[at - 1] > (int64_t)x[i]; at--)
                        few[at] = few[at - 1];
                few[at] = x[i];
        }
        uint64_t middle = few[k / 2];
        unsigned counts[65] = { 0 };
        for (size_t i = 0; i < n; i++)
                counts[length_of(magnitude(x[i] - middle))]++;
        unsigned best = UINT32_MAX, above = (unsigned)n - counts[0];
        for (unsigned w = 0; w <= 64; w++) {
                unsigned bits = w * (unsigned)n + above * 64;
                best = bits < best ? bits : best;
                above -= w < 64 ? counts[w + 1] : 0;
        }
        return best;
}

static unsigned choose_order(const int64_t *v, size_t n)
{
        if (n < 3)
                return 0;
        uint64_t x[3][SAMPLE];
        size_t m = 0, stride = (n - 2) / SAMPLE + 1;
        for (size_t i = 2; i < n && m < SAMPLE; i += stride, m++) {
                uint64_t d = (uint64_t)v[i] - (uint64_t)v[i - 1];
                x[0][m] = (uint64_t)v[i];
                x[1][m] = d;
                x[2][m] = d - ((uint64_t)v[i - 1] - (uint64_t)v[i - 2]);
        }
        unsigned best = 0, bits = sample_bits(x[0], m);
        for (unsigned order = 1; order <= 2; order++) {
                unsigned b = sample_bits(x[order], m);
                if (b < bits) {
                        best = order;
                        bits = b;
                }
        }
        return best;
}

static void make_rest(IntvecPlan *plan, const int64_t *v)
{
        size_t n = plan->n;
        uint64_t *out = plan->rest;
        if (plan->order == 0) {
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
                uint64_t d = magnitude(x[i] - x[ref]);
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
                uint64_t size = magnitude(plan->rest[i] - plan->base);
                off[i] = !is_multiple(size, low_mask, plan->shift, plan->divisor);
                price += off[i] ? patch_price(length_of(size) + 1) : 0;
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
        if (step <= 1 || price > m * (length_of(step) - 1)) {
                plan->shift = 0;
                plan->divisor = 1;
                memset(off, 0, m);
                for (size_t i = 0; i < m; i++)
                        x[i] -= plan->base;
                return 0;
        }
        for (size_t i = 0; i < m; i++) {
                uint64_t d = x[i] - plan->base, size = magnitude(d) >> plan->shift;
                uint64_t q = plan->divisor == 1 ? size : size / plan->divisor;
                x[i] = off[i] ? 0 : (int64_t)d < 0 ? 0 - q : q;
        }
        return price;
}

/* ---- base and width */

typedef struct Fit {
        uint64_t base;
        unsigned width;
        size_t patches, bits;
} Fit;

static Fit fit_base(const uint64_t *x, size_t m, uint64_t base, const unsigned char *off, unsigned step_bits)
{
        unsigned counts[2][65] = { { 0 } };
        for (size_t i = 0; i < m; i++)
                counts[i & 1][off[i] ? 0 : length_of(x[i] - base)]++;
        Fit best = { .base = base, .bits = SIZE_MAX };
        size_t patches = 0, patched = 0;
        for (unsigned w = 64;; w--) {
                size_t bits = w * m + patched;
                if (bits < best.bits || (bits == best.bits && patches <= best.patches))
                        best = (Fit){ base, w, patches, bits };
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

static void fit(IntvecPlan *plan, size_t m, const unsigned char *off)
{
        int64_t low[LOWEST];
        find_lowest(plan->rest, m, low);
        unsigned step_bits = plan->shift + length_of(plan->divisor);
        Fit best = fit_base(plan->rest, m, (uint64_t)low[0], off, step_bits);
        if (m > LOWEST && length_of((uint64_t)low[LOWEST - 1] - (uint64_t)low[0]) >= best.width && best.width > 0) {
                Fit other = fit_base(plan->rest, m, (uint64_t)low[LOWEST - 1], off, step_bits);
                if (other.bits < best.bits)
                        best = other;
        }
        plan->width = best.width;
        plan->patches = best.patches;
        plan->bytes = (best.bits + 7) / 8;
        plan->base += (best.base * plan->divisor) << plan->shift;
        uint64_t *x = plan->rest;
        for (size_t i = 0; i < m; i++)
                x[i] -= best.base;
}

void intvec_plan(IntvecPlan *plan, const int64_t *v, size_t n)
{
        CHECK(n >= 1 && n <= INTVEC_MAX);
        unsigned char off[INTVEC_MAX] = { 0 };
        plan->n = n;
        plan->order = choose_order(v, n);
        make_rest(plan, v);
        size_t m = n - plan->order;
        size_t price = divide(plan, m, off);
        fit(plan, m, off);
        if (price)
                for (size_t i = 0; i < m; i++) {
                        if (!off[i])
                                continue;
                        plan->rest[i] = UINT64_MAX; /* too wide for any width that leaves patches */
                        plan->patches++;
                }
        CHECK(!price || plan->width < 64); /* a step leaves less than 64 bits */
        plan->bytes += 2 + price / 8 + varint_size(bits_zigzag((int64_t)plan->base)) + (plan->patches ? 2 : 0);
        plan->bytes += plan->order ? 2 * varint_size(bits_zigzag(v[0])) : 0;
        plan->bytes += plan->shift || plan->divisor > 1 ? 1 + varint_size(plan->divisor) : 0;
}

/* ---- writing */

static uint64_t difference(const int64_t *v, unsigned order, size_t i)
{
        uint64_t a = (uint64_t)v[i + order];
        if (order == 0)
                return a;
        uint64_t b = (uint64_t)v[i + order - 1];
        return order == 1 ? a - b : a - 2 * b + (uint64_t)v[i];
}

static void write_patches(IntvecPlan *plan, const int64_t *v, Buf *out)
{
        size_t count_at = out->n, count = 0, last = 0, m = plan->n - plan->order;
        AUTO(buf_done) Buf list = { 0 };
        for (size_t i = 0; i < m; i++) {
                if (length_of(plan->rest[i]) <= plan->width)
                        continue;
                varint_add(&list, i - last);
                varint_add_signed(&list, (int64_t)(difference(v, plan->order, i) - plan->base));
                last = i;
                count++;
                plan->rest[i] = 0;
        }
        out->n = count_at;
        varint_add(out, count);
        buf_add(out, list.p, list.n);
}

void intvec_write(IntvecPlan *plan, const int64_t *v, Buf *out)
{
        size_t m = plan->n - plan->order;
        bool step = plan->shift || plan->divisor > 1;
        buf_char(out, (char)(plan->order | (step ? FLAG_STEP : 0) | (plan->patches ? FLAG_PATCHES : 0)));
        buf_char(out, (char)plan->width);
        if (plan->order >= 1)
                varint_add_signed(out, v[0]);
        if (plan->order == 2)
                varint_add_signed(out, (int64_t)((uint64_t)v[1] - (uint64_t)v[0]));
        varint_add_signed(out, (int64_t)plan->base);
        if (step) {
                buf_char(out, (char)plan->shift);
                varint_add(out, plan->divisor);
        }
        if (plan->patches)
                write_patches(plan, v, out);
        size_t bytes = bitpack_bytes(m, plan->width);
        char *at = buf_reserve(out, bytes + BITPACK_PAD_BYTES);
        bitpack_pack(plan->rest, m, plan->width, (unsigned char *)at);
        out->n += bytes;
}

/* ---- reading */

typedef struct Head {
        unsigned order, width, shift;
        uint64_t divisor;
        int64_t first, second, base;
        size_t patches;
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

static bool read_head(Cursor *c, size_t n, Head *h)
{
        unsigned flags = take_byte(c);
        *h = (Head){ .order = flags & 3, .width = take_byte(c), .divisor = 1 };
        if (h->order >= 1)
                h->first = bits_unzigzag(take(c));
        if (h->order == 2)
                h->second = bits_unzigzag(take(c));
        h->base = bits_unzigzag(take(c));
        if (flags & FLAG_STEP) {
                h->shift = take_byte(c);
                h->divisor = take(c);
        }
        if (flags & FLAG_PATCHES)
                h->patches = take(c);
        return !c->bad && flags <= FLAGS_KNOWN && h->order <= 2 && h->order <= n && h->width <= 64 && h->shift <= 63 &&
               h->patches <= n - h->order;
}

/* Patches stand before the packed values and replace them afterwards. */
static void skip_patches(Cursor *c, size_t n)
{
        for (size_t i = 0; i < n && !c->bad; i++) {
                take(c);
                take(c);
        }
}

static bool apply_patches(Cursor c, size_t n, uint64_t base, uint64_t *x, size_t m)
{
        size_t at = 0;
        for (size_t i = 0; i < n; i++) {
                uint64_t step = take(&c);
                int64_t value = bits_unzigzag(take(&c));
                if (step >= m - at)
                        return false;
                at += step;
                x[at] = base + (uint64_t)value;
        }
        return true;
}

/* Packed numbers to values. What patches replace must be known before it is added up, so they cost a second pass, as does a second sum. */
static bool unfold(const Head *h, const unsigned char *packed, Cursor patches, size_t n, const Target *target,
                   uint64_t *out)
{
        size_t m = n - h->order;
        uint64_t *x = out + h->order;
        bool one_pass = h->patches == 0;
        Unfold u = { .factor = h->divisor << h->shift,
                     .base = (uint64_t)h->base,
                     .start = (uint64_t)(h->order == 2 ? h->second : h->first),
                     .width = h->width,
                     .sums = one_pass && h->order >= 1,
                     .to = one_pass && h->order <= 1 ? target->to : UNFOLD_INTEGERS,
                     .divide = target->divide };
        unfold_run(&u, packed, m, x);
        u.factor = 1;
        u.base = 0;
        u.width = 64;
        if (!one_pass) {
                if (!apply_patches(patches, h->patches, (uint64_t)h->base, x, m))
                        return false;
                u.sums = h->order >= 1;
                u.to = h->order <= 1 ? target->to : UNFOLD_INTEGERS;
                if (u.sums || u.to != UNFOLD_INTEGERS)
                        unfold_run(&u, NULL, m, x);
        }
        u.to = target->to;
        if (h->order == 2) {
                out[1] = (uint64_t)h->second;
                u.start = (uint64_t)h->first;
                unfold_run(&u, NULL, n - 1, out + 1);
        }
        if (h->order >= 1) {
                out[0] = (uint64_t)h->first;
                u.sums = false;
                unfold_run(&u, NULL, 1, out);
        }
        return true;
}

static bool read_vector(Str bytes, size_t n, const Target *target, uint64_t *out, size_t *used, Err *err)
{
        Cursor c = { (const unsigned char *)bytes.p, (const unsigned char *)bytes.p + bytes.n, false };
        Head h;
        if (n == 0 || n > INTVEC_MAX || !read_head(&c, n, &h))
                return err_set(err, ERR_CORRUPT, "a packed vector's head is damaged");
        size_t packed = bitpack_bytes(n - h.order, h.width);
        Cursor patches = c;
        skip_patches(&c, h.patches);
        if (c.bad || (size_t)(c.end - c.p) < packed)
                return err_set(err, ERR_CORRUPT, "a packed vector of %zu values is too short", n);
        if (!unfold(&h, c.p, patches, n, target, out))
                return err_set(err, ERR_CORRUPT, "a packed vector's patches are damaged");
        *used = (size_t)(c.p - (const unsigned char *)bytes.p) + packed;
        return true;
}

bool intvec_read(Str bytes, size_t n, int64_t *out, size_t *used, Err *err)
{
        return read_vector(bytes, n, &(Target){ UNFOLD_INTEGERS, 1 }, (uint64_t *)out, used, err);
}

bool intvec_read_doubles(Str bytes, size_t n, double divide, double *out, size_t *used, Err *err)
{
        return read_vector(bytes, n, &(Target){ UNFOLD_DOUBLES, divide }, (uint64_t *)out, used, err);
}
