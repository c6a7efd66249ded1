/* base/utf8.h - UTF-8: strict decoding (no surrogates, no overlong forms, at most U+10FFFF). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { UTF8_REPLACEMENT = 0xFFFD };

bool utf8_valid(Str s);
/* Decodes one code point at the start of s (s.n > 0): returns its length 1..4, or 0 when the bytes are not UTF-8. */
size_t utf8_decode(Str s, uint32_t *ret_rune);
void utf8_encode(Buf *out, uint32_t rune);
/* Code points in s; a bad byte counts as one. */
size_t utf8_length(Str s);
