/* gotmpl/tmpl_builtin.h - the functions that every template has: and or not eq ne lt le gt ge len index slice print printf
 * println html js urlquery call. */
#pragma once
#include "gotmpl/gotmpl.h"

typedef enum TmplBuiltinKind {
        TMPL_BUILTIN_PLAIN,
        TMPL_BUILTIN_AND,
        TMPL_BUILTIN_OR,
        TMPL_BUILTIN_CALL
} TmplBuiltinKind;

/* NULL when there is none. Valid for ever. */
const TmplFunc *tmpl_builtin_find(Str name);
/* And and or are evaluated by the caller, which stops at the operand that decides. */
TmplBuiltinKind tmpl_builtin_kind(const TmplFunc *func);
