/* base/bits.h - unaligned little/big-endian access and bit counting; correct on every host byte order. */
#pragma once
#include <stdint.h>
#include <string.h>

#define BITS_DEFINE(width, le_swap, be_swap)                              \
        static inline uint##width##_t bits_le##width(const void *p)       \
        {                                                                 \
                uint##width##_t v;                                        \
                memcpy(&v, p, sizeof v);                                  \
                return le_swap(v);                                        \
        }                                                                 \
        static inline uint##width##_t bits_be##width(const void *p)       \
        {                                                                 \
                uint##width##_t v;                                        \
                memcpy(&v, p, sizeof v);                                  \
                return be_swap(v);                                        \
        }                                                                 \
        static inline void bits_put_le##width(void *p, uint##width##_t v) \
        {                                                                 \
                v = le_swap(v);                                           \
                memcpy(p, &v, sizeof v);                                  \
        }                                                                 \
        static inline void bits_put_be##width(void *p, uint##width##_t v) \
        {                                                                 \
                v = be_swap(v);                                           \
                memcpy(p, &v, sizeof v);                                  \
        }

#define BITS_SAME_(v) (v)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
BITS_DEFINE(16, BITS_SAME_, __builtin_bswap16)
BITS_DEFINE(32, BITS_SAME_, __builtin_bswap32)
BITS_DEFINE(64, BITS_SAME_, __builtin_bswap64)
#else
BITS_DEFINE(16, __builtin_bswap16, BITS_SAME_)
BITS_DEFINE(32, __builtin_bswap32, BITS_SAME_)
BITS_DEFINE(64, __builtin_bswap64, BITS_SAME_)
#endif
#undef BITS_DEFINE

static inline uint64_t bits_of_double(double v)
{
        uint64_t u;
        memcpy(&u, &v, sizeof u);
        return u;
}

static inline double bits_to_double(uint64_t u)
{
        double v;
        memcpy(&v, &u, sizeof v);
        return v;
}

/* Number of leading / trailing zero bits; 64 for 0. */
static inline unsigned bits_clz64(uint64_t v) { return v ? (unsigned)__builtin_clzll(v) : 64; }
static inline unsigned bits_ctz64(uint64_t v) { return v ? (unsigned)__builtin_ctzll(v) : 64; }
/* Of the number without leading zeros; 0 for 0. */
static inline unsigned bits_length64(uint64_t v) { return 64 - bits_clz64(v); }
/* The distance from 0 of a number in two's complement; any. */
static inline uint64_t bits_magnitude64(uint64_t v) { return (int64_t)v < 0 ? 0 - v : v; }
static inline uint64_t bits_zigzag(int64_t v) { return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63); }
static inline int64_t bits_unzigzag(uint64_t v) { return (int64_t)(v >> 1) ^ -(int64_t)(v & 1); }
