#include "net/http_route.h"
#include "testing.h"

static void handler(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        (void)resp;
}

static void longest_path_wins(void **state)
{
        (void)state;
        static const HttpRoute ROUTES[] = {
                { HTTP_GET, "/*", handler },
                { HTTP_GET, "/api/*", handler },
                { HTTP_GET, "/api/v1/query", handler },
                { HTTP_POST, "/api/v1/query", handler },
                { HTTP_PUT, "/api/v1/*", handler },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        RouteTable table;
        http_route_init(&table, arena, ROUTES, ARRAY_LEN(ROUTES));
        unsigned allow = 0;
        assert_ptr_equal(http_route_find(&table, STR("/x"), HTTP_GET, &allow)->route, &ROUTES[0]);
        assert_ptr_equal(http_route_find(&table, STR("/"), HTTP_HEAD, &allow)->route, &ROUTES[0]);
        assert_ptr_equal(http_route_find(&table, STR("/api/x"), HTTP_GET, &allow)->route, &ROUTES[1]);
        assert_ptr_equal(http_route_find(&table, STR("/api/v1/query"), HTTP_GET, &allow)->route, &ROUTES[2]);
        assert_ptr_equal(http_route_find(&table, STR("/api/v1/query"), HTTP_POST, &allow)->route, &ROUTES[3]);
        assert_null(http_route_find(&table, STR("/api/v1/query"), HTTP_DELETE, &allow));
        assert_str(http_route_allow(arena, allow), "GET, HEAD, POST");
        assert_null(http_route_find(&table, STR("/api/v1/other"), HTTP_GET, &allow));
        assert_str(http_route_allow(arena, allow), "PUT");
        assert_null(http_route_find(&table, STR(""), HTTP_GET, &allow));
        assert_int_equal(allow, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(longest_path_wins) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
