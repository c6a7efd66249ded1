/* Invariants
 * 1. What was appended is decoded bit for bit, hints aside: a histogram is "not reset" only when the sample before it in this chunk
 *    was a histogram of the same kind that it goes on from.
 * 2. Writer and reader keep the same state: the layout, and the values of the last histogram and the last float.
 * 3. A decoder never reads behind the stream, whatever the bytes are, and allocates at most a constant times its bytes and its buckets.
 *
 * A sample: one control byte and what it announces (see the enum), times and counts as differences in varints. Why bytes: histograms
 * are rare and large; the long-lived form is columns (the parts), this one must only be small enough for two hours. */
#include "tsdb/histchunk.h"

#include "base/bits.h"
#include "base/hash.h"
#include "base/mem.h"
#include "codec/varint.h"
#include "model/histops.h"
#include "store/histcheck.h"

enum {
        HAS_HISTOGRAM = 1,
        HAS_START = 2,  /* differs from the last sample's: zigzag difference */
        HAS_LAYOUT = 4, /* differs from the last histogram's */
        HAS_TIME = 8,   /* the difference of times changed: zigzag change */
        IS_INTEGER = 16,
        RAW_COUNTS = 32, /* XORed bits, not differences of integers */
        HINT_SHIFT = 6,
        MAX_COUNTS = HISTCHECK_MAX_BUCKETS + 2,
};
#define EXACT_LIMIT 9007199254740992.0 /* 2^53: integers below it survive a double */
_Static_assert(1 + 3 * VARINT_MAX_BYTES + MAX_COUNTS * VARINT_MAX_BYTES + HISTCHECK_MAX_SPANS * 10 +
                               HISTCHECK_MAX_BOUNDS * 8 + 64 <=
                       HISTCHUNK_MAX_SAMPLE_BYTES,
               "the largest sample fits");
_Static_assert(HISTCHUNK_FULL_BYTES + HISTCHUNK_MAX_SAMPLE_BYTES <= UINT16_MAX, "a chunk's length has 16 bits");

struct HistState {
        Arena *arena; /* of `last` */
        Histogram *last;
        bool last_is_histogram; /* the last sample was one, and not stale */
        int64_t delta_ms, st_ms;
        uint64_t float_bits, sum_bits;
};

/* ---- what writer and reader share */

static bool is_exact(double v)
{
        return v > -EXACT_LIMIT && v < EXACT_LIMIT && bits_of_double((double)(int64_t)v) == bits_of_double(v);
}

static bool same_spans(const HistogramSide *a, const HistogramSide *b)
{
        return a->n_spans == b->n_spans && a->n_counts == b->n_counts &&
               (a->n_spans == 0 || memcmp(a->spans, b->spans, a->n_spans * sizeof *a->spans) == 0);
}

static bool same_layout(const Histogram *a, const Histogram *b)
{
        return a->schema == b->schema && bits_of_double(a->zero_threshold) == bits_of_double(b->zero_threshold) &&
               same_spans(&a->positive, &b->positive) && same_spans(&a->negative, &b->negative) &&
               a->n_custom == b->n_custom &&
               (a->n_custom == 0 || memcmp(a->custom, b->custom, a->n_custom * sizeof *a->custom) == 0);
}

void histchunk_state_free(HistState *state)
{
        if (!state)
                return;
        if (state->arena)
                arena_free(state->arena);
        mem_free(state);
}

void histchunk_begin(XorChunk *c)
{
        c->code = XORCHUNK_CODE_HISTOGRAMS;
        c->state = mem_new(HistState);
}

bool histchunk_is_full(const XorChunk *c)
{
        return c->n >= XORCHUNK_MAX_SAMPLES || xorchunk_bytes(c) >= HISTCHUNK_FULL_BYTES;
}

uint64_t histchunk_value_bits(const StoreSample *sample)
{
        const Histogram *h = sample->h;
        if (!h)
                return bits_of_double(sample->v);
        const struct {
                uint64_t schema, integer, count, sum, zero, threshold, positive, negative, custom, pos_spans, neg_spans;
        } all = { (uint64_t)h->schema,
                  h->integer,
                  bits_of_double(h->count),
                  bits_of_double(h->sum),
                  bits_of_double(h->zero_count),
                  bits_of_double(h->zero_threshold),
                  hash_bytes(h->positive.counts, h->positive.n_counts * sizeof(double)),
                  hash_bytes(h->negative.counts, h->negative.n_counts * sizeof(double)),
                  hash_bytes(h->custom, h->n_custom * sizeof(double)),
                  hash_bytes(h->positive.spans, h->positive.n_spans * sizeof(HistogramSpan)),
                  hash_bytes(h->negative.spans, h->negative.n_spans * sizeof(HistogramSpan)) };
        return hash_bytes(&all, sizeof all);
}

