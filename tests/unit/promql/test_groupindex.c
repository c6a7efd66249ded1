#include "testing.h"

#include "promql/groupindex.h"

static Label A[] = { { STR_INIT("__name__"), STR_INIT("m") },
                     { STR_INIT("g"), STR_INIT("1") },
                     { STR_INIT("i"), STR_INIT("x") } };
static Label B[] = { { STR_INIT("__name__"), STR_INIT("m") },
                     { STR_INIT("g"), STR_INIT("1") },
                     { STR_INIT("i"), STR_INIT("y") } };
static Label C[] = { { STR_INIT("__name__"), STR_INIT("n") }, { STR_INIT("g"), STR_INIT("2") } };

static void groups_by_and_without(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        Str g = STR("g"), i = STR("i");
        StrVec by = { &g, 1 }, without = { &i, 1 }, none = { 0 };
        GroupRule rules[] = { { .names = &by },
                              { .names = &without, .without = true },
                              { .names = &without, .without = true, .keep_name = true },
                              { .names = &none } };
        size_t want[][3] = { { 0, 0, 1 }, { 0, 0, 1 }, { 0, 0, 1 }, { 0, 0, 0 } };
        size_t pairs[] = { 1, 1, 2, 0 };
        for (size_t r = 0; r < ARRAY_LEN(rules); r++) {
                GroupIndex index;
                groupindex_init(&index, arena);
                bool fresh;
                assert_int_equal(groupindex_find(&index, (Labels){ A, 3 }, &rules[r]), SIZE_MAX);
                assert_int_equal(groupindex_of(&index, (Labels){ A, 3 }, &rules[r], &fresh), want[r][0]);
                assert_true(fresh);
                assert_int_equal(groupindex_of(&index, (Labels){ B, 3 }, &rules[r], &fresh), want[r][1]);
                assert_false(fresh);
                assert_int_equal(groupindex_of(&index, (Labels){ C, 2 }, &rules[r], NULL), want[r][2]);
                assert_int_equal(groupindex_find(&index, (Labels){ C, 2 }, &rules[r]), want[r][2]);
                assert_int_equal(index.keys.data[0].n, pairs[r]);
        }
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(groups_by_and_without) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
