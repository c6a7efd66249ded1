/* Invariants
 * 1. What was appended is decoded bit for bit: NaN payloads, -0, infinities, denormals, any int64 times that rise.
 * 2. Bits behind `bits` in the owned memory are zero, and at least 8 bytes are there: the writer ORs whole words.
 * 3. Places where a decoder may begin lie at the end of the owned memory, the first at the very end; their number follows from the stream's length.
 * 4. A decoder reads at most XORCHUNK_PAD_BYTES behind the stream, whatever the bytes are.
 *
 * Times: 0 = same delta; 10 + 7 bits; 110 + 12 bits; 1110 + 20 bits; 1111 + 64 bits of delta-of-delta in milliseconds (jitter of a few
 * ms costs 9 bits). Values: 0 = same; 10 = XOR inside the last window; 11 + 5 bits leading zeros + 6 bits width - 1. Why this and not a
 * cleverer code: the open chunk must take one sample at a time in a few ns; long-lived parts recode whole vectors. */
#include "tsdb/xorchunk.h"

#include "base/check.h"
#include "base/mem.h"
#include "tsdb/histchunk.h"

enum {
        WORST_SAMPLE_BITS = 4 + 64 + 2 + 5 + 6 + 64,
        FIRST_BYTES = 48,
        DOUBLED_BYTES = 512, /* up to here memory doubles, then it grows by half */
        MAX_LEAD = 31,
        CACHE_LINE = 64,
};
_Static_assert((WORST_SAMPLE_BITS + 7) / 8 + 8 <= XORCHUNK_PAD_BYTES,
               "a sample read past the end stays inside the pad");

void xorchunk_init(XorChunk *c)
{
        c->p = NULL;
        c->code = XORCHUNK_CODE_FLOATS;
        xorchunk_reset(c);
        __atomic_store_n(&c->last_bits, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&c->last_ms, INT64_MIN, __ATOMIC_RELAXED);
}

void xorchunk_done(XorChunk *c)
{
        if (c->code == XORCHUNK_CODE_HISTOGRAMS)
                histchunk_state_free(c->state);
        c->code = XORCHUNK_CODE_FLOATS;
        mem_free(c->p);
        c->p = NULL;
}

void xorchunk_reset(XorChunk *c)
{
        xorchunk_done(c);
        c->delta_ms = 0;
        c->bits = c->cap_bytes = 0;
        c->n = 0;
        c->lead = c->width = c->seeks = 0;
}

/* ---- writing */

static unsigned char *seek_at(const XorChunk *c, unsigned i) { return c->p + c->cap_bytes - (i + 1) * sizeof(XorSeek); }

/* For one more sample, and for `seeks` places. */
static void make_room(XorChunk *c, unsigned seeks)
{
        size_t need = (c->bits + WORST_SAMPLE_BITS) / 8 + 9 + seeks * sizeof(XorSeek);
        if (LIKELY(need <= c->cap_bytes))
                return;
        size_t old = c->cap_bytes, tail = c->seeks * sizeof(XorSeek);
        size_t cap = old == 0 ? FIRST_BYTES : old < DOUBLED_BYTES ? old * 2 : old + old / 2;
        cap = (MAX_OF(cap, need) + 15) & ~(size_t)15;
        c->p = mem_realloc(c->p, cap);
        memmove(c->p + cap - tail, c->p + old - tail, tail);
        memset(c->p + old - tail, 0, cap - old);
        c->cap_bytes = (uint32_t)cap;
}

/* Remembers the place after the newest sample. */
static void add_seek(XorChunk *c)
{
        make_room(c, c->seeks + 1u);
        XorSeek seek = { c->last_ms, c->delta_ms, c->last_bits, c->bits, c->n, c->lead, c->width };
        memcpy(seek_at(c, c->seeks++), &seek, sizeof seek);
}

/* n in 1..57 bits, the upper bits of v are zero. */
static inline void put_bits(XorChunk *c, uint64_t v, unsigned n)
{
        uint8_t *at = c->p + c->bits / 8;
        bits_put_be64(at, bits_be64(at) | v << (64 - c->bits % 8 - n));
        c->bits += n;
}

static void put_bits64(XorChunk *c, uint64_t v)
{
        put_bits(c, v >> 32, 32);
        put_bits(c, v & UINT32_MAX, 32);
}

static inline bool fits(int64_t v, unsigned bits)
{
        int64_t half = (int64_t)1 << (bits - 1);
        return v >= -half && v < half;
}

static inline uint64_t low_bits(int64_t v, unsigned n) { return (uint64_t)v & (((uint64_t)1 << n) - 1); }

