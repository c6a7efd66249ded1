/* Invariants
 * 1. Both ways do the same operations on every value, each rounded once or exact modulo 2^64: their bits are equal for any input.
 * 2. Nothing is read beyond the packed bytes and BITPACK_PAD_BYTES, nothing written beyond n values.
 *
 * Why one kernel for all widths and not one each: eight numbers of w bits are w bytes, so which bytes a number needs and by how much they
 * are to be shifted repeats every eight; four shuffles and shifts that are made once a vector replace 57 copies of the code. Two
 * numbers of at most 57 bits lie inside 16 bytes from the byte where the first begins. */
#include "codec/unfold.h"

#include "base/attr.h"
#include "base/bits.h"
#include "codec/bitpack.h"

enum {
        CHUNK = 256, /* numbers that are added up at a time */
        FEW = 8,     /* numbers that are not worth a loop for each step */
};

#define SHIFT_BITS 0x4338000000000000u /* bits of the double SHIFT_VALUE, whose last mantissa bit is worth 1 */
#define SHIFT_VALUE 6755399441055744.0 /* 1.5 * 2^52 */

/* ---- plainly */

static inline uint64_t doubled(uint64_t v, double divide)
{
        return bits_of_double((bits_to_double(v + SHIFT_BITS) - SHIFT_VALUE) / divide);
}

/* Numbers [from, n) in place; returns the sum. */
static uint64_t finish(const Unfold *u, size_t from, size_t n, uint64_t sum, uint64_t *out)
{
        if (n - from < FEW) { /* the end of one loop of unknown length is guessed wrong, not that of four */
                for (size_t i = from; i < n; i++) {
                        uint64_t v = out[i] * u->factor + u->base;
                        sum = u->sums ? sum + v : sum;
                        v = u->sums ? sum : v;
                        out[i] = u->to == UNFOLD_DOUBLES ? doubled(v, u->divide) : v;
                }
                return sum;
        }
        if (u->factor != 1)
                for (size_t i = from; i < n; i++)
                        out[i] *= u->factor;
        for (size_t i = from; i < n; i++)
                out[i] += u->base;
        if (u->sums)
                for (size_t i = from; i < n; i++)
                        out[i] = sum += out[i];
        if (u->to == UNFOLD_DOUBLES)
                for (size_t i = from; i < n; i++)
                        out[i] = doubled(out[i], u->divide);
        return sum;
}

uint64_t unfold_plainly(const Unfold *u, const unsigned char *p, size_t n, uint64_t *out)
{
        if (p)
                bitpack_unpack(p, n, u->width, out);
        return finish(u, 0, n, u->start, out);
}

uint64_t unfold_total_plainly(const unsigned char *p, size_t n, unsigned width)
{
        uint64_t numbers[CHUNK], sum = 0;
        for (size_t from = 0; from < n; from += CHUNK, p += (size_t)CHUNK / 8 * width) {
                size_t here = MIN_OF(n - from, (size_t)CHUNK);
                bitpack_unpack(p, here, width, numbers);
                for (size_t i = 0; i < here; i++)
                        sum += numbers[i];
        }
        return sum;
}

/* ---- with vectors */

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE __attribute__((target("avx2"), always_inline)) static inline

enum {
        GROUP = 8,
        MAX_ONE_LOAD = 57,
        SHORT = 16, /* fewer numbers are not worth finding the places */
        MAX_NARROW = 25,
        NARROW_GROUPS = 128, /* that many numbers add up to less than 2^32 */
};

/* Where the eight numbers of a group lie: pair q from byte at[q] on. */
typedef struct Places {
        __m256i shuffle[2], shift[2], mask;
        unsigned at[4], width;
} Places;

/* Where four numbers from `first` on lie, counted from the first byte of their pairs. Without memory: what is stored in pieces and loaded as
 * a whole would wait for the stores. */
AVX2_INLINE void find_half(unsigned first, __m256i width, __m256i *shuffle, __m256i *shift)
{
        const __m256i lowest = _mm256_setr_epi64x(0, 0x0808080808080808, 0, 0x0808080808080808);
        const __m256i bytes = _mm256_set1_epi64x(0x0706050403020100);
        __m256i number = _mm256_add_epi64(_mm256_setr_epi64x(0, 1, 2, 3), _mm256_set1_epi64x(first));
        __m256i pair = _mm256_add_epi64(_mm256_setr_epi64x(0, 0, 2, 2), _mm256_set1_epi64x(first));
        __m256i from = _mm256_srli_epi64(_mm256_mul_epu32(pair, width), 3);
        __m256i bit = _mm256_sub_epi64(_mm256_mul_epu32(number, width), _mm256_slli_epi64(from, 3));
        __m256i byte = _mm256_shuffle_epi8(_mm256_srli_epi64(bit, 3), lowest);
        *shuffle = _mm256_add_epi8(byte, bytes);
        *shift = _mm256_and_si256(bit, _mm256_set1_epi64x(7));
}

