#include "codec/floats.h"

#include <math.h>

#include "base/bits.h"
#include "base/rand.h"
#include "testing.h"

static void check_parse(const char *text, double want)
{
        double got;
        if (!floats_parse(str_of(text), &got))
                fail_msg("'%s' was refused", text);
        if (bits_of_double(got) != bits_of_double(want))
                fail_msg("'%s': got %.17g, want %.17g", text, got, want);
}

static void what_go_reads(void **state)
{
        (void)state;
        check_parse("0", 0.0);
        check_parse("-0", -0.0);
        check_parse("+1", 1.0);
        check_parse("5.", 5.0);
        check_parse(".5", 0.5);
        check_parse("1e3", 1000.0);
        check_parse("1E+3", 1000.0);
        check_parse("1e-3", 0.001);
        check_parse("0.1", 0.1);
        check_parse("00001.50", 1.5);
        check_parse("0e99999999999", 0.0);
        check_parse("1e-99999999999", 0.0);
        check_parse("-1e-99999999999", -0.0);
        check_parse("1.7976931348623157e308", 1.7976931348623157e308);
        check_parse("1.7976931348623158e308", 1.7976931348623157e308);
        check_parse("4.9e-324", 5e-324);
        check_parse("2.4703282292062327208e-324", 0.0);
        check_parse("2.4703282292062328e-324", 5e-324);
        check_parse("2.2250738585072011e-308", 2.2250738585072011e-308);
        check_parse("9007199254740993", 9007199254740992.0);
        check_parse("9007199254740993.00000000000000000000000001", 9007199254740994.0);
        check_parse("123456789012345678901234567890", 123456789012345678901234567890.0);
        check_parse("Inf", HUGE_VAL);
        check_parse("+inf", HUGE_VAL);
        check_parse("-INFINITY", -HUGE_VAL);
        check_parse("iNfInItY", HUGE_VAL);
        check_parse("0x1p0", 1.0);
        check_parse("0X1.8P1", 3.0);
        check_parse("-0x.8p-1", -0.25);
        check_parse("0x1p-1074", 5e-324);
        check_parse("0x1.fffffffffffff8p0", 2.0);
        check_parse("0x1p-99999", 0.0);
}

static void nan_has_gos_bits(void **state)
{
        (void)state;
        double v;
        assert_true(floats_parse(STR("nAn"), &v));
        assert_true(bits_of_double(v) == 0x7ff8000000000001u);
}

static void everything_else_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = { "",
                                           " ",
                                           " 1",
                                           "1 ",
                                           "+",
                                           "-",
                                           ".",
                                           "e5",
                                           "1e",
                                           "1e+",
                                           "1e5x",
                                           "1_0",
                                           "0x",
                                           "0x1",
                                           "0xp1",
                                           "0x1p",
                                           "0x1p+",
                                           "0x1.p1x",
                                           "0x.p1",
                                           "1..2",
                                           "1.2.3",
                                           "--1",
                                           "+-1",
                                           "+nan",
                                           "-nan",
                                           "nanx",
                                           "in",
                                           "infi",
                                           "infinit",
                                           "infinityy",
                                           "1e309",
                                           "-1e309",
                                           "1.7976931348623159e308",
                                           "1e99999999999",
                                           "0x1p1024",
                                           "1,5",
                                           "1f",
                                           "0b1",
                                           "0x1.g",
                                           "\xff" };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                double v = 42;
                if (floats_parse(str_of(bad[i]), &v))
                        fail_msg("'%s' was accepted as %g", bad[i], v);
                assert_double(v, 42.0);
        }
        double v;
        assert_false(floats_parse(str_n("1\0", 2), &v));
        assert_false(floats_parse((Str){ NULL, 0 }, &v));
        /* Nothing behind n is looked at. */
        assert_true(floats_parse(str_n("12345", 2), &v) && v == 12);
}

static void long_texts_are_exact(void **state)
{
        (void)state;
        AUTO(buf_done) Buf text = { 0 };
        /* Half of the smallest double, and the same with one more digit a thousand places behind. */
        buf_lit(&text, "1.");
        for (int i = 0; i < 5000; i++)
                buf_char(&text, '0');
        double v;
        assert_true(floats_parse(buf_str(&text), &v) && v == 1);
        buf_clear(&text);
        buf_lit(&text, "9007199254740993.");
        for (int i = 0; i < 5000; i++)
                buf_char(&text, '0');
        buf_char(&text, '1');
        assert_true(floats_parse(buf_str(&text), &v) && v == 9007199254740994.0);
        buf_clear(&text);
        for (int i = 0; i < 400; i++)
                buf_char(&text, '7');
        assert_false(floats_parse(buf_str(&text), &v));
        buf_lit(&text, "e-400");
        assert_true(floats_parse(buf_str(&text), &v) && v == strtod(buf_cstr(&text), NULL));
}

