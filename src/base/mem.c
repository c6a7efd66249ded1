#include "base/mem.h"

#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

NORETURN static void out_of_memory(size_t size)
{
        fprintf(stderr, "pharos: out of memory: could not get %zu bytes\n", size);
        abort();
}

void *mem_alloc(size_t size)
{
        void *p = malloc(size ? size : 1);
        if (!p)
                out_of_memory(size);
        return p;
}

void *mem_zalloc(size_t size)
{
        void *p = calloc(1, size ? size : 1);
        if (!p)
                out_of_memory(size);
        return p;
}

void *mem_zalloc_array(size_t n, size_t size)
{
        void *p = calloc(n ? n : 1, size ? size : 1);
        if (!p)
                out_of_memory(n);
        return p;
}

void *mem_realloc(void *p, size_t size)
{
        void *q = realloc(p, size ? size : 1);
        if (!q)
                out_of_memory(size);
        return q;
}

void mem_free(void *p) { free(p); }

void *mem_aligned(size_t size, size_t align)
{
        void *p = NULL;
        if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size ? size : 1) != 0 || !p)
                out_of_memory(size);
        return p;
}

char *mem_strndup(const char *p, size_t n)
{
        char *q = mem_alloc(n + 1);
        if (n)
                memcpy(q, p, n);
        q[n] = 0;
        return q;
}

MemStats mem_stats(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
        struct mallinfo2 info = mallinfo2();
        return (MemStats){ .used_bytes = info.uordblks + info.hblkhd, .free_bytes = info.fordblks };
#else
        return (MemStats){ 0 };
#endif
}

void mem_trim(void)
{
#ifdef __GLIBC__
        malloc_trim(0);
#endif
}
