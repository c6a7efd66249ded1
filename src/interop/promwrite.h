/* interop/promwrite.h - writes blocks that Prometheus opens: index format 2, chunks of floats and histograms, meta.json, tombstones.
 *
 * Facts: Prometheus' public description of its formats. */
#pragma once
#include <stdint.h>

#include "os/file.h"
#include "store/store.h"

enum {
        PROMWRITE_SEGMENT_BYTES = 512 << 20,
        PROMWRITE_MAX_INDEX_BYTES =
                INT32_MAX, /* references are 32 bits of 16 bytes; sections say their length in 32 bits */
};

typedef struct PromWriteStats {
        uint64_t blocks, samples, chunks;
        uint64_t series; /* summed over blocks */
} PromWriteStats;

typedef struct PromWriteOptions {
        const Fs *fs;
        const char *dir; /* parent of the blocks; created when absent, with an empty wal/, which promtool asks for */
        Matchers matchers;
        int64_t min_ms, max_ms; /* inclusive, of the samples */
        const Cancel *cancel;   /* may be NULL */
        bool (*progress)(void *ctx, double done, const PromWriteStats *stats,
                         Err *err); /* between blocks; may be NULL */
        void *ctx;
} PromWriteOptions;

/* One block for each two hours that have samples, named by an ULID. A block appears under its name when it is whole and synced; what
 * was written before a failure stays. stats starts zeroed. */
MUST_CHECK bool promwrite_blocks(StoreEngine *from, const PromWriteOptions *options, PromWriteStats *stats, Err *err);
