#include "testing.h"

#include "part/partformat.h"
#include "part/partgroup.h"

/* Opens a group of so many series. */
static bool begin(const unsigned char *p, size_t bytes, uint32_t mark, uint32_t series, GroupWalk *ret)
{
        Cursor content = { p, p + bytes };
        return partgroup_begin(&content, mark, series, ret);
}

static SeriesData next_is(GroupWalk *walk, uint64_t sid)
{
        SeriesData s;
        assert_true(partgroup_next(walk, &s));
        assert_int_equal(walk->sid, sid);
        return s;
}

static Block block_is(SeriesData *s, const char *code)
{
        Block b;
        assert_true(partgroup_block(s, &b));
        assert_str(cursor_str(&b.code), code);
        return b;
}

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
        GroupWalk walk;
        SeriesData s;
        assert_true(begin(GROUP, sizeof GROUP, PARTFORMAT_GROUP, 3, &walk));
        s = next_is(&walk, 7);
        Block b = block_is(&s, "a");
        assert_true(b.n == 1 && b.times == 32 && b.kind == 0 && !b.starts.p);
        b = block_is(&s, "b");
        assert_true(b.n == 1 && b.times == 35);
        assert_str(cursor_str(&b.starts), "c");
        assert_false(partgroup_has_block(&s));
        s = next_is(&walk, 8);
        block_is(&s, "de");
        b = block_is(&s, "f");
        assert_str(cursor_str(&b.starts), "g");
        s = next_is(&walk, 20);
        b = block_is(&s, "h");
        assert_true(b.n == 2);
        assert_false(partgroup_next(&walk, &s));
        for (size_t cut = 0; cut < sizeof GROUP; cut++) {
                if (!begin(GROUP, cut, PARTFORMAT_GROUP, 3, &walk))
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
        GroupWalk walk;
        SeriesData s;
        assert_true(begin(GROUP, sizeof GROUP, PARTFORMAT_GROUP, 1, &walk));
        assert_false(partgroup_next(&walk, &s));
        assert_false(begin(GROUP, sizeof GROUP, PARTFORMAT_GROUP, 1000, &walk));
}

static void groups_of_version_2(void **state)
{
        (void)state;
        static const unsigned char GROUP[] = { 7, 32, 0, 4, 5, 8, 8, 0, 1, 'a', 8, 0, 1, 'b', 8, 2, 1, 'c' };
        GroupWalk walk;
        assert_true(begin(GROUP, sizeof GROUP, PARTFORMAT_GROUP_OLD, 2, &walk));
        SeriesData s = next_is(&walk, 7);
        block_is(&s, "a");
        assert_false(partgroup_has_block(&s));
        s = next_is(&walk, 12);
        block_is(&s, "b");
        Block b = block_is(&s, "c");
        assert_int_equal(b.times, 33);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(series_say_how_they_differ),
                                            cmocka_unit_test(the_first_series_names_its_blocks),
                                            cmocka_unit_test(groups_of_version_2) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