static inline void put_time(XorChunk *c, int64_t dod)
{
        if (dod == 0) {
                put_bits(c, 0, 1);
        } else if (fits(dod, 7)) {
                put_bits(c, (uint64_t)2 << 7 | low_bits(dod, 7), 9);
        } else if (fits(dod, 12)) {
                put_bits(c, (uint64_t)6 << 12 | low_bits(dod, 12), 15);
        } else if (fits(dod, 20)) {
                put_bits(c, (uint64_t)14 << 20 | low_bits(dod, 20), 24);
        } else {
                put_bits(c, 15, 4);
                put_bits64(c, (uint64_t)dod);
        }
}

static inline void put_value(XorChunk *c, uint64_t xor)
{
        if (xor== 0) {
                put_bits(c, 0, 1);
                return;
        }
        unsigned lead = MIN_OF(bits_clz64(xor), (unsigned)MAX_LEAD), trail = bits_ctz64(xor);
        unsigned width = 64 - lead - trail;
        unsigned old_trail = 64u - c->lead - c->width;
        bool reuse = c->width && lead >= c->lead && trail >= old_trail;
        /* A window much wider than needed costs more than naming a new one. */
        if (reuse && c->width <= width + 11) {
                put_bits(c, 2, 2);
                width = c->width;
                trail = old_trail;
        } else {
                put_bits(c, (uint64_t)3 << 11 | (uint64_t)lead << 6 | (width - 1), 13);
                c->lead = (uint8_t)lead;
                c->width = (uint8_t)width;
        }
        uint64_t v = xor >> trail;
        if (width > 32) {
                put_bits(c, v >> 32, width - 32);
                put_bits(c, v & UINT32_MAX, 32);
        } else {
                put_bits(c, v, width);
        }
}

void xorchunk_append(XorChunk *c, int64_t t_ms, double v)
{
        uint64_t bits = bits_of_double(v);
        if (UNLIKELY(c->bits >= (c->seeks + 1u) * XORCHUNK_SEEK_BYTES * 8))
                add_seek(c);
        make_room(c, c->seeks);
        if (c->n == 0) {
                c->first_ms = t_ms;
                put_bits64(c, bits);
        } else {
                int64_t delta = (int64_t)((uint64_t)t_ms - (uint64_t)c->last_ms);
                put_time(c, (int64_t)((uint64_t)delta - (uint64_t)c->delta_ms));
                c->delta_ms = delta;
                put_value(c, bits ^ c->last_bits);
        }
        c->n++;
        __atomic_store_n(&c->last_bits, bits, __ATOMIC_RELAXED);
        __atomic_store_n(&c->last_ms, t_ms, __ATOMIC_RELAXED);
}

/* ---- reading */

typedef struct BitReader {
        const uint8_t *p;
        size_t pos; /* in bits */
} BitReader;

/* The next bits at the top of a word; at least 57 of them are real. */
static inline uint64_t peek(const BitReader *r) { return bits_be64(r->p + r->pos / 8) << (r->pos % 8); }

static inline uint64_t take(BitReader *r, unsigned n) /* 1..57 */
{
        uint64_t v = peek(r) >> (64 - n);
        r->pos += n;
        return v;
}

static inline uint64_t take64(BitReader *r)
{
        uint64_t high = take(r, 32);
        return high << 32 | take(r, 32);
}

static inline int64_t sign_extend(uint64_t v, unsigned n) { return (int64_t)(v << (64 - n)) >> (64 - n); }

static inline int64_t take_time(BitReader *r)
{
        uint64_t head = peek(r);
        if (!(head >> 63)) {
                r->pos += 1;
                return 0;
        }
        if (head >> 62 == 2) {
                r->pos += 9;
                return sign_extend(head << 2 >> 57, 7);
        }
        if (head >> 61 == 6) {
                r->pos += 15;
                return sign_extend(head << 3 >> 52, 12);
        }
        if (head >> 60 == 14) {
                r->pos += 24;
                return sign_extend(head << 4 >> 44, 20);
        }
        r->pos += 4;
        return (int64_t)take64(r);
}

/* The window of the last XOR that was not zero. */
typedef struct Window {
        unsigned width, trail;
} Window;

