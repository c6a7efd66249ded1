#include "config/option.h"

#include <stdio.h>
#include <unistd.h>

#include "bind_lib.h"

typedef struct Inner {
        Str name;
        int64_t n;
} Inner;
typedef struct Outer {
        int64_t interval_ms;
        Str file;
        bool on, file_set;
        int level;
        StrList tags;
        Labels labels;
        Inner inner;
        Inner *maybe;
        StructList many;
        ParamList params;
        const YamlNode *raw;
        int64_t twice;
} Outer;

static void check_inner(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        Inner *i = self;
        if (i->n == 13)
                diags_error(ctx->diags, ctx->file, node->pos, "13 brings bad luck");
}
static const Option inner_options[] = {
        { "name", OPT_STR, offsetof(Inner, name), .required = true, .help = "Its name." },
        { "n", OPT_INT, offsetof(Inner, n), .def = "4", .min = 1, .max = 20, .help = "How many." },
        OPTION_END,
};
static const OptionTable inner_table = { "inner", inner_options, sizeof(Inner), check_inner };

static bool parse_twice(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        if (node->kind != YAML_SCALAR)
                return diags_error(ctx->diags, ctx->file, node->pos, "twice what?");
        *(int64_t *)field = 2 * (node->text.p[0] - '0');
        return true;
}

static const char *const levels[] = { "debug", "info", "error", NULL };
static const Option outer_options[] = {
        { "scrape_interval", OPT_DURATION, offsetof(Outer, interval_ms), .def = "1m", .min = 1000, .max = 3600000,
          .help = "How often." },
        { "file", OPT_STR, offsetof(Outer, file), .set_offset = offsetof(Outer, file_set) },
        { "on", OPT_BOOL, offsetof(Outer, on), .def = "true" },
        { "level", OPT_ENUM, offsetof(Outer, level), .def = "info", .values = levels },
        { "tags", OPT_STR_LIST, offsetof(Outer, tags), .def = "[a, b]" },
        { "labels", OPT_LABELS, offsetof(Outer, labels) },
        { "inner", OPT_STRUCT, offsetof(Outer, inner), .table = &inner_table },
        { "maybe", OPT_STRUCT_PTR, offsetof(Outer, maybe), .table = &inner_table },
        { "many", OPT_STRUCT_LIST, offsetof(Outer, many), .table = &inner_table },
        { "params", OPT_MAP_OF_STR_LIST, offsetof(Outer, params) },
        { "raw", OPT_NODE, offsetof(Outer, raw) },
        { "twice", OPT_CUSTOM, offsetof(Outer, twice), .parse = parse_twice },
        { "legacy", OPT_IGNORED, 0, .help = "it is always so" },
        OPTION_END,
};
static const OptionTable outer_table = { "global", outer_options, sizeof(Outer), NULL };

static void defaults_fill_what_is_absent(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Outer o;
        memset(&o, 0xff, sizeof o);
        assert_true(bind_text(&b, &outer_table, "", &o));
        assert_int_equal(o.interval_ms, 60000);
        assert_true(o.on);
        assert_int_equal(o.level, 1);
        assert_int_equal(o.tags.n, 2);
        assert_str(o.tags.data[1], "b");
        assert_int_equal(o.inner.n, 4);
        assert_null(o.maybe);
        assert_null(o.raw);
        assert_int_equal(o.many.n, 0);
        assert_false(o.file_set);
        bind_end(&b);
}

static void every_kind_binds(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Outer o;
        assert_true(bind_text(&b, &outer_table,
                              "scrape_interval: 15s\nfile: 12\non: off\nlevel: error\ntags: [x, 1, ~]\nlabels: {z: 1, "
                              "a: \"b\", gone: ''}\n"
                              "inner: {name: i, n: 0x10}\nmaybe: {name: m}\nmany: [{name: p}, {name: q, n: "
                              "2}]\nparams: {m: [a, b], k: []}\n"
                              "raw: [1]\ntwice: 4\nlegacy: 1\n",
                              &o));
        assert_str(buf_str(&b.text), "f.yml:13:9: warning: 'legacy' has no effect here: it is always so\n");
        assert_int_equal(o.interval_ms, 15000);
        assert_str(o.file, "12");
        assert_true(o.file_set);
        assert_false(o.on);
        assert_int_equal(o.level, 2);
        assert_int_equal(o.tags.n, 3);
        assert_str(o.tags.data[2], "");
        assert_int_equal(o.labels.n, 2);
        assert_str(o.labels.data[0].name, "a");
        assert_int_equal(o.inner.n, 16);
        assert_str(o.maybe->name, "m");
        assert_int_equal(o.maybe->n, 4);
        const Inner *many = o.many.data;
        assert_int_equal(o.many.n, 2);
        assert_int_equal(many[1].n, 2);
        assert_str(o.params.data[0].values.data[1], "b");
        assert_int_equal(o.params.data[1].values.n, 0);
        assert_int_equal(o.raw->kind, YAML_SEQ);
        assert_int_equal(o.twice, 8);
        bind_end(&b);
}

