/* part/partformat.h - what part.c and partwrite.c share: marks and sizes. Layout: docs/formats/parts.md. */
#pragma once
enum {
        PARTFORMAT_GROUP = 0x53505247,     /* "GRPS" */
        PARTFORMAT_GROUP_OLD = 0x50555247, /* "GRUP", of versions 1 and 2 */
        PARTFORMAT_TIMES = 0x454d4954,     /* "TIME" */
        PARTFORMAT_LABELS = 0x4c4f434c,    /* "LCOL"; RECORD_LABELS in versions 1 and 2 */
        PARTFORMAT_INDEX = 0x58444e49,     /* "INDX" */
        PARTFORMAT_END = 0x444e4550,       /* "PEND" */
        PARTFORMAT_OTHER_SHAPE = 1,  /* of a series' head in a group: its blocks are not like those of the one before */
        PARTFORMAT_OTHER_ID = 2,     /* its id is not the next one */
        PARTFORMAT_SERIES_BITS = 2,  /* below the bytes of its blocks */
        PARTFORMAT_KIND_BITS = 2,    /* of a block's first number: its kind; the next bit: start times follow */
        PARTFORMAT_INDEX_FIXED = 64, /* bytes of the index before its tables */
        PARTFORMAT_GROUP_ENTRY = 16, /* first series id, offset of the record */
        PARTFORMAT_PAGE_ENTRY = 16,  /* the same of labels */
};

static const char PARTFORMAT_MAGIC[8] = { 'P', 'H', 'P', 'A', 'R', 'T', 'S', '\n' };
