/* model/utf8name.h - metric and label names beyond [a-zA-Z0-9_:] squeezed into it and back: Prometheus' escaping
 * schemes. */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* "values": my.metric becomes U__my_2e_metric; a legacy-valid name stays as it is. */
void utf8name_escape(Buf *out, Str name);
/* Back again; anything that is not a well-formed U__ name is given back unchanged. */
void utf8name_unescape(Buf *out, Str name);
/* "underscores": every code point that is not legal becomes '_'. */
void utf8name_underscores(Buf *out, Str name);
