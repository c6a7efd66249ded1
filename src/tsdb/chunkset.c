/* Invariants
 * 1. At most one file of a window takes appends; a file leaves `active` before it is sealed, under the lock that appends take.
 * 2. The published list holds every file that has data: a chunk is findable before chunkset_append returns.
 * 3. File ids rise and are never used twice. */
#include "tsdb/chunkset.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/vec.h"
#include "os/mutex.h"

struct ChunkSet {
        const Fs *fs;
        char *dir;
        SnapshotCell list;
        _Atomic uint64_t since_flush; /* bytes appended */
        Mutex mu;                     /* guards the rest; taken before a file's locks */
        VEC(ChunkFile *) active;      /* borrowed from the list */
        uint32_t next_id;
        bool dir_unsynced;
};

/* ---- the published list */

static int compare_files(const ChunkFile *x, const ChunkFile *y)
{
        if (chunkfile_window_ms(x) != chunkfile_window_ms(y))
                return chunkfile_window_ms(x) < chunkfile_window_ms(y) ? -1 : 1;
        return (chunkfile_id(x) > chunkfile_id(y)) - (chunkfile_id(x) < chunkfile_id(y));
}

#define LIST_TYPE ChunkList
#define LIST_ITEM ChunkFile
#define LIST_FIELD files
#define LIST_SNAPSHOT chunkfile_snapshot
#define LIST_ORDER compare_files
#include "sync/snaplist.inc.h"

ChunkList *chunkset_list(ChunkSet *s) { return (ChunkList *)snapshot_get(&s->list); }

bool chunkset_is_current(ChunkSet *s, const ChunkList *list) { return snapshot_is_current(&s->list, &list->snap); }

/* ---- life */

static bool open_file(ChunkSet *s, Str name, ChunkFileDamage *damage, Err *err)
{
        uint64_t id;
        Str stem = str_sub(name, 0, str_find_char(name, '.'));
        if (!str_ends(name, STR(".chunks")) || !num_parse_u64(stem, &id) || id == 0 || id >= UINT32_MAX)
                return true; /* not ours */
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/" STR_FMT, s->dir, STR_ARG(name));
        ChunkFile *f;
        if (!chunkfile_open(s->fs, buf_cstr(&path), (uint32_t)id, &f, damage, err))
                return false;
        s->next_id = MAX_OF(s->next_id, (uint32_t)id + 1);
        if (chunkfile_bytes(f) == 0) { /* made, and nothing written before the process ended */
                snapshot_unref(chunkfile_snapshot(f));
                return s->fs->remove(s->fs, path.p, err);
        }
        bool taken = chunkfile_is_sealed(f);
        vec_each(other, &s->active)
                taken = taken || chunkfile_window_ms(*other) == chunkfile_window_ms(f);
        if (!taken && chunkfile_window_ms(f) == chunkset_window(chunkfile_window_ms(f)))
                vec_push(&s->active, f);
        list_change(&s->list, &f, 1, NULL, 0);
        return true;
}

bool chunkset_open(const Fs *fs, const char *dir, ChunkSet **ret, ChunkFileDamage *damage, Err *err)
{
        AUTO(chunkset_close) ChunkSet *s = mem_new(ChunkSet);
        s->fs = fs;
        s->dir = mem_strndup(dir, strlen(dir));
        s->next_id = 1;
        mutex_init(&s->mu);
        list_init(&s->list);
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!fs->list(fs, dir, arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!open_file(s, names[i], damage, err))
                        return false;
        *ret = TAKE(s);
        return true;
}

bool chunkset_remove_numbers(const Fs *fs, const char *dir, const uint32_t *ids, size_t n, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        for (size_t i = 0; i < n; i++) {
                buf_clear(&path);
                buf_printf(&path, "%s/%08u.chunks", dir, ids[i]);
                if (!fs->remove(fs, buf_cstr(&path), err) && err->code != ERR_NOT_FOUND)
                        return false;
        }
        return true;
}

void chunkset_raise_ids(ChunkSet *s, uint32_t floor)
{
        MUTEX_SCOPE(&s->mu);
        s->next_id = MAX_OF(s->next_id, floor + 1);
}

