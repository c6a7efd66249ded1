/* base/vec.h - VEC(T): a typed growable array. Elements live in `arena`, or on the heap when it is NULL (vec_done frees). */
#pragma once
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/mem.h"

#define VEC(T)                   \
        struct {                 \
                T *data;         \
                size_t len, cap; \
                Arena *arena;    \
        }
#define vec_push(v, ...) (*vec_add(v) = (__VA_ARGS__))
/* A pointer to one more, uninitialised element; valid until the next growth. */
#define vec_add(v) (vec_reserve((v), (v)->len + 1), &(v)->data[(v)->len++])
#define vec_reserve(v, want)                                                                                       \
        ((void)(VEC_HAS_ROOM_(v, want) ? NULL                                                                      \
                                       : ((v)->data = vec_grow((v)->arena, (v)->data, (v)->len, &(v)->cap, (want), \
                                                               sizeof *(v)->data, _Alignof(__typeof__(*(v)->data))))))
/* The analyzer does not know that room means data: show it a growth each time. */
#ifdef __clang_analyzer__
#define VEC_HAS_ROOM_(v, want) ((void)(want), 0)
#else
#define VEC_HAS_ROOM_(v, want) ((v)->cap >= (want))
#endif
/* NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define vec_each(it, v) for (__typeof__((v)->data) it = (v)->data; it && it < (v)->data + (v)->len; it++)
#define vec_last(v) (&(v)->data[(v)->len - 1])
#define vec_pop(v) ((v)->data[--(v)->len])
#define vec_clear(v) ((void)((v)->len = 0))
#define vec_done(v)                          \
        do {                                 \
                if (!(v)->arena)             \
                        mem_free((v)->data); \
                (v)->data = NULL;            \
                (v)->len = (v)->cap = 0;     \
        } while (0)

RETURNS_NONNULL void *vec_grow(Arena *arena, void *data, size_t len, size_t *cap, size_t want, size_t size,
                               size_t align);
