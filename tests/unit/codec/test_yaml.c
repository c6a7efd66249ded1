#include "codec/yaml.h"

#include <ftw.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "testing.h"

typedef struct Parsed {
        Arena *arena;
        YamlNode **docs;
        size_t n;
        YamlError *errors;
        size_t errors_n;
        bool ok;
} Parsed;

static Parsed parse(Str text)
{
        Parsed p = { .arena = arena_new() };
        p.ok = yaml_parse(text, p.arena, &p.docs, &p.n, &p.errors, &p.errors_n);
        return p;
}

static YamlNode *root(const Parsed *p)
{
        if (!p->ok)
                fail_msg("%u:%u: " STR_FMT, p->errors[0].pos.line, p->errors[0].pos.col, STR_ARG(p->errors[0].message));
        assert_int_equal(p->n, 1);
        return p->docs[0];
}

static void assert_pos(YamlPos pos, unsigned line, unsigned col)
{
        assert_int_equal(pos.line, line);
        assert_int_equal(pos.col, col);
}

static void kinds_and_positions(void **state)
{
        (void)state;
        Parsed p = parse(STR(
                "a: 1\nb: \"x\\ty\"\nc: [1, '2', ~]\nd:\ng: |\n  text\n  more\nh: >-\n  fold\n  ed\n\"q\": 5\n"
                "seq:\n- a\n- k: v\n  l: w\nu: \xc3\xa9\xc3\xa9 # comment\nz: [\xc3\xa9, b]\ns: !!str 5\nn: null\n"));
        YamlNode *r = root(&p);
        assert_int_equal(r->kind, YAML_MAP);
        assert_int_equal(r->n, 12);
        assert_str(r->pairs[0].key, "a");
        assert_pos(r->pairs[0].key_pos, 1, 1);
        assert_pos(r->pairs[0].value->pos, 1, 4);
        assert_false(r->pairs[0].value->quoted);
        assert_str(yaml_get(r, STR("b"))->text, "x\ty");
        assert_true(yaml_get(r, STR("b"))->quoted);
        assert_pos(yaml_get(r, STR("b"))->pos, 2, 4);
        YamlNode *c = yaml_get(r, STR("c"));
        assert_int_equal(c->kind, YAML_SEQ);
        assert_int_equal(c->n, 3);
        assert_pos(c->items[1]->pos, 3, 8);
        assert_true(c->items[1]->quoted);
        assert_int_equal(c->items[2]->kind, YAML_NULL);
        assert_int_equal(yaml_get(r, STR("d"))->kind, YAML_NULL);
        assert_pos(yaml_get(r, STR("d"))->pos, 4, 1);
        assert_str(yaml_get(r, STR("g"))->text, "text\nmore\n");
        assert_true(yaml_get(r, STR("g"))->quoted);
        assert_str(yaml_get(r, STR("h"))->text, "fold ed");
        assert_pos(r->pairs[6].key_pos, 11, 1);
        YamlNode *seq = yaml_get(r, STR("seq"));
        assert_int_equal(seq->items[1]->kind, YAML_MAP);
        assert_pos(seq->items[1]->pairs[1].key_pos, 15, 3);
        assert_str(yaml_get(seq->items[1], STR("l"))->text, "w");
        /* Columns count characters. */
        assert_pos(yaml_get(r, STR("z"))->items[1]->pos, 17, 8);
        assert_true(yaml_get(r, STR("s"))->quoted);
        assert_int_equal(yaml_get(r, STR("n"))->kind, YAML_NULL);
        assert_str(yaml_get(r, STR("n"))->text, "null");
        assert_null(yaml_get(r, STR("nope")));
        assert_null(yaml_get(seq, STR("a")));
        assert_null(yaml_get(NULL, STR("a")));
        arena_free(p.arena);
}

static void documents_are_separate(void **state)
{
        (void)state;
        Parsed p = parse(STR("a: &x 1\n---\n--- b\n...\n---\n- c\n"));
        assert_true(p.ok);
        assert_int_equal(p.n, 4);
        assert_int_equal(p.docs[1]->kind, YAML_NULL);
        assert_str(p.docs[2]->text, "b");
        assert_int_equal(p.docs[3]->kind, YAML_SEQ);
        arena_free(p.arena);
        p = parse(STR("a: &x 1\n---\nb: *x\n"));
        assert_false(p.ok);
        arena_free(p.arena);
        static const char *const empty[] = { "", "\n\n", "# only words\n" };
        for (size_t i = 0; i < 3; i++) {
                p = parse(str_of(empty[i]));
                assert_true(p.ok);
                assert_int_equal(p.n, 0);
                arena_free(p.arena);
        }
        p = parse((Str){ NULL, 0 });
        assert_true(p.ok && p.n == 0);
        arena_free(p.arena);
        p = parse(STR("\xef\xbb\xbf"
                      "a: 1\r\nb: 2\r\n"));
        assert_str(yaml_get(root(&p), STR("b"))->text, "2");
        arena_free(p.arena);
}

