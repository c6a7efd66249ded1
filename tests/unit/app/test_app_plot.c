#include "testing.h"

#include <math.h>

#include "app/app_plot.h"

static size_t lines_of(const Buf *out)
{
        size_t n = 0;
        for (size_t i = 0; i < out->n; i++)
                n += out->p[i] == '\n';
        return n;
}

static void a_rising_line(void **state)
{
        (void)state;
        const double t[] = { 0, 60, 120 }, v[] = { 1, 2, 3 };
        AppPlotSeries s = { STR("m{a=\"1\"}"), t, v, 3 };
        AUTO(buf_done) Buf out = { 0 };
        app_plot_draw(&out, &s, 1, &(AppPlotOptions){ .width = 40, .height = 4 });
        assert_int_equal(lines_of(&out), 6);
        assert_contains(buf_cstr(&out), "        3 ┤");
        assert_contains(buf_cstr(&out), "        1 ┤⣀");
        assert_contains(buf_cstr(&out), "━ m{a=\"1\"}");
        assert_contains(buf_cstr(&out), "1970-01-01T00:02:00Z");
        assert_null(strstr(buf_cstr(&out), "\x1b["));
        buf_clear(&out);
        app_plot_draw(&out, &s, 1, &(AppPlotOptions){ .width = 40, .height = 4, .colors = true });
        assert_contains(buf_cstr(&out), "\x1b[36m");
}

/* Invariant 1. */
static void strange_values_stay_on_the_canvas(void **state)
{
        (void)state;
        const double t[] = { 0, 1, 2, 3, 1e9 }, v[] = { -1.7e308, (double)NAN, 1.7e308, (double)INFINITY, 0 };
        const double none[] = { (double)NAN };
        AppPlotSeries all[] = { { STR("a"), t, v, 5 }, { STR("b"), t, none, 1 }, { STR("c"), t, NULL, 0 } };
        AUTO(buf_done) Buf out = { 0 };
        for (unsigned width = 0; width < 2000; width += 97)
                app_plot_draw(&out, all, 3, &(AppPlotOptions){ .width = width, .height = width / 4 });
        buf_clear(&out);
        app_plot_draw(&out, all + 1, 2, &(AppPlotOptions){ .width = 80, .height = 10 });
        assert_string_equal(buf_cstr(&out), "no points to draw\n");
}

static void a_long_legend_is_cut(void **state)
{
        (void)state;
        const double t[] = { 0 }, v[] = { 1 };
        AppPlotSeries all[APP_PLOT_MAX_LEGEND + 3];
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
                all[i] = (AppPlotSeries){ STR("x"), t, v, 1 };
        AUTO(buf_done) Buf out = { 0 };
        app_plot_draw(&out, all, ARRAY_LEN(all), &(AppPlotOptions){ .width = 80, .height = 4 });
        assert_contains(buf_cstr(&out), "and 3 more");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_rising_line),
                cmocka_unit_test(strange_values_stay_on_the_canvas),
                cmocka_unit_test(a_long_legend_is_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
