/* app/promqltest/ptscript.h - the script language of PromQL conformance tests: `load`, `clear` and `eval` commands, each
 * followed by its lines up to a blank (or comment) line. Borrows the script's text; what it returns lives in the arena. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"
#include "model/labels.h"
#include "model/regex.h"
#include "promql/seriesdesc.h"

typedef struct PtSeries {
        Labels labels;
        SequenceValue *values;
        size_t n;
        unsigned line;
        SequenceValue *starts; /* start timestamps in seconds, relative to the samples' own times; n of them or NULL */
} PtSeries;

typedef VEC(PtSeries) PtSeriesVec;

/* `msg:` compares the whole text, `regex:` searches in it. */
typedef struct PtText {
        Str text;
        const Regex *re; /* NULL: msg */
} PtText;

typedef struct PtTexts {
        bool any; /* at least one annotation of this level must come */
        bool none;
        VEC(PtText) texts; /* every one must be met, and nothing else may come */
} PtTexts;

typedef struct PtEval {
        bool range;
        int64_t start_ms, end_ms, step_ms; /* instant: start_ms alone */
        Str expr;
        bool ordered, fail, has_fail_text;
        PtText fail_text;
        PtTexts warnings, infos;
        bool has_scalar, has_string, range_vector;
        double scalar;
        Str string;
        int64_t vector_start_ms, vector_end_ms, vector_step_ms;
        PtSeriesVec series;
} PtEval;

typedef struct PtLoad {
        int64_t step_ms;
        bool with_nhcb; /* also as native histograms with custom buckets */
        PtSeriesVec series;
} PtLoad;

typedef enum PtKind { PT_END, PT_CLEAR, PT_LOAD, PT_EVAL } PtKind;

typedef struct PtCommand {
        PtKind kind;
        unsigned line; /* 1-based, of the command */
        PtLoad load;
        PtEval eval;
} PtCommand;

typedef struct PtScript {
        Str rest;
        unsigned line; /* of the line read last */
} PtScript;

/* Reads the next command. On failure ret->line is where, and the rest of that command was skipped. */
MUST_CHECK bool ptscript_next(PtScript *script, Arena *arena, PtCommand *ret, Err *err);
