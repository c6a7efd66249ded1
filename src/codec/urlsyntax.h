/* codec/urlsyntax.h - whether a text is a URL as Go's net/url reads it, which is what upstream's configurations are
 * checked with. It is wider than what can be asked: net/url.h is for that. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Borrowed from the text. */
typedef struct UrlSyntax {
        Str scheme; /* as written */
        Str host;   /* with its port; empty: none */
} UrlSyntax;

/* False with Go's words: parse "http://h/%zz": invalid URL escape "%zz". */
bool urlsyntax_parse(Str text, UrlSyntax *ret, Err *err);
/* The URL as Go asks for it: where its path has what a path must not have, blanks or letters beyond ASCII, the whole path is
 * escaped anew. Returns text itself where there is nothing to do. */
Str urlsyntax_escaped(Arena *arena, Str text);
