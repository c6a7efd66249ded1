#include "base/duration.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"

typedef struct Unit {
        const char *name;
        int64_t ms;
        bool whole_only; /* printed only when it divides the rest */
} Unit;

static const Unit UNITS[] = {
        { "y", 365LL * 86400000, true },
        { "w", 7LL * 86400000, true },
        { "d", 86400000, false },
        { "h", 3600000, false },
        { "m", 60000, false },
        { "s", 1000, false },
        { "ms", 1, false },
};

bool duration_parse(Str s, int64_t *ret_ms)
{
        if (str_eq(s, STR("0"))) {
                *ret_ms = 0;
                return true;
        }
        int64_t total = 0;
        size_t next_unit = 0;
        size_t i = 0;
        if (s.n == 0)
                return false;
        while (i < s.n) {
                int64_t v = 0;
                size_t start = i;
                for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
                        if (__builtin_mul_overflow(v, (int64_t)10, &v) ||
                            __builtin_add_overflow(v, (int64_t)(s.p[i] - '0'), &v))
                                return false;
                size_t unit_start = i;
                while (i < s.n && s.p[i] >= 'a' && s.p[i] <= 'z')
                        i++;
                if (unit_start == start || unit_start == i)
                        return false;
                Str unit = str_sub(s, unit_start, i);
                while (next_unit < ARRAY_LEN(UNITS) && !str_eq(unit, str_of(UNITS[next_unit].name)))
                        next_unit++;
                if (next_unit == ARRAY_LEN(UNITS))
                        return false;
                if (__builtin_mul_overflow(v, UNITS[next_unit].ms, &v) || __builtin_add_overflow(total, v, &total))
                        return false;
                next_unit++;
        }
        if (total > INT64_MAX / 1000000)
                return false;
        *ret_ms = total;
        return true;
}

/* One number with its unit; s goes on behind it. */
static bool take_go_unit(Str *s, double *ret_ns)
{
        static const struct {
                const char *name;
                double ns;
        } units[] = {
                { "h", 3600e9 }, { "ms", 1e6 },      { "m", 60e9 },      { "s", 1e9 },
                { "us", 1e3 },   { "\u00b5s", 1e3 }, { "\u03bcs", 1e3 }, { "ns", 1 },
        };
        double v = 0;
        double scale = 1;
        size_t digits = 0;
        bool point = false;
        size_t i = 0;
        for (; i < s->n && ((s->p[i] >= '0' && s->p[i] <= '9') || (s->p[i] == '.' && !point)); i++) {
                if (s->p[i] == '.') {
                        point = true;
                        continue;
                }
                v = v * 10 + (s->p[i] - '0');
                scale *= point ? 10 : 1;
                digits++;
        }
        *s = str_sub(*s, i, s->n);
        for (size_t k = 0; digits && k < ARRAY_LEN(units); k++)
                if (str_starts(*s, str_of(units[k].name))) {
                        *ret_ns = v / scale * units[k].ns;
                        *s = str_sub(*s, strlen(units[k].name), s->n);
                        return true;
                }
        return false;
}

bool duration_parse_go(Str s, int64_t *ret_ns)
{
        bool negative = s.n && s.p[0] == '-';
        double total = 0;
        if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
                s = str_sub(s, 1, s.n);
        if (!s.n)
                return false;
        if (str_eq(s, STR("0")))
                s.n = 0;
        while (s.n) {
                double ns;
                if (!take_go_unit(&s, &ns))
                        return false;
                total += ns;
        }
        if (!(total < 0x1p63))
                return false;
        *ret_ns = negative ? -(int64_t)total : (int64_t)total;
        return true;
}

void duration_format(Buf *out, int64_t ms)
{
        if (ms == 0) {
                buf_lit(out, "0s");
                return;
        }
        if (ms < 0)
                buf_char(out, '-');
        uint64_t left = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
        for (size_t i = 0; i < ARRAY_LEN(UNITS); i++) {
                uint64_t unit = (uint64_t)UNITS[i].ms;
                if (left < unit || (UNITS[i].whole_only && left % unit != 0))
                        continue;
                buf_u64(out, left / unit);
                buf_cstr_add(out, UNITS[i].name);
                left %= unit;
        }
}
