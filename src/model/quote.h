/* model/quote.h - Go's string quoting: what label values, matchers, queries and templates print. */
#pragma once
#include "base/buf.h"
#include "base/str.h"

/* strconv.Quote: double quotes; \a \b \f \n \r \t \v \\ \"; bytes that are not UTF-8 as \xNN; code points that do not
 * print as \u or \U. Code points that no Unicode version assigns yet count as printable. */
void quote_go(Buf *out, Str s);
