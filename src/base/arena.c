/* Invariants:
 * 1. The newest block is blocks; only it has room that will be used. A request that does not fit opens a new block of at
 *    least its size, so a large allocation never wastes more than one block's tail.
 * 2. Block sizes double from 4 KiB to 256 KiB: small arenas are cheap, large ones take few mallocs. */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { LEAST_BLOCK_BYTES = 64, FIRST_BLOCK_BYTES = 4096 - 64, MAX_BLOCK_BYTES = 256 * 1024 - 64 };

typedef struct Block {
        struct Block *next;
        size_t used, cap;
        _Alignas(16) char mem[];
} Block;

typedef struct Defer {
        struct Defer *next;
        void (*fn)(void *);
        void *arg;
} Defer;

struct Arena {
        Block *blocks;
        Defer *defers;
        size_t used;
        size_t next_cap;
};

Arena *arena_new(void)
{
        Arena *a = mem_new(Arena);
        a->next_cap = FIRST_BLOCK_BYTES;
        return a;
}

Arena *arena_new_small(size_t first_bytes)
{
        Arena *a = arena_new();
        a->next_cap = first_bytes > LEAST_BLOCK_BYTES ? first_bytes : LEAST_BLOCK_BYTES;
        return a;
}

static void run_defers(Arena *a)
{
        while (a->defers) {
                Defer *d = a->defers;
                a->defers = d->next;
                d->fn(d->arg);
        }
}

void arena_free(Arena *a)
{
        if (!a)
                return;
        run_defers(a);
        for (Block *b = a->blocks, *next; b; b = next) {
                next = b->next;
                mem_free(b);
        }
        mem_free(a);
}

void arena_reset(Arena *a)
{
        run_defers(a);
        Block *keep = a->blocks;
        if (keep) {
                for (Block *b = keep->next, *next; b; b = next) {
                        next = b->next;
                        mem_free(b);
                }
                keep->next = NULL;
                keep->used = 0;
                if (keep->cap > MAX_BLOCK_BYTES) {
                        mem_free(keep);
                        a->blocks = NULL;
                }
        }
        a->used = 0;
}

static Block *block_open(Arena *a, size_t at_least)
{
        size_t cap = at_least > a->next_cap ? at_least : a->next_cap;
        Block *b = mem_alloc(sizeof *b + cap);
        b->next = a->blocks;
        b->used = 0;
        b->cap = cap;
        a->blocks = b;
        if (a->next_cap < MAX_BLOCK_BYTES)
                a->next_cap = a->next_cap * 2 < MAX_BLOCK_BYTES ? a->next_cap * 2 : MAX_BLOCK_BYTES;
        return b;
}

void *arena_raw(Arena *a, size_t size, size_t align)
{
        CHECK(align && (align & (align - 1)) == 0 && size < SIZE_MAX / 2);
        Block *b = a->blocks;
        size_t pad = b ? (-((uintptr_t)b->mem + b->used)) & (align - 1) : 0;
        if (!b || b->used + pad + size > b->cap) {
                b = block_open(a, size + align);
                pad = (-(uintptr_t)b->mem) & (align - 1);
        }
        void *p = b->mem + b->used + pad;
        b->used += pad + size;
        a->used += size;
        return p;
}

void *arena_alloc(Arena *a, size_t size, size_t align) { return memset(arena_raw(a, size, align), 0, size); }

size_t arena_used(const Arena *a) { return a->used; }

void arena_defer(Arena *a, void (*fn)(void *), void *arg)
{
        Defer *d = arena_new_of(a, Defer);
        *d = (Defer){ .next = a->defers, .fn = fn, .arg = arg };
        a->defers = d;
}
