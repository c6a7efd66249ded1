#include "base/rfc3339.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

void rfc3339_format(Buf *out, int64_t t_ms)
{
        if (t_ms == 0) {
                buf_lit(out, "0001-01-01T00:00:00Z");
                return;
        }
        int ms = (int)((t_ms % 1000 + 1000) % 1000);
        time_t seconds = (time_t)((t_ms - ms) / 1000);
        struct tm tm;
        char text[80];
        gmtime_r(&seconds, &tm);
        int n = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                         tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        if (ms) {
                n += snprintf(text + n, sizeof text - (size_t)n, ".%03d", ms);
                while (text[n - 1] == '0')
                        n--;
        }
        buf_add(out, text, (size_t)n);
        buf_char(out, 'Z');
}

static bool digits(Str s, size_t at, size_t n, int *ret)
{
        *ret = 0;
        for (size_t i = at; i < at + n; i++) {
                if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
                        return false;
                *ret = *ret * 10 + (s.p[i] - '0');
        }
        return true;
}

static bool parse_zone(Str s, size_t at, int64_t *ret_offset_s)
{
        int hours;
        int minutes;
        *ret_offset_s = 0;
        if (at + 1 == s.n && s.p[at] == 'Z')
                return true;
        if (at + 6 != s.n || (s.p[at] != '+' && s.p[at] != '-') || s.p[at + 3] != ':' ||
            !digits(s, at + 1, 2, &hours) || !digits(s, at + 4, 2, &minutes) || hours > 23 || minutes > 59)
                return false;
        int64_t offset_s = (int64_t)hours * 3600 + (int64_t)minutes * 60;
        *ret_offset_s = s.p[at] == '-' ? -offset_s : offset_s;
        return true;
}

static int days_in(int year, int month)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return days[month - 1] + (month == 2 && leap);
}

bool rfc3339_parse(Str s, int64_t *ret_ms)
{
        struct tm tm = { 0 };
        if (s.n < 20 || s.p[4] != '-' || s.p[7] != '-' || s.p[10] != 'T' || s.p[13] != ':' || s.p[16] != ':')
                return false;
        if (!digits(s, 0, 4, &tm.tm_year) || !digits(s, 5, 2, &tm.tm_mon) || !digits(s, 8, 2, &tm.tm_mday) ||
            !digits(s, 11, 2, &tm.tm_hour) || !digits(s, 14, 2, &tm.tm_min) || !digits(s, 17, 2, &tm.tm_sec))
                return false;
        if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > days_in(tm.tm_year, tm.tm_mon) ||
            tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
                return false;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        size_t at = 19;
        double fraction = 0;
        if (s.p[at] == '.') {
                double scale = 0.1;
                if (at + 1 == s.n || s.p[at + 1] < '0' || s.p[at + 1] > '9')
                        return false;
                for (at++; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++) {
                        fraction += (s.p[at] - '0') * scale;
                        scale /= 10;
                }
        }
        int64_t offset_s;
        if (!parse_zone(s, at, &offset_s))
                return false;
        *ret_ms = ((int64_t)timegm(&tm) - offset_s) * 1000 + (int64_t)round(fraction * 1000);
        return true;
}
