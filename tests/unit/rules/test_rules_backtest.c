#include "rules_fixture.h"

enum { HOUR_MS = 3600000, MINUTE_MS = 60000 };

static const char RULES[] = "groups:\n"
                            "- name: reader\n"
                            "  interval: 30s\n"
                            "  rules:\n"
                            "  - alert: High\n"
                            "    expr: twice > 10\n"
                            "    for: 2m\n"
                            "    labels: {severity: page}\n"
                            "    annotations: {text: '{{ $value }}'}\n"
                            "  - alert: Held\n"
                            "    expr: x > 6\n"
                            "    recovery_threshold: 3\n"
                            "  - {alert: Kept, expr: x > 7, for: 1m, keep_firing_for: 4m}\n"
                            "  - {alert: Row, expr: x > 7, consecutive_failures: 4}\n"
                            "  - {alert: Until, expr: x > 8, recovery: x < 2}\n"
                            "- name: writer\n"
                            "  interval: 15s\n"
                            "  rules:\n"
                            "  - record: twice\n"
                            "    expr: x * 2\n"
                            "  - record: bad\n"
                            "    expr: x + on() group_left() (x or y)\n";

/* x of two instances goes up and down for hours; pseudo-random, always the same. */
static void fill(Fixture *f, int64_t until_ms)
{
        uint32_t seed = 7;
        for (int64_t t = 0; t <= until_ms; t += MINUTE_MS)
                for (int i = 0; i < 2; i++) {
                        seed = seed * 1103515245u + 12345u;
                        double v = (double)((t / (10 * MINUTE_MS) + i) % 3 * 4) + (double)(seed >> 16 & 1);
                        memstore_add(f->store, fixture_labels(f, i ? "__name__=x,i=1" : "__name__=x,i=0"), T0 + t, v);
                }
}

static bool backtest(Fixture *f, const char *yaml, int64_t start_ms, int64_t end_ms, AlertSink sink,
                     const Cancel *cancel, RulesBacktest *ret, Err *err)
{
        Diags diags;
        RuleFile file;
        if (!fixture_parse(f, yaml, "rules.yml", &diags, &file))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        RulesBacktestOptions o = { .engine = f->engine,
                                   .store = memstore_engine(f->store),
                                   .start_ms = T0 + start_ms,
                                   .end_ms = T0 + end_ms,
                                   .sink = sink,
                                   .cancel = cancel };
        return rules_backtest(&o, &file, 1, f->arena, ret, err);
}

/* What a live run told, as "labels fired-resolved" lines, sorted by what comes first. */
static Str told(Fixture *f, Str alertname)
{
        Buf out = { .arena = f->arena };
        vec_each(t, &f->told) {
                if (!t->resolved || !str_eq(labels_get(t->labels, STR("alertname")), alertname))
                        continue;
                bool again = false;
                for (Told *o = f->told.data; o < t; o++)
                        again |= o->resolved && labels_eq(o->labels, t->labels) && o->starts_ms == t->starts_ms;
                if (!again)
                        buf_printf(&out, STR_FMT " %lld-%lld ", STR_ARG(labels_get(t->labels, STR("i"))),
                                   (long long)t->starts_ms, (long long)t->ends_ms);
        }
        return buf_str(&out);
}

static int by_end(const void *a, const void *b)
{
        const RulesFiring *x = a, *y = b;
        return x->resolved_at_ms < y->resolved_at_ms ? -1 : x->resolved_at_ms > y->resolved_at_ms;
}

static Str found(Fixture *f, const RulesBacktestRule *r)
{
        Buf out = { .arena = f->arena };
        if (r->n > 1)
                qsort(r->firings, r->n, sizeof *r->firings, by_end);
        for (size_t i = 0; i < r->n; i++)
                if (r->firings[i].resolved_at_ms)
                        buf_printf(&out, STR_FMT " %lld-%lld ", STR_ARG(labels_get(r->firings[i].labels, STR("i"))),
                                   (long long)(r->firings[i].fired_at_ms - T0),
                                   (long long)(r->firings[i].resolved_at_ms - T0));
        return buf_str(&out);
}

static void it_finds_what_a_live_run_told(void **state)
{
        (void)state;
        Fixture *live = fixture_new();
        Fixture *f = fixture_new();
        RulesBacktest got;
        Err err;
        fill(live, 6 * HOUR_MS); /* the rules read the newest that is not later than their time */
        fixture_rules(live, RULES);
        fixture_run(live, 6 * HOUR_MS);
        fill(f, 6 * HOUR_MS);
        assert_ok(backtest(f, RULES, 0, 6 * HOUR_MS, (AlertSink){ 0 }, NULL, &got, &err), err);
        assert_false(got.stepwise); /* the writer first, although it stands behind */
        assert_int_equal(got.n, 7);
        for (size_t i = 0; i < 5; i++) {
                assert_true(got.rules[i].n > 2);
                assert_str(found(f, &got.rules[i]), str_dupz(f->arena, told(live, got.rules[i].name)));
        }
        assert_true(got.rules[6].failures >= 6 * 60 * 4); /* and stops nothing */
        assert_true(got.rules[6].last_error.n > 0);
        assert_int_equal(memstore_series(f->store), 2); /* nothing was written */
        fixture_free(live);
        fixture_free(f);
}

