/* Invariants
 * 1. No input reads beyond its bytes, or makes more buckets than it has bits.
 * 2. What promchunk_encode wrote promchunk_decode gives back bit by bit, stale markers and NaN payloads included; a histogram's hint
 *    survives for the first of a chunk, the others follow from it as upstream derives them.
 * 3. A histogram chunk has one layout: schema, zero threshold, spans, custom bounds. */
#include "interop/promchunk.h"

#include <math.h>

#include "base/arena.h"
#include "base/check.h"
#include "codec/bitstream.h"

enum {
        HEADER_BYTES = 2,
        HINT_UNKNOWN = 0,
        HINT_NOT_RESET = 1,
        HINT_RESET = 2,
        HINT_GAUGE = 3,
        NO_WINDOW = 0xff,
        ZERO_THRESHOLD_IS_FLOAT = 255,
        ZERO_THRESHOLD_BIAS = 243,
};

/* The largest bound that is stored as whole thousandths. */
#define CUSTOM_MAX_THOUSANDTHS 33554430.0

/* ---- numbers of variable width */

/* Widths of the eight classes behind a prefix of 1..8 ones: a value of n bits lies in (-2^(n-1), 2^(n-1)]. */
static const uint8_t CLASS_BITS[8] = { 3, 6, 9, 12, 18, 25, 56, 64 };

static bool fits(int64_t v, unsigned bits) { return -((1LL << (bits - 1)) - 1) <= v && v <= 1LL << (bits - 1); }

/* n bits as a number whose upper half, without its first value, is negative. */
static int64_t widen(uint64_t bits, unsigned n)
{
        if (n < 64 && bits > 1ULL << (n - 1))
                return (int64_t)(bits - (1ULL << n));
        return (int64_t)bits;
}

static int64_t get_int(BitReader *r)
{
        unsigned ones = bitstream_get_ones(r, 8);
        if (ones == 0)
                return 0;
        unsigned n = CLASS_BITS[ones - 1];
        return widen(bitstream_get(r, n), n);
}

static uint64_t get_uint(BitReader *r)
{
        unsigned ones = bitstream_get_ones(r, 8);
        return ones ? bitstream_get(r, CLASS_BITS[ones - 1]) : 0;
}

static void put_class(BitWriter *w, unsigned class, uint64_t v)
{
        /* class ones, and a zero behind all but the longest prefix */
        if (class == ARRAY_LEN(CLASS_BITS))
                bitstream_put(w, 0xff, 8);
        else
                bitstream_put(w, (1u << (class + 1)) - 2, class + 1);
        if (class)
                bitstream_put(w, v, CLASS_BITS[class - 1]);
}

static void put_int(BitWriter *w, int64_t v)
{
        unsigned class = v ? 1 : 0;
        while (class && class < ARRAY_LEN(CLASS_BITS) && !fits(v, CLASS_BITS[class - 1]))
                class ++;
        put_class(w, class, (uint64_t)v);
}

static void put_uint(BitWriter *w, uint64_t v)
{
        unsigned class = v ? 1 : 0;
        while (class && class < ARRAY_LEN(CLASS_BITS) && v >> CLASS_BITS[class - 1])
                class ++;
        put_class(w, class, v);
}

static uint64_t get_uvarint(BitReader *r)
{
        uint64_t v = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
                uint64_t byte = bitstream_get(r, 8);
                v |= (byte & 0x7f) << shift;
                if (byte < 0x80)
                        return v;
        }
        r->past_end = true;
        return 0;
}

static void put_uvarint(BitWriter *w, uint64_t v)
{
        for (; v >= 0x80; v >>= 7)
                bitstream_put(w, (v & 0x7f) | 0x80, 8);
        bitstream_put(w, v, 8);
}

/* ---- a float against the one before it */

typedef struct XorState {
        uint64_t bits;
        unsigned leading, trailing; /* the window of bits that differed last; leading NO_WINDOW: none yet */
} XorState;

