/* tsdb/backup.h - a copy of a database that is in use: what never changes is linked, the rest is copied up to one moment. */
#pragma once
#include "tsdb/head.h"

/* Into dir, which must not exist; on failure nothing is left of it. Caller holds db->upkeep. Durable but for the name of dir itself.
 * skip_head: without what only the log and the files of running windows have. */
MUST_CHECK bool backup_write(Tsdb *db, const char *dir, bool skip_head, Err *err);
