/* gotmpl/tmpl_time.c: layouts, read in both directions from one table of their parts. */
#include "gotmpl/tmpl_time.h"

#include <string.h>

#include "gotmpl/tmpl_civil.h"

/* ---- layouts */

typedef enum Std {
        STD_LONG_MONTH,
        STD_MONTH,
        STD_NUM_MONTH,
        STD_ZERO_MONTH,
        STD_LONG_WEEKDAY,
        STD_WEEKDAY,
        STD_DAY,
        STD_UNDER_DAY,
        STD_ZERO_DAY,
        STD_UNDER_YEARDAY,
        STD_ZERO_YEARDAY,
        STD_HOUR,
        STD_HOUR12,
        STD_ZERO_HOUR12,
        STD_MINUTE,
        STD_ZERO_MINUTE,
        STD_SECOND,
        STD_ZERO_SECOND,
        STD_LONG_YEAR,
        STD_YEAR,
        STD_PM,
        STD_LOWER_PM,
        STD_TZ,
        STD_ISO_TZ,
        STD_ISO_SECONDS_TZ,
        STD_ISO_SHORT_TZ,
        STD_ISO_COLON_TZ,
        STD_ISO_COLON_SECONDS_TZ,
        STD_NUM_TZ,
        STD_NUM_SECONDS_TZ,
        STD_NUM_SHORT_TZ,
        STD_NUM_COLON_TZ,
        STD_NUM_COLON_SECONDS_TZ,
} Std;

static const struct {
        const char *text;
        Std std;
} stds[] = {
        /* the longer before what it starts with */
        { "January", STD_LONG_MONTH },
        { "Jan", STD_MONTH },
        { "Monday", STD_LONG_WEEKDAY },
        { "Mon", STD_WEEKDAY },
        { "MST", STD_TZ },
        { "002", STD_ZERO_YEARDAY },
        { "01", STD_ZERO_MONTH },
        { "02", STD_ZERO_DAY },
        { "03", STD_ZERO_HOUR12 },
        { "04", STD_ZERO_MINUTE },
        { "05", STD_ZERO_SECOND },
        { "06", STD_YEAR },
        { "15", STD_HOUR },
        { "1", STD_NUM_MONTH },
        { "2006", STD_LONG_YEAR },
        { "2", STD_DAY },
        { "__2", STD_UNDER_YEARDAY },
        { "_2", STD_UNDER_DAY },
        { "3", STD_HOUR12 },
        { "4", STD_MINUTE },
        { "5", STD_SECOND },
        { "PM", STD_PM },
        { "pm", STD_LOWER_PM },
        { "-070000", STD_NUM_SECONDS_TZ },
        { "-07:00:00", STD_NUM_COLON_SECONDS_TZ },
        { "-0700", STD_NUM_TZ },
        { "-07:00", STD_NUM_COLON_TZ },
        { "-07", STD_NUM_SHORT_TZ },
        { "Z070000", STD_ISO_SECONDS_TZ },
        { "Z07:00:00", STD_ISO_COLON_SECONDS_TZ },
        { "Z0700", STD_ISO_TZ },
        { "Z07:00", STD_ISO_COLON_TZ },
        { "Z07", STD_ISO_SHORT_TZ },
};

static void print_offset(Buf *out, const TmplCivil *c, Std std)
{
        bool iso = std >= STD_ISO_TZ && std <= STD_ISO_COLON_SECONDS_TZ;
        if (iso && c->offset_s == 0) {
                buf_char(out, 'Z');
                return;
        }
        bool colon = std == STD_ISO_COLON_TZ || std == STD_ISO_COLON_SECONDS_TZ || std == STD_NUM_COLON_TZ ||
                     std == STD_NUM_COLON_SECONDS_TZ;
        bool seconds = std == STD_ISO_SECONDS_TZ || std == STD_ISO_COLON_SECONDS_TZ || std == STD_NUM_SECONDS_TZ ||
                       std == STD_NUM_COLON_SECONDS_TZ;
        bool only_hours = std == STD_ISO_SHORT_TZ || std == STD_NUM_SHORT_TZ;
        int32_t o = c->offset_s < 0 ? -c->offset_s : c->offset_s;
        buf_printf(out, "%c%02d", c->offset_s < 0 ? '-' : '+', o / 3600);
        if (!only_hours)
                buf_printf(out, "%s%02d", colon ? ":" : "", o / 60 % 60);
        if (seconds)
                buf_printf(out, "%s%02d", colon ? ":" : "", o % 60);
}

