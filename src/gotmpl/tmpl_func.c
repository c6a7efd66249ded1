/* gotmpl/tmpl_func.c
 *
 * Invariants:
 * 1. Patterns are compiled for each call: they are data here. A bad one ends the run, as upstream. */
#include "gotmpl/tmpl_func.h"

#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/floats.h"
#include "gotmpl/tmpl_fmt.h"
#include "gotmpl/tmpl_lex.h"
#include "model/casemap.h"
#include "model/quote.h"
#include "model/regex.h"

#define UNUSED_ARGS() ((void)ctx, (void)run, (void)args, (void)n, (void)err)

bool tmpl_func_number(const TmplValue *v, double *ret, Err *err)
{
        switch ((int)v->kind) {
        case TMPL_INT: *ret = (double)v->i; return true;
        case TMPL_FLOAT: *ret = v->f; return true;
        case TMPL_DURATION: *ret = (double)v->i / 1e9; return true;
        case TMPL_STRING: break;
        default: return err_set(err, ERR_INVALID, "can't convert %s to float", tmpl_fmt_type(v));
        }
        AUTO(buf_done) Buf digits = { 0 }; /* Go lets a _ stand between two of them */
        for (size_t i = 0; i < v->s.n; i++) {
                bool between = i && i + 1 < v->s.n && tmpl_lex_is_alnum((uint32_t)v->s.p[i - 1]) &&
                               tmpl_lex_is_alnum((uint32_t)v->s.p[i + 1]) && v->s.p[i + 1] != '_';
                if (v->s.p[i] != '_' || !between)
                        buf_char(&digits, v->s.p[i]);
        }
        if (floats_parse(buf_str(&digits), ret))
                return true;
        char *end;
        bool large = digits.n && isinf(strtod(buf_cstr(&digits), &end)) && end == digits.p + digits.n;
        Buf quoted = { 0 };
        quote_go(&quoted, str_sub(v->s, 0, 100));
        err_set(err, ERR_INVALID, "strconv.ParseFloat: parsing " STR_FMT ": %s", STR_ARG(buf_str(&quoted)),
                large ? "value out of range" : "invalid syntax");
        buf_done(&quoted);
        return false;
}

TmplValue tmpl_func_humanize_duration(double v, Arena *arena)
{
        static const char *const prefixes[] = { "m", "u", "n", "p", "f", "a", "z", "y" };
        Buf text = { .arena = arena };
        const char *prefix = "";
        if (!isfinite(v)) {
                tmpl_fmt_float(&text, v, 'g', 4);
                return tmpl_str(buf_str(&text));
        }
        if (v != 0 && fabs(v) < 1)
                for (size_t i = 0; i < ARRAY_LEN(prefixes) && fabs(v) < 1; i++) {
                        prefix = prefixes[i];
                        v *= 1000;
                }
        else if (fabs(v) >= 60) {
                /* What is out of range becomes the lowest number, as on upstream's machines. */
                int64_t s = fabs(v) < 0x1p63 ? (int64_t)fabs(v) : INT64_MIN, m = s / 60, h = m / 60, d = h / 24;
                if (v < 0)
                        buf_char(&text, '-');
                if (d)
                        buf_printf(&text, "%lldd ", (long long)d);
                if (h)
                        buf_printf(&text, "%lldh ", (long long)(h % 24));
                buf_printf(&text, "%lldm %llds", (long long)(m % 60), (long long)(s % 60));
                return tmpl_str(buf_str(&text));
        }
        tmpl_fmt_float(&text, v, 'g', 4);
        buf_cstr_add(&text, prefix);
        buf_char(&text, 's');
        return tmpl_str(buf_str(&text));
}

