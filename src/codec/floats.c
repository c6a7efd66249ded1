/* Invariants:
 * 1. parse gives the double nearest to the decimal text (ties to even), bit for bit what the C library gives.
 * 2. shortest gives the fewest digits that parse back to the same bits, and of those the nearest to the value.
 * 3. A failed parse leaves *ret alone.
 *
 * Parsing: numbers with at most 53 bits and a small exponent are one exact multiplication or division (Clinger 1990); the
 * rest goes through a 64 x 128 bit product whose error is known (Lemire 2021), which says itself when it cannot decide;
 * then, in about one of 10^10 numbers, the C library decides. Printing: Schubfach (Giulietti 2021), which needs one table
 * lookup and three products, no loop over digits and no big numbers. The program must not call setlocale(LC_NUMERIC). */
#include "codec/floats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/num.h"
#include "codec/pow10.h"

/* Go's NaN: the storage distinguishes it from the stale marker by its bits. */
static const uint64_t NAN_BITS = 0x7ff8000000000001u;

enum {
        MAX_DIGITS = 19,        /* decimal digits that always fit in 64 bits */
        MAX_EXPONENT = 100000,  /* larger written exponents are cut to this: far out of range either way */
        SMALL_TEXT_BYTES = 128, /* longer texts are copied to the heap for the C library */
};

typedef unsigned __int128 U128;

static inline uint64_t mul_high(uint64_t a, uint64_t b, uint64_t *ret_low)
{
        U128 product = (U128)a * b;
        *ret_low = (uint64_t)product;
        return (uint64_t)(product >> 64);
}

/* ---- parsing */

typedef struct Decimal {
        uint64_t mantissa; /* the first 19 significant digits */
        int exp10;
        bool truncated; /* digits other than 0 were cut off behind them */
} Decimal;

static inline bool is_digit(char c) { return (unsigned char)(c - '0') < 10; }

static inline char lower(char c) { return (char)(c | 0x20); }

static size_t prefix_len_fold(Str s, const char *word)
{
        size_t i = 0;
        while (i < s.n && word[i] && lower(s.p[i]) == word[i])
                i++;
        return i;
}

/* inf, infinity with an optional sign; nan without one. */
static bool parse_special(Str s, double *ret)
{
        bool sign = s.n && (s.p[0] == '+' || s.p[0] == '-');
        bool neg = sign && s.p[0] == '-';
        Str word = str_sub(s, sign, s.n);
        if (!sign && word.n == 3 && prefix_len_fold(word, "nan") == 3) {
                *ret = bits_to_double(NAN_BITS);
                return true;
        }
        if ((word.n != 3 && word.n != 8) || prefix_len_fold(word, "infinity") != word.n)
                return false;
        *ret = neg ? -HUGE_VAL : HUGE_VAL;
        return true;
}

/* The C library's answer for text that we have checked already. */
static bool parse_slow(Str s, double *ret)
{
        char small[SMALL_TEXT_BYTES];
        AUTO(buf_done) Buf large = { 0 };
        const char *z = small;
        if (s.n < sizeof small) {
                memcpy(small, s.p, s.n);
                small[s.n] = 0;
        } else {
                buf_str_add(&large, s);
                z = buf_cstr(&large);
        }
        double v = strtod(z, NULL);
        if (isinf(v))
                return false;
        *ret = v;
        return true;
}

/* [0-9]+ behind e or p, with an optional sign; false when there is no digit. */
static bool scan_exponent(const char **at, const char *end, int *ret)
{
        const char *p = *at;
        bool neg = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+'))
                p++;
        if (p == end || !is_digit(*p))
                return false;
        int e = 0;
        for (; p < end && is_digit(*p); p++)
                if (e < MAX_EXPONENT)
                        e = e * 10 + (*p - '0');
        *ret = neg ? -e : e;
        *at = p;
        return true;
}

/* Whole text behind the sign as hexadecimal: 0x, digits with an optional point, and p with an exponent. */
static bool is_hex_float(Str s)
{
        const char *p = s.p + 2, *end = s.p + s.n;
        bool digit = false, point = false;
        for (; p < end; p++) {
                if (*p == '.' && !point)
                        point = true;
                else if (is_digit(*p) || (lower(*p) >= 'a' && lower(*p) <= 'f'))
                        digit = true;
                else
                        break;
        }
        if (!digit || p == end || lower(*p) != 'p')
                return false;
        p++;
        int ignored;
        return scan_exponent(&p, end, &ignored) && p == end;
}

