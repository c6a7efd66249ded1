#include "model/labels.h"
#include "testing.h"

#define PAIRS(...) ((Labels){ (const Label[]){ __VA_ARGS__ }, sizeof((const Label[]){ __VA_ARGS__ }) / sizeof(Label) })
#define L(n, v) { STR_INIT(n), STR_INIT(v) }

static void lookup_finds_and_misses(void **state)
{
        (void)state;
        Labels l = PAIRS(L("__name__", "up"), L("instance", "a:1"), L("job", "node"));
        assert_str(labels_get(l, STR("job")), "node");
        assert_str(labels_get(l, STR("nope")), "");
        assert_true(labels_has(l, LABEL_NAME));
        assert_false(labels_has(l, STR("x")));
}

static void alertmanager_puts_the_larger_name_first(void **state)
{
        (void)state;
        const Label ab[] = { { STR_INIT("a"), STR_INIT("1") } };
        const Label ac[] = { { STR_INIT("a"), STR_INIT("2") } };
        const Label b[] = { { STR_INIT("b"), STR_INIT("0") } };
        const Label two[] = { { STR_INIT("a"), STR_INIT("0") }, { STR_INIT("b"), STR_INIT("0") } };
        assert_true(labels_cmp_count_first((Labels){ ab, 1 }, (Labels){ two, 2 }) < 0);
        assert_true(labels_cmp_count_first((Labels){ ab, 1 }, (Labels){ ac, 1 }) < 0);
        assert_true(labels_cmp_count_first((Labels){ b, 1 }, (Labels){ ab, 1 }) < 0);
        assert_int_equal(labels_cmp_count_first((Labels){ ab, 1 }, (Labels){ ab, 1 }), 0);
}

static void order_is_pairwise_then_length(void **state)
{
        (void)state;
        Labels ab = PAIRS(L("a", "b"));
        Labels ac = PAIRS(L("a", "c"));
        Labels abz = PAIRS(L("a", "b"), L("z", "1"));
        Labels b = PAIRS(L("b", "a"));
        assert_int_equal(labels_cmp(ab, ac), -1);
        assert_int_equal(labels_cmp(ac, abz), 1);
        assert_int_equal(labels_cmp(ab, abz), -1);
        assert_int_equal(labels_cmp(b, abz), 1);
        assert_int_equal(labels_cmp(ab, ab), 0);
        assert_int_equal(labels_cmp((Labels){ 0 }, ab), -1);
}

static void equal_sets_hash_equal_wherever_they_live(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        char big[3000];
        memset(big, 'x', sizeof big);
        Labels small = PAIRS(L("a", "b"), L("c", "d"));
        Label long_pairs[] = { { STR("a"), { big, sizeof big } }, L("c", "d") };
        Labels large = { long_pairs, 2 };
        assert_true(labels_hash(small) == labels_hash(labels_dup(arena, small)));
        assert_true(labels_hash(large) == labels_hash(labels_dup(arena, large)));
        assert_true(labels_eq(large, labels_dup(arena, large)));
        assert_false(labels_hash(small) == labels_hash(large));
        assert_false(labels_hash(PAIRS(L("a", "bc"))) == labels_hash(PAIRS(L("ab", "c"))));
        assert_false(labels_eq(small, large));
        big[0] = 'y';
        assert_false(labels_hash(large) == labels_hash(small));
}

static void print(Labels l, const char *want)
{
        AUTO(buf_done) Buf out = { 0 };
        labels_print(&out, l);
        assert_str(buf_str(&out), want);
}

static void print_is_prometheus_notation(void **state)
{
        (void)state;
        print((Labels){ 0 }, "{}");
        print(PAIRS(L("__name__", "up")), "up");
        print(PAIRS(L("__name__", "job:x:rate"), L("a", "b"), L("c", "d\"\n")), "job:x:rate{a=\"b\", c=\"d\\\"\\n\"}");
        print(PAIRS(L("a", "b")), "{a=\"b\"}");
        print(PAIRS(L("__name__", "my.metric"), L("k8s.pod", "x")), "{\"my.metric\", \"k8s.pod\"=\"x\"}");
        AUTO(buf_done) Buf alike = { 0 };
        labels_print_alike(&alike, PAIRS(L("__name__", "up"), L("a", "b"), L("k8s.pod", "x")));
        assert_str(buf_str(&alike), "{__name__=\"up\", a=\"b\", \"k8s.pod\"=\"x\"}");
        AUTO(buf_done) Buf out = { 0 };
        labels_print_json(&out, PAIRS(L("__name__", "up"), L("a", "\"")));
        assert_str(buf_str(&out), "{\"__name__\":\"up\",\"a\":\"\\\"\"}");
}

static void builder_sets_deletes_and_sorts(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        LabelsBuilder b;
        labels_builder_init(&b, arena, PAIRS(L("b", "1"), L("d", "2")));
        labels_builder_set(&b, STR("c"), STR("x"));
        labels_builder_set(&b, STR("a"), STR("y"));
        labels_builder_set(&b, STR("d"), STR("3"));
        labels_builder_set(&b, STR("b"), STR(""));
        labels_builder_set(&b, STR("nothing"), STR(""));
        labels_builder_del(&b, STR("nothing"));
        assert_str(labels_builder_get(&b, STR("d")), "3");
        assert_str(labels_builder_get(&b, STR("b")), "");
        print(labels_builder_build(&b, arena), "{a=\"y\", c=\"x\", d=\"3\"}");
        for (int i = 0; i < 100; i++)
                labels_builder_set(&b, str_printf(arena, "n%02d", 99 - i), STR("v"));
        Labels many = labels_builder_build(&b, arena);
        assert_int_equal(many.n, 103);
        for (size_t i = 1; i < many.n; i++)
                assert_true(str_cmp(many.data[i - 1].name, many.data[i].name) < 0);
        labels_builder_init(&b, arena, (Labels){ 0 });
        assert_int_equal(labels_builder_build(&b, arena).n, 0);
}

static void legacy_names(void **state)
{
        (void)state;
        assert_true(labels_name_is_legacy_valid(STR("_a9")));
        assert_false(labels_name_is_legacy_valid(STR("9a")));
        assert_false(labels_name_is_legacy_valid(STR("a:b")));
        assert_false(labels_name_is_legacy_valid(STR("")));
        assert_true(labels_metric_is_legacy_valid(STR("a:b")));
        assert_false(labels_metric_is_legacy_valid(STR("a.b")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lookup_finds_and_misses),
                cmocka_unit_test(order_is_pairwise_then_length),
                cmocka_unit_test(alertmanager_puts_the_larger_name_first),
                cmocka_unit_test(equal_sets_hash_equal_wherever_they_live),
                cmocka_unit_test(print_is_prometheus_notation),
                cmocka_unit_test(builder_sets_deletes_and_sorts),
                cmocka_unit_test(legacy_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
