/* part/part.h - Part: an immutable file of samples, read straight from its mapping: series by rising id, each in blocks of coded columns;
 * times shared between series; labels in pages; a small index at the end. Layout: docs/formats/parts.md.
 *
 * Reference-counted (snapshot_ref, snapshot_unref on part_snapshot). Thread-safe. Memory beside the mapping: two bits for 32 series. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/labels.h"
#include "model/sample.h"
#include "os/file.h"
#include "sync/snapshot.h"

enum {
        PART_VERSION = 3, /* 1 and 2 are read too */
        PART_HEADER_BYTES = 32,
        PART_TRAILER_BYTES = 24,
        PART_GROUP_SERIES = 32,         /* series that share a checksum and an index entry */
        PART_PAGE_SERIES = 2048,        /* series whose labels are compressed together */
        PART_BLOCK_SAMPLES = 1024,      /* at most, of one block */
        PART_MAX_PAGE_BYTES = 64 << 20, /* labels of a page, unpacked */
        PART_MAX_RECORD_BYTES = 1 << 30,
};

/* Kinds of blocks. */
enum { PART_BLOCK_FLOATS = 0, PART_BLOCK_HISTOGRAMS = 1 };

typedef struct Part Part;

typedef struct PartInfo {
        uint32_t id, level; /* level: 0 for what came from the head, one more with every merge */
        uint64_t series, samples, blocks, bytes;
        int64_t min_ms, max_ms; /* of the data; INT64_MAX and INT64_MIN when empty */
} PartInfo;

/* What opening or verifying found; all zero for a healthy file. */
typedef struct PartDamage {
        uint64_t records; /* that fail their checksum or make no sense: their series are not served */
        bool index;       /* rebuilt from the records */
} PartDamage;

/* ERR_UNSUPPORTED for a newer format; ERR_CORRUPT when nothing in it can be used. Other damage is not an error. */
MUST_CHECK bool part_open(const Fs *fs, const char *path, uint32_t id, Part **ret, PartDamage *damage, Err *err);
Snapshot *part_snapshot(Part *p);
PartInfo part_info(const Part *p);
const char *part_path(const Part *p);

/* Appends the samples of a series inside [min_ms, max_ms] to out, in order. Damaged groups and blocks are skipped; those met for the first
 * time are added to *damaged. False when the part does not know the series. */
bool part_read(Part *p, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged);
/* Appends the last sample of a series inside [min_ms, max_ms], if there is one: what part_read would append last. Of the series' blocks only
 * the one that holds it is decoded. Damage as part_read. */
bool part_last(Part *p, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged);

/* What a read is for. */
typedef struct PartRead {
        int64_t min_ms, max_ms;
        bool last_only; /* only the newest sample of the range is looked at: older ones may be left out */
        bool presence; /* of floats only whether they are stale markers is looked at: others may be any number that is none */
} PartRead;

/* A reader's place: heads of the group and times that were unpacked last, which neighbours share: reading series by rising id costs much
 * less than part_read. One thread at a time. Borrows the part. */
typedef struct PartCursor PartCursor;
PartCursor *part_cursor_new(Part *p);
void part_cursor_free(PartCursor *c); /* NULL is fine */
bool part_cursor_read(PartCursor *c, uint64_t sid, const PartRead *what, Column *out, uint64_t *damaged);
size_t part_cursor_bytes(const PartCursor *c);
/* The least series id that is >= sid; false when there is none. For walking: start at 0, go on with *ret + 1. */
bool part_next_series(Part *p, uint64_t sid, uint64_t *ret);
/* How many samples a series has here, without decoding them. */
uint64_t part_count(Part *p, uint64_t sid);
/* The labels of a series, living in arena. False when it is unknown, or its labels are damaged. */
bool part_labels(Part *p, uint64_t sid, Arena *arena, Labels *ret);
/* The same for many series by rising id: a page is unpacked once. Zero-initialised; for one part. */
typedef struct PartPage {
        Buf text;
        struct LabelPage *columns; /* NULL: a page of versions 1 and 2 */
        uint64_t number;           /* of the page, + 1 */
} PartPage;
bool part_labels_next(Part *p, PartPage *page, uint64_t sid, Arena *arena, Labels *ret);
void part_page_done(PartPage *page);
static inline void auto_part_page_done(PartPage *page) { part_page_done(page); }
/* Decodes everything. *damage: what is bad. */
void part_verify(Part *p, PartDamage *damage);
