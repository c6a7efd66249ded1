/* A TZif file has the moments at which the offset changes and, behind them, a rule in the form of the POSIX TZ variable
 * for all later times. Both are read; leap seconds are not.
 *
 * Invariants:
 * 1. Every index and count of a file is checked against its size before it is used.
 * 2. A name never leaves the tz database: no dots, no leading slash. */
#include "os/zone.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "os/file.h"

enum { HEADER_BYTES = 44, SECONDS_A_DAY = 86400, LONGEST_NAME_BYTES = 200 };

typedef struct ZoneType {
        int32_t offset_s;
        char abbreviation[ZONE_ABBREVIATION_BYTES];
} ZoneType;

/* When a half of the year begins, of a POSIX rule. */
typedef struct ZoneChange {
        char form; /* 'M' month.week.day, 'J' day without leap days, 'N' day with them */
        int month, week, day;
        int32_t at_s; /* of the day, by the clock before the change */
} ZoneChange;

struct Zone {
        size_t n, n_types;
        const int64_t *at; /* ascending */
        const unsigned char *type;
        ZoneType *types;
        bool has_rule, has_summer;
        ZoneType standard, summer;
        ZoneChange begin, end; /* of summer */
};

/* ---- calendar ---- */

static int64_t days_from_civil(int64_t y, int m, int d)
{
        y -= m <= 2;
        int64_t era = (y >= 0 ? y : y - 399) / 400;
        int64_t yoe = y - era * 400;
        int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
        int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        return era * 146097 + doe - 719468;
}

