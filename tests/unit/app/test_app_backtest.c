#include "app_fixture.h"

#include "app/app_backtest.h"
#include "base/mem.h"
#include "store/memstore.h"

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };
#define T0 INT64_C(1699999200000)

static const char RULES[] = "groups:\n"
                            "- name: g\n"
                            "  interval: 1m\n"
                            "  rules:\n"
                            "  - {alert: High, expr: x > 5, for: 2m, labels: {severity: page}}\n"
                            "  - {alert: Low, expr: x < 1}\n"
                            "  - {record: r, expr: x + on() group_left() (x or y)}\n";

typedef struct World {
        Fixture *f;
        MemStore *store;
        PromqlEngine *engine;
        AppConfig *config;
        AppBacktestBase base;
        RuleFile file;
} World;

static const AppConfig *acquire(void *ctx) { return ((World *)ctx)->config; }
static void release(void *ctx) { (void)ctx; }

/* x is 9 for the second quarter of every hour, else 3. */
static World *world_new(bool routes)
{
        World *w = mem_new(World);
        w->f = fixture_new();
        w->store = memstore_new();
        w->engine = promql_engine_new(&(PromqlOptions){ .features = promql_features_default() });
        for (int i = 0; i < 2; i++) {
                LabelsBuilder lb;
                labels_builder_init(&lb, w->f->arena, (Labels){ 0 });
                labels_builder_set(&lb, LABEL_NAME, STR("x"));
                labels_builder_set(&lb, STR("i"), i ? STR("1") : STR("0"));
                Labels labels = labels_builder_build(&lb, w->f->arena);
                for (int64_t t = -2 * HOUR_MS; t <= 3 * HOUR_MS; t += MINUTE_MS)
                        memstore_add(w->store, labels, T0 + t, (t + 2 * HOUR_MS) / (15 * MINUTE_MS) % 4 == 1 ? 9 : 3);
        }
        if (routes)
                w->config = fixture_load(w->f, fixture_file(w->f, "alertmanager.yml",
                                                            "route: {receiver: team, group_by: [alertname]}\n"
                                                            "receivers:\n"
                                                            "- name: team\n"
                                                            "  webhook_configs: [{url: 'http://127.0.0.1:1/'}]\n"));
        w->base = (AppBacktestBase){ .engine = w->engine,
                                     .store = memstore_engine(w->store),
                                     .external_url = STR("http://pharos.example.com"),
                                     .acquire = routes ? acquire : NULL,
                                     .release = release,
                                     .ctx = w };
        RulesDialect dialect = { .features = promql_features_default() };
        assert_true(rules_parse(str_of(RULES), STR("r.yml"), &dialect, w->f->arena, &w->f->diags, &w->file));
        return w;
}

static void world_free(World *w)
{
        app_config_free(w->config);
        promql_engine_free(w->engine);
        memstore_free(w->store);
        fixture_free(w->f);
        mem_free(w);
}

static const JsonValue *run(World *w, Buf *json)
{
        JsonValue *tree;
        Err err;
        *json = (Buf){ .arena = w->f->arena };
        assert_ok(app_backtest_json(&w->base, &w->file, 1, T0, T0 + 3 * HOUR_MS, NULL, json, &err), err);
        assert_ok(json_parse(buf_str(json), w->f->arena, &tree, &err), err);
        return tree;
}

static void firings_and_notifications_are_counted(void **state)
{
        (void)state;
        World *w = world_new(true);
        Buf json;
        const JsonValue *result = run(w, &json);
        const JsonValue *rules = json_get(result, STR("rules"));
        const JsonValue *told = json_get(result, STR("notifications"));
        assert_int_equal(rules->n, 3);
        assert_int_equal(json_get_i64(&rules->items[0], STR("fired")), 6); /* two series, three hours */
        assert_int_equal(json_get_i64(&rules->items[1], STR("fired")), 0);
        assert_true(json_get_i64(&rules->items[2], STR("failures")) > 0);
        /* 15 minutes less `for`, more or less an evaluation. */
        int64_t seconds = json_get_i64(&rules->items[0], STR("firingSeconds"));
        assert_true(seconds >= (int64_t)6 * 12 * 60 && seconds <= (int64_t)6 * 14 * 60);
        /* One group: it is told when it fires and when it is over. */
        assert_int_equal(json_get_i64(told, STR("pages")), 3);
        assert_int_equal(json_get_i64(told, STR("total")), 6);
        const JsonValue *receivers = json_get(told, STR("receivers"));
        assert_int_equal(receivers->n, 1);
        assert_str(json_get_str(&receivers->items[0], STR("receiver")), "team");
        assert_int_equal(memstore_series(w->store), 2);
        world_free(w);
}

static void the_picture_shows_when(void **state)
{
        (void)state;
        World *w = world_new(false);
        Buf json;
        Buf out = { .arena = w->f->arena };
        const JsonValue *result = run(w, &json);
        assert_int_equal(json_get(result, STR("notifications"))->kind, JSON_NULL);
        app_backtest_plot(result, 90, &out);
        const char *text = buf_cstr(&out);
        assert_contains(text, "\u2588\u2588");
        assert_contains(text, "   6 times 1h");
        assert_contains(text, "Low ");
        assert_contains(text, "evaluations of r failed: ");
        assert_contains(text, "High i=0 severity=page");
        assert_contains(text, "nobody would have been told");
        world_free(w);
}

static void times_are_dates_or_seconds(void **state)
{
        (void)state;
        int64_t t;
        assert_true(app_backtest_parse_time(STR("2024-01-01T00:00:00Z"), &t));
        assert_int_equal(t, 1704067200000);
        assert_true(app_backtest_parse_time(STR("1704067200.5"), &t));
        assert_int_equal(t, 1704067200500);
        assert_false(app_backtest_parse_time(STR("yesterday"), &t));
        assert_false(app_backtest_parse_time(STR("1e300"), &t));
        assert_false(app_backtest_parse_time(STR("NaN"), &t));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(firings_and_notifications_are_counted),
                cmocka_unit_test(the_picture_shows_when),
                cmocka_unit_test(times_are_dates_or_seconds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
