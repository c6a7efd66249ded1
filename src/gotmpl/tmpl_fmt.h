/* gotmpl/tmpl_fmt.h - values as text, as Go's fmt prints them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "gotmpl/gotmpl.h"

/* How one verb prints: fmt's flags, width and precision (-1: not given). */
typedef struct TmplFmt {
        Buf *out;
        size_t max_bytes; /* nothing is appended to out beyond it; then overflow is set */
        bool overflow;
        bool plus, minus, sharp, space, zero, plus_v, sharp_v;
        int width, precision;
} TmplFmt;

void tmpl_fmt_init(TmplFmt *f, Buf *out, size_t max_bytes);
/* Prints v with the verb; a verb that does not fit gives Go's "%!d(string=x)". */
void tmpl_fmt_verb(TmplFmt *f, const TmplValue *v, uint32_t verb);
/* fmt.Sprintf; false when max_bytes was reached. */
bool tmpl_fmt_printf(Buf *out, size_t max_bytes, Str format, const TmplValue *args, size_t n);
/* fmt.Sprint (spaces only between operands that are no strings) and fmt.Sprintln; false when max_bytes was reached. */
bool tmpl_fmt_print(Buf *out, size_t max_bytes, const TmplValue *args, size_t n, bool ln);
/* strconv.FormatFloat: verb e E f g G x X b; precision -1 is the shortest that reads back. */
void tmpl_fmt_float(Buf *out, double v, char verb, int precision);
/* "U+0040", and "U+0040 '@'" when named. */
void tmpl_fmt_unicode(Buf *out, uint32_t rune, bool named);
bool tmpl_fmt_is_printable(uint32_t rune);
/* reflect.Type.String: "int", "[]string", "template.KV"; valid for ever. */
const char *tmpl_fmt_type(const TmplValue *v);
/* The indices of a map's keys in byte order; lives in arena or, when it is NULL, on the heap (mem_free). */
size_t *tmpl_fmt_sorted_keys(const TmplValue *map, Arena *arena);
