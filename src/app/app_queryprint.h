/* app/app_queryprint.h - the answers of the query API as text: for eyes, for spreadsheets, as a picture. */
#pragma once
#include "base/buf.h"
#include "codec/json.h"

/* name{a="b", ...} of an answer's "metric". */
void app_queryprint_metric(Buf *out, const JsonValue *metric);
/* data: the envelope's "data". One line a value: series => value @[time]. */
void app_queryprint_plain(Buf *out, const JsonValue *data);
/* Instant: a line a series, values aligned. Range: a line a time, a column a series. */
void app_queryprint_table(Buf *out, const JsonValue *data, Arena *arena);
/* series,timestamp,value; fields quoted as RFC 4180 says. */
void app_queryprint_csv(Buf *out, const JsonValue *data);
/* Of a range; false: there is none in data. */
MUST_CHECK bool app_queryprint_plot(Buf *out, const JsonValue *data, unsigned width, bool colors, Arena *arena);
