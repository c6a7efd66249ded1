/* tsdb/wal.h - Wal: the write-ahead log: numbered segments of records, each with length and checksum. Layout: docs/formats/wal.md.
 *
 * Threads: wal_append by one thread at a time (the caller's commit lock); everything else from any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/file.h"

enum {
        WAL_VERSION = 1,
        WAL_HEADER_BYTES = 20,
        WAL_FRAME_BYTES = 12,             /* before a record's payload */
        WAL_SEGMENT_BYTES = 64 << 20,     /* a segment that reached this is followed by the next */
        WAL_MAX_RECORD_BYTES = 768 << 20, /* of one payload */
};

typedef struct Wal Wal;

/* What reading met; all zero for a healthy log. */
typedef struct WalDamage {
        uint64_t records;    /* stretches in the middle that are no record, or records that make no sense: skipped */
        uint64_t torn_tails; /* ends of the last segment that were never acknowledged: cut off */
} WalDamage;

typedef bool WalRecordFn(void *ctx, uint32_t segment, Str payload, Err *err);

/* Reads the newest checkpoint (its records come with segment 0) and then every segment that follows it. Removes what an interrupted
 * checkpoint left. *ret_next: the number for the first new segment. fn returning false with ERR_CORRUPT counts as a damaged record,
 * with any other code it stops. */
MUST_CHECK bool wal_read(const Fs *fs, const char *dir, WalRecordFn *fn, void *ctx, WalDamage *damage,
                         uint32_t *ret_next, Err *err);
/* The same; calls `end` (may be NULL) when the bytes of the records given so far are about to go. */
MUST_CHECK bool wal_read_files(const Fs *fs, const char *dir, WalRecordFn *fn, void (*end)(void *ctx), void *ctx,
                               WalDamage *damage, uint32_t *ret_next, Err *err);
/* One file's bytes: calls fn for every record; returns the offset behind the last good one. For wal_read, tests and fuzzing. */
size_t wal_scan(Str bytes, bool (*fn)(void *ctx, Str payload), void *ctx, uint64_t *skipped);

/* Goes on with segment `next`, created by the first append. */
MUST_CHECK bool wal_open(const Fs *fs, const char *dir, uint32_t next, Wal **ret, Err *err);
void wal_close(Wal *w); /* does not sync */
DEFINE_AUTO(Wal *, wal_close);
/* Makes room for the frame at the start of an empty buffer; the payload follows. */
void wal_begin_record(Buf *record);
/* Writes the whole record or nothing; with `sync` it is on the disk when this returns. Fills the frame in. */
MUST_CHECK bool wal_append(Wal *w, Buf *record, bool sync, Err *err);
/* Everything appended before the call is on the disk afterwards. */
MUST_CHECK bool wal_sync(Wal *w, Err *err);
/* The segment that the next append writes to, or a lower one: appends never go below it. */
uint32_t wal_segment(Wal *w);
uint32_t wal_oldest_segment(Wal *w); /* that still exists; the next one when there is none */
uint64_t wal_bytes(Wal *w);
/* A file of the folder is a segment, and which. */
bool wal_is_segment(Str name, uint32_t *ret_number);
/* The next append starts a new segment. As wal_append: one thread at a time. */
void wal_rotate(Wal *w);

/* A checkpoint replaces all segments below `segment`: begin, add records, commit (atomic), then the segments are removed. */
typedef struct WalCheckpointFile WalCheckpointFile;
MUST_CHECK bool wal_checkpoint_begin(Wal *w, uint32_t segment, WalCheckpointFile **ret, Err *err);
MUST_CHECK bool wal_checkpoint_add(WalCheckpointFile *c, Buf *record, Err *err); /* as wal_append */
/* Takes c in any case. */
MUST_CHECK bool wal_checkpoint_commit(WalCheckpointFile *c, Err *err);
void wal_checkpoint_abort(WalCheckpointFile *c);
