/* api/api_status.h - handlers about pharos itself: status pages, health, life cycle, admin; self is the ApiContext. Private. */
#pragma once
#include "api/api.h"

void api_status_config(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_flags(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_runtimeinfo(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_buildinfo(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_tsdb(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_walreplay(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_queries(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_metrics(void *self, const HttpRequest *req, HttpResponse *resp);
void api_status_host_metrics(void *self, const HttpRequest *req, HttpResponse *resp);

/* api_health.c */
void api_health_healthy(void *self, const HttpRequest *req, HttpResponse *resp);
void api_health_ready(void *self, const HttpRequest *req, HttpResponse *resp);
void api_health_probe(void *self, const HttpRequest *req, HttpResponse *resp); /* /health, /health/<name> */

/* api_admin.c */
/* False: the answer says that they are off. */
bool api_admin_allowed(const ApiContext *ctx, HttpResponse *resp);
void api_admin_reload(void *self, const HttpRequest *req, HttpResponse *resp);
void api_admin_quit(void *self, const HttpRequest *req, HttpResponse *resp);
void api_admin_delete_series(void *self, const HttpRequest *req, HttpResponse *resp);
void api_admin_clean_tombstones(void *self, const HttpRequest *req, HttpResponse *resp);
void api_admin_flush(void *self, const HttpRequest *req, HttpResponse *resp);
void api_admin_live(void *self, const HttpRequest *req, HttpResponse *resp);
