/* gotmpl/tmpl_css.h - style sheets' own escapes. */
#pragma once
#include "base/arena.h"
#include "base/str.h"

/* Without its backslash escapes: "\41 b" is "Ab". In arena when there is one, else s itself. */
Str tmpl_css_decode(Str s, Arena *arena);
