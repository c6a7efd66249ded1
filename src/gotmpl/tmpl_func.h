/* gotmpl/tmpl_func.h - functions that rule templates and notification templates share. */
#pragma once
#include "gotmpl/gotmpl.h"

/* An integer, a float, a duration (in seconds) or text that is a number. */
MUST_CHECK bool tmpl_func_number(const TmplValue *v, double *ret, Err *err);
/* v seconds as "1d 2h 3m 4s"; below a second with an SI prefix. */
TmplValue tmpl_func_humanize_duration(double v, Arena *arena);
/* The first letter of each word in upper case, the rest in lower case or, with keep_rest, as it is. */
/* strings.Title: what follows anything but a letter, a digit or _ is a capital. */
Str tmpl_func_old_title(Str s, Arena *arena);
Str tmpl_func_title(Str s, bool keep_rest, Arena *arena);

bool tmpl_func_upper(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err);
bool tmpl_func_lower(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err);
bool tmpl_func_match(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err);
bool tmpl_func_re_replace_all(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err);
bool tmpl_func_safe_html(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err);
