/* model/casemap.h - letters to upper and lower case, all scripts, one code point to one: Go's strings.ToUpper/ToLower.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"

/* Returns s itself when nothing changes, else a copy in arena. Bytes that are not UTF-8 become U+FFFD, as in Go. */
Str casemap_lower(Arena *arena, Str s);
Str casemap_upper(Arena *arena, Str s);
