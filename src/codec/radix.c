/* Invariants
 * 1. A word of b bits holds j digits, radix^j <= 2^b: ceil(N * 2^b / radix^j) of the number N that they write. Times radix, what is above
 *    2^b is the first digit and what is below holds the rest: an excess below one grows to radix^j / 2^b <= 1 at most, so no digit is wrong.
 * 2. Whatever the words are, a digit is below the radix.
 * 3. Digit s of word w of a group of four words is number 4 * s + w. Numbers that fill no group make a last one of shorter words; in
 *    version 2 they are plain bits.
 *
 * Why multiplication and not division: a digit is a multiplication or two and a shift, which vectors have. Why words of any width: 15^11
 * takes 43 bits, 0.002 a digit above the least, but 8 digits in 32 bits are 0.09 above. */
#include "codec/radix.h"

#include <math.h>

#include "base/attr.h"
#include "base/bits.h"
#include "codec/bitpack.h"

typedef unsigned __int128 Wide;

#define LONG_GAIN 0.01
enum { WORDS = 4, OLD_WORD_BITS = 32, MAX_WORD_BITS = 64, TAIL = WORDS * RADIX_MAX_DIGITS };

static unsigned plain_width(unsigned radix) { return bits_length64(radix - 1); }

/* 0: 2^64 and more. */
static uint64_t power_of(unsigned radix, unsigned digits)
{
        uint64_t power = 1;
        while (digits-- > 0)
                if (__builtin_mul_overflow(power, (uint64_t)radix, &power))
                        return 0;
        return power;
}

static unsigned bits_of_word(unsigned radix, unsigned digits) { return bits_length64(power_of(radix, digits) - 1); }

/* ---- what takes least */

/* Bits a digit; *digits of a word. Short words decode twice as fast: a long one must be worth it. */
static double best_word(unsigned radix, unsigned *digits)
{
        double best = MAX_WORD_BITS;
        uint64_t power = radix;
        bool more = true;
        for (unsigned j = 1; more; j++) {
                unsigned word = bits_length64(power - 1);
                double bits = (double)word / j;
                if (bits < (word > OLD_WORD_BITS && *digits ? best * (1 - LONG_GAIN) : best)) {
                        best = bits;
                        *digits = j;
                }
                more = !__builtin_mul_overflow(power, (uint64_t)radix, &power);
        }
        return best;
}

bool radix_prepare(unsigned radix, unsigned low, unsigned digits, RadixCode *ret)
{
        if (radix < RADIX_MIN || radix > RADIX_MAX || low > RADIX_MAX_LOW || digits > RADIX_MAX_DIGITS)
                return false;
        RadixCode c = { .radix = radix, .low = low, .digits = digits, .bits = OLD_WORD_BITS, .old = digits == 0 };
        if (c.old) {
                for (uint64_t power = radix; power <= (uint64_t)1 << OLD_WORD_BITS; power *= radix)
                        c.digits++;
        } else {
                uint64_t power = power_of(radix, digits);
                if (power == 0)
                        return false;
                c.bits = bits_length64(power - 1);
        }
        *ret = c;
        return true;
}

bool radix_choose(uint64_t most, size_t n, RadixCode *ret)
{
        unsigned width = bits_length64(most);
        if (width < 2 || width > RADIX_MAX_LOW)
                return false;
        double best = width - 24.0 / (double)n;
        bool found = false;
        for (unsigned k = width > 16 ? width - 16 : 0; k + 1 < width; k++) {
                uint64_t radix = (most >> k) + 1;
                if (k + log2((double)radix) >= best)
                        continue;
                unsigned digits = 0;
                double bits = k + best_word((unsigned)radix, &digits);
                if (bits >= best)
                        continue;
                best = bits;
                found = radix_prepare((unsigned)radix, k, digits, ret);
        }
        return found;
}

/* ---- where things are */

typedef struct Layout {
        size_t words;                    /* of whole groups */
        size_t tail;                     /* numbers after them */
        unsigned tail_digits, tail_bits; /* of the last group's words; 0 digits: plain bits */
} Layout;

