/* gotmpl/tmpl_exec.h - running a template: the statements (tmpl_exec.c) and the expressions (tmpl_eval.c). */
#pragma once
#include "base/err.h"
#include "base/vec.h"
#include "gotmpl/tmpl_html.h"
#include "gotmpl/tmpl_node.h"

typedef struct TmplVar {
        Str name;
        TmplValue value;
} TmplVar;

struct TmplRun {
        const TmplSet *set;
        void *ctx;
        Arena *arena;
        Buf *out;
        Err *err;
        const TmplTree *tree; /* the template that runs */
        const TmplNode *at;   /* what a message points to */
        VEC(TmplVar) vars;
        size_t vars_base; /* where the running template's variables start */
        size_t steps, out_start, arena_start;
        unsigned depth, nest;
        TmplHtml *html; /* NULL: plain text */
};

MUST_CHECK bool tmpl_exec(TmplRun *run, const TmplTree *tree, const TmplValue *data);
/* "template: name:1:2: executing "name" at <.X>: message". Always false. */
bool tmpl_exec_fail(TmplRun *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool tmpl_exec_fail_code(TmplRun *run, ErrCode code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Counts one step and checks the limits. */
MUST_CHECK bool tmpl_exec_step(TmplRun *run);
/* Recursion, balanced by tmpl_exec_leave. */
const TmplNode *tmpl_exec_at(const TmplRun *run); /* what a message points to; NULL: nothing */
MUST_CHECK bool tmpl_exec_enter(TmplRun *run);
void tmpl_exec_leave(TmplRun *run);
