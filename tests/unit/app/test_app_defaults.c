#include "app_fixture.h"

#include "app/app_defaults.h"
#include "store/memstore.h"

static RulesManager *manager_on(MemStore *store, const Clock *clock, PromqlEngine **ret_engine)
{
        PromqlOptions po = { .clock = clock, .features = promql_features_default() };
        *ret_engine = promql_engine_new(&po);
        RulesOptions o = { .engine = *ret_engine,
                           .store = memstore_engine(store),
                           .clock = clock,
                           .default_interval_ms = 15000,
                           .external_url = STR("http://x") };
        return rules_manager_new(&o);
}

static void add(MemStore *store, Arena *arena, int64_t t_ms, double v, const char *const *pairs, size_t n)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; i < n; i++)
                labels_builder_set(&lb, str_of(pairs[2 * i]), str_of(pairs[2 * i + 1]));
        memstore_add(store, labels_builder_build(&lb, arena), t_ms, v);
}

/* On a machine that is full, every host rule fires after its time, with texts that read well; none fails. */
static void default_rules_evaluate_and_fire(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        ManualClock clock;
        PromqlEngine *engine;
        RuleFile file;
        RuleGroupStatus *groups;
        size_t n, firing = 0;
        RulesDialect dialect = { .features = promql_features_default() };
        assert_true(rules_parse(app_defaults_rules(), STR("(default rules)"), &dialect, f->arena, &f->diags, &file));
        clock_manual_init(&clock, INT64_C(1700000000000));
        MemStore *store = memstore_new();
        RulesManager *m = manager_on(store, &clock.clock, &engine);
        rules_manager_apply(m, &file, 1, (Labels){ 0 }, 0, 0);
        for (int i = 0; i < 20 * 4; i++) {
                int64_t t = clock_wall_ms(&clock.clock);
                add(store, f->arena, t, 100,
                    (const char *const[]){ "__name__", "node_memory_MemTotal_bytes", "instance", "h" }, 2);
                add(store, f->arena, t, 5,
                    (const char *const[]){ "__name__", "node_memory_MemAvailable_bytes", "instance", "h" }, 2);
                add(store, f->arena, t, 100,
                    (const char *const[]){ "__name__", "node_filesystem_size_bytes", "instance", "h", "mountpoint", "/",
                                           "fstype", "ext4" },
                    4);
                add(store, f->arena, t, 4,
                    (const char *const[]){ "__name__", "node_filesystem_avail_bytes", "instance", "h", "mountpoint",
                                           "/", "fstype", "ext4" },
                    4);
                add(store, f->arena, t, i,
                    (const char *const[]){ "__name__", "node_cpu_seconds_total", "instance", "h", "cpu", "0", "mode",
                                           "idle" },
                    4);
                add(store, f->arena, t, 0, (const char *const[]){ "__name__", "up", "instance", "h:1", "job", "j" }, 3);
                add(store, f->arena, t, i,
                    (const char *const[]){ "__name__", "pharos_rules_evaluation_failures_total" }, 1);
                add(store, f->arena, t, i,
                    (const char *const[]){ "__name__", "pharos_alert_notifications_total", "outcome", "failed",
                                           "receiver", "r" },
                    3);
                rules_manager_tick(m);
                clock_manual_advance_ms(&clock, 15000);
        }
        rules_manager_status(m, f->arena, &groups, &n);
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < groups[i].n; k++) {
                        const RuleStatus *r = &groups[i].rules[k];
                        if (r->health != RULE_OK || r->state != ALERT_FIRING)
                                fail_msg(STR_FMT ": %d, %s " STR_FMT, STR_ARG(r->name), r->health,
                                         rules_state_name(r->state), STR_ARG(r->last_error));
                        Str summary = labels_get(r->alerts[0].annotations, STR("summary"));
                        assert_true(summary.n > 0 && str_find(summary, STR("{{")) == SIZE_MAX &&
                                    str_find(summary, STR("error")) == SIZE_MAX);
                        firing++;
                }
        assert_int_equal(firing, 8);
        rules_manager_free(m);
        promql_engine_free(engine);
        memstore_free(store);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(default_rules_evaluate_and_fire) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
