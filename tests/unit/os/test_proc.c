#include "os/proc.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/clock.h"
#include "testing.h"

static void values_are_plausible(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        assert_true(proc_resident_bytes() > 100000 && proc_resident_bytes() < 1ull << 40);
        assert_true(proc_virtual_bytes() >= proc_resident_bytes());
        assert_true(proc_cpus() >= 1);
        assert_true(proc_threads() >= 1);
        assert_true(proc_max_fds() >= 16);
        assert_true(proc_hostname(arena).n > 0);
        double now = (double)clock_wall_ms(clock_system()) / 1e3, start = proc_start_time_seconds();
        /* The kernel's boot time is in whole seconds. */
        assert_true(start > now - 3600 && start < now + 2);
}

static void open_files_are_counted(void **state)
{
        (void)state;
        uint64_t before = proc_open_fds();
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(proc_open_fds(), before + 1);
        close(fd);
        assert_int_equal(proc_open_fds(), before);
}

static void cpu_time_grows_with_work(void **state)
{
        (void)state;
        double before = proc_cpu_seconds();
        volatile uint64_t x = 0;
        for (int i = 0; i < 1000000000 && proc_cpu_seconds() == before; i++)
                x = x + 1;
        assert_true(proc_cpu_seconds() > before);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(values_are_plausible),
                                            cmocka_unit_test(open_files_are_counted),
                                            cmocka_unit_test(cpu_time_grows_with_work) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
