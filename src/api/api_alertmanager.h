/* api/api_alertmanager.h - Alertmanager's API v2, as its clients know it: /api/v2/... Private. */
#pragma once
#include "api/api.h"

/* Everything below /api/v2/: answers 404 and 405 itself, in upstream's form. */
void api_alertmanager_v2(void *self, const HttpRequest *req, HttpResponse *resp);
/* /-/healthy and /-/ready with Alertmanager's words, for a listener of its own. */
void api_alertmanager_ok(void *self, const HttpRequest *req, HttpResponse *resp);
/* /api/v1/...: what 0.25 had of it, or that it is gone. */
void api_alertmanager_v1(void *self, const HttpRequest *req, HttpResponse *resp);
