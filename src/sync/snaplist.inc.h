/* sync/snaplist.inc.h - a published list of counted objects: an immutable sorted array that readers hold, replaced as a whole when objects
 * come and go; include once per .c file.
 *
 * Define before including: LIST_TYPE (a struct { Snapshot snap; size_t n; LIST_ITEM *LIST_FIELD[]; }), LIST_ITEM, LIST_FIELD,
 * LIST_SNAPSHOT(item) -> Snapshot *, LIST_ORDER(a, b) -> int as of qsort. All are undefined afterwards.
 *     void list_init(SnapshotCell *)                              publishes the empty list
 *     bool list_among(items, n, item)                             is it one of them?
 *     void list_change(SnapshotCell *, add, n_add, drop, n_drop)  publishes the current list with some more and without others;
 *                                                                 takes the caller's references to the added. The caller serialises */
#include <stdlib.h>

#include "base/mem.h"
#include "sync/snapshot.h"

static void list_free(Snapshot *snap)
{
        LIST_TYPE *list = (LIST_TYPE *)snap;
        for (size_t i = 0; i < list->n; i++)
                snapshot_unref(LIST_SNAPSHOT(list->LIST_FIELD[i]));
        mem_free(list);
}

static LIST_TYPE *list_new(size_t n)
{
        LIST_TYPE *list = mem_zalloc(sizeof *list + n * sizeof *list->LIST_FIELD);
        snapshot_init(&list->snap, list_free);
        return list;
}

static void list_init(SnapshotCell *cell)
{
        snapshot_cell_init(cell);
        snapshot_publish(cell, &list_new(0)->snap);
}

static bool list_among(LIST_ITEM *const *items, size_t n, const LIST_ITEM *item)
{
        for (size_t i = 0; i < n; i++)
                if (items[i] == item)
                        return true;
        return false;
}

static int list_compare(const void *a, const void *b)
{
        return LIST_ORDER(*(LIST_ITEM *const *)a, *(LIST_ITEM *const *)b);
}

static void list_change(SnapshotCell *cell, LIST_ITEM *const *add, size_t n_add, LIST_ITEM *const *drop, size_t n_drop)
{
        AUTO(snapshot_unref) Snapshot *held = snapshot_get(cell);
        const LIST_TYPE *old = (const LIST_TYPE *)held;
        LIST_TYPE *list = list_new(old->n + n_add);
        for (size_t i = 0; i < old->n; i++)
                if (!list_among(drop, n_drop, old->LIST_FIELD[i])) {
                        snapshot_ref(LIST_SNAPSHOT(old->LIST_FIELD[i]));
                        list->LIST_FIELD[list->n++] = old->LIST_FIELD[i];
                }
        for (size_t i = 0; i < n_add; i++)
                list->LIST_FIELD[list->n++] = add[i];
        if (list->n)
                qsort((void *)list->LIST_FIELD, list->n, sizeof *list->LIST_FIELD, list_compare);
        snapshot_publish(cell, &list->snap);
}

#undef LIST_TYPE
#undef LIST_ITEM
#undef LIST_FIELD
#undef LIST_SNAPSHOT
#undef LIST_ORDER
