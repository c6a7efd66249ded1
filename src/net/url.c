/* Invariants:
 * 1. A Url's parts are pieces of the text that was parsed: nothing is copied or decoded, so the text can be rebuilt.
 * 2. Decoding never reads behind the string and never grows it; a bad escape is kept (lenient) or refused (strict).
 * 3. No message of this file shows the userinfo: a password must not reach a log because a port was mistyped.
 *
 * Why our own: the parts of WHATWG or RFC 3986 parsing that configurations need are few, and the errors must name what
 * is wrong in the words of the one who wrote the file. libcurl parses the URL again before it connects. */
#include "net/url.h"

#include "base/num.h"

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        char lower = (char)(c | 0x20);
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_alnum(char c)
{
        char lower = (char)(c | 0x20);
        return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

static bool scheme_valid(Str s)
{
        if (s.n == 0 || !is_alnum(s.p[0]) || (s.p[0] >= '0' && s.p[0] <= '9'))
                return false;
        for (size_t i = 1; i < s.n; i++)
                if (!is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '-' && s.p[i] != '.')
                        return false;
        return true;
}

static bool host_valid(Str host, bool bracketed)
{
        for (size_t i = 0; i < host.n; i++) {
                char c = host.p[i];
                bool ok = bracketed ? hex_digit(c) >= 0 || c == ':' || c == '.' || c == '%' || is_alnum(c)
                                    : is_alnum(c) || c == '-' || c == '.' || c == '_' || (unsigned char)c >= 0x80;
                if (!ok)
                        return false;
        }
        return host.n > 0;
}

/* Cuts the authority of `rest` off: everything up to the first of / ? #. */
static Str cut_authority(Str *rest)
{
        size_t n = 0;
        while (n < rest->n && rest->p[n] != '/' && rest->p[n] != '?' && rest->p[n] != '#')
                n++;
        Str authority = str_sub(*rest, 0, n);
        *rest = str_sub(*rest, n, rest->n);
        return authority;
}

static bool parse_host_port(Str s, Url *url, Err *err)
{
        bool bracketed = s.n > 0 && s.p[0] == '[';
        Str after;
        if (bracketed) {
                size_t end = str_find_char(s, ']');
                if (end == SIZE_MAX)
                        return err_set(err, ERR_INVALID, "url has '[' without ']' in its host");
                url->host = str_sub(s, 1, end);
                after = str_sub(s, end + 1, s.n);
        } else {
                size_t colon = str_find_char(s, ':');
                url->host = str_sub(s, 0, colon == SIZE_MAX ? s.n : colon);
                after = str_sub(s, url->host.n, s.n);
        }
        if (url->host.n == 0)
                return err_set(err, ERR_INVALID, "url has no host");
        if (!host_valid(url->host, bracketed))
                return err_set(err, ERR_INVALID, "url has a bad host '" STR_FMT "'",
                               STR_ARG(str_sub(url->host, 0, 200)));
        if (after.n == 0)
                return true;
        if (after.p[0] != ':')
                return err_set(err, ERR_INVALID, "url has text behind the host's ']'");
        url->port = str_sub(after, 1, after.n);
        uint64_t port;
        bool digits = true;
        for (size_t i = 0; i < url->port.n; i++)
                digits = digits && url->port.p[i] >= '0' && url->port.p[i] <= '9';
        if (url->port.n > 0 && (!digits || !num_parse_u64(url->port, &port) || port > 65535))
                return err_set(err, ERR_INVALID, "url has a bad port '" STR_FMT "': want 0 to 65535",
                               STR_ARG(str_sub(url->port, 0, 40)));
        return true;
}

bool url_parse(Str text, Url *ret, Err *err)
{
        if (text.n > URL_MAX_BYTES)
                return err_set(err, ERR_LIMIT, "url is longer than %d bytes", URL_MAX_BYTES);
        for (size_t i = 0; i < text.n; i++)
                if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
                        return err_set(err, ERR_INVALID, "url has a space or control character at byte %zu", i);
        size_t colon = str_find(text, STR("://"));
        if (colon == SIZE_MAX || !scheme_valid(str_sub(text, 0, colon)))
                return err_set(err, ERR_INVALID, "url has no scheme: want http://host or https://host");
        Url url = { .scheme = str_sub(text, 0, colon) };
        Str rest = str_sub(text, colon + 3, text.n);
        Str authority = cut_authority(&rest);
        size_t at = str_rfind_char(authority, '@');
        if (at != SIZE_MAX) {
                url.userinfo = str_sub(authority, 0, at);
                authority = str_sub(authority, at + 1, authority.n);
        }
        if (!parse_host_port(authority, &url, err))
                return false;
        (void)str_cut(rest, '#', &rest, &url.fragment);
        (void)str_cut(rest, '?', &url.path, &url.query);
        *ret = url;
        return true;
}

/* Writes the decoded bytes to out (room for s.n); SIZE_MAX at a bad escape or NUL when strict. */
static size_t decode_to(char *out, Str s, bool form, bool strict)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                int hi = c == '%' && i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
                int lo = hi >= 0 ? hex_digit(s.p[i + 2]) : -1;
                if (lo >= 0) {
                        c = (char)(hi << 4 | lo);
                        i += 2;
                } else if (c == '%' && strict) {
                        return SIZE_MAX;
                } else if (c == '+' && form) {
                        c = ' ';
                }
                if (c == 0 && strict)
                        return SIZE_MAX;
                out[n++] = c;
        }
        return n;
}