static bool is_leap(int64_t y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

static int month_days(int64_t y, int m)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        return days[m - 1] + (m == 2 && is_leap(y));
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static ZoneCivil civil_of(int64_t local_s)
{
        int64_t days = floor_div(local_s, SECONDS_A_DAY);
        int64_t z = days + 719468;
        int64_t era = floor_div(z, 146097);
        int64_t doe = z - era * 146097;
        int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        int64_t mp = (5 * doy + 2) / 153;
        ZoneCivil c = { .day = (int)(doy - (153 * mp + 2) / 5 + 1), .month = (int)(mp < 10 ? mp + 3 : mp - 9) };
        c.year = yoe + era * 400 + (c.month <= 2);
        c.weekday = (int)((days % 7 + 11) % 7);
        c.minute = (int)((local_s - days * SECONDS_A_DAY) / 60);
        c.month_days = month_days(c.year, c.month);
        return c;
}

/* ---- the rule behind the last change ---- */

static bool rule_name(Str *s, char *ret)
{
        size_t n = 0;
        bool quoted = s->n && s->p[0] == '<';
        for (size_t i = quoted; i < s->n; i++) {
                char c = s->p[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                if (quoted ? c == '>' : !letter)
                        break;
                if (n + 1 < ZONE_ABBREVIATION_BYTES)
                        ret[n++] = c;
        }
        size_t used = n + (quoted ? 2 : 0);
        if (n < 3 || used > s->n || (quoted && s->p[used - 1] != '>'))
                return false;
        ret[n] = 0;
        *s = str_sub(*s, used, s->n);
        return true;
}

static bool rule_number(Str *s, int max, int *ret)
{
        int v = 0;
        size_t i = 0;
        for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9' && v <= max; i++)
                v = v * 10 + (s->p[i] - '0');
        *s = str_sub(*s, i, s->n);
        *ret = v;
        return i && v <= max;
}

static bool rule_char(Str *s, char c)
{
        if (!s->n || s->p[0] != c)
                return false;
        *s = str_sub(*s, 1, s->n);
        return true;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(Str *s, int32_t *ret)
{
        bool minus = rule_char(s, '-');
        int parts[3] = { 0 };
        if (!minus)
                rule_char(s, '+');
        if (!rule_number(s, 167, &parts[0]))
                return false;
        for (int i = 1; i < 3 && rule_char(s, ':'); i++)
                if (!rule_number(s, 59, &parts[i]))
                        return false;
        int32_t v = parts[0] * 3600 + parts[1] * 60 + parts[2];
        *ret = minus ? -v : v;
        return true;
}

static bool rule_change(Str *s, ZoneChange *ret)
{
        *ret = (ZoneChange){ .at_s = 7200 };
        if (!rule_char(s, ','))
                return false;
        if (rule_char(s, 'M')) {
                ret->form = 'M';
                if (!rule_number(s, 12, &ret->month) || !ret->month || !rule_char(s, '.') ||
                    !rule_number(s, 5, &ret->week) || !ret->week || !rule_char(s, '.') || !rule_number(s, 6, &ret->day))
                        return false;
        } else {
                ret->form = rule_char(s, 'J') ? 'J' : 'N';
                if (!rule_number(s, 365 + (ret->form == 'J'), &ret->day))
                        return false;
        }
        return !rule_char(s, '/') || rule_time(s, &ret->at_s);
}

static bool parse_rule(Str s, Zone *z)
{
        if (!rule_name(&s, z->standard.abbreviation) || !rule_time(&s, &z->standard.offset_s))
                return false;
        z->standard.offset_s = -z->standard.offset_s; /* POSIX counts west */
        if (!s.n)
                return true;
        if (!rule_name(&s, z->summer.abbreviation))
                return false;
        z->summer.offset_s = z->standard.offset_s + 3600;
        if (s.n && s.p[0] != ',') {
                if (!rule_time(&s, &z->summer.offset_s))
                        return false;
                z->summer.offset_s = -z->summer.offset_s;
        }
        z->has_summer = rule_change(&s, &z->begin) && rule_change(&s, &z->end) && !s.n;
        return z->has_summer;
}

/* Seconds since 1970 by the clock before the change, as if it were UTC. */
static int64_t change_in(const ZoneChange *c, int64_t year)
{
        int64_t first = days_from_civil(year, 1, 1);
        int64_t day = first + c->day;
        if (c->form == 'J') {
                day = first + c->day - 1 + (is_leap(year) && c->day >= 60);
        } else if (c->form == 'M') {
                int64_t month_first = days_from_civil(year, c->month, 1);
                int weekday = (int)((month_first % 7 + 11) % 7);
                int64_t in_month = (c->day - weekday + 7) % 7 + (int64_t)(c->week - 1) * 7;
                if (in_month >= month_days(year, c->month))
                        in_month -= 7;
                day = month_first + in_month;
        }
        return day * SECONDS_A_DAY + c->at_s;
}

static const ZoneType *by_rule(const Zone *z, int64_t unix_s)
{
        if (!z->has_summer)
                return &z->standard;
        int64_t year = civil_of(unix_s + z->standard.offset_s).year;
        int64_t begin = change_in(&z->begin, year) - z->standard.offset_s;
        int64_t end = change_in(&z->end, year) - z->summer.offset_s;
        bool summer = begin < end ? unix_s >= begin && unix_s < end : unix_s >= begin || unix_s < end;
        return summer ? &z->summer : &z->standard;
}

/* ---- the file ---- */

static int64_t big_endian(const char *p, int bytes)
{
        uint64_t v = 0;
        for (int i = 0; i < bytes; i++)
                v = v << 8 | (unsigned char)p[i];
        return bytes == 4 ? (int32_t)v : (int64_t)v;
}

typedef struct ZoneCounts {
        size_t utc, std, leap, times, types, chars;
} ZoneCounts;

static bool read_header(Str s, ZoneCounts *ret)
{
        if (s.n < HEADER_BYTES || memcmp(s.p, "TZif", 4) != 0)
                return false;
        size_t *const fields[] = { &ret->utc, &ret->std, &ret->leap, &ret->times, &ret->types, &ret->chars };
        for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
                *fields[i] = (uint32_t)big_endian(s.p + 20 + 4 * i, 4);
                if (*fields[i] > ZONE_MAX_FILE_BYTES)
                        return false;
        }
        return true;
}

static size_t body_bytes(const ZoneCounts *c, size_t time_bytes)
{
        return c->times * (time_bytes + 1) + c->types * 6 + c->chars + c->leap * (time_bytes + 4) + c->std + c->utc;
}

static bool read_body(Str s, const ZoneCounts *c, int time_bytes, Arena *arena, Zone *z)
{
        if (s.n < body_bytes(c, (size_t)time_bytes) || !c->types || c->types > 256)
                return false;
        int64_t *at = arena_array(arena, int64_t, c->times);
        unsigned char *type = arena_array(arena, unsigned char, c->times);
        const char *p = s.p;
        for (size_t i = 0; i < c->times; i++, p += time_bytes) {
                at[i] = big_endian(p, time_bytes);
                if (i && at[i] < at[i - 1])
                        return false;
        }
        for (size_t i = 0; i < c->times; i++) {
                type[i] = (unsigned char)*p++;
                if (type[i] >= c->types)
                        return false;
        }
        const char *names = p + c->types * 6;
        z->types = arena_array(arena, ZoneType, c->types);
        for (size_t i = 0; i < c->types; i++, p += 6) {
                z->types[i].offset_s = (int32_t)big_endian(p, 4);
                size_t from = (unsigned char)p[5];
                if (z->types[i].offset_s < -SECONDS_A_DAY * 2 || z->types[i].offset_s > SECONDS_A_DAY * 2)
                        return false;
                for (size_t k = 0; k + 1 < ZONE_ABBREVIATION_BYTES && from + k < c->chars && names[from + k]; k++)
                        z->types[i].abbreviation[k] = names[from + k];
        }
        z->n = c->times;
        z->n_types = c->types;
        z->at = at;
        z->type = type;
        return true;
}

bool zone_parse(Str bytes, Arena *arena, const Zone **ret, Err *err)
{
        Zone *z = arena_new_of(arena, Zone);
        ZoneCounts c;
        bool ok = read_header(bytes, &c);
        if (ok && bytes.p[4] >= '2') { /* the second block has 64-bit times, and a rule behind it */
                bytes = str_sub(bytes, HEADER_BYTES + body_bytes(&c, 4), bytes.n);
                ok = read_header(bytes, &c);
                bytes = str_sub(bytes, HEADER_BYTES, bytes.n);
                ok = ok && read_body(bytes, &c, 8, arena, z);
                if (ok) {
                        Str footer = str_trim(str_sub(bytes, body_bytes(&c, 8), bytes.n));
                        z->has_rule = footer.n && parse_rule(footer, z);
                }
        } else if (ok) {
                ok = read_body(str_sub(bytes, HEADER_BYTES, bytes.n), &c, 4, arena, z);
        }
        if (!ok)
                return err_set(err, ERR_CORRUPT, "not a time zone file");
        *ret = z;
        return true;
}

static bool is_zone_name(Str name)
{
        for (size_t i = 0; i < name.n; i++) {
                char c = name.p[i];
                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      (c && strchr("_+-/", c))))
                        return false;
        }
        return name.n && name.n <= LONGEST_NAME_BYTES && name.p[0] != '/';
}

