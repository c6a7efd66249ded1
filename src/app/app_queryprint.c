#include "app/app_queryprint.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/app_plot.h"
#include "codec/floats.h"
#include "model/labels.h"
#include "model/quote.h"
#include "model/sample.h"

enum { PLOT_HEIGHT = 16, MAX_TABLE_COLUMNS = 8 };

void app_queryprint_metric(Buf *out, const JsonValue *metric)
{
        Str name = json_get_str(metric, LABEL_NAME);
        buf_str_add(out, name);
        bool first = true;
        for (size_t i = 0; metric && i < metric->n; i++) {
                if (str_eq(metric->members[i].key, LABEL_NAME))
                        continue;
                buf_cstr_add(out, first ? "{" : ", ");
                buf_str_add(out, metric->members[i].key);
                buf_char(out, '=');
                quote_go(out, metric->members[i].value.str);
                first = false;
        }
        if (!first || !name.n)
                buf_cstr_add(out, first ? "{}" : "}");
}

static bool is_point(const JsonValue *p) { return p && p->kind == JSON_ARRAY && p->n == 2; }

/* A number as it came; a histogram as its JSON would be long: its count and sum. */
static void put_value(Buf *out, const JsonValue *v)
{
        if (v->kind == JSON_OBJECT)
                buf_printf(out, "count=" STR_FMT " sum=" STR_FMT, STR_ARG(json_get_str(v, STR("count"))),
                           STR_ARG(json_get_str(v, STR("sum"))));
        else
                buf_str_add(out, v->str);
}

static const JsonValue *points_of(const JsonValue *series, bool *ret_range)
{
        const JsonValue *values = json_get(series, STR("values"));
        if (!values)
                values = json_get(series, STR("histograms"));
        *ret_range = values != NULL;
        const JsonValue *one = json_get(series, STR("value"));
        return values ? values : one ? one : json_get(series, STR("histogram"));
}

typedef void (*EachPoint)(void *arg, const JsonValue *metric, const JsonValue *point);

static void each_point(const JsonValue *data, EachPoint fn, void *arg)
{
        const JsonValue *result = json_get(data, STR("result"));
        Str type = json_get_str(data, STR("resultType"));
        if (str_eq(type, STR("scalar")) || str_eq(type, STR("string"))) {
                if (is_point(result))
                        fn(arg, NULL, result);
                return;
        }
        for (size_t i = 0; result && result->kind == JSON_ARRAY && i < result->n; i++) {
                bool range;
                const JsonValue *metric = json_get(&result->items[i], STR("metric"));
                const JsonValue *points = points_of(&result->items[i], &range);
                if (!range && is_point(points))
                        fn(arg, metric, points);
                for (size_t k = 0; range && k < points->n; k++)
                        if (is_point(&points->items[k]))
                                fn(arg, metric, &points->items[k]);
        }
}

typedef struct Plain {
        Buf *out;
        const JsonValue *last;
} Plain;

static void plain_point(void *arg, const JsonValue *metric, const JsonValue *point)
{
        Plain *p = arg;
        if (metric && metric != p->last) {
                app_queryprint_metric(p->out, metric);
                buf_lit(p->out, " =>\n");
        }
        p->last = metric;
        put_value(p->out, &point->items[1]);
        buf_printf(p->out, " @[" STR_FMT "]\n", STR_ARG(point->items[0].str));
}

void app_queryprint_plain(Buf *out, const JsonValue *data)
{
        Plain p = { .out = out };
        each_point(data, plain_point, &p);
}

static void csv_field(Buf *out, Str s)
{
        buf_char(out, '"');
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] == '"')
                        buf_char(out, '"');
                buf_char(out, s.p[i]);
        }
        buf_char(out, '"');
}

static void csv_point(void *arg, const JsonValue *metric, const JsonValue *point)
{
        Buf *out = arg;
        AUTO(buf_done) Buf name = { 0 };
        if (metric)
                app_queryprint_metric(&name, metric);
        csv_field(out, buf_str(&name));
        buf_char(out, ',');
        buf_str_add(out, point->items[0].str);
        buf_char(out, ',');
        AUTO(buf_done) Buf value = { 0 };
        put_value(&value, &point->items[1]);
        if (str_eq(buf_str(&value), point->items[1].str) && floats_parse(buf_str(&value), &(double){ 0 }))
                buf_str_add(out, buf_str(&value));
        else
                csv_field(out, buf_str(&value));
        buf_lit(out, "\r\n");
}

void app_queryprint_csv(Buf *out, const JsonValue *data)
{
        buf_lit(out, "series,timestamp,value\r\n");
        each_point(data, csv_point, out);
}

/* --- table --- */

typedef struct Cell {
        Str time, value;
        double t;
        size_t column;
} Cell;

typedef struct Table {
        Arena *arena;
        const JsonValue *last;
        VEC(Str) names;
        VEC(Cell) cells;
        bool range;
} Table;

static void table_point(void *arg, const JsonValue *metric, const JsonValue *point)
{
        Table *t = arg;
        if (!t->names.len || metric != t->last) {
                Buf name = { .arena = t->arena };
                if (metric)
                        app_queryprint_metric(&name, metric);
                vec_push(&t->names, buf_str(&name));
        }
        t->last = metric;
        Buf value = { .arena = t->arena };
        put_value(&value, &point->items[1]);
        vec_push(&t->cells, (Cell){ point->items[0].str, buf_str(&value), point->items[0].num, t->names.len - 1 });
}