static void print_std(Buf *out, const TmplCivil *c, Std std)
{
        int hour12 = c->hour % 12 ? c->hour % 12 : 12;
        switch ((int)std) {
        case STD_LONG_MONTH: buf_cstr_add(out, tmpl_civil_months[c->month - 1]); break;
        case STD_MONTH: buf_add(out, tmpl_civil_months[c->month - 1], 3); break;
        case STD_NUM_MONTH: buf_i64(out, c->month); break;
        case STD_ZERO_MONTH: buf_printf(out, "%02d", c->month); break;
        case STD_LONG_WEEKDAY: buf_cstr_add(out, tmpl_civil_weekdays[c->weekday]); break;
        case STD_WEEKDAY: buf_add(out, tmpl_civil_weekdays[c->weekday], 3); break;
        case STD_DAY: buf_i64(out, c->day); break;
        case STD_UNDER_DAY: buf_printf(out, "%2d", c->day); break;
        case STD_ZERO_DAY: buf_printf(out, "%02d", c->day); break;
        case STD_UNDER_YEARDAY: buf_printf(out, "%3d", c->yearday); break;
        case STD_ZERO_YEARDAY: buf_printf(out, "%03d", c->yearday); break;
        case STD_HOUR: buf_printf(out, "%02d", c->hour); break;
        case STD_HOUR12: buf_i64(out, hour12); break;
        case STD_ZERO_HOUR12: buf_printf(out, "%02d", hour12); break;
        case STD_MINUTE: buf_i64(out, c->minute); break;
        case STD_ZERO_MINUTE: buf_printf(out, "%02d", c->minute); break;
        case STD_SECOND: buf_i64(out, c->second); break;
        case STD_ZERO_SECOND: buf_printf(out, "%02d", c->second); break;
        case STD_LONG_YEAR: buf_printf(out, "%04lld", (long long)c->year); break;
        case STD_YEAR: buf_printf(out, "%02d", (int)(c->year % 100)); break;
        case STD_PM: buf_cstr_add(out, c->hour >= 12 ? "PM" : "AM"); break;
        case STD_LOWER_PM: buf_cstr_add(out, c->hour >= 12 ? "pm" : "am"); break;
        case STD_TZ:
                if (c->zone[0])
                        buf_cstr_add(out, c->zone);
                else
                        print_offset(out, c, STD_NUM_TZ);
                break;
        default: print_offset(out, c, std);
        }
}

/* ".000" or ",999": a fraction of a second, when no digit follows. Returns its length, or 0. */
static size_t fraction(Str s)
{
        if (s.n < 2 || (s.p[0] != '.' && s.p[0] != ',') || (s.p[1] != '0' && s.p[1] != '9'))
                return 0;
        size_t n = 1;
        while (n < s.n && s.p[n] == s.p[1])
                n++;
        return n < s.n && s.p[n] >= '0' && s.p[n] <= '9' ? 0 : n;
}

static void print_fraction(Buf *out, const TmplCivil *c, Str s)
{
        char digits[16];
        for (int i = 8, v = c->ns; i >= 0; i--, v /= 10)
                digits[i] = (char)('0' + v % 10);
        size_t n = MIN_OF(s.n - 1, 9);
        if (s.p[1] == '9') {
                while (n && digits[n - 1] == '0')
                        n--;
                if (n == 0)
                        return;
        }
        buf_char(out, s.p[0]);
        buf_add(out, digits, n);
}

/* Which element of a layout stands in front of rest; ARRAY_LEN(stds): none. "_2006" is an underscore and a year; "Jan" of
 * "Janet" is no month. */
static size_t std_at(Str rest)
{
        size_t i = 0;
        while (i < ARRAY_LEN(stds) &&
               (!str_starts(rest, str_of(stds[i].text)) ||
                (stds[i].std == STD_UNDER_DAY && str_starts(rest, STR("_2006"))) ||
                (stds[i].std == STD_MONTH && rest.n > 3 && rest.p[3] >= 'a' && rest.p[3] <= 'z') ||
                (stds[i].std == STD_WEEKDAY && rest.n > 3 && rest.p[3] >= 'a' && rest.p[3] <= 'z')))
                i++;
        return i;
}

