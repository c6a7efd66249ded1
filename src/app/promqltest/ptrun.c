/* Invariants:
 * 1. Every eval counts once, whatever else happens: a command that cannot be read counts as a failure, too.
 * 2. An instant query runs in up to twelve ways (as written; with @ at five other times; each again as the middle step of
 *    a range query), and all must agree.
 *
 * The engine is set up as the conformance corpus assumes: 10,000 samples at most, every feature on but type and unit labels. */
#include "app/promqltest/ptrun.h"

#include <stdio.h>

#include "app/promqltest/ptcompare.h"
#include "app/promqltest/ptnhcb.h"
#include "app/promqltest/ptscript.h"
#include "promql/promql.h"
#include "store/memstore.h"

enum { MAX_SAMPLES = 10000, MINUTE_MS = 60000, LOOKBACK_MS = 5 * MINUTE_MS };

typedef struct Run {
        const char *name;
        bool verbose;
        PtCounts counts;
        MemStore *store;
        PromqlEngine *engine;
} Run;

static PromqlFeatures features(void)
{
        PromqlFeatures f = promql_features_all();
        f.type_and_unit_labels = false;
        return f;
}

static PromqlEngine *new_engine(void)
{
        PromqlOptions options = { .lookback_ms = LOOKBACK_MS,
                                  .max_samples = MAX_SAMPLES,
                                  .default_step_ms = MINUTE_MS,
                                  .features = features() };
        return promql_engine_new(&options);
}

/* ---- load ---- */

static bool put_sample(Appender *app, SeriesRef *ref, Labels labels, unsigned line, const StoreSample *sample, Err *err)
{
        AppendResult r = store_append_sample(app, ref, labels, sample);
        return r == APPEND_OK || r == APPEND_DUPLICATE ||
               err_set(err, ERR_INVALID, "line %u: the sample at %lld ms was not stored: %s", line,
                       (long long)sample->t_ms, append_result_name(r));
}

static bool load_series(Run *run, const PtSeries *series, int64_t step_ms, Err *err)
{
        Appender *app = store_appender(memstore_engine(run->store));
        SeriesRef ref = 0;
        for (size_t i = 0; i < series->n; i++) {
                const SequenceValue *value = &series->values[i];
                if (value->omitted)
                        continue;
                StoreSample sample = { .t_ms = (int64_t)i * step_ms, .v = value->v, .h = value->h };
                if (series->starts && !series->starts[i].omitted)
                        sample.st_ms = sample.t_ms + (int64_t)series->starts[i].v;
                if (!put_sample(app, &ref, series->labels, series->line, &sample, err)) {
                        store_rollback(app);
                        return false;
                }
        }
        return store_commit(app, err);
}

/* A series written twice in one load has the values of the last line. */
static bool is_overridden(const PtLoad *load, size_t i)
{
        for (size_t k = i + 1; k < load->series.len; k++)
                if (labels_eq(load->series.data[k].labels, load->series.data[i].labels))
                        return true;
        return false;
}

static bool run_load(Run *run, const PtLoad *load, Arena *arena, Err *err)
{
        for (size_t i = 0; i < load->series.len; i++)
                if (!is_overridden(load, i) && !load_series(run, &load->series.data[i], load->step_ms, err))
                        return false;
        PtSeriesVec custom = { 0 };
        if (load->with_nhcb && !ptnhcb_collate(load, arena, &custom, err))
                return false;
        for (size_t i = 0; i < custom.len; i++)
                if (!load_series(run, &custom.data[i], load->step_ms, err))
                        return false;
        return true;
}

/* ---- what an expression touches ---- */

typedef struct Touch {
        bool at_unsafe;
} Touch;

static bool inspect(void *arg, const Expr *e)
{
        static const char *const AT_UNSAFE[] = {
                "days_in_month",  "day_of_month", "day_of_week", "day_of_year", "end",  "hour",      "minute", "month",
                "predict_linear", "range",        "start",       "step",        "time", "timestamp", "year"
        };
        Touch *touch = arg;
        if (e->kind == EXPR_CALL)
                for (size_t i = 0; i < ARRAY_LEN(AT_UNSAFE); i++)
                        touch->at_unsafe |= strcmp(ast_function_name(e->call.fn), AT_UNSAFE[i]) == 0;
        return true;
}

/* Puts `@ t` on every selector and subquery that has none; a subquery that has one shields its inside. */
static void put_at(Expr *e, int64_t t_ms)
{
        TimeShift *shift = e->kind == EXPR_SELECTOR   ? &e->selector.shift
                           : e->kind == EXPR_SUBQUERY ? &e->subquery.shift
                                                      : NULL;
        if (shift && shift->at != AT_TIME) {
                shift->at = AT_TIME;
                shift->at_ms = t_ms;
        }
        switch (e->kind) {
        case EXPR_NUMBER:
        case EXPR_STRING:
        case EXPR_SELECTOR:
        case EXPR_SUBQUERY: break;
        case EXPR_CALL:
                for (size_t i = 0; i < e->call.n_args; i++)
                        put_at(e->call.args[i], t_ms);
                break;
        case EXPR_AGGREGATE:
                if (e->aggregate.param)
                        put_at(e->aggregate.param, t_ms);
                put_at(e->aggregate.expr, t_ms);
                break;
        case EXPR_BINARY:
                put_at(e->binary.lhs, t_ms);
                put_at(e->binary.rhs, t_ms);
                break;
        case EXPR_UNARY: put_at(e->unary.expr, t_ms); break;
        case EXPR_PAREN: put_at(e->paren, t_ms); break;
        }
}

