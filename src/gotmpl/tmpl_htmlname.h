/* gotmpl/tmpl_htmlname.h - the names that HTML and html/template's errors use: attributes, types of scripts, entities,
 * contexts. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "gotmpl/tmpl_html.h"

/* What an attribute of this lower-case name holds; *other is set for kinds that have no state but are not plain. */
TmplHtmlAttr tmpl_htmlname_attr(Str name, bool *other);
/* Of the type attribute of a script: false when its content is no script. old: Go 1.19's list. */
bool tmpl_htmlname_is_script(Str type, bool old);
/* With &quot; &#39; &#x27; and the other usual ones as characters. In arena. */
Str tmpl_htmlname_decode(Str s, Arena *arena);
/* "{stateText delimNone ...}" as upstream's errors show a context. */
void tmpl_htmlname_context(Buf *out, const TmplHtml *html);