static void rules_that_read_ahead_are_evaluated_time_by_time(void **state)
{
        (void)state;
        static const char AHEAD[] = "groups: [{name: g, interval: 30s, rules: ["
                                    "{alert: High, expr: twice > 10, for: 2m}, {record: twice, expr: x * 2}]}]";
        Fixture *live = fixture_new();
        Fixture *f = fixture_new();
        RulesBacktest got;
        Err err;
        fill(live, 2 * HOUR_MS);
        fixture_rules(live, AHEAD);
        fixture_run(live, 2 * HOUR_MS);
        fill(f, 2 * HOUR_MS);
        assert_ok(backtest(f, AHEAD, 0, 2 * HOUR_MS, (AlertSink){ 0 }, NULL, &got, &err), err);
        assert_true(got.stepwise);
        Str high = told(live, STR("High"));
        assert_true(high.n > 0);
        assert_str(found(f, &got.rules[0]), str_dupz(f->arena, high));
        fixture_free(live);
        fixture_free(f);
}

typedef struct Order {
        int64_t last_ms;
        size_t n, resolved;
} Order;

static void note(void *self, const AlertMsg *alerts, size_t n)
{
        Order *o = self;
        for (size_t i = 0; i < n; i++) {
                assert_true(alerts[i].updated_at_ms >= o->last_ms);
                o->last_ms = alerts[i].updated_at_ms;
                o->resolved += alerts[i].ends_at_ms <= alerts[i].updated_at_ms;
                o->n++;
        }
}

static void alerts_come_in_the_order_of_time(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesBacktest got;
        Order order = { 0 };
        Err err;
        fill(f, 6 * HOUR_MS);
        assert_ok(backtest(f, RULES, 0, 6 * HOUR_MS, (AlertSink){ note, &order }, NULL, &got, &err), err);
        assert_true(order.n > 20 && order.resolved > 5);
        fixture_free(f);
}

static void what_fired_at_the_start_has_served_its_time_before(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesBacktest got;
        Err err;
        /* Before the start it is high, and then between the threshold and the one of its recovery. */
        for (int64_t t = 0; t <= HOUR_MS; t += MINUTE_MS) {
                memstore_add(f->store, fixture_labels(f, "__name__=x,i=0"), T0 + t, 9);
                memstore_add(f->store, fixture_labels(f, "__name__=x,i=1"), T0 + t, t < 10 * MINUTE_MS ? 9 : 5);
        }
        assert_ok(backtest(f, RULES, 30 * MINUTE_MS, HOUR_MS, (AlertSink){ 0 }, NULL, &got, &err), err);
        assert_int_equal(got.rules[0].n, 1);
        assert_true(got.rules[0].firings[0].fired_at_ms <= T0 + 31 * MINUTE_MS);
        assert_int_equal(got.rules[3].n, 1);
        assert_true(got.rules[3].firings[0].fired_at_ms <= T0 + 31 * MINUTE_MS);
        assert_int_equal(got.rules[0].firings[0].resolved_at_ms, 0);
        assert_double(got.rules[0].firings[0].value, 18);
        assert_int_equal(got.rules[1].n, 2);
        fixture_free(f);
}

static void it_ends_when_told_and_has_limits(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesBacktest got;
        Err err;
        Cancel cancel;
        fill(f, HOUR_MS);
        assert_false(backtest(f, RULES, HOUR_MS, 0, (AlertSink){ 0 }, NULL, &got, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_false(backtest(f, RULES, 0, INT64_C(1000) * 365 * 24 * HOUR_MS, (AlertSink){ 0 }, NULL, &got, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        cancel_init(&cancel, clock_system(), 0);
        cancel_raise(&cancel);
        assert_false(backtest(f, RULES, 0, HOUR_MS, (AlertSink){ 0 }, &cancel, &got, &err));
        assert_int_equal(err.code, ERR_CANCELED);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_finds_what_a_live_run_told),
                cmocka_unit_test(rules_that_read_ahead_are_evaluated_time_by_time),
                cmocka_unit_test(alerts_come_in_the_order_of_time),
                cmocka_unit_test(what_fired_at_the_start_has_served_its_time_before),
                cmocka_unit_test(it_ends_when_told_and_has_limits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
