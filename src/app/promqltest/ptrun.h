/* app/promqltest/ptrun.h - runs a script file against a fresh in-memory store and the PromQL engine. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

typedef struct PtCounts {
        size_t passed, failed;
} PtCounts;

/* Prints "name:line: reason" for every failure to stdout; verbose: every pass as well. One eval is one pass or failure. */
PtCounts ptrun_script(const char *name, Str text, bool verbose);
