/* gotmpl/tmpl_rule.h - the texts of rules: labels and annotations (see gotmpl.h). */
#pragma once
#include "gotmpl/gotmpl.h"

MUST_CHECK bool tmpl_rule_expand(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, Arena *arena,
                                 Str *ret, Err *err);
MUST_CHECK bool tmpl_rule_check(Str name, Str text, Err *err);
/* map[string]string: what a missing key gives is "". */
TmplValue tmpl_rule_string_map(const Str *names, const Str *values, size_t n, Arena *arena);
