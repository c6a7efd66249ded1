#include "net/hostcheck.h"
#include "testing.h"

static const char *const ALLOWED[] = { "pharos.example.com" };
static const HostCheck CHECK_ = { .hostname = STR_INIT("Box1"), .allowed = ALLOWED, .n_allowed = 1 };

static void own_names(void **state)
{
        (void)state;
        const char *ours[] = {
                "localhost",  "LOCALHOST:9090", "127.0.0.1:9090", "[::1]:9090",         "box1:9090",
                "localhost.", "app.localhost",  "192.0.2.7",      "pharos.example.com", "PHAROS.example.com:443"
        };
        for (size_t i = 0; i < ARRAY_LEN(ours); i++)
                if (!hostcheck_is_ours(&CHECK_, str_of(ours[i])))
                        fail_msg("%s", ours[i]);
        const char *others[] = { "",
                                 "evil.example",
                                 "evil.example:9090",
                                 "localhost.evil.example",
                                 "127.0.0.1.evil.example",
                                 "notlocalhost",
                                 "127.0.0.1:90x",
                                 "[::1",
                                 "a b",
                                 "user@localhost",
                                 "[::1]x",
                                 "localhost/evil.com",
                                 ".localhost" };
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
                if (hostcheck_is_ours(&CHECK_, str_of(others[i])))
                        fail_msg("%s", others[i]);
}

static void origins(void **state)
{
        (void)state;
        static const struct {
                const char *origin, *host, *forwarded, *site;
                bool ok;
        } CASES[] = {
                { "", "127.0.0.1:9090", "", "", true }, /* not a browser */
                { "http://127.0.0.1:9090", "127.0.0.1:9090", "", "", true },
                { "http://evil.example", "127.0.0.1:9090", "", "", false },
                { "http://127.0.0.1:8080", "127.0.0.1:9090", "", "", false },
                { "null", "127.0.0.1:9090", "", "", false },
                { "https://mon.example.com", "127.0.0.1:9090", "mon.example.com", "", true },
                { "https://pharos.example.com", "127.0.0.1:9090", "", "", true },
                { "https://mon.example.com", "127.0.0.1:9090", "", "same-origin", true },
                { "https://evil.example", "127.0.0.1:9090", "", "cross-site", false },
                { "", "127.0.0.1:9090", "", "cross-site", false },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                HostOrigin o = { str_of(CASES[i].origin), str_of(CASES[i].host), str_of(CASES[i].forwarded),
                                 str_of(CASES[i].site) };
                if (hostcheck_same_origin(&CHECK_, &o) != CASES[i].ok)
                        fail_msg("case %zu", i);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(own_names), cmocka_unit_test(origins) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
