/* Every expression of the conformance corpora through the parser: the ones that must evaluate must parse, print, and
 * parse to the same print again. */
#include <dirent.h>

#include "base/arena.h"
#include "codec/json.h"
#include "promql/ast.h"
#include "testing.h"

static const char *shared(void) { return getenv("PHAROS_SHARED"); }

static Str read_file(Arena *arena, const char *path)
{
        FILE *f = fopen(path, "rb");
        if (!f)
                return (Str){ NULL, 0 };
        Buf b = { .arena = arena };
        char chunk[8192];
        for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
                buf_add(&b, chunk, n);
        fclose(f);
        return buf_str(&b);
}

/* Parses, prints, parses, prints; false with a message when anything differs. */
static bool round_trip(Str text, char *why, size_t size)
{
        Arena *arena = arena_new();
        PromqlFeatures all = promql_features_all();
        Err err;
        SrcPos pos;
        Expr *e, *again;
        bool ok = ast_parse(text, arena, &all, &e, &pos, &err);
        if (!ok) {
                Buf b = { .arena = arena };
                ast_format_error(&b, text, pos, err.msg);
                snprintf(why, size, "%s", buf_cstr(&b));
        } else {
                Buf one = { .arena = arena }, two = { .arena = arena }, pretty = { .arena = arena };
                ast_print(&one, e);
                ast_pretty(&pretty, e);
                ok = ast_parse(buf_str(&one), arena, &all, &again, &pos, &err);
                if (ok)
                        ast_print(&two, again);
                ok = ok && str_eq(buf_str(&one), buf_str(&two)) &&
                     ast_parse(buf_str(&pretty), arena, &all, &again, &pos, &err);
                if (ok) {
                        buf_clear(&two);
                        ast_print(&two, again);
                        ok = str_eq(buf_str(&one), buf_str(&two));
                }
                if (!ok)
                        snprintf(why, size, "prints '%s', which does not read back", buf_cstr(&one));
        }
        arena_free(arena);
        return ok;
}

static Str next_line(Str *rest)
{
        Str line = { NULL, 0 };
        if (!str_split_next(rest, '\n', &line))
                *rest = (Str){ NULL, 0 };
        return str_trim(line);
}

/* The expression of an `eval` line: behind "at <t>" or "step <s>". */
static Str eval_expr(Str line)
{
        Str marker = str_find(line, STR("instant at ")) < 20 ? STR("instant at ") : STR(" step ");
        size_t at = str_find(line, marker);
        if (at == SIZE_MAX)
                return (Str){ NULL, 0 };
        Str tail = str_trim(str_sub(line, at + marker.n, line.n)), time, expr;
        str_cut(tail, ' ', &time, &expr);
        return str_trim(expr);
}

static void check_script(const char *path, unsigned *ret_ok, unsigned *ret_refused, unsigned *ret_bad)
{
        Arena *arena = arena_new();
        Str rest = read_file(arena, path);
        unsigned number = 0;
        while (rest.p) {
                Str line = next_line(&rest);
                number++;
                if (!str_starts(line, STR("eval")))
                        continue;
                bool must_fail = str_starts(line, STR("eval_fail"));
                /* the body, up to a blank line, may say that it must fail */
                for (Str body = rest; body.p && !must_fail;) {
                        Str l = next_line(&body);
                        if (l.n == 0)
                                break;
                        must_fail = str_starts(l, STR("expect fail"));
                }
                char why[600];
                if (round_trip(eval_expr(line), why, sizeof why)) {
                        ++*ret_ok;
                } else if (must_fail) {
                        ++*ret_refused;
                } else {
                        print_message("%s:%u: %s\n", path, number, why);
                        ++*ret_bad;
                }
        }
        arena_free(arena);
}

