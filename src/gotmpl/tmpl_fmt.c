/* gotmpl/tmpl_fmt.c
 *
 * Invariants:
 * 1. No value prints more than max_bytes, and none recurses deeper than FMT_MAX_DEPTH: templates can build values that
 *    contain themselves many times over, so both are limits, not conveniences.
 * 2. Digits come from the shortest-digits routine (precision -1) or from the C library, whose rounding is exact like Go's. */
#include "gotmpl/tmpl_fmt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "codec/floats.h"
#include "gotmpl/tmpl_time.h"
#include "model/quote.h"

enum { FMT_MAX_DEPTH = 50, HEX_MAX_DIGITS = 40, G_EXPONENT_FROM = 6 /* Go: for precision -1, too */ };

/* ---- building blocks */

bool tmpl_fmt_is_printable(uint32_t r)
{
        if (r < 0x20 || (r >= 0x7f && r <= 0xa0) || r == 0xad)
                return false;
        return !(r >= 0x2000 && r <= 0x200f) && !(r >= 0x2028 && r <= 0x202f) && !(r >= 0x205f && r <= 0x206f) &&
               r != 0x3000 && r != 0x1680 && !(r >= 0xd800 && r <= 0xf8ff) && r != 0xfeff &&
               !(r >= 0xfff0 && r <= 0xfffb) && (r & 0xfffe) != 0xfffe && r < 0xe0000;
}

static void quote_rune(Buf *out, uint32_t r, char quote, bool ascii)
{
        static const char letters[] = "abfnrtv", codes[] = "\a\b\f\n\r\t\v";
        if (r == (unsigned char)quote || r == '\\') {
                buf_char(out, '\\');
                buf_char(out, (char)r);
                return;
        }
        if (r < 0x80 ? tmpl_fmt_is_printable(r) : !ascii && tmpl_fmt_is_printable(r)) {
                utf8_encode(out, r);
                return;
        }
        const char *code = r && r < 0x20 ? strchr(codes, (int)r) : NULL;
        if (code)
                buf_printf(out, "\\%c", letters[code - codes]);
        else if (r < 0x20 || r == 0x7f)
                buf_printf(out, "\\x%02x", r);
        else if (r < 0x10000)
                buf_printf(out, "\\u%04x", r);
        else
                buf_printf(out, "\\U%08x", r);
}

static void quote_ascii(Buf *out, Str s)
{
        buf_char(out, '"');
        while (s.n) {
                uint32_t r;
                size_t n = utf8_decode(s, &r);
                if (n)
                        quote_rune(out, r, '"', true);
                else
                        buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
                s = str_sub(s, n ? n : 1, s.n);
        }
        buf_char(out, '"');
}

void tmpl_fmt_unicode(Buf *out, uint32_t rune, bool named)
{
        buf_printf(out, "U+%04X", rune);
        if (named && tmpl_fmt_is_printable(rune)) {
                buf_lit(out, " '");
                utf8_encode(out, rune);
                buf_char(out, '\'');
        }
}

static void scientific(Buf *out, const char *digits, size_t n, int exp, bool upper)
{
        buf_char(out, digits[0]);
        if (n > 1) {
                buf_char(out, '.');
                buf_add(out, digits + 1, n - 1);
        }
        buf_printf(out, "%c%c%02d", upper ? 'E' : 'e', exp < 0 ? '-' : '+', abs(exp));
}

/* The shortest digits that read back. 'g' takes an exponent below 1e-4 and from 1e6 on: 1e+06. */
static void shortest(Buf *out, double v, char verb)
{
        if (v == 0) {
                buf_cstr_add(out, signbit(v) ? "-0" : "0");
                if ((verb | 0x20) == 'e')
                        buf_printf(out, "%c+00", verb);
                return;
        }
        char digits[17];
        int exp10;
        size_t n = floats_shortest(v, digits, &exp10);
        int exp = exp10 - 1;
        if (v < 0)
                buf_char(out, '-');
        if ((verb | 0x20) == 'e' || ((verb | 0x20) == 'g' && (exp < -4 || exp >= G_EXPONENT_FROM))) {
                scientific(out, digits, n, exp, verb == 'E' || verb == 'G');
                return;
        }
        for (int i = exp10; i <= 0; i++) {
                buf_char(out, '0');
                if (i == exp10)
                        buf_char(out, '.');
        }
        for (size_t i = 0; i < n || (int)i < exp10; i++) {
                if ((int)i == exp10 && exp10 > 0)
                        buf_char(out, '.');
                buf_char(out, i < n ? digits[i] : '0');
        }
}

