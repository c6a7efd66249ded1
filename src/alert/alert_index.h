/* alert/alert_index.h - AlertIndex: which of many matcher sets may match a label set, without asking each. Private.
 *
 * A set is found by one of its conditions that names the values it allows (an equality, or a regex of alternatives); sets
 * without such a condition are always candidates. Not thread-safe. */
#pragma once
#include "base/vec.h"
#include "model/matcher.h"

typedef VEC(uint32_t) AlertIdVec;

#define MAP_NAME IndexMap
#define MAP_FN_PREFIX index_map
#define MAP_KEY uint64_t
#define MAP_VAL AlertIdVec
#define MAP_HASH(k) (k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

typedef struct AlertIndex {
        IndexMap by_pair;    /* hash of a name and value -> ids */
        AlertIdVec anything; /* ids of sets that only asking can tell */
} AlertIndex;

void alert_index_done(AlertIndex *index);
void alert_index_add(AlertIndex *index, uint32_t id, Matchers matchers);
/* Calls fn for each candidate, each once at most for one label set; until it returns false. */
void alert_index_each(const AlertIndex *index, Labels labels, bool (*fn)(void *arg, uint32_t id), void *arg);
