/* alert/alert_matchers.h - matchers as text: severity="critical", team=~"a|b". */
#pragma once
#include "base/vec.h"
#include "model/matcher.h"

typedef VEC(Matcher) AlertMatcherVec;
/* Appends the comma-joined matchers of text, braces optional, as Alertmanager's default mode reads them; nothing on failure.
 * Positions in messages are bytes from 0. */
MUST_CHECK bool alert_matchers_parse(Str text, Arena *arena, AlertMatcherVec *out, Err *err);

typedef enum AlertMatcherMode { ALERT_MATCHERS_FALLBACK, ALERT_MATCHERS_CLASSIC, ALERT_MATCHERS_UTF8 } AlertMatcherMode;
/* The same by one grammar alone: classic-mode and utf8-strict-mode of --enable-feature. */
MUST_CHECK bool alert_matchers_parse_mode(Str text, AlertMatcherMode mode, Arena *arena, AlertMatcherVec *out,
                                          Err *err);
/* The default mode reads this text, but not as the UTF-8 grammar alone would: *ret_suggestion says the same in a form that both read
 * alike; in arena. A text that cannot be read is no such case. */
bool alert_matchers_disagree(Str text, Arena *arena, Str *ret_suggestion);
/* What may be the name of a label in this mode. */
bool alert_matchers_is_name(Str name, AlertMatcherMode mode);
/* Exactly one condition, as a filter of the API. */
MUST_CHECK bool alert_matchers_parse_one(Str text, AlertMatcherMode mode, Arena *arena, Matcher *ret, Err *err);
