/* Why a sorted array and a walk: a server has some dozens of routes, most requests differ from a wrong one in length or
 * in the first compared bytes; a hash would need a second structure for the '*' routes. */
#include "net/http_route.h"

#include <stdlib.h>

#include "base/buf.h"

static int by_length(const void *a, const void *b)
{
        const RouteEntry *x = a;
        const RouteEntry *y = b;
        if (x->any_rest != y->any_rest)
                return x->any_rest ? 1 : -1;
        return (x->path.n < y->path.n) - (x->path.n > y->path.n);
}

void http_route_init(RouteTable *table, Arena *arena, const HttpRoute *routes, size_t n)
{
        table->entries = arena_array(arena, RouteEntry, n ? n : 1);
        table->n = n;
        for (size_t i = 0; i < n; i++) {
                Str path = str_of(routes[i].path);
                bool any_rest = path.n > 0 && path.p[path.n - 1] == '*';
                table->entries[i].route = &routes[i];
                table->entries[i].any_rest = any_rest;
                table->entries[i].path = str_sub(path, 0, path.n - any_rest);
        }
        qsort(table->entries, n, sizeof *table->entries, by_length);
}

static unsigned methods_of(const HttpRoute *route)
{
        return route->methods | (route->methods & HTTP_GET ? HTTP_HEAD : 0);
}

RouteEntry *http_route_find(const RouteTable *table, Str path, HttpMethod method, unsigned *ret_allow)
{
        const RouteEntry *matched = NULL;
        unsigned allow = 0;
        for (size_t i = 0; i < table->n; i++) {
                RouteEntry *e = &table->entries[i];
                if (matched ? matched->any_rest != e->any_rest || !str_eq(matched->path, e->path)
                            : !(e->any_rest ? str_starts(path, e->path) : str_eq(path, e->path)))
                        continue;
                matched = e; /* the best path decides, even when its methods do not fit */
                if (methods_of(e->route) & method)
                        return e;
                allow |= methods_of(e->route);
        }
        *ret_allow = allow;
        return NULL;
}

Str http_route_allow(Arena *arena, unsigned methods)
{
        static const struct {
                HttpMethod method;
                const char *name;
        } NAMES[] = { { HTTP_GET, "GET" }, { HTTP_HEAD, "HEAD" },     { HTTP_POST, "POST" },
                      { HTTP_PUT, "PUT" }, { HTTP_DELETE, "DELETE" }, { HTTP_OPTIONS, "OPTIONS" } };
        Buf out = { .arena = arena };
        for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
                if (methods & NAMES[i].method)
                        buf_printf(&out, "%s%s", out.n ? ", " : "", NAMES[i].name);
        return buf_str(&out);
}