AVX2_INLINE void find_places(unsigned width, Places *ret)
{
        __m256i w = _mm256_set1_epi64x(width);
        find_half(0, w, &ret->shuffle[0], &ret->shift[0]);
        find_half(GROUP / 2, w, &ret->shuffle[1], &ret->shift[1]);
        for (unsigned pair = 0; pair < GROUP / 2; pair++)
                ret->at[pair] = 2 * pair * width / 8;
        ret->mask = _mm256_set1_epi64x((int64_t)(((uint64_t)1 << width) - 1));
        ret->width = width;
}

AVX2_INLINE __m256i load_pairs(const unsigned char *a, const unsigned char *b)
{
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)a);
        return _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm_loadu_si128((const __m128i *)(const void *)b),
                                       1);
}

AVX2_INLINE __m256i numbers(const Places *at, const unsigned char *p, size_t half)
{
        __m256i x = load_pairs(p + at->at[half * 2], p + at->at[half * 2 + 1]);
        x = _mm256_shuffle_epi8(x, at->shuffle[half]);
        return _mm256_and_si256(_mm256_srlv_epi64(x, at->shift[half]), at->mask);
}

typedef struct Scale {
        __m256i factor, factor_high, base;
        bool narrow, none; /* narrow: numbers and factor below 2^32 */
} Scale;

AVX2_INLINE __m256i scaled(const Scale *s, __m256i x)
{
        if (!s->none) {
                __m256i low = _mm256_mul_epu32(x, s->factor);
                if (!s->narrow) {
                        __m256i cross = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(x, 32), s->factor),
                                                         _mm256_mul_epu32(x, s->factor_high));
                        low = _mm256_add_epi64(low, _mm256_slli_epi64(cross, 32));
                }
                x = low;
        }
        return _mm256_add_epi64(x, s->base);
}

/* Sums of four, and of what came before. The chain from one call to the next is one addition. */
AVX2_INLINE __m256i summed(__m256i x, __m256i *before)
{
        x = _mm256_add_epi64(x, _mm256_slli_si256(x, 8));
        __m256i lower = _mm256_permute2x128_si256(x, x, 0x08);
        x = _mm256_add_epi64(x, _mm256_unpackhi_epi64(lower, lower));
        __m256i ret = _mm256_add_epi64(x, *before);
        *before = _mm256_add_epi64(*before, _mm256_permute4x64_epi64(x, 0xff));
        return ret;
}

typedef enum Last { AS_THEY_ARE, CONVERT, CONVERT_AND_DIVIDE } Last;

AVX2_INLINE void put(uint64_t *out, __m256i x, Last last, __m256d divide)
{
        if (last != AS_THEY_ARE) {
                __m256d d = _mm256_castsi256_pd(_mm256_add_epi64(x, _mm256_set1_epi64x(SHIFT_BITS)));
                d = _mm256_sub_pd(d, _mm256_set1_pd(SHIFT_VALUE));
                if (last == CONVERT_AND_DIVIDE)
                        d = _mm256_div_pd(d, divide);
                x = _mm256_castpd_si256(d);
        }
        _mm256_storeu_si256((__m256i *)(void *)out, x);
}

/* Whole groups. Returns the sum. */
AVX2_INLINE uint64_t unfold_groups(const Unfold *u, const unsigned char *p, size_t groups, uint64_t *out, bool packed,
                                   bool sums, Last last)
{
        Places at;
        if (packed)
                find_places(u->width, &at);
        Scale scale = { _mm256_set1_epi64x((int64_t)u->factor), _mm256_set1_epi64x((int64_t)(u->factor >> 32)),
                        _mm256_set1_epi64x((int64_t)u->base), u->width <= 32 && u->factor >> 32 == 0, u->factor == 1 };
        __m256i sum = _mm256_set1_epi64x((int64_t)u->start);
        __m256d divide = _mm256_set1_pd(u->divide);
        for (size_t g = 0; g < groups; g++, out += GROUP) {
                __m256i x[2];
                for (size_t i = 0; i < 2; i++) {
                        x[i] = packed ? numbers(&at, p, i)
                                      : _mm256_loadu_si256((const __m256i *)(const void *)(out + i * 4));
                        x[i] = scaled(&scale, x[i]);
                        if (sums)
                                x[i] = summed(x[i], &sum);
                        put(out + i * 4, x[i], last, divide);
                }
                if (packed)
                        p += at.width;
        }
        return (uint64_t)_mm256_extract_epi64(sum, 0);
}

#define KERNEL(packed, sums, last)                                                                                     \
        AVX2 static uint64_t unfold_##packed##_##sums##_##last(const Unfold *u, const unsigned char *p, size_t groups, \
                                                               uint64_t *out)                                          \
        {                                                                                                              \
                return unfold_groups(u, p, groups, out, (packed), (sums), (last));                                     \
        }
