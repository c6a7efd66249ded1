#include "promql/windowcache.h"

#include <string.h>

#include "base/mem.h"

bool windowcache_has(const WindowCache *c, uint64_t owner, const int64_t *t, size_t n)
{
        return c->owner == owner && c->n == n && n > 0 && c->t[n - 1] == t[n - 1] &&
               memcmp(c->t, t, n * sizeof *t) == 0;
}

void windowcache_begin(WindowCache *c, uint64_t owner, const int64_t *t, size_t n, size_t windows)
{
        if (n > c->cap) {
                mem_free(c->t);
                c->cap = n + n / 4;
                c->t = mem_alloc(c->cap * sizeof *c->t);
        }
        if (n)
                memcpy(c->t, t, n * sizeof *t);
        if (windows > c->windows_cap) {
                mem_free(c->lo);
                c->lo = mem_alloc(2 * windows * sizeof *c->lo);
                c->windows_cap = windows;
        }
        c->hi = c->lo + c->windows_cap;
        c->n = n;
        c->owner = owner;
}

void windowcache_done(WindowCache *c)
{
        mem_free(c->t);
        mem_free(c->lo);
        func_rate_done(&c->rate);
        *c = (WindowCache){ 0 };
}

size_t windowcache_bytes(const WindowCache *c)
{
        return c->cap * sizeof *c->t + 2 * c->windows_cap * sizeof *c->lo + func_rate_bytes(&c->rate);
}
