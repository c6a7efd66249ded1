#include "app/app_expr.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "promql/ast.h"
#include "promql/lint.h"

enum { EXIT_FINDINGS = 3 };

/* The argument, or standard input for "-". */
static bool read_text(const char *arg, Arena *arena, Str *ret)
{
        if (strcmp(arg, "-") != 0) {
                *ret = str_of(arg);
                return true;
        }
        Buf in = { .arena = arena };
        for (size_t n = 1; n > 0 && in.n <= AST_MAX_EXPR_BYTES;) {
                char *p = buf_reserve(&in, BUFSIZ);
                n = fread(p, 1, BUFSIZ, stdin);
                in.n += n;
        }
        *ret = str_trim(buf_str(&in));
        return !ferror(stdin);
}

static bool parse(const char *arg, Arena *arena, Str *ret_text, Expr **ret)
{
        PromqlFeatures features = promql_features_all();
        SrcPos pos;
        Err err;
        if (!read_text(arg, arena, ret_text)) {
                fprintf(stderr, "pharos: cannot read the standard input\n");
                return false;
        }
        if (ast_parse(*ret_text, arena, &features, ret, &pos, &err))
                return true;
        Buf msg = { .arena = arena };
        ast_format_error(&msg, *ret_text, pos, err.msg);
        fprintf(stderr, "%s\n", buf_cstr(&msg));
        return false;
}

int app_expr_format_run(int argc, char **argv)
{
        if (argc != 1) {
                fprintf(stderr, "usage: pharos format EXPR\n");
                return 2;
        }
        AUTO(arena_free) Arena *arena = arena_new();
        Expr *expr;
        Str text;
        if (!parse(argv[0], arena, &text, &expr))
                return 1;
        Buf out = { .arena = arena };
        ast_pretty(&out, expr);
        printf("%s\n", buf_cstr(&out));
        return 0;
}

int app_expr_lint_run(int argc, char **argv)
{
        bool for_alert = argc > 0 && strcmp(argv[0], "--alert") == 0;
        if (argc - for_alert < 1) {
                fprintf(stderr, "usage: pharos lint [--alert] EXPR...\n");
                return 2;
        }
        AUTO(arena_free) Arena *arena = arena_new();
        int status = 0;
        for (int i = for_alert; i < argc; i++) {
                Expr *expr;
                Str text;
                LintFinding *found;
                size_t n;
                if (!parse(argv[i], arena, &text, &expr)) {
                        status = 1;
                        continue;
                }
                lint_check(expr, &(LintOptions){ .for_alert = for_alert }, arena, &found, &n);
                Buf out = { .arena = arena };
                for (size_t k = 0; k < n; k++) {
                        lint_format(&out, text, &found[k]);
                        buf_char(&out, '\n');
                }
                printf("%s", buf_cstr(&out));
                if (n && status == 0)
                        status = EXIT_FINDINGS;
        }
        return status;
}
