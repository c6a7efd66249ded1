/* api/api_query.h - handlers of Prometheus' query endpoints; self is the ApiContext. Private. */
#pragma once
#include "api/api.h"

void api_query_instant(void *self, const HttpRequest *req, HttpResponse *resp);
void api_query_range(void *self, const HttpRequest *req, HttpResponse *resp);
void api_query_format(void *self, const HttpRequest *req, HttpResponse *resp);
