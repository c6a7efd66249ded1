/* interop/promblock.h - PromBlock: one block of a Prometheus data directory: meta.json, index, chunk segments, tombstones. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "interop/promindex.h"
#include "model/sample.h"
#include "os/file.h"

enum {
        PROMBLOCK_CHUNKS_MAGIC = (int)0x85BD40DD,
        PROMBLOCK_TOMBSTONES_MAGIC = 0x0130BA30,
        PROMBLOCK_ULID_CHARS = 26,
        PROMBLOCK_MAX_META_BYTES = 16 << 20,
};

/* Samples of a series with from_ms <= t <= to_ms that were deleted. */
typedef struct PromDeletion {
        uint64_t ref;
        int64_t from_ms, to_ms;
} PromDeletion;

typedef struct PromBlockStats {
        uint64_t series, samples, chunks; /* as meta.json says */
        uint64_t bytes;                   /* on disk */
        unsigned level;
        bool out_of_order; /* made of late samples */
} PromBlockStats;

typedef struct PromBlock {
        Str dir, ulid;
        int64_t min_ms, max_ms; /* max exclusive */
        PromBlockStats stats;
        PromIndex index;
        Str *segments; /* mapped */
        size_t n_segments;
        const PromDeletion *deletions; /* sorted by ref, then time */
        size_t n_deletions;
} PromBlock;

/* Maps everything; it lives as long as arena. */
MUST_CHECK bool promblock_open(const Fs *fs, const char *dir, Arena *arena, PromBlock *ret, Err *err);
/* The bytes of a chunk, checked. */
MUST_CHECK bool promblock_chunk(const PromBlock *b, uint64_t ref, unsigned *ret_encoding, Str *ret_data, Err *err);
/* The deletions of a series. */
const PromDeletion *promblock_deletions(const PromBlock *b, uint64_t ref, size_t *ret_n);
/* 26 characters of the alphabet of ULIDs. */
bool promblock_is_ulid(Str name);
/* Maps a whole file for the lifetime of arena. */
MUST_CHECK bool promblock_map(const Fs *fs, const char *path, Arena *arena, Str *ret, Err *err);
