/* scrape/expofmt.h - the text exposition formats: Prometheus 0.0.4 / 1.0.0 and OpenMetrics 1.0.0, read line by line
 * without copying. A scraper that knows a line's series bytes needs nothing but its value. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/labels.h"
#include "model/metadata.h"

typedef enum ExpoFormat { EXPO_TEXT, EXPO_OPENMETRICS } ExpoFormat;
typedef enum ExpoKind { EXPO_SERIES, EXPO_TYPE, EXPO_HELP, EXPO_UNIT, EXPO_COMMENT, EXPO_END, EXPO_BAD } ExpoKind;

enum { EXPO_MAX_LINE_BYTES = 1 << 20, EXPO_MAX_LABELS = 512 };

typedef struct ExpoItem {
        Str series; /* EXPO_SERIES: the bytes before the value: the cache key; others: the family's name */
        double value;
        bool has_t;
        int64_t t_ms;
        Str exemplar;    /* raw text behind '#', empty when none */
        MetricType type; /* EXPO_TYPE */
        Str text;        /* EXPO_HELP (unescaped into the arena), EXPO_UNIT */
} ExpoItem;

typedef struct ExpoParser {
        Str text;
        size_t at;
        unsigned line; /* 1-based, of the item last returned */
        ExpoFormat format;
        bool ended; /* OpenMetrics: # EOF was seen */
        Arena *arena;
} ExpoParser;

/* text is borrowed; arena holds unescaped help texts. As lax as upstream's scraper. */
void expofmt_init(ExpoParser *p, Str text, ExpoFormat format, Arena *arena);
/* EXPO_BAD: err says "line N: ..."; the parser stays at the end. */
ExpoKind expofmt_next(ExpoParser *p, ExpoItem *ret, Err *err);
/* When the next line starts with exactly these series bytes: reads the rest of it as expofmt_next would and returns
 * true. Otherwise nothing moves. */
bool expofmt_next_known(ExpoParser *p, Str series, ExpoItem *ret, ExpoKind *ret_kind, Err *err);
/* Parses series bytes into labels: sorted, __name__ included, empty values left out; values of le (histograms) and
 * quantile (summaries) become floats as upstream prints them ("1" -> "1.0"). Strings point into series or arena. */
MUST_CHECK bool expofmt_labels(Str series, MetricType type, Arena *arena, Labels *ret, Err *err);
/* Parses the raw exemplar text of an item: {labels} value [seconds]. */
MUST_CHECK bool expofmt_exemplar(Str raw, Arena *arena, Labels *ret_labels, double *ret_value, bool *ret_has_t,
                                 int64_t *ret_t_ms, Err *err);
/* From a Content-Type: false when it is none of ours. */
bool expofmt_from_content_type(Str content_type, ExpoFormat *ret);
