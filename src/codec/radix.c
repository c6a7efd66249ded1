/* Invariants
 * 1. A word holds j digits, radix^j <= 2^32: ceil(N * 2^32 / radix^j) of the number N that they write. Times radix, its upper half is
 *    the first digit and its lower half holds the rest: an excess below one grows to radix^j / 2^32 <= 1 at most, so no digit is wrong.
 * 2. Whatever the words are, a digit is below the radix.
 * 3. Digit s of word w of a group is number 4 * s + w; numbers that fill no group of four words are plain bits.
 *
 * Why multiplication and not division: a digit is one 32-bit multiplication and a shift, which vectors have. */
#include "codec/radix.h"

#include "base/bits.h"
#include "codec/bitpack.h"

enum { WORDS = 4, GROUP_BYTES = 16 };

static unsigned digits_of(unsigned radix, uint64_t *ret_power)
{
        unsigned j = 0;
        uint64_t power = 1;
        for (; power * radix <= (uint64_t)1 << 32; j++)
                power *= radix;
        *ret_power = power;
        return j;
}

static unsigned plain_width(unsigned radix) { return 64 - bits_clz64(radix - 1); }

unsigned radix_choose(uint64_t most, unsigned *low)
{
        unsigned width = 64 - bits_clz64(most), best = 0;
        double bits = width - 0.03;
        if (width < 2 || width > RADIX_MAX_LOW)
                return 0;
        for (unsigned k = width > 16 ? width - 16 : 0; k + 1 < width; k++) {
                uint64_t radix = (most >> k) + 1, ignored;
                double b = k + 32.0 / digits_of((unsigned)radix, &ignored);
                if (b >= bits - 0.001)
                        continue;
                bits = b;
                best = (unsigned)radix;
                *low = k;
        }
        return best;
}

size_t radix_bytes(size_t n, unsigned radix)
{
        uint64_t ignored;
        size_t group = (size_t)WORDS * digits_of(radix, &ignored), groups = n / group;
        return groups * GROUP_BYTES + bitpack_bytes(n - groups * group, plain_width(radix));
}

void radix_pack(const uint64_t *v, size_t n, unsigned radix, unsigned low, unsigned char *out)
{
        uint64_t power, tail[WORDS * 32];
        unsigned j = digits_of(radix, &power);
        size_t i = 0, group = (size_t)WORDS * j;
        for (; n - i >= group; i += group, out += GROUP_BYTES)
                for (size_t w = 0; w < WORDS; w++) {
                        uint64_t number = 0;
                        for (size_t s = 0; s < j; s++)
                                number = number * radix + (v[i + s * WORDS + w] >> low);
                        bits_put_le32(out + w * 4, (uint32_t)(((number << 32) + power - 1) / power));
                }
        size_t rest = n - i;
        for (size_t k = 0; k < rest; k++)
                tail[k] = v[i + k] >> low;
        bitpack_pack(tail, rest, plain_width(radix), out);
}

static void unpack_tail(const unsigned char *p, size_t n, unsigned radix, unsigned low, uint64_t *out)
{
        uint64_t tail[WORDS * 32];
        bitpack_unpack(p, n, plain_width(radix), tail);
        for (size_t i = 0; i < n; i++)
                out[i] |= (tail[i] < radix ? tail[i] : radix - 1) << low;
}

void radix_unpack_plainly(const unsigned char *p, size_t n, unsigned radix, unsigned low, uint64_t *out)
{
        uint64_t ignored;
        unsigned j = digits_of(radix, &ignored);
        size_t group = (size_t)WORDS * j;
        for (; n >= group; n -= group, out += group, p += GROUP_BYTES)
                for (size_t w = 0; w < WORDS; w++) {
                        uint64_t x = bits_le32(p + w * 4);
                        for (size_t s = 0; s < j; s++) {
                                x = (x & UINT32_MAX) * radix;
                                out[s * WORDS + w] |= x >> 32 << low;
                        }
                }
        unpack_tail(p, n, radix, low, out);
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static void unpack_quickly(const unsigned char *p, size_t n, unsigned radix,
                                                           unsigned low, uint64_t *out)
{
        uint64_t ignored;
        unsigned j = digits_of(radix, &ignored);
        size_t group = (size_t)WORDS * j;
        const __m256i factor = _mm256_set1_epi64x(radix);
        const __m128i shift = _mm_cvtsi32_si128((int)low);
        for (; n >= group; n -= group, out += group, p += GROUP_BYTES) {
                __m256i x = _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)(const void *)p));
                for (size_t s = 0; s < j; s++) {
                        __m256i *at = (__m256i *)(void *)(out + s * WORDS);
                        x = _mm256_mul_epu32(x, factor); /* reads the lower halves only */
                        __m256i digit = _mm256_sll_epi64(_mm256_srli_epi64(x, 32), shift);
                        _mm256_storeu_si256(at, _mm256_or_si256(_mm256_loadu_si256(at), digit));
                }
        }
        unpack_tail(p, n, radix, low, out);
}

void radix_unpack(const unsigned char *p, size_t n, unsigned radix, unsigned low, uint64_t *out)
{
        if (__builtin_cpu_supports("avx2"))
                unpack_quickly(p, n, radix, low, out);
        else
                radix_unpack_plainly(p, n, radix, low, out);
}
#else
void radix_unpack(const unsigned char *p, size_t n, unsigned radix, unsigned low, uint64_t *out)
{
        radix_unpack_plainly(p, n, radix, low, out);
}
#endif
