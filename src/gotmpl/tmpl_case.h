/* gotmpl/tmpl_case.h - upper, lower and title case of Latin, Greek, Cyrillic, Armenian and full-width text, code point by
 * code point as Go's strings.ToUpper does ("straße" gives "STRAßE"). */
#pragma once
#include "base/buf.h"
#include "base/str.h"

void tmpl_case_upper(Buf *out, Str s);
void tmpl_case_lower(Buf *out, Str s);
/* The first letter of each word in upper case, the rest in lower case or, with keep_rest, as it is. */
void tmpl_case_title(Buf *out, Str s, bool keep_rest);
