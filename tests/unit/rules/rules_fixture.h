/* A rules manager on a manual clock over a memory store, with a sink that remembers. Times are milliseconds from T0, which is
 * a multiple of every interval that tests use. */
#pragma once
#include "testing.h"

#include "base/log.h"
#include "rules/rules.h"
#include "store/memstore.h"

#define T0 INT64_C(1699999200000)

typedef struct Told {
        Labels labels, annotations;
        int64_t at_ms, starts_ms, ends_ms; /* from T0 */
        bool resolved;
        Str url;
} Told;

typedef struct Fixture {
        ManualClock clock;
        Arena *arena;
        StateDb *db;
        MemStore *store;
        PromqlEngine *engine;
        Pool *pool;
        RulesManager *manager;
        VEC(Told) told;
        size_t firing, pending, changes;
        int64_t outage_tolerance_ms;
        size_t max_concurrent_evals;
        bool no_sink; /* what is told is not remembered: that is for one thread */
        Labels external;
} Fixture;

static inline int64_t fixture_now(Fixture *f) { return clock_wall_ms(&f->clock.clock) - T0; }

static inline void fixture_put(void *self, const AlertMsg *alerts, size_t n)
{
        Fixture *f = self;
        for (size_t i = 0; i < n; i++) {
                const AlertMsg *a = &alerts[i];
                Told t = { labels_dup(f->arena, a->labels),
                           labels_dup(f->arena, a->annotations),
                           fixture_now(f),
                           a->starts_at_ms - T0,
                           a->ends_at_ms - T0,
                           a->ends_at_ms <= clock_wall_ms(&f->clock.clock),
                           str_dup(f->arena, a->generator_url) };
                vec_push(&f->told, t);
        }
}

static inline void fixture_changed(void *ctx, size_t firing, size_t pending)
{
        Fixture *f = ctx;
        f->firing = firing;
        f->pending = pending;
        f->changes++;
}

static inline void fixture_start(Fixture *f)
{
        RulesOptions o = { .engine = f->engine,
                           .store = memstore_engine(f->store),
                           .pool = f->pool,
                           .clock = &f->clock.clock,
                           .statedb = f->db,
                           .sink = { f->no_sink ? NULL : fixture_put, f },
                           .external_url = STR("http://pharos.example.com/"),
                           .default_interval_ms = 1000,
                           .resend_delay_ms = 60000,
                           .outage_tolerance_ms = f->outage_tolerance_ms,
                           .max_concurrent_evals = f->max_concurrent_evals,
                           .on_change = fixture_changed,
                           .on_change_ctx = f };
        f->manager = rules_manager_new(&o);
}

static inline Fixture *fixture_new(void)
{
        Fixture *f = calloc(1, sizeof *f);
        Err err;
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        f->arena = arena_new();
        f->told.arena = f->arena;
        clock_manual_init(&f->clock, T0);
        assert_ok(statedb_open(":memory:", &f->db, &err), err);
        f->store = memstore_new();
        PromqlOptions o = { .clock = &f->clock.clock, .features = promql_features_default() };
        f->engine = promql_engine_new(&o);
        fixture_start(f);
        return f;
}

static inline void fixture_free(Fixture *f)
{
        rules_manager_free(f->manager);
        promql_engine_free(f->engine);
        pool_free(f->pool);
        memstore_free(f->store);
        statedb_close(f->db);
        arena_free(f->arena);
        free(f);
}

static inline bool fixture_parse(Fixture *f, const char *yaml, const char *path, Diags *diags, RuleFile *ret)
{
        RulesDialect dialect = { .features = promql_features_default() };
        diags_init(diags, f->arena);
        return rules_parse(str_of(yaml), str_of(path), &dialect, f->arena, diags, ret);
}

static inline void fixture_rules(Fixture *f, const char *yaml)
{
        Diags diags;
        RuleFile file;
        if (!fixture_parse(f, yaml, "rules.yml", &diags, &file))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        rules_manager_apply(f->manager, &file, 1, f->external, 0, 0);
}

/* "a=b,c=d" */
static inline Labels fixture_labels(Fixture *f, const char *text)
{
        LabelsBuilder lb;
        Str rest = str_of(text), part, name, value;
        labels_builder_init(&lb, f->arena, (Labels){ 0 });
        while (str_split_next(&rest, ',', &part)) {
                str_cut(part, '=', &name, &value);
                labels_builder_set(&lb, str_dup(f->arena, name), str_dup(f->arena, value));
        }
        return labels_builder_build(&lb, f->arena);
}

static inline void fixture_sample(Fixture *f, const char *labels, double v)
{
        AppendResult r = memstore_add(f->store, fixture_labels(f, labels), clock_wall_ms(&f->clock.clock), v);
        assert_true(r == APPEND_OK || r == APPEND_DUPLICATE);
}

/* Runs as the scheduler would, until t (from T0). */
static inline void fixture_run(Fixture *f, int64_t until_ms)
{
        for (;;) {
                int64_t wait_ms = rules_manager_tick(f->manager);
                int64_t left_ms = until_ms - fixture_now(f);
                if (left_ms <= 0)
                        return;
                clock_manual_advance_ms(&f->clock, wait_ms < left_ms ? wait_ms : left_ms);
        }
}

/* kill -9, and a start away_ms later. */
static inline void fixture_restart(Fixture *f, int64_t away_ms, const char *yaml)
{
        rules_manager_free(f->manager);
        clock_manual_advance_ms(&f->clock, away_ms);
        fixture_start(f);
        fixture_rules(f, yaml);
}

static inline RuleGroupStatus *fixture_status(Fixture *f, size_t *ret_n)
{
        RuleGroupStatus *all;
        rules_manager_status(f->manager, f->arena, &all, ret_n);
        return all;
}

/* The state of the first alert of the first rule. */
static inline RuleAlertState fixture_state(Fixture *f)
{
        size_t n;
        RuleGroupStatus *all = fixture_status(f, &n);
        assert_true(n > 0);
        return all[0].rules[0].state;
}

/* An instant query now; how many series, and the value of the first. */
static inline size_t fixture_query(Fixture *f, const char *text, double *ret_v)
{
        Expr *expr;
        SrcPos pos;
        Err err;
        PromqlFeatures features = promql_features_default();
        PromqlResult result;
        assert_ok(ast_parse(str_of(text), f->arena, &features, &expr, &pos, &err), err);
        PromqlQuery q = { .expr = expr,
                          .text = str_of(text),
                          .start_ms = clock_wall_ms(&f->clock.clock),
                          .end_ms = clock_wall_ms(&f->clock.clock) };
        assert_ok(promql_exec(f->engine, memstore_engine(f->store), &q, f->arena, &result, &err), err);
        if (ret_v && result.n_series)
                *ret_v = result.series[0].v[0];
        return result.n_series;
}
