#include "base/num.h"

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

int num_compare_u64(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}
