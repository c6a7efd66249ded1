/* interop/promindex.h - PromIndex: reads the index of a Prometheus block, format 1 and 2, from its mapped bytes.
 *
 * Facts: Prometheus' public description of its index format. Every section that is read is checked against its CRC-32C. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/labels.h"

enum {
        PROMINDEX_MAGIC = (int)0xBAAAD700,
        PROMINDEX_TOC_BYTES = 52,
        PROMINDEX_MAX_LABELS = 4096, /* of one series: more is taken for damage */
};

typedef struct PromIndex {
        Str bytes; /* borrowed */
        unsigned version;
        uint64_t symbols, series, postings_table; /* offsets of sections */
        const uint64_t *symbol_at;                /* version 2: offset of each symbol */
        uint32_t n_symbols;
        Str all; /* references of all series, 4 bytes each, sorted by labels */
} PromIndex;

typedef struct PromChunkRef {
        int64_t min_ms, max_ms;
        uint64_t ref; /* segment << 32 | offset */
} PromChunkRef;

/* format: 0: what the bytes say; else what they are although they say something else. ERR_CORRUPT, ERR_UNSUPPORTED (a newer format). Strings and tables of *ret live in arena and in bytes. */
MUST_CHECK bool promindex_open(Str bytes, unsigned format, Arena *arena, PromIndex *ret, Err *err);
static inline size_t promindex_n_series(const PromIndex *ix) { return ix->all.n / 4; }
/* The reference of the i-th series, as tombstones and promindex_series know it. */
uint64_t promindex_ref(const PromIndex *ix, size_t i);
/* Labels' strings point into the index; pairs and chunks live in arena. */
MUST_CHECK bool promindex_series(const PromIndex *ix, uint64_t ref, Arena *arena, Labels *ret_labels,
                                 PromChunkRef **ret_chunks, size_t *ret_n, Err *err);
