/* api/api_explain.h - /api/v1/query_explain: what a query did, node by node. Private. */
#pragma once
#include "api/api.h"

/* The query runs as /query does, or as /query_range when `start` is given; its result is counted, not sent. */
void api_explain_query(void *self, const HttpRequest *req, HttpResponse *resp);