static void aliases_and_merges(void **state)
{
        (void)state;
        Parsed p = parse(STR(
                "base: &B {x: 1, y: 2}\nother: &O\n  y: 5\n  z: 6\nm:\n  <<: *B\n  y: 3\nn:\n  k: 0\n  <<: [*O, *B]\n"
                "same: *B\nlist: [&s one, *s]\nq:\n  '<<': plain\n"));
        YamlNode *r = root(&p);
        assert_ptr_equal(yaml_get(r, STR("same")), yaml_get(r, STR("base")));
        assert_pos(yaml_get(r, STR("same"))->pos, 1, 10);
        assert_str(yaml_get(r, STR("list"))->items[1]->text, "one");
        YamlNode *m = yaml_get(r, STR("m"));
        assert_int_equal(m->n, 2);
        assert_str(m->pairs[0].key, "y");
        assert_str(m->pairs[0].value->text, "3");
        assert_str(m->pairs[1].key, "x");
        assert_pos(m->pairs[1].key_pos, 1, 11);
        YamlNode *n = yaml_get(r, STR("n"));
        assert_int_equal(n->n, 4);
        assert_str(yaml_get(n, STR("y"))->text, "5");
        assert_str(yaml_get(n, STR("x"))->text, "1");
        assert_str(yaml_get(yaml_get(r, STR("q")), STR("<<"))->text, "plain");
        arena_free(p.arena);
}

static void check_error(Str text, size_t at, unsigned line, unsigned col, const char *message)
{
        Parsed p = parse(text);
        if (p.ok)
                fail_msg("'" STR_FMT "' was accepted", STR_ARG(text));
        assert_true(at < p.errors_n);
        const YamlError *e = &p.errors[at];
        AUTO(buf_done) Buf got = { 0 };
        buf_printf(&got, "%u:%u: " STR_FMT, e->pos.line, e->pos.col, STR_ARG(e->message));
        AUTO(buf_done) Buf want = { 0 };
        buf_printf(&want, "%u:%u: %s", line, col, message);
        assert_contains(buf_cstr(&got), buf_cstr(&want));
        assert_null(p.docs);
        arena_free(p.arena);
}

static void all_wrong_contents_are_said(void **state)
{
        (void)state;
        Str text = STR("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2}\nd: *nope\n[1,2]: 4\ne:\n  <<: 5\n");
        check_error(text, 0, 3, 1, "key 'a' is given twice: first on line 1");
        check_error(text, 1, 4, 11, "key 'x' is given twice: first on line 4");
        check_error(text, 2, 5, 5, "alias '*nope' refers to no anchor before it");
        check_error(text, 3, 6, 1, "a key must be a plain text");
        check_error(text, 4, 8, 3, "'<<' needs a map");
        check_error(STR("a: &x.y b\n"), 0, 1, 9, "anchor '&x.y'");
        check_error(STR("a: &x [*x]\n"), 0, 1, 9, "alias '*x' refers to no anchor before it");
        AUTO(buf_done) Buf many = { 0 };
        for (int i = 0; i < 100; i++)
                buf_lit(&many, "a: 1\n");
        Parsed p = parse(buf_str(&many));
        assert_int_equal(p.errors_n, YAML_MAX_ERRORS);
        arena_free(p.arena);
}

static void syntax_errors_have_places(void **state)
{
        (void)state;
        check_error(STR("a:\n  b: 1\n   c: 2\n"), 0, 2, 6, "invalid multiline plain key");
        check_error(STR("a: \"x\nb: 1\n"), 0, 1, 5, "double-quoted scalar without closing quote");
        check_error(STR("a:\n\tb: 1\n"), 0, 2, 1, "tab character");
        check_error(STR("a: [1, 2\n"), 0, 2, 1, "flow sequence without a closing bracket");
        check_error(STR("a: @x\n"), 0, 1, 4, "plain scalar cannot start with '@'");
        check_error(STR("a: {{ x }}\n"), 0, 1, 5, "a key must be a plain text");
        check_error(STR("a: x: y"), 0, 1, 5, "invalid nested block mapping");
        check_error(STR("a: {x: 1, x: 2}\nb: [\n"), 0, 1, 11, "key 'x' is given twice");
}

