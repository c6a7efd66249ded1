#include "testing.h"

#include "app/app_queryprint.h"

static const char VECTOR[] = "{\"resultType\":\"vector\",\"result\":["
                             "{\"metric\":{\"__name__\":\"m\",\"a\":\"x\\\"y\"},\"value\":[5,\"1.5\"]},"
                             "{\"metric\":{},\"value\":[5,\"20\"]}]}";
static const char MATRIX[] = "{\"resultType\":\"matrix\",\"result\":["
                             "{\"metric\":{\"__name__\":\"m\"},\"values\":[[0,\"1\"],[60,\"2\"]]},"
                             "{\"metric\":{\"a\":\"b\"},\"values\":[[60,\"NaN\"]]}]}";

static const JsonValue *parse(const char *text, Arena *arena)
{
        JsonValue *v;
        Err err;
        assert_ok(json_parse(str_of(text), arena, &v, &err), err);
        return v;
}

static void plain(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf out = { .arena = arena };
        app_queryprint_plain(&out, parse(MATRIX, arena));
        assert_string_equal(buf_cstr(&out), "m =>\n1 @[0]\n2 @[60]\n{a=\"b\"} =>\nNaN @[60]\n");
        buf_clear(&out);
        app_queryprint_plain(&out, parse("{\"resultType\":\"scalar\",\"result\":[1,\"2\"]}", arena));
        assert_string_equal(buf_cstr(&out), "2 @[1]\n");
}

static void csv_is_quoted(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf out = { .arena = arena };
        app_queryprint_csv(&out, parse(VECTOR, arena));
        assert_string_equal(buf_cstr(&out), "series,timestamp,value\r\n"
                                            "\"m{a=\"\"x\\\"\"y\"\"}\",5,1.5\r\n"
                                            "\"{}\",5,20\r\n");
}

static void tables_are_aligned(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf out = { .arena = arena };
        app_queryprint_table(&out, parse(VECTOR, arena), arena);
        assert_string_equal(buf_cstr(&out), "m{a=\"x\\\"y\"}  1.5\n"
                                            "{}            20\n");
        buf_clear(&out);
        app_queryprint_table(&out, parse(MATRIX, arena), arena);
        assert_string_equal(buf_cstr(&out), "[1] m\n[2] {a=\"b\"}\n"
                                            "time  [1]  [2]\n"
                                            "0       1     \n"
                                            "60      2  NaN\n");
        buf_clear(&out);
        app_queryprint_table(&out, parse("{\"resultType\":\"vector\",\"result\":[]}", arena), arena);
        assert_string_equal(buf_cstr(&out), "no series\n");
}

static void only_ranges_are_drawn(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf out = { .arena = arena };
        assert_false(app_queryprint_plot(&out, parse(VECTOR, arena), 80, false, arena));
        assert_true(app_queryprint_plot(&out, parse(MATRIX, arena), 80, false, arena));
        assert_contains(buf_cstr(&out), "━ m\n");
}

/* Whatever a server sends. */
static void odd_answers_are_harmless(void **state)
{
        (void)state;
        static const char *const odd[] = { "{}", "[]", "{\"resultType\":\"matrix\",\"result\":[1,{},{\"values\":3}]}",
                                           "{\"resultType\":\"matrix\",\"result\":[{\"values\":[1,[],[1],[1,2,3]]}]}",
                                           "{\"resultType\":\"scalar\",\"result\":7}" };
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
                Buf out = { .arena = arena };
                const JsonValue *v = parse(odd[i], arena);
                app_queryprint_plain(&out, v);
                app_queryprint_csv(&out, v);
                app_queryprint_table(&out, v, arena);
                IGNORE(app_queryprint_plot(&out, v, 80, true, arena));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(plain),
                cmocka_unit_test(csv_is_quoted),
                cmocka_unit_test(tables_are_aligned),
                cmocka_unit_test(only_ranges_are_drawn),
                cmocka_unit_test(odd_answers_are_harmless),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
