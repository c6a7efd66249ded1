/* Invariants:
 * 1. At most NOTIFY_MEMORY_MAX_ENTRIES entries, in the order of their last put; the first is the oldest.
 * 2. Values are overwritten with zeros before they are freed: they may be tokens.
 *
 * A list is enough: a token or two per integration, and a scan of the worst case takes less than the request it is for. */
#include "notify/notify_memory.h"

#include "base/mem.h"
#include "base/vec.h"
#include "os/mutex.h"

typedef struct Entry {
        char *key, *value;
        size_t key_n, value_n;
        int64_t expires_ms;
} Entry;

struct NotifyMemory {
        NotifyKeep keep;
        Mutex mu;
        VEC(Entry) entries GUARDED_BY(&mu);
};

NotifyMemory *notify_memory_new(void)
{
        NotifyMemory *m = mem_new(NotifyMemory);
        mutex_init(&m->mu);
        return m;
}

static void drop(Entry *e)
{
        explicit_bzero(e->value, e->value_n);
        mem_free(e->key);
        mem_free(e->value);
}

void notify_memory_free(NotifyMemory *m)
{
        if (!m)
                return;
        mutex_lock(&m->mu);
        vec_each(e, &m->entries)
                drop(e);
        vec_done(&m->entries);
        mutex_unlock(&m->mu);
        mutex_done(&m->mu);
        mem_free(m);
}

static Entry *find(NotifyMemory *m, Str key) REQUIRES(&m->mu)
{
        vec_each(e, &m->entries)
                if (str_eq(key, str_n(e->key, e->key_n)))
                        return e;
        return NULL;
}

static void remove_entry(NotifyMemory *m, Entry *e) REQUIRES(&m->mu)
{
        size_t at = (size_t)(e - m->entries.data);
        drop(e);
        memmove(e, e + 1, (m->entries.len - at - 1) * sizeof *e);
        m->entries.len--;
}

void notify_memory_put(NotifyMemory *m, Str key, Str value, int64_t expires_ms)
{
        if (!m || key.n > NOTIFY_MEMORY_MAX_BYTES || value.n > NOTIFY_MEMORY_MAX_BYTES)
                return;
        MUTEX_SCOPE(&m->mu);
        Entry *old = find(m, key);
        if (old)
                remove_entry(m, old);
        if (value.n == 0)
                return;
        if (m->entries.len == NOTIFY_MEMORY_MAX_ENTRIES)
                remove_entry(m, m->entries.data);
        vec_push(&m->entries,
                 (Entry){ mem_strndup(key.p, key.n), mem_strndup(value.p, value.n), key.n, value.n, expires_ms });
}

static void found(void *arg, Str key, Str value, int64_t expires_ms) { notify_memory_put(arg, key, value, expires_ms); }

void notify_memory_set_keep(NotifyMemory *m, const NotifyKeep *keep)
{
        m->keep = *keep;
        if (keep->each)
                keep->each(keep->ctx, found, m);
}

static bool is_kept(NotifyMemory *m, Str key, Str value, int64_t until_ms)
{
        MUTEX_SCOPE(&m->mu);
        const Entry *e = find(m, key);
        return e && e->expires_ms > until_ms && str_eq(value, str_n(e->value, e->value_n));
}

void notify_memory_keep(NotifyMemory *m, Str key, Str value, int64_t now_ms, int64_t expires_ms)
{
        if (!m || is_kept(m, key, value, now_ms + (expires_ms - now_ms) / 2))
                return;
        notify_memory_put(m, key, value, expires_ms);
        if (m->keep.put)
                m->keep.put(m->keep.ctx, key, value, expires_ms);
}

bool notify_memory_get(NotifyMemory *m, Str key, int64_t now_ms, Arena *arena, Str *ret)
{
        if (!m)
                return false;
        MUTEX_SCOPE(&m->mu);
        const Entry *e = find(m, key);
        if (!e || e->expires_ms <= now_ms)
                return false;
        *ret = str_dup(arena, str_n(e->value, e->value_n));
        return true;
}
