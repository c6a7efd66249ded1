/* gotmpl/tmpl_printf.c - fmt.Sprintf's format string; the values themselves are tmpl_fmt.c's.
 *
 * Invariants:
 * 1. Every malformed format prints what Go prints for it; nothing here fails except by max_bytes.
 * 2. Width and precision are at most PRINTF_MAX_NUMBER. */
#include <string.h>

#include "base/utf8.h"
#include "gotmpl/tmpl_fmt.h"

enum { PRINTF_MAX_NUMBER = 1000000 };

typedef struct Printf {
        TmplFmt f;
        Str format;
        size_t at;
        const TmplValue *args;
        size_t n, arg;
        bool reordered, good_arg, after_index;
} Printf;

static char peek(const Printf *p) { return p->at < p->format.n ? p->format.p[p->at] : 0; }

/* A decimal number at `at`; false when there is none or it is too large. */
static bool number(Printf *p, int *ret)
{
        int v = 0;
        size_t from = p->at;
        for (char c; (c = peek(p)) >= '0' && c <= '9'; p->at++) {
                if (v > PRINTF_MAX_NUMBER)
                        return false;
                v = v * 10 + (c - '0');
        }
        if (p->at == from || v > PRINTF_MAX_NUMBER)
                return false;
        *ret = v;
        return true;
}

/* "[3]": the argument that comes next. */
static void arg_index(Printf *p)
{
        p->after_index = false;
        if (peek(p) != '[')
                return;
        p->reordered = true;
        size_t close = str_find_char(str_sub(p->format, p->at, p->format.n), ']');
        if (close == SIZE_MAX) {
                p->good_arg = false;
                p->at++;
                return;
        }
        size_t end = p->at + close;
        p->at++;
        int index = 0;
        bool ok = number(p, &index) && p->at == end && index >= 1 && (size_t)index <= p->n;
        p->at = end + 1;
        if (!ok) {
                p->good_arg = false;
                return;
        }
        p->arg = (size_t)index - 1;
        p->after_index = true;
}

/* '*': width or precision from an argument. */
static bool star(Printf *p, int *ret)
{
        p->at++;
        if (p->arg >= p->n)
                return false;
        const TmplValue *v = &p->args[p->arg++];
        if (v->kind != TMPL_INT || v->i > PRINTF_MAX_NUMBER || v->i < -PRINTF_MAX_NUMBER)
                return false;
        *ret = (int)v->i;
        return true;
}

static void flags(Printf *p)
{
        TmplFmt *f = &p->f;
        for (;; p->at++) {
                switch (peek(p)) {
                case '#': f->sharp = true; break;
                case '0': f->zero = !f->minus; break;
                case '+': f->plus = true; break;
                case '-':
                        f->minus = true;
                        f->zero = false;
                        break;
                case ' ': f->space = true; break;
                default: return;
                }
        }
}

static void width_and_precision(Printf *p)
{
        TmplFmt *f = &p->f;
        arg_index(p);
        if (peek(p) == '*') {
                if (!star(p, &f->width))
                        buf_lit(f->out, "%!(BADWIDTH)");
                else if (f->width < 0) {
                        f->width = -f->width;
                        f->minus = true;
                        f->zero = false;
                }
                p->after_index = false;
        } else if (number(p, &f->width) && p->after_index)
                p->good_arg = false;
        if (peek(p) == '.') {
                p->at++;
                if (p->after_index)
                        p->good_arg = false;
                arg_index(p);
                if (peek(p) == '*') {
                        if (!star(p, &f->precision) || f->precision < 0) {
                                f->precision = -1;
                                buf_lit(f->out, "%!(BADPREC)");
                        }
                        p->after_index = false;
                } else if (!number(p, &f->precision))
                        f->precision = 0;
        }
        if (!p->after_index)
                arg_index(p);
}

/* Behind a '%'. */
static void directive(Printf *p)
{
        TmplFmt *f = &p->f;
        Buf *out = f->out;
        tmpl_fmt_init(f, out, f->max_bytes);
        p->good_arg = true;
        flags(p);
        width_and_precision(p);
        if (p->at >= p->format.n) {
                buf_lit(out, "%!(NOVERB)");
                return;
        }
        uint32_t verb;
        size_t n = utf8_decode(str_sub(p->format, p->at, p->format.n), &verb);
        if (n == 0) {
                verb = UTF8_REPLACEMENT;
                n = 1;
        }
        p->at += n;
        const char *complaint = verb == '%' ? NULL : !p->good_arg ? "(BADINDEX)" : p->arg >= p->n ? "(MISSING)" : NULL;
        if (verb == '%')
                buf_char(out, '%');
        else if (complaint) {
                buf_lit(out, "%!");
                utf8_encode(out, verb);
                buf_cstr_add(out, complaint);
        } else {
                if (verb == 'v' && f->plus) {
                        f->plus = false;
                        f->plus_v = true;
                }
                if (verb == 'v' && f->sharp) {
                        f->sharp = false;
                        f->sharp_v = true;
                }
                tmpl_fmt_verb(f, &p->args[p->arg++], verb);
        }
}

static void extra(Printf *p)
{
        TmplFmt *f = &p->f;
        tmpl_fmt_init(f, f->out, f->max_bytes);
        buf_lit(f->out, "%!(EXTRA ");
        for (size_t i = p->arg; i < p->n && !f->overflow; i++) {
                if (i > p->arg)
                        buf_lit(f->out, ", ");
                if (p->args[i].kind == TMPL_NIL) {
                        buf_lit(f->out, "<nil>");
                        continue;
                }
                buf_cstr_add(f->out, tmpl_fmt_type(&p->args[i]));
                buf_char(f->out, '=');
                tmpl_fmt_verb(f, &p->args[i], 'v');
        }
        buf_char(f->out, ')');
}

bool tmpl_fmt_printf(Buf *out, size_t max_bytes, Str format, const TmplValue *args, size_t n)
{
        Printf p = { .format = format, .args = args, .n = n };
        tmpl_fmt_init(&p.f, out, max_bytes);
        while (p.at < format.n) {
                size_t percent = str_find_char(str_sub(format, p.at, format.n), '%');
                size_t end = percent == SIZE_MAX ? format.n : p.at + percent;
                buf_add(out, format.p + p.at, end - p.at);
                if (p.f.overflow || out->n > max_bytes)
                        return false;
                p.at = end + 1;
                if (percent == SIZE_MAX)
                        break;
                directive(&p);
                if (p.f.overflow)
                        return false;
        }
        if (!p.reordered && p.arg < n)
                extra(&p);
        return !p.f.overflow;
}