static void check_against_libc(const char *text)
{
        double want = strtod(text, NULL), got;
        bool ok = floats_parse(str_of(text), &got);
        if (ok != isfinite(want) || (ok && bits_of_double(got) != bits_of_double(want)))
                fail_msg("'%s': got %d %.17g, want %.17g", text, ok, ok ? got : 0, want);
}

static double random_double(Rand *rand)
{
        for (;;) {
                double v = bits_to_double(rand_u64(rand));
                if (isfinite(v))
                        return v;
        }
}

static void random_texts_are_read_as_the_c_library_does(void **state)
{
        (void)state;
        Rand rand;
        rand_init(&rand, 1);
        char text[64];
        for (int i = 0; i < 300000; i++) {
                double v = random_double(&rand);
                snprintf(text, sizeof text, "%.*g", (int)(1 + rand_below(&rand, 25)), v);
                check_against_libc(text);
                snprintf(text, sizeof text, "%s%llu.%llue%d", rand_below(&rand, 2) ? "-" : "",
                         (unsigned long long)(rand_u64(&rand) >> rand_below(&rand, 64)),
                         (unsigned long long)(rand_u64(&rand) >> rand_below(&rand, 64)),
                         (int)rand_below(&rand, 700) - 350);
                check_against_libc(text);
                snprintf(text, sizeof text, "%llu.%03u", (unsigned long long)rand_below(&rand, 10000000),
                         (unsigned)rand_below(&rand, 1000));
                check_against_libc(text);
        }
        /* Half-way points between neighbours, where rounding is hardest. */
        for (int i = 0; i < 100000; i++) {
                uint64_t mantissa = (rand_u64(&rand) >> 11 | 1ull << 52) * 2 + 1;
                snprintf(text, sizeof text, "%llu", (unsigned long long)mantissa);
                check_against_libc(text);
                snprintf(text, sizeof text, "%llue%d", (unsigned long long)mantissa, (int)rand_below(&rand, 46) - 23);
                check_against_libc(text);
        }
}

/* The fewest digits that read back, from the C library. */
static int shortest_length(double v, char *text, size_t n)
{
        for (int digits = 1; digits < 17; digits++) {
                snprintf(text, n, "%.*e", digits - 1, v);
                if (strtod(text, NULL) == v)
                        return digits;
        }
        snprintf(text, n, "%.16e", v);
        return 17;
}

static void check_shortest(double v)
{
        char want[40], got[40] = "";
        int n = shortest_length(v, want, sizeof want);
        char digits[17];
        int exp10;
        size_t len = floats_shortest(v, digits, &exp10);
        snprintf(got, sizeof got, "%s0.%.*se%d", v < 0 ? "-" : "", (int)len, digits, exp10);
        if ((int)len > n || strtod(got, NULL) != v)
                fail_msg("%.17g: got %s, want %s", v, got, want);
        /* Where both have the same length, the C library's is the nearest one unless v lies on a power of two. */
        double other = strtod(want, NULL);
        assert_true(other == v);
}

static void printing_is_shortest_and_reads_back(void **state)
{
        (void)state;
        Rand rand;
        rand_init(&rand, 2);
        for (int i = 0; i < 200000; i++) {
                check_shortest(random_double(&rand));
                check_shortest((double)rand_below(&rand, 1000000) / 1000.0);
        }
        for (int e = -1074; e < 1024; e++) {
                double v = ldexp(1, e);
                check_shortest(v);
                check_shortest(nextafter(v, 0) == 0 ? v : nextafter(v, 0));
                check_shortest(nextafter(v, HUGE_VAL));
        }
        for (int e = -323; e < 309; e++) {
                char text[16];
                snprintf(text, sizeof text, "1e%d", e);
                check_shortest(strtod(text, NULL));
        }
}

