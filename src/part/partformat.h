/* part/partformat.h - what part.c and partwrite.c share: marks and record headers. Layout: docs/formats/parts.md. */
#pragma once
#include <stdint.h>

#include "base/bits.h"
#include "base/hash.h"
#include "part/part.h"

enum {
        PARTFORMAT_GROUP = 0x50555247,  /* "GRUP" */
        PARTFORMAT_TIMES = 0x454d4954,  /* "TIME" */
        PARTFORMAT_LABELS = 0x4c42414c, /* "LABL" */
        PARTFORMAT_INDEX = 0x58444e49,  /* "INDX" */
        PARTFORMAT_END = 0x444e4550,    /* "PEND" */
        PARTFORMAT_KIND_BITS = 2,       /* of a block's first number: its kind; the next bit: start times follow */
        PARTFORMAT_INDEX_FIXED = 64,    /* bytes of the index before its tables */
        PARTFORMAT_GROUP_ENTRY = 16,    /* first series id, offset of the record */
        PARTFORMAT_PAGE_ENTRY = 16,     /* the same of labels */
};

static const char PARTFORMAT_MAGIC[8] = { 'P', 'H', 'P', 'A', 'R', 'T', 'S', '\n' };

/* A record: mark, bytes of content, series in it (groups and labels), checksum of these 12 bytes and the content. */
static inline void partformat_put_header(void *at, uint32_t mark, uint32_t bytes, uint32_t count, const void *content)
{
        char *p = at;
        bits_put_le32(p, mark);
        bits_put_le32(p + 4, bytes);
        bits_put_le32(p + 8, count);
        bits_put_le32(p + 12, hash_crc32c(hash_crc32c(0, p, 12), content, bytes));
}
