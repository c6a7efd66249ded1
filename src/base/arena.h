/* base/arena.h - Arena: memory with one lifetime (a request, a query, a scrape). Never returns NULL; freed all at once.
 *
 * Not thread-safe: one owner at a time; handing an arena through a queue moves the ownership. */
#pragma once
#include <stddef.h>

#include "base/attr.h"

typedef struct Arena Arena;

Arena *arena_new(void) RETURNS_NONNULL;
/* For many that live long: the first block has room for first_bytes alone, later ones double from there. */
Arena *arena_new_small(size_t first_bytes) RETURNS_NONNULL;
void arena_free(Arena *arena);
DEFINE_AUTO(Arena *, arena_free);

/* Zeroed memory. Valid until arena_free or arena_reset. */
void *arena_alloc(Arena *arena, size_t size, size_t align) RETURNS_NONNULL __attribute__((alloc_size(2)));
/* The same, not zeroed: for bytes that are overwritten at once. */
void *arena_raw(Arena *arena, size_t size, size_t align) RETURNS_NONNULL __attribute__((alloc_size(2)));
/* Forgets every allocation (after running the defers), keeps one block for reuse. */
void arena_reset(Arena *arena);
/* Bytes handed out since creation or reset: what budgets poll. */
size_t arena_used(const Arena *arena);
/* Runs fn(arg) when the arena is freed or reset, newest first: for references, files, foreign memory. */
void arena_defer(Arena *arena, void (*fn)(void *), void *arg);

#define arena_new_of(arena, T) ((T *)arena_alloc((arena), sizeof(T), _Alignof(T)))
#define arena_array(arena, T, n) ((T *)arena_alloc((arena), (size_t)(n) * sizeof(T), _Alignof(T)))
#define arena_raw_array(arena, T, n) ((T *)arena_raw((arena), (size_t)(n) * sizeof(T), _Alignof(T)))
