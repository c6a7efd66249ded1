/* promql/groupindex.h - GroupIndex: numbers groups of series by what is left of their labels. Private to promql/. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "promql/ast.h"

typedef struct GroupIndexMap GroupIndexMap;

enum { GROUPINDEX_MEMO = 256, GROUPINDEX_MEMO_LABELS = 3 };

/* A key by the addresses of its strings: stores keep each string once, so the next series of a group mostly has the same. */
typedef struct GroupMemo {
        Label pairs[GROUPINDEX_MEMO_LABELS];
        size_t n, group;
        bool used;
} GroupMemo;

typedef struct GroupIndex {
        Arena *arena; /* of the keys; label strings are borrowed from the series */
        GroupIndexMap *map;
        VEC(Labels) keys; /* the labels of group i */
        VEC(Label) scratch;
        GroupMemo *memo; /* made with the first key */
} GroupIndex;

/* What makes the key. */
typedef struct GroupRule {
        const StrVec *names;
        bool without;   /* all labels but names, else only names */
        bool keep_name; /* without: __name__ stays too */
} GroupRule;

void groupindex_init(GroupIndex *g, Arena *arena);
/* The group of these labels: finds it or makes it (*ret_fresh, may be NULL). Groups count from 0. An index has one rule for its life. */
size_t groupindex_of(GroupIndex *g, Labels labels, const GroupRule *rule, bool *ret_fresh);
/* The same for a ready key. */
size_t groupindex_key(GroupIndex *g, Labels key, bool *ret_fresh);
/* SIZE_MAX when there is no such group. */
size_t groupindex_find(GroupIndex *g, Labels labels, const GroupRule *rule);
