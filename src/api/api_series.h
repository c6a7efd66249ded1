/* api/api_series.h - handlers of /series, /labels, /label/<name>/values, /metadata; self is the ApiContext. Private. */
#pragma once
#include "api/api.h"

void api_series_list(void *self, const HttpRequest *req, HttpResponse *resp);
void api_series_label_names(void *self, const HttpRequest *req, HttpResponse *resp);
void api_series_label_values(void *self, const HttpRequest *req, HttpResponse *resp);
void api_series_metadata(void *self, const HttpRequest *req, HttpResponse *resp);