#define KERNELS(x, packed)                                                                                         \
        x(packed, 0, AS_THEY_ARE) x(packed, 0, CONVERT) x(packed, 0, CONVERT_AND_DIVIDE) x(packed, 1, AS_THEY_ARE) \
                x(packed, 1, CONVERT) x(packed, 1, CONVERT_AND_DIVIDE)
KERNELS(KERNEL, 0)
KERNELS(KERNEL, 1)

#define ENTRY(packed, sums, last) [packed][sums][last] = unfold_##packed##_##sums##_##last,
static uint64_t (*const TABLE[2][2][3])(const Unfold *u, const unsigned char *p, size_t groups,
                                        uint64_t *out) = { KERNELS(ENTRY, 0) KERNELS(ENTRY, 1) };

static bool is_worth_places(size_t n, unsigned width) { return n >= SHORT && width <= MAX_ONE_LOAD; }

static uint64_t unfold_quickly(const Unfold *u, const unsigned char *p, size_t n, uint64_t *out)
{
        Last last = u->to == UNFOLD_INTEGERS ? AS_THEY_ARE : u->divide == 1 ? CONVERT : CONVERT_AND_DIVIDE;
        bool direct = p && is_worth_places(n, u->width);
        if (p && !direct)
                bitpack_unpack(p, n, u->width, out);
        size_t groups = n / GROUP, done = groups * GROUP;
        uint64_t sum = TABLE[direct][u->sums][last](u, p, groups, out);
        if (direct)
                bitpack_unpack(p + groups * u->width, n - done, u->width, out + done);
        return finish(u, done, n, sum, out);
}

/* All eight numbers of a group, each in 32 bits: four bytes have one of at most MAX_NARROW. */
AVX2 static uint64_t total_narrow(const unsigned char *p, size_t groups, unsigned width)
{
        size_t half = width / 2; /* the byte where the fifth begins */
        __m256i bit = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32((int)width));
        bit = _mm256_sub_epi32(bit, _mm256_inserti128_si256(_mm256_setzero_si256(), _mm_set1_epi32((int)half * 8), 1));
        __m256i byte = _mm256_mullo_epi32(_mm256_srli_epi32(bit, 3), _mm256_set1_epi32(0x01010101));
        __m256i shuffle = _mm256_add_epi8(byte, _mm256_set1_epi32(0x03020100));
        __m256i shift = _mm256_and_si256(bit, _mm256_set1_epi32(7));
        __m256i mask = _mm256_set1_epi32((int)((1u << width) - 1)), sum = _mm256_setzero_si256();
        for (size_t g = 0; g < groups; g++, p += width) {
                __m256i x = _mm256_shuffle_epi8(load_pairs(p, p + half), shuffle);
                sum = _mm256_add_epi32(sum, _mm256_and_si256(_mm256_srlv_epi32(x, shift), mask));
        }
        uint32_t lanes[GROUP];
        _mm256_storeu_si256((__m256i *)(void *)lanes, sum);
        uint64_t ret = 0;
        for (size_t i = 0; i < GROUP; i++)
                ret += lanes[i];
        return ret;
}

AVX2 static uint64_t total_quickly(const unsigned char *p, size_t n, unsigned width)
{
        size_t groups = n / GROUP;
        if (width <= MAX_NARROW && groups <= NARROW_GROUPS)
                return total_narrow(p, groups, width) + unfold_total_plainly(p + groups * width, n % GROUP, width);
        Places at;
        find_places(width, &at);
        __m256i a = _mm256_setzero_si256(), b = a;
        for (size_t g = 0; g < groups; g++, p += width) {
                a = _mm256_add_epi64(a, numbers(&at, p, 0));
                b = _mm256_add_epi64(b, numbers(&at, p, 1));
        }
        a = _mm256_add_epi64(a, b);
        __m128i pair = _mm_add_epi64(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
        return (uint64_t)_mm_extract_epi64(pair, 0) + (uint64_t)_mm_extract_epi64(pair, 1) +
               unfold_total_plainly(p, n % GROUP, width);
}

static bool has_vectors(void) { return __builtin_cpu_supports("avx2"); }
#else
static bool is_worth_places(size_t n, unsigned width) { return (void)n, (void)width, false; }
static uint64_t total_quickly(const unsigned char *p, size_t n, unsigned width)
{
        return unfold_total_plainly(p, n, width);
}
static bool has_vectors(void) { return false; }
static uint64_t unfold_quickly(const Unfold *u, const unsigned char *p, size_t n, uint64_t *out)
{
        return unfold_plainly(u, p, n, out);
}
#endif

uint64_t unfold_run(const Unfold *u, const unsigned char *p, size_t n, uint64_t *out)
{
        return has_vectors() ? unfold_quickly(u, p, n, out) : unfold_plainly(u, p, n, out);
}

uint64_t unfold_total(const unsigned char *p, size_t n, unsigned width)
{
        if (width == 0)
                return 0;
        return is_worth_places(n, width) && has_vectors() ? total_quickly(p, n, width)
                                                          : unfold_total_plainly(p, n, width);
}