static Layout layout_of(const RadixCode *c, size_t n)
{
        size_t group = (size_t)WORDS * c->digits;
        Layout l = { .words = n / group * WORDS, .tail = n % group };
        if (!c->old && l.tail) {
                l.tail_digits = (unsigned)(l.tail + WORDS - 1) / WORDS;
                l.tail_bits = bits_of_word(c->radix, l.tail_digits);
        } else {
                l.tail_bits = plain_width(c->radix);
        }
        return l;
}

static size_t tail_bytes(const Layout *l) { return bitpack_bytes(l->tail_digits ? WORDS : l->tail, l->tail_bits); }

size_t radix_bytes(const RadixCode *c, size_t n)
{
        Layout l = layout_of(c, n);
        return bitpack_bytes(l.words, c->bits) + tail_bytes(&l);
}

/* ---- packing */

/* Groups of words of `digits` digits; beyond n there are zeros. */
static void make_words(const RadixCode *c, const uint64_t *v, size_t n, unsigned digits, size_t words, uint64_t *out)
{
        uint64_t power = power_of(c->radix, digits);
        unsigned bits = bits_length64(power - 1);
        for (size_t w = 0; w < words; w++) {
                size_t first = w / WORDS * WORDS * digits + w % WORDS;
                Wide number = 0;
                for (size_t s = 0; s < digits; s++) {
                        size_t i = first + s * WORDS;
                        number = number * c->radix + (i < n ? v[i] >> c->low : 0);
                }
                out[w] = (uint64_t)(((number << bits) + power - 1) / power);
        }
}

void radix_pack(const RadixCode *c, const uint64_t *v, size_t n, unsigned char *out)
{
        uint64_t words[RADIX_MAX_NUMBERS];
        Layout l = layout_of(c, n);
        size_t done = l.words * c->digits;
        make_words(c, v, done, c->digits, l.words, words);
        bitpack_pack(words, l.words, c->bits, out);
        if (l.tail == 0)
                return;
        make_words(c, v + done, l.tail, l.tail_digits, WORDS, words);
        bitpack_pack(words, WORDS, l.tail_bits, out + bitpack_bytes(l.words, c->bits));
}

/* ---- unpacking */

typedef void AddDigits(const uint64_t *words, size_t n, unsigned bits, unsigned digits, const RadixCode *c,
                       uint64_t *out);

static void add_digits_plainly(const uint64_t *words, size_t n, unsigned bits, unsigned digits, const RadixCode *c,
                               uint64_t *out)
{
        for (size_t w = 0; w < n; w++) {
                uint64_t x = words[w] << (MAX_WORD_BITS - bits);
                uint64_t *to = out + w / WORDS * WORDS * digits + w % WORDS;
                for (size_t s = 0; s < digits; s++) {
                        Wide y = (Wide)x * c->radix;
                        x = (uint64_t)y;
                        to[s * WORDS] |= (uint64_t)(y >> MAX_WORD_BITS) << c->low;
                }
        }
}

/* Of whole groups. */
static uint64_t sum_digits_plainly(const uint64_t *words, size_t n, const RadixCode *c)
{
        uint64_t sum = 0;
        for (size_t w = 0; w < n; w++) {
                uint64_t x = words[w] << (MAX_WORD_BITS - c->bits);
                for (size_t s = 0; s < c->digits; s++) {
                        Wide y = (Wide)x * c->radix;
                        x = (uint64_t)y;
                        sum += (uint64_t)(y >> MAX_WORD_BITS);
                }
        }
        return sum;
}

/* Those that fill no group: digits << low. */
static void unpack_tail(const RadixCode *c, const Layout *l, const unsigned char *p, uint64_t *tail, AddDigits *add)
{
        uint64_t words[TAIL];
        p += bitpack_bytes(l->words, c->bits);
        bitpack_unpack(p, l->tail_digits ? WORDS : l->tail, l->tail_bits, words);
        if (l->tail_digits) {
                memset(tail, 0, (size_t)WORDS * l->tail_digits * sizeof *tail);
                add(words, WORDS, l->tail_bits, l->tail_digits, c, tail);
                return;
        }
        for (size_t i = 0; i < l->tail; i++)
                tail[i] = (words[i] < c->radix ? words[i] : c->radix - 1) << c->low;
}

