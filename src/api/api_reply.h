/* api/api_reply.h - what the handlers of Prometheus' API share: parameters, the envelope, errors. Private. */
#pragma once
#include "api/api.h"
#include "codec/json.h"

typedef enum ApiError {
        API_BAD_DATA,
        API_EXECUTION,
        API_TIMEOUT,
        API_CANCELED,
        API_NOT_FOUND,
        API_INTERNAL,
        API_UNAVAILABLE
} ApiError;

/* {"status":"error","errorType":...,"error":...} with the status that belongs to it. */
void api_reply_error(HttpResponse *resp, ApiError type, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* 400 invalid parameter "name": ...; false, which is what a function that reads parameters returns. */
bool api_reply_bad_param(HttpResponse *resp, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The envelope of an Err that stopped an evaluation or a read: limits and evaluation faults are 422. */
void api_reply_err(HttpResponse *resp, const Err *err);
/* Opens {"status":"success","data": ; the caller writes the value, then api_reply_end. */
void api_reply_begin(HttpResponse *resp, JsonWriter *w);
/* Closes the envelope; warnings and infos may be NULL (strings living until now). */
void api_reply_end(JsonWriter *w, const PromqlAnnotation *annotations, size_t n);

/* Times are held within these, so that differences and a lookback do not overflow. */
#define API_MIN_MS (INT64_MIN / 2)
#define API_MAX_MS (INT64_MAX / 2)

/* A parameter as a time (RFC 3339 or float seconds); absent: fallback_ms. False: the error was replied. */
bool api_param_time(const HttpRequest *req, HttpResponse *resp, const char *name, int64_t fallback_ms, int64_t *ret_ms);
/* The same, where it must be there. */
bool api_param_time_needed(const HttpRequest *req, HttpResponse *resp, const char *name, int64_t *ret_ms);
/* Every match[], each of which must say something. prefix: what stands before the complaint, which upstream leaves out in places. */
#define API_BAD_MATCH "invalid parameter \"match[]\": "
bool api_param_matchers(const HttpRequest *req, HttpResponse *resp, const char *prefix, Matchers **ret, size_t *ret_n);
/* Float seconds or 5m; absent: fallback_ms. */
bool api_param_duration(const HttpRequest *req, HttpResponse *resp, const char *name, int64_t fallback_ms,
                        int64_t *ret_ms);
/* A count; absent: 0, which means no limit wherever it is used. */
bool api_param_limit(const HttpRequest *req, HttpResponse *resp, const char *name, uint64_t *ret);
/* As Go reads a bool: 1, t, true, ...; absent: false. complaint: what stands before Go's. */
bool api_param_bool(const HttpRequest *req, HttpResponse *resp, const char *name, const char *complaint, bool *ret);
/* RFC 3339 or float seconds, kept within API_MIN_MS and API_MAX_MS. */
bool api_parse_time(Str text, int64_t *ret_ms);

/* 1435781451.781 as upstream prints times. */
void api_put_time(Buf *out, int64_t t_ms);
/* [t,"v"] */
void api_put_point(Buf *out, int64_t t_ms, double v);
/* [t,{"count":"...","sum":"...","buckets":[[rule,"lower","upper","count"],...]}]; rule says which bounds belong to a bucket:
 * 0 the upper, 1 the lower, 2 none, 3 both. Empty buckets are left out. */
void api_put_histogram(Buf *out, int64_t t_ms, const Histogram *h);
void api_put_labels(JsonWriter *w, Labels labels);
/* 2026-01-02T03:04:05.678Z as Go's RFC3339Nano; 0 prints Go's zero time. */
Str api_rfc3339(Arena *arena, int64_t t_ms);
