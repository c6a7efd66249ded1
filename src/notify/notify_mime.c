/* Invariants:
 * 1. No value can end its header line: control characters are encoded or become spaces.
 * 2. An encoded word has at most 75 bytes and never splits a character. */
#include "notify/notify_mime.h"

#include "base/utf8.h"
#include "base/vec.h"

enum { WORD_MAX_CONTENT = 75 - 12, QP_LINE_MAX = 76, MAX_ADDRESSES = 1000 };

static const char HEX[] = "0123456789ABCDEF";

static bool is_plain(Str s)
{
        for (size_t i = 0; i < s.n; i++)
                if ((s.p[i] < ' ' || s.p[i] > '~') && s.p[i] != '\t')
                        return false;
        return true;
}

static bool is_literal(char c) { return c == ' ' || (c >= '!' && c <= '~' && c != '=' && c != '?' && c != '_'); }

void notify_mime_header(Buf *out, Str value)
{
        if (is_plain(value)) {
                buf_str_add(out, value);
                return;
        }
        size_t line = 0;
        buf_lit(out, "=?utf-8?q?");
        for (size_t i = 0; i < value.n;) {
                uint32_t rune;
                size_t len = utf8_decode(str_sub(value, i, value.n), &rune);
                len = len ? len : 1;
                bool literal = is_literal(value.p[i]);
                size_t need = literal ? 1 : 3 * len;
                if (line + need > WORD_MAX_CONTENT) {
                        buf_lit(out, "?= =?utf-8?q?");
                        line = 0;
                }
                line += need;
                for (size_t k = 0; k < len; k++) {
                        unsigned char c = (unsigned char)value.p[i + k];
                        if (literal) {
                                buf_char(out, (char)(c == ' ' ? '_' : c));
                        } else {
                                buf_char(out, '=');
                                buf_char(out, HEX[c >> 4]);
                                buf_char(out, HEX[c & 15]);
                        }
                }
                i += len;
        }
        buf_lit(out, "?=");
}

void notify_mime_address(Buf *out, Str value)
{
        size_t at = str_rfind_char(value, '<');
        if (is_plain(value) || at == SIZE_MAX || !is_plain(str_sub(value, at, value.n))) {
                notify_mime_header(out, value);
                return;
        }
        notify_mime_header(out, str_trim(str_sub(value, 0, at)));
        buf_char(out, ' ');
        buf_str_add(out, str_sub(value, at, value.n));
}

/* ---- quoted-printable */

typedef struct Quoter {
        Buf *out;
        size_t used; /* bytes in the current line */
} Quoter;

static void soft_break(Quoter *q)
{
        buf_lit(q->out, "=\r\n");
        q->used = 0;
}

static void put_encoded(Quoter *q, unsigned char c)
{
        if (QP_LINE_MAX - 1 - q->used < 3)
                soft_break(q);
        buf_char(q->out, '=');
        buf_char(q->out, HEX[c >> 4]);
        buf_char(q->out, HEX[c & 15]);
        q->used += 3;
}

/* White space at the end of a line would be lost on the way. */
static void end_line(Quoter *q)
{
        if (q->used == 0)
                return;
        char last = q->out->p[q->out->n - 1];
        if (last == ' ' || last == '\t') {
                q->out->n--;
                q->used--;
                put_encoded(q, (unsigned char)last);
        }
}

void notify_mime_quoted_printable(Buf *out, Str text)
{
        Quoter q = { out, 0 };
        for (size_t i = 0; i < text.n; i++) {
                unsigned char c = (unsigned char)text.p[i];
                if (c == '\n' || c == '\r') {
                        if (c == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
                                i++;
                        end_line(&q);
                        buf_lit(out, "\r\n");
                        q.used = 0;
                } else if ((c >= '!' && c <= '~' && c != '=') || c == ' ' || c == '\t') {
                        if (q.used == QP_LINE_MAX - 1)
                                soft_break(&q);
                        buf_char(out, (char)c);
                        q.used++;
                } else {
                        put_encoded(&q, c);
                }
        }
        end_line(&q);
}

/* ---- addresses */

/* Up to the next comma outside of quotes and brackets. */
static Str next_part(Str *rest)
{
        bool quoted = false;
        size_t depth = 0;
        size_t i = 0;
        for (; i < rest->n; i++) {
                char c = rest->p[i];
                if (c == '\\' && quoted)
                        i++;
                else if (c == '"')
                        quoted = !quoted;
                else if (!quoted && (c == '<' || c == '('))
                        depth++;
                else if (!quoted && (c == '>' || c == ')') && depth)
                        depth--;
                else if (c == ',' && !quoted && !depth)
                        break;
        }
        i = MIN_OF(i, rest->n);
        Str part = str_sub(*rest, 0, i);
        *rest = str_sub(*rest, i + 1, rest->n);
        return part;
}

static bool bare_address(Str part, Str *ret, Err *err)
{
        Str address = str_trim(part);
        bool ok = true;
        for (size_t i = 0; i < address.n; i++)
                ok &= (unsigned char)address.p[i] >= ' ' && address.p[i] != 0x7f;
        size_t open = str_rfind_char(address, '<');
        if (open != SIZE_MAX && str_ends(address, STR(">")))
                address = str_trim(str_sub(address, open + 1, address.n - 1));
        size_t at = str_rfind_char(address, '@');
        ok = ok && at != SIZE_MAX && at > 0 && at + 1 < address.n;
        for (size_t i = 0; ok && i < address.n; i++)
                ok = address.p[i] != ' ' && address.p[i] != '<' && address.p[i] != '>';
        if (!ok)
                return err_set(err, ERR_INVALID, "'" STR_FMT "' is not a mail address",
                               STR_ARG(str_sub(str_trim(part), 0, 100)));
        *ret = address;
        return true;
}

bool notify_mime_addresses(Str text, Arena *arena, Str **ret, size_t *ret_n, Err *err)
{
        VEC(Str) all = { .arena = arena };
        Str rest = text;
        while (str_trim(rest).n) {
                Str one;
                Str part = next_part(&rest);
                if (!str_trim(part).n)
                        continue;
                if (all.len == MAX_ADDRESSES)
                        return err_set(err, ERR_LIMIT, "more than %d mail addresses", MAX_ADDRESSES);
                if (!bare_address(part, &one, err))
                        return false;
                vec_push(&all, one);
        }
        if (!all.len)
                return err_set(err, ERR_INVALID, "no mail address in '" STR_FMT "'", STR_ARG(str_sub(text, 0, 100)));
        *ret = all.data;
        *ret_n = all.len;
        return true;
}

Str notify_mime_canonical(Arena *arena, Str name)
{
        char *z = str_dupz(arena, name);
        bool upper = true;
        for (size_t i = 0; i < name.n; i++) {
                if (upper && z[i] >= 'a' && z[i] <= 'z')
                        z[i] = (char)(z[i] - 'a' + 'A');
                else if (!upper && z[i] >= 'A' && z[i] <= 'Z')
                        z[i] = (char)(z[i] - 'A' + 'a');
                upper = z[i] == '-';
        }
        return str_n(z, name.n);
}
