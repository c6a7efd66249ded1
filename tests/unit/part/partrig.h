/* tests/unit/part/partrig.h - a folder for parts, and samples of many shapes to put into them. */
#pragma once
#include "testing.h"

#include <math.h>

#include "base/rand.h"
#include "part/partwrite.h"
#include "tempdir.h"

typedef struct PartRig {
        char dir[64], path[96];
        Arena *arena;
        Rand rand;
} PartRig;

static inline void partrig_init(PartRig *r)
{
        tempdir_make(r->dir, "part");
        snprintf(r->path, sizeof r->path, "%s/00000001.part", r->dir);
        r->arena = arena_new();
        rand_init(&r->rand, 7);
}

static inline void partrig_done(PartRig *r)
{
        arena_free(r->arena);
        tempdir_remove(r->dir);
}

static inline Labels partrig_labels(Arena *arena, uint64_t sid)
{
        Label *l = arena_array(arena, Label, 2);
        l[0] = (Label){ STR("__name__"), STR("m") };
        l[1] = (Label){ STR("i"), str_printf(arena, "%llu", (unsigned long long)sid) };
        return (Labels){ l, 2 };
}

/* What series sid holds follows from sid alone. */
static inline void partrig_fill(Column *c, uint64_t sid, size_t n)
{
        Rand r;
        rand_init(&r, sid);
        column_clear(c);
        int64_t t = INT64_C(1700000000000) + (int64_t)(sid % 3);
        double v = 0;
        for (size_t i = 0; i < n; i++) {
                t += sid % 5 == 4 ? 1 + (int64_t)rand_below(&r, 20000) : 15000;
                switch (sid % 4) {
                case 0: v += (double)rand_below(&r, 50); break;
                case 1: v = (double)rand_below(&r, 1000) / 100; break;
                case 2: v = rand_double(&r); break;
                default: v = (double)sid; break;
                }
                column_push(c, t, rand_below(&r, 100) ? v : sample_stale());
        }
}

static inline void partrig_equal(const Column *a, const Column *b)
{
        assert_int_equal(a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                assert_int_equal(a->t[i], b->t[i]);
                assert_double(a->v[i], b->v[i]);
        }
}

/* Series 3, 5, 7, ... of `samples` samples. */
static inline void partrig_write(PartRig *r, size_t series, size_t samples)
{
        PartWriter *w;
        Err err;
        Column c = { 0 };
        assert_ok(partwrite_begin(fs_system(), r->path, 1, 0, &w, &err), err);
        for (size_t i = 0; i < series; i++) {
                partrig_fill(&c, 3 + 2 * i, samples);
                assert_ok(partwrite_series(w, 3 + 2 * i, partrig_labels(r->arena, 3 + 2 * i), &c, &err), err);
        }
        assert_ok(partwrite_commit(w, &err), err);
        column_done(&c);
}

static inline Part *partrig_open(PartRig *r, PartDamage *damage)
{
        Part *p;
        Err err;
        *damage = (PartDamage){ 0 };
        assert_ok(part_open(fs_system(), r->path, 1, &p, damage, &err), err);
        return p;
}
