#include "hosttree.h"

static void counters(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        t.options.stat_softirq = true;
        tree_put(
                &t, "proc/stat",
                "cpu0 1 2 3 4\nintr 8885917 17 0\nctxt 38014093\nbtime 1418183276\nprocesses 26442\nprocs_running 2\nprocs_blocked x\nsoftirq 9 1 2 3\n");
        tree_put(&t, "proc/sys/fs/file-nr", "1024\t0\t9223372036854775807\n");
        tree_put(&t, "proc/sys/kernel/random/entropy_avail", "256\n");
        tree_put(&t, "proc/vmstat",
                 "nr_free_pages 5\noom_kill 1\npgpgin 7344136\npgfault 18446744073709551615\npgmajfault\n");
        tree_put(
                &t, "proc/schedstat",
                "version 15\ncpu3 498494191 0 3533438552 2553969831 3853684107 2465731542 2000000000 343796328 4767485306\ndomain0 00 1 2\n");
        tree_gather(&t);
        assert_line(&t, "node_intr_total 8.885917e+06");
        assert_line(&t, "node_boot_time_seconds 1.418183276e+09");
        assert_line(&t, "node_procs_running 2");
        assert_no_text(&t, "node_procs_blocked");
        assert_line(&t, "node_softirqs_total{vector=\"net_tx\"} 3");
        assert_line(&t, "node_filefd_maximum 9.223372036854776e+18");
        assert_line(&t, "node_entropy_available_bits 256");
        assert_success(&t, "entropy", "0"); /* no poolsize; what there is stays */
        assert_line(&t, "node_vmstat_oom_kill 1");
        assert_line(&t, "node_vmstat_pgfault 1.8446744073709552e+19");
        assert_no_text(&t, "nr_free_pages");
        assert_line(&t, "node_schedstat_running_seconds_total{cpu=\"3\"} 2");
        assert_line(&t, "node_schedstat_timeslices_total{cpu=\"3\"} 4.767485306e+09");
        tree_done(&t);
}

static void memory(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(
                &t, "proc/meminfo",
                "MemTotal:       16042172 kB\nActive(anon):     10 kB\nHugePages_Total:       0\nodd\nDirectMap4k: 1 kB\n");
        tree_gather(&t);
        assert_success(&t, "meminfo", "1");
        assert_line(&t, "node_memory_MemTotal_bytes 1.6427184128e+10");
        assert_line(&t, "node_memory_Active_anon_bytes 10240");
        assert_line(&t, "node_memory_HugePages_Total 0");
        assert_line(&t, "# HELP node_memory_DirectMap4k_bytes Memory information field DirectMap4k_bytes.");
        const char *const broken[] = { "MemTotal:\n", "MemTotal: x kB\n", ": 5\n" };
        for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
                tree_put(&t, "proc/meminfo", broken[i]);
                tree_gather(&t);
                assert_success(&t, "meminfo", "0");
        }
        tree_done(&t);
}

static void pressure(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        const char *both =
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
        tree_put(&t, "proc/pressure/cpu",
                 "some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781\n"); /* no full before 5.13 */
        tree_put(&t, "proc/pressure/io", both);
        tree_put(&t, "proc/pressure/memory", both);
        tree_gather(&t);
        assert_success(&t, "pressure", "1"); /* no irq before 6.1 */
        assert_line(&t, "node_pressure_cpu_waiting_seconds_total 14.036781000000001");
        assert_line(&t, "node_pressure_memory_stalled_seconds_total 5e-06");
        tree_put(&t, "proc/pressure/memory", "some avg10=0.00\n");
        tree_gather(&t);
        assert_success(&t, "pressure", "0");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(counters), cmocka_unit_test(memory),
                                            cmocka_unit_test(pressure) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
