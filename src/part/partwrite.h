/* part/partwrite.h - PartWriter: writes a part, series by series, with bounded memory. The file appears under its name when it is complete
 * and synced, not before. One thread at a time. */
#pragma once
#include "codec/floatvec.h"
#include "part/part.h"

typedef struct PartWriter PartWriter;

enum { PARTWRITE_BUFFER_BYTES = 1 << 20, PARTWRITE_TIME_COLUMNS = 1 << 16 /* remembered, for sharing */ };

typedef struct PartWriterStats {
        uint64_t blocks[FLOATVEC_KINDS_], samples[FLOATVEC_KINDS_],
                bytes[FLOATVEC_KINDS_]; /* values, by kind of code */
        uint64_t histogram_blocks, histogram_samples, histogram_bytes;
        uint64_t time_columns, time_bytes, label_bytes, index_bytes;
} PartWriterStats;

/* Writes to path with ".tmp" behind it. */
MUST_CHECK bool partwrite_begin(const Fs *fs, const char *path, uint32_t id, uint32_t level, PartWriter **ret,
                                Err *err);
/* sid above the last one; at least one sample, times rise strictly. */
MUST_CHECK bool partwrite_series(PartWriter *w, uint64_t sid, Labels labels, const Column *samples, Err *err);
uint64_t partwrite_samples(const PartWriter *w); /* so far */
/* Takes w in any case. On failure nothing is left behind. The folder is synced by whoever lists the part. */
MUST_CHECK bool partwrite_commit(PartWriter *w, Err *err);
void partwrite_abort(PartWriter *w); /* takes w */
DEFINE_AUTO(PartWriter *, partwrite_abort);
void partwrite_stats(const PartWriter *w, PartWriterStats *ret);
