/* Invariants
 * 1. items is sorted by sid, then min_ms; stretches of one series may overlap.
 * 2. The file holds what items held after the last successful add. */
#include "tsdb/tombstones.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"

static const char MAGIC[8] = { 'P', 'H', 'T', 'O', 'M', 'B', 'S', '\n' };
enum { HEADER_BYTES = 12, ITEM_BYTES = 28 /* with its checksum */ };

struct Tombstones {
        const Fs *fs;
        char *path;
        pthread_rwlock_t lock; /* guards items */
        VEC(Tombstone) items;
        size_t count; /* atomic copy of items.len: reading without any costs nothing */
};

static bool load(Tombstones *t, uint64_t *damaged, Err *err)
{
        AUTO(buf_done) Buf buf = { 0 };
        Err why;
        if (!file_read_all(t->fs, t->path, TOMBSTONES_MAX_BYTES, &buf, &why)) {
                if (why.code == ERR_NOT_FOUND)
                        return true;
                *err = why;
                return false;
        }
        if (buf.n < HEADER_BYTES || memcmp(buf.p, MAGIC, 8) != 0) {
                ++*damaged;
                return true;
        }
        uint32_t version = bits_le32(buf.p + 8);
        if (version > TOMBSTONES_VERSION && version < 256)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has format version %u, this program reads version %d: start the newer program, or move the data directory aside",
                        t->path, version, TOMBSTONES_VERSION);
        *damaged += version != TOMBSTONES_VERSION;
        for (size_t at = HEADER_BYTES; at < buf.n; at += ITEM_BYTES) {
                const char *p = buf.p + at;
                if (buf.n - at < ITEM_BYTES || bits_le32(p + 24) != hash_crc32c(0, p, 24)) {
                        ++*damaged;
                        continue;
                }
                vec_push(&t->items, (Tombstone){ bits_le64(p), (int64_t)bits_le64(p + 8), (int64_t)bits_le64(p + 16) });
        }
        return true;
}

static int compare_items(const void *a, const void *b)
{
        const Tombstone *x = a, *y = b;
        if (x->sid != y->sid)
                return x->sid < y->sid ? -1 : 1;
        return (x->min_ms > y->min_ms) - (x->min_ms < y->min_ms);
}

static void sort_items(Tombstones *t)
{
        if (t->items.len)
                qsort(t->items.data, t->items.len, sizeof *t->items.data, compare_items);
        __atomic_store_n(&t->count, t->items.len, __ATOMIC_RELEASE);
}

bool tombstones_open(const Fs *fs, const char *path, Tombstones **ret, uint64_t *damaged, Err *err)
{
        Tombstones *t = mem_new(Tombstones);
        t->fs = fs;
        t->path = mem_strndup(path, strlen(path));
        pthread_rwlock_init(&t->lock, NULL);
        if (!load(t, damaged, err)) {
                tombstones_close(t);
                return false;
        }
        sort_items(t);
        *ret = t;
        return true;
}

void tombstones_close(Tombstones *t)
{
        if (!t)
                return;
        vec_done(&t->items);
        pthread_rwlock_destroy(&t->lock);
        mem_free(t->path);
        mem_free(t);
}

static bool save(Tombstones *t, Err *err)
{
        AUTO(buf_done) Buf buf = { 0 };
        char *p = buf_reserve(&buf, HEADER_BYTES + t->items.len * ITEM_BYTES);
        memcpy(p, MAGIC, 8);
        bits_put_le32(p + 8, TOMBSTONES_VERSION);
        buf.n = HEADER_BYTES;
        vec_each(item, &t->items) {
                p = buf.p + buf.n;
                bits_put_le64(p, item->sid);
                bits_put_le64(p + 8, (uint64_t)item->min_ms);
                bits_put_le64(p + 16, (uint64_t)item->max_ms);
                bits_put_le32(p + 24, hash_crc32c(0, p, 24));
                buf.n += ITEM_BYTES;
        }
        return file_write_atomic(t->fs, t->path, buf_str(&buf), err);
}

