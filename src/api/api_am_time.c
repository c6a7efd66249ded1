#include "api/api_am_time.h"

#include "base/rfc3339.h"

static bool is_digit(Str s, size_t at) { return at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; }

enum { DATE_CHARS = 10, MINUTE_CHARS = 16, SECOND_CHARS = 19, MAX_FRACTION = 9 };

/* ".5" or ",5": the end of the fraction, and its first three digits. */
static size_t fraction(Str s, size_t at, char ms[3])
{
        memset(ms, '0', 3);
        if (at + 1 >= s.n || (s.p[at] != '.' && s.p[at] != ',') || !is_digit(s, at + 1))
                return at;
        size_t first = ++at;
        for (; is_digit(s, at); at++)
                if (at - first < 3)
                        ms[at - first] = s.p[at];
        return at - first > MAX_FRACTION ? first - 1 : at;
}

static bool is_zone(Str s, size_t at)
{
        if (at + 1 == s.n)
                return s.p[at] == 'Z';
        if (at >= s.n || (s.p[at] != '+' && s.p[at] != '-'))
                return false;
        return s.n - at == strlen("+hh:mm") ? s.p[at + 3] == ':' : s.n - at == strlen("+hhmm");
}

bool api_am_time_parse(Str s, bool old, int64_t *ret_ms)
{
        char text[] = "0001-01-01T00:00:00.000+00:00";
        size_t n = strlen("0001-01-01T00:00:00.000");
        *ret_ms = 0;
        if (!s.n)
                return true;
        bool spaced = s.n > DATE_CHARS && s.p[DATE_CHARS] == ' ';
        bool date = s.n == DATE_CHARS && !old;
        if (!date && (s.n < MINUTE_CHARS || (!spaced && s.p[DATE_CHARS] != 'T')))
                return false;
        memcpy(text, s.p, DATE_CHARS);
        size_t at = DATE_CHARS;
        if (!date) {
                memcpy(text + DATE_CHARS + 1, s.p + DATE_CHARS + 1, MINUTE_CHARS - DATE_CHARS - 1);
                at = MINUTE_CHARS;
        }
        bool seconds = s.n >= SECOND_CHARS && s.p[MINUTE_CHARS] == ':';
        if (seconds) {
                memcpy(text + MINUTE_CHARS, s.p + MINUTE_CHARS, SECOND_CHARS - MINUTE_CHARS);
                at = fraction(s, SECOND_CHARS, text + n - 3);
        }
        bool zone = at < s.n;
        if ((zone && (spaced || !is_zone(s, at) || (!seconds && s.p[at] != 'Z'))) || (spaced && !seconds))
                return false;
        if (zone && s.p[at] != 'Z') {
                memcpy(text + n, s.p + at, 3);
                memcpy(text + n + 4, s.p + s.n - 2, 2);
        }
        if (!rfc3339_parse(str_n(text, sizeof text - 1), ret_ms))
                return false;
        if (*ret_ms <= INT64_C(-62135596800000)) /* year 1: Go's zero time */
                *ret_ms = 0;
        return true;
}

/* ---- complaints ---- */

static void quote(Buf *out, Str s)
{
        buf_char(out, '"');
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];
                if (c == '"' || c == '\\')
                        buf_char(out, '\\');
                if (c < ' ' || c >= 0x80)
                        buf_printf(out, "\\x%02x", c);
                else
                        buf_char(out, s.p[i]);
        }
        buf_char(out, '"');
}

typedef struct Part {
        const char *layout; /* a number's, or the text that stands between numbers */
        size_t digits, min_digits;
        const char *range; /* what is out of it */
        int low, high;
} Part;

static const Part PARTS[] = {
        { "2006", 4, 4, NULL, 0, 0 },  { "-", 0, 0, NULL, 0, 0 },       { "01", 2, 2, "month", 1, 12 },
        { "-", 0, 0, NULL, 0, 0 },     { "02", 2, 2, NULL, 0, 0 },      { " ", 0, 0, NULL, 0, 0 },
        { "15", 2, 1, "hour", 0, 23 }, { ":", 0, 0, NULL, 0, 0 },       { "04", 2, 2, "minute", 0, 59 },
        { ":", 0, 0, NULL, 0, 0 },     { "05", 2, 2, "second", 0, 59 },
};
enum { N_DATE_PARTS = 5 };

static size_t number(Str s, size_t at, const Part *p, int *ret)
{
        size_t n = 0;
        for (*ret = 0; n < p->digits && is_digit(s, at + n); n++)
                *ret = *ret * 10 + (s.p[at + n] - '0');
        return n >= p->min_digits ? n : 0;
}

void api_am_time_why(Buf *out, Str s, bool old)
{
        enum { MAX_TOLD = 500 };
        s = str_sub(s, 0, MAX_TOLD);
        size_t at = 0;
        buf_lit(out, "parsing time ");
        quote(out, s);
        for (size_t i = 0; i < (old ? ARRAY_LEN(PARTS) : N_DATE_PARTS); i++) {
                const Part *p = &PARTS[i];
                int value = 0;
                bool literal = !p->digits && at < s.n && s.p[at] == p->layout[0];
                size_t n = p->digits ? number(s, at, p, &value) : literal;
                if (!n && at == s.n && p->layout[0] == ' ')
                        continue; /* Go takes no more text for a space */
                if (!n) {
                        buf_printf(out, " as \"%s\": cannot parse ", old ? "2006-01-02 15:04:05" : "2006-01-02");
                        quote(out, str_sub(s, at, s.n));
                        buf_printf(out, " as \"%s\"", p->layout);
                        return;
                }
                if (p->range && (value < p->low || value > p->high)) {
                        buf_printf(out, ": %s out of range", p->range);
                        return;
                }
                at += n;
        }
        if (old && at < s.n && (s.p[at] == '.' || s.p[at] == ',')) {
                char ms[3];
                at = fraction(s, at, ms);
        }
        if (at < s.n) {
                buf_lit(out, ": extra text: ");
                quote(out, str_sub(s, at, s.n));
                return;
        }
        buf_lit(out, ": day out of range");
}
