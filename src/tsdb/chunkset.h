/* tsdb/chunkset.h - ChunkSet: all chunk files of a database: one being written for each window of data time, the rest sealed.
 *
 * Thread-safe. Readers take the list of files once per read; files they hold stay readable after they were dropped. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "tsdb/chunkfile.h"

enum {
        CHUNKSET_WINDOW_MS = 2 * 3600 * 1000,
        CHUNKSET_GRACE_MS = 15 * 60 *
                            1000, /* after its end a window waits this long for stragglers before it is sealed */
        CHUNKSET_FLUSH_BYTES = 256 * 1024,     /* waiting in memory before a file is written to */
        CHUNKSET_MAX_WAITING_BYTES = 64 << 20, /* then writes are refused: the disk does not take chunks */
};

typedef struct ChunkSet ChunkSet;

/* Immutable; sorted by window, then id. snapshot_unref(&list->snap) when done. */
typedef struct ChunkList {
        Snapshot snap;
        size_t n;
        ChunkFile *files[];
} ChunkList;

/* dir exists. */
MUST_CHECK bool chunkset_open(const Fs *fs, const char *dir, ChunkSet **ret, ChunkFileDamage *damage, Err *err);
/* Before chunkset_open: removes the files with these numbers; absent is fine. */
MUST_CHECK bool chunkset_remove_numbers(const Fs *fs, const char *dir, const uint32_t *ids, size_t n, Err *err);
/* Numbers up to `floor` are not given to new files. */
void chunkset_raise_ids(ChunkSet *s, uint32_t floor);
void chunkset_close(ChunkSet *s); /* writes nothing */
DEFINE_AUTO(ChunkSet *, chunkset_close);
ChunkList *chunkset_list(ChunkSet *s); /* returns owned: a reference */
/* Does the list, which the caller holds, have every file? */
bool chunkset_is_current(ChunkSet *s, const ChunkList *list);

/* Start of the window that t_ms lies in. */
int64_t chunkset_window(int64_t t_ms);
/* Never fails: see chunkset_waiting. */
void chunkset_append(ChunkSet *s, uint64_t sid, const XorChunk *chunk);
/* True once per CHUNKSET_FLUSH_BYTES appended: the caller, holding no lock, then calls chunkset_flush. */
bool chunkset_wants_flush(ChunkSet *s);
/* Bytes that wait in memory for a flush. */
uint64_t chunkset_waiting(ChunkSet *s);
/* Writes files with at least min_bytes waiting. */
MUST_CHECK bool chunkset_flush(ChunkSet *s, uint64_t min_bytes, Err *err);
MUST_CHECK bool chunkset_sync(ChunkSet *s, Err *err);
/* True when a file that is not sealed belongs to a window that ended at or before end_ms. */
bool chunkset_is_due(ChunkSet *s, int64_t end_ms);
/* Seals the files of windows that ended at or before end_ms (only_quiet: and that got nothing since the last call, so that
 * loading old data does not make a file a minute); *ret_sealed counts them. */
MUST_CHECK bool chunkset_seal(ChunkSet *s, int64_t end_ms, bool only_quiet, size_t *ret_sealed, Err *err);
/* Every file that is sealed now is covered (chunkfile_set_covered). */
void chunkset_set_covered(ChunkSet *s);
/* A sealed file is not covered. */
bool chunkset_has_uncovered(ChunkSet *s);
/* Takes sealed files out of the list and removes them; false when one stays on the disk. */
MUST_CHECK bool chunkset_remove(ChunkSet *s, ChunkFile *const *files, size_t n, Err *err);
/* Removes sealed files whose data all lies before min_ms, then the oldest until at most max_bytes (0: no limit) remain.
 * *ret_floor_ms: what was removed for size ends here (unchanged when nothing was). */
MUST_CHECK bool chunkset_drop(ChunkSet *s, int64_t min_ms, uint64_t max_bytes, int64_t *ret_floor_ms,
                              size_t *ret_dropped, Err *err);
