/* gotmpl/tmpl_timemethods.h - what a template can call on a time.Time and a time.Duration. */
#pragma once
#include "gotmpl/gotmpl.h"

/* a - b, within a duration. */
TmplValue tmpl_timemethods_sub(const TmplValue *a, const TmplValue *b);
/* The methods of a TMPL_TIME or TMPL_DURATION value; NULL for other kinds. */
const TmplMethod *tmpl_timemethods(TmplKind kind);
