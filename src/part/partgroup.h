/* part/partgroup.h - what a group record says: which series there are, and where their blocks lie. For part.c. Of both kinds: GRPS, whose series
 * name their blocks only when they are not like those of the series before, and GRUP of versions 1 and 2. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "part/part.h"
#include "part/partcursor.h"

/* What is left of a series' blocks. */
typedef struct SeriesData {
        uint64_t times; /* of the group: where its blocks' times are counted from */
        Cursor blocks;
        Cursor shape; /* samples and times of the blocks; p NULL: they stand with the blocks */
} SeriesData;

typedef struct GroupWalk {
        Cursor heads, data, shape;
        uint64_t sid, times;
        uint32_t left;
        bool plain; /* GRUP */
} GroupWalk;

typedef struct Block {
        size_t n;
        unsigned kind;
        uint64_t times;
        Cursor code, starts; /* starts.p NULL: none */
} Block;

/* count: series, as the record's header says. */
bool partgroup_begin(const Cursor *content, uint32_t mark, uint32_t count, GroupWalk *walk);
bool partgroup_next(GroupWalk *walk, SeriesData *ret); /* walk->sid: which one */
static inline bool partgroup_has_block(const SeriesData *s) { return left(s->shape.p ? &s->shape : &s->blocks) > 0; }
bool partgroup_block(SeriesData *s, Block *ret);
