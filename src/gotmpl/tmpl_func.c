/* gotmpl/tmpl_func.c
 *
 * Invariants:
 * 1. Patterns are compiled for each call: they are data here. A bad one ends the run, as upstream. */
#include "gotmpl/tmpl_func.h"

#include <math.h>

#include "codec/floats.h"
#include "gotmpl/tmpl_case.h"
#include "gotmpl/tmpl_fmt.h"
#include "model/regex.h"

#define UNUSED_ARGS() ((void)ctx, (void)run, (void)args, (void)n, (void)err)

bool tmpl_func_number(const TmplValue *v, double *ret, Err *err)
{
        switch ((int)v->kind) {
        case TMPL_INT:
                *ret = (double)v->i;
                return true;
        case TMPL_FLOAT:
                *ret = v->f;
                return true;
        case TMPL_DURATION:
                *ret = (double)v->i / 1e9;
                return true;
        case TMPL_STRING:
                break;
        default:
                return err_set(err, ERR_INVALID, "can't convert %s to float", tmpl_fmt_type(v));
        }
        if (floats_parse(v->s, ret))
                return true;
        Buf quoted = { 0 };
        tmpl_fmt_quote(&quoted, str_sub(v->s, 0, 100), false);
        err_set(err, ERR_INVALID, "strconv.ParseFloat: parsing " STR_FMT ": invalid syntax", STR_ARG(buf_str(&quoted)));
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
        else if (fabs(v) >= 60 && fabs(v) < 0x1p63) {
                int64_t s = (int64_t)fabs(v), m = s / 60, h = m / 60, d = h / 24;
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

bool tmpl_func_upper(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        UNUSED_ARGS();
        Buf out = { .arena = gotmpl_arena(run) };
        tmpl_case_upper(&out, args[0].s);
        *ret = tmpl_str(buf_str(&out));
        return true;
}

bool tmpl_func_lower(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        UNUSED_ARGS();
        Buf out = { .arena = gotmpl_arena(run) };
        tmpl_case_lower(&out, args[0].s);
        *ret = tmpl_str(buf_str(&out));
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
        if (!regex_compile(args[0].s, REGEX_SEARCH, &re, err))
                return false;
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
