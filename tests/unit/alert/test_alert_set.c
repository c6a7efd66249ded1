#include "testing.h"

#include "alert/alert_store.h"

enum { MOST = 3000 };

/* Puts and removes at random, beside an array that says what must be there. */
static void set_holds_what_was_put(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        StoredAlert *alerts = arena_array(arena, StoredAlert, 2 * MOST);
        StoredAlert **there = arena_array(arena, StoredAlert *, MOST);
        AlertSet set = { 0 };
        uint64_t x = 88172645463325252u;
        size_t n = 0;
        assert_null(alert_set_get(&set, 1));
        assert_null(alert_set_remove(&set, 1));
        for (size_t i = 0; i < 2 * MOST; i++)
                alerts[i].fingerprint = i % MOST * 64; /* close together: many meet */
        for (int step = 0; step < 60000; step++) {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                size_t i = x % MOST;
                if (x >> 32 & 1 && (step < 40000 || x >> 33 & 1)) {
                        StoredAlert *a = &alerts[i + (x >> 40 & 1) * MOST];
                        assert_ptr_equal(alert_set_put(&set, a), there[i]);
                        n += !there[i];
                        there[i] = a;
                } else {
                        assert_ptr_equal(alert_set_remove(&set, i * 64), there[i]);
                        n -= there[i] != NULL;
                        there[i] = NULL;
                }
                assert_int_equal(set.len, n);
        }
        for (size_t i = 0; i < MOST; i++)
                assert_ptr_equal(alert_set_get(&set, i * 64), there[i]);
        size_t at = 0;
        size_t seen = 0;
        for (const StoredAlert *a; (a = alert_set_next(&set, &at)); seen++)
                assert_ptr_equal(there[a->fingerprint / 64], a);
        assert_int_equal(seen, n);
        alert_set_done(&set);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(set_holds_what_was_put) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