static void unpack(const RadixCode *c, const unsigned char *p, size_t n, uint64_t *out, AddDigits *add)
{
        uint64_t words[RADIX_MAX_NUMBERS], tail[TAIL];
        Layout l = layout_of(c, n);
        bitpack_unpack(p, l.words, c->bits, words);
        add(words, l.words, c->bits, c->digits, c, out);
        if (l.tail == 0)
                return;
        unpack_tail(c, &l, p, tail, add);
        out += l.words * c->digits;
        for (size_t i = 0; i < l.tail; i++)
                out[i] |= tail[i];
}

void radix_unpack_plainly(const RadixCode *c, const unsigned char *p, size_t n, uint64_t *out)
{
        unpack(c, p, n, out, add_digits_plainly);
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* Words of 32 bits: one multiplication a digit. */
AVX2 static void add_short(const uint64_t *words, size_t n, unsigned bits, unsigned digits, const RadixCode *c,
                           uint64_t *out)
{
        const __m256i factor = _mm256_set1_epi64x(c->radix);
        const __m128i shift = _mm_cvtsi32_si128((int)c->low), align = _mm_cvtsi32_si128((int)(32 - bits));
        for (size_t w = 0; w < n; w += WORDS) {
                __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(words + w));
                x = _mm256_sll_epi64(x, align);
                for (size_t s = 0; s < digits; s++, out += WORDS) {
                        __m256i *at = (__m256i *)(void *)out;
                        x = _mm256_mul_epu32(x, factor); /* reads the lower halves only */
                        __m256i digit = _mm256_sll_epi64(_mm256_srli_epi64(x, 32), shift);
                        _mm256_storeu_si256(at, _mm256_or_si256(_mm256_loadu_si256(at), digit));
                }
        }
}

/* Longer ones: their halves are multiplied one by one. */
AVX2 static void add_long(const uint64_t *words, size_t n, unsigned bits, unsigned digits, const RadixCode *c,
                          uint64_t *out)
{
        const __m256i factor = _mm256_set1_epi64x(c->radix);
        const __m128i shift = _mm_cvtsi32_si128((int)c->low), align = _mm_cvtsi32_si128((int)(MAX_WORD_BITS - bits));
        for (size_t w = 0; w < n; w += WORDS) {
                __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(words + w));
                low = _mm256_sll_epi64(low, align);
                __m256i high = _mm256_srli_epi64(low, 32);
                for (size_t s = 0; s < digits; s++, out += WORDS) {
                        __m256i *at = (__m256i *)(void *)out;
                        low = _mm256_mul_epu32(low, factor);
                        high = _mm256_add_epi64(_mm256_mul_epu32(high, factor), _mm256_srli_epi64(low, 32));
                        __m256i digit = _mm256_sll_epi64(_mm256_srli_epi64(high, 32), shift);
                        _mm256_storeu_si256(at, _mm256_or_si256(_mm256_loadu_si256(at), digit));
                }
        }
}

static void add_digits_quickly(const uint64_t *words, size_t n, unsigned bits, unsigned digits, const RadixCode *c,
                               uint64_t *out)
{
        (bits <= 32 ? add_short : add_long)(words, n, bits, digits, c, out);
}

/* Sums of digits, wherever they stand. */
AVX2 static uint64_t sum_short(const uint64_t *words, size_t n, unsigned bits, unsigned digits, unsigned radix)
{
        const __m256i factor = _mm256_set1_epi64x(radix);
        const __m128i align = _mm_cvtsi32_si128((int)(32 - bits));
        __m256i sum = _mm256_setzero_si256();
        for (size_t w = 0; w < n; w += WORDS) {
                __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(words + w));
                x = _mm256_sll_epi64(x, align);
                for (size_t s = 0; s < digits; s++) {
                        x = _mm256_mul_epu32(x, factor);
                        sum = _mm256_add_epi64(sum, _mm256_srli_epi64(x, 32));
                }
        }
        _Alignas(32) uint64_t lanes[WORDS];
        _mm256_store_si256((__m256i *)(void *)lanes, sum);
        return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