void chunkset_close(ChunkSet *s)
{
        if (!s)
                return;
        vec_done(&s->active);
        snapshot_cell_done(&s->list);
        mutex_done(&s->mu);
        mem_free(s->dir);
        mem_free(s);
}

/* ---- appending */

int64_t chunkset_window(int64_t t_ms)
{
        int64_t rest = t_ms % CHUNKSET_WINDOW_MS;
        if (rest < 0)
                rest += CHUNKSET_WINDOW_MS;
        int64_t start;
        return __builtin_sub_overflow(t_ms, rest, &start) ? INT64_MIN : start;
}

static ChunkFile *active_for(ChunkSet *s, int64_t window_ms)
{
        for (size_t i = s->active.len; i-- > 0;) {
                ChunkFile *f = s->active.data[i];
                if (chunkfile_window_ms(f) != window_ms)
                        continue;
                if (chunkfile_bytes(f) < CHUNKFILE_MAX_BYTES)
                        return f;
                s->active.data[i] = vec_pop(&s->active);
                break;
        }
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/%08u.chunks", s->dir, s->next_id);
        ChunkFile *f = chunkfile_new(s->fs, buf_cstr(&path), s->next_id++, window_ms, window_ms + CHUNKSET_WINDOW_MS);
        vec_push(&s->active, f);
        list_change(&s->list, &f, 1, NULL, 0);
        s->dir_unsynced = true;
        return f;
}

void chunkset_append(ChunkSet *s, uint64_t sid, const XorChunk *chunk)
{
        MUTEX_SCOPE(&s->mu);
        chunkfile_append(active_for(s, chunkset_window(chunk->first_ms)), sid, chunk);
        atomic_fetch_add_explicit(&s->since_flush, CHUNKFILE_RECORD_BYTES + xorchunk_bytes(chunk),
                                  memory_order_relaxed);
}

bool chunkset_wants_flush(ChunkSet *s)
{
        if (atomic_load_explicit(&s->since_flush, memory_order_relaxed) < CHUNKSET_FLUSH_BYTES)
                return false;
        return atomic_exchange(&s->since_flush, 0) >= CHUNKSET_FLUSH_BYTES;
}

/* ---- writing */

/* Calls fn for every file that is not sealed; stops at the first failure. */
static bool each_open(ChunkSet *s, bool (*fn)(ChunkSet *s, ChunkFile *f, void *arg, Err *err), void *arg, Err *err)
{
        ChunkList *list = chunkset_list(s);
        bool ok = true;
        for (size_t i = 0; i < list->n && ok; i++)
                if (!chunkfile_is_sealed(list->files[i]))
                        ok = fn(s, list->files[i], arg, err);
        snapshot_unref(&list->snap);
        return ok;
}

static bool add_waiting(ChunkSet *s, ChunkFile *f, void *arg, Err *err)
{
        (void)s;
        (void)err;
        *(uint64_t *)arg += chunkfile_waiting(f);
        return true;
}

uint64_t chunkset_waiting(ChunkSet *s)
{
        uint64_t bytes = 0;
        Err err;
        IGNORE(each_open(s, add_waiting, &bytes, &err));
        return bytes;
}

static bool flush_one(ChunkSet *s, ChunkFile *f, void *arg, Err *err)
{
        (void)s;
        return chunkfile_waiting(f) < *(const uint64_t *)arg || chunkfile_flush(f, err);
}

bool chunkset_flush(ChunkSet *s, uint64_t min_bytes, Err *err) { return each_open(s, flush_one, &min_bytes, err); }

static bool sync_one(ChunkSet *s, ChunkFile *f, void *arg, Err *err)
{
        (void)s;
        (void)arg;
        return chunkfile_sync(f, err);
}

bool chunkset_sync(ChunkSet *s, Err *err)
{
        mutex_lock(&s->mu);
        bool dir = s->dir_unsynced;
        s->dir_unsynced = false;
        mutex_unlock(&s->mu);
        if (each_open(s, sync_one, NULL, err) && (!dir || s->fs->sync_dir(s->fs, s->dir, err)))
                return true;
        MUTEX_SCOPE(&s->mu);
        s->dir_unsynced = s->dir_unsynced || dir;
        return false;
}

