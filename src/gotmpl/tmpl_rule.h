/* gotmpl/tmpl_rule.h - the texts of rules: labels and annotations (see gotmpl.h). */
#pragma once
#include "gotmpl/gotmpl.h"
#include "gotmpl/tmpl_node.h"

MUST_CHECK bool tmpl_rule_expand(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, Arena *arena,
                                 Str *ret, Err *err);
/* The same, and branches that the data does not take are tried for mistakes of types. */
MUST_CHECK bool tmpl_rule_try(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, Arena *arena,
                              Str *ret, Err *err);
/* The text with its prelude as trees; none for a text without templates. */
MUST_CHECK bool tmpl_rule_parse(Str name, Str text, Arena *arena, TmplTreeVec *trees, Err *err);
MUST_CHECK bool tmpl_rule_check(Str name, Str text, Err *err);
/* map[string]string: what a missing key gives is "". */
TmplValue tmpl_rule_string_map(const Str *names, const Str *values, size_t n, Arena *arena);
/* A sample's value: v, or the histogram (borrowed) where there is one. */
TmplValue tmpl_rule_sample(double v, const struct Histogram *h, Arena *arena);
