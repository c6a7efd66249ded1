/* What the parts of conform_alerting share. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json.h"
#include "config/diag.h"

extern int conform_passed, conform_failed;
/* Counts; a failure says `what` and `why`. */
void conform_check(bool good, const char *what, Str why);
/* Below PHAROS_SHARED; ends the program with 77 (skipped) when it is absent. */
const char *conform_path(Arena *arena, const char *name);
Str conform_read(Arena *arena, const char *name);
JsonValue *conform_json(Arena *arena, const char *name);