static void get_xor(BitReader *r, XorState *s)
{
        if (!bitstream_get_bit(r))
                return;
        if (bitstream_get_bit(r)) {
                s->leading = (unsigned)bitstream_get_short(r, 5);
                unsigned n = (unsigned)bitstream_get_short(r, 6);
                if (n == 0)
                        n = 64;
                if (s->leading + n > 64) {
                        r->past_end = true;
                        return;
                }
                s->trailing = 64 - s->leading - n;
        } else if (s->leading == NO_WINDOW) {
                r->past_end = true;
                return;
        }
        s->bits ^= bitstream_get(r, 64 - s->leading - s->trailing) << s->trailing;
}

static void put_xor(BitWriter *w, XorState *s, double value)
{
        uint64_t bits = bits_of_double(value), delta = bits ^ s->bits;
        s->bits = bits;
        bitstream_put_bit(w, delta != 0);
        if (delta == 0)
                return;
        unsigned leading = MIN_OF(bits_clz64(delta), 31), trailing = bits_ctz64(delta);
        bool reuse = s->leading != NO_WINDOW && leading >= s->leading && trailing >= s->trailing;
        bitstream_put_bit(w, !reuse);
        if (!reuse) {
                s->leading = leading;
                s->trailing = trailing;
                bitstream_put(w, leading, 5);
                bitstream_put(w, 64 - leading - trailing, 6); /* 64 is written as 0: the lowest 6 bits of it */
        }
        bitstream_put(w, delta >> s->trailing, 64 - s->leading - s->trailing);
}

static bool broken(Err *err, unsigned i, unsigned n)
{
        return err_set(err, ERR_CORRUPT, "the chunk ends, or contradicts itself, at sample %u of %u", i + 1, n);
}

unsigned promchunk_samples(Str data) { return data.n < HEADER_BYTES ? 0 : bits_be16(data.p); }

/* ---- floats */

static int64_t get_time_dod(BitReader *r)
{
        static const uint8_t widths[5] = { 0, 14, 17, 20, 64 };
        unsigned n = widths[bitstream_get_ones(r, 4)];
        return n ? widen(bitstream_get(r, n), n) : 0;
}

static bool decode_xor(Str data, int64_t min_ms, int64_t max_ms, Column *out, Err *err)
{
        unsigned n = promchunk_samples(data);
        BitReader r = bitstream_reader(data.p + HEADER_BYTES, data.n - HEADER_BYTES);
        XorState v = { .leading = NO_WINDOW };
        uint64_t t = 0, delta = 0;
        for (unsigned i = 0; i < n; i++) {
                if (i == 0) {
                        t = (uint64_t)bits_unzigzag(get_uvarint(&r));
                        v.bits = bitstream_get(&r, 64);
                } else {
                        delta = i == 1 ? get_uvarint(&r) : delta + (uint64_t)get_time_dod(&r);
                        t += delta;
                        get_xor(&r, &v);
                }
                if (r.past_end)
                        return broken(err, i, n);
                if ((int64_t)t > max_ms)
                        break;
                if ((int64_t)t >= min_ms)
                        column_push(out, (int64_t)t, bits_to_double(v.bits));
        }
        return true;
}

static void put_time_dod(BitWriter *w, int64_t dod)
{
        if (dod == 0)
                bitstream_put(w, 0, 1);
        else if (fits(dod, 14))
                bitstream_put(w, 2ULL << 14 | ((uint64_t)dod & 0x3fff), 16);
        else if (fits(dod, 17))
                bitstream_put(w, 6ULL << 17 | ((uint64_t)dod & 0x1ffff), 20);
        else if (fits(dod, 20))
                bitstream_put(w, 14ULL << 20 | ((uint64_t)dod & 0xfffff), 24);
        else {
                bitstream_put(w, 15, 4);
                bitstream_put(w, (uint64_t)dod, 64);
        }
}

static void encode_xor(BitWriter *w, const Column *c, size_t from, size_t n)
{
        XorState v = { .leading = NO_WINDOW };
        uint64_t t = 0, delta = 0;
        for (size_t i = 0; i < n; i++) {
                uint64_t now = (uint64_t)c->t[from + i], step = now - t;
                if (i == 0) {
                        put_uvarint(w, bits_zigzag((int64_t)now));
                        v.bits = bits_of_double(c->v[from]);
                        bitstream_put(w, v.bits, 64);
                        step = 0;
                } else {
                        if (i == 1)
                                put_uvarint(w, step);
                        else
                                put_time_dod(w, (int64_t)(step - delta));
                        put_xor(w, &v, c->v[from + i]);
                }
                t = now;
                delta = step;
        }
}

