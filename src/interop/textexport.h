/* interop/textexport.h - samples of a store as text: promtool's dump, OpenMetrics with timestamps, JSON lines, CSV.
 *
 * | format      | a line                                                          | stale markers | histograms |
 * | dump        | {__name__="up", job="x"} 1 1600000000000                        | NaN           | {count:.., sum:.., ..} |
 * | OpenMetrics | up{job="x"} 1 1600000000                                        | left out      | left out   |
 * | JSON lines  | {"metric":{"__name__":"up"},"values":[1],"timestamps":[1600..]} | null          | left out   |
 * | CSV         | __name__,job,timestamp_ms,value below a header                  | StaleNaN      | left out   |
 * What is left out is counted. Values have the fewest digits that read back. */
#pragma once
#include <stdint.h>

#include "store/store.h"

typedef enum TextExportFormat {
        TEXTEXPORT_DUMP,
        TEXTEXPORT_OPENMETRICS,
        TEXTEXPORT_JSONL,
        TEXTEXPORT_CSV,
} TextExportFormat;

typedef struct TextExportStats {
        uint64_t series, samples, histograms; /* written; samples counts both */
        uint64_t stale_left_out, histograms_left_out;
} TextExportStats;

typedef struct TextExportOptions {
        TextExportFormat format;
        Matchers matchers;
        int64_t min_ms, max_ms; /* inclusive */
        const Cancel *cancel;   /* may be NULL */
        bool (*write)(void *ctx, Str bytes, Err *err);
        void *ctx;
} TextExportOptions;

/* Series sorted by labels. stats starts zeroed. */
MUST_CHECK bool textexport_run(StoreEngine *from, const TextExportOptions *options, TextExportStats *stats, Err *err);
bool textexport_format_parse(Str s, TextExportFormat *ret);
/* {count:3, sum:1.5, (1,2]:3} as promtool and promqltest print histograms. */
void textexport_histogram(Buf *out, const Histogram *h, Arena *scratch);