void tmpl_time_format(Buf *out, const TmplValue *time, Str layout)
{
        TmplCivil c = tmpl_civil_of(time);
        for (size_t at = 0; at < layout.n;) {
                Str rest = str_sub(layout, at, layout.n);
                size_t n = fraction(rest);
                if (n) {
                        print_fraction(out, &c, str_sub(rest, 0, n));
                        at += n;
                        continue;
                }
                size_t i = std_at(rest);
                if (i == ARRAY_LEN(stds)) {
                        buf_char(out, layout.p[at++]);
                        continue;
                }
                print_std(out, &c, stds[i].std);
                at += strlen(stds[i].text);
        }
}

/* ---- reading */

typedef struct Reading {
        Str rest; /* of the text */
        Str zone; /* its name, where the text has one */
        TmplCivil c;
        bool pm, has_pm;
} Reading;

/* least to most digits, the number within bounds. */
static bool read_digits(Reading *r, size_t least, size_t most, int low, int high, int *ret)
{
        int v = 0;
        size_t n = 0;
        while (n < most && n < r->rest.n && r->rest.p[n] >= '0' && r->rest.p[n] <= '9')
                v = v * 10 + (r->rest.p[n++] - '0');
        if (n < least || v < low || v > high)
                return false;
        r->rest = str_sub(r->rest, n, r->rest.n);
        *ret = v;
        return true;
}

/* One of the names, long or by its first three letters, in any case. */
static bool read_name(Reading *r, const char *const *names, int n, bool whole, int *ret)
{
        for (int i = 0; i < n; i++) {
                size_t len = whole ? strlen(names[i]) : 3;
                if (!str_eq_fold(str_sub(r->rest, 0, len), str_n(names[i], len)))
                        continue;
                r->rest = str_sub(r->rest, len, r->rest.n);
                *ret = i;
                return true;
        }
        return false;
}

/* A fraction, also behind seconds whose layout has none. */
static void read_fraction(Reading *r)
{
        int32_t scale = 100000000;
        size_t n = 1;
        if (r->rest.n < 2 || (r->rest.p[0] != '.' && r->rest.p[0] != ',') || r->rest.p[1] < '0' || r->rest.p[1] > '9')
                return;
        for (; n < r->rest.n && r->rest.p[n] >= '0' && r->rest.p[n] <= '9'; n++, scale /= 10)
                r->c.ns += (r->rest.p[n] - '0') * scale;
        r->rest = str_sub(r->rest, n, r->rest.n);
}

static bool read_offset(Reading *r, Std std)
{
        bool iso = std >= STD_ISO_TZ && std <= STD_ISO_COLON_SECONDS_TZ;
        bool colon = std == STD_ISO_COLON_TZ || std == STD_ISO_COLON_SECONDS_TZ || std == STD_NUM_COLON_TZ ||
                     std == STD_NUM_COLON_SECONDS_TZ;
        bool seconds = std == STD_ISO_SECONDS_TZ || std == STD_ISO_COLON_SECONDS_TZ || std == STD_NUM_SECONDS_TZ ||
                       std == STD_NUM_COLON_SECONDS_TZ;
        int parts = std == STD_ISO_SHORT_TZ || std == STD_NUM_SHORT_TZ ? 1 : seconds ? 3 : 2;
        int v[3] = { 0 };
        if (r->rest.n == 0)
                return false;
        char sign = r->rest.p[0];
        r->rest = str_sub(r->rest, 1, r->rest.n);
        if (iso && sign == 'Z')
                return true;
        for (int i = 0; i < parts; i++) {
                if (i && colon) {
                        if (!str_starts(r->rest, STR(":")))
                                return false;
                        r->rest = str_sub(r->rest, 1, r->rest.n);
                }
                if (!read_digits(r, 2, 2, 0, i ? 59 : 24, &v[i]))
                        return false;
        }
        r->c.offset_s = (v[0] * 3600 + v[1] * 60 + v[2]) * (sign == '-' ? -1 : 1);
        return sign == '+' || sign == '-';
}

