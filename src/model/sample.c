#include "model/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"

enum { COLUMN_MIN_CAP = 128 };

void column_done(Column *c)
{
        mem_free(c->t);
        mem_free(c->v);
        mem_free((void *)c->h);
        mem_free(c->st);
        mem_free(c->rolled);
        if (c->arena)
                arena_free(c->arena);
        *c = (Column){ 0 };
}

void column_clear(Column *c)
{
        c->n = c->n_rolled = 0;
        if (c->h) {
                mem_free((void *)c->h);
                c->h = NULL;
        }
        if (c->st) {
                mem_free(c->st);
                c->st = NULL;
        }
        if (c->arena)
                arena_reset(c->arena);
}

void column_reserve(Column *c, size_t n)
{
        if (c->cap - c->n >= n)
                return;
        size_t cap = MAX_OF(c->cap * 2, (size_t)COLUMN_MIN_CAP);
        while (cap - c->n < n)
                cap *= 2;
        c->t = mem_realloc(c->t, cap * sizeof *c->t);
        c->v = mem_realloc(c->v, cap * sizeof *c->v);
        if (c->h)
                c->h = mem_realloc((void *)c->h, cap * sizeof *c->h);
        if (c->st)
                c->st = mem_realloc(c->st, cap * sizeof *c->st);
        c->cap = cap;
}

Arena *column_arena(Column *c)
{
        if (!c->arena)
                c->arena = arena_new();
        return c->arena;
}

void column_push_slow(Column *c, int64_t t, double v)
{
        column_reserve(c, 1);
        if (c->h)
                c->h[c->n] = NULL;
        if (c->st)
                c->st[c->n] = 0;
        c->t[c->n] = t;
        c->v[c->n++] = v;
}

void column_push_histogram(Column *c, int64_t t, const Histogram *h)
{
        column_push_slow(c, t, 0);
        if (!c->h)
                c->h = mem_zalloc_array(c->cap, sizeof *c->h);
        c->h[c->n - 1] = h;
}

void column_set_start(Column *c, int64_t st_ms)
{
        if (!c->st && st_ms == 0)
                return;
        if (!c->st)
                c->st = mem_zalloc_array(c->cap, sizeof *c->st);
        c->st[c->n - 1] = st_ms;
}

void column_set_rollup(Column *c, const SampleRollup *r)
{
        if (c->n > c->rolled_cap) {
                c->rolled_cap = c->cap;
                c->rolled = mem_realloc(c->rolled, c->rolled_cap * sizeof *c->rolled);
        }
        c->rolled[c->n - 1] = *r;
        c->n_rolled = c->n;
}

/* ---- order */

typedef struct Timed {
        int64_t t;
        size_t at;
} Timed;

static int compare_timed(const void *a, const void *b)
{
        const Timed *x = a, *y = b;
        if (x->t != y->t)
                return x->t < y->t ? -1 : 1;
        return (x->at > y->at) - (x->at < y->at);
}

/* order[0..n) of samples from `from` on. */
static void rearrange(Column *c, size_t from, const Timed *order, size_t n)
{
        Column old = { .v = mem_alloc(n * sizeof *old.v) };
        memcpy(old.v, c->v + from, n * sizeof *old.v);
        if (c->h) {
                old.h = mem_alloc(n * sizeof *old.h);
                memcpy((void *)old.h, (const void *)(c->h + from), n * sizeof *old.h);
        }
        if (c->st) {
                old.st = mem_alloc(n * sizeof *old.st);
                memcpy(old.st, c->st + from, n * sizeof *old.st);
        }
        size_t to = from;
        for (size_t i = 0; i < n; i++) {
                if (i && order[i].t == order[i - 1].t)
                        continue;
                c->t[to] = order[i].t;
                c->v[to] = old.v[order[i].at];
                if (c->h)
                        c->h[to] = old.h[order[i].at];
                if (c->st)
                        c->st[to] = old.st[order[i].at];
                to++;
        }
        c->n = to;
        column_done(&old);
}

void column_make_rising(Column *c, size_t from)
{
        size_t n = c->n - from;
        const int64_t *t = c->t + from;
        size_t rising = 1;
        while (rising < n && t[rising] > t[rising - 1])
                rising++;
        if (rising >= n)
                return;
        Timed *order = mem_alloc(n * sizeof *order);
        for (size_t i = 0; i < n; i++)
                order[i] = (Timed){ c->t[from + i], i };
        qsort(order, n, sizeof *order, compare_timed);
        rearrange(c, from, order, n);
        mem_free(order);
}