AVX2 static uint64_t sum_long(const uint64_t *words, size_t n, unsigned bits, unsigned digits, unsigned radix)
{
        const __m256i factor = _mm256_set1_epi64x(radix);
        const __m128i align = _mm_cvtsi32_si128((int)(MAX_WORD_BITS - bits));
        __m256i sum = _mm256_setzero_si256();
        for (size_t w = 0; w < n; w += WORDS) {
                __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(words + w));
                low = _mm256_sll_epi64(low, align);
                __m256i high = _mm256_srli_epi64(low, 32);
                for (size_t s = 0; s < digits; s++) {
                        low = _mm256_mul_epu32(low, factor);
                        high = _mm256_add_epi64(_mm256_mul_epu32(high, factor), _mm256_srli_epi64(low, 32));
                        sum = _mm256_add_epi64(sum, _mm256_srli_epi64(high, 32));
                }
        }
        _Alignas(32) uint64_t lanes[WORDS];
        _mm256_store_si256((__m256i *)(void *)lanes, sum);
        return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

static bool has_vectors(void) { return __builtin_cpu_supports("avx2"); }
static AddDigits *adder(void) { return has_vectors() ? add_digits_quickly : add_digits_plainly; }
static uint64_t sum_digits(const uint64_t *words, size_t n, const RadixCode *c)
{
        if (!has_vectors())
                return sum_digits_plainly(words, n, c);
        return (c->bits <= 32 ? sum_short : sum_long)(words, n, c->bits, c->digits, c->radix);
}
#else
static AddDigits *adder(void) { return add_digits_plainly; }
static uint64_t sum_digits(const uint64_t *words, size_t n, const RadixCode *c)
{
        return sum_digits_plainly(words, n, c);
}
#endif

void radix_unpack(const RadixCode *c, const unsigned char *p, size_t n, uint64_t *out)
{
        unpack(c, p, n, out, adder());
}

/* ---- some of them */

void radix_unpack_from(const RadixCode *c, const unsigned char *p, size_t n, size_t from, size_t to, uint64_t *out)
{
        uint64_t words[RADIX_MAX_NUMBERS], some[TAIL];
        Layout l = layout_of(c, n);
        size_t group = (size_t)WORDS * c->digits, whole = l.words * c->digits, end = MIN_OF(to, whole), i = from;
        AddDigits *add = adder();
        while (i < end) {
                size_t first = i / group, groups = i % group ? 0 : (end - i) / group;
                bitpack_unpack_from(p, first * WORDS, MAX_OF(groups, (size_t)1) * WORDS, c->bits, words);
                if (groups) {
                        add(words, groups * WORDS, c->bits, c->digits, c, out + (i - from));
                        i += groups * group;
                        continue;
                }
                memset(some, 0, group * sizeof *some);
                add(words, WORDS, c->bits, c->digits, c, some);
                for (; i < MIN_OF((first + 1) * group, end); i++)
                        out[i - from] |= some[i - first * group];
        }
        if (i < to) {
                unpack_tail(c, &l, p, some, add);
                for (; i < to; i++)
                        out[i - from] |= some[i - whole];
        }
}

uint64_t radix_total(const RadixCode *c, const unsigned char *p, size_t n, size_t upto)
{
        uint64_t words[RADIX_MAX_NUMBERS], rest[TAIL] = { 0 };
        Layout l = layout_of(c, n);
        size_t group = (size_t)WORDS * c->digits, groups = MIN_OF(upto, l.words * c->digits) / group;
        bitpack_unpack(p, groups * WORDS, c->bits, words);
        uint64_t sum = sum_digits(words, groups * WORDS, c) << c->low;
        radix_unpack_from(c, p, n, groups * group, upto, rest);
        for (size_t i = 0; i < upto - groups * group; i++)
                sum += rest[i];
        return sum;
}