static void one_run_shows_every_mistake(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Outer o;
        assert_false(bind_text(&b, &outer_table,
                               "scrape_intervall: 1m\nscrape_interval: 1x\nzzz: 1\nlevel: inf\ninner: {n: 13, name: "
                               "x}\nmany: [{n: 1}, ~, 7]\nmaybe: 3\n"
                               "on: \"true\"\ntwice: []\n",
                               &o));
        assert_str(buf_str(&b.text),
                   "f.yml:1:1: error: unknown key 'scrape_intervall': did you mean 'scrape_interval'?\n"
                   "f.yml:2:18: error: 'scrape_interval' needs a duration such as 30s, 5m or 1h30m, not '1x'\n"
                   "f.yml:3:1: error: unknown key 'zzz' in 'global': its keys are scrape_interval, file, on, level, "
                   "tags, labels, inner, maybe, many, params, raw, twice, ...\n"
                   "f.yml:4:8: error: 'level' is 'inf', but must be one of: debug, info, error (did you mean 'info'?)\n"
                   "f.yml:5:8: error: 13 brings bad luck\n"
                   "f.yml:6:8: error: 'inner' needs the key 'name'\n"
                   "f.yml:6:16: error: empty or null entry in 'many'\n"
                   "f.yml:6:19: error: 'inner' needs a mapping of keys to values\n"
                   "f.yml:7:8: error: 'inner' needs a mapping of keys to values\n"
                   "f.yml:8:5: error: 'on' needs true or false, not the text 'true'\n"
                   "f.yml:9:8: error: twice what?\n");
        assert_int_equal(o.interval_ms, 60000);
        assert_true(o.on);
        bind_end(&b);
}

static void ranges_are_checked(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Outer o;
        assert_false(bind_text(&b, &outer_table, "scrape_interval: 2h\ninner: {name: x, n: 21}\n", &o));
        assert_contains(b.text.p, "'scrape_interval' must be between 1s and 1h, not 2h");
        assert_contains(b.text.p, "'n' must be between 1 and 20, not 21");
        bind_end(&b);
}

static void null_keeps_the_default(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Outer o;
        assert_true(bind_text(&b, &outer_table, "scrape_interval:\nmaybe:\ntags: ~\n", &o));
        assert_int_equal(o.interval_ms, 60000);
        assert_null(o.maybe);
        assert_int_equal(o.tags.n, 2);
        assert_false(bind_text(&b, &outer_table, "[1]", &o));
        bind_end(&b);
}

static void files_load_or_say_why(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        char dir[] = "/tmp/option-test-XXXXXX";
        assert_non_null(mkdtemp(dir));
        char path[64];
        snprintf(path, sizeof path, "%s/a.yml", dir);
        assert_null(option_load_file(path, b.arena, &b.diags));
        assert_int_equal(b.diags.errors, 1);
        FILE *f = fopen(path, "w");
        fputs("", f);
        fclose(f);
        YamlNode *node = option_load_file(path, b.arena, &b.diags);
        assert_non_null(node);
        assert_int_equal(node->kind, YAML_MAP);
        f = fopen(path, "w");
        fputs("a: 1\n---\nb: 2\n", f);
        fclose(f);
        node = option_load_file(path, b.arena, &b.diags);
        assert_str(yaml_get(node, STR("a"))->text, "1");
        f = fopen(path, "w");
        fputs("a: [1\n", f);
        fclose(f);
        assert_null(option_load_file(path, b.arena, &b.diags));
        diags_print(&b.text, &b.diags);
        assert_contains(buf_cstr(&b.text), "only the first of 2 documents");
        assert_int_equal(b.diags.errors, 2);
        unlink(path);
        rmdir(dir);
        assert_str(option_path(&b.ctx, STR("a/b")), "/etc/x/a/b");
        assert_str(option_path(&b.ctx, STR("/a/b")), "/a/b");
        assert_str(option_path(&b.ctx, STR("")), "");
        bind_end(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(defaults_fill_what_is_absent), cmocka_unit_test(every_kind_binds),
                cmocka_unit_test(one_run_shows_every_mistake),  cmocka_unit_test(ranges_are_checked),
                cmocka_unit_test(null_keeps_the_default),       cmocka_unit_test(files_load_or_say_why),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
