/* Invariants:
 * 1. Two annotations with the same text are one, wherever they were said: at the place that is evaluated last, as upstream
 * keeps it. That is the one that ends last in the source, and of those that end together the one that begins first.
 * 2. The list is sorted, so it does not depend on which worker spoke first. */
#include "promql/annotations.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "codec/floats.h"

typedef struct Place {
        SrcPos pos, by; /* by: what is evaluated there, mostly the same */
        bool is_info;
} Place;

#define MAP_NAME AnnotationMap
#define MAP_FN_PREFIX annotation_map
#define MAP_KEY Str
#define MAP_VAL Place
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

struct AnnotationSet {
        AnnotationMap map; /* by text */
};

void annotations_init(Annotations *a, Arena *arena, Str query)
{
        *a = (Annotations){ .arena = arena, .query = query, .set = arena_new_of(arena, AnnotationSet) };
        a->set->map.arena = arena;
        mutex_init(&a->mu);
}

void annotations_done(Annotations *a) { mutex_done(&a->mu); }

static bool is_later(SrcPos a, SrcPos b) { return a.end != b.end ? a.end > b.end : a.start < b.start; }

PRINTF_LIKE(5, 0) static void add(Annotations *a, bool is_info, SrcPos by, SrcPos pos, const char *fmt, va_list ap)
{
        char text[1024];
        int n = vsnprintf(text, sizeof text, fmt, ap);
        if (n < 0)
                return;
        Str key = str_n(text, MIN_OF((size_t)n, sizeof text - 1));
        MUTEX_SCOPE(&a->mu);
        AnnotationMap *map = &a->set->map;
        Place *known = annotation_map_get(map, key);
        if (known) {
                if (is_later(by, known->by))
                        *known = (Place){ pos, by, known->is_info };
        } else if (map->len < ANNOTATIONS_MAX) {
                *annotation_map_put(map, str_dup(a->arena, key), NULL) = (Place){ pos, by, is_info };
        }
}

static Str full_text(Annotations *a, Str text, Place place)
{
        unsigned line = 1, col = 1;
        ast_line_col(a->query, place.pos.start, &line, &col);
        Buf full = { .arena = a->arena };
        buf_printf(&full, "PromQL %s: " STR_FMT " (%u:%u)", place.is_info ? "info" : "warning", STR_ARG(text), line,
                   col);
        return buf_str(&full);
}

void annotations_warn(Annotations *a, SrcPos pos, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        add(a, false, pos, pos, fmt, ap);
        va_end(ap);
}

void annotations_info(Annotations *a, SrcPos pos, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        add(a, true, pos, pos, fmt, ap);
        va_end(ap);
}

PRINTF_LIKE(4, 5) static void warn_by(Annotations *a, SrcPos by, SrcPos pos, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        add(a, false, by, pos, fmt, ap);
        va_end(ap);
}

void annotations_bad_quantile(Annotations *a, SrcPos by, SrcPos pos, double q)
{
        AUTO(buf_done) Buf num = { 0 };
        floats_format_g(&num, q);
        warn_by(a, by, pos, "quantile value should be between 0 and 1, got %s", buf_cstr(&num));
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
                (*ret)[(*ret_n)++] = (PromqlAnnotation){ .is_info = s->val.is_info,
                                                         .text = full_text(a, s->key, s->val) };
        qsort(*ret, *ret_n, sizeof **ret, by_text);
}
