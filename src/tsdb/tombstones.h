/* tsdb/tombstones.h - Tombstones: which stretches of which series were deleted. Kept in memory and in one small file, rewritten as a
 * whole by every deletion. Thread-safe. Layout: docs/formats/chunks.md. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/sample.h"
#include "os/file.h"
#include "part/part.h"

typedef struct Tombstones Tombstones;
enum { TOMBSTONES_VERSION = 1, TOMBSTONES_MAX_BYTES = 1 << 30 };

typedef struct Tombstone {
        uint64_t sid;
        int64_t min_ms, max_ms; /* inclusive */
} Tombstone;

/* An absent file is no tombstones; a damaged one counts in *damaged and what is readable is used. */
MUST_CHECK bool tombstones_open(const Fs *fs, const char *path, Tombstones **ret, uint64_t *damaged, Err *err);
void tombstones_close(Tombstones *t);
/* Durable when it returns true; on failure nothing changed. */
MUST_CHECK bool tombstones_add(Tombstones *t, const Tombstone *items, size_t n, Err *err);
/* Removes the deleted samples from out->[from, n). */
void tombstones_apply(Tombstones *t, uint64_t sid, Column *out, size_t from);
/* A copy, sorted, in arena. */
void tombstones_list(Tombstones *t, Arena *arena, Tombstone **ret, size_t *ret_n);
/* The part has samples that one of these hides. scratch: any column; what it holds is lost. */
bool tombstones_hide_some(const Tombstone *items, size_t n, Part *part, Column *scratch);
/* Those items (as tombstones_list gave them) hide nothing any more. Durable when it returns true; on failure nothing changed. */
MUST_CHECK bool tombstones_forget(Tombstones *t, const Tombstone *items, size_t n, Err *err);
/* Forgets what lies before min_ms: retention removed it. Takes effect on disk with the next tombstones_add. */
void tombstones_expire(Tombstones *t, int64_t min_ms);
size_t tombstones_count(Tombstones *t);
