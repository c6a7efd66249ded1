/* tests/unit/index/indexrig.h - a folder for index segments, and series whose labels follow from their number. */
#pragma once
#include "testing.h"

#include "base/rand.h"
#include "index/indexset.h"
#include "tempdir.h"

typedef struct IndexRig {
        char dir[64], path[96];
        Arena *arena;
        Rand rand;
} IndexRig;

static inline void indexrig_init(IndexRig *r)
{
        tempdir_make(r->dir, "index");
        snprintf(r->path, sizeof r->path, "%s/00000001.index", r->dir);
        r->arena = arena_new();
        rand_init(&r->rand, 7);
}

static inline void indexrig_done(IndexRig *r)
{
        arena_free(r->arena);
        tempdir_remove(r->dir);
}

/* Some labels of many, some of few series, some that are not there. */
static inline Labels indexrig_labels(Arena *arena, uint64_t sid)
{
        Label *l = arena_array(arena, Label, 5);
        size_t n = 0;
        l[n++] = (Label){ STR("__name__"), str_printf(arena, "metric_%llu", (unsigned long long)(sid % 7)) };
        if (sid % 3)
                l[n++] = (Label){ STR("env"), sid % 2 ? STR("prod") : STR("test") };
        l[n++] = (Label){ STR("instance"), str_printf(arena, "host-%llu:9100", (unsigned long long)(sid / 10)) };
        if (sid % 5 == 0)
                l[n++] = (Label){ STR("pod"), str_printf(arena, "pod-%llu", (unsigned long long)sid) };
        l[n++] = (Label){ STR("sid"), str_printf(arena, "%llu", (unsigned long long)sid) };
        return (Labels){ l, n };
}

static inline IndexEntry indexrig_entry(uint64_t sid)
{
        return (IndexEntry){ sid, INT64_C(1700000000000) - (int64_t)(sid % 1000) * 15000, sid * 77 };
}

/* Series first, first + step, ... */
static inline void indexrig_write(const char *path, uint32_t id, uint64_t first, uint64_t step, size_t n)
{
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        AUTO(arena_free) Arena *arena = arena_new();
        Err err;
        for (size_t i = 0; i < n; i++) {
                IndexEntry e = indexrig_entry(first + i * step);
                arena_reset(arena);
                indexbuild_add(b, &e, indexrig_labels(arena, e.sid));
        }
        assert_int_equal(indexbuild_series(b), n);
        assert_ok(indexbuild_write(b, fs_system(), path, id, &err), err);
}

static inline IndexSeg *indexrig_open(const char *path)
{
        IndexSeg *x;
        Err err;
        assert_ok(indexseg_open(fs_system(), path, 1, &x, &err), err);
        return x;
}
