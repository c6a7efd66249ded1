#include "config/relabel_options.h"

#include "bind_lib.h"

typedef struct Job {
        RelabelConfigList rules;
} Job;
static const Option job_options[] = {
        { "relabel_configs", OPT_CUSTOM, offsetof(Job, rules), .parse = relabel_options_parse }, OPTION_END
};
static const OptionTable job_table = { .name = "job", .options = job_options, .size = sizeof(Job) };

static void rules_bind_and_run(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Job job;
        assert_true(bind_text(
                &b, &job_table,
                "relabel_configs:\n- source_labels: [__address__]\n  regex: '([^:]+):.*'\n  target_label: host\n"
                "- {action: LabelDrop, regex: tmp_.*}\n- {source_labels: [host], action: keep, regex: 5}\n",
                &job));
        assert_int_equal(job.rules.n, 3);
        assert_int_equal(job.rules.data[1].rule.action, RELABEL_LABELDROP);
        Labels in = { (const Label[]){ { STR_INIT("__address__"), STR_INIT("5:80") },
                                       { STR_INIT("tmp_x"), STR_INIT("1") } },
                      2 };
        LabelsBuilder lb;
        labels_builder_init(&lb, b.arena, in);
        assert_true(relabel_apply(job.rules.data, job.rules.n, &lb, b.arena));
        Buf out = { .arena = b.arena };
        labels_print(&out, labels_builder_build(&lb, b.arena));
        assert_str(buf_str(&out), "{__address__=\"5:80\", host=\"5\"}");
        assert_true(bind_text(&b, &job_table, "relabel_configs:\n", &job));
        assert_int_equal(job.rules.n, 0);
        bind_end(&b);
}

static void refused(const char *yaml, const char *want)
{
        Bind b;
        bind_begin(&b);
        Job job;
        Buf text = { .arena = b.arena };
        buf_printf(&text, "relabel_configs: [%s]", yaml);
        assert_false(bind_text(&b, &job_table, buf_cstr(&text), &job));
        assert_contains(b.text.p, want);
        assert_int_equal(b.diags.errors, 1);
        bind_end(&b);
}

static void combinations_are_refused(void **state)
{
        (void)state;
        refused("~", "f.yml:1:19: error: empty or null relabelling rule");
        refused("{action: dropequal, source_labels: [a]}", "requires 'target_label' value");
        refused("{action: dropequal, source_labels: [a], target_label: b, regex: foo}", "and no other fields");
        refused("{action: keepequal, source_labels: [a], target_label: b, regex: (.*)}", "and no other fields");
        refused("{action: labeldrop, source_labels: [a]}", "requires only 'regex'");
        refused("{action: labeldrop, modulus: 8}", "requires only 'regex'");
        refused("{action: labelkeep, separator: ','}", "requires only 'regex'");
        refused("{action: labelkeep, replacement: 'yolo-{1}'}", "requires only 'regex'");
        refused("{action: labelkeep, target_label: yolo}", "requires only 'regex'");
        refused("{action: uppercase, source_labels: [a]}", "requires 'target_label' value");
        refused("{action: lowercase, source_labels: [a], target_label: a, replacement: bar}",
                "'replacement' can not be set for lowercase action");
        refused("{action: hashmod, regex: a}", "requires non-zero modulus");
        refused("{action: hashmod, source_labels: [a], modulus: 8}", "requires 'target_label' value");
        refused("{regex: abcdef}", "requires 'target_label' value");
        refused("{regex: 'abc(def', target_label: x}", "missing closing ): `abc(def`");
        refused("{action: repalce, target_label: x}", "unknown relabel action 'repalce': did you mean 'replace'?");
        refused("{action: ~, target_label: x}", "relabel action cannot be empty");
        refused("{source_label: [a], target_label: x}", "unknown key 'source_label': did you mean 'source_labels'?");
        refused("{source_labels: a, target_label: x}", "'source_labels' needs a list of texts");
}

static void legacy_names_are_stricter(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        RelabelConfigList list = { 0 };
        const YamlNode *node = bind_yaml(&b, "[{target_label: a.b, replacement: x}]");
        assert_true(relabel_options_parse(&list, node, &b.ctx));
        assert_int_equal(list.n, 1);
        assert_false(relabel_options_parse_legacy(&list, node, &b.ctx));
        bind_end(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_bind_and_run),
                cmocka_unit_test(combinations_are_refused),
                cmocka_unit_test(legacy_names_are_stricter),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