/* 17 digits are always nearest: a shortest result must not lie farther from v than any other text of its length. */
static void the_nearest_of_the_shortest_wins(void **state)
{
        (void)state;
        Rand rand;
        rand_init(&rand, 3);
        for (int i = 0; i < 200000; i++) {
                double v = random_double(&rand);
                char digits[17], want[40], got[40];
                int exp10;
                size_t n = floats_shortest(v, digits, &exp10);
                snprintf(want, sizeof want, "%.*e", (int)n - 1, fabs(v));
                snprintf(got, sizeof got, "%c%s%.*se%c%02d", digits[0], n > 1 ? "." : "", (int)n - 1, digits + 1,
                         exp10 < 1 ? '-' : '+', abs(exp10 - 1));
                if (strtod(want, NULL) == fabs(v))
                        assert_string_equal(got, want);
        }
}

static void check_format(void (*fn)(Buf *, double), double v, const char *want)
{
        AUTO(buf_done) Buf out = { 0 };
        fn(&out, v);
        assert_str(buf_str(&out), want);
}

static void forms_are_gos(void **state)
{
        (void)state;
        static const struct {
                double v;
                const char *f, *e, *g, *json;
        } rows[] = {
                { 0, "0", "0e+00", "0", "0" },
                { -0.0, "-0", "-0e+00", "-0", "-0" },
                { 1, "1", "1e+00", "1", "1" },
                { -1.5, "-1.5", "-1.5e+00", "-1.5", "-1.5" },
                { 100, "100", "1e+02", "100", "100" },
                { 123456, "123456", "1.23456e+05", "123456", "123456" },
                { 999999.5, "999999.5", "9.999995e+05", "999999.5", "999999.5" },
                { 1000000, "1000000", "1e+06", "1e+06", "1000000" },
                { 1234567, "1234567", "1.234567e+06", "1.234567e+06", "1234567" },
                { 0.0001, "0.0001", "1e-04", "0.0001", "0.0001" },
                { 0.00001, "0.00001", "1e-05", "1e-05", "0.00001" },
                { 1e-6, "0.000001", "1e-06", "1e-06", "0.000001" },
                { 1e-7, "0.0000001", "1e-07", "1e-07", "1e-07" },
                { 1e20, "100000000000000000000", "1e+20", "1e+20", "100000000000000000000" },
                { 1e21, "1000000000000000000000", "1e+21", "1e+21", "1e+21" },
                { 9007199254740992, "9007199254740992", "9.007199254740992e+15", "9.007199254740992e+15",
                  "9007199254740992" },
                { -9007199254740991, "-9007199254740991", "-9.007199254740991e+15", "-9.007199254740991e+15",
                  "-9007199254740991" },
                { 0.1, "0.1", "1e-01", "0.1", "0.1" },
                { 1.0 / 3, "0.3333333333333333", "3.333333333333333e-01", "0.3333333333333333", "0.3333333333333333" },
                { 5e-324, NULL, "5e-324", "5e-324", "5e-324" },
                { 1.7976931348623157e308, NULL, "1.7976931348623157e+308", "1.7976931348623157e+308",
                  "1.7976931348623157e+308" },
                { HUGE_VAL, "+Inf", "+Inf", "+Inf", "+Inf" },
                { -HUGE_VAL, "-Inf", "-Inf", "-Inf", "-Inf" },
        };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                if (rows[i].f)
                        check_format(floats_format_f, rows[i].v, rows[i].f);
                check_format(floats_format_e, rows[i].v, rows[i].e);
                check_format(floats_format_g, rows[i].v, rows[i].g);
                check_format(floats_format_json, rows[i].v, rows[i].json);
        }
        check_format(floats_format_f, (double)NAN, "NaN");
        check_format(floats_format_json, (double)NAN, "NaN");
        check_format(floats_format_g, bits_to_double(0x7ff0000000000002u), "NaN");
}

static void the_f_form_has_all_zeros(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        floats_format_f(&out, 1.7976931348623157e308);
        assert_int_equal(out.n, 309);
        buf_clear(&out);
        floats_format_f(&out, -5e-324);
        assert_int_equal(out.n, 1 + 2 + 324);
        assert_true(out.p[out.n - 1] == '5');
        double v;
        assert_true(floats_parse(buf_str(&out), &v) && v == -5e-324);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_go_reads),
                cmocka_unit_test(nan_has_gos_bits),
                cmocka_unit_test(everything_else_is_refused),
                cmocka_unit_test(long_texts_are_exact),
                cmocka_unit_test(random_texts_are_read_as_the_c_library_does),
                cmocka_unit_test(printing_is_shortest_and_reads_back),
                cmocka_unit_test(the_nearest_of_the_shortest_wins),
                cmocka_unit_test(forms_are_gos),
                cmocka_unit_test(the_f_form_has_all_zeros),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
