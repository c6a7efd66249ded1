/* model/labels.h - Labels: a series' name/value pairs, sorted by name (byte order), names unique, no empty values. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

struct JsonValue;
struct JsonWriter;

#define LABEL_NAME STR("__name__")

typedef struct Label {
        Str name, value;
} Label;

/* Borrowed, by value; who holds the strings is said by each function. */
typedef struct Labels {
        const Label *data;
        size_t n;
} Labels;

/* Empty Str (n == 0) when absent. */
Str labels_get(Labels labels, Str name);
bool labels_has(Labels labels, Str name);
bool labels_eq(Labels a, Labels b);
/* Prometheus' order: pair by pair, name before value, fewer pairs first on a tie. */
int labels_cmp(Labels a, Labels b);
/* Alertmanager's order: fewer pairs first, then pair by pair; of two names the larger first, of two values the smaller. */
int labels_cmp_count_first(Labels a, Labels b);
/* Stable within one process only. */
uint64_t labels_hash(Labels labels);
/* Copies the pairs and all their bytes into arena. */
Labels labels_dup(Arena *arena, Labels labels);
/* {__name__="x", a="b"} becomes x{a="b"}; values quoted as Go's %q; names that are not [a-zA-Z_:][a-zA-Z0-9_:]* are
 * quoted. Empty labels print {}. */
void labels_print(Buf *out, Labels labels);
void labels_print_alike(Buf *out, Labels labels); /* {__name__="x", a="b"}: the name like the others */
/* {"a":"b",...} including __name__. */
void labels_print_json(Buf *out, Labels labels);
/* "key":{"a":"b",...} into an object that is being written. */
void labels_put_json(struct JsonWriter *w, const char *key, Labels labels);
/* A JSON object of strings, copied into arena; other values are left out, NULL gives none. */
Labels labels_from_json(Arena *arena, const struct JsonValue *object);
bool labels_name_is_legacy_valid(Str name);   /* [a-zA-Z_][a-zA-Z0-9_]* */
bool labels_metric_is_legacy_valid(Str name); /* the same plus colons */

/* LabelsBuilder: start from a base, set and delete, then build. Strings are borrowed until build, which copies the
 * pair array (not the bytes) into the arena given to it. */
typedef struct LabelsBuilder {
        VEC(Label) pairs; /* unsorted while building */
} LabelsBuilder;
void labels_builder_init(LabelsBuilder *b, Arena *arena, Labels base);
Str labels_builder_get(const LabelsBuilder *b, Str name);
/* An empty value deletes. */
void labels_builder_set(LabelsBuilder *b, Str name, Str value);
/* As _set, but an empty value is kept: for annotations and other texts. */
void labels_builder_put(LabelsBuilder *b, Str name, Str value);
void labels_builder_del(LabelsBuilder *b, Str name);
/* Sorted, valid as long as arena and the strings that were set. */
Labels labels_builder_build(LabelsBuilder *b, Arena *arena);
