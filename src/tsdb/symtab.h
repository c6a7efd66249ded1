/* tsdb/symtab.h - Symtab: label names and values, each kept once and named by a u32, counted by use, given back when nobody uses it.
 *
 * Strings stay where they are while they are used; what is released waits until every reader that was pinned then has gone. The table
 * itself is reference-counted, so that labels handed to a query outlive even the store.
 * Threads: intern, release, find and sweep are called under the index lock of the head (write for intern, release and sweep);
 * symtab_str of a symbol in use, pin and unpin from anywhere. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

typedef struct Symtab Symtab;
enum { SYMTAB_NONE = UINT32_MAX, SYMTAB_MAX_SYMBOLS = 1 << 28 };

Symtab *symtab_new(void); /* returns owned: one reference */
void symtab_unref(Symtab *t);
/* Finds or adds, and counts one more use. SYMTAB_NONE when SYMTAB_MAX_SYMBOLS are in use. */
uint32_t symtab_intern(Symtab *t, Str s);
/* SYMTAB_NONE when absent. */
uint32_t symtab_find(const Symtab *t, Str s);
void symtab_release(Symtab *t, uint32_t sym);
Str symtab_str(const Symtab *t, uint32_t sym);
/* Frees what was released and cannot be seen any more. */
void symtab_sweep(Symtab *t);
/* Strings that are in use now stay readable until arena is freed or reset. */
void symtab_pin(Symtab *t, Arena *arena);
size_t symtab_count(const Symtab *t);
size_t symtab_bytes(const Symtab *t); /* memory, estimated */
