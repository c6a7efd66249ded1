/* gotmpl/tmpl_htmlval.h - HTML mode: a value, escaped for the place where it lands. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "gotmpl/gotmpl.h"
#include "gotmpl/tmpl_html.h"

/* How a pipeline ends: with the function html or urlquery, which then takes the place of one of the escapers. */
typedef enum TmplHtmlLast { LAST_OTHER, LAST_HTML, LAST_URLQUERY } TmplHtmlLast;

/* True when the escapers of this place do what the last function would: it then must not run by itself. */
bool tmpl_htmlval_replaces(const TmplHtml *html, TmplHtmlLast last);
/* Writes a value and moves html behind it; text is how it prints. last: only when it was replaced. False where no value
 * can stand. */
bool tmpl_htmlval_write(TmplHtml *html, Buf *out, const TmplValue *value, Str text, TmplHtmlLast last, Arena *arena);
/* What a value does to the place, without writing it. */
void tmpl_htmlval_pass(TmplHtml *html);
