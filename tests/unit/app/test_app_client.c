#include "testing.h"

#include "app/app_client.h"

static void parameters(void **state)
{
        (void)state;
        AUTO(buf_done) Buf query = { 0 };
        app_client_param(&query, "none", (Str){ 0 });
        app_client_param(&query, "none", str_of(NULL));
        assert_int_equal(query.n, 0);
        app_client_param(&query, "query", STR("up{a=\"b c\"}"));
        app_client_param(&query, "match[]", STR("x"));
        assert_str(buf_str(&query), "?query=up%7Ba%3D%22b+c%22%7D&match%5B%5D=x");
}

static void flags_take_their_values(void **state)
{
        (void)state;
        const char *url = "before", *end = NULL;
        const AppClientFlag flags[] = { { "--url", &url }, { "--end", &end } };
        char args[][12] = { "--end", "5", "--url", "http://x", "--what", "--end" };
        char *argv[] = { args[0], args[1], args[2], args[3], args[4], args[5] };
        int i = 0;
        assert_true(app_client_flag(flags, 2, 6, argv, &i));
        assert_int_equal(i, 1);
        assert_string_equal(end, "5");
        i = 2;
        assert_true(app_client_flag(flags, 2, 6, argv, &i));
        assert_string_equal(url, "http://x");
        i = 4;
        assert_false(app_client_flag(flags, 2, 6, argv, &i)); /* unknown */
        i = 5;
        assert_false(app_client_flag(flags, 2, 6, argv, &i)); /* no value */
        assert_string_equal(end, "5");
}

static void a_server_that_is_not_there(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        const JsonValue *data = NULL;
        Str body;
        Err err;
        AppClientCall call = { .url = "http://127.0.0.1:1/", .path = "/api/v1/labels" };
        assert_false(app_client_ask(&call, arena, &data, &body, &err));
        assert_contains(err.msg, "http://127.0.0.1:1/: GET 'http://127.0.0.1:1/api/v1/labels'");
        assert_null(data);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(parameters), cmocka_unit_test(flags_take_their_values),
                                            cmocka_unit_test(a_server_that_is_not_there) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
