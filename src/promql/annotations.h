/* promql/annotations.h - Annotations: the warnings and infos of one query, each said once, with its place in the
 * source.
 *
 * Thread-safe: kernels add from many workers. Texts are copied into the arena given to annotations_init. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "os/mutex.h"
#include "promql/promql.h"

typedef struct AnnotationSet AnnotationSet;

typedef struct Annotations {
        Mutex mu;
        Arena *arena; /* borrowed; touched only under mu */
        AnnotationSet *set;
        Str query; /* borrowed: where positions are looked up */
} Annotations;

enum { ANNOTATIONS_MAX = 10000 }; /* more distinct texts than this are dropped: a query cannot eat memory with names */

void annotations_init(Annotations *a, Arena *arena, Str query);
void annotations_done(Annotations *a);
/* "PromQL warning: <text> (line:col)". */
void annotations_warn(Annotations *a, SrcPos pos, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* "PromQL info: <text> (line:col)". */
void annotations_info(Annotations *a, SrcPos pos, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* "quantile value should be between 0 and 1, got <q>": said by many. by: the call or aggregation whose parameter at pos it is. */
void annotations_bad_quantile(Annotations *a, SrcPos by, SrcPos pos, double q);
/* All of them sorted by text (results never depend on threads), in the arena of init. */
void annotations_list(Annotations *a, PromqlAnnotation **ret, size_t *ret_n);
