/* api/api_snapshot.h - a copy of everything that is kept, made while it is in use: POST /api/v1/admin/tsdb/snapshot, and for who has the
 * stores open. */
#pragma once
#include "net/http_server.h"
#include "statedb/statedb.h"
#include "tsdb/tsdb.h"

typedef struct ApiSnapshot {
        Tsdb *tsdb;
        StateDb *statedb; /* may be NULL */
        Str data_dir;
        int64_t now_ms; /* goes into the name */
        bool skip_head; /* without samples of the last two to three hours */
} ApiSnapshot;

/* Makes data_dir/snapshots/<name>, complete and synced when it returns true; the name lives in arena. One at a time. */
MUST_CHECK bool api_snapshot_write(const ApiSnapshot *what, Arena *arena, Str *ret_name, Err *err);
void api_snapshot_make(void *self, const HttpRequest *req, HttpResponse *resp);
