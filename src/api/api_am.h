/* api/api_am.h - what the files of Alertmanager's API v2 share: its errors, parameters and times. Private. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_matchers.h"
#include "api/api.h"
#include "codec/json.h"

/* A JSON string with this status: what upstream's handlers say. */
void api_am_error(HttpResponse *resp, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* {"code":...,"message":...}: what upstream's schema validation says. 6xx codes are answered with 422. */
void api_am_invalid(HttpResponse *resp, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Parses the body; false: the error was replied, in the words of 0.25 (old) or newer ones. what: the parameter's name,
 * such as alerts. */
bool api_am_body(const HttpRequest *req, HttpResponse *resp, const char *what, bool old, JsonValue **ret);
/* A parameter that is not there or empty counts as true, a word that is no bool as false. */
bool api_am_flag(const HttpRequest *req, const char *name);
/* The answer waits until what the router did is durable; the worker does not. */
AlertDone api_am_when_durable(HttpResponse *resp);
/* All `filter` parameters, one condition each. */
bool api_am_filter(const HttpRequest *req, HttpResponse *resp, AlertMatcherMode mode, const char *name, Matchers *ret);
/* "2026-01-02T03:04:05.678Z", always with milliseconds. */
void api_am_put_time(JsonWriter *w, const char *key, int64_t t_ms);
/* An optional time; 0 when absent or Go's zero time. False: it is none. */
bool api_am_time(const JsonValue *object, const char *key, AlertCompat compat, int64_t *ret_ms);

void api_am_alerts_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
void api_am_alerts_post(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
void api_am_v1_alerts_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
void api_am_groups_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
void api_am_silences_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
void api_am_silences_post(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
void api_am_silence_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Str id);
void api_am_silence_delete(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Str id);
