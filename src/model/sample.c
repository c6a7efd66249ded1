#include "model/sample.h"

#include "base/attr.h"
#include "base/mem.h"

enum { COLUMN_MIN_CAP = 128 };

void column_done(Column *c)
{
        mem_free(c->t);
        mem_free(c->v);
        mem_free(c->h);
        *c = (Column){ 0 };
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
        c->cap = cap;
}
