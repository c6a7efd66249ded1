/* api/api_expr.h - handlers for what can be said of an expression without evaluating it; self is the ApiContext. Private. */
#pragma once
#include "api/api.h"

void api_expr_format(void *self, const HttpRequest *req, HttpResponse *resp);
void api_expr_parse(void *self, const HttpRequest *req, HttpResponse *resp);
/* The exemplars of every selector in it. */
void api_expr_exemplars(void *self, const HttpRequest *req, HttpResponse *resp);
