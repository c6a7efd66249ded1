#include "hosttree.h"

/* Invariant 1, and: nothing at all is there. */
static void an_empty_machine_fails_one_by_one(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/loadavg", "0.5 1.25 1e3 1/719 19737\n");
        tree_gather(&t);
        assert_success(&t, "loadavg", "1");
        assert_line(&t, "node_load15 1000");
        assert_success(&t, "stat", "0");
        assert_success(&t, "meminfo", "0");
        assert_success(&t, "pressure", "0");
        assert_success(&t, "time", "1");
        assert_success(&t, "uname", "1");
        assert_line(&t, "node_time_seconds 1.7e+09");
        tree_done(&t);
}

static bool refuse_stat(const Fs *fs, const char *path, FileMode mode, File **ret, Err *err)
{
        if (str_ends(str_of(path), STR("/stat")))
                return err_set(err, ERR_IO, "open '%s': permission denied", path);
        return fs_system()->open(fs, path, mode, ret, err);
}

static void permission_denied_stops_nobody_else(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/stat", "cpu0 1 2 3 4\nctxt 5\n");
        tree_put(&t, "proc/loadavg", "1 2 3\n");
        Fs fs = *fs_system();
        fs.open = refuse_stat; /* root may read everything, so a mode would prove nothing */
        Err err = { 0 };
        assert_ok(collect_host_new(&t.options, &fs, &t.clock.clock, &t.host, &err), err);
        tree_gather(&t);
        assert_success(&t, "stat", "0");
        assert_success(&t, "cpu", "0");
        assert_success(&t, "loadavg", "1");
        tree_done(&t);
}

static void collectors_are_switched_off_by_name(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        Str off[] = { STR("loadavg"), STR("uname") };
        t.options.disabled = (StrList){ off, 2 };
        tree_gather(&t);
        assert_no_text(&t, "loadavg");
        assert_no_text(&t, "node_uname_info");
        assert_success(&t, "time", "1");

        CollectHost *host = NULL;
        Err err = { 0 };
        off[0] = STR("lodavg");
        assert_false(collect_host_new(&t.options, fs_system(), &t.clock.clock, &host, &err));
        assert_contains(err.msg, "loadavg");
        t.options.disabled.n = 0;
        t.options.hwmon_chip_include = STR("a(b");
        assert_false(collect_host_new(&t.options, fs_system(), &t.clock.clock, &host, &err));
        assert_contains(err.msg, "hwmon_chip_include");
        assert_null(host);
        tree_done(&t);
}

static void bad_patterns_are_found_with_the_configuration(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Diags diags;
        diags_init(&diags, arena);
        YamlNode **docs;
        size_t n, n_errors;
        YamlError *errors;
        assert_true(yaml_parse(STR("netdev_device_exclude: 'a['\ndisabled: [cpu, cpus]\n"), arena, &docs, &n, &errors,
                               &n_errors));
        CollectHostOptions options;
        OptionCtx ctx = { .arena = arena, .diags = &diags, .file = STR("pharos.yml") };
        assert_false(option_bind(docs[0], &collect_host_table, &options, &ctx));
        Buf out = { .arena = arena };
        diags_print(&out, &diags);
        assert_contains(buf_cstr(&out), "netdev_device_exclude");
        assert_contains(out.p, "'cpus'");
}

static void names_are_the_table(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_gather(&t);
        size_t n = 0;
        const char *const *names = collect_host_names();
        for (; names[n]; n++) {
                assert_contains(buf_cstr(&t.out),
                                str_printf(t.arena, "node_scrape_collector_success{collector=\"%s\"}", names[n]).p);
                assert_true(n == 0 || strcmp(names[n - 1], names[n]) < 0);
        }
        assert_true(n >= 28);
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_machine_fails_one_by_one),
                cmocka_unit_test(permission_denied_stops_nobody_else),
                cmocka_unit_test(collectors_are_switched_off_by_name),
                cmocka_unit_test(bad_patterns_are_found_with_the_configuration),
                cmocka_unit_test(names_are_the_table),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