typedef struct SealJob {
        int64_t end_ms;
        bool only_quiet;
        size_t sealed;
} SealJob;

static bool seal_one(ChunkSet *s, ChunkFile *f, void *arg, Err *err)
{
        SealJob *job = arg;
        if (chunkfile_window_end_ms(f) > job->end_ms || (job->only_quiet && !chunkfile_is_quiet(f)))
                return true;
        mutex_lock(&s->mu);
        for (size_t i = s->active.len; i-- > 0;)
                if (s->active.data[i] == f)
                        s->active.data[i] = vec_pop(&s->active);
        mutex_unlock(&s->mu);
        if (!chunkfile_seal(f, err))
                return false;
        job->sealed++;
        return true;
}

static bool is_not_due(ChunkSet *s, ChunkFile *f, void *arg, Err *err)
{
        (void)s;
        (void)err;
        return chunkfile_window_end_ms(f) > *(const int64_t *)arg;
}

bool chunkset_is_due(ChunkSet *s, int64_t end_ms)
{
        Err ignored;
        return !each_open(s, is_not_due, &end_ms, &ignored);
}

bool chunkset_seal(ChunkSet *s, int64_t end_ms, bool only_quiet, size_t *ret_sealed, Err *err)
{
        SealJob job = { .end_ms = end_ms, .only_quiet = only_quiet };
        bool ok = each_open(s, seal_one, &job, err);
        *ret_sealed = job.sealed;
        return ok;
}

bool chunkset_has_uncovered(ChunkSet *s)
{
        bool found = false;
        ChunkList *list = chunkset_list(s);
        for (size_t i = 0; i < list->n && !found; i++)
                found = chunkfile_is_sealed(list->files[i]) && !chunkfile_is_covered(list->files[i]);
        snapshot_unref(&list->snap);
        return found;
}

void chunkset_set_covered(ChunkSet *s)
{
        ChunkList *list = chunkset_list(s);
        for (size_t i = 0; i < list->n; i++)
                if (chunkfile_is_sealed(list->files[i]))
                        chunkfile_set_covered(list->files[i]);
        snapshot_unref(&list->snap);
}

/* ---- retention */

static bool drop_file(ChunkSet *s, ChunkFile *f, Err *err)
{
        if (!s->fs->remove(s->fs, chunkfile_path(f), err) && err->code != ERR_NOT_FOUND)
                return err_wrap(err, "retention");
        MUTEX_SCOPE(&s->mu);
        list_change(&s->list, NULL, 0, &f, 1);
        return true;
}

bool chunkset_drop(ChunkSet *s, int64_t min_ms, uint64_t max_bytes, int64_t *ret_floor_ms, size_t *ret_dropped,
                   Err *err)
{
        ChunkList *list = chunkset_list(s);
        uint64_t total = 0;
        for (size_t i = 0; i < list->n; i++)
                total += chunkfile_bytes(list->files[i]);
        size_t dropped = 0;
        bool ok = true;
        for (size_t i = 0; i < list->n && ok; i++) {
                ChunkFile *f = list->files[i];
                int64_t min, max;
                if (!chunkfile_is_sealed(f))
                        continue;
                bool old = !chunkfile_range(f, &min, &max) || max < min_ms;
                bool too_much = max_bytes && total > max_bytes;
                if (!old && !too_much)
                        continue;
                total -= chunkfile_bytes(f);
                ok = drop_file(s, f, err);
                dropped += ok;
                if (ok && !old)
                        *ret_floor_ms = MAX_OF(*ret_floor_ms, max + 1);
        }
        snapshot_unref(&list->snap);
        *ret_dropped = dropped;
        return ok;
}

bool chunkset_remove(ChunkSet *s, ChunkFile *const *files, size_t n, Err *err)
{
        bool ok = true;
        Err why;
        for (size_t i = 0; i < n; i++) {
                mutex_lock(&s->mu);
                list_change(&s->list, NULL, 0, &files[i], 1);
                mutex_unlock(&s->mu);
                if (!s->fs->remove(s->fs, chunkfile_path(files[i]), &why) && why.code != ERR_NOT_FOUND) {
                        *err = why;
                        ok = false;
                }
        }
        return ok;
}
