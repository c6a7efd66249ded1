/* api/api_am_time.h - the points in time that Alertmanager's API v2 takes. Private. */
#pragma once
#include "base/buf.h"

/* RFC 3339, also without a zone (UTC), without seconds or with a space for the T; newer ones take a date alone. Cut to
 * milliseconds. Empty text and Go's zero time give 0. old: as Alertmanager 0.25. */
bool api_am_time_parse(Str s, bool old, int64_t *ret_ms);
/* What is told of a text that is none: Go's complaint about the last form that was tried. */
void api_am_time_why(Buf *out, Str s, bool old);
