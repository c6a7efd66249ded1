/* api/api_query.h - handlers of Prometheus' query endpoints; self is the ApiContext. Private. */
#pragma once
#include "api/api.h"

void api_query_instant(void *self, const HttpRequest *req, HttpResponse *resp);
/* An instant query that is so small that no other thread is worth waking. */
bool api_query_is_small(void *self, const HttpRequest *req);
void api_query_range(void *self, const HttpRequest *req, HttpResponse *resp);
/* The parameter `query`, parsed into the request's arena. False: the error was replied. */
bool api_query_expr(const HttpRequest *req, HttpResponse *resp, const ApiContext *ctx, Str *ret_text, Expr **ret);

/* The same; prefix: what stands before the complaint, which upstream leaves out in places. */
#define API_BAD_QUERY "invalid parameter \"query\": "
bool api_query_parse(const HttpRequest *req, HttpResponse *resp, const ApiContext *ctx, const char *prefix,
                     Str *ret_text, Expr **ret);

/* The parts, for other endpoints that evaluate. False: the error was replied. Times into *ret: */
bool api_query_read_instant(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, PromqlQuery *ret);
bool api_query_read_range(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, PromqlQuery *ret);
/* The expression and the other parameters into *query, and evaluates. */
bool api_query_run(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, PromqlQuery *query, PromqlResult *ret);