bool tombstones_add(Tombstones *t, const Tombstone *items, size_t n, Err *err)
{
        pthread_rwlock_wrlock(&t->lock);
        size_t before = t->items.len;
        bool ok = before + n <= (TOMBSTONES_MAX_BYTES - HEADER_BYTES) / ITEM_BYTES;
        if (!ok)
                err_set(err, ERR_LIMIT,
                        "more than %d bytes of tombstones: wait until retention has removed what was deleted",
                        TOMBSTONES_MAX_BYTES);
        if (ok) {
                for (size_t i = 0; i < n; i++)
                        vec_push(&t->items, items[i]);
                ok = save(t, err);
                if (!ok)
                        t->items.len = before;
                sort_items(t);
        }
        pthread_rwlock_unlock(&t->lock);
        return ok;
}

/* First item of a series. */
static size_t find(const Tombstones *t, uint64_t sid)
{
        size_t lo = 0, hi = t->items.len;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (t->items.data[mid].sid < sid)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

void tombstones_apply(Tombstones *t, uint64_t sid, Column *out, size_t from)
{
        if (__atomic_load_n(&t->count, __ATOMIC_ACQUIRE) == 0)
                return;
        pthread_rwlock_rdlock(&t->lock);
        for (size_t i = find(t, sid); i < t->items.len && t->items.data[i].sid == sid; i++) {
                const Tombstone *item = &t->items.data[i];
                size_t kept = from;
                for (size_t k = from; k < out->n; k++) {
                        if (out->t[k] >= item->min_ms && out->t[k] <= item->max_ms)
                                continue;
                        column_move(out, kept++, k);
                }
                out->n = kept;
        }
        pthread_rwlock_unlock(&t->lock);
}

bool tombstones_hide_some(const Tombstone *items, size_t n, Part *part, Column *scratch)
{
        PartInfo info = part_info(part);
        uint64_t ignored = 0;
        for (size_t i = 0; i < n; i++) {
                if (items[i].min_ms > info.max_ms || items[i].max_ms < info.min_ms)
                        continue;
                column_clear(scratch);
                part_read(part, items[i].sid, items[i].min_ms, items[i].max_ms, scratch, &ignored);
                if (scratch->n)
                        return true;
        }
        return false;
}

void tombstones_list(Tombstones *t, Arena *arena, Tombstone **ret, size_t *ret_n)
{
        pthread_rwlock_rdlock(&t->lock);
        *ret = arena_raw_array(arena, Tombstone, t->items.len);
        if (t->items.len)
                memcpy(*ret, t->items.data, t->items.len * sizeof **ret);
        *ret_n = t->items.len;
        pthread_rwlock_unlock(&t->lock);
}

static bool is_among(const Tombstone *items, size_t n, const Tombstone *one)
{
        size_t lo = 0, hi = n;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (compare_items(&items[mid], one) < 0)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        for (; lo < n && compare_items(&items[lo], one) == 0; lo++)
                if (items[lo].max_ms == one->max_ms)
                        return true;
        return false;
}

bool tombstones_forget(Tombstones *t, const Tombstone *items, size_t n, Err *err)
{
        pthread_rwlock_wrlock(&t->lock);
        size_t before = t->items.len, kept = 0;
        Tombstone *old = mem_new_array(Tombstone, before + 1);
        if (before)
                memcpy(old, t->items.data, before * sizeof *old);
        for (size_t i = 0; i < before; i++)
                if (!is_among(items, n, &old[i]))
                        t->items.data[kept++] = old[i];
        t->items.len = kept;
        bool ok = kept == before || save(t, err);
        if (!ok) {
                memcpy(t->items.data, old, before * sizeof *old);
                t->items.len = before;
        }
        __atomic_store_n(&t->count, t->items.len, __ATOMIC_RELEASE);
        pthread_rwlock_unlock(&t->lock);
        mem_free(old);
        return ok;
}

void tombstones_expire(Tombstones *t, int64_t min_ms)
{
        pthread_rwlock_wrlock(&t->lock);
        size_t kept = 0;
        for (size_t i = 0; i < t->items.len; i++)
                if (t->items.data[i].max_ms >= min_ms)
                        t->items.data[kept++] = t->items.data[i];
        t->items.len = kept;
        __atomic_store_n(&t->count, kept, __ATOMIC_RELEASE);
        pthread_rwlock_unlock(&t->lock);
}

size_t tombstones_count(Tombstones *t) { return __atomic_load_n(&t->count, __ATOMIC_ACQUIRE); }
