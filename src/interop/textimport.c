/* Invariants
 * 1. A message says the file, the line and the column where the fault begins.
 * 2. Nothing is guessed about data: a value, time or name that does not parse is an error, not a missing sample. */
#include "interop/textimport.h"

#include <math.h>
#include <string.h>

#include "base/rfc3339.h"
#include "codec/floats.h"
#include "codec/json.h"

static bool drain_when_full(const TextImportOptions *o, Err *err)
{
        return stage_samples(o->stage) < STAGE_MAX_SAMPLES || o->drain(o->ctx, err);
}

/* ---- JSON lines */

typedef struct JsonLine {
        const TextImportOptions *options;
        unsigned line;
} JsonLine;

static bool json_fault(const JsonLine *at, const JsonValue *v, const char *what, Err *err)
{
        return err_set(err, ERR_INVALID, "%s:%u:%zu: %s", at->options->name, at->line, v ? v->offset + 1 : 1, what);
}

static bool json_number(const JsonValue *v, double *ret)
{
        switch (v->kind) {
        case JSON_NULL: *ret = sample_stale(); return true;
        case JSON_NUMBER: *ret = v->num; return true;
        case JSON_STRING: return floats_parse(v->str, ret);
        case JSON_BOOL:
        case JSON_ARRAY:
        case JSON_OBJECT: break;
        }
        return false;
}

static bool stage_json(const JsonLine *at, const JsonValue *doc, Arena *arena, Err *err)
{
        const JsonValue *metric = json_get(doc, STR("metric")), *values = json_get(doc, STR("values")),
                        *times = json_get(doc, STR("timestamps"));
        if (!metric || metric->kind != JSON_OBJECT || !values || values->kind != JSON_ARRAY || !times ||
            times->kind != JSON_ARRAY)
                return json_fault(at, doc, "expected an object with \"metric\", \"values\" and \"timestamps\"", err);
        if (values->n != times->n)
                return json_fault(at, times, "\"values\" and \"timestamps\" differ in length", err);
        Label *pairs = arena_array(arena, Label, metric->n + 1);
        for (size_t i = 0; i < metric->n; i++) {
                if (metric->members[i].value.kind != JSON_STRING)
                        return json_fault(at, &metric->members[i].value, "a label's value is no string", err);
                pairs[i] = (Label){ metric->members[i].key, metric->members[i].value.str };
        }
        for (size_t i = 0; i < values->n; i++) {
                const JsonValue *t = &times->items[i];
                double v;
                if (t->kind != JSON_NUMBER || !(fabs(t->num) < 9e18))
                        return json_fault(at, t, "a timestamp is no number of milliseconds", err);
                if (!json_number(&values->items[i], &v))
                        return json_fault(at, &values->items[i], "a value is no number", err);
                if (i)
                        stage_more(at->options->stage, (int64_t)t->num, v);
                else if (!stage_put(at->options->stage, (Labels){ pairs, metric->n }, (int64_t)t->num, v))
                        return json_fault(at, metric, "the metric has no labels, or too many", err);
        }
        return true;
}

bool textimport_jsonl(Str text, const TextImportOptions *options, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        JsonLine at = { .options = options };
        Str line;
        while (str_split_next(&text, '\n', &line)) {
                JsonValue *doc;
                Err why;
                at.line++;
                arena_reset(arena);
                if (str_trim(line).n == 0)
                        continue;
                if (line.n > TEXTIMPORT_MAX_LINE_BYTES)
                        return err_set(err, ERR_LIMIT,
                                       "%s:%u:1: the line is longer than %d MiB: split the series over lines",
                                       options->name, at.line, TEXTIMPORT_MAX_LINE_BYTES >> 20);
                if (!json_parse(line, arena, &doc, &why)) { /* its positions are those of a text of one line */
                        const char *msg = strncmp(why.msg, "1:", 2) == 0 ? why.msg + 2 : why.msg;
                        return err_set(err, ERR_INVALID, "%s:%u:%s", options->name, at.line, msg);
                }
                if (!stage_json(&at, doc, arena, err) || !drain_when_full(options, err))
                        return false;
        }
        return true;
}

