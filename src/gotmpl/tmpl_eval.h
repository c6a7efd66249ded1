/* gotmpl/tmpl_eval.h - the value of a pipeline, with Go's rules for fields, methods, calls and argument types. */
#pragma once
#include "gotmpl/tmpl_exec.h"

/* pipe may be NULL: nil. Variables that the pipeline declares are pushed on the run's stack. */
MUST_CHECK bool tmpl_eval_pipeline(TmplRun *run, const TmplValue *dot, const TmplNode *pipe, TmplValue *ret);
