/* `pharos test rules FILE...`: promtool's rule unit tests, with promtool's flags and words. */
#include "app/app_test_rules.h"

#include <stdio.h>
#include <string.h>

#include "app/app_flags.h"
#include "app/app_ruletest.h"
#include "model/regex.h"

enum { MAX_RUN_PATTERNS = 100 };

typedef struct TestArgs {
        AppRuletestOptions options;
        Regex *run[MAX_RUN_PATTERNS];
        const char *junit;
        char **files;
        int n_files;
} TestArgs;

typedef struct Junit {
        Buf suites;
        size_t tests, failures;
} Junit;

static int usage(void)
{
        fputs("usage: pharos test rules [--run REGEX]... [--diff] [--junit FILE] [--ignore-unknown-fields]\n"
              "                         [--enable-feature NAME,...] FILE...\n",
              stderr);
        return 2;
}

/* --name VALUE or --name=VALUE; next: the word behind, or NULL. */
static const char *flag_value(const char *arg, const char *next, const char *name, int *i)
{
        size_t n = strlen(name);
        if (strncmp(arg, name, n) != 0)
                return NULL;
        if (arg[n] == '=')
                return arg + n + 1;
        if (arg[n] != '\0' || !next)
                return NULL;
        ++*i;
        return next;
}

static bool add_pattern(TestArgs *args, const char *text)
{
        Err err;
        if (args->options.n_run == MAX_RUN_PATTERNS) {
                fprintf(stderr, "pharos: more than %d times --run\n", (int)MAX_RUN_PATTERNS);
                return false;
        }
        if (regex_compile(str_of(text), REGEX_SEARCH, &args->run[args->options.n_run], &err)) {
                args->options.n_run++;
                args->options.run = args->run;
                return true;
        }
        fprintf(stderr, "pharos: --run: %s\n", err.msg);
        return false;
}

static bool read_args(int argc, char **argv, TestArgs *args)
{
        Err err;
        int i = 0;
        for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
                const char *value;
                const char *arg = argv[i];
                const char *next = i + 1 < argc ? argv[i + 1] : NULL;
                if (strcmp(arg, "--diff") == 0)
                        args->options.diff = true;
                else if (strcmp(arg, "--ignore-unknown-fields") == 0)
                        args->options.ignore_unknown = true;
                else if (strcmp(arg, "--debug") == 0) /* accepted: nothing more is known */
                        continue;
                else if ((value = flag_value(arg, next, "--run", &i))) {
                        if (!add_pattern(args, value))
                                return false;
                } else if ((value = flag_value(arg, next, "--junit", &i)))
                        args->junit = value;
                else if ((value = flag_value(arg, next, "--enable-feature", &i))) {
                        AlertMatcherMode none = ALERT_MATCHERS_FALLBACK; /* nothing is routed here */
                        if (!app_flags_enable_features(&args->options.features, &none, str_of(value), &err)) {
                                fprintf(stderr, "pharos: --enable-feature: %s\n", err.msg);
                                return false;
                        }
                } else {
                        fprintf(stderr, "pharos: unknown flag '%s', or its value is missing\n", arg);
                        return false;
                }
        }
        args->files = argv + i;
        args->n_files = argc - i;
        return args->n_files > 0;
}

static void put_xml(Buf *out, Str text)
{
        for (size_t i = 0; i < text.n; i++) {
                unsigned char c = (unsigned char)text.p[i];
                if (c == '<')
                        buf_lit(out, "&lt;");
                else if (c == '>')
                        buf_lit(out, "&gt;");
                else if (c == '&')
                        buf_lit(out, "&amp;");
                else if (c == '"')
                        buf_lit(out, "&quot;");
                else if (c >= ' ' || c == '\n' || c == '\t')
                        buf_char(out, (char)c);
        }
}

static void put_case(Buf *cases, Str name, Str failure)
{
        buf_lit(cases, "    <testcase name=\"");
        put_xml(cases, name);
        if (failure.n == 0) {
                buf_lit(cases, "\"/>\n");
                return;
        }
        buf_lit(cases, "\">\n      <failure message=\"not as expected\">");
        put_xml(cases, failure);
        buf_lit(cases, "</failure>\n    </testcase>\n");
}

static void end_suite(Junit *junit, const char *path, size_t tests, size_t failures, const Buf *cases)
{
        buf_lit(&junit->suites, "  <testsuite name=\"");
        put_xml(&junit->suites, str_of(path));
        buf_printf(&junit->suites, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", tests, failures);
        buf_str_add(&junit->suites, buf_str(cases));
        buf_lit(&junit->suites, "  </testsuite>\n");
        junit->tests += tests;
        junit->failures += failures;
}

static void run_file(const char *path, const TestArgs *args, Junit *junit)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf failed = { 0 };
        AUTO(buf_done) Buf cases = { 0 };
        Diags diags;
        AppRuletest file;
        size_t tests = 0;
        size_t failures = 0;
        diags_init(&diags, arena);
        printf("Unit Testing:  %s\n", path);
        if (!app_ruletest_load(path, &args->options, arena, &diags, &file)) {
                Buf text = { .arena = arena };
                diags_print(&text, &diags);
                buf_str_add(&failed, buf_str(&text));
                put_case(&cases, STR("load"), buf_str(&text));
                tests = failures = 1;
        } else if (diags.list.len) {
                Buf text = { .arena = arena };
                diags_print(&text, &diags);
                printf("%.*s", (int)text.n, text.p);
        }
        size_t n = failures ? 0 : file.n;
        for (size_t i = 0; i < n; i++) {
                if (!file.tests[i].chosen)
                        continue;
                Buf text = { .arena = arena };
                Str name = file.tests[i].name.n ? file.tests[i].name : str_printf(arena, "test %zu", i + 1);
                tests++;
                failures += app_ruletest_run(&file, &file.tests[i], &args->options, &text) != 0;
                buf_str_add(&failed, buf_str(&text));
                put_case(&cases, name, buf_str(&text));
        }
        end_suite(junit, path, tests, failures, &cases);
        if (failed.n == 0)
                printf("  SUCCESS\n\n");
        else
                printf("  FAILED:\n%.*s\n", (int)failed.n, failed.p);
}

static bool write_junit(const char *path, const Junit *junit)
{
        FILE *f = fopen(path, "w");
        if (!f) {
                fprintf(stderr, "pharos: --junit: %s cannot be written: %m\n", path);
                return false;
        }
        fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" failures=\"%zu\">\n",
                junit->tests, junit->failures);
        fwrite(junit->suites.p ? junit->suites.p : "", 1, junit->suites.n, f);
        fprintf(f, "</testsuites>\n");
        if (fclose(f) == 0)
                return true;
        fprintf(stderr, "pharos: --junit: %s is not written whole: %m\n", path);
        return false;
}

int app_test_rules_run(int argc, char **argv)
{
        TestArgs args = { .options.features = promql_features_default() };
        Junit junit = { 0 };
        int status = 2;
        if (argc < 1 || strcmp(argv[0], "rules") != 0 || !read_args(argc - 1, argv + 1, &args))
                usage();
        else {
                for (int i = 0; i < args.n_files; i++)
                        run_file(args.files[i], &args, &junit);
                printf("%zu passed, %zu failed\n", junit.tests - junit.failures, junit.failures);
                status = junit.failures ? 1 : 0;
                if (args.junit && !write_junit(args.junit, &junit))
                        status = 1;
        }
        for (size_t i = 0; i < args.options.n_run; i++)
                regex_free(args.run[i]);
        buf_done(&junit.suites);
        return status;
}
