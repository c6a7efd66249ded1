/* gotmpl/tmpl_html.h - HTML mode: follows the HTML that a template writes, so that every value is escaped for the place
 * where it lands (text, attribute, URL, script, style). */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "gotmpl/gotmpl.h"

typedef enum TmplHtmlState {
        HTML_TEXT,
        HTML_COMMENT,
        HTML_TAG_NAME,
        HTML_TAG, /* between attributes */
        HTML_ATTR_NAME,
        HTML_AFTER_NAME,
        HTML_BEFORE_VALUE,
        HTML_VALUE,  /* in an attribute's value */
        HTML_RCDATA, /* in <textarea> and <title> */
        HTML_RAW,    /* in <script> and <style> */
} TmplHtmlState;

typedef enum TmplHtmlSyntax { SYNTAX_PLAIN, SYNTAX_URL, SYNTAX_HTML, SYNTAX_SCRIPT, SYNTAX_STYLE } TmplHtmlSyntax;

/* Where scripts and style sheets are inside themselves. */
typedef enum TmplHtmlCode {
        CODE_TOP,
        CODE_DOUBLE,
        CODE_SINGLE,
        CODE_BACKQUOTE,
        CODE_REGEXP,
        CODE_LINE_COMMENT,
        CODE_BLOCK_COMMENT,
        CODE_URL
} TmplHtmlCode;

typedef enum TmplHtmlUrlPart { URL_START, URL_BEFORE_QUERY, URL_QUERY } TmplHtmlUrlPart;

/* Zeroed: the start of a document's text. */
typedef struct TmplHtml {
        TmplHtmlState state;
        TmplHtmlSyntax syntax; /* of HTML_VALUE and HTML_RAW */
        TmplHtmlCode code;     /* of SYNTAX_SCRIPT and SYNTAX_STYLE */
        TmplHtmlUrlPart url_part;
        char delim;          /* of HTML_VALUE: '"', '\'' or 0 */
        bool closing;        /* HTML_TAG_NAME: of an end tag */
        bool operand_before; /* scripts: a '/' is a division */
        bool escaped;        /* behind a backslash */
        bool newline;        /* a comment that was left out held one */
        char element[12];    /* lower-case, cut */
        char attr[24];
        unsigned char element_n, attr_n;
} TmplHtml;

/* Writes the template's own text and follows it. Comments are left out. */
void tmpl_html_text(TmplHtml *html, Buf *out, Str text);
/* Writes a value, escaped for this place; text is how it prints. False where no value can stand. */
bool tmpl_html_value(TmplHtml *html, Buf *out, const TmplValue *value, Str text, Arena *arena);
