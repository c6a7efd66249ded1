#include "rules_fixture.h"

#include "rules/rule_order.h"

static const char *steps_of(Fixture *f, const char *rules)
{
        Diags diags;
        RuleFile file;
        Str yaml = str_printf(f->arena, "groups: [{name: g, rules: [%s]}]", rules);
        if (!fixture_parse(f, yaml.p, "r.yml", &diags, &file))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        RuleSteps s = rule_order_of(&file.groups[0], f->arena);
        Buf out = { .arena = f->arena };
        for (size_t i = 0, at = 0; i < s.n; i++) {
                buf_cstr_add(&out, i ? " |" : "");
                for (; at < s.ends[i]; at++)
                        buf_printf(&out, " %zu", s.rules[at]);
        }
        return str_dupz(f->arena, buf_str(&out));
}

static void rules_wait_for_what_they_depend_on(void **state)
{
        (void)state;
        static const struct {
                const char *rules, *steps;
        } cases[] = {
                { "{record: a, expr: x}, {record: b, expr: y}, {alert: C, expr: z > 1}", " 0 1 2" },
                { "{record: a, expr: x}, {record: b, expr: a}, {record: c, expr: y}", " 0 2 | 1" },
                { "{record: a, expr: b}, {record: b, expr: y}", " 0 | 1" }, /* a sees the b of before */
                { "{record: a, expr: x}, {record: b, expr: a}, {record: c, expr: b}, {record: d, expr: a}",
                  " 0 | 1 3 | 2" },
                { "{record: a, expr: x}, {record: a, expr: y}", " 0 | 1" },
                { "{alert: A, expr: x}, {alert: A, expr: y}", " 0 | 1" },
                { "{alert: A, expr: x}, {record: n, expr: count(ALERTS)}, {alert: B, expr: y}", " 0 | 1 | 2" },
                { "{alert: A, expr: x}, {record: n, expr: ALERTS_FOR_STATE}", " 0 | 1" },
                { "{record: a, expr: x}, {record: b, expr: '{job=\"j\"}'}, {record: c, expr: y}", " 0 | 1 | 2" },
                { "{record: a, expr: x}, {record: b, expr: '{__name__=~\"a.*\"}'}", " 0 | 1" },
                { "{record: a, expr: x}, {record: b, expr: '{__name__=\"a\"}'}, {record: c, expr: y}", " 0 2 | 1" },
                { "{record: a, expr: x}, {record: b, expr: 'max_over_time(a[5m:1m])'}", " 0 | 1" },
                { "{record: a, expr: x}, {alert: B, expr: y, annotations: {t: '{{ query \"a\" }}'}}", " 0 | 1" },
                { "{record: a, expr: x}, {alert: B, expr: y, recovery: a < 1}", " 0 | 1" },
                { "{record: a, expr: '1'}, {record: b, expr: time()}", " 0 1" },
        };
        Fixture *f = fixture_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                if (strcmp(steps_of(f, cases[i].rules), cases[i].steps) != 0)
                        fail_msg("%s: %s", cases[i].rules, steps_of(f, cases[i].rules));
        fixture_free(f);
}

static const char *run(size_t concurrent)
{
        static char text[20000];
        Fixture *f = fixture_new();
        f->pool = pool_new(3, 64);
        f->max_concurrent_evals = concurrent;
        f->no_sink = true;
        rules_manager_free(f->manager);
        fixture_start(f);
        Buf yaml = { .arena = f->arena };
        buf_lit(&yaml, "groups:\n- name: g\n  interval: 1s\n  rules:\n");
        for (int i = 0; i < 40; i++)
                buf_printf(&yaml,
                           "  - {record: 'a%d', expr: 'x * %d'}\n  - {record: 'b%d', expr: 'a%d + a%d'}\n"
                           "  - {alert: 'C%d', expr: 'b%d > 500', labels: {n: '%d'}}\n",
                           i, i, i, i, (i + 7) % 40, i, i, i);
        buf_char(&yaml, '\0');
        fixture_rules(f, yaml.p);
        for (int64_t t = 0; t < 8000; t += 1000) {
                fixture_sample(f, "__name__=x", (double)t / 100);
                fixture_run(f, t + 999);
                fixture_rules(f, yaml.p); /* waits for what runs */
        }
        Buf out = { .arena = f->arena };
        Expr *expr;
        SrcPos pos;
        PromqlResult r;
        Err err;
        PromqlFeatures features = promql_features_default();
        Str ask = STR("sort_by_label({__name__=~\"b.*|ALERTS\"}, \"__name__\", \"n\", \"alertname\")");
        features.experimental_functions = true;
        assert_true(ast_parse(ask, f->arena, &features, &expr, &pos, &err));
        PromqlQuery q = { .expr = expr, .text = ask, .start_ms = T0 + 8000, .end_ms = T0 + 8000 };
        assert_ok(promql_exec(f->engine, memstore_engine(f->store), &q, f->arena, &r, &err), err);
        assert_true(r.n_series > 40);
        for (size_t i = 0; i < r.n_series; i++) {
                labels_print(&out, r.series[i].labels);
                buf_printf(&out, " %g\n", r.series[i].v[0]);
        }
        assert_true(out.n < sizeof text);
        memcpy(text, out.p, out.n);
        text[out.n] = '\0';
        char *copy = strdup(text);
        fixture_free(f);
        return copy;
}

static void at_once_gives_what_one_after_the_other_gives(void **state)
{
        (void)state;
        const char *one = run(1);
        const char *four = run(4);
        assert_string_equal(one, four);
        free((void *)(uintptr_t)one);
        free((void *)(uintptr_t)four);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_wait_for_what_they_depend_on),
                cmocka_unit_test(at_once_gives_what_one_after_the_other_gives),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
