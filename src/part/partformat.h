/* part/partformat.h - what part.c and partwrite.c share: marks and sizes. Layout: docs/formats/parts.md. */
#pragma once
enum {
        PARTFORMAT_GROUP = 0x50555247, /* "GRUP" */
        PARTFORMAT_TIMES = 0x454d4954, /* "TIME" */
        PARTFORMAT_INDEX = 0x58444e49, /* "INDX" */
        PARTFORMAT_END = 0x444e4550,   /* "PEND" */
        PARTFORMAT_KIND_BITS = 2,      /* of a block's first number: its kind; the next bit: start times follow */
        PARTFORMAT_INDEX_FIXED = 64,   /* bytes of the index before its tables */
        PARTFORMAT_GROUP_ENTRY = 16,   /* first series id, offset of the record */
        PARTFORMAT_PAGE_ENTRY = 16,    /* the same of labels */
};

static const char PARTFORMAT_MAGIC[8] = { 'P', 'H', 'P', 'A', 'R', 'T', 'S', '\n' };