/* ---- CSV */

typedef enum CsvUnit { CSV_AUTO, CSV_UNIX_S, CSV_UNIX_MS, CSV_UNIX_US, CSV_UNIX_NS, CSV_RFC3339 } CsvUnit;
typedef struct CsvColumn {
        enum { CSV_SKIP, CSV_TIME, CSV_METRIC, CSV_VALUE, CSV_LABEL } kind;
        CsvUnit unit;
        Str name; /* of a label, or of a value's metric */
} CsvColumn;

typedef struct Csv {
        const TextImportOptions *options;
        Str text;
        size_t at, line_start;
        unsigned line;
        Arena *arena; /* of the row */
        CsvColumn columns[TEXTIMPORT_MAX_COLUMNS];
        size_t n_columns;
        Str fields[TEXTIMPORT_MAX_COLUMNS];
        size_t starts[TEXTIMPORT_MAX_COLUMNS]; /* columns of the text */
        size_t n_fields;
        unsigned row_line; /* where the row began */
} Csv;

static bool csv_fault(const Csv *csv, unsigned line, size_t col, const char *what, Err *err)
{
        return err_set(err, ERR_INVALID, "%s:%u:%zu: %s", csv->options->name, line, col, what);
}

/* A field in quotes; at the opening one. */
static bool read_quoted(Csv *csv, Str *ret, Err *err)
{
        Buf out = { .arena = csv->arena };
        unsigned line = csv->line;
        size_t col = csv->at - csv->line_start + 1;
        for (csv->at++; csv->at < csv->text.n; csv->at++) {
                char c = csv->text.p[csv->at];
                if (c == '"') {
                        if (csv->at + 1 == csv->text.n || csv->text.p[csv->at + 1] != '"') {
                                csv->at++;
                                *ret = buf_str(&out);
                                return true;
                        }
                        csv->at++;
                }
                if (c == '\n') {
                        csv->line++;
                        csv->line_start = csv->at + 1;
                }
                buf_char(&out, c);
        }
        return csv_fault(csv, line, col, "the quote is not closed", err);
}

/* Passes over empty lines; false at the end of the text. */
static bool find_row(Csv *csv)
{
        while (csv->at < csv->text.n) {
                csv->line++;
                csv->line_start = csv->at;
                if (csv->text.p[csv->at] == '\r' && csv->at + 1 < csv->text.n && csv->text.p[csv->at + 1] == '\n')
                        csv->at++;
                if (csv->text.p[csv->at] != '\n')
                        return true;
                csv->at++;
        }
        return false;
}

static Str read_plain(Csv *csv)
{
        size_t from = csv->at;
        while (csv->at < csv->text.n && csv->text.p[csv->at] != ',' && csv->text.p[csv->at] != '\n')
                csv->at++;
        size_t to = csv->at;
        if (to > from && csv->text.p[to - 1] == '\r')
                to--;
        return str_sub(csv->text, from, to);
}

/* What follows a field; *ret_more: another field does. */
static bool end_field(Csv *csv, bool *ret_more, Err *err)
{
        *ret_more = false;
        if (csv->at < csv->text.n && csv->text.p[csv->at] == '\r')
                csv->at++;
        if (csv->at >= csv->text.n)
                return true;
        char c = csv->text.p[csv->at++];
        *ret_more = c == ',';
        if (c == ',' || c == '\n')
                return true;
        return csv_fault(csv, csv->line, csv->at - csv->line_start, "expected ',' behind the closing quote", err);
}

/* The next row into fields; *ret_end: there is none. */
static bool read_row(Csv *csv, bool *ret_end, Err *err)
{
        *ret_end = !find_row(csv);
        csv->row_line = csv->line;
        csv->n_fields = 0;
        for (bool more = !*ret_end; more;) {
                size_t i = csv->n_fields, col = csv->at - csv->line_start + 1;
                if (i == TEXTIMPORT_MAX_COLUMNS)
                        return csv_fault(csv, csv->line, col, "more than 256 columns", err);
                csv->starts[i] = col;
                if (csv->at >= csv->text.n || csv->text.p[csv->at] != '"')
                        csv->fields[i] = read_plain(csv);
                else if (!read_quoted(csv, &csv->fields[i], err))
                        return false;
                csv->n_fields++;
                if (!end_field(csv, &more, err))
                        return false;
        }
        return true;
}

