#include "testing.h"

#include "base/rand.h"
#include "store/changelog.h"

static void says_from_when_on_things_changed(void **state)
{
        (void)state;
        ChangeLog log;
        changelog_init(&log);
        uint64_t a = changelog_now(&log);
        assert_int_equal(changelog_since(&log, a), INT64_MAX);
        changelog_note(&log, 100000);
        uint64_t b = changelog_now(&log);
        changelog_note(&log, 200000);
        assert_int_equal(changelog_since(&log, a), 100000);
        assert_int_equal(changelog_since(&log, b), 200000);
        changelog_note(&log, 50000); /* late */
        assert_int_equal(changelog_since(&log, a), 50000);
        assert_int_equal(changelog_since(&log, b), 50000);
        assert_int_equal(changelog_since(&log, changelog_now(&log)), INT64_MAX);
        changelog_done(&log);
}

static void rounds_down_and_holds_at_the_ends_of_time(void **state)
{
        (void)state;
        static const int64_t cases[][2] = { { 4999, 0 },
                                            { 5000, 5000 },
                                            { -1, -5000 },
                                            { -5000, -5000 },
                                            { INT64_MIN, INT64_MIN },
                                            { INT64_MIN + 1, INT64_MIN },
                                            { INT64_MAX, INT64_MAX / 5000 * 5000 } };
        ChangeLog log;
        changelog_init(&log);
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                uint64_t mark = changelog_now(&log);
                changelog_note(&log, cases[i][0]);
                assert_int_equal(changelog_since(&log, mark), cases[i][1]);
        }
        changelog_done(&log);
}

static void knows_no_mark_of_another_log(void **state)
{
        (void)state;
        ChangeLog log;
        changelog_init(&log);
        uint64_t mark = changelog_now(&log);
        changelog_done(&log);
        changelog_init(&log);
        assert_int_equal(changelog_since(&log, mark), INT64_MIN);
        assert_int_equal(changelog_since(&log, 0), INT64_MIN);
        assert_int_equal(changelog_since(&log, UINT64_MAX), INT64_MIN);
        changelog_done(&log);
}

/* Against a list of everything; three times as many stretches as are remembered. */
static void is_never_later_than_what_happened(void **state)
{
        (void)state;
        enum { CHANGES = 6000, RECENT = 100 };
        static int64_t noted[CHANGES];
        static uint64_t marks[CHANGES + 1];
        ChangeLog log;
        changelog_init(&log);
        Rand rnd;
        rand_init(&rnd, 7);
        marks[0] = changelog_now(&log);
        for (int i = 0; i < CHANGES; i++) {
                bool late = rand_below(&rnd, 50) == 0;
                noted[i] = (int64_t)i * 1300 - (late ? (int64_t)rand_below(&rnd, 200000) : 0);
                changelog_note(&log, noted[i]);
                marks[i + 1] = changelog_now(&log);
                for (int k = 0; k < 20; k++) {
                        int at = (int)rand_below(&rnd, (uint64_t)i + 2);
                        int64_t least = INT64_MAX, said = changelog_since(&log, marks[at]);
                        for (int j = at; j <= i; j++)
                                least = MIN_OF(least, noted[j]);
                        assert_true(said <= least);
                        if (i + 1 - at < RECENT && least < INT64_MAX)
                                assert_true(said > least - CHANGELOG_GRAIN_MS);
                }
        }
        changelog_done(&log);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(says_from_when_on_things_changed),
                cmocka_unit_test(rounds_down_and_holds_at_the_ends_of_time),
                cmocka_unit_test(knows_no_mark_of_another_log),
                cmocka_unit_test(is_never_later_than_what_happened),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
