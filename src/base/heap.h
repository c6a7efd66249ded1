/* base/heap.h - Heap: a binary min-heap of pointers with a comparison; for timers and merges. Owned by the heap allocator. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"

typedef struct Heap {
        VEC(void *) items;
        bool (*before)(const void *a, const void *b); /* true when a comes out before b */
} Heap;

void heap_init(Heap *heap, bool (*before)(const void *a, const void *b));
void heap_done(Heap *heap);
void heap_push(Heap *heap, void *item);
/* NULL when empty. */
void *heap_peek(const Heap *heap);
void *heap_pop(Heap *heap);
/* The top item changed its key: restores the order. */
void heap_fix_top(Heap *heap);
