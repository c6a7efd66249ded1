/* gotmpl/tmpl_htmlcheck.h - HTML mode: before a run, every branch is followed, as html/template does when it escapes. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "gotmpl/tmpl_html.h"
#include "gotmpl/tmpl_node.h"

/* False when branches end at different places, values stand where they cannot be escaped, or the text is no HTML that can
 * be followed; in upstream's words. */
MUST_CHECK bool tmpl_htmlcheck(const TmplSet *set, const TmplTree *tree, Arena *arena, Err *err);
