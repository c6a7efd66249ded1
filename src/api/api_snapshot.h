/* api/api_snapshot.h - POST /api/v1/admin/tsdb/snapshot: a copy of everything that is kept, made while it is in use. Private. */
#pragma once
#include "net/http_server.h"

void api_snapshot_make(void *self, const HttpRequest *req, HttpResponse *resp);
