/* alert/alert_route.h - the route tree at work: which routes an alert takes, and what their groups are called. */
#pragma once
#include "alert/alert.h"

/* Calls fn for each route that takes an alert with these labels: depth first, left to right, as Alertmanager. */
void alert_route_match(const AlertRoute *root, Labels labels, void (*fn)(void *arg, const AlertRoute *route),
                       void *arg);
/* The labels of the alert by which this route groups. Strings are borrowed from labels, the array lives in arena. */
Labels alert_route_group_labels(const AlertRoute *route, Labels labels, Arena *arena);
/* {}/{severity="critical"}: the matchers from the root down to this route. */
void alert_route_key(Buf *out, const AlertRoute *root, const AlertRoute *route);
/* A deep copy, regexes compiled anew. */
MUST_CHECK bool alert_route_copy(const AlertRoute *from, Arena *arena, AlertRoute *ret, Err *err);
/* {a="b", c="d"}: how a label set stands in a group key. */
void alert_route_print_labels(Buf *out, Labels labels);