/* ---- histogram layouts */

static double get_zero_threshold(BitReader *r)
{
        unsigned b = (unsigned)bitstream_get_short(r, 8);
        if (b == 0)
                return 0;
        if (b == ZERO_THRESHOLD_IS_FLOAT)
                return bits_to_double(bitstream_get(r, 64));
        return ldexp(0.5, (int)b - ZERO_THRESHOLD_BIAS);
}

static void put_zero_threshold(BitWriter *w, double v)
{
        int exp = 0;
        if (v != 0 && (frexp(v, &exp) != 0.5 || exp < 1 - ZERO_THRESHOLD_BIAS || exp > 11)) {
                bitstream_put(w, ZERO_THRESHOLD_IS_FLOAT, 8);
                bitstream_put(w, bits_of_double(v), 64);
                return;
        }
        bitstream_put(w, v != 0 ? (unsigned)(exp + ZERO_THRESHOLD_BIAS) : 0, 8);
}

static void put_custom(BitWriter *w, double v)
{
        double y = v * 1000;
        double whole = round(y);
        if (!(y >= 0 && y <= CUSTOM_MAX_THOUSANDTHS) || whole / 1000 != v) {
                bitstream_put_bit(w, false);
                bitstream_put(w, bits_of_double(v), 64);
                return;
        }
        put_uint(w, (uint64_t)whole + 1);
}

static double get_custom(BitReader *r)
{
        uint64_t y = get_uint(r);
        return y ? (double)(y - 1) / 1000 : bits_to_double(bitstream_get(r, 64));
}

static bool get_spans(BitReader *r, Arena *arena, size_t max_buckets, HistogramSide *ret)
{
        uint64_t n = get_uint(r);
        if (n > max_buckets)
                return false;
        HistogramSpan *spans = arena_array(arena, HistogramSpan, n);
        uint64_t buckets = 0;
        for (uint64_t i = 0; i < n && !r->past_end; i++) {
                uint64_t length = get_uint(r);
                int64_t offset = get_int(r);
                buckets += length;
                if (length > max_buckets || buckets > max_buckets || offset != (int32_t)offset)
                        return false;
                spans[i] = (HistogramSpan){ .offset = (int32_t)offset, .n = (uint32_t)length };
        }
        *ret = (HistogramSide){ .spans = spans, .n_spans = (uint32_t)n, .n_counts = (uint32_t)buckets };
        return !r->past_end;
}

/* What every histogram of the chunk shares, into *ret. */
static bool get_layout(BitReader *r, size_t max_buckets, Arena *arena, Histogram *ret)
{
        ret->zero_threshold = get_zero_threshold(r);
        int64_t schema = get_int(r);
        if (schema != HISTOGRAM_CUSTOM_SCHEMA && (schema < HISTOGRAM_MIN_SCHEMA || schema > HISTOGRAM_MAX_SCHEMA))
                return false;
        ret->schema = (int8_t)schema;
        if (!get_spans(r, arena, max_buckets, &ret->positive) || !get_spans(r, arena, max_buckets, &ret->negative))
                return false;
        if (schema != HISTOGRAM_CUSTOM_SCHEMA)
                return true;
        uint64_t n = get_uint(r);
        if (n > max_buckets)
                return false;
        double *custom = arena_array(arena, double, n + 1);
        for (uint64_t i = 0; i < n && !r->past_end; i++)
                custom[i] = get_custom(r);
        ret->custom = custom;
        ret->n_custom = (uint32_t)n;
        return !r->past_end;
}

static void put_spans(BitWriter *w, const HistogramSide *side)
{
        put_uint(w, side->n_spans);
        for (size_t i = 0; i < side->n_spans; i++) {
                put_uint(w, side->spans[i].n);
                put_int(w, side->spans[i].offset);
        }
}

static void put_layout(BitWriter *w, const Histogram *h)
{
        put_zero_threshold(w, h->zero_threshold);
        put_int(w, h->schema);
        put_spans(w, &h->positive);
        put_spans(w, &h->negative);
        if (h->schema != HISTOGRAM_CUSTOM_SCHEMA)
                return;
        put_uint(w, h->n_custom);
        for (size_t i = 0; i < h->n_custom; i++)
                put_custom(w, h->custom[i]);
}

