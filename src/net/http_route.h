/* net/http_route.h - private to the server: the route table. Immutable after http_route_init but for the cached
 * metrics. */
#pragma once
#include <stddef.h>

#include "base/arena.h"
#include "base/metric.h"
#include "base/str.h"
#include "net/http_server.h"

enum { HTTP_ROUTE_CODES = 600 };

typedef struct RouteEntry {
        const HttpRoute *route;                    /* NULL: requests that no route matched */
        Str path;                                  /* without the '*' */
        bool any_rest;                             /* ended in '*' */
        Metric *_Atomic by_code[HTTP_ROUTE_CODES]; /* pharos_net_http_requests_total, looked up once a status */
        Metric *_Atomic seconds;
} RouteEntry;

typedef struct RouteTable {
        RouteEntry *entries; /* longest path first, exact before '*' */
        size_t n;
} RouteTable;

/* Lives in arena; routes are borrowed. */
void http_route_init(RouteTable *table, Arena *arena, const HttpRoute *routes, size_t n);
/* The entry for path and method. NULL: *ret_allow has the methods of the routes that match the path, 0 when none does.
 */
RouteEntry *http_route_find(const RouteTable *table, Str path, HttpMethod method, unsigned *ret_allow);
/* "GET, HEAD, POST" */
Str http_route_allow(Arena *arena, unsigned methods);
