/* tsdb/retention.h - what is too old, or too much, goes: whole parts and chunk files. One thread at a time (db->upkeep). */
#pragma once
#include "tsdb/head.h"

/* By time, then by size: the oldest until at most retention_bytes are on the disk. db->size_floor_ms: what was removed for size ends here. */
MUST_CHECK bool retention_run(Tsdb *db, int64_t now_ms, Err *err);
