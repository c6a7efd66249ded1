/* collect/textfile.h - text exposition 0.0.4 read into families, as strictly as upstream's textfile collector: what is
 * refused here is refused as a whole. Private to collect/. */
#pragma once
#include "base/err.h"
#include "base/vec.h"
#include "model/labels.h"
#include "model/metadata.h"

enum { TEXTFILE_MAX_LABELS = 64 };

typedef struct TextfileSample {
        Str suffix; /* "_sum", "_count", "_bucket" of summaries and histograms, or empty */
        const Label *labels;
        size_t n;
        double value;
} TextfileSample;

typedef struct TextfileFamily {
        Str name, help;
        bool has_help, has_type;
        MetricType type;
        VEC(TextfileSample) samples;
} TextfileFamily;

typedef VEC(TextfileFamily *) TextfileFamilies;

/* Everything lives in arena or text. Summaries and histograms are completed: each series has a _sum, a _count and (a
 * histogram) a +Inf bucket. err says "line N: ...". A timestamp is an error: files are read again and again. */
MUST_CHECK bool textfile_parse(Str text, Arena *arena, TextfileFamilies *ret, Err *err);
