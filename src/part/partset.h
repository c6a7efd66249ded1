/* part/partset.h - PartSet: all parts of a database: the manifest that names them, swapped atomically, and the list that readers hold.
 *
 * Thread-safe; changes are serialised by the caller. Readers take the list once per read; parts they hold stay readable after they were
 * dropped. Layout of the manifest: docs/formats/parts.md. */
#pragma once
#include "base/vec.h"
#include "part/part.h"

typedef struct PartSet PartSet;

/* Immutable; sorted by first time, then id. snapshot_unref(&list->snap) when done. */
typedef struct PartList {
        Snapshot snap;
        size_t n;
        Part *parts[];
} PartList;

/* What opening found; all zero for a healthy folder. */
typedef struct PartSetDamage {
        uint64_t parts;   /* that could not be used at all: renamed to .bad */
        uint64_t records; /* damaged inside parts that are used */
        bool manifest;    /* was unreadable: every part in the folder is used */
} PartSetDamage;

/* dir exists. Removes what an interrupted change left. */
MUST_CHECK bool partset_open(const Fs *fs, const char *dir, PartSet **ret, PartSetDamage *damage, Err *err);
void partset_close(PartSet *s);
DEFINE_AUTO(PartSet *, partset_close);
PartList *partset_list(PartSet *s);                     /* returns owned: a reference */
bool partset_has(PartSet *s, uint64_t sid, uint64_t n); /* a series whose id is one of the n from `sid` on */

uint32_t partset_new_id(PartSet *s); /* never given twice */
void partset_path(const PartSet *s, uint32_t id, Buf *out);

/* A change: parts that come and go, and files of another kind, by number, whose content is in the new part. */
typedef struct PartChange {
        const uint32_t *add; /* ids; written and complete */
        size_t n_add;
        Part *const *drop;
        size_t n_drop;
        const uint32_t
                *replaced; /* stay in the manifest until partset_settle, so that a crash does not bring them back */
        size_t n_replaced;
        bool set_aside; /* dropped parts are renamed to .bad: something in them was damaged and is not in the new one */
} PartChange;

/* All or nothing, durable when it returns true. On failure nothing changes for readers, and the new parts are given up. */
MUST_CHECK bool partset_change(PartSet *s, const PartChange *change, Err *err);
/* Numbers in the manifest whose files were replaced, and may still be there. */
const uint32_t *partset_replaced(const PartSet *s, size_t *ret_n);
/* Those files are gone: the next change forgets them. */
void partset_settle(PartSet *s);
/* Numbers up to here were used for replaced files: they are not given out again. */
uint32_t partset_replaced_floor(const PartSet *s);

/* Appends a series' samples from all parts; out may not rise where parts overlap: earlier parts come first. */
void partset_read(PartSet *s, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged);

/* A reader's place in all parts (see PartCursor). One thread at a time. Holds the list that it was made with. */
typedef struct PartSetCursor PartSetCursor;
PartSetCursor *partset_cursor_new(PartSet *s);
void partset_cursor_free(PartSetCursor *c); /* NULL is fine */
void partset_cursor_read(PartSetCursor *c, uint64_t sid, const PartRead *what, Column *out, uint64_t *damaged);
size_t partset_cursor_bytes(const PartSetCursor *c);
