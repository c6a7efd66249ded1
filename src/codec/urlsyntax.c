/* The order of the checks is Go's, so that of several mistakes the same one is told. */
#include "codec/urlsyntax.h"

#include <string.h>

#include "base/attr.h"
#include "base/buf.h"

typedef enum Part { PART_USER, PART_HOST, PART_ZONE, PART_PATH } Part;

static bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
static bool is_alpha(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static unsigned hex(char c) { return is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c | 0x20) - 'a' + 10; }

static bool fits_host(char c)
{
        return is_alpha(c) || is_digit(c) || (c && strchr("!$&'()*+,;=:[]<>\"-_.~", c) != NULL);
}

static bool escape_fits(Str s, Part part)
{
        if (s.n < 3 || !is_hex(s.p[1]) || !is_hex(s.p[2]))
                return false;
        bool percent = s.p[1] == '2' && s.p[2] == '5';
        char c = (char)(hex(s.p[1]) << 4 | hex(s.p[2]));
        if (part == PART_HOST)
                return percent || hex(s.p[1]) >= 8;
        return part != PART_ZONE || percent || c == ' ' || fits_host(c);
}

static bool check(Str s, Part part, Err *err)
{
        bool host = part == PART_HOST || part == PART_ZONE;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c == '%') {
                        if (!escape_fits(str_sub(s, i, s.n), part))
                                return err_set(err, ERR_INVALID, "invalid URL escape \"" STR_FMT "\"",
                                               STR_ARG(str_sub(s, i, MIN_OF(i + 3, s.n))));
                        i += 2;
                } else if (host && !((unsigned char)c & 0x80) && !fits_host(c)) {
                        return err_set(err, ERR_INVALID, "invalid character \"%s%c\" in host name",
                                       c == '"' || c == '\\' ? "\\" : "", c);
                }
        }
        return true;
}

static bool check_port(Str s, Err *err)
{
        bool ok = s.n == 0 || s.p[0] == ':';
        for (size_t i = 1; ok && i < s.n; i++)
                ok = is_digit(s.p[i]);
        return ok || err_set(err, ERR_INVALID, "invalid port \"" STR_FMT "\" after host", STR_ARG(s));
}

static size_t last(Str s, char c)
{
        for (size_t i = s.n; i > 0; i--)
                if (s.p[i - 1] == c)
                        return i - 1;
        return SIZE_MAX;
}

static bool check_host(Str host, Err *err)
{
        size_t colon = last(host, ':');
        if (!str_starts(host, STR("[")))
                return (colon == SIZE_MAX || check_port(str_sub(host, colon, host.n), err)) &&
                       check(host, PART_HOST, err);
        size_t end = last(host, ']');
        if (end == SIZE_MAX)
                return err_set(err, ERR_INVALID, "missing ']' in host");
        if (!check_port(str_sub(host, end + 1, host.n), err))
                return false;
        size_t zone = str_find(str_sub(host, 0, end), STR("%25"));
        if (zone == SIZE_MAX)
                return check(host, PART_HOST, err);
        return check(str_sub(host, 0, zone), PART_HOST, err) && check(str_sub(host, zone, end), PART_ZONE, err) &&
               check(str_sub(host, end, host.n), PART_HOST, err);
}

static bool check_authority(Str s, UrlSyntax *ret, Err *err)
{
        size_t at = last(s, '@');
        ret->host = at == SIZE_MAX ? s : str_sub(s, at + 1, s.n);
        if (!check_host(ret->host, err))
                return false;
        Str user = at == SIZE_MAX ? (Str){ 0 } : str_sub(s, 0, at);
        for (size_t i = 0; i < user.n; i++) {
                char c = user.p[i];
                if (!is_alpha(c) && !is_digit(c) && !(c && strchr("-._:~!$&'()*+,;=%@", c)))
                        return err_set(err, ERR_INVALID, "net/url: invalid userinfo");
        }
        return check(user, PART_USER, err);
}