static bool read_number(Reading *r, Std std)
{
        const struct {
                Std std;
                unsigned char least, most;
                short low, high;
                int *to;
        } numbers[] = {
                { STD_NUM_MONTH, 1, 2, 1, 12, &r->c.month },
                { STD_ZERO_MONTH, 2, 2, 1, 12, &r->c.month },
                { STD_DAY, 1, 2, 1, 31, &r->c.day },
                { STD_UNDER_DAY, 1, 2, 1, 31, &r->c.day },
                { STD_ZERO_DAY, 2, 2, 1, 31, &r->c.day },
                { STD_UNDER_YEARDAY, 1, 3, 1, 366, &r->c.yearday },
                { STD_ZERO_YEARDAY, 3, 3, 1, 366, &r->c.yearday },
                { STD_HOUR, 1, 2, 0, 23, &r->c.hour },
                { STD_HOUR12, 1, 2, 0, 12, &r->c.hour },
                { STD_ZERO_HOUR12, 2, 2, 0, 12, &r->c.hour },
                { STD_MINUTE, 1, 2, 0, 59, &r->c.minute },
                { STD_ZERO_MINUTE, 2, 2, 0, 59, &r->c.minute },
                { STD_SECOND, 1, 2, 0, 59, &r->c.second },
                { STD_ZERO_SECOND, 2, 2, 0, 59, &r->c.second },
        };
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
                if (numbers[i].std == std)
                        return read_digits(r, numbers[i].least, numbers[i].most, numbers[i].low, numbers[i].high,
                                           numbers[i].to);
        return false;
}

static bool read_half_of_day(Reading *r, bool upper)
{
        r->has_pm = true;
        r->pm = str_starts(r->rest, upper ? STR("PM") : STR("pm"));
        if (!r->pm && !str_starts(r->rest, upper ? STR("AM") : STR("am")))
                return false;
        r->rest = str_sub(r->rest, 2, r->rest.n);
        return true;
}

static bool read_std(Reading *r, Std std)
{
        int v = 0;
        bool ok;
        while ((std == STD_UNDER_DAY || std == STD_UNDER_YEARDAY) && str_starts(r->rest, STR(" ")))
                r->rest = str_sub(r->rest, 1, r->rest.n);
        switch ((int)std) {
        case STD_LONG_MONTH:
        case STD_MONTH:
                ok = read_name(r, tmpl_civil_months, 12, std == STD_LONG_MONTH, &v);
                r->c.month = v + 1;
                return ok;
        case STD_LONG_WEEKDAY:
        case STD_WEEKDAY: return read_name(r, tmpl_civil_weekdays, 7, std == STD_LONG_WEEKDAY, &v);
        case STD_LONG_YEAR:
                ok = read_digits(r, 4, 4, 0, 9999, &v);
                r->c.year = v;
                return ok;
        case STD_YEAR:
                ok = read_digits(r, 2, 2, 0, 99, &v);
                r->c.year = v + (v >= 69 ? 1900 : 2000);
                return ok;
        case STD_PM:
        case STD_LOWER_PM: return read_half_of_day(r, std == STD_PM);
        case STD_TZ: /* three letters: only UTC has an offset that is known here */
                ok = r->rest.n >= 3;
                r->zone = str_sub(r->rest, 0, 3);
                r->rest = str_sub(r->rest, MIN_OF(r->rest.n, (size_t)3), r->rest.n);
                return ok;
        default: return std >= STD_ISO_TZ ? read_offset(r, std) : read_number(r, std);
        }
}

static bool read_literal(Reading *r, char c)
{
        if (c == ' ') { /* one stands for any number, also for none at the end */
                if (r->rest.n && r->rest.p[0] != ' ')
                        return false;
                while (r->rest.n && r->rest.p[0] == ' ')
                        r->rest = str_sub(r->rest, 1, r->rest.n);
                return true;
        }
        if (!r->rest.n || r->rest.p[0] != c)
                return false;
        r->rest = str_sub(r->rest, 1, r->rest.n);
        return true;
}