static bool parse_unit(Str s, CsvUnit *ret)
{
        static const struct {
                const char *name;
                CsvUnit unit;
        } known[] = { { "", CSV_AUTO },           { "unix_s", CSV_UNIX_S },   { "unix_ms", CSV_UNIX_MS },
                      { "unix_us", CSV_UNIX_US }, { "unix_ns", CSV_UNIX_NS }, { "rfc3339", CSV_RFC3339 } };
        for (size_t i = 0; i < ARRAY_LEN(known); i++) {
                if (str_eq(s, str_of(known[i].name))) {
                        *ret = known[i].unit;
                        return true;
                }
        }
        return false;
}

static bool parse_column(Str word, CsvColumn *ret)
{
        Str kind, name;
        str_cut(word, ':', &kind, &name);
        *ret = (CsvColumn){ .name = name };
        if (str_eq(kind, STR("time"))) {
                ret->kind = CSV_TIME;
                return parse_unit(name, &ret->unit);
        }
        if (str_eq(kind, STR("metric"))) {
                ret->kind = CSV_METRIC;
                return name.n == 0;
        }
        if (str_eq(kind, STR("value"))) {
                ret->kind = CSV_VALUE;
                return true;
        }
        if (str_eq(kind, STR("label"))) {
                ret->kind = CSV_LABEL;
                return name.n != 0;
        }
        return kind.n == 0 || str_eq(kind, STR("skip"));
}

static CsvColumn column_of_header(Str name)
{
        if (str_eq(name, STR("timestamp_ms")))
                return (CsvColumn){ .kind = CSV_TIME, .unit = CSV_UNIX_MS };
        if (str_eq_fold(name, STR("timestamp")) || str_eq_fold(name, STR("time")))
                return (CsvColumn){ .kind = CSV_TIME };
        if (str_eq_fold(name, STR("value")))
                return (CsvColumn){ .kind = CSV_VALUE };
        if (str_eq(name, LABEL_NAME) || str_eq_fold(name, STR("metric")))
                return (CsvColumn){ .kind = CSV_METRIC };
        return name.n ? (CsvColumn){ .kind = CSV_LABEL, .name = name } : (CsvColumn){ .kind = CSV_SKIP };
}

static bool check_columns(const Csv *csv, Err *err)
{
        size_t times = 0, values = 0, metrics = 0, unnamed = 0;
        for (size_t i = 0; i < csv->n_columns; i++) {
                const CsvColumn *c = &csv->columns[i];
                times += c->kind == CSV_TIME;
                metrics += c->kind == CSV_METRIC;
                values += c->kind == CSV_VALUE;
                unnamed += c->kind == CSV_VALUE && c->name.n == 0;
        }
        if (times != 1 || values == 0)
                return csv_fault(
                        csv, 1, 1,
                        "there must be one time column and at least one value column: say which with --columns", err);
        if (metrics > 1 || (unnamed && metrics == 0))
                return csv_fault(csv, 1, 1, "a value needs a metric: use value:NAME, or one column of kind metric",
                                 err);
        return true;
}

/* From the list, or the header line. *names keeps what the columns point to. */
static bool find_columns(Csv *csv, Arena *names, Err *err)
{
        bool end = false;
        if (csv->options->columns) {
                Str rest = str_of(csv->options->columns), word;
                while (str_split_next(&rest, ',', &word)) {
                        if (csv->n_columns == TEXTIMPORT_MAX_COLUMNS)
                                return err_set(err, ERR_INVALID, "--columns: more than %d columns",
                                               TEXTIMPORT_MAX_COLUMNS);
                        if (!parse_column(str_trim(word), &csv->columns[csv->n_columns++]))
                                return err_set(err, ERR_INVALID,
                                               "--columns: '" STR_FMT
                                               "' is none of time[:UNIT], metric, value[:NAME], label:NAME, skip",
                                               STR_ARG(word));
                }
                return check_columns(csv, err) && (!csv->options->skip_header || read_row(csv, &end, err));
        }
        if (!read_row(csv, &end, err))
                return false;
        if (end)
                return true;
        csv->n_columns = csv->n_fields;
        for (size_t i = 0; i < csv->n_fields; i++)
                csv->columns[i] = column_of_header(str_dup(names, csv->fields[i]));
        return check_columns(csv, err);
}

