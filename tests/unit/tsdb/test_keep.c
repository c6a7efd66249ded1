#include "tsdb/keep.h"

#include "testing.h"

static Matchers match(Arena *arena, MatchType type, const char *value)
{
        Matcher *m = arena_array(arena, Matcher, 1);
        Err err;
        assert_ok(matcher_make(arena, type, STR("__name__"), str_of(value), m, &err), err);
        return (Matchers){ m, 1 };
}

static int64_t kept(const Keep *k, const char *name)
{
        Label l = { STR("__name__"), str_of(name) };
        return keep_ms(k, (Labels){ &l, 1 });
}

static void the_first_match_counts(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        Keep *k;
        Err err;
        TsdbRetention rules[] = {
                { match(arena, MATCH_EQ, "debug_keep"), 500 },
                { match(arena, MATCH_RE, "debug_.*"), 10 },
                { match(arena, MATCH_EQ, "debug_later"), 700 },
                { match(arena, MATCH_EQ, "slo"), 1000 },
        };
        assert_ok(keep_new(100, rules, ARRAY_LEN(rules), &k, &err), err);
        arena_free(arena); /* it has copies */
        assert_true(keep_has_rules(k));
        assert_int_equal(kept(k, "debug_keep"), 500);
        assert_int_equal(kept(k, "debug_x"), 10);
        assert_int_equal(kept(k, "debug_later"), 10);
        assert_int_equal(kept(k, "slo"), 1000);
        assert_int_equal(kept(k, "other"), 100);
        assert_int_equal(keep_shortest_ms(k), 10);
        assert_int_equal(keep_longest_ms(k), 1000);
        assert_int_equal(keep_expired(k, 10), 0);
        assert_int_equal(keep_expired(k, 11), 1);
        assert_int_equal(keep_expired(k, 499), 2);
        assert_int_equal(keep_expired(k, 1001), 5);
        keep_free(k);
}

static void without_rules_there_is_one_retention(void **state)
{
        (void)state;
        Keep *k;
        Err err;
        assert_ok(keep_new(100, NULL, 0, &k, &err), err);
        assert_false(keep_has_rules(k));
        assert_int_equal(kept(k, "x"), 100);
        assert_int_equal(keep_shortest_ms(k), 100);
        assert_int_equal(keep_longest_ms(k), 100);
        keep_free(k);
        TsdbRetention many[TSDB_MAX_RETENTIONS + 1] = { 0 };
        assert_false(keep_new(100, many, ARRAY_LEN(many), &k, &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_match_counts),
                cmocka_unit_test(without_rules_there_is_one_retention),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