static int by_time(const void *pa, const void *pb)
{
        const Cell *a = pa, *b = pb;
        if (a->t != b->t)
                return a->t < b->t ? -1 : 1;
        return (a->column > b->column) - (a->column < b->column);
}

static void pad(Buf *out, Str s, size_t width, bool right)
{
        if (!right)
                buf_str_add(out, s);
        for (size_t i = s.n; i < width; i++)
                buf_char(out, ' ');
        if (right)
                buf_str_add(out, s);
}

static void instant_table(Buf *out, const Table *t)
{
        size_t wide = 0, value = 0;
        for (size_t i = 0; i < t->cells.len; i++) {
                wide = MAX_OF(wide, t->names.data[t->cells.data[i].column].n);
                value = MAX_OF(value, t->cells.data[i].value.n);
        }
        for (size_t i = 0; i < t->cells.len; i++) {
                pad(out, t->names.data[t->cells.data[i].column], wide, false);
                buf_lit(out, "  ");
                pad(out, t->cells.data[i].value, value, true);
                buf_char(out, '\n');
        }
}

/* The widest text of the times (width[0]) and of each column. */
static void measure(const Table *t, size_t columns, size_t *width)
{
        for (size_t i = 0; i < t->cells.len; i++) {
                const Cell *cell = &t->cells.data[i];
                width[0] = MAX_OF(width[0], cell->time.n);
                if (cell->column < columns)
                        width[cell->column + 1] = MAX_OF(width[cell->column + 1], MAX_OF(cell->value.n, (size_t)3));
        }
}

static void range_head(Buf *out, const Table *t, size_t columns, const size_t *width)
{
        for (size_t c = 0; c < columns; c++)
                buf_printf(out, "[%zu] " STR_FMT "\n", c + 1, STR_ARG(t->names.data[c]));
        pad(out, STR("time"), width[0], false);
        for (size_t c = 0; c < columns; c++) {
                char head[32];
                int n = snprintf(head, sizeof head, "[%zu]", c + 1);
                buf_lit(out, "  ");
                pad(out, (Str){ head, (size_t)n }, width[c + 1], true);
        }
}

static void range_table(Buf *out, Table *t, size_t columns)
{
        size_t width[MAX_TABLE_COLUMNS + 1] = { 4 };
        measure(t, columns, width);
        qsort(t->cells.data, t->cells.len, sizeof *t->cells.data, by_time);
        range_head(out, t, columns, width);
        for (size_t i = 0; i < t->cells.len;) {
                double at = t->cells.data[i].t;
                buf_char(out, '\n');
                pad(out, t->cells.data[i].time, width[0], false);
                for (size_t c = 0; c < columns; c++) {
                        bool here = i < t->cells.len && t->cells.data[i].t == at && t->cells.data[i].column == c;
                        buf_lit(out, "  ");
                        pad(out, here ? t->cells.data[i].value : (Str){ 0 }, width[c + 1], true);
                        i += here;
                }
                while (i < t->cells.len && t->cells.data[i].t == at)
                        i++;
        }
        buf_char(out, '\n');
        if (columns < t->names.len)
                buf_printf(out, "%zu more series: --format csv shows all\n", t->names.len - columns);
}

void app_queryprint_table(Buf *out, const JsonValue *data, Arena *arena)
{
        Table t = { .arena = arena };
        t.names.arena = t.cells.arena = arena;
        each_point(data, table_point, &t);
        if (t.cells.len == 0)
                buf_lit(out, "no series\n");
        else if (!str_eq(json_get_str(data, STR("resultType")), STR("matrix")))
                instant_table(out, &t);
        else
                range_table(out, &t, MIN_OF(t.names.len, (size_t)MAX_TABLE_COLUMNS));
}

/* --- plot --- */

bool app_queryprint_plot(Buf *out, const JsonValue *data, unsigned width, bool colors, Arena *arena)
{
        const JsonValue *result = json_get(data, STR("result"));
        if (!str_eq(json_get_str(data, STR("resultType")), STR("matrix")) || !result || result->kind != JSON_ARRAY)
                return false;
        AppPlotSeries *series = arena_array(arena, AppPlotSeries, result->n + 1);
        for (size_t i = 0; i < result->n; i++) {
                const JsonValue *values = json_get(&result->items[i], STR("values"));
                Buf name = { .arena = arena };
                app_queryprint_metric(&name, json_get(&result->items[i], STR("metric")));
                size_t n = values ? values->n : 0;
                double *t = arena_array(arena, double, n + 1), *v = arena_array(arena, double, n + 1);
                for (size_t k = 0; k < n; k++) {
                        const JsonValue *p = &values->items[k];
                        v[k] = sample_nan();
                        if (!is_point(p))
                                continue;
                        t[k] = p->items[0].num;
                        IGNORE(floats_parse(p->items[1].str, &v[k]));
                }
                series[i] = (AppPlotSeries){ buf_str(&name), t, v, n };
        }
        app_plot_draw(out, series, result->n, &(AppPlotOptions){ width, PLOT_HEIGHT, colors });
        return true;
}
