/* Random expressions over a tiny store that has everything: floats, histograms of all kinds, mixtures, stale markers, NaN and
 * infinities. The bytes choose; whatever they choose parses or is refused, and evaluates or is refused, and a range query says of
 * its only step what the instant query says. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/check.h"
#include "codec/floats.h"
#include "model/histstat.h"
#include "promql/promql.h"
#include "promql/seriesdesc.h"
#include "store/memstore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP_MS = 60000, MAX_EXPR = 4000, MAX_DEPTH = 6 };

static const char *const SERIES[] = {
        "f_total{a=\"1\",b=\"x\"} 0+7x5 3 NaN 9 Inf -Inf 4 stale 5 6 7",
        "f_total{a=\"2\",b=\"x\"} 5 4 3 2 1 0 _ _ _ 1e308 1e308 -1e308 1e-320",
        "f_total{a=\"3\",b=\"y\"} 1x20",
        "g{a=\"1\"} 1 -1 1 -1 0 stale _ 2",
        "h{a=\"1\",b=\"x\"} {{schema:1 count:4 sum:3 buckets:[1 2 1] n_buckets:[3]}}+{{schema:1 count:2 sum:1 buckets:[0 1 1]}}x8 stale "
        "{{count:1 buckets:[1]}}",
        "h{a=\"2\",b=\"x\"} {{schema:-1 z_bucket:3 z_bucket_w:0.5 count:9 sum:NaN buckets:[1 2]}}x3 {{schema:3 z_bucket:1 z_bucket_w:0.1 "
        "buckets:[1 0 0 5]}}x5",
        "h{a=\"3\",b=\"y\"} {{schema:-53 count:6 sum:9 custom_values:[1 2 5] buckets:[1 2 3]}}x4 {{schema:-53 count:6 sum:9 "
        "custom_values:[2 5 9] buckets:[1 2 3 4]}}x4",
        "gauge{a=\"1\"} {{count:4 sum:3 buckets:[1 2 1] counter_reset_hint:gauge}}-{{count:2 buckets:[3]}}x9",
        "mix{a=\"1\"} 1 2 {{count:3 sum:1}} {{count:9 sum:3}} 4 {{schema:-53 count:2 custom_values:[1] buckets:[2]}} stale {{count:1e308 "
        "sum:1e308}}x3",
        "b_bucket{le=\"1\"} 0+1x15",
        "b_bucket{le=\"2\"} 0+3x15",
        "b_bucket{le=\"+Inf\"} 0+4x15",
        "b_bucket{le=\"oops\"} 1x15",
        "b_bucket {{count:3 buckets:[3]}}x15",
        "target_info{a=\"1\",instance=\"i\",job=\"j\"} 1x15",
};

typedef struct Choice {
        const uint8_t *p;
        size_t n;
        Buf out;
} Choice;

static unsigned choose(Choice *c, unsigned n)
{
        if (c->n == 0)
                return 0;
        c->n--;
        return *c->p++ % n;
}

#define PICK(c, list) buf_str_add(&(c)->out, str_of((list)[choose((c), ARRAY_LEN(list))]))

static void vector(Choice *c, unsigned depth);

static void scalar(Choice *c, unsigned depth)
{
        static const char *const NUMBERS[] = { "0",   "1",   "-1",   "0.5",  "2",   "1e308",
                                               "NaN", "Inf", "-Inf", "0.99", "300", "-0.1" };
        if (depth == 0 || choose(c, 4)) {
                PICK(c, NUMBERS);
                return;
        }
        static const char *const CALLS[] = { "time()", "pi()", "start()", "end()", "range()" };
        switch (choose(c, 3)) {
        case 0: PICK(c, CALLS); break;
        case 1:
                buf_str_add(&c->out, STR("scalar("));
                vector(c, depth - 1);
                buf_char(&c->out, ')');
                break;
        default:
                buf_str_add(&c->out, choose(c, 2) ? STR("max_of(") : STR("min_of("));
                scalar(c, depth - 1);
                buf_char(&c->out, ',');
                scalar(c, depth - 1);
                buf_char(&c->out, ')');
        }
}

static void selector(Choice *c)
{
        static const char *const NAMES[] = {
                "f_total",     "g",           "h",         "gauge",      "mix",        "b_bucket",        "none",
                "target_info", "{a=~\".+\"}", "{a=\"1\"}", "h{b=\"x\"}", "h{a=\"3\"}", "f_total{b=\"x\"}"
        };
        PICK(c, NAMES);
}

static void modifiers(Choice *c)
{
        static const char *const MODIFIERS[] = {
                "", "", "", "", "", " offset 1m", " offset -2m", " @ 300", " @ end()", " @ 0 offset 30s"
        };
        PICK(c, MODIFIERS);
}

static void matrix(Choice *c, unsigned depth)
{
        static const char *const RANGES[] = { "[5m]", "[1m]", "[90s]", "[1ms]", "[20m]" };
        static const char *const MODES[] = { "", "", "", " anchored", " smoothed" };
        static const char *const STEPS[] = { "[5m:1m]", "[10m:]", "[4m:90s]", "[1m:1m]" };
        if (depth > 0 && choose(c, 4) == 0) {
                buf_char(&c->out, '(');
                vector(c, depth - 1);
                buf_char(&c->out, ')');
                PICK(c, STEPS);
        } else {
                selector(c);
                PICK(c, RANGES);
                PICK(c, MODES);
        }
        modifiers(c);
}

static void call(Choice *c, unsigned depth)
{
        static const char *const OVER_TIME[] = { "rate",
                                                 "increase",
                                                 "delta",
                                                 "irate",
                                                 "idelta",
                                                 "sum_over_time",
                                                 "avg_over_time",
                                                 "max_over_time",
                                                 "min_over_time",
                                                 "count_over_time",
                                                 "last_over_time",
                                                 "first_over_time",
                                                 "stddev_over_time",
                                                 "present_over_time",
                                                 "changes",
                                                 "resets",
                                                 "deriv",
                                                 "absent_over_time",
                                                 "mad_over_time",
                                                 "ts_of_last_over_time",
                                                 "ts_of_max_over_time",
                                                 "stdvar_over_time" };
        static const char *const PLAIN[] = { "histogram_count",
                                             "histogram_sum",
                                             "histogram_avg",
                                             "histogram_stddev",
                                             "abs",
                                             "ceil",
                                             "sgn",
                                             "exp",
                                             "timestamp",
                                             "start_timestamp",
                                             "absent",
                                             "sort",
                                             "sort_desc",
                                             "hour",
                                             "days_in_month",
                                             "info",
                                             "-" };
        switch (choose(c, 5)) {
        case 0:
        case 1:
                PICK(c, OVER_TIME);
                buf_char(&c->out, '(');
                matrix(c, depth);
                break;
        case 2:
                PICK(c, PLAIN);
                buf_char(&c->out, '(');
                vector(c, depth);
                break;
        case 3:
                buf_str_add(&c->out, choose(c, 2) ? STR("histogram_quantile(") : STR("quantile_over_time("));
                scalar(c, depth);
                buf_char(&c->out, ',');
                if (buf_str(&c->out).p[c->out.n - 2] == ')' || choose(c, 2))
                        matrix(c, depth);
                else
                        vector(c, depth);
                break;
        default:
                buf_str_add(&c->out, STR("histogram_fraction("));
                scalar(c, depth);
                buf_char(&c->out, ',');
                scalar(c, depth);
                buf_char(&c->out, ',');
                vector(c, depth);
        }
        buf_char(&c->out, ')');
}

static void binary(Choice *c, unsigned depth)
{
        static const char *const OPS[] = { "+",  "-",       "*",       "/",  "%",  "^",   "==", "!=",     ">",
                                           "<=", "== bool", "!= bool", "</", ">/", "and", "or", "unless", "atan2" };
        static const char *const MATCHING[] = { "",
                                                "",
                                                " on(a) ",
                                                " ignoring(b) ",
                                                " on(b) group_left ",
                                                " on() ",
                                                " ignoring(a,b) group_right ",
                                                " fill(0) " };
        buf_char(&c->out, '(');
        vector(c, depth);
        buf_char(&c->out, ' ');
        PICK(c, OPS);
        buf_char(&c->out, ' ');
        if (choose(c, 3) == 0) {
                scalar(c, depth);
        } else {
                PICK(c, MATCHING);
                vector(c, depth);
        }
        buf_char(&c->out, ')');
}

static void aggregate(Choice *c, unsigned depth)
{
        static const char *const OPS[] = { "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar" };
        static const char *const PARAM_OPS[] = { "topk", "bottomk", "quantile", "limitk", "limit_ratio" };
        static const char *const BY[] = { "", " by (a) ", " without (b) ", " by () ", " by (a, b) " };
        if (choose(c, 3)) {
                PICK(c, OPS);
                PICK(c, BY);
                buf_char(&c->out, '(');
        } else if (choose(c, 6)) {
                PICK(c, PARAM_OPS);
                PICK(c, BY);
                buf_char(&c->out, '(');
                scalar(c, depth);
                buf_char(&c->out, ',');
        } else {
                buf_str_add(&c->out, STR("count_values"));
                PICK(c, BY);
                buf_str_add(&c->out, STR("(\"v\","));
        }
        vector(c, depth);
        buf_char(&c->out, ')');
}

static void vector(Choice *c, unsigned depth)
{
        if (depth == 0 || c->out.n > MAX_EXPR) {
                selector(c);
                modifiers(c);
                return;
        }
        switch (choose(c, 6)) {
        case 0:
                selector(c);
                if (choose(c, 5) == 0)
                        buf_str_add(&c->out, STR(" smoothed"));
                modifiers(c);
                break;
        case 1:
        case 2: call(c, depth - 1); break;
        case 3: binary(c, depth - 1); break;
        case 4: aggregate(c, depth - 1); break;
        default:
                buf_str_add(&c->out, STR("label_replace("));
                vector(c, depth - 1);
                buf_str_add(&c->out, STR(", \"a\", \"$1\", \"b\", \"(.*)\")"));
        }
}

static MemStore *new_store(void)
{
        AUTO(arena_free) Arena *arena = arena_new();
        MemStore *store = memstore_new();
        for (size_t i = 0; i < ARRAY_LEN(SERIES); i++) {
                SeriesDesc d;
                Err err;
                CHECK(seriesdesc_parse(str_of(SERIES[i]), arena, &d, &err));
                Appender *app = store_appender(memstore_engine(store));
                SeriesRef ref = 0;
                for (size_t k = 0; k < d.n; k++) {
                        int64_t t = (int64_t)k * STEP_MS;
                        StoreSample s = {
                                .t_ms = t, .v = d.values[k].v, .h = d.values[k].h, .st_ms = i % 2 ? t - 30000 : 0
                        };
                        if (!d.values[k].omitted)
                                IGNORE(store_append_sample(app, &ref, d.labels, &s));
                }
                CHECK(store_commit(app, &err));
        }
        return store;
}

static void print(Buf *out, const PromqlResult *r)
{
        for (size_t i = 0; i < r->n_series; i++) {
                labels_print(out, r->series[i].labels);
                for (size_t k = 0; k < r->series[i].n; k++) {
                        const Histogram *h = r->series[i].h ? r->series[i].h[k] : NULL;
                        buf_printf(out, " %lld ", (long long)r->series[i].t[k]);
                        if (h)
                                histstat_print(out, h);
                        else
                                floats_format_g(out, r->series[i].v[k]);
                        CHECK(!sample_is_stale(r->series[i].v[k]));
                }
                buf_char(out, '\n');
        }
}

static int by_labels(const void *a, const void *b)
{
        return labels_cmp(((const PromqlSeries *)a)->labels, ((const PromqlSeries *)b)->labels);
}

static bool mentions(Str text, const char *what) { return str_find(text, str_of(what)) != SIZE_MAX; }

/* Says what the bytes meant before it stops. */
static void expect_same(Str text, Str instant, Str step)
{
        if (str_eq(instant, step))
                return;
        fprintf(stderr, "expression: " STR_FMT "\ninstant: " STR_FMT "\nrange: " STR_FMT "\n", STR_ARG(text),
                STR_ARG(instant), STR_ARG(step));
        abort();
}

