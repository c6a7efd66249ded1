/* tsdb/postings.h - Postings: which series have which label: for every (name, value) the set of series slots.
 *
 * Not thread-safe: guarded by the head's index lock, reading under the read lock is fine. Symbols belong to the caller's Symtab. */
#pragma once
#include <roaring/roaring.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/matcher.h"
#include "sync/cancel.h"
#include "tsdb/symtab.h"

typedef struct Postings Postings;

typedef struct PostingsPair {
        uint32_t name, value; /* symbols */
} PostingsPair;

Postings *postings_new(const Symtab *symbols); /* borrows symbols */
void postings_free(Postings *p);
void postings_add(Postings *p, uint32_t slot, const PostingsPair *pairs, size_t n);
/* Forgets the slot; a value without series vanishes. */
void postings_remove(Postings *p, uint32_t slot, const PostingsPair *pairs, size_t n);

/* Returns owned (roaring_bitmap_free): the slots of the series that match all. An empty list matches everything. ERR_CANCELED or
 * ERR_TIMEOUT when cancel says so. */
MUST_CHECK bool postings_select(Postings *p, Matchers matchers, const Cancel *cancel, roaring_bitmap_t **ret, Err *err);

/* No more series than this match: what labels that must be equal have in common, two by two. */
size_t postings_at_most(const Postings *p, Matchers matchers);

/* Names in use, in any order, living in arena. */
size_t postings_names(const Postings *p, Arena *arena, uint32_t **ret);
typedef struct PostingsCount {
        uint32_t value;  /* symbol */
        uint64_t series; /* with this value (inside `within`) */
} PostingsCount;
/* The values of a name with at least one series inside `within` (NULL: any), in any order. */
size_t postings_values(const Postings *p, uint32_t name, const roaring_bitmap_t *within, Arena *arena,
                       PostingsCount **ret);
/* How many values the name has, and how many series this value of it has (0: it is a new one). */
void postings_count(const Postings *p, Str name, Str value, size_t *ret_values, uint64_t *ret_series);
size_t postings_pairs(const Postings *p); /* different (name, value) */
size_t postings_bytes(const Postings *p); /* memory, estimated */
