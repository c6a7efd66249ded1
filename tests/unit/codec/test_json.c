#include "codec/json.h"

#include <math.h>

#include "testing.h"

static void writer_keeps_commas(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        JsonWriter w;
        json_writer_init(&w, &out);
        json_begin_object(&w);
        json_key_cstr(&w, "a", "x");
        json_key(&w, STR("b"));
        json_begin_array(&w);
        json_i64(&w, -1);
        json_u64(&w, UINT64_MAX);
        json_double(&w, 1.5);
        json_double(&w, (double)NAN);
        json_double(&w, (double)INFINITY);
        json_begin_object(&w);
        json_end_object(&w);
        json_begin_array(&w);
        json_end_array(&w);
        json_null(&w);
        json_raw(&w, STR("[1]"));
        json_end_array(&w);
        json_key_bool(&w, "c", true);
        json_key_double(&w, "d", 1e21);
        json_end_object(&w);
        assert_str(buf_str(&out),
                   "{\"a\":\"x\",\"b\":[-1,18446744073709551615,1.5,null,null,{},[],null,[1]],\"c\":true,\"d\":1e+21}");
        assert_int_equal(w.depth, 0);
}

static void quoting(void **state)
{
        (void)state;
        static const struct {
                Str in;
                const char *want;
        } rows[] = {
                { STR_INIT(""), "\"\"" },
                { STR_INIT("plain"), "\"plain\"" },
                { STR_INIT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
                { STR_INIT("\n\r\t\b\x01\x1f\x7f"), "\"\\n\\r\\t\\u0008\\u0001\\u001f\x7f\"" },
                { STR_INIT("a\0b"), "\"a\\u0000b\"" },
                { STR_INIT("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"), "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"" },
                { STR_INIT("\xff|\xc3"), "\"\xef\xbf\xbd|\xef\xbf\xbd\"" },
        };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                AUTO(buf_done) Buf out = { 0 };
                json_quote(&out, rows[i].in);
                assert_str(buf_str(&out), rows[i].want);
        }
}

static void parses_a_tree(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        JsonValue *v;
        Err err;
        char text[] =
                " {\"s\":\"x\\u00e9\\ud83d\\ude00\\n\\/\", \"n\":-12.5e1,\r\n\t\"a\":[1,[],{}], \"t\":true,\"f\":false,\"z\":null,\"plain\":\"p\"} ";
        assert_ok(json_parse(str_of(text), arena, &v, &err), err);
        size_t array_at = (size_t)(strchr(text, 0x5b) - text);
        memset(text, 'x', sizeof text - 1); /* the tree does not lean on the text */
        assert_int_equal(v->kind, JSON_OBJECT);
        assert_int_equal(v->n, 7);
        assert_str(json_get_str(v, STR("s")), "x\xc3\xa9\xf0\x9f\x98\x80\n/");
        assert_str(json_get_str(v, STR("plain")), "p");
        assert_double(json_get(v, STR("n"))->num, -125.0);
        assert_str(json_get(v, STR("n"))->str, "-12.5e1");
        const JsonValue *a = json_get(v, STR("a"));
        assert_int_equal(a->n, 3);
        assert_int_equal(a->items[1].kind, JSON_ARRAY);
        assert_int_equal(a->items[2].kind, JSON_OBJECT);
        assert_int_equal(a->offset, array_at);
        assert_true(json_get(v, STR("t"))->b);
        assert_false(json_get(v, STR("f"))->b);
        assert_int_equal(json_get(v, STR("z"))->kind, JSON_NULL);
        assert_null(json_get(v, STR("nope")));
        assert_null(json_get(a, STR("s")));
        assert_null(json_get(NULL, STR("s")));
        assert_int_equal(json_get_str(v, STR("n")).n, 0);
        assert_str(v->members[3].key, "t");
}

static void a_repeated_key_keeps_its_last_value(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf text = { 0 };
        JsonValue *v;
        Err err;
        buf_char(&text, '{');
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < 1000; i++)
                        buf_printf(&text, "%s\"k%d\":%d", round || i ? "," : "", i, i + round);
        buf_char(&text, '}');
        assert_ok(json_parse(buf_str(&text), arena, &v, &err), err);
        assert_int_equal(v->n, 1000);
        assert_str(v->members[7].key, "k7");
        assert_double(v->members[7].value.num, 8.0);
        assert_ok(json_parse(STR("{\"a\":1,\"a\":2}"), arena, &v, &err), err);
        assert_int_equal(v->n, 1);
        assert_double(v->members[0].value.num, 2.0);
}

static void what_was_parsed_is_written_again(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf out = { 0 };
        JsonValue *v;
        JsonWriter w;
        Err err;
        /* A number keeps its digits, also those that a double cannot hold. */
        assert_ok(
                json_parse(
                        STR(" { \"a\" : [ 1.50, 12345678901234567890, -0 , true, null ], \"b\":{}, \"c\" : \"x\\n\\u00e9\" } "),
                        arena, &v, &err),
                err);
        json_writer_init(&w, &out);
        json_value(&w, v);
        assert_str(buf_str(&out), "{\"a\":[1.50,12345678901234567890,-0,true,null],\"b\":{},\"c\":\"x\\n\u00e9\"}");
}

static void large_objects_take_linear_time(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf text = { 0 };
        JsonValue *v;
        Err err;
        buf_char(&text, '{');
        for (int i = 0; i < 200000; i++)
                buf_printf(&text, "%s\"k%d\":0", i ? "," : "", i);
        buf_char(&text, '}');
        assert_ok(json_parse(buf_str(&text), arena, &v, &err), err);
        assert_int_equal(v->n, 200000);
}

