#include "rules_fixture.h"

#include <stdatomic.h>

#include "os/thread.h"

static void groups_run_at_their_phase_again_after_a_restart(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *yaml = "groups: [{name: g, interval: 60s, rules: [{record: r, expr: '1'}]}]";
        size_t n;
        fixture_rules(f, yaml);
        fixture_run(f, 120000);
        int64_t last = fixture_status(f, &n)[0].last_eval_ms - T0;
        assert_true(last > 60000 && last <= 120000);
        fixture_restart(f, 7777, yaml);
        assert_int_equal(fixture_status(f, &n)[0].last_eval_ms, 0);
        fixture_run(f, last + 60000);
        assert_int_equal(fixture_status(f, &n)[0].last_eval_ms - T0, last + 60000);
        fixture_free(f);
}

static void the_time_of_an_evaluation_is_the_scheduled_one(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        double v;
        size_t n;
        fixture_rules(
                f,
                "groups: [{name: g, interval: 10s, rules: [{record: a, expr: 'time()'}, {record: b, expr: 'time()'}]}]");
        int64_t due = rules_manager_tick(f->manager);
        clock_manual_advance_ms(&f->clock, due + 300); /* the scheduler is late */
        rules_manager_tick(f->manager);
        assert_int_equal(fixture_query(f, "a - b", &v), 1);
        assert_double(v, 0.0);
        assert_int_equal(fixture_status(f, &n)[0].last_eval_ms - T0, due);
        fixture_free(f);
}

static void missed_iterations_are_skipped(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, "groups: [{name: g, interval: 10s, rules: [{record: r, expr: '1'}]}]");
        fixture_run(f, 10000);
        clock_manual_advance_ms(&f->clock, 35000);
        int64_t wait_ms = rules_manager_tick(f->manager);
        assert_true(wait_ms > 0 && wait_ms <= 10000);
        double v;
        assert_int_equal(fixture_query(f, "count_over_time(r[1h])", &v), 1);
        assert_double(v, 2.0); /* the first, and one for the three that were missed */
        fixture_free(f);
}

static void a_clock_set_back_stops_nothing(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(f, "groups: [{name: g, interval: 10s, rules: [{alert: A, expr: 'vector(1)'}]}]");
        fixture_run(f, 20000);
        f->clock.wall -= INT64_C(3600) * 1000000000;
        int64_t wait_ms = rules_manager_tick(f->manager);
        assert_true(wait_ms <= 10000);
        clock_manual_advance_ms(&f->clock, wait_ms);
        rules_manager_tick(f->manager);
        assert_true(fixture_status(f, &n)[0].last_eval_ms < T0);
        fixture_free(f);
}

static void a_reload_keeps_what_is_the_same(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(
                f,
                "groups: [{name: g, interval: 1s, rules: [{alert: A, expr: 'x > 0', for: 60s}, {alert: B, expr: 'x > 0', labels: {a: b}}]}]");
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 3000);
        int64_t since = fixture_status(f, &n)[0].rules[0].alerts[0].active_at_ms;
        /* Another expression and for, another order: still the same rule by name and labels. */
        fixture_rules(
                f,
                "groups: [{name: g, interval: 1s, rules: [{alert: B, expr: 'x > 0', labels: {a: c}}, {alert: A, expr: 'x > 0.5', for: 30s}]}]");
        RuleGroupStatus *g = fixture_status(f, &n);
        assert_int_equal(g[0].rules[0].n_alerts, 0); /* other labels: another rule */
        assert_int_equal(g[0].rules[1].n_alerts, 1);
        assert_int_equal(g[0].rules[1].alerts[0].active_at_ms, since);
        assert_int_equal(g[0].rules[1].health, RULE_OK);
        fixture_run(f, 4000);
        assert_int_equal(fixture_query(f, "ALERTS{a=\"b\"}", NULL), 0); /* what is gone has ended */
        fixture_free(f);
}

