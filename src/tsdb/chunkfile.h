/* tsdb/chunkfile.h - ChunkFile: the closed chunks of one window of data time: appended while the window lives, then sealed with an
 * index and served from the mapping. Layout: docs/formats/chunks.md.
 *
 * Reference-counted (snapshot_ref, snapshot_unref on &file->snap). Threads: append and read from any thread; flush, sync and seal are
 * serialised inside; nothing does I/O under the lock that append and read take. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/sample.h"
#include "os/file.h"
#include "sync/snapshot.h"
#include "tsdb/xorchunk.h"

enum {
        CHUNKFILE_VERSION = 1,
        CHUNKFILE_HEADER_BYTES = 32,
        CHUNKFILE_RECORD_BYTES = 44, /* before a chunk's stream */
        CHUNKFILE_ENTRY_BYTES = 32,  /* in the index */
        CHUNKFILE_TRAILER_BYTES = 40,
        CHUNKFILE_MAX_BYTES = 1 << 30, /* a window that is longer goes on in a second file */
};

typedef struct ChunkFile ChunkFile;

typedef struct ChunkEntry {
        uint64_t sid; /* the series' stored id */
        int64_t min_ms, max_ms;
        uint64_t last_bits; /* value at max_ms */
        size_t samples;
} ChunkEntry;

/* What opening found; all zero for a healthy file. */
typedef struct ChunkFileDamage {
        uint64_t records;    /* stretches of bytes in the middle that are no chunk: skipped */
        uint64_t tail_bytes; /* torn end, cut off */
} ChunkFileDamage;

/* Returns owned: a new file, which appears on disk with the first flush. */
ChunkFile *chunkfile_new(const Fs *fs, const char *path, uint32_t id, int64_t window_ms, int64_t window_end_ms);
/* Opens what is there. ERR_UNSUPPORTED for a newer format; damage is not an error. */
MUST_CHECK bool chunkfile_open(const Fs *fs, const char *path, uint32_t id, ChunkFile **ret, ChunkFileDamage *damage,
                               Err *err);
Snapshot *chunkfile_snapshot(ChunkFile *f); /* for snapshot_ref and snapshot_unref */

/* The file is not sealed and not closing. Never fails: bytes wait in memory until a flush succeeds. */
void chunkfile_append(ChunkFile *f, uint64_t sid, const XorChunk *chunk);
MUST_CHECK bool chunkfile_flush(ChunkFile *f, Err *err);
MUST_CHECK bool chunkfile_sync(ChunkFile *f, Err *err); /* flush and fsync */
/* No append may happen any more. Writes the index and the trailer, syncs, maps. May be tried again after a failure. */
MUST_CHECK bool chunkfile_seal(ChunkFile *f, Err *err);

/* Appends the samples of a series inside [min_ms, max_ms] to out. Damaged chunks are skipped and counted in *damaged. */
MUST_CHECK bool chunkfile_read(ChunkFile *f, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out,
                               uint64_t *damaged, Err *err);
/* The least series id that is >= sid; false when there is none. The file is sealed. */
bool chunkfile_next_series(ChunkFile *f, uint64_t sid, uint64_t *ret);
/* Every chunk that is written, in file order or index order. Not while others append. */
void chunkfile_each(ChunkFile *f, void (*fn)(void *ctx, const ChunkEntry *entry), void *ctx);

const char *chunkfile_path(const ChunkFile *f);
uint32_t chunkfile_id(const ChunkFile *f);
int64_t chunkfile_window_ms(const ChunkFile *f);     /* start */
int64_t chunkfile_window_end_ms(const ChunkFile *f); /* exclusive */
bool chunkfile_is_sealed(ChunkFile *f);
uint64_t chunkfile_bytes(ChunkFile *f);   /* including what waits in memory */
uint64_t chunkfile_waiting(ChunkFile *f); /* bytes not yet written */
uint64_t chunkfile_chunks(ChunkFile *f);
uint64_t chunkfile_samples(ChunkFile *f);
/* Covered: a checkpoint says how far the file's chunks reach, so that the log can be read without the file. Set once. */
void chunkfile_set_covered(ChunkFile *f);
bool chunkfile_is_covered(const ChunkFile *f);
/* True when nothing was appended since the last call. */
bool chunkfile_is_quiet(ChunkFile *f);
/* Of the data; false when empty. */
bool chunkfile_range(ChunkFile *f, int64_t *ret_min_ms, int64_t *ret_max_ms);