static void evaluate(PromqlEngine *engine, StoreEngine *store, const Expr *e, Str text, Arena *arena)
{
        PromqlQuery q = { .expr = e, .text = text, .start_ms = 6 * STEP_MS, .end_ms = 6 * STEP_MS };
        PromqlResult once, steps;
        Err err = { 0 };
        bool ok = promql_exec(engine, store, &q, arena, &once, &err);
        q.range = true;
        q.step_ms = STEP_MS;
        Err late = err;
        bool ranged = promql_exec(engine, store, &q, arena, &steps, &late);
        if (ok != ranged)
                expect_same(text, ok ? STR("") : str_of(err.msg), ranged ? STR("") : str_of(late.msg));
        if (ok && once.type == VALUE_VECTOR && !mentions(text, "limitk")) {
                Buf a = { .arena = arena }, b = { .arena = arena };
                qsort(once.series, once.n_series, sizeof *once.series, by_labels);
                print(&a, &once);
                print(&b, &steps);
                expect_same(text, buf_str(&a), buf_str(&b));
        }
        q.start_ms = 0;
        q.end_ms = 15 * STEP_MS;
        if (promql_exec(engine, store, &q, arena, &steps, &err)) {
                Buf b = { .arena = arena };
                print(&b, &steps);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        PromqlFeatures features = promql_features_all();
        if (size > 0)
                features.delayed_name_removal = data[0] & 1;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *store = new_store();
        Choice c = { .p = data + (size > 0), .n = size - (size > 0), .out.arena = arena };
        vector(&c, MAX_DEPTH);
        Str text = buf_str(&c.out);
        Expr *e;
        SrcPos pos;
        Err err;
        if (!ast_parse(text, arena, &features, &e, &pos, &err))
                return 0;
        PromqlOptions options = { .features = features, .max_bytes = 64 << 20, .max_samples = 1000000 };
        PromqlEngine *engine = promql_engine_new(&options);
        evaluate(engine, memstore_engine(store), e, text, arena);
        promql_engine_free(engine);
        return 0;
}
