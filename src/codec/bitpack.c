/* Why a plain layout and not an interleaved one: the values that follow are summed up in order, so lanes would only move the shuffles; with
 * the width known at compile time eight values are eight loads, shifts and masks at constant places, about one cycle each. */
#include "codec/bitpack.h"

#include "base/attr.h"
#include "base/bits.h"

enum { GROUP = 8, MAX_ONE_LOAD = 57 }; /* eight values of w bits are w bytes; 57 bits at any bit offset fit one load */

void bitpack_pack(const uint64_t *v, size_t n, unsigned width, unsigned char *out)
{
        if (width == 0)
                return;
        uint64_t acc = 0;
        unsigned used = 0;
        for (size_t i = 0; i < n; i++) {
                acc |= v[i] << used;
                used += width;
                if (used < 64)
                        continue;
                bits_put_le64(out, acc);
                out += 8;
                used -= 64;
                acc = used ? v[i] >> (width - used) : 0;
        }
        if (used)
                bits_put_le64(out, acc);
}

static inline uint64_t mask_of(unsigned width) { return width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1; }

/* Any width, any place. */
static inline uint64_t get(const unsigned char *p, size_t bit, unsigned width)
{
        const unsigned char *at = p + bit / 8;
        unsigned shift = bit % 8;
        uint64_t v = bits_le64(at) >> shift;
        if (shift && shift + width > 64)
                v |= (uint64_t)at[8] << (64 - shift);
        return v & mask_of(width);
}

static void unpack_any(const unsigned char *p, size_t from, size_t n, unsigned width, uint64_t *out)
{
        for (size_t i = from; i < n; i++)
                out[i] = get(p, i * width, width);
}

__attribute__((always_inline)) static inline void unpack_groups(const unsigned char *p, size_t groups, unsigned width,
                                                                uint64_t *out)
{
        uint64_t mask = mask_of(width);
        for (size_t g = 0; g < groups; g++, p += width, out += GROUP) {
                out[0] = bits_le64(p) & mask;
                out[1] = bits_le64(p + width / 8) >> (width % 8) & mask;
                out[2] = bits_le64(p + 2 * width / 8) >> (2 * width % 8) & mask;
                out[3] = bits_le64(p + 3 * width / 8) >> (3 * width % 8) & mask;
                out[4] = bits_le64(p + 4 * width / 8) >> (4 * width % 8) & mask;
                out[5] = bits_le64(p + 5 * width / 8) >> (5 * width % 8) & mask;
                out[6] = bits_le64(p + 6 * width / 8) >> (6 * width % 8) & mask;
                out[7] = bits_le64(p + 7 * width / 8) >> (7 * width % 8) & mask;
        }
}

#define KERNEL(w)                                                                    \
        static void unpack_##w(const unsigned char *p, size_t groups, uint64_t *out) \
        {                                                                            \
                unpack_groups(p, groups, (w), out);                                  \
        }
#define EIGHT(x, a, b, c, d, e, f, g, h) x(a) x(b) x(c) x(d) x(e) x(f) x(g) x(h)
#define WIDTHS(x)                                \
        EIGHT(x, 1, 2, 3, 4, 5, 6, 7, 8)         \
        EIGHT(x, 9, 10, 11, 12, 13, 14, 15, 16)  \
        EIGHT(x, 17, 18, 19, 20, 21, 22, 23, 24) \
        EIGHT(x, 25, 26, 27, 28, 29, 30, 31, 32) \
        EIGHT(x, 33, 34, 35, 36, 37, 38, 39, 40) \
        EIGHT(x, 41, 42, 43, 44, 45, 46, 47, 48) \
        EIGHT(x, 49, 50, 51, 52, 53, 54, 55, 56) \
        x(57)
WIDTHS(KERNEL)

#define ENTRY(w) [w] = unpack_##w,
static void (*const KERNELS[MAX_ONE_LOAD + 1])(const unsigned char *p, size_t groups,
                                               uint64_t *out) = { WIDTHS(ENTRY) };

void bitpack_unpack(const unsigned char *p, size_t n, unsigned width, uint64_t *out)
{
        if (width == 0) {
                memset(out, 0, n * sizeof *out);
                return;
        }
        size_t groups = width <= MAX_ONE_LOAD ? n / GROUP : 0;
        if (groups)
                KERNELS[width](p, groups, out);
        unpack_any(p, groups * GROUP, n, width, out);
}

void bitpack_unpack_from(const unsigned char *p, size_t from, size_t n, unsigned width, uint64_t *out)
{
        size_t head = MIN_OF(n, (GROUP - from % GROUP) % GROUP); /* a group begins with a byte */
        for (size_t i = 0; i < head; i++)
                out[i] = width ? get(p, (from + i) * width, width) : 0;
        if (head < n)
                bitpack_unpack(p + (from + head) / GROUP * width, n - head, width, out + head);
}
