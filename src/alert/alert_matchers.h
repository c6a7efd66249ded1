/* alert/alert_matchers.h - matchers as text: severity="critical", team=~"a|b". Private. */
#pragma once
#include "base/vec.h"
#include "model/matcher.h"

typedef VEC(Matcher) AlertMatcherVec;
/* Appends the comma-joined matchers of text, braces optional, as Alertmanager's default mode reads them; nothing on failure.
 * Positions in messages are bytes from 0. */
MUST_CHECK bool alert_matchers_parse(Str text, Arena *arena, AlertMatcherVec *out, Err *err);
