/* The corpora of rule files, routing trees and matchers. Skips loudly when they are absent; every case that
 * is not in the short list of known differences must pass. */
#include "conform.h"

#include <glob.h>

#include "alert/alert.h"
#include "alert/alert_matchers.h"
#include "alert/alert_route.h"
#include "base/log.h"
#include "os/file.h"
#include "rules/rules.h"

int conform_passed, conform_failed;

void conform_check(bool good, const char *what, Str why)
{
        conform_passed += good;
        conform_failed += !good;
        if (!good)
                printf("%s: " STR_FMT "\n", what, STR_ARG(why));
}

const char *conform_path(Arena *arena, const char *name)
{
        const char *shared = getenv("PHAROS_SHARED");
        return str_printf(arena, "%s/%s", shared ? shared : "../shared", name).p;
}

Str conform_read(Arena *arena, const char *name)
{
        Buf text = { .arena = arena };
        Err err;
        const char *path = conform_path(arena, name);
        if (!file_read_all(fs_system(), path, 64 << 20, &text, &err)) {
                printf("the corpus is absent: %s; set PHAROS_SHARED to the folder that holds conformance/\n", err.msg);
                exit(77);
        }
        return buf_str(&text);
}

JsonValue *conform_json(Arena *arena, const char *name)
{
        JsonValue *v;
        Err err;
        if (!json_parse(conform_read(arena, name), arena, &v, &err)) {
                printf("%s: %s\n", name, err.msg);
                exit(1);
        }
        return v;
}

/* ---- rule files: good or bad as their names say */

static bool is_named_bad(const char *name)
{
        static const char *const bad[] = { ".bad.", "invalid_rules", "rules-bad", "bad-rules-syntax", "extrafields" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                if (strstr(name, bad[i]))
                        return true;
        return false;
}

static void check_rule_file(const char *path, Str text, bool all_features, bool want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        RulesDialect dialect = { .features = promql_features_default(),
                                 .legacy_names = strstr(path, "legacy_validation") != NULL };
        Diags diags;
        RuleFile file;
        diags_init(&diags, arena);
        if (all_features) {
                dialect.features.experimental_functions = dialect.features.duration_expr =
                        dialect.features.extended_range_selectors = true;
                dialect.features.binop_fill_modifiers = true;
        }
        bool ok = rules_parse(text, str_of(path), &dialect, arena, &diags, &file);
        conform_check(ok == want, path, diags.list.len ? diags.list.data[0].message : STR("loads"));
        if (!ok)
                conform_check(diags.list.data[0].pos.line > 0, path, STR("the error has no place"));
}

static void check_rule_files(void)
{
        static const char *const folders[] = { "conformance/prometheus/model/rulefmt/testdata/*",
                                               "conformance/prometheus/rules/fixtures/*",
                                               "conformance/prometheus/cmd/promtool/testdata/*.yml",
                                               "seeds/marine-safety/prometheus/rules/*",
                                               "seeds/openpolicy/alerts-critical.yaml" };
        for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                glob_t found;
                if (glob(conform_path(arena, folders[i]), 0, NULL, &found) != 0)
                        continue;
                for (size_t k = 0; k < found.gl_pathc; k++) {
                        Buf text = { .arena = arena };
                        Err err;
                        const char *path = found.gl_pathv[k];
                        if (!file_read_all(fs_system(), path, 64 << 20, &text, &err) ||
                            !(str_starts(buf_str(&text), STR("groups:")) || strstr(buf_cstr(&text), "\ngroups:")))
                                continue; /* not a rule file */
                        bool features = strstr(path, "/features.yml") != NULL;
                        check_rule_file(path, buf_str(&text), false, !is_named_bad(path) && !features);
                        if (features)
                                check_rule_file(path, buf_str(&text), true, true);
                }
                globfree(&found);
        }
}

/* ---- routing */

static void add_receiver(void *arg, const AlertRoute *route)
{
        Buf *out = arg;
        buf_char(out, ' ');
        buf_str_add(out, route->receiver);
}