static bool same_spans(const HistogramSide *a, const HistogramSide *b)
{
        if (a->n_spans != b->n_spans || a->n_counts != b->n_counts)
                return false;
        for (size_t i = 0; i < a->n_spans; i++)
                if (a->spans[i].offset != b->spans[i].offset || a->spans[i].n != b->spans[i].n)
                        return false;
        return true;
}

static bool same_layout(const Histogram *a, const Histogram *b)
{
        return a->integer == b->integer && a->schema == b->schema &&
               bits_of_double(a->zero_threshold) == bits_of_double(b->zero_threshold) &&
               same_spans(&a->positive, &b->positive) && same_spans(&a->negative, &b->negative) &&
               a->n_custom == b->n_custom &&
               (a->n_custom == 0 || memcmp(a->custom, b->custom, a->n_custom * sizeof *a->custom) == 0);
}

/* ---- histogram samples */

/* One number of an integer histogram: what it is, and how it last changed. */
typedef struct IntState {
        uint64_t value, delta;
} IntState;

static void get_dod(BitReader *r, IntState *s)
{
        s->delta += (uint64_t)get_int(r);
        s->value += s->delta;
}

static void put_dod(BitWriter *w, IntState *s, uint64_t value)
{
        uint64_t delta = value - s->value;
        put_int(w, (int64_t)(delta - s->delta));
        *s = (IntState){ value, delta };
}

typedef struct HistState {
        IntState t, count, zero;
        XorState sum, fcount, fzero;
        IntState *ints;   /* of all buckets, positive ones first; each the difference to the bucket before it */
        XorState *floats; /* the same, absolute */
        size_t n;
} HistState;

static void hist_init(HistState *s, Arena *scratch, const Histogram *layout)
{
        *s = (HistState){ .n = layout->positive.n_counts + layout->negative.n_counts };
        s->sum.leading = s->fcount.leading = s->fzero.leading = NO_WINDOW;
        if (layout->integer) {
                s->ints = arena_array(scratch, IntState, s->n + 1);
                return;
        }
        s->floats = arena_array(scratch, XorState, s->n + 1);
        for (size_t i = 0; i < s->n; i++)
                s->floats[i].leading = NO_WINDOW;
}

static void get_float(BitReader *r, XorState *s, bool first)
{
        if (first)
                s->bits = bitstream_get(r, 64);
        else
                get_xor(r, s);
}

static void put_float(BitWriter *w, XorState *s, double v, bool first)
{
        if (first)
                bitstream_put(w, s->bits = bits_of_double(v), 64);
        else
                put_xor(w, s, v);
}

/* Reads one sample; *ret_stale: it ends the series, and has a sum only. */
static void get_sample(BitReader *r, HistState *s, bool integer, bool first, bool *ret_stale)
{
        if (first)
                s->t.value = (uint64_t)get_int(r);
        else
                get_dod(r, &s->t);
        if (integer && first) {
                s->count.value = get_uint(r);
                s->zero.value = get_uint(r);
        } else if (integer) {
                get_dod(r, &s->count);
                get_dod(r, &s->zero);
        } else {
                get_float(r, &s->fcount, first);
                get_float(r, &s->fzero, first);
        }
        get_float(r, &s->sum, first);
        *ret_stale = s->sum.bits == SAMPLE_STALE_BITS;
        if (*ret_stale && !first)
                return;
        for (size_t i = 0; i < s->n; i++) {
                if (!integer)
                        get_float(r, &s->floats[i], first);
                else if (first)
                        s->ints[i].value = (uint64_t)get_int(r);
                else
                        get_dod(r, &s->ints[i]);
        }
}

static const double *copy_counts(const HistState *s, size_t from, size_t n, bool integer, Arena *arena)
{
        double *counts = arena_raw_array(arena, double, n + 1);
        uint64_t sum = 0;
        for (size_t i = 0; i < n; i++) {
                if (integer)
                        sum += s->ints[from + i].value;
                counts[i] = integer ? (double)(int64_t)sum : bits_to_double(s->floats[from + i].bits);
        }
        return counts;
}

