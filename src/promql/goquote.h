/* promql/goquote.h - string literals as Go writes and reads them: what PromQL's strings, labels and messages use. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Appends "text" as strconv.Quote; at most max_runes code points of it (SIZE_MAX: all). */
void goquote_str(Buf *out, Str text, size_t max_runes);
/* Appends 'x' as %q of a rune. */
void goquote_rune(Buf *out, uint32_t rune);
/* The value of a literal with its quotes (", ' or `), in arena; false when it is not a well-formed literal. */
bool goquote_decode(Str literal, Arena *arena, Str *ret);
