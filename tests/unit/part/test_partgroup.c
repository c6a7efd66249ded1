#include "testing.h"

#include "part/partformat.h"
#include "part/partgroup.h"

static Cursor cursor_of(const unsigned char *p, size_t n) { return (Cursor){ p, p + n }; }

/* docs/formats/parts.md: series 7 with two blocks, the second with start times; 8 alike; 20 with one. */
static void series_say_how_they_differ(void **state)
{
        (void)state;
        static const unsigned char GROUP[] = {
                7,         32,                    /* first id, times */
                5 * 4 + 1, 2,   8, 0,   8 + 4, 6, /* shape: 1 sample; 1 sample with starts, times 3 on */
                6 * 4,                            /* alike */
                1 * 4 + 3, 12,  1, 16,  0,        /* 12 on; 2 samples */
                1,         'a', 1, 'b', 'c',   2, 'd', 'e', 1, 'f', 'g', 'h',
        };
        Cursor content = cursor_of(GROUP, sizeof GROUP);
        GroupWalk walk;
        SeriesData s;
        Block b;
        assert_true(partgroup_begin(&content, PARTFORMAT_GROUP, 3, &walk));
        assert_true(partgroup_next(&walk, &s));
        assert_int_equal(walk.sid, 7);
        assert_true(partgroup_block(&s, &b));
        assert_true(b.n == 1 && b.times == 32 && b.kind == 0 && !b.starts.p);
        assert_str(cursor_str(&b.code), "a");
        assert_true(partgroup_block(&s, &b));
        assert_true(b.n == 1 && b.times == 35);
        assert_str(cursor_str(&b.code), "b");
        assert_str(cursor_str(&b.starts), "c");
        assert_false(partgroup_has_block(&s));
        assert_true(partgroup_next(&walk, &s));
        assert_int_equal(walk.sid, 8);
        assert_true(partgroup_block(&s, &b));
        assert_str(cursor_str(&b.code), "de");
        assert_true(partgroup_block(&s, &b));
        assert_str(cursor_str(&b.code), "f");
        assert_str(cursor_str(&b.starts), "g");
        assert_true(partgroup_next(&walk, &s));
        assert_int_equal(walk.sid, 20);
        assert_true(partgroup_block(&s, &b));
        assert_true(b.n == 2);
        assert_str(cursor_str(&b.code), "h");
        assert_false(partgroup_next(&walk, &s));
        for (size_t cut = 0; cut < sizeof GROUP; cut++) {
                content = cursor_of(GROUP, cut);
                if (!partgroup_begin(&content, PARTFORMAT_GROUP, 3, &walk))
                        continue;
                unsigned found = 0;
                while (partgroup_next(&walk, &s))
                        found++;
                assert_true(found < 3);
        }
}

static void the_first_series_names_its_blocks(void **state)
{
        (void)state;
        static const unsigned char GROUP[] = { 7, 32, 4, 'a' };
        Cursor content = cursor_of(GROUP, sizeof GROUP);
        GroupWalk walk;
        SeriesData s;
        assert_true(partgroup_begin(&content, PARTFORMAT_GROUP, 1, &walk));
        assert_false(partgroup_next(&walk, &s));
        assert_false(partgroup_begin(&content, PARTFORMAT_GROUP, 1000, &walk));
}

static void groups_of_version_2(void **state)
{
        (void)state;
        static const unsigned char GROUP[] = { 7, 32, 0, 4, 5, 8, 8, 0, 1, 'a', 8, 0, 1, 'b', 8, 2, 1, 'c' };
        Cursor content = cursor_of(GROUP, sizeof GROUP);
        GroupWalk walk;
        SeriesData s;
        Block b;
        assert_true(partgroup_begin(&content, PARTFORMAT_GROUP_OLD, 2, &walk));
        assert_true(partgroup_next(&walk, &s));
        assert_int_equal(walk.sid, 7);
        assert_true(partgroup_block(&s, &b));
        assert_str(cursor_str(&b.code), "a");
        assert_false(partgroup_has_block(&s));
        assert_true(partgroup_next(&walk, &s));
        assert_int_equal(walk.sid, 12);
        assert_true(partgroup_block(&s, &b) && partgroup_block(&s, &b));
        assert_int_equal(b.times, 33);
        assert_str(cursor_str(&b.code), "c");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(series_say_how_they_differ),
                                            cmocka_unit_test(the_first_series_names_its_blocks),
                                            cmocka_unit_test(groups_of_version_2) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
