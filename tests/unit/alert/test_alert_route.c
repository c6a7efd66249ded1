#include "alert_fixture.h"

#include "alert/alert_route.h"

#define TREE                                                             \
        "route:\n"                                                       \
        "  receiver: root\n"                                             \
        "  group_by: [b, a, gone]\n"                                     \
        "  routes:\n"                                                    \
        "  - receiver: one\n"                                            \
        "    matchers: [x=\"1\"]\n"                                      \
        "    continue: true\n"                                           \
        "    routes:\n"                                                  \
        "    - {receiver: one-a, matchers: [a=\"1\"], continue: true}\n" \
        "    - {receiver: one-b, matchers: [b=\"1\"]}\n"                 \
        "    - {receiver: one-c, matchers: [a=\"1\"]}\n"                 \
        "  - {receiver: two, matchers: [x=~\"1|2\"], group_by: []}\n"    \
        "  - {receiver: three, matchers: [x!=\"\"], group_by: [...]}\n"  \
        "receivers: [{name: root}, {name: one}, {name: one-a}, {name: one-b}, {name: one-c}, {name: two}, {name: three}]\n"

static AlertConfig tree(Fixture *f, const char *yaml)
{
        AlertConfig c;
        Diags d;
        assert_true(fixture_bind(f, yaml, &c, &d));
        return c;
}

static void add(void *arg, const AlertRoute *route)
{
        Buf *out = arg;
        if (out->n)
                buf_char(out, ' ');
        buf_str_add(out, route->receiver);
}

static void alerts_take_the_routes_that_upstream_gives_them(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertConfig c = tree(f, TREE);
        static const char *const cases[][2] = {
                { "y=1", "root" },
                { "x=3", "three" },
                { "x=2", "two" },
                { "x=1", "one two" },
                { "x=1,a=1", "one-a one-c two" },
                { "x=1,b=1", "one-b two" },
                { "x=1,a=1,b=1", "one-a one-b two" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Buf got = { .arena = f->arena };
                alert_route_match(c.root, fixture_labels(f, cases[i][0]), add, &got);
                assert_str(buf_str(&got), cases[i][1]);
        }
        fixture_free(f);
}

static void groups_are_named_by_what_the_alert_has(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertConfig c = tree(f, TREE);
        Labels labels = fixture_labels(f, "a=1,b=2,c=3");
        Labels by = alert_route_group_labels(c.root, labels, f->arena);
        assert_int_equal(by.n, 2);
        assert_str(by.data[0].name, "a");
        assert_int_equal(alert_route_group_labels(&c.root->routes[1], labels, f->arena).n, 0);
        assert_int_equal(alert_route_group_labels(&c.root->routes[2], labels, f->arena).n, 3);
        fixture_free(f);
}

static void keys_are_upstreams_to_the_byte(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertConfig c = tree(
                f,
                "route:\n  receiver: r\n  routes:\n  - matchers: ['b=\"q\\\"x\\n\"', 'a!~\"z.*\"', '\"x y\"=\"\\t\"']\n    routes:\n    - {}\n"
                "receivers: [{name: r}]\n");
        Buf key = { .arena = f->arena };
        alert_route_key(&key, c.root, &c.root->routes[0].routes[0]);
        assert_str(buf_str(&key), "{}/{a!~\"z.*\",b=\"q\\\"x\\n\",\"x y\"=\"\\t\"}/{}");
        key.n = 0;
        LabelsBuilder lb;
        labels_builder_init(&lb, f->arena, (Labels){ 0 });
        labels_builder_set(&lb, STR("b"), STR("x\ty"));
        labels_builder_set(&lb, STR("a"), STR("\"\xc3\xbc\""));
        alert_route_print_labels(&key, labels_builder_build(&lb, f->arena));
        assert_str(buf_str(&key), "{a=\"\\\"\xc3\xbc\\\"\", b=\"x\\ty\"}");
        fixture_free(f);
}

static void a_copy_lives_alone(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Fixture *g = fixture_new();
        AlertRoute copy;
        Err err;
        AlertConfig c = tree(f, TREE);
        assert_ok(alert_route_copy(c.root, g->arena, &copy, &err), err);
        fixture_free(f);
        Buf got = { .arena = g->arena };
        alert_route_match(&copy, fixture_labels(g, "x=1,a=1"), add, &got);
        assert_str(buf_str(&got), "one-a one-c two");
        fixture_free(g);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(alerts_take_the_routes_that_upstream_gives_them),
                cmocka_unit_test(groups_are_named_by_what_the_alert_has),
                cmocka_unit_test(keys_are_upstreams_to_the_byte),
                cmocka_unit_test(a_copy_lives_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