static void what_is_not_text_is_refused(void **state)
{
        (void)state;
        check_error(STR("a: 1\nb: x\xff\n"), 0, 2, 5, "this is not UTF-8");
        check_error(STR("a: \0\n"), 0, 1, 4, "the control character U+0000 does not belong in YAML");
        check_error(STR("a: \x7f\n"), 0, 1, 4, "the control character U+007F");
        check_error(STR("a: \xc2\x80\n"), 0, 1, 4, "the control character U+0080");
        Parsed p = parse(STR("\xef\xbb\xbf"
                             "a: \xc2\x85\t\xc2\xa0\r\n"));
        assert_true(p.ok);
        arena_free(p.arena);
}

static void large_maps_find_repeated_keys(void **state)
{
        (void)state;
        AUTO(buf_done) Buf text = { 0 };
        for (int i = 0; i < 5000; i++)
                buf_printf(&text, "key%d: %d\n", i, i);
        Parsed p = parse(buf_str(&text));
        assert_int_equal(root(&p)->n, 5000);
        arena_free(p.arena);
        buf_lit(&text, "key4711: 1\n");
        check_error(buf_str(&text), 0, 5001, 1, "key 'key4711' is given twice: first on line 4712");
}

static void nesting_is_bounded(void **state)
{
        (void)state;
        for (int depth = YAML_MAX_DEPTH; depth <= YAML_MAX_DEPTH + 1; depth++) {
                AUTO(buf_done) Buf text = { 0 };
                for (int i = 0; i < depth; i++)
                        buf_printf(&text, "%*sk:\n", i, "");
                buf_printf(&text, "%*sx\n", depth, "");
                Parsed p = parse(buf_str(&text));
                if (depth == YAML_MAX_DEPTH)
                        assert_true(p.ok);
                else
                        check_error(buf_str(&text), 0, 101, 101, "nested deeper than 100 levels");
                arena_free(p.arena);
        }
        AUTO(buf_done) Buf flow = { 0 };
        for (int i = 0; i < 100000; i++)
                buf_char(&flow, '[');
        Parsed p = parse(buf_str(&flow));
        assert_false(p.ok);
        arena_free(p.arena);
}

static void alias_expansion_is_bounded(void **state)
{
        (void)state;
        AUTO(buf_done) Buf text = { 0 };
        buf_lit(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 10; i++) {
                buf_printf(&text, "a%d: &a%d [", i, i);
                for (int k = 0; k < 10; k++)
                        buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
                buf_lit(&text, "]\n");
        }
        Parsed p = parse(buf_str(&text));
        assert_false(p.ok);
        assert_int_equal(p.errors_n, 1);
        assert_true(str_starts(p.errors[0].message, STR("more than 2000000 values")));
        assert_true(arena_used(p.arena) < 1 << 20);
        arena_free(p.arena);
}

static void the_text_is_bounded(void **state)
{
        (void)state;
        AUTO(buf_done) Buf text = { 0 };
        memset(buf_reserve(&text, YAML_MAX_BYTES + 1), '#', YAML_MAX_BYTES + 1);
        text.n = YAML_MAX_BYTES + 1;
        check_error(buf_str(&text), 0, 0, 0, "longer than 16777216 bytes");
}

static int files_seen;

static int parse_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)ftw;
        const char *dot = strrchr(path, '.');
        if (type != FTW_F || !dot || (strcmp(dot, ".yml") != 0 && strcmp(dot, ".yaml") != 0))
                return 0;
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        AUTO(buf_done) Buf text = { 0 };
        for (size_t n; (n = fread(buf_reserve(&text, 65536), 1, 65536, f)) > 0;)
                text.n += n;
        fclose(f);
        Parsed p = parse(buf_str(&text));
        for (size_t i = 0; !p.ok && i < p.errors_n; i++)
                assert_true(p.errors[i].message.n > 0);
        arena_free(p.arena);
        files_seen++;
        return 0;
}

static void real_files_do_no_harm(void **state)
{
        (void)state;
        const char *shared = getenv("PHAROS_SHARED");
        struct stat st;
        if (!shared || stat(shared, &st) != 0)
                skip();
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/conformance/prometheus", shared);
        nftw(buf_cstr(&path), parse_file, 16, FTW_PHYS);
        buf_clear(&path);
        buf_printf(&path, "%s/seeds", shared);
        nftw(buf_cstr(&path), parse_file, 16, FTW_PHYS);
        if (files_seen == 0)
                skip();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(kinds_and_positions),
                cmocka_unit_test(documents_are_separate),
                cmocka_unit_test(aliases_and_merges),
                cmocka_unit_test(all_wrong_contents_are_said),
                cmocka_unit_test(syntax_errors_have_places),
                cmocka_unit_test(what_is_not_text_is_refused),
                cmocka_unit_test(large_maps_find_repeated_keys),
                cmocka_unit_test(nesting_is_bounded),
                cmocka_unit_test(alias_expansion_is_bounded),
                cmocka_unit_test(the_text_is_bounded),
                cmocka_unit_test(real_files_do_no_harm),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
