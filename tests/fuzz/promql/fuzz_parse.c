/* What parses prints, and what is printed parses to the same print, in one line and pretty. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/check.h"
#include "promql/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool enter(void *arg, const Expr *e)
{
        Str text = *(const Str *)arg;
        CHECK(e->pos.start <= e->pos.end && e->pos.end <= text.n);
        CHECK(e->height >= 1 && e->height <= AST_MAX_DEPTH && e->type != VALUE_NONE);
        return true;
}

static void check_error(Str text, SrcPos pos, const Err *err)
{
        Buf b = { 0 };
        CHECK(pos.start <= text.n && err->msg[0] && err->code != ERR_NONE);
        ast_format_error(&b, text, pos, err->msg);
        buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str text = str_n((const char *)data, size);
        PromqlFeatures all = promql_features_all();
        Expr *e, *again;
        SrcPos pos;
        Err err = { 0 };
        Matchers ms;
        IGNORE(ast_parse_matchers(text, arena, &ms, &err));
        if (!ast_parse(text, arena, &all, &e, &pos, &err)) {
                check_error(text, pos, &err);
                return 0;
        }
        ast_walk(e, enter, &text);
        Buf once = { .arena = arena }, twice = { .arena = arena }, pretty = { .arena = arena };
        ast_print(&once, e);
        ast_pretty(&pretty, e);
        if (once.n > AST_MAX_EXPR_BYTES || pretty.n > AST_MAX_EXPR_BYTES)
                return 0;
        CHECK(ast_parse(buf_str(&once), arena, &all, &again, &pos, &err));
        ast_print(&twice, again);
        CHECK(str_eq(buf_str(&once), buf_str(&twice)));
        CHECK(ast_parse(buf_str(&pretty), arena, &all, &again, &pos, &err));
        buf_clear(&twice);
        ast_print(&twice, again);
        CHECK(str_eq(buf_str(&once), buf_str(&twice)));
        return 0;
}
