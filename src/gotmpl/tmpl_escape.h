/* gotmpl/tmpl_escape.h - one escaping each: the string in, the string out, independent of contexts (tmpl_html.h). */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "gotmpl/gotmpl.h"

/* Go's template.HTMLEscapeString: & < > ' " and NUL. */
void tmpl_escape_html(Buf *out, Str s);
/* As html/template escapes text and quoted attribute values: also '+' (UTF-7). keep_entities leaves "&amp;" as it is. */
void tmpl_escape_html_node(Buf *out, Str s, bool keep_entities);
/* For attribute values without quotes: also space, =, ` and + as entities. */
void tmpl_escape_html_unquoted(Buf *out, Str s, bool keep_entities);
/* Go's template.JSEscapeString. */
void tmpl_escape_js(Buf *out, Str s);
/* Inside a string literal, a template literal, or a regular expression of a script. */
void tmpl_escape_js_string(Buf *out, Str s);
void tmpl_escape_js_literal(Buf *out, Str s);
void tmpl_escape_js_regexp(Buf *out, Str s);
/* A value as a JavaScript expression: JSON that cannot end a script element. */
void tmpl_escape_js_value(Buf *out, const TmplValue *v);
/* json.Marshal: maps sorted, HTML characters escaped. */
void tmpl_escape_json(Buf *out, const TmplValue *v);
/* url.QueryEscape: space is '+'. */
void tmpl_escape_query(Buf *out, Str s);
/* Within a URL: percent-encodes everything but unreserved characters; norm keeps reserved ones and existing escapes. */
void tmpl_escape_url(Buf *out, Str s, bool norm);
/* False for schemes that can run scripts (anything but http, https, mailto and relative URLs). */
bool tmpl_escape_url_is_safe(Str s);
/* Inside a CSS string. */
void tmpl_escape_css_string(Buf *out, Str s);
/* A CSS value: as it is when harmless, else "ZgotmplZ". angles: < and > count as harmless. */
void tmpl_escape_css_value(Buf *out, Str s, bool angles);
