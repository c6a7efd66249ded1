#include "component/component.h"
#include "testing.h"

typedef struct Opts {
        int64_t n;
} Opts;

static const Option fake_options[] = { { "n", OPT_INT, offsetof(Opts, n), .def = "7", .help = "A number." },
                                       OPTION_END };
static const OptionTable fake_table = { .name = "fake", .options = fake_options, .size = sizeof(Opts) };

static bool fake_open(const void *options, const Env *env, void **ret_self, Err *err)
{
        const Opts *o = options;
        if (!env->clock)
                return err_set(err, ERR_UNAVAILABLE, "no clock");
        *ret_self = (void *)(uintptr_t)o->n;
        return true;
}
static void fake_close(void *self) { (void)self; }

static const Component fake = { .kind = COMPONENT_COLLECTOR,
                                .name = "loadavg",
                                .help = "Loads.",
                                .table = &fake_table,
                                .open = fake_open,
                                .close = fake_close };
static const Component other = { .kind = COMPONENT_NOTIFIER, .name = "loadavg", .help = "Other kind." };
static const Component *const ROWS[] = { &fake, &other };

static void rows_are_found_by_kind_and_name(void **state)
{
        (void)state;
        assert_ptr_equal(component_find(ROWS, 2, COMPONENT_NOTIFIER, STR("loadavg")), &other);
        assert_null(component_find(ROWS, 2, COMPONENT_DISCOVERER, STR("loadavg")));
        Err err;
        assert_false(component_unknown(ROWS, 2, COMPONENT_COLLECTOR, STR("lodavg"), &err));
        assert_string_equal(err.msg, "unknown collector 'lodavg': did you mean 'loadavg'?");
        assert_false(component_unknown(ROWS, 2, COMPONENT_RECEIVER, STR("lodavg"), &err));
        assert_string_equal(err.msg, "unknown receiver 'lodavg'");
}

static void defaults_open_a_component(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        void *self = NULL;
        Err err = { 0 };
        struct Clock *clock = (struct Clock *)(void *)&self;
        assert_ok(component_open_default(&fake, arena, &(Env){ .clock = clock }, &self, &err), err);
        assert_int_equal((uintptr_t)self, 7);
        assert_false(component_open_default(&fake, arena, &(Env){ 0 }, &self, &err));
        assert_string_equal(err.msg, "collector 'loadavg': no clock");
        assert_false(component_need(&fake, "store", &err));
        assert_contains(err.msg, "needs the capability 'store'");
}

static void mistakes_in_the_table_are_found(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        component_lint(&out, ROWS, 2);
        assert_int_equal(out.n, 0);
        static const Component nameless = { .kind = COMPONENT_COLLECTOR, .help = "x" };
        static const Component leaky = { .kind = COMPONENT_COLLECTOR, .name = "a", .help = "x", .open = fake_open };
        component_lint(&out, (const Component *const[]){ &nameless, &fake, &fake, &leaky }, 4);
        assert_contains(buf_cstr(&out), "row 0");
        assert_contains(buf_cstr(&out), "collector 'loadavg': twice");
        assert_contains(buf_cstr(&out), "'a': open without close");
        buf_clear(&out);
        component_document(&out, ROWS, 2);
        assert_contains(buf_cstr(&out), "# collector loadavg");
        assert_contains(buf_cstr(&out), "A number.");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rows_are_found_by_kind_and_name),
                cmocka_unit_test(defaults_open_a_component),
                cmocka_unit_test(mistakes_in_the_table_are_found),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
