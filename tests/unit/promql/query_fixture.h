/* A store with a few series, an engine over it, and answers as text, for the evaluator's tests. */
#pragma once
#include "testing.h"

#include "codec/floats.h"
#include "model/histstat.h"
#include "promql/promql.h"
#include "promql/seriesdesc.h"
#include "store/memstore.h"

typedef struct Fixture {
        MemStore *store;
        Arena *arena;
        PromqlOptions options;
        PromqlEngine *engine;
        PromqlStats stats; /* of the last query */
        ErrCode code;      /* of the last query */
        const Cancel *cancel;
} Fixture;

static inline void fixture_open(Fixture *f, const PromqlOptions *options)
{
        *f = (Fixture){ .store = memstore_new(), .arena = arena_new(), .options = *options };
        f->engine = promql_engine_new(&f->options);
}

static inline void fixture_close(Fixture *f)
{
        promql_engine_free(f->engine);
        memstore_free(f->store);
        arena_free(f->arena);
}

static inline void fixture_load(Fixture *f, int64_t step_ms, const char *lines);
/* One for all tests of a program, in which every feature is on but the labels of type and unit, and samples are a minute apart:
 * defines f, open_all and close_all. */
#define FIXTURE_OF(lines)                                                   \
        static Fixture f;                                                   \
        static int open_all(void **state)                                   \
        {                                                                   \
                (void)state;                                                \
                PromqlFeatures features = promql_features_all();            \
                features.type_and_unit_labels = false;                      \
                fixture_open(&f, &(PromqlOptions){ .features = features }); \
                fixture_load(&f, 60000, lines);                             \
                return 0;                                                   \
        }                                                                   \
        static int close_all(void **state)                                  \
        {                                                                   \
                (void)state;                                                \
                fixture_close(&f);                                          \
                return 0;                                                   \
        }

/* One series a line: name{labels} values; sample k is at k * step_ms. */
static inline void fixture_load(Fixture *f, int64_t step_ms, const char *lines)
{
        Str rest = str_of(lines), line;
        while (str_split_next(&rest, '\n', &line)) {
                line = str_trim(line);
                if (line.n == 0)
                        continue;
                SeriesDesc desc;
                Err err;
                assert_ok(seriesdesc_parse(line, f->arena, &desc, &err), err);
                Appender *app = store_appender(memstore_engine(f->store));
                SeriesRef ref = 0;
                for (size_t i = 0; i < desc.n; i++) {
                        StoreSample sample = { .t_ms = (int64_t)i * step_ms,
                                               .v = desc.values[i].v,
                                               .h = desc.values[i].h };
                        if (!desc.values[i].omitted)
                                assert_int_equal(store_append_sample(app, &ref, desc.labels, &sample), APPEND_OK);
                }
                assert_ok(store_commit(app, &err), err);
        }
}

static inline void fixture_print(Buf *out, const PromqlResult *r, int64_t start_ms, int64_t step_ms, bool range)
{
        if (r->type == VALUE_SCALAR)
                floats_format_g(out, r->scalar), buf_char(out, '\n');
        if (r->type == VALUE_STRING)
                buf_str_add(out, r->string), buf_char(out, '\n');
        for (size_t i = 0; i < r->n_series; i++) {
                const PromqlSeries *s = &r->series[i];
                int64_t t = start_ms;
                labels_print(out, s->labels);
                for (size_t k = 0; k < s->n; k++) {
                        for (; range && step_ms && t < s->t[k]; t += step_ms)
                                buf_lit(out, " _");
                        buf_char(out, ' ');
                        if (s->h && s->h[k])
                                histstat_print(out, s->h[k]);
                        else
                                floats_format_g(out, s->v[k]);
                        t += step_ms;
                }
                buf_char(out, '\n');
        }
        for (size_t i = 0; i < r->n_annotations; i++)
                buf_str_add(out, r->annotations[i].text), buf_char(out, '\n');
}

/* The answer as text: one series a line, then the annotations; "error: <message>" when it fails. */
static inline const char *fixture_run(Fixture *f, const char *text, bool range, int64_t start_ms, int64_t end_ms,
                                      int64_t step_ms)
{
        PromqlFeatures features = promql_features_all();
        Expr *expr;
        Err err;
        Buf out = { .arena = f->arena };
        assert_ok(ast_parse(str_of(text), f->arena, &features, &expr, NULL, &err), err);
        PromqlQuery q = { .expr = expr,
                          .text = str_of(text),
                          .range = range,
                          .start_ms = start_ms,
                          .end_ms = end_ms,
                          .step_ms = step_ms,
                          .cancel = f->cancel };
        PromqlResult r;
        f->code = ERR_NONE;
        if (promql_exec(f->engine, memstore_engine(f->store), &q, f->arena, &r, &err)) {
                f->stats = r.stats;
                fixture_print(&out, &r, start_ms, step_ms, range);
        } else {
                f->code = err.code;
                buf_printf(&out, "error: %s\n", err.msg);
        }
        return buf_cstr(&out);
}

static inline const char *fixture_instant(Fixture *f, const char *text, int64_t t_ms)
{
        return fixture_run(f, text, false, t_ms, t_ms, 0);
}
static inline const char *fixture_range(Fixture *f, const char *text, int64_t start_ms, int64_t end_ms, int64_t step_ms)
{
        return fixture_run(f, text, true, start_ms, end_ms, step_ms);
}
