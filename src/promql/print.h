/* promql/print.h - expressions back to text. Private to promql/; others use ast_print and ast_pretty. */
#pragma once
#include "promql/ast.h"

void print_expr(Buf *out, const Expr *expr);
void print_pretty(Buf *out, const Expr *expr);
