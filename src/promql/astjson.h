/* promql/astjson.h - a tree as JSON, in upstream's shape (/api/v1/parse_query). Private: the face is ast_json. */
#pragma once
#include "promql/ast.h"

void astjson_write(Buf *out, const Expr *expr);
