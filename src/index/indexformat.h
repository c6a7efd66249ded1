/* index/indexformat.h - what indexseg.c and indexbuild.c share. Layout: docs/formats/index.md. */
#pragma once
enum {
        INDEXFORMAT_HEADER_BYTES = 32,
        INDEXFORMAT_TRAILER_BYTES = 24,
        INDEXFORMAT_END = 0x444e4549, /* "IEND" */
        INDEXFORMAT_PAGE_SERIES = 256,
        INDEXFORMAT_BLOCK_BYTES = 64 << 10, /* of the tables: with a checksum each */
};

/* The tables, in this order. */
enum {
        INDEXFORMAT_OFFSETS,    /* u32 for each name, then each value, and one more: where it stands in STRINGS */
        INDEXFORMAT_STRINGS,    /* bytes */
        INDEXFORMAT_NAMES,      /* u32 for each name and one more: its first pair */
        INDEXFORMAT_PLACES_AT,  /* u32 for each pair and one more: where its places stand in PLACES */
        INDEXFORMAT_PLACES,     /* varint count, varint first, varint differences */
        INDEXFORMAT_SIDS,       /* u64 for each series */
        INDEXFORMAT_RECORDS_AT, /* u32 for each series and one more: where it stands in RECORDS */
        INDEXFORMAT_RECORDS, /* varint max_ms - last_ms, 8 bytes of value, varint count, varint first pair, differences */
        INDEXFORMAT_HASHES, /* u32 hash, u32 place + 1, in a table of open addressing */
        INDEXFORMAT_TABLES_,
};

/* The numbers of the footer, 8 bytes each. */
enum {
        INDEXFORMAT_N_SERIES,
        INDEXFORMAT_N_NAMES,
        INDEXFORMAT_N_PAIRS,
        INDEXFORMAT_N_HASHES, /* places in the table: a power of two */
        INDEXFORMAT_MIN_MS,
        INDEXFORMAT_MAX_MS,
        INDEXFORMAT_MIN_SID,
        INDEXFORMAT_MAX_SID,
        INDEXFORMAT_TABLES_AT, /* offset in the file */
        INDEXFORMAT_TABLE,     /* for each table: offset among the tables; then their length */
        INDEXFORMAT_NUMBERS = INDEXFORMAT_TABLE + INDEXFORMAT_TABLES_ + 1,
};

static const char INDEXFORMAT_MAGIC[8] = { 'P', 'H', 'I', 'N', 'D', 'E', 'X', '\n' };
