/* part/partcursor.h - what is left to read of a record, and steps over it that know where it ends. For part.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "codec/varint.h"

typedef struct Cursor {
        const unsigned char *p, *end;
} Cursor;

static inline size_t left(const Cursor *c) { return (size_t)(c->end - c->p); }
static inline bool take(Cursor *c, uint64_t *ret)
{
        size_t used = varint_get(c->p, left(c), ret);
        c->p += used;
        return used > 0;
}

static inline bool take_bytes(Cursor *c, Cursor *ret)
{
        uint64_t n;
        if (!take(c, &n) || n > left(c))
                return false;
        *ret = (Cursor){ c->p, c->p + n };
        c->p += n;
        return true;
}

static inline Str cursor_str(const Cursor *c) { return (Str){ (const char *)c->p, left(c) }; }
