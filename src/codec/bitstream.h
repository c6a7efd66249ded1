/* codec/bitstream.h - bits into bytes and back, the most significant first, 64 at a time. For chunk codecs: all inline.
 *
 * The writer writes into memory of its caller, who asks for room before a sample; the reader never reads beyond its bytes:
 * behind the end it gives zeros and remembers it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/check.h"

typedef struct BitWriter {
        unsigned char *start, *p, *end; /* whole bytes are stored up to p */
        uint64_t acc;                   /* bits that are not stored yet, at the top */
        unsigned used;                  /* how many, 0..63 */
} BitWriter;

/* Borrows [p, p + n). */
static inline BitWriter bitstream_writer(void *p, size_t n)
{
        unsigned char *b = p;
        return (BitWriter){ .start = b, .p = b, .end = b + n };
}

static inline uint64_t bitstream_written_bits(const BitWriter *w) { return (uint64_t)(w->p - w->start) * 8 + w->used; }
static inline size_t bitstream_written_bytes(const BitWriter *w)
{
        return (size_t)(w->p - w->start) + (w->used + 7) / 8;
}
static inline uint64_t bitstream_room_bits(const BitWriter *w) { return (uint64_t)(w->end - w->p) * 8 - w->used; }

/* Stores the open bits too (padded with zeros), so that a reader sees all of them. Writing goes on as if nothing was. */
static inline void bitstream_flush(const BitWriter *w)
{
        uint64_t acc = w->acc;
        for (unsigned i = 0; i * 8 < w->used; i++, acc <<= 8)
                w->p[i] = (unsigned char)(acc >> 56);
}

/* Goes on behind the first n_bits of memory that was written and flushed before. */
static inline BitWriter bitstream_writer_resume(void *p, size_t n, uint64_t n_bits)
{
        BitWriter w = bitstream_writer(p, n);
        CHECK(n_bits <= (uint64_t)n * 8);
        w.p += n_bits / 8;
        w.used = (unsigned)(n_bits % 8);
        if (w.used)
                w.acc = (uint64_t)(unsigned char)(*w.p & (0xff00u >> w.used)) << 56;
        return w;
}

/* The lowest n bits of v, n in 0..64; higher bits of v are ignored. The room was asked for: see bitstream_room_bits. */
static inline void bitstream_put(BitWriter *w, uint64_t v, unsigned n)
{
        if (n == 0)
                return;
        v <<= 64 - n;
        w->acc |= v >> w->used;
        unsigned total = w->used + n;
        if (total < 64) {
                w->used = total;
                return;
        }
        CHECK(w->end - w->p >= 8);
        bits_put_be64(w->p, w->acc);
        w->p += 8;
        unsigned rest = total - 64;
        w->acc = rest ? v << (n - rest) : 0;
        w->used = rest;
}
static inline void bitstream_put_bit(BitWriter *w, bool bit) { bitstream_put(w, bit, 1); }

typedef struct BitReader {
        const unsigned char *p, *end;
        uint64_t acc;  /* the next bits at the top; what lies below `left` is undefined */
        unsigned left; /* valid bits in acc */
        bool past_end; /* more bits were asked for than there were */
} BitReader;

/* Borrows [p, p + n). */
static inline BitReader bitstream_reader(const void *p, size_t n)
{
        const unsigned char *b = p;
        return (BitReader){ .p = b, .end = n ? b + n : b };
}

/* After it at least 56 bits are ready, or all that there are. The bits below `left` may hold a part of the next byte already:
 * or-ing the same bits again changes nothing. */
static inline void bitstream_refill(BitReader *r)
{
        if (LIKELY(r->end - r->p >= 8)) {
                if (r->left > 56)
                        return;
                r->acc |= bits_be64(r->p) >> r->left;
                unsigned bytes = (63 - r->left) / 8;
                r->p += bytes;
                r->left += bytes * 8;
                return;
        }
        for (; r->left <= 56 && r->p < r->end; r->left += 8)
                r->acc |= (uint64_t)*r->p++ << (56 - r->left);
}

/* n in 0..56. */
static inline uint64_t bitstream_get_short(BitReader *r, unsigned n)
{
        if (n == 0)
                return 0;
        if (r->left < n) {
                bitstream_refill(r);
                if (UNLIKELY(r->left < n)) {
                        *r = (BitReader){ .p = r->end, .end = r->end, .past_end = true };
                        return 0;
                }
        }
        uint64_t v = r->acc >> (64 - n);
        r->acc <<= n;
        r->left -= n;
        return v;
}
/* The next n bits as a number, n in 0..64; 0 when there are fewer (and past_end). */
static inline uint64_t bitstream_get(BitReader *r, unsigned n)
{
        if (LIKELY(n <= 56))
                return bitstream_get_short(r, n);
        uint64_t high = bitstream_get_short(r, n - 32);
        uint64_t low = bitstream_get_short(r, 32);
        return r->past_end ? 0 : high << 32 | low;
}
static inline bool bitstream_get_bit(BitReader *r) { return bitstream_get_short(r, 1); }
/* How many leading one bits before a zero, at most max <= 32; consumes them and the zero (no zero after max ones). */
static inline unsigned bitstream_get_ones(BitReader *r, unsigned max)
{
        unsigned n = 0;
        while (n < max && bitstream_get_bit(r))
                n++;
        return n;
}
