#include "query_fixture.h"

#include "promql/explain.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "m_total{i=\"1\"} 1 2 3 4\n"
                     "m_total{i=\"2\"} 5 5 5 5\n"
                     "k{i=\"1\"} 1 1 1 1\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static PromqlResult explain(const char *text, bool ask)
{
        PromqlFeatures features = promql_features_default();
        Expr *expr;
        Err err;
        PromqlResult r;
        assert_ok(ast_parse(str_of(text), f.arena, &features, &expr, NULL, &err), err);
        PromqlQuery q = {
                .expr = expr, .text = str_of(text), .range = true, .end_ms = 180000, .step_ms = 60000, .explain = ask
        };
        assert_ok(promql_exec(f.engine, memstore_engine(f.store), &q, f.arena, &r, &err), err);
        return r;
}

static void nodes_know_their_series_and_samples(void **state)
{
        (void)state;
        PromqlResult r = explain("sum by (i) (rate(m_total[2m])) / on (i) (k + 2)", true);
        static const struct {
                const char *label;
                unsigned depth;
                uint64_t series, samples;
        } want[] = { { "/ on (i)", 0, 1, 12 }, { "sum by (i)", 1, 2, 8 },
                     { "rate", 2, 2, 8 },      { "m_total[2m]", 3, 2, 8 },
                     { "+", 1, 1, 4 },         { "k", 2, 1, 4 },
                     { "2", 2, 1, 0 } };
        assert_int_equal(r.n_nodes, ARRAY_LEN(want));
        for (size_t i = 0; i < ARRAY_LEN(want); i++) {
                assert_str(r.nodes[i].label, want[i].label);
                assert_int_equal(r.nodes[i].depth, want[i].depth);
                assert_int_equal(r.nodes[i].series, want[i].series);
                assert_int_equal(r.nodes[i].samples, want[i].samples);
                assert_true(r.nodes[i].seconds >= r.nodes[i].self_seconds);
        }
        assert_int_equal(r.nodes[0].samples, r.stats.samples_read);
}

static void equal_selectors_are_shared_and_invariant_parts_happen_once(void **state)
{
        (void)state;
        PromqlResult r = explain("k - k @ 60", true);
        assert_true(r.nodes[1].shared && r.nodes[2].shared);
        assert_false(r.nodes[1].once);
        assert_true(r.nodes[2].once);
}

static void text_is_a_tree(void **state)
{
        (void)state;
        PromqlResult r = explain("max(k) + min_over_time(k[1h:1m])", true);
        Buf out = { .arena = f.arena };
        explain_print(&out, r.nodes, r.n_nodes);
        assert_contains(buf_cstr(&out), "├─ max  1 series");
        assert_contains(buf_cstr(&out), "│  └─ k  1 series");
        assert_contains(buf_cstr(&out), "└─ min_over_time  1 series");
        assert_contains(buf_cstr(&out), "   └─ subquery [1h:1m]  1 series");
        assert_contains(buf_cstr(&out), "      └─ k  1 series");
}

static void who_does_not_ask_gets_nothing(void **state)
{
        (void)state;
        PromqlResult r = explain("sum(k)", false);
        assert_null(r.nodes);
        assert_int_equal(r.n_nodes, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nodes_know_their_series_and_samples),
                cmocka_unit_test(equal_selectors_are_shared_and_invariant_parts_happen_once),
                cmocka_unit_test(text_is_a_tree),
                cmocka_unit_test(who_does_not_ask_gets_nothing),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
