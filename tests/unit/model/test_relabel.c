#include "base/buf.h"
#include "model/relabel.h"
#include "testing.h"

#define L(n, v) { STR_INIT(n), STR_INIT(v) }
#define RULE(...) with_defaults((RelabelRule){ __VA_ARGS__ })
#define FROM(...) \
        .source_labels = (const Str[]){ __VA_ARGS__ }, .n_source_labels = ARRAY_LEN(((const Str[]){ __VA_ARGS__ }))

static RelabelRule with_defaults(RelabelRule r)
{
        RelabelRule d = relabel_rule_default();
        r.separator = r.separator.p ? r.separator : d.separator;
        r.regex = r.regex.p ? r.regex : d.regex;
        r.replacement = r.replacement.p ? r.replacement : d.replacement;
        return r;
}

static void check(const RelabelRule *rules, size_t n, Labels in, const char *want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        RelabelConfig configs[4];
        RelabelStep steps[4];
        Err err = { 0 };
        for (size_t i = 0; i < n; i++)
                assert_ok(relabel_compile(arena, &rules[i], &configs[i], &err), err);
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, in);
        Buf out = { .arena = arena };
        if (relabel_apply(configs, n, &lb, arena))
                labels_print(&out, labels_builder_build(&lb, arena));
        else
                buf_cstr_add(&out, "dropped");
        assert_str(buf_str(&out), want);
        labels_builder_init(&lb, arena, in);
        size_t ran = 0;
        bool kept = relabel_trace(configs, n, &lb, arena, steps, &ran);
        buf_clear(&out);
        if (kept)
                labels_print(&out, steps[ran - 1].after);
        else
                buf_cstr_add(&out, "dropped");
        assert_str(buf_str(&out), want);
}

static const Label abc[] = { L("a", "foo"), L("b", "bar"), L("c", "baz") };
static const Labels ABC = { abc, 3 };

static void one(RelabelRule rule, const char *want) { check(&rule, 1, ABC, want); }

/* Labels added by earlier rules come after those that were there, whatever their names. */
static void labelmap_goes_by_the_order_of_setting(void **state)
{
        (void)state;
        RelabelRule rules[] = { RULE(.target_label = STR("A"), .replacement = STR("late")),
                                RULE(.action = RELABEL_LABELMAP, .replacement = STR("one")) };
        check(rules, 2, ABC, "{A=\"late\", a=\"foo\", b=\"bar\", c=\"baz\", one=\"late\"}");
}

static void replace_rewrites(void **state)
{
        (void)state;
        one(RULE(FROM(STR("a")), .regex = STR("f(.*)"), .target_label = STR("d"), .replacement = STR("ch${1}-ch${1}")),
            "{a=\"foo\", b=\"bar\", c=\"baz\", d=\"choo-choo\"}");
        one(RULE(FROM(STR("a"), STR("b")), .regex = STR("f(.*);(.*)r"), .target_label = STR("a"),
                 .replacement = STR("b${1}${2}m")),
            "{a=\"boobam\", b=\"bar\", c=\"baz\"}");
        one(RULE(FROM(STR("a")), .regex = STR("no"), .target_label = STR("d"), .replacement = STR("x")),
            "{a=\"foo\", b=\"bar\", c=\"baz\"}");
        one(RULE(FROM(STR("a")), .target_label = STR("d")), "{a=\"foo\", b=\"bar\", c=\"baz\", d=\"foo\"}");
        one(RULE(.target_label = STR("d"), .replacement = STR("static")),
            "{a=\"foo\", b=\"bar\", c=\"baz\", d=\"static\"}");
        one(RULE(FROM(STR("none")), .target_label = STR("a")), "{b=\"bar\", c=\"baz\"}");
        one(RULE(FROM(STR("a")), .target_label = STR("a"), .replacement = STR("")), "{b=\"bar\", c=\"baz\"}");
        one(RULE(FROM(STR("a")), .regex = STR("(f)(o+)"), .target_label = STR("${1}_$2"), .replacement = STR("v")),
            "{a=\"foo\", b=\"bar\", c=\"baz\", f_oo=\"v\"}");
        one(RULE(FROM(STR("a")), .regex = STR("(f).*"), .target_label = STR("$2"), .replacement = STR("v")),
            "{a=\"foo\", b=\"bar\", c=\"baz\"}");
        one(RULE(FROM(STR("a"), STR("c")), .separator = STR(""), .target_label = STR("d")),
            "{a=\"foo\", b=\"bar\", c=\"baz\", d=\"foobaz\"}");
        one(RULE(FROM(STR("a")), .regex = STR("(?P<x>.)oo"), .target_label = STR("d"), .replacement = STR("<$x>")),
            "{a=\"foo\", b=\"bar\", c=\"baz\", d=\"<f>\"}");
}