static void groups_come_by_file_and_name(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags d;
        RuleFile files[2];
        size_t n;
        assert_true(fixture_parse(f, "groups: [{name: z}, {name: a}]", "2.yml", &d, &files[0]));
        assert_true(fixture_parse(f, "groups: [{name: z}]", "1.yml", &d, &files[1]));
        rules_manager_apply(f->manager, files, 2, (Labels){ 0 }, 30000, 0);
        RuleGroupStatus *g = fixture_status(f, &n);
        assert_int_equal(n, 3);
        assert_str(g[0].file, "1.yml");
        assert_str(g[1].name, "a");
        assert_str(g[2].name, "z");
        assert_int_equal(g[0].interval_ms, 30000); /* the new default */
        fixture_free(f);
}

static void failures_are_said_and_stop_nobody(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(
                f,
                "groups: [{name: g, interval: 1s, rules: [{record: bad, expr: 'x * on() y'}, {record: text, expr: '\"t\"'}, {record: good, expr: '1'}]}]");
        fixture_sample(f, "__name__=x,i=1", 1);
        fixture_sample(f, "__name__=x,i=2", 1);
        fixture_sample(f, "__name__=y", 1);
        fixture_run(f, 1000);
        RuleGroupStatus *g = fixture_status(f, &n);
        assert_int_equal(g[0].rules[0].health, RULE_ERR);
        assert_true(g[0].rules[0].last_error.n > 0);
        assert_str(g[0].rules[1].last_error, "rule result is not a vector or scalar");
        assert_int_equal(g[0].rules[2].health, RULE_OK);
        assert_int_equal(g[0].rules[2].last_error.n, 0);
        fixture_free(f);
}

/* ---- threads */

enum { ROUNDS = 60 };

static void look(void *arg)
{
        Fixture *f = arg;
        for (int i = 0; i < ROUNDS; i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                RuleGroupStatus *all;
                size_t n;
                rules_manager_status(f->manager, arena, &all, &n);
        }
}

static void count_told(void *self, const AlertMsg *alerts, size_t n)
{
        for (size_t i = 0; i < n; i++)
                atomic_fetch_add((atomic_size_t *)self, alerts[i].labels.n > 0);
}

static void count_changes(void *ctx, size_t firing, size_t pending)
{
        (void)firing;
        (void)pending;
        atomic_fetch_add((atomic_size_t *)ctx, 1);
}

/* Evaluations on the pool, status, reloads and ticks at the same time. */
static void everything_at_once(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Err err;
        Thread looker;
        atomic_size_t told = 0, changes = 0;
        rules_manager_free(f->manager);
        f->pool = pool_new(3, 100);
        RulesOptions o = { .engine = f->engine,
                           .store = memstore_engine(f->store),
                           .pool = f->pool,
                           .clock = &f->clock.clock,
                           .statedb = f->db,
                           .sink = { count_told, &told },
                           .default_interval_ms = 1000,
                           .on_change = count_changes,
                           .on_change_ctx = &changes };
        f->manager = rules_manager_new(&o);
        Buf yaml = { .arena = f->arena };
        buf_lit(&yaml, "groups:\n");
        for (int i = 0; i < 6; i++)
                buf_printf(
                        &yaml,
                        "- {name: g%d, interval: 1s, rules: [{alert: A%d, expr: 'x > %d'}, {record: r%d, expr: x}]}\n",
                        i, i, i, i);
        const char *text = buf_cstr(&yaml);
        fixture_rules(f, text);
        assert_ok(thread_start(&looker, "look", look, f, &err), err);
        for (int i = 0; i < ROUNDS; i++) {
                fixture_sample(f, "__name__=x", i % 8);
                rules_manager_tick(f->manager);
                if (i % 10 == 9)
                        fixture_rules(f, i % 20 == 9 ? "groups: []" : text);
                clock_manual_advance_ms(&f->clock, 500);
        }
        thread_join(looker);
        rules_manager_free(f->manager);
        f->manager = NULL;
        assert_true(told > 0 && changes > 0);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(groups_run_at_their_phase_again_after_a_restart),
                cmocka_unit_test(the_time_of_an_evaluation_is_the_scheduled_one),
                cmocka_unit_test(missed_iterations_are_skipped),
                cmocka_unit_test(a_clock_set_back_stops_nothing),
                cmocka_unit_test(a_reload_keeps_what_is_the_same),
                cmocka_unit_test(groups_come_by_file_and_name),
                cmocka_unit_test(failures_are_said_and_stop_nobody),
                cmocka_unit_test(everything_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