static void push_histogram(const HistState *s, const Histogram *layout, unsigned hint, bool stale, Column *out)
{
        static const uint8_t hints[4] = { [HINT_UNKNOWN] = HISTOGRAM_HINT_UNKNOWN,
                                          [HINT_NOT_RESET] = HISTOGRAM_HINT_NOT_RESET,
                                          [HINT_RESET] = HISTOGRAM_HINT_RESET,
                                          [HINT_GAUGE] = HISTOGRAM_HINT_GAUGE };
        Arena *arena = column_arena(out);
        Histogram *h = arena_new_of(arena, Histogram);
        if (stale) {
                *h = (Histogram){ .integer = layout->integer };
        } else {
                *h = *layout;
                h->hint = hints[hint];
                h->count = layout->integer ? (double)s->count.value : bits_to_double(s->fcount.bits);
                h->zero_count = layout->integer ? (double)s->zero.value : bits_to_double(s->fzero.bits);
                h->positive.counts = copy_counts(s, 0, layout->positive.n_counts, layout->integer, arena);
                h->negative.counts = copy_counts(s, layout->positive.n_counts, layout->negative.n_counts,
                                                 layout->integer, arena);
        }
        h->sum = bits_to_double(s->sum.bits);
        column_push_histogram(out, (int64_t)s->t.value, h);
}

static bool decode_histograms(Str data, bool integer, int64_t min_ms, int64_t max_ms, Column *out, Err *err)
{
        AUTO(arena_free) Arena *scratch = NULL;
        unsigned n = promchunk_samples(data);
        if (n == 0)
                return true;
        if (data.n < HEADER_BYTES + 1)
                return broken(err, 0, n);
        unsigned hint = (unsigned char)data.p[HEADER_BYTES] >> 6;
        BitReader r = bitstream_reader(data.p + HEADER_BYTES + 1, data.n - HEADER_BYTES - 1);
        Histogram layout = { .integer = integer };
        if (!get_layout(&r, data.n * 8, column_arena(out), &layout))
                return err_set(err, ERR_CORRUPT, "the layout of a histogram chunk is broken");
        scratch = arena_new();
        HistState s;
        hist_init(&s, scratch, &layout);
        for (unsigned i = 0; i < n; i++) {
                bool stale;
                get_sample(&r, &s, integer, i == 0, &stale);
                if (r.past_end)
                        return broken(err, i, n);
                int64_t t = (int64_t)s.t.value;
                if (t > max_ms)
                        break;
                if (t >= min_ms)
                        push_histogram(&s, &layout, i && hint != HINT_GAUGE ? HINT_NOT_RESET : hint, stale, out);
        }
        return true;
}

static void put_buckets(BitWriter *w, HistState *s, size_t from, const HistogramSide *side, bool integer, bool first)
{
        int64_t before = 0;
        for (size_t i = 0; i < side->n_counts; i++) {
                if (!integer) {
                        put_float(w, &s->floats[from + i], side->counts[i], first);
                        continue;
                }
                int64_t count = (int64_t)side->counts[i];
                uint64_t value = (uint64_t)(count - before);
                before = count;
                if (first)
                        put_int(w, (int64_t)(s->ints[from + i].value = value));
                else
                        put_dod(w, &s->ints[from + i], value);
        }
}

static void put_sample(BitWriter *w, HistState *s, int64_t t, const Histogram *h, bool integer, bool first)
{
        bool stale = histogram_is_stale(h);
        if (first)
                put_int(w, (int64_t)(s->t.value = (uint64_t)t));
        else
                put_dod(w, &s->t, (uint64_t)t);
        if (integer && first) {
                put_uint(w, s->count.value = (uint64_t)h->count);
                put_uint(w, s->zero.value = (uint64_t)h->zero_count);
        } else if (integer && stale) { /* upstream says that nothing changed its pace */
                put_int(w, 0);
                put_int(w, 0);
        } else if (integer) {
                put_dod(w, &s->count, (uint64_t)h->count);
                put_dod(w, &s->zero, (uint64_t)h->zero_count);
        } else {
                put_float(w, &s->fcount, h->count, first);
                put_float(w, &s->fzero, h->zero_count, first);
        }
        put_float(w, &s->sum, h->sum, first);
        if (stale)
                return;
        put_buckets(w, s, 0, &h->positive, integer, first);
        put_buckets(w, s, h->positive.n_counts, &h->negative, integer, first);
}