/* ---- writing */

typedef struct Out {
        unsigned char *p;
} Out;

static void put_signed(Out *o, int64_t v) { o->p += varint_put_signed(o->p, v); }
static void put_u64(Out *o, uint64_t v) { o->p += varint_put(o->p, v); }
static void put_f64(Out *o, double v)
{
        bits_put_le64(o->p, bits_of_double(v));
        o->p += 8;
}
/* Numbers near each other differ in their low bits, which come first: as a varint that is short. */
static void put_xor(Out *o, uint64_t bits, uint64_t last) { put_u64(o, __builtin_bswap64(bits ^ last)); }

static void put_spans(Out *o, const HistogramSide *s)
{
        put_u64(o, s->n_spans);
        for (uint32_t i = 0; i < s->n_spans; i++) {
                put_signed(o, s->spans[i].offset);
                put_u64(o, s->spans[i].n);
        }
}

static void put_layout(Out *o, const Histogram *h)
{
        *o->p++ = (unsigned char)h->schema;
        put_f64(o, h->zero_threshold);
        put_spans(o, &h->positive);
        put_spans(o, &h->negative);
        put_u64(o, h->n_custom);
        for (uint32_t i = 0; i < h->n_custom; i++)
                put_f64(o, h->custom[i]);
}

static bool all_exact(const Histogram *h)
{
        bool exact = is_exact(h->count) && is_exact(h->zero_count);
        for (uint32_t i = 0; i < h->positive.n_counts && exact; i++)
                exact = is_exact(h->positive.counts[i]);
        for (uint32_t i = 0; i < h->negative.n_counts && exact; i++)
                exact = is_exact(h->negative.counts[i]);
        return exact;
}

static void put_count(Out *o, bool raw, double v, double last)
{
        if (raw)
                put_xor(o, bits_of_double(v), bits_of_double(last));
        else
                put_signed(o, (int64_t)v - (is_exact(last) ? (int64_t)last : 0));
}

static void put_counts(Out *o, bool raw, const Histogram *h, const Histogram *last)
{
        put_count(o, raw, h->count, last ? last->count : 0);
        put_count(o, raw, h->zero_count, last ? last->zero_count : 0);
        for (uint32_t i = 0; i < h->positive.n_counts; i++)
                put_count(o, raw, h->positive.counts[i], last ? last->positive.counts[i] : 0);
        for (uint32_t i = 0; i < h->negative.n_counts; i++)
                put_count(o, raw, h->negative.counts[i], last ? last->negative.counts[i] : 0);
}

/* What a reader may rely on. Unknown is always safe; a sample behind a gap is never told to go on from what was before. */
static HistogramHint hint_of(const HistState *s, const Histogram *h)
{
        if (h->hint == HISTOGRAM_HINT_GAUGE)
                return HISTOGRAM_HINT_GAUGE;
        if (!s->last_is_histogram || histogram_is_stale(h) || s->last->integer != h->integer ||
            s->last->hint == HISTOGRAM_HINT_GAUGE || h->hint == HISTOGRAM_HINT_RESET)
                return HISTOGRAM_HINT_UNKNOWN;
        AUTO(arena_free) Arena *arena = arena_new();
        Histogram plain = *h;
        plain.hint = HISTOGRAM_HINT_UNKNOWN;
        return histops_is_reset(arena, s->last, &plain) ? HISTOGRAM_HINT_UNKNOWN : HISTOGRAM_HINT_NOT_RESET;
}

static void remember(HistState *s, const Histogram *h)
{
        Arena *arena = arena_new();
        s->last = histogram_dup(arena, h);
        if (s->arena)
                arena_free(s->arena);
        s->arena = arena;
        s->sum_bits = bits_of_double(h->sum);
        s->last_is_histogram = !histogram_is_stale(h);
}

