#include "config/option.h"
#include "testing.h"

static const OptionTable route_table;
static const char *const modes[] = { "a", "b", NULL };
static const Option route_options[] = {
        { "mode", OPT_ENUM, 0, .def = "a", .values = modes, .help = "This | that." },
        { "wait", OPT_DURATION, 0, .required = true, .help = "How long.", .min = 1, .max = 5 },
        { "routes", OPT_STRUCT_LIST, 0, .table = &route_table, .help = "Below." },
        OPTION_END,
};
static const OptionTable route_table = { .name = "route", .options = route_options, .size = 64 };

static void a_page_has_every_section_once(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        option_document(&out, &route_table);
        assert_str(buf_str(&out), "## route\n\n| key | kind | default | meaning |\n|---|---|---|---|\n"
                                  "| `mode` | one of `a`, `b` | `a` | This \\| that. |\n"
                                  "| `wait` | duration | required | How long. Between 1ms and 5ms. |\n"
                                  "| `routes` | list of sections `route` |  | Below. |\n\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_page_has_every_section_once) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