static bool load_path(const char *path, Arena *arena, const Zone **ret, Err *err)
{
        Buf bytes = { .arena = arena };
        return file_read_all(fs_system(), path, ZONE_MAX_FILE_BYTES, &bytes, err) &&
               zone_parse(buf_str(&bytes), arena, ret, err);
}

static bool load_local(Arena *arena, const Zone **ret, Err *err)
{
        const char *tz = getenv("TZ");
        if (tz && tz[0] == ':')
                tz++;
        if (tz && tz[0] == '/')
                return load_path(tz, arena, ret, err);
        if (tz)
                return zone_load(str_of(tz), arena, ret, err);
        if (!load_path("/etc/localtime", arena, ret, err))
                *ret = NULL; /* no file means UTC */
        return true;
}

/* The folder alone may be there, of another package. */
static bool has_zones(const char *dir)
{
        static const char *const any[] = { "UTC", "Etc/UTC", "Europe/London" };
        for (size_t i = 0; i < ARRAY_LEN(any); i++) {
                char path[LONGEST_NAME_BYTES + 64];
                snprintf(path, sizeof path, "%s/%s", dir, any[i]);
                if (access(path, R_OK) == 0)
                        return true;
        }
        return false;
}

bool zone_load(Str name, Arena *arena, const Zone **ret, Err *err)
{
        if (!name.n || str_eq(name, STR("UTC"))) {
                *ret = NULL;
                return true;
        }
        if (str_eq(name, STR("Local")))
                return load_local(arena, ret, err);
        if (!is_zone_name(name))
                return err_set(err, ERR_NOT_FOUND, "unknown time zone " STR_FMT, STR_ARG(str_sub(name, 0, 100)));
        static const char *const dirs[] = { "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo" };
        for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
                char path[LONGEST_NAME_BYTES + 64];
                Err ignored;
                snprintf(path, sizeof path, "%s/" STR_FMT, dirs[i], STR_ARG(name));
                if (load_path(path, arena, ret, &ignored))
                        return true;
        }
        for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
                if (has_zones(dirs[i]))
                        return err_set(err, ERR_NOT_FOUND,
                                       "unknown time zone " STR_FMT " (zones come from the system's tzdata)",
                                       STR_ARG(name));
        return err_set(err, ERR_NOT_FOUND,
                       "time zone " STR_FMT
                       " cannot be looked up: this machine has no table of zones in %s. Install the "
                       "package tzdata, or write the times in UTC",
                       STR_ARG(name), dirs[0]);
}

/* ---- asking ---- */

static const ZoneType *type_at(const Zone *z, int64_t unix_s)
{
        if (z->n == 0 || (unix_s >= z->at[z->n - 1] && z->has_rule))
                return z->has_rule ? by_rule(z, unix_s) : &z->types[0];
        if (unix_s < z->at[0])
                return &z->types[0];
        size_t low = 0;
        size_t high = z->n; /* at[low] <= unix_s < at[high] */
        while (high - low > 1) {
                size_t mid = (low + high) / 2;
                *(z->at[mid] <= unix_s ? &low : &high) = mid;
        }
        return &z->types[z->type[low]];
}

int32_t zone_offset(const Zone *z, int64_t unix_s, char ret_abbreviation[ZONE_ABBREVIATION_BYTES])
{
        static const ZoneType utc = { .abbreviation = "UTC" };
        const ZoneType *type = z ? type_at(z, unix_s) : &utc;
        if (ret_abbreviation)
                memcpy(ret_abbreviation, type->abbreviation, ZONE_ABBREVIATION_BYTES);
        return type->offset_s;
}

ZoneCivil zone_civil(const Zone *z, int64_t unix_s) { return civil_of(unix_s + zone_offset(z, unix_s, NULL)); }
