/* What the kinds of golden files share: the run, its counts, sibling files, labels. A kind is one file and one row of the
 * table in alerttest.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codec/json.h"

#include "model/labels.h"
#include "model/notification.h"

typedef struct AtRun {
        Arena *arena;          /* the file's lifetime */
        const char *path;      /* of the golden file */
        const JsonValue *root; /* its content */
        AlertCompat compat;    /* of the program that was recorded */
        bool verbose;
        size_t passed, failed;
} AtRun;

/* Counts a case. A failure prints "path: <what>: <why>", both formatted by the caller; with verbose, passes too. */
void atkind_check(AtRun *run, bool good, Str what, Str why);
/* A file beside the golden file. False: said and counted as a failure. */
bool atkind_read(AtRun *run, Str name, Str *ret);
/* Its path. */
const char *atkind_sibling(const AtRun *run, Str name);
/* A JSON object of strings; NULL gives none. */
Labels atkind_labels(Arena *arena, const JsonValue *object);