static void corpus_scripts_parse(void **state)
{
        (void)state;
        char path[1024];
        snprintf(path, sizeof path, "%s/conformance/prometheus/promql/promqltest/testdata", shared() ? shared() : "");
        DIR *dir = opendir(path);
        if (!dir) {
                print_message("no corpus at %s: skipped\n", path);
                skip();
        }
        unsigned ok = 0, refused = 0, bad = 0;
        for (struct dirent *d; (d = readdir(dir));) {
                char file[2048];
                snprintf(file, sizeof file, "%s/%s", path, d->d_name);
                if (str_ends(str_of(d->d_name), STR(".test")))
                        check_script(file, &ok, &refused, &bad);
        }
        closedir(dir);
        print_message("%u expressions parse, %u that must fail are refused by the parser, %u bad\n", ok, refused, bad);
        assert_int_equal(bad, 0);
        assert_true(ok > 2000);
}

/* Length of the dashboard variable at text.p[i]: $var, ${var:fmt} or [[var]]; 0 when there is none. */
static size_t variable_length(Str text, size_t i)
{
        Str tail = str_sub(text, i, text.n);
        if (str_starts(tail, STR("${")))
                return MIN_OF(str_find_char(tail, '}'), tail.n - 1) + 1;
        if (str_starts(tail, STR("[[")))
                return MIN_OF(str_find(tail, STR("]]")), tail.n - 2) + 2;
        if (tail.p[0] != '$' || tail.n < 2 ||
            !(tail.p[1] == '_' || ((tail.p[1] | 0x20) >= 'a' && (tail.p[1] | 0x20) <= 'z')))
                return 0;
        size_t n = 1;
        while (n < tail.n && (tail.p[n] == '_' || (tail.p[n] >= '0' && tail.p[n] <= '9') ||
                              ((tail.p[n] | 0x20) >= 'a' && (tail.p[n] | 0x20) <= 'z')))
                n++;
        return n;
}

/* Variables become what a dashboard would put there: a duration inside [], in the others' place `bare`. */
static Str replace_variables(Arena *arena, Str text, const char *bare)
{
        Buf out = { .arena = arena };
        int brackets = 0;
        for (size_t i = 0; i < text.n;) {
                size_t n = variable_length(text, i);
                if (n == 0) {
                        brackets += text.p[i] == '[' ? 1 : text.p[i] == ']' ? -1 : 0;
                        buf_char(&out, text.p[i++]);
                        continue;
                }
                buf_cstr_add(&out, brackets > 0 ? "5m" : bare);
                i += n;
        }
        return buf_str(&out);
}

static bool parses_with_some_value(Str expr, char *why, size_t size)
{
        static const char *const BARE[] = { "value", "5", "5m", "" };
        for (size_t i = 0; i < ARRAY_LEN(BARE); i++) {
                Arena *arena = arena_new();
                bool ok = round_trip(replace_variables(arena, expr, BARE[i]), why, size);
                arena_free(arena);
                if (ok)
                        return true;
        }
        return false;
}

static void dashboard_expressions_parse(void **state)
{
        (void)state;
        char path[1024];
        snprintf(path, sizeof path, "%s/conformance/dashboards/exprs.jsonl", shared() ? shared() : "");
        Arena *arena = arena_new();
        Str rest = read_file(arena, path);
        if (!rest.p) {
                arena_free(arena);
                print_message("no corpus at %s: skipped\n", path);
                skip();
        }
        unsigned ok = 0, bad = 0, other = 0;
        while (rest.p) {
                Str line = next_line(&rest);
                JsonValue *v = NULL;
                Err err;
                if (line.n == 0)
                        continue;
                assert_ok(json_parse(line, arena, &v, &err), err);
                Str ds = json_get_str(v, STR("ds")), expr = json_get_str(v, STR("expr"));
                char why[600];
                if (str_eq(ds, STR("loki")) || str_trim(expr).n == 0) {
                        other++;
                } else if (parses_with_some_value(expr, why, sizeof why)) {
                        ok++;
                } else {
                        print_message(STR_FMT "\n    %s\n", STR_ARG(expr), why);
                        bad++;
                }
        }
        print_message("%u dashboard expressions parse, %u do not, %u are not PromQL\n", ok, bad, other);
        arena_free(arena);
        assert_in_range(bad, 0, 20);
        assert_true(ok > 1000);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(corpus_scripts_parse),
                                            cmocka_unit_test(dashboard_expressions_parse) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
