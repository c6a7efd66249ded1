/* Each case is an annotation of an alert on the series m, and what it became; load_errors are texts that no rule file may
 * have. The recording's other series are n{x="b"} and n{x="a"}; it was evaluated one minute after 1970. */
#include "app/alerttest/atruletexts.h"

#include <stdlib.h>

#include "gotmpl/gotmpl.h"
#include "promql/promql.h"
#include "store/memstore.h"

enum { AT_MS = 60000 };

static const Label m_labels[] = { { STR_INIT("__name__"), STR_INIT("m") },
                                  { STR_INIT("instance"), STR_INIT("host.example.com:9100") },
                                  { STR_INIT("job"), STR_INIT("api") } };
static const Label n_labels[2][2] = { { { STR_INIT("__name__"), STR_INIT("n") }, { STR_INIT("x"), STR_INIT("b") } },
                                      { { STR_INIT("__name__"), STR_INIT("n") }, { STR_INIT("x"), STR_INIT("a") } } };

typedef struct Recorded {
        MemStore *store;
        PromqlEngine *engine;
} Recorded;

/* The recorder's store gives series in the order in which they came to it. */
static int by_arrival(const void *a, const void *b)
{
        const PromqlSeries *x = a;
        const PromqlSeries *y = b;
        bool x_second = str_eq(labels_get(x->labels, STR("x")), STR("a"));
        bool y_second = str_eq(labels_get(y->labels, STR("x")), STR("a"));
        return x_second - y_second;
}

static bool query(void *self, Str text, Arena *arena, TmplPromSample **ret, size_t *ret_n, Err *err)
{
        const Recorded *r = self;
        PromqlFeatures features = promql_features_default();
        Expr *expr;
        SrcPos pos;
        PromqlResult result;
        if (!ast_parse(text, arena, &features, &expr, &pos, err)) {
                Buf out = { .arena = arena };
                ast_format_error(&out, text, pos, err->msg);
                return err_set(err, ERR_INVALID, STR_FMT, STR_ARG(buf_str(&out)));
        }
        PromqlQuery q = { .expr = expr, .text = text, .start_ms = AT_MS, .end_ms = AT_MS };
        if (!promql_exec(r->engine, memstore_engine(r->store), &q, arena, &result, err))
                return false;
        if (expr->kind == EXPR_SELECTOR && result.n_series > 1)
                qsort(result.series, result.n_series, sizeof *result.series, by_arrival);
        bool scalar = result.type == VALUE_SCALAR;
        *ret_n = scalar ? 1 : result.n_series;
        *ret = arena_array(arena, TmplPromSample, *ret_n);
        for (size_t i = 0; i < *ret_n; i++) {
                Labels labels = scalar ? (Labels){ 0 } : result.series[i].labels;
                TmplPromSample *s = &(*ret)[i];
                *s = (TmplPromSample){ arena_array(arena, Str, labels.n), arena_array(arena, Str, labels.n), labels.n,
                                       scalar ? result.scalar : result.series[i].v[0] };
                for (size_t k = 0; k < labels.n; k++) {
                        s->label_names[k] = labels.data[k].name;
                        s->label_values[k] = labels.data[k].value;
                }
        }
        return true;
}

static bool expand(Str name, Str text, bool old, Recorded *recorded, Arena *arena, Str *ret, Err *err)
{
        static const Str names[] = { STR_INIT("__name__"), STR_INIT("instance"), STR_INIT("job") };
        static const Str values[] = { STR_INIT("m"), STR_INIT("host.example.com:9100"), STR_INIT("api") };
        static const Str region[] = { STR_INIT("region") };
        static const Str eu[] = { STR_INIT("eu") };
        TmplRuleData data = { names,         values,        3, region, eu, 1, STR("http://prom.example:9090/p"),
                              .value = 42.5, .as_2_42 = old };
        TmplPromCtx ctx = { .query = query, .self = recorded, .now_ms = AT_MS };
        return gotmpl_expand_rule(name, text, &data, &ctx, arena, ret, err);
}

static void check_case(AtRun *run, const JsonValue *c, Recorded *recorded)
{
        Str text = json_get_str(c, STR("template"));
        Str want = json_get_str(c, STR("expected"));
        Str name = STR("__alert_T");
        Str got;
        Str rest;
        Err err;
        /* The recorder numbered its alerts: their names stand in the errors. */
        size_t at = str_find(want, STR("template __alert_T"));
        if (at != SIZE_MAX)
                str_cut(str_sub(want, at + strlen("template "), want.n), ':', &name, &rest);
        if (!expand(name, text, run->compat == ALERT_COMPAT_AM_0_25, recorded, run->arena, &got, &err))
                got = str_printf(run->arena, "<error expanding template: %s>", err.msg);
        /* The recorder has no external URL there and crashes; pharos says so. */
        size_t crash = str_find(want, STR("runtime error: invalid memory address"));
        bool good = str_eq(got, want) || (crash != SIZE_MAX && str_starts(got, str_sub(want, 0, crash)));
        atkind_check(run, good, text,
                     str_printf(run->arena, "gives '" STR_FMT "', want '" STR_FMT "'", STR_ARG(got), STR_ARG(want)));
}

static void check_load_error(AtRun *run, const JsonValue *c)
{
        Str text = json_get_str(c, STR("template"));
        Str want = json_get_str(c, STR("load_error"));
        Err err = { 0 };
        want = str_sub(want, 0, MIN_OF(want.n, str_find(want, STR(" ("))));
        bool ok = gotmpl_check_rule(STR("__alert_T"), text, &err);
        atkind_check(run, !ok && str_find(str_of(err.msg), want) != SIZE_MAX, text,
                     str_printf(run->arena, "loads with '%s', want '" STR_FMT "'", ok ? "no error" : err.msg,
                                STR_ARG(want)));
}

void atruletexts_run(AtRun *run)
{
        const JsonValue *cases = json_get(run->root, STR("cases"));
        const JsonValue *loads = json_get(run->root, STR("load_errors"));
        AUTO(memstore_free) MemStore *store = memstore_new();
        Recorded recorded = { store, promql_engine_new(&(PromqlOptions){ .features = promql_features_default() }) };
        memstore_add(store, (Labels){ (Label *)m_labels, ARRAY_LEN(m_labels) }, AT_MS, 42.5);
        memstore_add(store, (Labels){ (Label *)n_labels[0], 2 }, AT_MS, 2);
        memstore_add(store, (Labels){ (Label *)n_labels[1], 2 }, AT_MS, 1);
        for (size_t i = 0; i < cases->n; i++)
                check_case(run, &cases->items[i], &recorded);
        for (size_t i = 0; loads && loads->kind == JSON_ARRAY && i < loads->n; i++)
                check_load_error(run, &loads->items[i]);
        promql_engine_free(recorded.engine);
}
