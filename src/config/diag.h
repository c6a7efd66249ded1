/* config/diag.h - Diags: everything that is wrong with the configuration, with places; several at once. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"
#include "codec/yaml.h"

typedef enum DiagLevel { DIAG_ERROR, DIAG_WARNING } DiagLevel;

typedef struct Diag {
        DiagLevel level;
        Str file;
        YamlPos pos;
        Str message; /* what is wrong and what to do */
} Diag;

typedef struct Diags {
        Arena *arena; /* holds the texts */
        VEC(Diag) list;
        size_t errors; /* how many of them are errors */
} Diags;

void diags_init(Diags *diags, Arena *arena);
/* Returns false for a one-line failure path. */
bool diags_error(Diags *diags, Str file, YamlPos pos, const char *fmt, ...) PRINTF_LIKE(4, 5);
void diags_warn(Diags *diags, Str file, YamlPos pos, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* file:line:col: error|warning: message, a line each. */
void diags_print(Buf *out, const Diags *diags);
