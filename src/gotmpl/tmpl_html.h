/* gotmpl/tmpl_html.h - HTML mode: follows the HTML that a template writes, so that every value is escaped for the place
 * where it lands (text, attribute, URL, script, style). Names and rules are html/template's: its errors print contexts. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "gotmpl/gotmpl.h"
#include "gotmpl/tmpl_node.h"

typedef enum TmplHtmlState {
        HTML_TEXT,
        HTML_TAG, /* between attributes */
        HTML_ATTR_NAME,
        HTML_AFTER_NAME,
        HTML_BEFORE_VALUE,
        HTML_COMMENT,
        HTML_RCDATA, /* in <textarea> and <title> */
        HTML_ATTR,   /* in the value of a plain attribute; the other values stand in the states below */
        HTML_URL,
        HTML_SRCSET,
        HTML_JS,
        HTML_JS_DOUBLE,
        HTML_JS_SINGLE,
        HTML_JS_LITERAL, /* between backquotes */
        HTML_JS_REGEXP,
        HTML_JS_BLOCK_COMMENT,
        HTML_JS_LINE_COMMENT,
        HTML_JS_OPEN_COMMENT,  /* behind <!-- */
        HTML_JS_CLOSE_COMMENT, /* behind --> */
        HTML_CSS,
        HTML_CSS_DOUBLE,
        HTML_CSS_SINGLE,
        HTML_CSS_DOUBLE_URL,
        HTML_CSS_SINGLE_URL,
        HTML_CSS_URL,
        HTML_CSS_BLOCK_COMMENT,
        HTML_CSS_LINE_COMMENT,
        HTML_META_CONTENT,
        HTML_META_CONTENT_URL,
        HTML_ERROR,
        HTML_DEAD, /* behind {{break}} and {{continue}} */
} TmplHtmlState;

typedef enum TmplHtmlDelim { DELIM_NONE, DELIM_DOUBLE, DELIM_SINGLE, DELIM_SPACE } TmplHtmlDelim;
typedef enum TmplHtmlUrlPart { URL_START, URL_BEFORE_QUERY, URL_QUERY, URL_UNKNOWN } TmplHtmlUrlPart;
typedef enum TmplHtmlSlash { SLASH_REGEXP, SLASH_DIVIDES, SLASH_UNKNOWN } TmplHtmlSlash;
typedef enum TmplHtmlAttr {
        ATTR_NONE,
        ATTR_SCRIPT,
        ATTR_SCRIPT_TYPE,
        ATTR_STYLE,
        ATTR_URL,
        ATTR_SRCSET,
        ATTR_META_CONTENT
} TmplHtmlAttr;
typedef enum TmplHtmlElement {
        ELEMENT_NONE,
        ELEMENT_SCRIPT,
        ELEMENT_STYLE,
        ELEMENT_TEXTAREA,
        ELEMENT_TITLE,
        ELEMENT_META
} TmplHtmlElement;

enum { TMPL_HTML_MAX_BRACES = 8 }; /* ${ within ${; deeper ones are an error */

typedef struct TmplHtmlError {
        const TmplTree *tree; /* of node */
        const TmplNode *node; /* NULL: no place */
        uint32_t line;        /* when there is no node; 0: unknown */
        Str text;
} TmplHtmlError;

/* Zeroed but for arena and old: the start of a document's text. */
typedef struct TmplHtml {
        TmplHtmlState state;
        TmplHtmlDelim delim;
        TmplHtmlUrlPart url_part;
        TmplHtmlSlash slash;
        TmplHtmlAttr attr;
        TmplHtmlElement element;
        int braces[TMPL_HTML_MAX_BRACES]; /* open ones of each ${ that is open */
        size_t braces_n;
        TmplHtmlError *error; /* of HTML_ERROR; shared by copies */
        Arena *arena;         /* borrowed, for errors and decoded text */
        bool old;             /* the rules of Go 1.19 */
} TmplHtml;

/* Writes the template's own text and follows it. Comments are left out. */
void tmpl_html_text(TmplHtml *html, Buf *out, Str text);
/* Puts html into its error state. */
void tmpl_html_fail(TmplHtml *html, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What an action at this place means: a name of an attribute, or an unquoted value. */
TmplHtml tmpl_html_nudged(TmplHtml html);
bool tmpl_html_eq(const TmplHtml *a, const TmplHtml *b);
bool tmpl_html_is_comment(TmplHtmlState state);
/* The text of HTML without its tags and comments. */
void tmpl_html_strip_tags(Buf *out, Str s, Arena *arena);
