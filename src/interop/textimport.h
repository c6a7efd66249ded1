/* interop/textimport.h - samples out of text files: JSON lines and CSV. Messages start with file:line:col.
 *
 * JSON lines: {"metric":{"__name__":"up","job":"x"},"values":[1,null,"NaN"],"timestamps":[1600000000000,...]} a line, milliseconds;
 * null is a stale marker, "Infinity", "-Infinity" and "NaN" stand for what JSON has no numbers for.
 *
 * CSV (RFC 4180): each column is one of
 *     time[:unix_s|unix_ms|unix_us|unix_ns|rfc3339]   when; without a unit RFC 3339, or a number whose size says its unit
 *     metric                                          the metric's name
 *     value[:NAME]                                    a value, of metric NAME; empty: no sample
 *     label:NAME                                      a label; empty: absent
 *     skip                                            nothing
 * written as a list (`time,label:host,value:cpu`), or taken from the header line: timestamp_ms, timestamp or time, value, __name__ or
 * metric; every other column is a label of its name. */
#pragma once
#include <stdint.h>

#include "interop/stage.h"

enum {
        TEXTIMPORT_MAX_COLUMNS = 256,
        TEXTIMPORT_MAX_LINE_BYTES = 64 << 20, /* JSON */
};

typedef struct TextImportOptions {
        const char *name;    /* of the file, for messages */
        const char *columns; /* CSV: the list, or NULL: the header says */
        bool skip_header;    /* CSV with a list: the first line is not data */
        Stage *stage;
        /* Called when the stage is full; empties it. */
        bool (*drain)(void *ctx, Err *err);
        void *ctx;
} TextImportOptions;

/* Everything up to an error has been staged. */
MUST_CHECK bool textimport_jsonl(Str text, const TextImportOptions *options, Err *err);
MUST_CHECK bool textimport_csv(Str text, const TextImportOptions *options, Err *err);