static bool take_reading(Reading *r, Arena *arena, TmplValue *ret)
{
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        TmplCivil *c = &r->c;
        bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
        if (r->has_pm && r->pm && c->hour < 12)
                c->hour += 12;
        else if (r->has_pm && !r->pm && c->hour == 12)
                c->hour = 0;
        if (c->yearday) {
                c->month = 1;
                c->day = c->yearday;
        } else if (c->day > lengths[c->month - 1] + (c->month == 2 && leap)) {
                return false;
        }
        int64_t s = tmpl_civil_days(c->year, c->month, c->day) * 86400 + (int64_t)c->hour * 3600 +
                    (int64_t)c->minute * 60 + c->second - c->offset_s;
        *ret = tmpl_time(s, (uint32_t)c->ns);
        if (c->offset_s || (r->zone.n && !str_eq(r->zone, STR("UTC")))) {
                TmplZone *zone = arena_new_of(arena, TmplZone);
                *zone = (TmplZone){ .offset_s = c->offset_s };
                if (r->zone.n)
                        memcpy(zone->abbreviation, r->zone.p, r->zone.n);
                ret->opaque = zone;
        }
        return true;
}

bool tmpl_time_parse(Str layout, Str text, Arena *arena, TmplValue *ret)
{
        Reading r = { .rest = text, .c = { .year = 0, .month = 1, .day = 1 } };
        for (size_t at = 0; at < layout.n;) {
                Str rest = str_sub(layout, at, layout.n);
                size_t n = fraction(rest);
                if (n) {
                        read_fraction(&r);
                        at += n;
                        continue;
                }
                size_t i = std_at(rest);
                if (i == ARRAY_LEN(stds)) {
                        if (!read_literal(&r, layout.p[at++]))
                                return false;
                        continue;
                }
                if (!read_std(&r, stds[i].std))
                        return false;
                at += strlen(stds[i].text);
                if ((stds[i].std == STD_SECOND || stds[i].std == STD_ZERO_SECOND) &&
                    !fraction(str_sub(layout, at, layout.n)))
                        read_fraction(&r);
        }
        return r.rest.n == 0 && take_reading(&r, arena, ret);
}

void tmpl_time_print(Buf *out, const TmplValue *time)
{
        tmpl_time_format(out, time, STR("2006-01-02 15:04:05.999999999 -0700 MST"));
}

void tmpl_time_print_go(Buf *out, const TmplValue *time)
{
        TmplCivil c = tmpl_civil_of(time);
        buf_printf(out, "time.Date(%lld, time.%s, %d, %d, %d, %d, %d, ", (long long)c.year,
                   tmpl_civil_months[c.month - 1], c.day, c.hour, c.minute, c.second, c.ns);
        if (time->opaque)
                buf_printf(out, "time.Location(\"%s\"))", c.zone);
        else
                buf_lit(out, "time.UTC)");
}

/* Prints u / unit with its fraction, without trailing zeros. */
static void print_units(Buf *out, uint64_t u, uint64_t unit, const char *suffix)
{
        buf_u64(out, u / unit);
        uint64_t rest = u % unit;
        if (rest) {
                buf_char(out, '.');
                for (uint64_t scale = unit / 10; rest; scale /= 10) {
                        buf_char(out, (char)('0' + rest / scale));
                        rest %= scale;
                }
        }
        buf_cstr_add(out, suffix);
}

void tmpl_time_print_duration(Buf *out, int64_t ns)
{
        uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
        if (ns < 0)
                buf_char(out, '-');
        if (u == 0)
                buf_lit(out, "0s");
        else if (u < 1000)
                print_units(out, u, 1, "ns");
        else if (u < 1000000)
                print_units(out, u, 1000, "µs");
        else if (u < TMPL_CIVIL_NS_PER_S)
                print_units(out, u, 1000000, "ms");
        else {
                uint64_t minutes = u / (60 * TMPL_CIVIL_NS_PER_S), hours = minutes / 60;
                if (hours)
                        buf_printf(out, "%lluh", (unsigned long long)hours);
                if (minutes)
                        buf_printf(out, "%llum", (unsigned long long)(minutes % 60));
                print_units(out, u % (60 * TMPL_CIVIL_NS_PER_S), TMPL_CIVIL_NS_PER_S, "s");
        }
}
