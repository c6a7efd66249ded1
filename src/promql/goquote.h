/* promql/goquote.h - Go's string literals: reading them, and quoting for messages (model/quote.h does the plain quoting). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Appends "text" quoted as strconv.Quote, cut after max_runes code points. */
void goquote_prefix(Buf *out, Str text, size_t max_runes);
/* Appends 'x' as %q of a rune. */
void goquote_rune(Buf *out, uint32_t rune);
/* The value of a literal with its quotes (", ' or `), in arena; false when it is not a well-formed literal. */
bool goquote_decode(Str literal, Arena *arena, Str *ret);
