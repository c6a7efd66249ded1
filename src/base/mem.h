/* base/mem.h - the heap, for objects that outlive a request. Never returns NULL: out of memory aborts. */
#pragma once
#include <stddef.h>

#include "base/attr.h"

void *mem_alloc(size_t size) RETURNS_NONNULL __attribute__((alloc_size(1), malloc));
void *mem_zalloc(size_t size) RETURNS_NONNULL __attribute__((alloc_size(1), malloc));
/* p may be NULL. Valid until mem_free; the old pointer is gone. */
void *mem_realloc(void *p, size_t size) RETURNS_NONNULL __attribute__((alloc_size(2)));
void mem_free(void *p);
/* Returns owned: an aligned block (align a power of two), released by mem_free. */
void *mem_aligned(size_t size, size_t align) RETURNS_NONNULL;
/* Returns owned: a NUL-terminated copy of n bytes. */
char *mem_strndup(const char *p, size_t n) RETURNS_NONNULL;
DEFINE_AUTO(void *, mem_free);

#define mem_new(T) ((T *)mem_zalloc(sizeof(T)))
#define mem_new_array(T, n) ((T *)mem_zalloc_array((n), sizeof(T)))
/* As mem_zalloc(n * size), aborts when the product overflows. */
void *mem_zalloc_array(size_t n, size_t size) RETURNS_NONNULL __attribute__((alloc_size(1, 2), malloc));
/* Of the heap: what is in use, and what was freed and may still be resident. 0 where nobody can tell. Costs a look at every free block. */
typedef struct MemStats {
        size_t used_bytes, free_bytes;
} MemStats;
MemStats mem_stats(void);
/* Gives memory that is free back to the system: after a burst. Costs milliseconds. */
void mem_trim(void);
