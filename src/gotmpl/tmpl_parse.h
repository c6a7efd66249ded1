/* gotmpl/tmpl_parse.h - template text to syntax trees. */
#pragma once
#include "base/err.h"
#include "gotmpl/tmpl_node.h"

/* Parses text as template `name` and adds it and its definitions to *trees, where it replaces equally named ones (unless
 * the new one is empty). Nodes live in arena, and so must text and name. On failure *trees is untouched. funcs: beside
 * the built-ins. */
MUST_CHECK bool tmpl_parse(const TmplOptions *options, Str name, Str text, Arena *arena, TmplTreeVec *trees, Err *err);
