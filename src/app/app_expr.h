/* app/app_expr.h - commands for expressions; no server is asked. */
#pragma once

/* pharos format EXPR: pretty-printed; exit 1 when it does not parse. "-" reads standard input. */
int app_expr_format_run(int argc, char **argv);
/* pharos lint EXPR...: line:col: what is most likely not meant; exit 1 on errors, 3 on findings. */
int app_expr_lint_run(int argc, char **argv);