Str tmpl_func_old_title(Str s, Arena *arena)
{
        Buf out = { .arena = arena };
        bool begins = true;
        while (s.n) {
                uint32_t r;
                uint32_t only;
                size_t n = utf8_decode(s, &r);
                if (n == 0) {
                        r = UTF8_REPLACEMENT;
                        n = 1;
                }
                Str one = str_sub(s, 0, n);
                Str upper = begins ? casemap_upper(arena, one) : one;
                s = str_sub(s, n, s.n);
                buf_str_add(&out, utf8_decode(upper, &only) == upper.n ? upper : one); /* one letter stays one */
                begins = r < 0x80 ? !tmpl_lex_is_alnum(r)
                                  : r == 0x85 || r == 0xa0 || (r >= 0x2000 && r <= 0x200a) || r == 0x2028 ||
                                            r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000 || r == 0x1680;
        }
        return buf_str(&out);
}

Str tmpl_func_title(Str s, bool keep_rest, Arena *arena)
{
        Buf out = { .arena = arena };
        bool in_word = false;
        while (s.n) {
                uint32_t r, after = 0;
                size_t n = utf8_decode(s, &r);
                if (n == 0) {
                        r = UTF8_REPLACEMENT;
                        n = 1;
                }
                Str one = str_sub(s, 0, n);
                s = str_sub(s, n, s.n);
                bool word = tmpl_lex_is_alnum(r);
                bool letter = word && !(r >= '0' && r <= '9') && r != '_';
                buf_str_add(&out, !letter     ? one
                                  : !in_word  ? casemap_upper(arena, one)
                                  : keep_rest ? one
                                              : casemap_lower(arena, one));
                /* "it's" and "a.b" are one word: these signs do not end one between letters. */
                bool joins = r == '\'' || r == '.' || r == ':' || r == 0x2019 || r == 0xb7;
                if (joins && in_word && s.n)
                        utf8_decode(s, &after);
                in_word = letter || (in_word && word) ||
                          (joins && in_word && tmpl_lex_is_alnum(after) && !(after >= '0' && after <= '9'));
        }
        return buf_str(&out);
}

bool tmpl_func_upper(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        UNUSED_ARGS();
        *ret = tmpl_str(casemap_upper(gotmpl_arena(run), args[0].s));
        return true;
}

bool tmpl_func_lower(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        UNUSED_ARGS();
        *ret = tmpl_str(casemap_lower(gotmpl_arena(run), args[0].s));
        return true;
}

bool tmpl_func_match(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        UNUSED_ARGS();
        AUTO(regex_free) Regex *re = NULL;
        if (!regex_compile(args[0].s, REGEX_SEARCH, &re, err))
                return false;
        *ret = tmpl_bool(regex_match(re, args[1].s));
        return true;
}

bool tmpl_func_re_replace_all(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        UNUSED_ARGS();
        AUTO(regex_free) Regex *re = NULL;
        if (!regex_compile(args[0].s, REGEX_SEARCH, &re, err)) { /* upstream's is a panic that was caught */
                Buf pattern = { .arena = gotmpl_arena(run) };
                bool plain = str_find_char(args[0].s, '`') == SIZE_MAX;
                for (size_t i = 0; i < args[0].s.n; i++)
                        plain &= (unsigned char)args[0].s.p[i] >= ' ' || args[0].s.p[i] == '\t';
                if (plain)
                        buf_printf(&pattern, "`" STR_FMT "`", STR_ARG(args[0].s));
                else
                        quote_go(&pattern, args[0].s);
                Err why = *err;
                return err_set(err, ERR_INVALID, "regexp: Compile(" STR_FMT "): %s",
                               STR_ARG(str_sub(buf_str(&pattern), 0, 200)), why.msg);
        }
        Buf out = { .arena = gotmpl_arena(run) };
        regex_replace_all(re, args[2].s, args[1].s, &out);
        *ret = tmpl_str(buf_str(&out));
        return true;
}

bool tmpl_func_safe_html(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        UNUSED_ARGS();
        *ret = tmpl_str(args[0].s);
        ret->safe_html = true;
        return true;
}