/* Adds the digits at *p to d; returns how many there were. used: significant digits in d->mantissa so far. */
static inline size_t scan_digits(const char **p, const char *end, Decimal *d, int *used, int *cut)
{
        const char *start = *p, *at = start;
        uint64_t m = d->mantissa;
        int n = *used;
        for (; at < end && is_digit(*at); at++) {
                unsigned digit = (unsigned)(*at - '0');
                if (LIKELY(n < MAX_DIGITS)) {
                        m = m * 10 + digit;
                        n += m != 0;
                } else {
                        d->truncated |= digit != 0;
                        (*cut)++;
                }
        }
        d->mantissa = m;
        *used = n;
        *p = at;
        return (size_t)(at - start);
}

static bool scan_decimal(const char *p, const char *end, Decimal *ret)
{
        Decimal d = { 0 };
        int used = 0, cut = 0, cut_fraction = 0;
        size_t digits = scan_digits(&p, end, &d, &used, &cut);
        size_t fraction = 0;
        if (p < end && *p == '.') {
                p++;
                fraction = scan_digits(&p, end, &d, &used, &cut_fraction);
        }
        if (digits + fraction == 0)
                return false;
        /* Texts are far shorter than 2^31; a longer row of digits would be out of every range anyway. */
        if (digits + fraction > INT32_MAX / 4)
                return false;
        d.exp10 = cut - ((int)fraction - cut_fraction);
        if (p < end && lower(*p) == 'e') {
                p++;
                int e;
                if (!scan_exponent(&p, end, &e))
                        return false;
                d.exp10 += e;
        }
        if (p != end)
                return false;
        *ret = d;
        return true;
}

/* Lemire's product: true when the nearest double of mantissa * 10^exp10 is certain and normal. */
static bool nearest_double(uint64_t mantissa, int exp10, uint64_t *ret_bits)
{
        if (exp10 < POW10_MIN || exp10 > POW10_MAX)
                return false;
        unsigned clz = bits_clz64(mantissa);
        mantissa <<= clz;
        /* 217706 / 2^16 approximates log2(10) well enough to floor it over this range. */
        int exp2 = ((217706 * exp10) >> 16) + 64 + 1023 - (int)clz;
        Pow10 pow = pow10_of(exp10);
        uint64_t lo;
        uint64_t hi = mul_high(mantissa, pow.hi, &lo);
        if ((hi & 0x1ff) == 0x1ff && lo + mantissa < mantissa) {
                uint64_t lo2;
                uint64_t hi2 = mul_high(mantissa, pow.lo, &lo2);
                uint64_t mid = lo + hi2;
                uint64_t top = hi + (mid < lo);
                if ((top & 0x1ff) == 0x1ff && mid + 1 == 0 && lo2 + mantissa < mantissa)
                        return false;
                hi = top;
                lo = mid;
        }
        unsigned msb = (unsigned)(hi >> 63);
        uint64_t m = hi >> (msb + 9);
        exp2 -= (int)(1 ^ msb);
        /* Exactly between two doubles as far as we can see: not certain. */
        if (lo == 0 && (hi & 0x1ff) == 0 && (m & 3) == 1)
                return false;
        m = (m + (m & 1)) >> 1;
        if (m >> 53) {
                m >>= 1;
                exp2++;
        }
        if (exp2 < 1 || exp2 > 0x7fe)
                return false;
        *ret_bits = (uint64_t)exp2 << 52 | (m & ((1ull << 52) - 1));
        return true;
}

/* mantissa * 10^exp10 as one exact operation, when both are small enough. */
static inline bool exact_double(const Decimal *d, double *ret)
{
        static const double exact_powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
        if (d->mantissa >> 53 || d->exp10 < -22 || d->exp10 > 22 || d->truncated)
                return false;
        double v = (double)d->mantissa;
        *ret = d->exp10 < 0 ? v / exact_powers[-d->exp10] : v * exact_powers[d->exp10];
        return true;
}

