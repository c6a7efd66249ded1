#include "collect/textfile.h"

#include "testing.h"

static void families(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        TextfileFamilies list;
        Err err = { 0 };
        Str text = STR(
                "# a comment\n#HELP x Back\\\\slash and\\nline\n# TYPE x counter\nx{a=\"1\",b=\"q\\\"\\\\\\n\",} 3\n\tx 4\r\n"
                "y:z_count 1e3\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 2\nh_count 5\nh_sum 7\nlast{} NaN");
        assert_ok(textfile_parse(text, arena, &list, &err), err);
        assert_int_equal(list.len, 4);
        const TextfileFamily *x = list.data[0];
        assert_str(x->help, "Back\\slash and\nline");
        assert_int_equal(x->type, METRIC_TYPE_COUNTER);
        assert_int_equal(x->samples.len, 2);
        assert_int_equal(x->samples.data[0].n, 2);
        assert_str(x->samples.data[0].labels[1].value, "q\"\\\n");
        assert_str(list.data[1]->name, "y:z_count");
        const TextfileFamily *h = list.data[2];
        assert_int_equal(h->samples.len, 4); /* completed by +Inf */
        assert_str(h->samples.data[0].labels[0].value, "1");
        assert_str(h->samples.data[3].labels[0].value, "+Inf");
        assert_double(h->samples.data[3].value, 5);
        assert_str(list.data[3]->name, "last");
}

static void refused(void **state)
{
        (void)state;
        static const char *const texts[][2] = {
                { "x 1 1441205977284\n", "line 1" }, /* a timestamp */
                { "x\n", "is no number" },
                { "ok 1\nx one\n", "line 2" },
                { "x{a=\"1\" 1\n", "must follow a label" },
                { "x{a=\"1} 1\n", "closing quote" },
                { "x{a=\"1\\\"} 1\n", "closing quote" },
                { "x{a=1} 1\n", "double quotes" },
                { "x{a} 1\n", "'='" },
                { "x{=\"1\"} 1\n", "name" },
                { "x{a=\"1\",a=\"2\"} 1\n", "two labels 'a'" },
                { "x{__name__=\"y\"} 1\n", "reserved" },
                { "9x 1\n", "starts with the name" },
                { "# TYPE x counter\n# TYPE x counter\n", "second TYPE" },
                { "x 1\n# TYPE x counter\n", "second TYPE" },
                { "# HELP x a\n# HELP x b\n", "second HELP" },
                { "# TYPE x timer\n", "no metric type" },
                { "# HELP 9x\n", "without the name" },
                { "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "bound" },
                { "x{a=\"\\", "closing quote" },
                { "x{", "label" },
        };
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                TextfileFamilies list = { 0 };
                Err err = { 0 };
                if (textfile_parse(str_of(texts[i][0]), arena, &list, &err))
                        fail_msg("'%s' was accepted", texts[i][0]);
                assert_contains(err.msg, texts[i][1]);
                assert_int_equal(list.len, 0);
        }
}

static void label_limit(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf text = { .arena = arena };
        buf_lit(&text, "x{");
        for (int i = 0; i < TEXTFILE_MAX_LABELS; i++)
                buf_printf(&text, "l%d=\"v\",", i);
        size_t full = text.n;
        buf_lit(&text, "} 1\n");
        TextfileFamilies list;
        Err err = { 0 };
        assert_ok(textfile_parse(buf_str(&text), arena, &list, &err), err);
        assert_int_equal(list.data[0]->samples.data[0].n, TEXTFILE_MAX_LABELS);
        text.n = full;
        buf_lit(&text, "more=\"v\"} 1\n");
        assert_false(textfile_parse(buf_str(&text), arena, &list, &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(families), cmocka_unit_test(refused),
                                            cmocka_unit_test(label_limit) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
