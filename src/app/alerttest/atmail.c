/* A mail whose body was not recorded is compared by its headers, its visible text and its links; one that was, as it is.
 * Both forms of a made mail are needed then: atmail_made gives "headers + body", and the recorded text says which it is: so a
 * made mail with an HTML document becomes the first form, any other the second. */
#include "app/alerttest/atmail.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/vec.h"

#define OMITTED STR("[[body omitted")

typedef VEC(Str) Lines;

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

/* The boundary's value, or empty. */
static Str boundary_of(Str headers)
{
        size_t at = str_find(headers, STR("boundary="));
        if (at == SIZE_MAX)
                return (Str){ 0 };
        Str rest = str_sub(headers, at + 9, headers.n);
        return str_sub(rest, 0, MIN_OF(str_find_char(rest, '\r'), rest.n));
}

static Str replace(Arena *arena, Str text, Str what, Str by)
{
        Buf out = { .arena = arena };
        for (size_t at; what.n && (at = str_find(text, what)) != SIZE_MAX; text = str_sub(text, at + what.n, text.n)) {
                buf_str_add(&out, str_sub(text, 0, at));
                buf_str_add(&out, by);
        }
        buf_str_add(&out, text);
        return buf_str(&out);
}

static void put_headers(Arena *arena, Buf *out, Str headers)
{
        Lines lines = { .arena = arena };
        Str line;
        while (str_split_next(&headers, '\n', &line)) {
                line = str_trim(line);
                if (str_starts(line, STR("Message-Id: ")))
                        line = STR("Message-Id: *");
                else if (str_starts(line, STR("Date: ")))
                        line = STR("Date: *");
                if (line.n)
                        vec_push(&lines, line);
        }
        if (lines.len)
                qsort(lines.data, lines.len, sizeof(Str), by_text);
        vec_each(l, &lines)
                buf_printf(out, STR_FMT "\n", STR_ARG(*l));
}

/* ---- what is seen of HTML */

static Str decode_quoted(Arena *arena, Str s)
{
        Buf out = { .arena = arena };
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] != '=') {
                        buf_char(&out, s.p[i]);
                } else if (i + 2 < s.n && s.p[i + 1] == '\r') {
                        i += 2;
                } else if (i + 2 < s.n && isxdigit((unsigned char)s.p[i + 1]) && isxdigit((unsigned char)s.p[i + 2])) {
                        char hex[3] = { s.p[i + 1], s.p[i + 2], 0 };
                        buf_char(&out, (char)strtol(hex, NULL, 16));
                        i += 2;
                } else {
                        buf_char(&out, '='); /* of a part's header */
                }
        }
        return buf_str(&out);
}

static Str decode_entities(Arena *arena, Str s)
{
        static const char *const entities[][2] = { { "&lt;", "<" },  { "&gt;", ">" },  { "&#34;", "\"" },
                                                   { "&#39;", "'" }, { "&#43;", "+" }, { "&amp;", "&" } };
        for (size_t i = 0; i < ARRAY_LEN(entities); i++)
                s = replace(arena, s, str_of(entities[i][0]), str_of(entities[i][1]));
        return s;
}

static Str cut_element(Arena *arena, Str html, Str open, Str close)
{
        size_t from = str_find(html, open);
        size_t to = str_find(html, close);
        if (from == SIZE_MAX || to == SIZE_MAX || to < from)
                return html;
        return str_printf(arena, STR_FMT STR_FMT, STR_ARG(str_sub(html, 0, from)),
                          STR_ARG(str_sub(html, to + close.n, html.n)));
}

static void put_visible(Arena *arena, Buf *out, Str body)
{
        Str html = cut_element(arena, decode_quoted(arena, body), STR("<head>"), STR("</head>"));
        Buf text = { .arena = arena };
        bool in_tag = false;
        for (size_t i = 0; i < html.n; i++) {
                if (html.p[i] == '<')
                        in_tag = true;
                if (!in_tag)
                        buf_char(&text, html.p[i]);
                if (html.p[i] == '>' && in_tag) {
                        in_tag = false;
                        buf_char(&text, ' ');
                }
        }
        Str rest = decode_entities(arena, buf_str(&text));
        bool space = true;
        for (size_t i = 0; i < rest.n; i++) {
                bool is_space = (unsigned char)rest.p[i] <= ' ';
                if (!is_space || !space)
                        buf_char(out, is_space ? ' ' : rest.p[i]);
                space = is_space;
        }
        while (out->n && out->p[out->n - 1] == ' ')
                out->n--;
        buf_char(out, '\n');
        for (size_t at; (at = str_find(html, STR("href=\""))) != SIZE_MAX;) {
                html = str_sub(html, at + 6, html.n);
                size_t end = MIN_OF(str_find_char(html, '"'), html.n);
                buf_printf(out, "href " STR_FMT "\n", STR_ARG(decode_entities(arena, str_sub(html, 0, end))));
        }
}

static Str text_of(Arena *arena, Str transcript, Str headers)
{
        Buf out = { .arena = arena };
        buf_str_add(&out, transcript);
        put_headers(arena, &out, headers);
        return buf_str(&out);
}

Str atmail_made(Arena *arena, Str transcript, Str data)
{
        Str boundary = boundary_of(data);
        data = replace(arena, data, boundary, STR("*"));
        size_t end = str_find(data, STR("\r\n\r\n"));
        Str headers = str_sub(data, 0, MIN_OF(end, data.n));
        Str body = end == SIZE_MAX ? (Str){ 0 } : str_sub(data, end + 4, data.n);
        Buf out = { .arena = arena };
        buf_str_add(&out, text_of(arena, transcript, headers));
        if (str_find(body, STR("<html>")) != SIZE_MAX)
                put_visible(arena, &out, body);
        else
                buf_str_add(&out, body);
        return buf_str(&out);
}

Str atmail_recorded(Arena *arena, const JsonValue *r)
{
        const JsonValue *lines = json_get(r, STR("transcript"));
        const JsonValue *links = json_get(r, STR("hrefs"));
        Str data = json_get_str(r, STR("data"));
        Buf transcript = { .arena = arena };
        for (size_t i = 0; lines && i < lines->n; i++)
                buf_printf(&transcript, STR_FMT "\n", STR_ARG(lines->items[i].str));
        if (str_find(data, OMITTED) == SIZE_MAX)
                return atmail_made(arena, buf_str(&transcript), data);
        Str boundary = boundary_of(data);
        size_t end = str_find(data, STR("\r\n\r\n"));
        Str headers = replace(arena, str_sub(data, 0, end), boundary, STR("*"));
        Buf out = { .arena = arena };
        buf_str_add(&out, text_of(arena, buf_str(&transcript), headers));
        buf_printf(&out, STR_FMT "\n",
                   STR_ARG(replace(arena, json_get_str(r, STR("visible_text")), boundary, STR("*"))));
        for (size_t i = 0; links && i < links->n; i++)
                buf_printf(&out, "href " STR_FMT "\n", STR_ARG(links->items[i].str));
        return buf_str(&out);
}
