#include "base/num.h"

#include <string.h>

#include "base/bits.h"

bool num_parse_u64(Str s, uint64_t *ret)
{
        if (s.n == 0)
                return false;
        uint64_t v = 0;
        for (size_t i = 0; i < s.n; i++) {
                unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
                if (d > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)d, &v))
                        return false;
        }
        *ret = v;
        return true;
}

bool num_parse_i64(Str s, int64_t *ret)
{
        bool neg = s.n && s.p[0] == '-';
        if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
                s = str_sub(s, 1, s.n);
        uint64_t v;
        if (!num_parse_u64(s, &v) || v > (uint64_t)INT64_MAX + neg)
                return false;
        *ret = neg ? (int64_t)(0 - v) : (int64_t)v;
        return true;
}

/* Digits with at most one dot in front of s; returns how many bytes, *ret_v / *ret_scale is the value. */
static size_t take_decimal(Str s, double *ret_v, double *ret_scale)
{
        size_t digits = 0;
        double v = 0;
        double scale = 1;
        bool dot = false;
        for (; digits < s.n; digits++) {
                char c = s.p[digits];
                if (c == '.' && !dot) {
                        dot = true;
                } else if (c >= '0' && c <= '9') {
                        v = v * 10 + (c - '0');
                        scale *= dot ? 10 : 1;
                } else {
                        break;
                }
        }
        *ret_v = v;
        *ret_scale = scale;
        return dot && digits == 1 ? 0 : digits;
}

bool num_parse_bytes(Str s, uint64_t *ret)
{
        double v, scale;
        size_t digits = take_decimal(s, &v, &scale);
        if (digits == 0)
                return false;
        Str unit = str_sub(s, digits, s.n);
        static const char prefixes[] = "KMGTPE";
        unsigned power = 0;
        if (unit.n && unit.p[0] != 'B') {
                const char *at = memchr(prefixes, unit.p[0] == 'k' ? 'K' : unit.p[0], sizeof prefixes - 1);
                if (!at)
                        return false;
                power = (unsigned)(at - prefixes) + 1;
                unit = str_sub(unit, 1, unit.n);
                if (unit.n && unit.p[0] == 'i')
                        unit = str_sub(unit, 1, unit.n);
        }
        if (unit.n && !str_eq(unit, STR("B")))
                return false;
        double bytes = v / scale;
        for (unsigned i = 0; i < power; i++)
                bytes *= 1024;
        if (bytes >= 18446744073709551616.0)
                return false;
        *ret = (uint64_t)bytes;
        return true;
}

unsigned num_count_digits(uint64_t v)
{
        static const uint64_t powers[] = { 1ull,
                                           10ull,
                                           100ull,
                                           1000ull,
                                           10000ull,
                                           100000ull,
                                           1000000ull,
                                           10000000ull,
                                           100000000ull,
                                           1000000000ull,
                                           10000000000ull,
                                           100000000000ull,
                                           1000000000000ull,
                                           10000000000000ull,
                                           100000000000000ull,
                                           1000000000000000ull,
                                           10000000000000000ull,
                                           100000000000000000ull,
                                           1000000000000000000ull,
                                           10000000000000000000ull };
        v |= v == 0;
        unsigned at = ((64 - bits_clz64(v)) * 1233) >> 12; /* its logarithm, or one more: 1233 / 2^12 is that of 2 */
        return at + (v >= powers[at]);
}

static const char DIGIT_PAIRS[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                  "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

static inline void put_pair(char *p, uint32_t v) { memcpy(p, DIGIT_PAIRS + (size_t)2 * v, 2); }

/* Not one after the other: no pair waits for another one's division. */
static inline void put_eight(char *p, uint32_t v)
{
        uint32_t hi = v / 10000, lo = v % 10000;
        put_pair(p, hi / 100);
        put_pair(p + 2, hi % 100);
        put_pair(p + 4, lo / 100);
        put_pair(p + 6, lo % 100);
}

void num_put_digits(char *p, uint64_t v, unsigned n)
{
        for (; n >= 8; n -= 8, v /= 100000000)
                put_eight(p + n - 8, (uint32_t)(v % 100000000));
        uint32_t rest = (uint32_t)v;
        for (; n >= 2; n -= 2, rest /= 100)
                put_pair(p + n - 2, rest % 100);
        if (n)
                *p = (char)('0' + rest);
}

int num_compare_u64(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}