bool floats_parse(Str s, double *ret)
{
        if (s.n == 0)
                return false;
        const char *p = s.p, *end = s.p + s.n;
        bool neg = *p == '-';
        if (*p == '-' || *p == '+')
                p++;
        if (p == end)
                return false;
        if (!is_digit(*p) && *p != '.')
                return parse_special(s, ret);
        if (end - p > 2 && p[0] == '0' && lower(p[1]) == 'x')
                return is_hex_float(str_n(p, (size_t)(end - p))) && parse_slow(s, ret);
        Decimal d;
        if (!scan_decimal(p, end, &d))
                return false;
        double v;
        uint64_t bits, above;
        if (LIKELY(exact_double(&d, &v))) {
        } else if (d.mantissa == 0) {
                v = 0;
        } else if (nearest_double(d.mantissa, d.exp10, &bits) &&
                   (!d.truncated || (nearest_double(d.mantissa + 1, d.exp10, &above) && above == bits))) {
                v = bits_to_double(bits);
        } else {
                return parse_slow(s, ret);
        }
        *ret = neg ? -v : v;
        return true;
}

/* ---- printing */

/* The product's upper half, its lowest bit set when anything below was not zero. */
static inline uint64_t round_to_odd(Pow10 g, uint64_t c)
{
        uint64_t ignored, mid;
        uint64_t carry = mul_high(g.lo, c, &ignored);
        uint64_t top = mul_high(g.hi, c, &mid);
        mid += carry;
        top += mid < carry;
        return top | (mid > 1);
}

/* Schubfach wants the powers rounded up. */
static inline Pow10 pow10_ceiling(int e)
{
        Pow10 g = pow10_of(e);
        if (e < 0 || e > POW10_EXACT_MAX) {
                g.lo++;
                g.hi += g.lo == 0;
        }
        return g;
}

/* v = sig * 10^exp10, shortest but for zeros at the end of sig. v is finite, not 0; its sign is ignored. */
static uint64_t schubfach(double v, int *ret_exp10)
{
        uint64_t bits = bits_of_double(v);
        uint64_t fraction = bits & ((1ull << 52) - 1);
        int exponent = (int)(bits >> 52 & 0x7ff);
        uint64_t c = exponent ? fraction | 1ull << 52 : fraction;
        int q = exponent ? exponent - 1075 : -1074;
        if (q <= 0 && q > -53 && (c & ((1ull << -q) - 1)) == 0) {
                *ret_exp10 = 0;
                return c >> -q;
        }
        /* Half-way bounds of the doubles that would be read as v, in quarters of its last place. */
        bool odd = c & 1;
        bool lower_is_closer = fraction == 0 && exponent > 1;
        uint64_t below = 4 * c - 2 + lower_is_closer, at = 4 * c, above = 4 * c + 2;
        int k = (q * 1262611 - (lower_is_closer ? 524031 : 0)) >> 22;
        int shift = q + ((-k * 1741647) >> 19) + 1;
        Pow10 g = pow10_ceiling(-k);
        uint64_t lo = round_to_odd(g, below << shift) + odd;
        uint64_t mid = round_to_odd(g, at << shift);
        uint64_t hi = round_to_odd(g, above << shift) - odd;
        uint64_t s = mid / 4;
        if (s >= 10) {
                uint64_t tens = s / 10;
                bool down_fits = lo <= 40 * tens;
                bool up_fits = 40 * tens + 40 <= hi;
                if (down_fits != up_fits) {
                        *ret_exp10 = k + 1;
                        return tens + up_fits;
                }
        }
        *ret_exp10 = k;
        bool down_fits = lo <= 4 * s;
        bool up_fits = 4 * s + 4 <= hi;
        if (down_fits != up_fits)
                return s + up_fits;
        uint64_t half = 4 * s + 2;
        return s + (mid > half || (mid == half && (s & 1)));
}

static inline uint64_t strip_zeros(uint64_t sig, int *exp10)
{
        for (; sig % 10000 == 0; *exp10 += 4)
                sig /= 10000;
        for (; sig % 10 == 0; ++*exp10)
                sig /= 10;
        return sig;
}

size_t floats_shortest(double v, char digits[17], int *ret_exp10)
{
        int exp10;
        uint64_t sig = strip_zeros(schubfach(v, &exp10), &exp10);
        unsigned n = num_count_digits(sig);
        num_put_digits(digits, sig, n);
        *ret_exp10 = exp10 + (int)n;
        return n;
}

