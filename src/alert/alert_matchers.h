/* alert/alert_matchers.h - matchers as text: severity="critical", team=~"a|b". */
#pragma once
#include "base/vec.h"
#include "model/matcher.h"

typedef VEC(Matcher) AlertMatcherVec;
/* Appends the comma-joined matchers of text, braces optional, as Alertmanager's default mode reads them; nothing on failure.
 * Positions in messages are bytes from 0. */
MUST_CHECK bool alert_matchers_parse(Str text, Arena *arena, AlertMatcherVec *out, Err *err);

typedef enum AlertMatcherMode { ALERT_MATCHERS_FALLBACK, ALERT_MATCHERS_CLASSIC, ALERT_MATCHERS_UTF8 } AlertMatcherMode;
/* The same by one grammar alone. */
MUST_CHECK bool alert_matchers_parse_mode(Str text, AlertMatcherMode mode, Arena *arena, AlertMatcherVec *out,
                                          Err *err);
/* Exactly one condition, as a filter of the API. */
MUST_CHECK bool alert_matchers_parse_one(Str text, AlertMatcherMode mode, Arena *arena, Matcher *ret, Err *err);
