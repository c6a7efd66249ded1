/* Invariants:
 * 1. Two annotations with the same final text are one.
 * 2. The list is sorted, so it does not depend on which worker spoke first. */
#include "promql/annotations.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "codec/floats.h"

#define MAP_NAME AnnotationMap
#define MAP_FN_PREFIX annotation_map
#define MAP_KEY Str
#define MAP_VAL bool
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

struct AnnotationSet {
        AnnotationMap map; /* text -> is_info */
};

void annotations_init(Annotations *a, Arena *arena, Str query)
{
        *a = (Annotations){ .arena = arena, .query = query, .set = arena_new_of(arena, AnnotationSet) };
        a->set->map.arena = arena;
        mutex_init(&a->mu);
}

void annotations_done(Annotations *a) { mutex_done(&a->mu); }

PRINTF_LIKE(4, 0) static void add(Annotations *a, bool is_info, SrcPos pos, const char *fmt, va_list ap)
{
        char text[1024];
        int n = vsnprintf(text, sizeof text, fmt, ap);
        if (n < 0)
                return;
        unsigned line = 1, col = 1;
        ast_line_col(a->query, pos.start, &line, &col);
        char full[1200];
        int len = snprintf(full, sizeof full, "PromQL %s: %s (%u:%u)", is_info ? "info" : "warning", text, line, col);
        Str key = str_n(full, MIN_OF((size_t)(len < 0 ? 0 : len), sizeof full - 1));
        MUTEX_SCOPE(&a->mu);
        AnnotationMap *map = &a->set->map;
        if (annotation_map_get(map, key) || map->len >= ANNOTATIONS_MAX)
                return;
        *annotation_map_put(map, str_dup(a->arena, key), NULL) = is_info;
}

void annotations_warn(Annotations *a, SrcPos pos, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        add(a, false, pos, fmt, ap);
        va_end(ap);
}

void annotations_info(Annotations *a, SrcPos pos, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        add(a, true, pos, fmt, ap);
        va_end(ap);
}

void annotations_bad_quantile(Annotations *a, SrcPos pos, double q)
{
        AUTO(buf_done) Buf num = { 0 };
        floats_format_g(&num, q);
        annotations_warn(a, pos, "quantile value should be between 0 and 1, got %s", buf_cstr(&num));
}

static int by_text(const void *a, const void *b)
{
        return str_cmp(((const PromqlAnnotation *)a)->text, ((const PromqlAnnotation *)b)->text);
}

void annotations_list(Annotations *a, PromqlAnnotation **ret, size_t *ret_n)
{
        MUTEX_SCOPE(&a->mu);
        AnnotationMap *map = &a->set->map;
        *ret_n = 0;
        *ret = arena_array(a->arena, PromqlAnnotation, map->len ? map->len : 1);
        for (AnnotationMapSlot *s = annotation_map_next(map, NULL); s; s = annotation_map_next(map, s))
                (*ret)[(*ret_n)++] = (PromqlAnnotation){ .is_info = s->val, .text = s->key };
        qsort(*ret, *ret_n, sizeof **ret, by_text);
}
