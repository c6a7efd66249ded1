#include "testing.h"

#include "promql/windowcache.h"

static void remembers_one_set_of_times(void **state)
{
        (void)state;
        WindowCache c = { 0 };
        int64_t t[] = { 10, 20, 30 }, other[] = { 10, 21, 30 };
        assert_false(windowcache_has(&c, 1, t, 3));
        windowcache_begin(&c, 1, t, 3, 5);
        c.lo[4] = c.hi[4] = 2;
        assert_true(windowcache_has(&c, 1, t, 3));
        assert_false(windowcache_has(&c, 2, t, 3));
        assert_false(windowcache_has(&c, 1, t, 2));
        assert_false(windowcache_has(&c, 1, other, 3));
        windowcache_begin(&c, 2, other, 3, 500);
        c.hi[499] = 1;
        assert_true(windowcache_has(&c, 2, other, 3));
        assert_true(windowcache_bytes(&c) >= 3 * sizeof *t + 1000 * sizeof *c.lo);
        windowcache_done(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(remembers_one_set_of_times) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