/* "0x1.8p+00": as the C library has it, with two digits at least in the exponent. */
static void hexadecimal(Buf *out, double v, char verb, int precision)
{
        char text[64];
        bool upper = verb == 'X';
        precision = MIN_OF(precision, HEX_MAX_DIGITS);
        if (precision < 0)
                snprintf(text, sizeof text, upper ? "%A" : "%a", v);
        else
                snprintf(text, sizeof text, upper ? "%.*A" : "%.*a", precision, v);
        const char *exponent = strchr(text, upper ? 'P' : 'p');
        buf_add(out, text, (size_t)(exponent - text) + 2);
        buf_printf(out, "%02ld", labs(strtol(exponent + 1, NULL, 10)));
}

/* "4503599627370496p-52" */
static void binary(Buf *out, double v)
{
        enum { MANTISSA_BITS = 52, LOWEST_EXPONENT = -1074 };
        int exp;
        (void)frexp(fabs(v), &exp);
        exp = v == 0 ? LOWEST_EXPONENT : MAX_OF(exp - MANTISSA_BITS - 1, LOWEST_EXPONENT);
        buf_printf(out, "%s%.0fp%+d", signbit(v) ? "-" : "", v == 0 ? 0 : ldexp(fabs(v), -exp), exp);
}

void tmpl_fmt_float(Buf *out, double v, char verb, int precision)
{
        if (isnan(v))
                buf_lit(out, "NaN");
        else if (isinf(v))
                buf_cstr_add(out, v > 0 ? "+Inf" : "-Inf");
        else if ((verb | 0x20) == 'x')
                hexadecimal(out, v, verb, precision);
        else if (verb == 'b')
                binary(out, v);
        else if (precision < 0)
                shortest(out, v, verb);
        else {
                const char format[] = { '%', '.', '*', verb == 'F' ? 'f' : verb, 0 };
                char small[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                int n = snprintf(small, sizeof small, format, precision, v);
                if (n >= (int)sizeof small)
                        snprintf(buf_reserve(out, (size_t)n + 1), (size_t)n + 1, format, precision, v);
                else
                        memcpy(buf_reserve(out, (size_t)n), small, (size_t)n);
#pragma GCC diagnostic pop
                out->n += (size_t)n;
        }
}

const char *tmpl_fmt_type(const TmplValue *v)
{
        if (v->type)
                return v->type->go_name;
        switch (v->kind) {
        case TMPL_BOOL: return "bool";
        case TMPL_INT: return "int";
        case TMPL_FLOAT: return "float64";
        case TMPL_STRING: return v->safe_html ? "template.HTML" : v->safe_url ? "template.URL" : "string";
        case TMPL_LIST: return "[]interface {}";
        case TMPL_MAP: return "map[string]interface {}";
        case TMPL_TIME: return "time.Time";
        case TMPL_DURATION: return "time.Duration";
        case TMPL_STRUCT:
        case TMPL_OPAQUE: return "struct {}";
        case TMPL_NIL:
        default: return "<nil>";
        }
}

typedef struct KeyIndex {
        Str key;
        size_t at;
} KeyIndex;

static int key_order(const void *a, const void *b)
{
        const KeyIndex *x = a, *y = b;
        int c = str_cmp(x->key, y->key);
        return c ? c : (x->at > y->at) - (x->at < y->at);
}

size_t *tmpl_fmt_sorted_keys(const TmplValue *map, Arena *arena)
{
        size_t *at = arena ? arena_array(arena, size_t, map->n) : mem_new_array(size_t, map->n + 1);
        KeyIndex *keys = mem_new_array(KeyIndex, map->n + 1);
        for (size_t i = 0; i < map->n; i++)
                keys[i] = (KeyIndex){ map->keys[i], i };
        qsort(keys, map->n, sizeof *keys, key_order);
        for (size_t i = 0; i < map->n; i++)
                at[i] = keys[i].at;
        mem_free(keys);
        return at;
}

/* ---- one verb */

void tmpl_fmt_init(TmplFmt *f, Buf *out, size_t max_bytes)
{
        *f = (TmplFmt){ .out = out, .max_bytes = max_bytes, .width = -1, .precision = -1 };
}

static bool room(TmplFmt *f, size_t n)
{
        if (f->out->n + n <= f->max_bytes)
                return true;
        f->overflow = true;
        return false;
}

static void repeat(TmplFmt *f, char c, size_t n)
{
        if (room(f, n)) {
                memset(buf_reserve(f->out, n), c, n);
                f->out->n += n;
        }
}

static void pad(TmplFmt *f, Str s)
{
        size_t have = f->width > 0 ? utf8_length(s) : 0;
        size_t missing = f->width > 0 && (size_t)f->width > have ? (size_t)f->width - have : 0;
        if (missing && !f->minus)
                repeat(f, f->zero ? '0' : ' ', missing);
        if (room(f, s.n))
                buf_str_add(f->out, s);
        if (missing && f->minus)
                repeat(f, ' ', missing);
}

static Str truncated(const TmplFmt *f, Str s)
{
        if (f->precision < 0)
                return s;
        size_t at = 0;
        for (int i = 0; i < f->precision && at < s.n; i++) {
                uint32_t r;
                size_t n = utf8_decode(str_sub(s, at, s.n), &r);
                at += n ? n : 1;
        }
        return str_sub(s, 0, at);
}

static void fmt_hex_string(TmplFmt *f, Str s, bool upper)
{
        AUTO(buf_done) Buf hex = { 0 };
        if (f->precision >= 0)
                s = str_sub(s, 0, (size_t)f->precision);
        for (size_t i = 0; i < s.n; i++) {
                if (f->space && i)
                        buf_char(&hex, ' ');
                if (f->sharp && (i == 0 || f->space))
                        buf_cstr_add(&hex, upper ? "0X" : "0x");
                buf_printf(&hex, upper ? "%02X" : "%02x", (unsigned char)s.p[i]);
        }
        pad(f, buf_str(&hex));
}

static void bad_verb(TmplFmt *f, const TmplValue *v, uint32_t verb, unsigned depth);

static void fmt_string(TmplFmt *f, const TmplValue *v, Str s, uint32_t verb)
{
        AUTO(buf_done) Buf quoted = { 0 };
        switch (verb) {
        case 'v':
        case 's':
                if (f->sharp_v && verb == 'v') {
                        quote_go(&quoted, truncated(f, s));
                        pad(f, buf_str(&quoted));
                } else
                        pad(f, truncated(f, s));
                break;
        case 'x':
        case 'X': fmt_hex_string(f, s, verb == 'X'); break;
        case 'q':
                s = truncated(f, s);
                if (f->sharp && str_find_char(s, '`') == SIZE_MAX && str_find_char(s, '\n') == SIZE_MAX) {
                        buf_char(&quoted, '`');
                        buf_str_add(&quoted, s);
                        buf_char(&quoted, '`');
                } else if (f->plus)
                        quote_ascii(&quoted, s);
                else
                        quote_go(&quoted, s);
                pad(f, buf_str(&quoted));
                break;
        default: bad_verb(f, v, verb, 0);
        }
}

static void fmt_digits(TmplFmt *f, int64_t v, unsigned base, bool upper, const char *prefix)
{
        char digits[64];
        size_t at = sizeof digits;
        uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
        do
                digits[--at] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[u % base];
        while ((u /= base) != 0);
        size_t n = sizeof digits - at;
        char sign = v < 0 ? '-' : f->plus ? '+' : f->space ? ' ' : 0;
        size_t want = f->precision >= 0         ? (size_t)f->precision
                      : f->zero && f->width > 0 ? (size_t)f->width - (sign != 0)
                                                : 0;
        if (f->precision == 0 && v == 0) {
                TmplFmt blank = *f;
                blank.zero = false;
                pad(&blank, STR(""));
                return;
        }
        AUTO(buf_done) Buf number = { 0 };
        if (sign)
                buf_char(&number, sign);
        buf_cstr_add(&number, prefix);
        for (size_t i = n; i < want && i < f->max_bytes; i++)
                buf_char(&number, '0');
        buf_add(&number, digits + at, n);
        bool zero = f->zero;
        f->zero = false;
        pad(f, buf_str(&number));
        f->zero = zero;
}

static void fmt_rune(TmplFmt *f, int64_t v, uint32_t verb)
{
        AUTO(buf_done) Buf text = { 0 };
        uint32_t r = v < 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? UTF8_REPLACEMENT : (uint32_t)v;
        if (verb == 'c')
                utf8_encode(&text, r);
        else if (verb == 'q') {
                buf_char(&text, '\'');
                quote_rune(&text, r, '\'', f->plus);
                buf_char(&text, '\'');
        } else if (r == UTF8_REPLACEMENT && v != UTF8_REPLACEMENT)
                buf_printf(&text, "U+%04llX", (unsigned long long)v);
        else
                tmpl_fmt_unicode(&text, r, f->sharp);
        bool zero = f->zero;
        f->zero = false;
        pad(f, buf_str(&text));
        f->zero = zero;
}

static void fmt_int(TmplFmt *f, const TmplValue *v, uint32_t verb)
{
        switch (verb) {
        case 'v':
        case 'd': fmt_digits(f, v->i, 10, false, ""); break;
        case 'b': fmt_digits(f, v->i, 2, false, f->sharp ? "0b" : ""); break;
        case 'o': fmt_digits(f, v->i, 8, false, f->sharp && v->i ? "0" : ""); break;
        case 'O': fmt_digits(f, v->i, 8, false, "0o"); break;
        case 'x': fmt_digits(f, v->i, 16, false, f->sharp ? "0x" : ""); break;
        case 'X': fmt_digits(f, v->i, 16, true, f->sharp ? "0X" : ""); break;
        case 'c':
        case 'q':
        case 'U': fmt_rune(f, v->i, verb); break;
        default: bad_verb(f, v, verb, 0);
        }
}

/* The flag #: a point always, and the zeros behind it that the precision asks for. */
static void keep_zeros(Buf *number, char verb, int precision)
{
        char kind = (char)(verb | 0x20);
        int digits = kind == 'g' || kind == 'v' || kind == 'x' ? (precision < 0 ? 6 : precision) : 0;
        char text[512];
        size_t n = MIN_OF(number->n, sizeof text - 1);
        memcpy(text, number->p, n);
        text[n] = 0;
        size_t from = text[0] == '-';
        size_t tail = from + strcspn(text + from, kind == 'x' ? "pP" : "eEpP");
        bool point = false;
        bool nonzero = false;
        if (n < number->n)
                return; /* long enough */
        for (size_t i = from; i < tail; i++) {
                if (text[i] == '.')
                        point = true;
                else if ((nonzero |= text[i] != '0'))
                        digits--;
        }
        if (!point && tail == from + 1 && text[from] == '0')
                digits--;
        buf_clear(number);
        buf_add(number, text, tail);
        if (!point)
                buf_char(number, '.');
        for (; digits > 0; digits--)
                buf_char(number, '0');
        buf_cstr_add(number, text + tail);
}

/* A number with its sign, filled up with zeros where the flags ask for it. */
static void pad_number(TmplFmt *f, Str s, bool finite, char sign)
{
        size_t n = s.n + (sign != 0);
        size_t zeros = f->zero && finite && f->width > 0 && (size_t)f->width > n ? (size_t)f->width - n : 0;
        AUTO(buf_done) Buf whole = { 0 };
        if (sign)
                buf_char(&whole, sign);
        for (size_t i = 0; i < zeros && i < f->max_bytes; i++)
                buf_char(&whole, '0');
        buf_str_add(&whole, s);
        bool zero = f->zero;
        f->zero = false;
        pad(f, buf_str(&whole));
        f->zero = zero;
}

static void fmt_float(TmplFmt *f, const TmplValue *v, uint32_t verb)
{
        if (verb != 'v' && !(verb < 128 && verb && strchr("eEfFgGxXb", (int)verb))) {
                bad_verb(f, v, verb, 0);
                return;
        }
        bool exact = verb < 128 && strchr("vgGxXb", (int)verb) != NULL;
        int precision = f->precision >= 0 ? f->precision : exact ? -1 : 6;
        AUTO(buf_done) Buf number = { 0 };
        tmpl_fmt_float(&number, v->f, verb == 'v' ? 'g' : (char)verb, precision);
        if (f->sharp && verb != 'b' && isfinite(v->f))
                keep_zeros(&number, (char)verb, precision);
        Str s = buf_str(&number);
        char sign = 0;
        if (s.p[0] == '-' || s.p[0] == '+') {
                sign = s.p[0];
                s = str_sub(s, 1, s.n);
        }
        if (sign != '-')
                sign = f->plus ? '+' : f->space ? ' ' : isinf(v->f) ? '+' : 0;
        pad_number(f, s, isfinite(v->f), sign);
}

static void fmt_value(TmplFmt *f, const TmplValue *v, uint32_t verb, unsigned depth);

/* %#v: as Go would write it. */
static void fmt_go_members(TmplFmt *f, const TmplValue *v, unsigned depth)
{
        size_t *order = v->kind == TMPL_MAP ? tmpl_fmt_sorted_keys(v, NULL) : NULL;
        buf_cstr_add(f->out, tmpl_fmt_type(v) + (v->kind == TMPL_STRUCT && tmpl_fmt_type(v)[0] == '*'));
        if (v->kind == TMPL_LIST && !v->n && !v->items) {
                buf_lit(f->out, "(nil)");
                return;
        }
        buf_char(f->out, '{');
        for (size_t i = 0; i < v->n && !f->overflow; i++) {
                if (i)
                        buf_lit(f->out, ", ");
                if (order) {
                        TmplValue key = tmpl_str(v->keys[order[i]]);
                        fmt_value(f, &key, 'v', depth + 1);
                        buf_char(f->out, ':');
                } else if (v->kind != TMPL_LIST) {
                        buf_str_add(f->out, v->keys[i]);
                        buf_char(f->out, ':');
                }
                fmt_value(f, &v->items[order ? order[i] : i], 'v', depth + 1);
                (void)room(f, 0);
        }
        mem_free(order);
        buf_char(f->out, '}');
}

static void fmt_members(TmplFmt *f, const TmplValue *v, uint32_t verb, unsigned depth)
{
        if (f->sharp_v && verb == 'v') {
                fmt_go_members(f, v, depth);
                return;
        }
        if (v->kind == TMPL_MAP) {
                buf_lit(f->out, "map[");
                size_t *order = tmpl_fmt_sorted_keys(v, NULL);
                for (size_t i = 0; i < v->n && !f->overflow; i++) {
                        if (i)
                                buf_char(f->out, ' ');
                        TmplValue key = tmpl_str(v->keys[order[i]]);
                        fmt_value(f, &key, verb, depth + 1);
                        buf_char(f->out, ':');
                        fmt_value(f, &v->items[order[i]], verb, depth + 1);
                }
                mem_free(order);
                buf_char(f->out, ']');
                return;
        }
        bool list = v->kind == TMPL_LIST;
        buf_char(f->out, list ? '[' : '{');
        for (size_t i = 0; i < v->n && !f->overflow; i++) {
                if (i)
                        buf_char(f->out, ' ');
                if (!list && f->plus_v) {
                        buf_str_add(f->out, v->keys[i]);
                        buf_char(f->out, ':');
                }
                fmt_value(f, &v->items[i], verb, depth + 1);
                (void)room(f, 0);
        }
        buf_char(f->out, list ? ']' : '}');
}

/* Values with a String method; false when the verb does not take strings. */
static bool fmt_stringer(TmplFmt *f, const TmplValue *v, uint32_t verb)
{
        if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q')
                return false;
        AUTO(buf_done) Buf text = { 0 };
        if (f->sharp_v && verb == 'v') {
                if (v->kind != TMPL_TIME)
                        return false;
                tmpl_time_print_go(&text, v);
                pad(f, truncated(f, buf_str(&text)));
                return true;
        }
        if (v->type && v->type->print)
                v->type->print(&text, v);
        else if (v->kind == TMPL_TIME)
                tmpl_time_print(&text, v);
        else if (v->kind == TMPL_DURATION)
                tmpl_time_print_duration(&text, v->i);
        else
                return false;
        fmt_string(f, v, buf_str(&text), verb);
        return true;
}

static void fmt_value(TmplFmt *f, const TmplValue *v, uint32_t verb, unsigned depth)
{
        if (depth > FMT_MAX_DEPTH) {
                buf_lit(f->out, "...");
                return;
        }
        if (fmt_stringer(f, v, verb))
                return;
        if (verb == 'w' && depth == 0 && (v->kind > TMPL_STRING || v->type)) {
                bad_verb(f, v, verb, depth);
                return;
        }
        switch (v->kind) {
        case TMPL_BOOL:
                if (verb == 'v' || verb == 't')
                        pad(f, v->b ? STR("true") : STR("false"));
                else
                        bad_verb(f, v, verb, depth);
                break;
        case TMPL_INT:
        case TMPL_DURATION: fmt_int(f, v, verb); break;
        case TMPL_FLOAT: fmt_float(f, v, verb); break;
        case TMPL_STRING: fmt_string(f, v, v->s, verb); break;
        case TMPL_LIST:
        case TMPL_MAP:
        case TMPL_STRUCT:
        case TMPL_OPAQUE: fmt_members(f, v, verb, depth); break;
        case TMPL_TIME: bad_verb(f, v, verb, depth); break;
        case TMPL_NIL:
        default:
                if (verb == 'v')
                        pad(f, STR("<nil>"));
                else
                        bad_verb(f, v, verb, depth);
        }
}

static void bad_verb(TmplFmt *f, const TmplValue *v, uint32_t verb, unsigned depth)
{
        buf_lit(f->out, "%!");
        utf8_encode(f->out, verb);
        buf_char(f->out, '(');
        if (v->kind != TMPL_NIL) {
                buf_cstr_add(f->out, tmpl_fmt_type(v));
                buf_char(f->out, '=');
                fmt_value(f, v, 'v', depth + 1);
        } else
                buf_lit(f->out, "<nil>");
        buf_char(f->out, ')');
}

void tmpl_fmt_verb(TmplFmt *f, const TmplValue *v, uint32_t verb)
{
        if (verb == 'T')
                pad(f, truncated(f, str_of(tmpl_fmt_type(v))));
        else
                fmt_value(f, v, verb, 0);
        (void)room(f, 0);
}

bool tmpl_fmt_print(Buf *out, size_t max_bytes, const TmplValue *args, size_t n, bool ln)
{
        TmplFmt f;
        tmpl_fmt_init(&f, out, max_bytes);
        for (size_t i = 0; i < n && !f.overflow; i++) {
                if (i && (ln || (args[i].kind != TMPL_STRING && args[i - 1].kind != TMPL_STRING)))
                        buf_char(out, ' ');
                tmpl_fmt_verb(&f, &args[i], 'v');
        }
        if (ln)
                buf_char(out, '\n');
        return !f.overflow;
}