/* A sample whose first bits, 57 of them at least, are in head: the usual case takes one look. */
static inline uint64_t take_sample(BitReader *r, Window *w, uint64_t *delta)
{
        uint64_t head = peek(r);
        unsigned used = 1;
        if (UNLIKELY(head >> 63)) {
                *delta += (uint64_t)take_time(r);
                head = peek(r);
                used = 0;
        }
        uint64_t value = head << used;
        if (!(value >> 63)) {
                r->pos += used + 1;
                return 0;
        }
        if (value >> 62 == 2) {
                used += 2;
        } else {
                unsigned lead = (unsigned)(value << 2 >> 59);
                w->width = (unsigned)(value << 7 >> 58) + 1;
                /* Only damaged bytes say lead + width > 64: keep the shift defined. */
                w->trail = lead + w->width <= 64 ? 64 - lead - w->width : 0;
                used += 13;
        }
        if (LIKELY(used + w->width <= 57)) {
                r->pos += used + w->width;
                return head << used >> (64 - w->width) << w->trail;
        }
        r->pos += used;
        if (w->width <= 57)
                return take(r, w->width) << w->trail;
        uint64_t high = take(r, w->width - 32);
        return (high << 32 | take(r, 32)) << w->trail;
}

/* A decoder's place: the sample before r. */
typedef struct Place {
        BitReader r;
        size_t end; /* of the stream, in bits */
        size_t i;   /* samples up to here, this one counted */
        int64_t t;
        uint64_t value, delta;
        Window w;
} Place;

/* Decodes up to sample n, or those up to max_ms. Returns the number of the sample whose successor is damaged; 0: none is. */
static size_t decode_run(Place p, size_t n, int64_t min_ms, int64_t max_ms, Column *out, size_t *ret_kept)
{
        int64_t *ts = out->t + out->n, t = p.t;
        double *vs = out->v + out->n;
        BitReader r = p.r;
        Window w = p.w;
        uint64_t value = p.value, delta = p.delta;
        size_t kept = 0, i = p.i;
        for (; t <= max_ms; i++) {
                ts[kept] = t;
                vs[kept] = bits_to_double(value);
                kept += t >= min_ms;
                if (i == n)
                        break;
                value ^= take_sample(&r, &w, &delta);
                int64_t next = (int64_t)((uint64_t)t + delta);
                if (UNLIKELY(r.pos > p.end || next <= t))
                        return i;
                t = next;
        }
        *ret_kept = kept;
        return 0;
}

static bool decode(const Place *p, size_t n, int64_t min_ms, int64_t max_ms, Column *out, Err *err)
{
        column_reserve(out, n - p->i + 1);
        size_t kept = 0, bad = decode_run(*p, n, min_ms, max_ms, out, &kept);
        if (bad)
                return err_set(err, ERR_CORRUPT, "sample %zu of %zu is damaged", bad + 1, n);
        if (UNLIKELY(out->h))
                memset((void *)(out->h + out->n), 0, kept * sizeof *out->h);
        if (UNLIKELY(out->st))
                memset(out->st + out->n, 0, kept * sizeof *out->st);
        out->n += kept;
        return true;
}

bool xorchunk_decode(Str stream, size_t n, int64_t first_ms, int64_t min_ms, int64_t max_ms, Column *out, Err *err)
{
        if (n == 0 || stream.n < 8)
                return err_set(err, ERR_CORRUPT, "a chunk of %zu bytes cannot hold %zu samples", stream.n, n);
        Place p = { .r = { (const uint8_t *)stream.p, 0 }, .end = stream.n * 8, .i = 1, .t = first_ms, .w = { 1, 0 } };
        p.value = take64(&p.r);
        return decode(&p, n, min_ms, max_ms, out, err);
}

/* ---- beginning in the middle */

XorSeek xorchunk_seek(const XorChunk *c, int64_t min_ms)
{
        XorSeek seek;
        /* Most want the newest samples: those come from memory while the places do. */
        for (size_t back = 0; c->seeks && back <= XORCHUNK_SEEK_BYTES; back += CACHE_LINE)
                __builtin_prefetch(c->p + c->bits / 8 - back);
        for (unsigned i = c->seeks; i-- > 0;) {
                memcpy(&seek, seek_at(c, i), sizeof seek);
                if (seek.t_ms <= min_ms)
                        return seek;
        }
        return (XorSeek){ 0 };
}

bool xorchunk_decode_from(Str stream, size_t n, const XorSeek *from, int64_t min_ms, int64_t max_ms, Column *out,
                          Err *err)
{
        CHECK(from->n > 0 && from->n <= n);
        Place p = { .r = { (const uint8_t *)stream.p, from->bits % 8 },
                    .end = stream.n * 8,
                    .i = from->n,
                    .t = from->t_ms,
                    .value = from->value,
                    .delta = (uint64_t)from->delta_ms,
                    .w = { 1, 0 } };
        if (from->width)
                p.w = (Window){ from->width, 64u - from->lead - from->width };
        return decode(&p, n, min_ms, max_ms, out, err);
}