static bool read_scheme(Str s, Str *ret, Str *rest, Err *err)
{
        *ret = (Str){ 0 };
        *rest = s;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c == ':' && i == 0)
                        return err_set(err, ERR_INVALID, "missing protocol scheme");
                if (c == ':') {
                        *ret = str_sub(s, 0, i);
                        *rest = str_sub(s, i + 1, s.n);
                        return true;
                }
                if (!is_alpha(c) && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.')))
                        return true;
        }
        return true;
}

/* Without what stands behind a '#'. */
static bool parse(Str s, UrlSyntax *ret, Err *err)
{
        Str rest;
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
                        return err_set(err, ERR_INVALID, "net/url: invalid control character in URL");
        if (!read_scheme(s, &ret->scheme, &rest, err))
                return false;
        rest = str_sub(rest, 0, MIN_OF(str_find_char(rest, '?'), rest.n));
        if (!str_starts(rest, STR("/"))) {
                Str segment = str_sub(rest, 0, MIN_OF(str_find_char(rest, '/'), rest.n));
                if (ret->scheme.n)
                        return true; /* opaque */
                if (str_find_char(segment, ':') != SIZE_MAX)
                        return err_set(err, ERR_INVALID, "first path segment in URL cannot contain colon");
        }
        if (str_starts(rest, STR("//")) && (ret->scheme.n || !str_starts(rest, STR("///")))) {
                Str authority = str_sub(rest, 2, rest.n);
                size_t slash = MIN_OF(str_find_char(authority, '/'), authority.n);
                rest = str_sub(authority, slash, authority.n);
                if (!check_authority(str_sub(authority, 0, slash), ret, err))
                        return false;
        }
        return check(rest, PART_PATH, err);
}

bool urlsyntax_parse(Str text, UrlSyntax *ret, Err *err)
{
        UrlSyntax url = { 0 };
        Err why;
        size_t hash = MIN_OF(str_find_char(text, '#'), text.n);
        bool front = parse(str_sub(text, 0, hash), &url, &why);
        if (!front || (hash < text.n && !check(str_sub(text, hash + 1, text.n), PART_PATH, &why)))
                return err_set(err, ERR_INVALID, "parse \"" STR_FMT "\": %s",
                               STR_ARG(str_sub(text, 0, front ? text.n : hash)), why.msg);
        *ret = url;
        return true;
}

static bool is_one_of(char c, const char *set) { return c && strchr(set, c); }

Str urlsyntax_escaped(Arena *arena, Str text)
{
        size_t scheme = str_find(text, STR("://"));
        size_t from = scheme == SIZE_MAX ? 0 : scheme + 3;
        while (from < text.n && !is_one_of(text.p[from], "/?#"))
                from++;
        size_t to = from;
        bool fits = true;
        for (; to < text.n && !is_one_of(text.p[to], "?#"); to++)
                fits &= is_alpha(text.p[to]) || is_digit(text.p[to]) || is_one_of(text.p[to], "/-_.~!$&'()*+,;=:@[]%");
        if (fits)
                return text;
        Buf out = { .arena = arena };
        buf_str_add(&out, str_sub(text, 0, from));
        for (size_t i = from; i < to; i++) {
                char c = text.p[i];
                if (c == '%' && i + 2 < to && is_hex(text.p[i + 1]) && is_hex(text.p[i + 2])) {
                        c = (char)(hex(text.p[i + 1]) << 4 | hex(text.p[i + 2]));
                        i += 2;
                }
                if (is_alpha(c) || is_digit(c) || is_one_of(c, "/-_.~$&+,;=:@"))
                        buf_char(&out, c);
                else
                        buf_printf(&out, "%%%02X", (unsigned char)c);
        }
        buf_str_add(&out, str_sub(text, to, text.n));
        return buf_str(&out);
}
