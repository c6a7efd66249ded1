/* tsdb/replay.h - builds the head from a checkpoint, the chunk files and the WAL. Single-threaded, before anybody else sees the Tsdb. */
#pragma once
#include "tsdb/head.h"

/* db has catalog and chunks; fills both, db->wal_corruptions and *ret_next_segment. */
MUST_CHECK bool replay_run(Tsdb *db, const char *wal_dir, uint32_t *ret_next_segment, Err *err);
