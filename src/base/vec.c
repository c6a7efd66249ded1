#include "base/vec.h"

#include <string.h>

void *vec_grow(Arena *arena, void *data, size_t len, size_t *cap, size_t want, size_t size, size_t align)
{
        size_t n = *cap ? *cap * 2 : 8;
        while (n < want)
                n *= 2;
        void *p;
        if (arena) {
                p = arena_raw(arena, n * size, align);
                if (len)
                        memcpy(p, data, len * size);
        } else {
                p = mem_realloc(data, n * size);
        }
        *cap = n;
        return p;
}
