#include "config/expand.h"
#include "testing.h"

static Str lookup(void *arg, Str name)
{
        (void)arg;
        if (str_eq(name, STR("A")))
                return STR("alpha");
        if (str_eq(name, STR("B_2")))
                return STR("beta");
        if (str_eq(name, STR("1")))
                return STR("one");
        return (Str){ 0 };
}

static void count(void *arg, Str name)
{
        (void)name;
        ++*(int *)arg;
}

static void expand(const char *in, const char *want, int want_missing)
{
        AUTO(arena_free) Arena *arena = arena_new();
        int missing = 0;
        assert_str(expand_str(arena, str_of(in), (ExpandSource){ .lookup = lookup }, count, &missing), want);
        assert_int_equal(missing, want_missing);
}

static void as_gos_expand(void **state)
{
        (void)state;
        expand("plain", "plain", 0);
        expand("$A", "alpha", 0);
        expand("${A}x$B_2-", "alphaxbeta-", 0);
        expand("$$A", "$A", 0);
        expand("${$}A", "$A", 0);
        expand("a$", "a$", 0);
        expand("$ x", "$ x", 0);
        expand("$none.", ".", 1);
        expand("${none}", "", 1);
        expand("${}x", "x", 0);
        expand("${A", "A", 0);
        expand("$12", "one2", 0);
        expand("$-", "", 1);
        expand("", "", 0);
}

static void labels_lose_empty_values(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Labels in = { (const Label[]){ { STR_INIT("a"), STR_INIT("$none") }, { STR_INIT("b"), STR_INIT("x-${A}") } },
                      2 };
        Labels out = expand_labels(arena, in, (ExpandSource){ .lookup = lookup }, NULL, NULL);
        assert_int_equal(out.n, 1);
        assert_str(out.data[0].value, "x-alpha");
        assert_true(expand_environment().lookup(NULL, STR("PATH")).n > 0);
        assert_int_equal(expand_environment().lookup(NULL, STR("PHAROS_NO_SUCH_NAME")).n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(as_gos_expand),
                                            cmocka_unit_test(labels_lose_empty_values) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