static unsigned put_histogram(Out *o, HistState *s, const Histogram *h)
{
        bool layout = !s->last || !same_layout(s->last, h), raw = !all_exact(h);
        unsigned control = HAS_HISTOGRAM | (layout ? HAS_LAYOUT : 0) | (raw ? RAW_COUNTS : 0) |
                           (h->integer ? IS_INTEGER : 0) | (unsigned)hint_of(s, h) << HINT_SHIFT;
        if (layout)
                put_layout(o, h);
        put_counts(o, raw, h, layout ? NULL : s->last);
        put_xor(o, bits_of_double(h->sum), s->sum_bits);
        remember(s, h);
        return control;
}

static void make_room(XorChunk *c, size_t n)
{
        size_t need = xorchunk_bytes(c) + n;
        if (need <= c->cap_bytes)
                return;
        size_t cap = MAX_OF(need, c->cap_bytes + c->cap_bytes / 2);
        c->p = mem_realloc(c->p, cap);
        c->cap_bytes = (uint32_t)cap;
}

static size_t bound(const StoreSample *sample)
{
        const Histogram *h = sample->h;
        size_t n = 64;
        if (h)
                n += ((size_t)h->positive.n_counts + h->negative.n_counts) * VARINT_MAX_BYTES +
                     ((size_t)h->positive.n_spans + h->negative.n_spans) * 10 + (size_t)h->n_custom * 8 + 64;
        return n;
}

void histchunk_append(XorChunk *c, const StoreSample *sample)
{
        HistState *s = c->state;
        unsigned control = 0;
        make_room(c, bound(sample));
        unsigned char *start = c->p + xorchunk_bytes(c);
        Out o = { start + 1 };
        if (c->n == 0) {
                c->first_ms = sample->t_ms;
        } else {
                int64_t delta = (int64_t)((uint64_t)sample->t_ms - (uint64_t)c->last_ms);
                if (delta != s->delta_ms) {
                        control |= HAS_TIME;
                        put_signed(&o, (int64_t)((uint64_t)delta - (uint64_t)s->delta_ms));
                }
                s->delta_ms = delta;
        }
        if (sample->st_ms != s->st_ms) {
                control |= HAS_START;
                put_signed(&o, (int64_t)((uint64_t)sample->st_ms - (uint64_t)s->st_ms));
                s->st_ms = sample->st_ms;
        }
        if (sample->h) {
                control |= put_histogram(&o, s, sample->h);
        } else {
                put_xor(&o, bits_of_double(sample->v), s->float_bits);
                s->float_bits = bits_of_double(sample->v);
                s->last_is_histogram = false;
        }
        *start = (unsigned char)control;
        c->bits = (uint32_t)(o.p - c->p) * 8;
        c->n++;
        __atomic_store_n(&c->last_bits, histchunk_value_bits(sample), __ATOMIC_RELAXED);
        __atomic_store_n(&c->last_ms, sample->t_ms, __ATOMIC_RELAXED);
}

/* ---- reading */

typedef struct In {
        const unsigned char *p, *end;
        Arena *arena;
        Histogram last; /* its arrays live in arena */
        int64_t delta_ms, st_ms;
        uint64_t float_bits;
} In;

static bool get_u64(In *in, uint64_t *ret)
{
        size_t n = varint_get(in->p, (size_t)(in->end - in->p), ret);
        in->p += n;
        return n > 0;
}

/* Adds a zigzag difference. */
static bool add_signed(In *in, int64_t *v)
{
        uint64_t d;
        if (!get_u64(in, &d))
                return false;
        *v = (int64_t)((uint64_t)*v + (uint64_t)bits_unzigzag(d));
        return true;
}

static bool get_f64(In *in, double *ret)
{
        if (in->end - in->p < 8)
                return false;
        *ret = bits_to_double(bits_le64(in->p));
        in->p += 8;
        return true;
}

static bool get_xor(In *in, uint64_t *bits)
{
        uint64_t v;
        if (!get_u64(in, &v))
                return false;
        *bits ^= __builtin_bswap64(v);
        return true;
}

static bool get_spans(In *in, HistogramSide *s)
{
        uint64_t n, len, total = 0;
        if (!get_u64(in, &n) || n > (uint64_t)(in->end - in->p) / 2)
                return false;
        HistogramSpan *spans = arena_raw_array(in->arena, HistogramSpan, n);
        for (uint64_t i = 0; i < n; i++) {
                int64_t offset = 0;
                if (!add_signed(in, &offset) || !get_u64(in, &len) || len > HISTCHUNK_MAX_BUCKETS)
                        return false;
                spans[i] = (HistogramSpan){ (int32_t)offset, (uint32_t)len };
                total += len;
        }
        if (total > (uint64_t)(in->end - in->p)) /* each has a byte at least */
                return false;
        *s = (HistogramSide){ spans, arena_array(in->arena, double, total), (uint32_t)n, (uint32_t)total };
        return true;
}