static bool parse_time(Str s, CsvUnit unit, int64_t *ret_ms)
{
        double v;
        if ((unit == CSV_RFC3339 || unit == CSV_AUTO) && rfc3339_parse(s, ret_ms))
                return true;
        if (unit == CSV_RFC3339 || !floats_parse(s, &v) || !(fabs(v) < 9e18))
                return false;
        if (unit == CSV_AUTO) /* seconds until the year 5138, and so on by thousands */
                unit = fabs(v) < 1e11   ? CSV_UNIX_S
                       : fabs(v) < 1e14 ? CSV_UNIX_MS
                       : fabs(v) < 1e17 ? CSV_UNIX_US
                                        : CSV_UNIX_NS;
        switch (unit) {
        case CSV_UNIX_S: v *= 1000; break;
        case CSV_UNIX_US: v /= 1000; break;
        case CSV_UNIX_NS: v /= 1000000; break;
        case CSV_UNIX_MS:
        case CSV_AUTO:
        case CSV_RFC3339: break;
        }
        if (!(fabs(v) < 9e18))
                return false;
        *ret_ms = (int64_t)llround(v);
        return true;
}

static bool stage_row(Csv *csv, Err *err)
{
        Label pairs[TEXTIMPORT_MAX_COLUMNS + 1] = { { { 0 }, { 0 } } };
        size_t n = 1; /* the name comes first */
        int64_t t_ms = 0;
        Str metric = { 0 };
        if (csv->n_fields != csv->n_columns)
                return csv_fault(csv, csv->row_line, 1, "the row has another number of columns than there should be",
                                 err);
        for (size_t i = 0; i < csv->n_columns; i++) {
                const CsvColumn *c = &csv->columns[i];
                if (c->kind == CSV_TIME && !parse_time(csv->fields[i], c->unit, &t_ms))
                        return csv_fault(csv, csv->row_line, csv->starts[i], "this is no time", err);
                if (c->kind == CSV_METRIC)
                        metric = csv->fields[i];
                if (c->kind == CSV_LABEL && csv->fields[i].n)
                        pairs[n++] = (Label){ c->name, csv->fields[i] };
        }
        for (size_t i = 0; i < csv->n_columns; i++) {
                const CsvColumn *c = &csv->columns[i];
                double v;
                if (c->kind != CSV_VALUE || csv->fields[i].n == 0)
                        continue;
                if (str_eq(csv->fields[i], STR("StaleNaN")))
                        v = sample_stale();
                else if (!floats_parse(csv->fields[i], &v))
                        return csv_fault(csv, csv->row_line, csv->starts[i], "this is no number", err);
                pairs[0] = (Label){ LABEL_NAME, c->name.n ? c->name : metric };
                if (!stage_put(csv->options->stage, (Labels){ pairs, n }, t_ms, v))
                        return csv_fault(csv, csv->row_line, csv->starts[i],
                                         "the sample has no labels, or one of them twice", err);
        }
        return true;
}

bool textimport_csv(Str text, const TextImportOptions *options, Err *err)
{
        AUTO(arena_free) Arena *row = arena_new();
        AUTO(arena_free) Arena *names = arena_new();
        Csv *csv = arena_new_of(names, Csv);
        bool end = false;
        *csv = (Csv){ .options = options, .text = text, .arena = row };
        if (!find_columns(csv, names, err))
                return false;
        for (;;) {
                arena_reset(row);
                if (!read_row(csv, &end, err))
                        return false;
                if (end)
                        return true;
                if (!stage_row(csv, err) || !drain_when_full(options, err))
                        return false;
        }
}