/* How many histograms from `from` on one chunk can hold: one layout, and one way in which their counts go on. */
static size_t run_of_histograms(const Column *c, size_t from, size_t max)
{
        const Histogram *first = c->h[from];
        if (histogram_is_stale(first))
                return 1;
        size_t n = 1;
        while (n < max && from + n < c->n && c->h[from + n]) {
                const Histogram *h = c->h[from + n];
                if (histogram_is_stale(h)) /* a marker is the last of its chunk */
                        return h->integer == first->integer ? n + 1 : n;
                bool goes_on = first->hint == HISTOGRAM_HINT_GAUGE ? h->hint == HISTOGRAM_HINT_GAUGE
                                                                   : h->hint == HISTOGRAM_HINT_NOT_RESET;
                if (!goes_on || !same_layout(first, h))
                        break;
                n++;
        }
        return n;
}

static void encode_histograms(BitWriter *w, const Column *c, size_t from, size_t n)
{
        static const uint8_t hints[4] = { [HISTOGRAM_HINT_UNKNOWN] = HINT_UNKNOWN,
                                          [HISTOGRAM_HINT_NOT_RESET] = HINT_NOT_RESET,
                                          [HISTOGRAM_HINT_RESET] = HINT_RESET,
                                          [HISTOGRAM_HINT_GAUGE] = HINT_GAUGE };
        AUTO(arena_free) Arena *scratch = arena_new();
        Histogram first = *c->h[from];
        if (histogram_is_stale(&first))
                first = (Histogram){ .integer = first.integer, .sum = first.sum };
        HistState s;
        hist_init(&s, scratch, &first);
        bitstream_put(w, (uint64_t)hints[first.hint & 3] << 6, 8);
        put_layout(w, &first);
        for (size_t i = 0; i < n; i++)
                put_sample(w, &s, c->t[from + i], i ? c->h[from + i] : &first, first.integer, i == 0);
}

/* ---- both */

bool promchunk_decode(unsigned encoding, Str data, int64_t min_ms, int64_t max_ms, Column *out, Err *err)
{
        if (data.n < HEADER_BYTES)
                return err_set(err, ERR_CORRUPT, "a chunk of %zu bytes is too short", data.n);
        switch (encoding) {
        case PROMCHUNK_XOR: return decode_xor(data, min_ms, max_ms, out, err);
        case PROMCHUNK_HISTOGRAM: return decode_histograms(data, true, min_ms, max_ms, out, err);
        case PROMCHUNK_FLOAT_HISTOGRAM: return decode_histograms(data, false, min_ms, max_ms, out, err);
        default:
                return err_set(err, ERR_UNSUPPORTED,
                               "a chunk has encoding %u, which this version does not read (known: 1 XOR, 2 histogram, "
                               "3 float histogram)",
                               encoding);
        }
}

size_t promchunk_encode(const Column *c, size_t from, size_t max, Buf *out, unsigned *ret_encoding)
{
        CHECK(from < c->n && max >= 1 && max <= UINT16_MAX);
        bool histogram = c->h && c->h[from];
        size_t n = 0, bytes = 32;
        if (histogram) {
                n = run_of_histograms(c, from, max);
                const Histogram *h = c->h[from];
                bytes += 16 * ((size_t)h->positive.n_spans + h->negative.n_spans) + 10 * (size_t)h->n_custom;
                bytes += n * (40 + 10 * ((size_t)h->positive.n_counts + h->negative.n_counts));
        } else {
                while (n < max && from + n < c->n && !(c->h && c->h[from + n]))
                        n++;
                bytes += 20 * n;
        }
        char *p = buf_reserve(out, bytes + 8);
        bits_put_be16(p, (uint16_t)n);
        BitWriter w = bitstream_writer(p + HEADER_BYTES, bytes + 8 - HEADER_BYTES);
        if (histogram)
                encode_histograms(&w, c, from, n);
        else
                encode_xor(&w, c, from, n);
        bitstream_flush(&w);
        out->n += HEADER_BYTES + bitstream_written_bytes(&w);
        *ret_encoding = !histogram            ? PROMCHUNK_XOR
                        : c->h[from]->integer ? PROMCHUNK_HISTOGRAM
                                              : PROMCHUNK_FLOAT_HISTOGRAM;
        return n;
}
