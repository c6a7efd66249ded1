#include "alert_fixture.h"

#include "alert/alert_index.h"
#include "alert/alert_matchers.h"

typedef struct Seen {
        uint32_t ids[16];
        size_t n, stop_after;
} Seen;

static bool see(void *arg, uint32_t id)
{
        Seen *s = arg;
        s->ids[s->n++] = id;
        return s->n != s->stop_after;
}

static bool has(const Seen *s, uint32_t id)
{
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++)
                n += s->ids[i] == id;
        assert_true(n <= 1); /* once */
        return n == 1;
}

static void candidates_hold_all_that_match(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        static const char *const sets[] = { "a=1",    "a=~\"1|2\"", "a=1,b=2",   "b!=2",    "a=~\"x.*\"",
                                            "c=\"\"", "",           "a=~\"1|\"", "a=3,b=2", "b=~\"2\"" };
        static const bool want[] = { true, true, true, true, true, true, true, true, false, true };
        AlertIndex index = { 0 };
        for (uint32_t i = 0; i < ARRAY_LEN(sets); i++) {
                AlertMatcherVec ms = { .arena = f->arena };
                Err err;
                assert_ok(alert_matchers_parse(str_of(sets[i]), f->arena, &ms, &err), err);
                alert_index_add(&index, i, (Matchers){ ms.data, ms.len });
        }
        Seen seen = { 0 };
        alert_index_each(&index, fixture_labels(f, "a=1,b=2"), see, &seen);
        for (uint32_t i = 0; i < ARRAY_LEN(sets); i++)
                if (has(&seen, i) != want[i] && want[i])
                        fail_msg("'%s' is no candidate", sets[i]);
        /* One that is under a pair that the labels do not have costs nothing. */
        seen = (Seen){ 0 };
        alert_index_each(&index, fixture_labels(f, "z=1"), see, &seen);
        assert_false(has(&seen, 0));
        assert_false(has(&seen, 8));
        seen = (Seen){ .stop_after = 2 };
        alert_index_each(&index, fixture_labels(f, "a=1,b=2"), see, &seen);
        assert_int_equal(seen.n, 2);
        alert_index_done(&index);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(candidates_hold_all_that_match) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