Str url_decode(Arena *arena, Str s, bool form)
{
        if (str_find_char(s, '%') == SIZE_MAX && (!form || str_find_char(s, '+') == SIZE_MAX))
                return s;
        char *out = arena_raw(arena, s.n, 1);
        return (Str){ out, decode_to(out, s, form, false) };
}

bool url_decode_strict(Arena *arena, Str s, Str *ret)
{
        char *out = arena_raw(arena, s.n ? s.n : 1, 1);
        size_t n = decode_to(out, s, false, true);
        if (n == SIZE_MAX)
                return false;
        *ret = (Str){ out, n };
        return true;
}

static void encode(Buf *out, Str s, const char *keep, bool plus)
{
        static const char HEX[] = "0123456789ABCDEF";
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (is_alnum(c) || (c && strchr(keep, c))) {
                        buf_char(out, c);
                } else if (c == ' ' && plus) {
                        buf_char(out, '+');
                } else {
                        buf_char(out, '%');
                        buf_char(out, HEX[(unsigned char)c >> 4]);
                        buf_char(out, HEX[(unsigned char)c & 15]);
                }
        }
}

void url_encode_query(Buf *out, Str s) { encode(out, s, "-_.~", true); }
void url_encode_path(Buf *out, Str s) { encode(out, s, "-_.~$&+=:@", false); }

Str url_redact(Arena *arena, Str url)
{
        size_t colon = str_find(url, STR("://"));
        size_t start = colon == SIZE_MAX ? 0 : colon + 3;
        Str rest = str_sub(url, start, url.n);
        Str authority = cut_authority(&rest);
        size_t at = str_rfind_char(authority, '@');
        if (at == SIZE_MAX)
                return url;
        Str host = str_sub(authority, at + 1, authority.n);
        return str_printf(arena, STR_FMT STR_FMT STR_FMT, STR_ARG(str_sub(url, 0, start)), STR_ARG(host),
                          STR_ARG(rest));
}

bool url_query_next(Arena *arena, Str *rest, UrlParam *ret)
{
        Str part;
        while (str_split_next(rest, '&', &part)) {
                if (part.n == 0)
                        continue;
                Str name;
                Str value;
                (void)str_cut(part, '=', &name, &value);
                *ret = (UrlParam){ url_decode(arena, name, true), url_decode(arena, value, true) };
                return true;
        }
        return false;
}