static void check_route(const JsonValue *c)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Diags diags;
        AlertConfig config;
        diags_init(&diags, arena);
        Str file = json_get_str(c, STR("config"));
        Str name = str_printf(arena, "conformance/alertmanager/golden/routing/" STR_FMT, STR_ARG(file));
        OptionCtx ctx = { .arena = arena, .diags = &diags, .file = file, .base_dir = STR(".") };
        YamlNode *root = option_load_file(conform_path(arena, name.p), arena, &diags);
        if (!root || !alert_config_bind(root, &ctx, &config)) {
                conform_check(false, name.p, diags.list.len ? diags.list.data[0].message : STR("does not load"));
                return;
        }
        LabelsBuilder lb;
        Buf got = { .arena = arena };
        Buf want = { .arena = arena };
        const JsonValue *labels = json_get(c, STR("labels"));
        const JsonValue *receivers = json_get(c, STR("receivers"));
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; i < labels->n; i++)
                labels_builder_set(&lb, labels->members[i].key, labels->members[i].value.str);
        Labels set = labels_builder_build(&lb, arena);
        alert_route_match(config.root, set, add_receiver, &got);
        for (size_t i = 0; i < receivers->n; i++)
                buf_printf(&want, " " STR_FMT, STR_ARG(receivers->items[i].str));
        labels_print(&want, (Labels){ 0 });
        labels_print(&got, (Labels){ 0 });
        Buf why = { .arena = arena };
        labels_print(&why, set);
        buf_printf(&why, " goes to" STR_FMT ", want" STR_FMT, STR_ARG(buf_str(&got)), STR_ARG(buf_str(&want)));
        conform_check(str_eq(buf_str(&got), buf_str(&want)), name.p, buf_str(&why));
}

/* The keys as `amtool config routes show` prints them. */
static void collect_keys(Buf *out, const AlertRoute *root, const AlertRoute *node)
{
        Buf key = { .arena = out->arena };
        alert_route_key(&key, root, node);
        buf_str_add(out, buf_str(&key));
        buf_char(out, '\n');
        for (size_t i = 0; i < node->n; i++)
                collect_keys(out, root, &node->routes[i]);
}

static void check_route_keys(const char *stem)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Diags diags;
        AlertConfig config;
        diags_init(&diags, arena);
        OptionCtx ctx = { .arena = arena, .diags = &diags, .file = STR("x"), .base_dir = STR(".") };
        const char *name = str_printf(arena, "conformance/alertmanager/golden/routing/%s.yml", stem).p;
        Str shown = conform_read(arena,
                                 str_printf(arena, "conformance/alertmanager/golden/routing/%s.show.txt", stem).p);
        YamlNode *root = option_load_file(conform_path(arena, name), arena, &diags);
        if (!root || !alert_config_bind(root, &ctx, &config))
                return; /* said by the cases */
        Buf keys = { .arena = arena };
        collect_keys(&keys, config.root, config.root);
        Str line;
        while (str_split_next(&shown, '\n', &line)) {
                size_t from = str_find_char(line, '{');
                size_t to = str_find(line, STR("}  "));
                if (from == SIZE_MAX || to == SIZE_MAX)
                        continue;
                Str want = str_sub(line, from, to + 1);
                conform_check(str_find(buf_str(&keys), want) != SIZE_MAX, name, want);
        }
}

static void check_routing(void)
{
        AUTO(arena_free) Arena *arena = arena_new();
        const JsonValue *cases = json_get(conform_json(arena, "conformance/alertmanager/golden/routing/cases.json"),
                                          STR("cases"));
        for (size_t i = 0; i < cases->n; i++)
                check_route(&cases->items[i]);
        static const char *const stems[] = { "continue", "flat",    "legacy", "negative",
                                             "nested",   "oneline", "regex",  "samereceiver" };
        for (size_t i = 0; i < ARRAY_LEN(stems); i++)
                check_route_keys(stems[i]);
}

/* ---- matchers: the default mode's verdict */

static bool same_matchers(const JsonValue *want, const AlertMatcherVec *got)
{
        static const char *const ops[] = { [MATCH_EQ] = "=", [MATCH_NE] = "!=", [MATCH_RE] = "=~", [MATCH_NRE] = "!~" };
        if (want->n != got->len)
                return false;
        for (size_t i = 0; i < got->len; i++) {
                const JsonValue *w = &want->items[i];
                const Matcher *m = &got->data[i];
                if (!str_eq(w->items[0].str, m->name) || !str_eq(w->items[1].str, str_of(ops[m->type])) ||
                    !str_eq(w->items[2].str, m->value))
                        return false;
        }
        return true;
}

static void check_matchers(void)
{
        AUTO(arena_free) Arena *arena = arena_new();
        const JsonValue *cases = json_get(conform_json(arena, "conformance/alertmanager/golden/matchers/cases.json"),
                                          STR("cases"));
        for (size_t i = 0; i < cases->n; i++) {
                const JsonValue *c = &cases->items[i];
                Str input = json_get_str(c, STR("input"));
                Str verdict = json_get_str(c, STR("fallback"));
                AlertMatcherVec got = { .arena = arena };
                Err err;
                bool ok = alert_matchers_parse(input, arena, &got, &err);
                bool good = ok != str_eq(verdict, STR("error"));
                if (good && ok)
                        good = same_matchers(
                                json_get(c, str_starts(verdict, STR("classic")) ? STR("classic") : STR("utf8")), &got);
                conform_check(good, "matchers", input);
        }
}

int main(void)
{
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        check_matchers();
        check_routing();
        check_rule_files();
        printf("%d passed, %d failed\n", conform_passed, conform_failed);
        return conform_failed || conform_passed < 150;
}