static void keep_and_drop(void **state)
{
        (void)state;
        one(RULE(.action = RELABEL_DROP, FROM(STR("a")), .regex = STR(".*o.*")), "dropped");
        one(RULE(.action = RELABEL_DROP, FROM(STR("a")), .regex = STR("f|o")), "{a=\"foo\", b=\"bar\", c=\"baz\"}");
        one(RULE(.action = RELABEL_KEEP, FROM(STR("a")), .regex = STR("f.*")), "{a=\"foo\", b=\"bar\", c=\"baz\"}");
        one(RULE(.action = RELABEL_KEEP, FROM(STR("a")), .regex = STR("oo")), "dropped");
        one(RULE(.action = RELABEL_KEEPEQUAL, FROM(STR("a")), .target_label = STR("b")), "dropped");
        one(RULE(.action = RELABEL_DROPEQUAL, FROM(STR("a")), .target_label = STR("b")),
            "{a=\"foo\", b=\"bar\", c=\"baz\"}");
        one(RULE(.action = RELABEL_DROPEQUAL, FROM(STR("none")), .target_label = STR("nope")), "dropped");
}

static void names_are_mapped_and_filtered(void **state)
{
        (void)state;
        static const Label meta[] = { L("__meta_k8s_label_app", "x"), L("__meta_k8s_label_z", "y"), L("a", "1") };
        RelabelRule map = RULE(.action = RELABEL_LABELMAP, .regex = STR("__meta_k8s_label_(.+)"));
        check(&map, 1, (Labels){ meta, 3 },
              "{__meta_k8s_label_app=\"x\", __meta_k8s_label_z=\"y\", a=\"1\", app=\"x\", z=\"y\"}");
        RelabelRule prefix = RULE(.action = RELABEL_LABELMAP, .regex = STR("(a)"), .replacement = STR("bar_${1}"));
        check(&prefix, 1, (Labels){ meta + 2, 1 }, "{a=\"1\", bar_a=\"1\"}");
        RelabelRule drop = RULE(.action = RELABEL_LABELDROP, .regex = STR("__meta_.*"), .has_regex = true);
        check(&drop, 1, (Labels){ meta, 3 }, "{a=\"1\"}");
        RelabelRule keep = RULE(.action = RELABEL_LABELKEEP, .regex = STR("a|b"), .has_regex = true);
        check(&keep, 1, (Labels){ meta, 3 }, "{a=\"1\"}");
}

static void hash_and_case(void **state)
{
        (void)state;
        one(RULE(.action = RELABEL_HASHMOD, FROM(STR("c")), .target_label = STR("d"), .modulus = 1000),
            "{a=\"foo\", b=\"bar\", c=\"baz\", d=\"976\"}");
        one(RULE(.action = RELABEL_UPPERCASE, FROM(STR("a")), .target_label = STR("A")),
            "{A=\"FOO\", a=\"foo\", b=\"bar\", c=\"baz\"}");
        one(RULE(.action = RELABEL_LOWERCASE, FROM(STR("none")), .target_label = STR("a")), "{b=\"bar\", c=\"baz\"}");
}