/* ---- eval ---- */

static bool exec(Run *run, const PromqlQuery *query, Arena *arena, PromqlResult *ret, Err *err)
{
        return promql_exec(run->engine, memstore_engine(run->store), query, arena, ret, err);
}

static bool mentions_query_context(Str expr)
{
        return str_find(expr, STR("start()")) != SIZE_MAX || str_find(expr, STR("end()")) != SIZE_MAX ||
               str_find(expr, STR("range()")) != SIZE_MAX || str_find(expr, STR("step()")) != SIZE_MAX;
}

/* The instant query at t, then as the middle of three steps. */
static bool run_instant(Run *run, const PtEval *ev, const Expr *e, int64_t t_ms, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        PromqlResult result = { 0 }, steps = { 0 };
        Err failure = { 0 };
        PromqlQuery query = { .expr = e, .text = ev->expr, .start_ms = t_ms, .end_ms = t_ms };
        bool ok = exec(run, &query, arena, &result, &failure);
        if (!ptcompare_failure(ev, ok, &failure, err))
                return false;
        if (!ok)
                return true;
        if (!ptcompare_annotations(ev, &result, err) || !ptcompare_result(ev, &result, err))
                return false;
        if (ev->range_vector || ev->has_string || mentions_query_context(ev->expr) ||
            (result.type != VALUE_VECTOR && result.type != VALUE_SCALAR))
                return true;
        query.range = true;
        query.start_ms = t_ms - MINUTE_MS;
        query.end_ms = t_ms + MINUTE_MS;
        query.step_ms = MINUTE_MS;
        if (!exec(run, &query, arena, &steps, err))
                return err_wrap(err, "as a range query");
        if (ev->ordered)
                return true;
        return ptcompare_middle(ev, &steps, t_ms, result.type == VALUE_SCALAR, err) ||
               err_wrap(err, "as a range query");
}

static bool run_with_at(Run *run, const PtEval *ev, Expr *e, Err *err)
{
        int64_t t = ev->start_ms;
        int64_t times[] = { -10 * t, 0, t / 5, t, 10 * t };
        static const int64_t AROUND_ZERO[] = { -1000, 0, 1000 };
        put_at(e, t);
        size_t n = t == 0 ? ARRAY_LEN(AROUND_ZERO) : ARRAY_LEN(times);
        for (size_t i = 0; i < n; i++) {
                int64_t at = t == 0 ? AROUND_ZERO[i] : times[i];
                if (!run_instant(run, ev, e, at, err))
                        return err_wrap(err, "with @ %.3f, at %.3fs", (double)t / 1000, (double)at / 1000);
        }
        return true;
}

static bool run_range(Run *run, const PtEval *ev, const Expr *e, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        PromqlResult result = { 0 };
        Err failure = { 0 };
        PromqlQuery query = { .expr = e,
                              .text = ev->expr,
                              .range = true,
                              .start_ms = ev->start_ms,
                              .end_ms = ev->end_ms,
                              .step_ms = ev->step_ms };
        bool ok = exec(run, &query, arena, &result, &failure);
        if (!ptcompare_failure(ev, ok, &failure, err))
                return false;
        return !ok || (ptcompare_annotations(ev, &result, err) && ptcompare_result(ev, &result, err));
}

static bool run_eval(Run *run, const PtEval *ev, Arena *arena, Err *err)
{
        PromqlFeatures all = features();
        Expr *e;
        Err failure;
        Touch touch = { 0 };
        if (!ast_parse(ev->expr, arena, &all, &e, NULL, &failure))
                return ptcompare_failure(ev, false, &failure, err);
        ast_walk(e, inspect, &touch);
        if (ev->range)
                return run_range(run, ev, e, err);
        return run_instant(run, ev, e, ev->start_ms, err) && (touch.at_unsafe || run_with_at(run, ev, e, err));
}

static void report(Run *run, unsigned line, bool ok, const Err *err)
{
        if (ok)
                run->counts.passed++;
        else
                run->counts.failed++;
        if (!ok)
                printf("%s:%u: %s\n", run->name, line, err->msg);
        else if (run->verbose)
                printf("%s:%u: passed\n", run->name, line);
}

static bool run_command(Run *run, PtScript *script, Arena *arena)
{
        PtCommand cmd;
        Err err = { 0 };
        if (!ptscript_next(script, arena, &cmd, &err)) {
                report(run, cmd.line, false, &err);
                return true;
        }
        switch (cmd.kind) {
        case PT_END: return false;
        case PT_CLEAR: memstore_clear(run->store); break;
        case PT_LOAD:
                if (!run_load(run, &cmd.load, arena, &err))
                        report(run, cmd.line, false, &err);
                break;
        case PT_EVAL: report(run, cmd.line, run_eval(run, &cmd.eval, arena, &err), &err); break;
        }
        return true;
}

PtCounts ptrun_script(const char *name, Str text, bool verbose)
{
        AUTO(memstore_free) MemStore *store = memstore_new();
        AUTO(arena_free) Arena *arena = arena_new();
        Run run = { .name = name, .verbose = verbose, .store = store, .engine = new_engine() };
        PtScript script = { .rest = text };
        memstore_set_out_of_order_window(store, INT64_MAX / 4);
        while (run_command(&run, &script, arena))
                arena_reset(arena);
        promql_engine_free(run.engine);
        return run.counts;
}
