/* Invariants
 * 1. A symbol with uses > 0 keeps its id, its address and its bytes.
 * 2. A released string is freed only after all pins of its epoch and the one before are gone: pins taken later cannot have seen it.
 * 3. Pages never move, so symtab_str needs no lock for a symbol that the caller knows to be in use. */
#include "tsdb/symtab.h"

#include <stdatomic.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"
#include "os/mutex.h"

enum { PAGE = 4096, PAGES = SYMTAB_MAX_SYMBOLS / PAGE };

typedef struct Symbol {
        char *p; /* NULL: free */
        uint32_t n, uses;
} Symbol;

typedef VEC(char *) DeadStrings;

struct Symtab {
        _Atomic size_t refs;
        Symbol **pages;
        uint32_t *slots; /* open addressing: symbol + 1, 0 empty */
        size_t slot_cap, count, bytes;
        uint32_t next;
        VEC(uint32_t) free_ids;
        Mutex mu; /* guards the rest */
        uint64_t epoch;
        size_t pins[2];      /* by parity of the epoch in which they began */
        DeadStrings dead[2]; /* by parity of the epoch in which they were released */
};

typedef struct SymtabPin {
        Symtab *table;
        unsigned parity;
} SymtabPin;

Symtab *symtab_new(void)
{
        Symtab *t = mem_new(Symtab);
        atomic_init(&t->refs, 1);
        t->pages = mem_new_array(Symbol *, PAGES);
        t->slot_cap = 1024;
        t->slots = mem_new_array(uint32_t, t->slot_cap);
        mutex_init(&t->mu);
        return t;
}

static void free_dead(DeadStrings *dead)
{
        vec_each(p, dead)
                mem_free(*p);
        vec_done(dead);
}

void symtab_unref(Symtab *t)
{
        if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
                return;
        for (uint32_t i = 0; i < t->next; i++)
                mem_free(t->pages[i / PAGE][i % PAGE].p);
        for (size_t i = 0; i < PAGES && t->pages[i]; i++)
                mem_free(t->pages[i]);
        free_dead(&t->dead[0]);
        free_dead(&t->dead[1]);
        vec_done(&t->free_ids);
        mutex_done(&t->mu);
        mem_free(t->pages);
        mem_free(t->slots);
        mem_free(t);
}

static Symbol *symbol_at(const Symtab *t, uint32_t sym) { return &t->pages[sym / PAGE][sym % PAGE]; }

Str symtab_str(const Symtab *t, uint32_t sym)
{
        const Symbol *s = symbol_at(t, sym);
        return (Str){ s->p, s->n };
}

/* The slot of s, or the empty one where it belongs. */
static size_t probe(const Symtab *t, Str s)
{
        size_t at = hash_str(s) & (t->slot_cap - 1);
        while (t->slots[at] && !str_eq(symtab_str(t, t->slots[at] - 1), s))
                at = (at + 1) & (t->slot_cap - 1);
        return at;
}

static void grow(Symtab *t)
{
        uint32_t *old = t->slots;
        size_t old_cap = t->slot_cap;
        t->slot_cap *= 2;
        t->slots = mem_new_array(uint32_t, t->slot_cap);
        for (size_t i = 0; i < old_cap; i++)
                if (old[i])
                        t->slots[probe(t, symtab_str(t, old[i] - 1))] = old[i];
        mem_free(old);
}

uint32_t symtab_find(const Symtab *t, Str s)
{
        uint32_t found = t->slots[probe(t, s)];
        return found ? found - 1 : SYMTAB_NONE;
}

static uint32_t new_id(Symtab *t)
{
        if (t->free_ids.len)
                return vec_pop(&t->free_ids);
        if (t->next == SYMTAB_MAX_SYMBOLS)
                return SYMTAB_NONE;
        if (t->next % PAGE == 0)
                t->pages[t->next / PAGE] = mem_new_array(Symbol, PAGE);
        return t->next++;
}

uint32_t symtab_intern(Symtab *t, Str s)
{
        if (t->count * 4 >= t->slot_cap * 3)
                grow(t);
        size_t at = probe(t, s);
        if (t->slots[at]) {
                symbol_at(t, t->slots[at] - 1)->uses++;
                return t->slots[at] - 1;
        }
        uint32_t sym = new_id(t);
        if (sym == SYMTAB_NONE)
                return sym;
        *symbol_at(t, sym) = (Symbol){ .p = mem_strndup(s.p ? s.p : "", s.n), .n = (uint32_t)s.n, .uses = 1 };
        t->slots[at] = sym + 1;
        t->count++;
        t->bytes += s.n + 1;
        return sym;
}

static void unlink_slot(Symtab *t, size_t hole)
{
        size_t mask = t->slot_cap - 1;
        for (size_t i = (hole + 1) & mask; t->slots[i]; i = (i + 1) & mask) {
                size_t home = hash_str(symtab_str(t, t->slots[i] - 1)) & mask;
                if (((i - home) & mask) >= ((i - hole) & mask)) {
                        t->slots[hole] = t->slots[i];
                        hole = i;
                }
        }
        t->slots[hole] = 0;
}

void symtab_release(Symtab *t, uint32_t sym)
{
        Symbol *s = symbol_at(t, sym);
        if (--s->uses)
                return;
        unlink_slot(t, probe(t, (Str){ s->p, s->n }));
        t->count--;
        t->bytes -= s->n + 1;
        mutex_lock(&t->mu);
        vec_push(&t->dead[t->epoch & 1], s->p);
        mutex_unlock(&t->mu);
        *s = (Symbol){ 0 };
        vec_push(&t->free_ids, sym);
}

/* Advancing needs the other parity empty of pins: then its dead strings, released an epoch ago, are seen by nobody. */
void symtab_sweep(Symtab *t)
{
        MUTEX_SCOPE(&t->mu);
        unsigned other = (t->epoch + 1) & 1;
        if (t->pins[other])
                return;
        free_dead(&t->dead[other]);
        t->epoch++;
}

static void unpin(void *arg)
{
        SymtabPin *pin = arg;
        mutex_lock(&pin->table->mu);
        pin->table->pins[pin->parity]--;
        mutex_unlock(&pin->table->mu);
        symtab_unref(pin->table);
}

void symtab_pin(Symtab *t, Arena *arena)
{
        SymtabPin *pin = arena_new_of(arena, SymtabPin);
        atomic_fetch_add(&t->refs, 1);
        mutex_lock(&t->mu);
        *pin = (SymtabPin){ t, t->epoch & 1 };
        t->pins[pin->parity]++;
        mutex_unlock(&t->mu);
        arena_defer(arena, unpin, pin);
}

size_t symtab_count(const Symtab *t) { return t->count; }
size_t symtab_bytes(const Symtab *t)
{
        return t->bytes + t->count * 16 + t->slot_cap * sizeof *t->slots + t->next * sizeof(Symbol);
}
