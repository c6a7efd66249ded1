#include "hosttree.h"

static void times_by_mode(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(
                &t, "proc/stat",
                "cpu  9 9 9 9\ncpu0 44490 19 21045 1087069 220 1 3410 0 2 1\ncpu12 1 2 3 4\ncpuX 1 2 3 4\ncpu99999999 1 2 3 4\n");
        tree_gather(&t);
        assert_success(&t, "cpu", "1");
        assert_line(&t, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 444.9");
        assert_line(&t, "node_cpu_seconds_total{cpu=\"12\",mode=\"idle\"} 0.04");
        assert_line(&t, "node_cpu_seconds_total{cpu=\"12\",mode=\"steal\"} 0"); /* an old kernel's line */
        assert_line(&t, "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"nice\"} 0.01");
        assert_no_text(&t, "cpu=\"99999999\"");
        assert_no_text(&t, "cpu=\"1\"");
        tree_done(&t);
}

/* Invariants 1 and 2 */
static void counters_never_go_back(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/stat", "cpu0 100 0 0 1000 50\ncpu1 1 1 1 1 1\n");
        tree_gather(&t);
        tree_put(&t, "proc/stat", "cpu0 200 0 0 990 40\n"); /* idle falls by 0.1 s: an estimate */
        tree_gather(&t);
        assert_line(&t, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 2");
        assert_line(&t, "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 10");
        assert_line(&t, "node_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 0.5");
        assert_no_text(&t, "cpu=\"1\"");
        tree_put(&t, "proc/stat", "cpu0 10 0 0 690 4\n"); /* by 3 s: another CPU */
        tree_gather(&t);
        assert_line(&t, "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 6.9");
        assert_line(&t, "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 0.1");
        tree_done(&t);
}

static void broken_input(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        const char *const texts[] = { "", "cpu0\n", "cpu0 a b c d\n", "cpu 1 2 3 4\n", "\n\n\n", "intr 5\n" };
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                tree_put(&t, "proc/stat", texts[i]);
                tree_gather(&t);
                assert_success(&t, "cpu", "0");
        }
        tree_done(&t);
}

static void throttles_isolation_frequencies(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/stat", "cpu0 1 2 3 4\n");
        tree_put(&t, "sys/devices/system/cpu/isolated", "1,3-5,9,x,7-6\n");
        for (int i = 0; i < 4; i++) { /* two cores with two threads each */
                Str dir = str_printf(t.arena, "sys/devices/system/cpu/cpu%d", i);
                tree_put(&t, str_printf(t.arena, "%s/topology/physical_package_id", dir.p).p, "0\n");
                tree_put(&t, str_printf(t.arena, "%s/topology/core_id", dir.p).p, i % 2 ? "1\n" : "0\n");
                tree_put(&t, str_printf(t.arena, "%s/thermal_throttle/core_throttle_count", dir.p).p,
                         i % 2 ? "7\n" : "5\n");
                tree_put(&t, str_printf(t.arena, "%s/thermal_throttle/package_throttle_count", dir.p).p, "9\n");
        }
        tree_put(&t, "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1699981\n");
        tree_put(&t, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
        tree_put(&t, "sys/devices/system/cpu/cpu0/cpufreq/scaling_available_governors", "performance powersave\n");
        tree_put(&t, "sys/devices/system/cpu/cpuidle/nothing", "");
        tree_gather(&t);
        assert_line(&t, "node_cpu_isolated{cpu=\"4\"} 1");
        assert_no_text(&t, "node_cpu_isolated{cpu=\"6\"}");
        assert_line(&t, "node_cpu_core_throttles_total{core=\"1\",package=\"0\"} 7");
        assert_line(&t, "node_cpu_package_throttles_total{package=\"0\"} 9");
        assert_line(&t, "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1.699981e+09");
        assert_line(&t, "node_cpu_scaling_governor{cpu=\"0\",governor=\"performance\"} 0");
        assert_line(&t, "node_cpu_scaling_governor{cpu=\"0\",governor=\"powersave\"} 1");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(times_by_mode), cmocka_unit_test(counters_never_go_back),
                                            cmocka_unit_test(broken_input),
                                            cmocka_unit_test(throttles_isolation_frequencies) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