static void bad_texts_say_where(void **state)
{
        (void)state;
        static const struct {
                Str text;
                const char *want;
        } rows[] = {
                { STR_INIT(""), "1:1: expected a value, got the end of the text" },
                { STR_INIT("[1,]"), "1:4: expected a value, got ']'" },
                { STR_INIT("[1 2]"), "1:4: expected ',' or ']', got '2'" },
                { STR_INIT("{\"a\":1,}"), "1:8: expected a key in quotes, got '}'" },
                { STR_INIT("{\"a\" 1}"), "1:6: expected ':', got '1'" },
                { STR_INIT("{a:1}"), "1:2: expected a key in quotes" },
                { STR_INIT("{\"a\":1 \"b\":2}"), "1:8: expected ',' or '}'" },
                { STR_INIT("{\"a\":1"), "got the end of the text" },
                { STR_INIT("[1"), "got the end of the text" },
                { STR_INIT("\n\n  nul"), "3:3: expected a value, got 'n'" },
                { STR_INIT("1 1"), "1:3: expected the end of the text" },
                { STR_INIT("01"), "1:2: expected the end of the text" },
                { STR_INIT("-"), "1:2: expected a digit" },
                { STR_INIT("1."), "1:3: expected a digit" },
                { STR_INIT("1.e5"), "1:3: expected a digit" },
                { STR_INIT(".5"), "expected a value" },
                { STR_INIT("+1"), "expected a value" },
                { STR_INIT("1e"), "expected a digit" },
                { STR_INIT("1e999"), "1:1: this number is out of range" },
                { STR_INIT("NaN"), "expected a value" },
                { STR_INIT("\"abc"), "1:1: this string has no closing quote" },
                { STR_INIT("\"a\nb\""), "1:3: control characters in a string must be escaped" },
                { STR_INIT("\"\\x\""), "1:2: unknown escape" },
                { STR_INIT("\"\\u12g4\""), "1:2: \\u needs four hexadecimal digits" },
                { STR_INIT("\"\\u12"), "\\u needs four" },
                { STR_INIT("\"\\"), "unknown escape" },
                { STR_INIT("\"\\ud800\\u12\""), "1:8: \\u needs four" },
                { STR_INIT("\"\xc3\xa9\", \xff"), "1:6: this is not UTF-8" },
                { STR_INIT("\"\xed\xa0\x80\""), "1:2: this is not UTF-8" },
                { STR_INIT("\xef\xbb\xbf{}"), "1:1: expected a value, got byte 0xef" },
                { STR_INIT("[\0]"), "got byte 0x00" },
                { STR_INIT("// x\n1"), "expected a value" },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                JsonValue *v = (JsonValue *)0x1;
                Err err;
                if (json_parse(rows[i].text, arena, &v, &err))
                        fail_msg("'" STR_FMT "' was accepted", STR_ARG(rows[i].text));
                assert_contains(err.msg, rows[i].want);
                assert_int_equal(err.code, ERR_INVALID);
                assert_ptr_equal(v, 0x1);
        }
}

static void a_text_may_be_nothing(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf out = { 0 };
        JsonValue *v;
        Err err;
        assert_false(json_parse((Str){ NULL, 0 }, arena, &v, &err));
        json_quote(&out, (Str){ NULL, 0 });
        assert_str(buf_str(&out), "\"\"");
}

static void lone_surrogates_become_replacements(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        JsonValue *v;
        Err err;
        assert_ok(json_parse(STR("\"\\ud800x\\udc00\\ud800\\u0041\""), arena, &v, &err), err);
        assert_str(v->str, "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd"
                           "A");
}

static void nesting_is_bounded(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        for (int depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
                AUTO(buf_done) Buf text = { 0 };
                for (int i = 0; i < depth; i++)
                        buf_char(&text, '[');
                for (int i = 0; i < depth; i++)
                        buf_char(&text, ']');
                JsonValue *v;
                Err err;
                assert_true(json_parse(buf_str(&text), arena, &v, &err) == (depth == JSON_MAX_DEPTH));
                if (depth > JSON_MAX_DEPTH) {
                        assert_int_equal(err.code, ERR_LIMIT);
                        assert_contains(err.msg, "1:65: nested deeper than 64");
                }
        }
}

static void written_strings_read_back(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        for (unsigned c = 0; c < 128; c++) {
                char bytes[3] = { 'a', (char)c, 'b' };
                AUTO(buf_done) Buf out = { 0 };
                json_quote(&out, str_n(bytes, 3));
                JsonValue *v;
                Err err;
                assert_ok(json_parse(buf_str(&out), arena, &v, &err), err);
                assert_true(str_eq(v->str, str_n(bytes, 3)));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writer_keeps_commas),
                cmocka_unit_test(quoting),
                cmocka_unit_test(parses_a_tree),
                cmocka_unit_test(a_repeated_key_keeps_its_last_value),
                cmocka_unit_test(what_was_parsed_is_written_again),
                cmocka_unit_test(large_objects_take_linear_time),
                cmocka_unit_test(bad_texts_say_where),
                cmocka_unit_test(a_text_may_be_nothing),
                cmocka_unit_test(lone_surrogates_become_replacements),
                cmocka_unit_test(nesting_is_bounded),
                cmocka_unit_test(written_strings_read_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
