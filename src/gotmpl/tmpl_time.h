/* gotmpl/tmpl_time.h - Go's time.Time and time.Duration as text: printing, layouts, parsing. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "gotmpl/gotmpl.h"

/* Time.String: "2006-01-02 15:04:05.999999999 -0700 MST". */
/* "time.Date(2025, time.March, 4, 5, 6, 7, 0, time.UTC)" */
void tmpl_time_print_go(Buf *out, const TmplValue *time);
void tmpl_time_print(Buf *out, const TmplValue *time);
/* Time.Format with a layout like "2006-01-02 15:04:05". */
void tmpl_time_format(Buf *out, const TmplValue *time, Str layout);
/* time.Parse with such a layout, in UTC where the text names no offset. */
bool tmpl_time_parse(Str layout, Str text, Arena *arena, TmplValue *ret);
/* Duration.String: "1h2m3.5s". */
void tmpl_time_print_duration(Buf *out, int64_t ns);
