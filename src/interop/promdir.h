/* interop/promdir.h - PromDir: a Prometheus data directory, or one block of it, as a store that can be read.
 *
 * Opens read-only: nothing in the directory changes, and the directory should not be in use (a copy or a stopped server; a snapshot is
 * best). Blocks, chunks_head, wal with its checkpoint, wbl and tombstones together give what the server would answer. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "interop/promblock.h"
#include "interop/promhead.h"
#include "store/store.h"

typedef struct PromDir PromDir;

typedef struct PromDirStats {
        size_t series, blocks;
        int64_t min_ms, max_ms;  /* of the data, inclusive; INT64_MAX / INT64_MIN when there is none */
        uint64_t damaged_chunks; /* met by reads so far: their samples are missing */
        Err first_damage;        /* valid when damaged_chunks */
        PromHeadStats head;      /* all zero for a single block */
} PromDirStats;

/* True when dir looks like a Prometheus data directory or block. */
bool promdir_is(const Fs *fs, const char *dir);
MUST_CHECK bool promdir_open(const Fs *fs, const char *dir, PromDir **ret, Err *err);
void promdir_free(PromDir *dir);
DEFINE_AUTO(PromDir *, promdir_free);
/* Read-only: its appender refuses everything. Borrowed; valid until promdir_free. */
StoreEngine *promdir_engine(PromDir *dir);
void promdir_stats(PromDir *dir, PromDirStats *ret);
const PromBlock *promdir_block(const PromDir *dir, size_t i); /* sorted by start; valid until promdir_free */