static void rules_run_in_order_and_stop_at_a_drop(void **state)
{
        (void)state;
        RelabelRule rules[] = {
                RULE(FROM(STR("a")), .target_label = STR("d")),
                RULE(.action = RELABEL_DROP, FROM(STR("d")), .regex = STR("foo")),
                RULE(FROM(STR("a")), .target_label = STR("e")),
        };
        check(rules, 3, ABC, "dropped");
        AUTO(arena_free) Arena *arena = arena_new();
        RelabelConfig configs[3];
        RelabelStep steps[3];
        Err err = { 0 };
        for (int i = 0; i < 3; i++)
                assert_ok(relabel_compile(arena, &rules[i], &configs[i], &err), err);
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, ABC);
        size_t ran;
        assert_false(relabel_trace(configs, 3, &lb, arena, steps, &ran));
        assert_int_equal(ran, 2);
        assert_true(steps[0].changed && steps[0].kept && !steps[1].kept && !steps[1].changed);
        assert_str(steps[1].value, "foo");
        Buf out = { .arena = arena };
        relabel_print(&out, &configs[1]);
        assert_str(buf_str(&out), "drop source_labels=[d] regex=\"foo\"");
}

static void refused(RelabelRule rule, const char *want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        RelabelConfig c;
        Err err = { 0 };
        if (relabel_compile(arena, &rule, &c, &err))
                fail_msg("accepted; want '%s'", want);
        assert_string_equal(err.msg, want);
}

static void bad_rules_are_refused_as_upstream_does(void **state)
{
        (void)state;
        refused(RULE(.action = RELABEL_HASHMOD, .target_label = STR("x")),
                "relabel configuration for hashmod requires non-zero modulus");
        refused(RULE(.action = RELABEL_HASHMOD, .modulus = 8),
                "relabel configuration for hashmod action requires 'target_label' value");
        refused(RULE(.regex = STR("abc")), "relabel configuration for replace action requires 'target_label' value");
        refused(RULE(.target_label = STR("x\xff")), "\"x\\xff\" is invalid 'target_label' for replace action");
        refused(RULE(.target_label = STR("a-b"), .legacy_names = true),
                "\"a-b\" is invalid 'target_label' for replace action");
        refused(RULE(.target_label = STR("a${1"), .legacy_names = true),
                "\"a${1\" is invalid 'target_label' for replace action");
        refused(RULE(.action = RELABEL_LOWERCASE, .target_label = STR("x"), .replacement = STR("bar")),
                "'replacement' can not be set for lowercase action");
        refused(RULE(.action = RELABEL_LABELMAP, .replacement = STR("\xff$1")),
                "\"\\xff$1\" is invalid 'replacement' for labelmap action");
        refused(RULE(.action = RELABEL_DROPEQUAL, .target_label = STR("x"), .has_regex = true),
                "dropequal action requires only 'source_labels' and 'target_label', and no other fields");
        refused(RULE(.action = RELABEL_LABELDROP, .has_source_labels = true),
                "labeldrop action requires only 'regex', and no other fields");
        refused(RULE(.action = RELABEL_LABELKEEP, .separator = STR(",")),
                "labelkeep action requires only 'regex', and no other fields");
        refused(RULE(.regex = STR("abc(def"), .target_label = STR("x")),
                "'regex': error parsing regexp: missing closing ): `abc(def`");
        refused(RULE(FROM(STR("")), .target_label = STR("x")), "\"\" is invalid 'source_labels' for replace action");
        AUTO(arena_free) Arena *arena = arena_new();
        RelabelConfig c;
        Err err = { 0 };
        RelabelRule fine = RULE(.target_label = STR("a_${1}_$x"), .legacy_names = true);
        assert_ok(relabel_compile(arena, &fine, &c, &err), err);
        RelabelRule utf8 = RULE(.target_label = STR("my.label"));
        assert_ok(relabel_compile(arena, &utf8, &c, &err), err);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(replace_rewrites),
                cmocka_unit_test(labelmap_goes_by_the_order_of_setting),
                cmocka_unit_test(keep_and_drop),
                cmocka_unit_test(names_are_mapped_and_filtered),
                cmocka_unit_test(hash_and_case),
                cmocka_unit_test(rules_run_in_order_and_stop_at_a_drop),
                cmocka_unit_test(bad_rules_are_refused_as_upstream_does),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
