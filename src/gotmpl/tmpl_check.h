/* gotmpl/tmpl_check.h - what can be said of texts before their time. Private. */
#pragma once
#include "gotmpl/gotmpl.h"

/* See gotmpl.h. */
bool tmpl_check_try_rule(Str name, Str text, Err *err);
Str tmpl_check_hint(Str error);
void tmpl_check_labels(Str text, Arena *arena, Str **ret, size_t *ret_n);
