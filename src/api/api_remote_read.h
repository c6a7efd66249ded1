/* api/api_remote_read.h - POST /api/v1/read: Prometheus' remote read. Private. */
#pragma once
#include "api/api.h"

enum { API_REMOTE_READ_CONCURRENCY = 10 }; /* answers at a time, as upstream's default: more get 503 */

void api_remote_read(void *self, const HttpRequest *req, HttpResponse *resp);