/* NaN, infinities and zeros; true when v was one of them. */
static bool format_special(Buf *out, double v, const char *zero)
{
        if (isnan(v)) {
                buf_lit(out, "NaN");
        } else if (isinf(v)) {
                buf_add(out, v < 0 ? "-Inf" : "+Inf", 4);
        } else if (v == 0) {
                if (signbit(v))
                        buf_char(out, '-');
                buf_cstr_add(out, zero);
        } else {
                return false;
        }
        return true;
}

static void add_zeros(char **p, int n)
{
        memset(*p, '0', (size_t)n);
        *p += n;
}

/* Digits, and room behind any of them: copies of a fixed length need no call. */
enum { MOST_DIGITS = 17, DIGITS_ROOM = 2 * MOST_DIGITS };

/* The number ends where the next bytes go: what is copied behind it does not matter. */
static inline void copy_digits(char *to, const char *digits) { memcpy(to, digits, MOST_DIGITS); }

static void add_digits_f(Buf *out, bool neg, const char *digits, int n, int exp10)
{
        int zeros = exp10 > n ? exp10 - n : exp10 < 0 ? -exp10 : 0;
        char *start = buf_reserve(out, (size_t)(n + zeros) + 3 + MOST_DIGITS), *p = start;
        if (neg)
                *p++ = '-';
        if (exp10 <= 0) {
                *p++ = '0';
                *p++ = '.';
                add_zeros(&p, zeros);
                copy_digits(p, digits);
                p += n;
        } else if (exp10 >= n) {
                copy_digits(p, digits);
                p += n;
                add_zeros(&p, zeros);
        } else {
                copy_digits(p, digits);
                p += exp10;
                *p++ = '.';
                copy_digits(p, digits + exp10);
                p += n - exp10;
        }
        out->n += (size_t)(p - start);
}

static void add_digits_e(Buf *out, bool neg, const char *digits, size_t n, int exp10)
{
        int e = exp10 - 1;
        char *start = buf_reserve(out, n + 8), *p = start;
        if (neg)
                *p++ = '-';
        *p++ = digits[0];
        if (n > 1) {
                *p++ = '.';
                memcpy(p, digits + 1, n - 1);
                p += n - 1;
        }
        *p++ = 'e';
        *p++ = e < 0 ? '-' : '+';
        unsigned abs_e = (unsigned)(e < 0 ? -e : e);
        unsigned width = abs_e >= 100 ? 3 : 2;
        num_put_digits(p, abs_e, width);
        p += width;
        out->n += (size_t)(p - start);
}

void floats_format_f(Buf *out, double v)
{
        /* Counters and most gauges: integers that a double holds exactly. */
        double abs = fabs(v);
        if (abs < 9007199254740992.0 && abs >= 1 && (double)(uint64_t)abs == abs) {
                unsigned n = num_count_digits((uint64_t)abs);
                char *p = buf_reserve(out, n + 1);
                if (v < 0)
                        *p++ = '-';
                num_put_digits(p, (uint64_t)abs, n);
                out->n += n + (v < 0);
                return;
        }
        if (format_special(out, v, "0"))
                return;
        char digits[DIGITS_ROOM] = { 0 };
        int exp10;
        size_t n = floats_shortest(v, digits, &exp10);
        add_digits_f(out, v < 0, digits, (int)n, exp10);
}

void floats_format_e(Buf *out, double v)
{
        if (format_special(out, v, "0e+00"))
                return;
        char digits[DIGITS_ROOM] = { 0 };
        int exp10;
        size_t n = floats_shortest(v, digits, &exp10);
        add_digits_e(out, v < 0, digits, n, exp10);
}

void floats_format_g(Buf *out, double v)
{
        if (format_special(out, v, "0"))
                return;
        char digits[DIGITS_ROOM] = { 0 };
        int exp10;
        size_t n = floats_shortest(v, digits, &exp10);
        if (exp10 < -3 || exp10 > FLOATS_G_MAX_EXP10)
                add_digits_e(out, v < 0, digits, n, exp10);
        else
                add_digits_f(out, v < 0, digits, (int)n, exp10);
}

void floats_format_json(Buf *out, double v)
{
        double abs = fabs(v);
        if (abs != 0 && (abs < 1e-6 || (abs >= 1e21 && !isinf(v))))
                floats_format_e(out, v);
        else
                floats_format_f(out, v);
}
