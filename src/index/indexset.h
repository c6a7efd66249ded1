/* index/indexset.h - IndexSet: all index segments of a database: the manifest that names them, swapped atomically, and the list that readers
 * hold. A series may stand in several: its newest entry counts.
 *
 * Thread-safe; changes are serialised by the caller. Segments of a list stay readable after they were dropped. */
#pragma once
#include "index/indexbuild.h"
#include "store/manifest.h"

enum { INDEXSET_MAX_FILE_BYTES = 1 << 30 };

typedef struct IndexSet IndexSet;

/* Immutable; sorted by falling max_ms. snapshot_unref(&list->snap) when done. */
typedef struct IndexList {
        Snapshot snap;
        size_t n;
        IndexSeg *segs[];
} IndexList;

/* What opening or mending found; all zero for a healthy folder. */
typedef struct IndexDamage {
        uint64_t segments; /* damaged: made anew from their pages, the old file renamed to .bad */
        uint64_t lost;     /* of these, those in which pages were damaged as well */
        bool manifest;     /* was unreadable: every segment in the folder is used */
} IndexDamage;

/* dir exists. Removes what an interrupted change left. */
MUST_CHECK bool indexset_open(const Fs *fs, const char *dir, IndexSet **ret, IndexDamage *damage, Err *err);
void indexset_close(IndexSet *s);
DEFINE_AUTO(IndexSet *, indexset_close);
IndexList *indexset_list(IndexSet *s); /* returns owned: a reference */
/* The list is still the current one. */
bool indexset_is_current(IndexSet *s, const IndexList *list);

uint32_t indexset_new_id(IndexSet *s); /* never given twice */
void indexset_path(const IndexSet *s, uint32_t id, Buf *out);

/* What was collected, if anything, becomes a segment, whose id is added to ids: a change makes it count. *b is empty then. */
MUST_CHECK bool indexset_write(IndexSet *s, IndexBuild **b, ManifestIds *ids, Err *err);

typedef struct IndexChange {
        const uint32_t *add; /* ids; written and complete */
        size_t n_add;
        IndexSeg *const *drop;
        size_t n_drop;
        bool set_aside; /* dropped segments are renamed to .bad */
} IndexChange;

/* All or nothing, durable when it returns true. On failure nothing changes for readers, and the new segments are given up. */
MUST_CHECK bool indexset_change(IndexSet *s, const IndexChange *change, Err *err);
/* Reads every segment as a whole, so that indexset_mend finds what is damaged. Any thread. */
void indexset_verify(IndexSet *s);
/* Makes damaged segments anew from what is whole in them. */
MUST_CHECK bool indexset_mend(IndexSet *s, IndexDamage *damage, Err *err);

/* The newest entry of a series. */
bool indexset_find(const IndexList *list, Labels labels, IndexEntry *ret);
/* The same by id; labels (may be NULL) as indexseg_labels says. */
bool indexset_find_sid(const IndexList *list, uint64_t sid, Arena *arena, IndexEntry *ret, Labels *ret_labels);
/* A list read so far met damage: what was not found may be there. */
bool indexset_is_damaged(const IndexList *list);
uint64_t indexset_max_sid(const IndexList *list); /* 0: there is none */
