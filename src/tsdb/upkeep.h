/* tsdb/upkeep.h - what keeps a Tsdb small while it runs: closes chunks of windows that ended, seals files, drops WAL that chunk files
 * replace, removes old files and series without data. One thread at a time (db->upkeep, taken inside). */
#pragma once
#include "tsdb/head.h"

/* The periodic part: cheap when nothing is due. Failures are tried again at the next call and show in stats. */
void upkeep_run(Tsdb *db);
/* Everything in memory goes to chunk files, synced, and on into parts when asked for; the WAL is replaced by a checkpoint. */
MUST_CHECK bool upkeep_flush(Tsdb *db, bool to_parts, Err *err);
/* tsdb_clean_tombstones */
MUST_CHECK bool upkeep_clean_tombstones(Tsdb *db, Err *err);
/* Reads the index of idle series and makes anew what is damaged in it. */
MUST_CHECK bool upkeep_verify_index(Tsdb *db, Err *err);
