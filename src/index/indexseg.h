/* index/indexseg.h - IndexSeg: an immutable file that says which series there are: labels, id, newest sample; found by labels, by id, by
 * matchers, straight from the mapping. Layout: docs/formats/index.md.
 *
 * Reference-counted (snapshot_ref, snapshot_unref on indexseg_snapshot). Thread-safe. Memory beside the mapping: a bit for 64 KiB of file. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/labels.h"
#include "os/file.h"
#include "sync/snapshot.h"

enum {
        INDEXSEG_VERSION = 1,
        INDEXSEG_MAX_SERIES = 1 << 19,      /* of one file: what a merge holds in memory follows from it */
        INDEXSEG_MAX_STRINGS = 128 << 20,   /* bytes of different names and values in one file */
        INDEXSEG_MAX_PAIRS = 64 << 20,      /* labels of all its series */
        INDEXSEG_MAX_PAGE_BYTES = 64 << 20, /* labels of a page, unpacked */
};

typedef struct IndexSeg IndexSeg;

/* A series as the index knows it. */
typedef struct IndexEntry {
        uint64_t sid;
        int64_t last_ms; /* time and bits of its newest sample */
        uint64_t last_bits;
} IndexEntry;

typedef struct IndexSegInfo {
        uint32_t id;
        uint64_t series, pairs, bytes;
        uint64_t min_sid, max_sid;
        int64_t min_ms, max_ms; /* least and greatest last_ms */
} IndexSegInfo;

/* ERR_UNSUPPORTED for a newer format; ERR_CORRUPT when its tables cannot be used (see indexseg_salvage). */
MUST_CHECK bool indexseg_open(const Fs *fs, const char *path, uint32_t id, IndexSeg **ret, Err *err);
Snapshot *indexseg_snapshot(IndexSeg *x);
IndexSegInfo indexseg_info(const IndexSeg *x);
const char *indexseg_path(const IndexSeg *x);
/* A read met damage: what follows from the damaged block was left out. */
bool indexseg_is_damaged(const IndexSeg *x);

/* Reads all of it, tables and pages. False: something is damaged (indexseg_is_damaged says so from now on). */
bool indexseg_verify(IndexSeg *x);

/* Stable: it stands in files. */
uint32_t indexseg_hash(Labels labels);
bool indexseg_find(IndexSeg *x, Labels labels, uint32_t hash, IndexEntry *ret);
/* The place of a series id, 0 .. series - 1: places rise with ids. */
bool indexseg_place(IndexSeg *x, uint64_t sid, uint32_t *ret);
bool indexseg_entry(IndexSeg *x, uint32_t place, IndexEntry *ret);
/* The array lives in arena, its bytes in the mapping: hold a reference. */
bool indexseg_labels(IndexSeg *x, uint32_t place, Arena *arena, Labels *ret);
/* A name as the segment has it, and the pairs that have it. */
typedef struct IndexName {
        Str name;
        uint32_t from, to;
} IndexName;
/* Those of the names that the segment has; ret has room for n. */
size_t indexseg_find_names(IndexSeg *x, const Str *names, size_t n, IndexName *ret);
/* As indexseg_labels, but of these (different) names alone. */
bool indexseg_labels_of(IndexSeg *x, uint32_t place, const IndexName *names, size_t n, Arena *arena, Labels *ret);

/* ---- tables, for indexselect.c */
typedef struct IndexRecord {
        int64_t last_ms;
        uint64_t last_bits;
        const unsigned char *p, *end; /* of the coded pairs */
        uint64_t left;                /* pairs not taken */
        uint64_t pair;                /* the last one taken */
} IndexRecord;
/* At the first pair. */
bool indexseg_record(IndexSeg *x, uint32_t place, IndexRecord *ret);
/* The next pair, rising; false at the end and at damage. */
bool indexseg_next_pair(IndexSeg *x, IndexRecord *r, uint32_t *ret);
uint32_t indexseg_names(const IndexSeg *x);
bool indexseg_name(IndexSeg *x, uint32_t name, Str *ret);
bool indexseg_name_find(IndexSeg *x, Str name, uint32_t *ret);
/* The pairs [*from, *to) have this name; their values rise. */
bool indexseg_name_pairs(IndexSeg *x, uint32_t name, uint32_t *from, uint32_t *to);
bool indexseg_name_of(IndexSeg *x, uint32_t pair, uint32_t *ret);
bool indexseg_value(IndexSeg *x, uint32_t pair, Str *ret);
/* The pair of this name with this value. */
bool indexseg_value_find(IndexSeg *x, uint32_t name, Str value, uint32_t *ret);
bool indexseg_count(IndexSeg *x, uint32_t pair, uint32_t *ret);
/* Appends the places of the series with this pair, rising; out has room for indexseg_count. */
bool indexseg_places(IndexSeg *x, uint32_t pair, uint32_t *out, uint32_t *ret_n);

/* Every series whose page is whole, of a file in any state: rising ids. Returns how many stretches of bytes were no page. */
uint64_t indexseg_salvage(Str file, void (*fn)(void *ctx, const IndexEntry *entry, Labels labels), void *ctx);
