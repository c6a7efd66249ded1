/* api/api_alertlog.h - what became of alerts, and why; who has seen them. Private. */
#pragma once
#include "api/api.h"

/* GET /api/v1/alerts/explain?fingerprint= or ?label=name=value...: why is it (not) told? */
void api_alertlog_explain(void *self, const HttpRequest *req, HttpResponse *resp);
/* GET /api/v1/alerts/history?fingerprint= | group= , kind=, start=, end=, limit=, before=: events, newest first. */
void api_alertlog_history(void *self, const HttpRequest *req, HttpResponse *resp);
/* GET /api/v1/alerts/noise?start=, end=: one row an alert name, noisiest first. */
void api_alertlog_noise(void *self, const HttpRequest *req, HttpResponse *resp);
/* GET /api/v1/alerts/preview?filter=...&start=: what a silence would match, now and since. */
void api_alertlog_preview(void *self, const HttpRequest *req, HttpResponse *resp);
/* /api/v1/alerts/ack: GET lists, POST acknowledges (filter= | fingerprint= | group=, by=, comment=, for=), DELETE takes back. */
void api_alertlog_ack(void *self, const HttpRequest *req, HttpResponse *resp);
