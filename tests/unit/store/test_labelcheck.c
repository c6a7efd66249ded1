#include "testing.h"

#include "base/mem.h"
#include "store/labelcheck.h"

static AppendResult check_pairs(const Label *pairs, size_t n) { return labelcheck_labels((Labels){ pairs, n }, true); }

static void accepts_good_labels(void **state)
{
        (void)state;
        const Label good[] = { { STR("__name__"), STR("up") },
                               { STR("a\xc3\xa9"), STR("\xe2\x82\xac") },
                               { STR("job"), STR("x") } };
        assert_int_equal(check_pairs(good, 3), APPEND_OK);
        assert_int_equal(labelcheck_labels((Labels){ good + 1, 2 }, false), APPEND_OK);
}

static void refuses_bad_labels(void **state)
{
        (void)state;
        const Label name = { STR("__name__"), STR("up") };
        const Label bad[][2] = {
                { name, { STR(""), STR("x") } },
                { name, { STR("a"), STR("") } },
                { name, { STR("__name__"), STR("down") } },
                { { STR("b"), STR("x") }, { STR("a"), STR("x") } },
                { name, { STR("a\xff"), STR("x") } },
                { name, { STR("a"), STR("\xc0\x80") } },
                { { STR("a"), STR("x") }, { STR("b"), STR("x") } },
        };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                assert_int_equal(check_pairs(bad[i], 2), APPEND_BAD_LABELS);
        assert_int_equal(check_pairs(bad[0], 0), APPEND_BAD_LABELS);
}

static void names_its_limits(void **state)
{
        (void)state;
        char *big = mem_alloc(LABELCHECK_MAX_VALUE_BYTES + 1);
        memset(big, 'v', LABELCHECK_MAX_VALUE_BYTES + 1);
        Label pairs[] = { { STR("__name__"), { big, LABELCHECK_MAX_VALUE_BYTES } } };
        assert_int_equal(check_pairs(pairs, 1), APPEND_OK);
        pairs[0].value.n++;
        assert_int_equal(check_pairs(pairs, 1), APPEND_LIMIT);
        Label named[] = { { STR("__name__"), STR("x") }, { { big, LABELCHECK_MAX_NAME_BYTES }, STR("x") } };
        assert_int_equal(check_pairs(named, 2), APPEND_OK);
        named[1].name.n++;
        assert_int_equal(check_pairs(named, 2), APPEND_LIMIT);
        Label *many = mem_new_array(Label, LABELCHECK_MAX_LABELS + 1);
        assert_int_equal(check_pairs(many, LABELCHECK_MAX_LABELS + 1), APPEND_LIMIT);
        mem_free(many);
        mem_free(big);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(accepts_good_labels), cmocka_unit_test(refuses_bad_labels),
                                            cmocka_unit_test(names_its_limits) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
