/* Invariants:
 * 1. A line is consumed whole or the parser ends: after EXPO_BAD every call returns EXPO_END.
 * 2. Nothing of `text` is copied but help texts with escapes.
 * 3. The cost of a known line is one memcmp and one number. */
#include "scrape/expofmt.h"

#include <math.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "codec/floats.h"

void expofmt_init(ExpoParser *p, Str text, ExpoFormat format, Arena *arena)
{
        *p = (ExpoParser){ .text = text, .format = format, .arena = arena };
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static size_t skip_blanks(Str s, size_t at)
{
        while (at < s.n && is_blank(s.p[at]))
                at++;
        return at;
}

static size_t token_end(Str s, size_t at)
{
        while (at < s.n && !is_blank(s.p[at]))
                at++;
        return at;
}

static ExpoKind bad(ExpoParser *p, Err *err, const char *what, Str near)
{
        p->at = p->text.n;
        p->ended = true;
        err_set(err, ERR_INVALID, "line %u: %s near '" STR_FMT "'", p->line, what, STR_ARG(str_sub(near, 0, 80)));
        return EXPO_BAD;
}

/* The bytes of a quoted string from its opening quote to behind the closing one, or SIZE_MAX. */
static size_t quoted_end(Str s, size_t at)
{
        for (size_t i = at + 1; i < s.n; i++) {
                if (s.p[i] == '\\')
                        i++;
                else if (s.p[i] == '"')
                        return i + 1;
        }
        return SIZE_MAX;
}

/* Where the series bytes of a line end: behind the name, or behind the closing brace. SIZE_MAX: an open brace or quote. */
static size_t series_end(Str line)
{
        size_t i = 0;
        while (i < line.n && line.p[i] != '{' && !is_blank(line.p[i]))
                i++;
        size_t brace = skip_blanks(line, i);
        if (brace >= line.n || line.p[brace] != '{')
                return i;
        for (i = brace + 1; i < line.n; i++) {
                if (line.p[i] == '}')
                        return i + 1;
                if (line.p[i] == '"') {
                        i = quoted_end(line, i);
                        if (i == SIZE_MAX)
                                return SIZE_MAX;
                        i--;
                }
        }
        return SIZE_MAX;
}

/* Numbers as upstream reads them: no hex floats, no underscores. */
static bool read_number(Str token, double *ret)
{
        for (size_t i = 0; i < token.n; i++)
                if (token.p[i] == 'p' || token.p[i] == 'P' || token.p[i] == '_' || token.p[i] == 'x' ||
                    token.p[i] == 'X')
                        return false;
        double v;
        if (!floats_parse(token, &v))
                return false;
        *ret = isnan(v) ? bits_to_double(0x7ff8000000000001u) : v;
        return true;
}

static bool read_timestamp(ExpoFormat format, Str token, int64_t *ret_ms)
{
        double v;
        if (!read_number(token, &v) || !isfinite(v) || fabs(v) > 9e15)
                return false;
        if (format == EXPO_OPENMETRICS) {
                *ret_ms = (int64_t)(v * 1000);
                return true;
        }
        for (size_t i = 0; i < token.n; i++)
                if ((token.p[i] < '0' || token.p[i] > '9') && !(i == 0 && (token.p[i] == '-' || token.p[i] == '+')))
                        return false;
        *ret_ms = (int64_t)v;
        return true;
}

/* What follows the series bytes: value [timestamp] [# exemplar]. */
static ExpoKind read_values(ExpoParser *p, Str line, size_t at, ExpoItem *ret, Err *err)
{
        at = skip_blanks(line, at);
        size_t end = token_end(line, at);
        if (end == at)
                return bad(p, err, "expected a value after the series", line);
        if (!read_number(str_sub(line, at, end), &ret->value))
                return bad(p, err, "expected a number as value", str_sub(line, at, line.n));
        at = skip_blanks(line, end);
        if (at < line.n && line.p[at] != '#') {
                end = token_end(line, at);
                if (!read_timestamp(p->format, str_sub(line, at, end), &ret->t_ms))
                        return bad(p, err, "expected a timestamp after the value", str_sub(line, at, line.n));
                ret->has_t = true;
                at = skip_blanks(line, end);
        }
        if (at < line.n) {
                if (p->format != EXPO_OPENMETRICS || line.p[at] != '#')
                        return bad(p, err, "unexpected text after the value", str_sub(line, at, line.n));
                ret->exemplar = str_trim(str_sub(line, at + 1, line.n));
        }
        return EXPO_SERIES;
}

/* \n and \\, and \" where quotes can be; any other backslash stands for itself, as upstream reads it. */
static Str unescape(Str s, bool quotes, Arena *arena)
{
        if (str_find_char(s, '\\') == SIZE_MAX)
                return s;
        Buf out = { .arena = arena };
        for (size_t i = 0; i < s.n; i++) {
                char next = s.p[i] == '\\' && i + 1 < s.n ? s.p[i + 1] : 0;
                if (next == 'n' || next == '\\' || (next == '"' && quotes)) {
                        buf_char(&out, next == 'n' ? '\n' : next);
                        i++;
                } else {
                        buf_char(&out, s.p[i]);
                }
        }
        return buf_str(&out);
}

static ExpoKind read_type(ExpoParser *p, Str text, ExpoItem *ret, Err *err)
{
        Str word = str_trim(text);
        if (str_eq(word, STR("untyped")))
                word = STR("unknown");
        if (!metadata_type_parse(word, &ret->type))
                return bad(p, err, "invalid metric type", word);
        return EXPO_TYPE;
}

static ExpoKind read_comment(ExpoParser *p, Str line, ExpoItem *ret, Err *err)
{
        size_t at = skip_blanks(line, 1);
        size_t end = at > 1 ? token_end(line, at) : at; /* "#HELP" is a comment */
        Str word = str_sub(line, at, end);
        if (p->format == EXPO_OPENMETRICS && str_eq(line, STR("# EOF"))) {
                p->ended = true;
                if (p->at < p->text.n)
                        return bad(p, err, "unexpected data after # EOF", str_sub(p->text, p->at, p->text.n));
                return EXPO_END;
        }
        bool help = str_eq(word, STR("HELP"));
        bool type = str_eq(word, STR("TYPE"));
        bool unit = p->format == EXPO_OPENMETRICS && str_eq(word, STR("UNIT"));
        if (!help && !type && !unit) {
                ret->text = line;
                return EXPO_COMMENT;
        }
        at = skip_blanks(line, end);
        end = at < line.n && line.p[at] == '"' ? quoted_end(line, at) : token_end(line, at);
        if (end == at || end == SIZE_MAX)
                return bad(p, err, "expected a metric name", line);
        ret->series = str_sub(line, at, end);
        if (ret->series.p[0] == '"')
                ret->series = unescape(str_sub(ret->series, 1, ret->series.n - 1), true, p->arena);
        Str rest = str_sub(line, skip_blanks(line, end), line.n);
        if (type)
                return read_type(p, rest, ret, err);
        ret->text = help ? unescape(rest, p->format == EXPO_OPENMETRICS, p->arena) : rest;
        if (!utf8_valid(ret->text))
                return bad(p, err, "help text is not valid UTF-8", line);
        return help ? EXPO_HELP : EXPO_UNIT;
}

static Str next_line(ExpoParser *p)
{
        Str rest = str_sub(p->text, p->at, p->text.n);
        size_t n = str_find_char(rest, '\n');
        p->at += n == SIZE_MAX ? rest.n : n + 1;
        p->line++;
        return str_sub(rest, 0, n == SIZE_MAX ? rest.n : n);
}

ExpoKind expofmt_next(ExpoParser *p, ExpoItem *ret, Err *err)
{
        *ret = (ExpoItem){ 0 };
        while (p->at < p->text.n && !p->ended) {
                Str line = next_line(p);
                if (line.n > EXPO_MAX_LINE_BYTES)
                        return bad(p, err, "line is longer than 1 MiB", line);
                size_t start = skip_blanks(line, 0);
                if (start == line.n) {
                        if (p->format == EXPO_OPENMETRICS)
                                return bad(p, err, "blank line, which OpenMetrics does not allow", STR(""));
                        continue;
                }
                line = str_sub(line, start, line.n);
                if (line.p[0] == '#') {
                        return read_comment(p, line, ret, err);
                }
                size_t end = series_end(line);
                if (end == SIZE_MAX)
                        return bad(p, err, "unclosed '{' or quote", line);
                ret->series = str_sub(line, 0, end);
                return read_values(p, line, end, ret, err);
        }
        if (p->format == EXPO_OPENMETRICS && !p->ended) {
                p->line++;
                return bad(p, err, "data does not end with # EOF", STR(""));
        }
        return EXPO_END;
}

bool expofmt_next_known(ExpoParser *p, Str series, ExpoItem *ret, ExpoKind *ret_kind, Err *err)
{
        size_t left = p->text.n - p->at;
        const char *at = p->text.p + p->at;
        if (series.n == 0 || left <= series.n || !is_blank(at[series.n]) || memcmp(at, series.p, series.n) != 0 ||
            p->ended)
                return false;
        const char *next = at + series.n;
        while (next < p->text.p + p->text.n && is_blank(*next))
                next++;
        if (next < p->text.p + p->text.n && *next == '{') /* name {label="..."}: another series */
                return false;
        Str line = next_line(p);
        *ret = (ExpoItem){ .series = str_sub(line, 0, series.n) };
        *ret_kind = line.n > EXPO_MAX_LINE_BYTES ? bad(p, err, "line is longer than 1 MiB", line)
                                                 : read_values(p, line, series.n, ret, err);
        return true;
}

/* ---- labels of a series ---- */

static bool unquote(Str s, size_t *at, Arena *arena, Str *ret, Err *err)
{
        size_t end = quoted_end(s, *at);
        if (end == SIZE_MAX)
                return err_set(err, ERR_INVALID, "unclosed quote in '" STR_FMT "'", STR_ARG(str_sub(s, 0, 80)));
        Str raw = str_sub(s, *at + 1, end - 1);
        *at = end;
        *ret = unescape(raw, true, arena);
        if (!utf8_valid(*ret))
                return err_set(err, ERR_INVALID, "label value is not valid UTF-8 in '" STR_FMT "'",
                               STR_ARG(str_sub(s, 0, 80)));
        return true;
}

static bool is_name_char(char c, bool first)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static Str bare_name(Str s, size_t *at, bool colons)
{
        size_t start = *at;
        while (*at < s.n && (is_name_char(s.p[*at], *at == start) || (colons && s.p[*at] == ':')))
                (*at)++;
        return str_sub(s, start, *at);
}

/* A float label as upstream prints it: at least one digit after the point, or an exponent. */
static Str normalise_float(Str value, Arena *arena)
{
        double v;
        if (!floats_parse(value, &v))
                return value;
        Buf out = { .arena = arena };
        floats_format_g(&out, v);
        if (isfinite(v) && str_find_char(buf_str(&out), '.') == SIZE_MAX &&
            str_find_char(buf_str(&out), 'e') == SIZE_MAX)
                buf_lit(&out, ".0");
        return buf_str(&out);
}

typedef VEC(Label) LabelVec;

static bool read_pair(Str s, size_t *at, MetricType type, Arena *arena, LabelVec *pairs, Err *err)
{
        Str name;
        bool quoted = s.p[*at] == '"';
        if (quoted) {
                if (!unquote(s, at, arena, &name, err))
                        return false;
        } else {
                name = bare_name(s, at, false);
        }
        if (name.n == 0)
                return err_set(err, ERR_INVALID, "expected a label name in '" STR_FMT "'", STR_ARG(str_sub(s, 0, 80)));
        *at = skip_blanks(s, *at);
        if (quoted && *at < s.n && (s.p[*at] == ',' || s.p[*at] == '}')) {
                vec_push(pairs, (Label){ LABEL_NAME, name });
                return true;
        }
        if (*at >= s.n || s.p[*at] != '=')
                return err_set(err, ERR_INVALID, "expected '=' after label '" STR_FMT "'", STR_ARG(name));
        *at = skip_blanks(s, *at + 1);
        if (*at >= s.n || s.p[*at] != '"')
                return err_set(err, ERR_INVALID, "expected a quoted value for label '" STR_FMT "'", STR_ARG(name));
        Str value;
        if (!unquote(s, at, arena, &value, err))
                return false;
        bool bucket = type == METRIC_TYPE_HISTOGRAM || type == METRIC_TYPE_GAUGE_HISTOGRAM;
        if ((bucket && str_eq(name, STR("le"))) || (type == METRIC_TYPE_SUMMARY && str_eq(name, STR("quantile"))))
                value = normalise_float(value, arena);
        vec_push(pairs, (Label){ name, value });
        return true;
}

static int by_name(const void *a, const void *b) { return str_cmp(((const Label *)a)->name, ((const Label *)b)->name); }

/* Sorts, refuses repeated names, leaves out empty values. */
static bool finish_labels(LabelVec *pairs, Labels *ret, Err *err)
{
        if (pairs->len > 1)
                qsort(pairs->data, pairs->len, sizeof(Label), by_name);
        size_t n = 0;
        for (size_t i = 0; i < pairs->len; i++) {
                if (i && str_eq(pairs->data[i].name, pairs->data[i - 1].name))
                        return err_set(err, ERR_INVALID, "label name '" STR_FMT "' is not unique",
                                       STR_ARG(pairs->data[i].name));
                if (pairs->data[i].value.n)
                        pairs->data[n++] = pairs->data[i];
        }
        *ret = (Labels){ pairs->data, n };
        return true;
}

static bool read_braces(Str s, size_t *at, MetricType type, Arena *arena, LabelVec *pairs, Err *err)
{
        *at = skip_blanks(s, *at + 1);
        while (*at < s.n && s.p[*at] != '}') {
                if (pairs->len == EXPO_MAX_LABELS)
                        return err_set(err, ERR_LIMIT, "more than %d labels", EXPO_MAX_LABELS);
                if (!read_pair(s, at, type, arena, pairs, err))
                        return false;
                *at = skip_blanks(s, *at);
                if (*at < s.n && s.p[*at] == ',')
                        *at = skip_blanks(s, *at + 1);
                else if (*at >= s.n || s.p[*at] != '}')
                        return err_set(err, ERR_INVALID, "expected ',' or '}' in '" STR_FMT "'",
                                       STR_ARG(str_sub(s, 0, 80)));
        }
        if (*at >= s.n)
                return err_set(err, ERR_INVALID, "unclosed '{' in '" STR_FMT "'", STR_ARG(str_sub(s, 0, 80)));
        (*at)++;
        return true;
}

bool expofmt_labels(Str s, MetricType type, Arena *arena, Labels *ret, Err *err)
{
        LabelVec pairs = { .arena = arena };
        size_t at = 0;
        Str name = bare_name(s, &at, true);
        if (name.n)
                vec_push(&pairs, (Label){ LABEL_NAME, name });
        at = skip_blanks(s, at);
        if (at < s.n && s.p[at] == '{' && !read_braces(s, &at, type, arena, &pairs, err))
                return false;
        if (at < s.n)
                return err_set(err, ERR_INVALID, "unexpected '" STR_FMT "' in a series name",
                               STR_ARG(str_sub(s, at, at + 40)));
        if (!finish_labels(&pairs, ret, err))
                return false;
        if (labels_get(*ret, LABEL_NAME).n == 0)
                return err_set(err, ERR_INVALID, "no metric name in '" STR_FMT "'", STR_ARG(str_sub(s, 0, 80)));
        return true;
}

bool expofmt_exemplar(Str raw, Arena *arena, Labels *ret_labels, double *ret_value, bool *ret_has_t, int64_t *ret_t_ms,
                      Err *err)
{
        LabelVec pairs = { .arena = arena };
        size_t at = 0;
        Labels labels;
        if (raw.n == 0 || raw.p[0] != '{')
                return err_set(err, ERR_INVALID, "an exemplar starts with '{'");
        if (!read_braces(raw, &at, METRIC_TYPE_UNKNOWN, arena, &pairs, err) || !finish_labels(&pairs, &labels, err))
                return false;
        at = skip_blanks(raw, at);
        size_t end = token_end(raw, at);
        double v;
        if (!read_number(str_sub(raw, at, end), &v))
                return err_set(err, ERR_INVALID, "expected a number as the exemplar's value");
        at = skip_blanks(raw, end);
        int64_t t_ms = 0;
        bool has_t = at < raw.n;
        if (has_t && !read_timestamp(EXPO_OPENMETRICS, str_sub(raw, at, raw.n), &t_ms))
                return err_set(err, ERR_INVALID, "expected a timestamp after the exemplar's value");
        *ret_labels = labels;
        *ret_value = v;
        *ret_has_t = has_t;
        *ret_t_ms = t_ms;
        return true;
}

bool expofmt_from_content_type(Str content_type, ExpoFormat *ret)
{
        Str media;
        Str params;
        str_cut(content_type, ';', &media, &params);
        media = str_trim(media);
        if (str_eq_fold(media, STR("application/openmetrics-text")))
                *ret = EXPO_OPENMETRICS;
        else if (str_eq_fold(media, STR("text/plain")))
                *ret = EXPO_TEXT;
        else
                return false;
        return true;
}