static bool get_layout(In *in)
{
        uint64_t n;
        Histogram h = { 0 };
        if (in->p == in->end)
                return false;
        h.schema = (int8_t)*in->p++;
        if (!get_f64(in, &h.zero_threshold) || !get_spans(in, &h.positive) || !get_spans(in, &h.negative) ||
            !get_u64(in, &n) || n > (uint64_t)(in->end - in->p) / 8)
                return false;
        double *custom = n ? arena_raw_array(in->arena, double, n) : NULL;
        for (uint64_t i = 0; i < n; i++)
                if (!get_f64(in, &custom[i]))
                        return false;
        h.custom = custom;
        h.n_custom = (uint32_t)n;
        h.sum = in->last.sum;
        in->last = h;
        return true;
}

static bool get_count(In *in, bool raw, double *v)
{
        if (raw) {
                uint64_t bits = bits_of_double(*v);
                bool ok = get_xor(in, &bits);
                *v = bits_to_double(bits);
                return ok;
        }
        int64_t n = is_exact(*v) ? (int64_t)*v : 0;
        bool ok = add_signed(in, &n);
        *v = (double)n;
        return ok;
}

static bool get_side(In *in, bool raw, HistogramSide *s)
{
        double *counts = arena_raw_array(in->arena, double, s->n_counts);
        for (uint32_t i = 0; i < s->n_counts; i++) {
                counts[i] = s->counts[i];
                if (!get_count(in, raw, &counts[i]))
                        return false;
        }
        s->counts = counts;
        return true;
}

static bool get_histogram(In *in, unsigned control)
{
        bool raw = control & RAW_COUNTS;
        Histogram *h = &in->last;
        if (control & HAS_LAYOUT && !get_layout(in))
                return false;
        uint64_t sum = bits_of_double(h->sum);
        if (!get_count(in, raw, &h->count) || !get_count(in, raw, &h->zero_count) || !get_side(in, raw, &h->positive) ||
            !get_side(in, raw, &h->negative) || !get_xor(in, &sum))
                return false;
        h->sum = bits_to_double(sum);
        h->integer = control & IS_INTEGER;
        h->hint = (uint8_t)(control >> HINT_SHIFT);
        return true;
}

/* The sample behind in->p; *t is the time of the one before. */
static bool get_sample(In *in, bool first, int64_t *t, unsigned *ret_control)
{
        if (in->p == in->end)
                return false;
        unsigned control = *in->p++;
        if (control & HAS_TIME && !add_signed(in, &in->delta_ms))
                return false;
        int64_t before = *t;
        if (!first)
                *t = (int64_t)((uint64_t)before + (uint64_t)in->delta_ms);
        if (!first && *t <= before)
                return false;
        if (control & HAS_START && !add_signed(in, &in->st_ms))
                return false;
        *ret_control = control;
        return control & HAS_HISTOGRAM ? get_histogram(in, control) : get_xor(in, &in->float_bits);
}

static void push(Column *out, int64_t t, const In *in, unsigned control)
{
        if (control & HAS_HISTOGRAM) {
                Histogram *h = arena_new_of(in->arena, Histogram);
                *h = in->last;
                column_push_histogram(out, t, h);
        } else {
                column_push(out, t, bits_to_double(in->float_bits));
        }
        column_set_start(out, in->st_ms);
}

bool histchunk_decode(Str stream, size_t n, int64_t first_ms, int64_t min_ms, int64_t max_ms, Column *out, Err *err)
{
        const unsigned char *p = (const unsigned char *)stream.p;
        In in = { .p = p, .end = p + stream.n, .arena = column_arena(out) };
        size_t before = out->n;
        int64_t t = first_ms;
        for (size_t i = 0; i < n; i++) {
                unsigned control;
                if (!get_sample(&in, i == 0, &t, &control)) {
                        out->n = before;
                        return err_set(err, ERR_CORRUPT, "sample %zu of %zu is damaged", i + 1, n);
                }
                if (t > max_ms)
                        break;
                if (t >= min_ms)
                        push(out, t, &in, control);
        }
        return true;
}
