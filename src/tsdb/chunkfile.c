/* Invariants
 * 1. Bytes [0, flushed) are in the file; then come `writing` (being written) and `waiting` (not yet): together they are the file.
 * 2. A failed write leaves the file at `flushed` bytes, or tail_unknown set: then nothing is written before a truncate succeeded.
 * 3. Every chunk carries its own checksum, checked at every read: a wrong value is never served.
 * 4. Once sealed, nothing of the file changes; the index is checked before its first use, and rebuilt by a scan when damaged.
 * 5. The chain of a series (heads, prev) links all its chunks while the file is not sealed. */
#include "tsdb/chunkfile.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"
#include "os/mutex.h"
#include "tsdb/histchunk.h"
#include "tsdb/sidmap.h"

static const char MAGIC[8] = { 'P', 'H', 'C', 'H', 'U', 'N', 'K', 'S' };
enum {
        MARK_CHUNK = 0x4b4e4843,   /* "CHNK" */
        MARK_INDEX = 0x58444943,   /* "CIDX" */
        MARK_TRAILER = 0x444e4543, /* "CEND" */
        INDEX_HEADER_BYTES = 16,
        ENCODING_XOR = 1,
        ENCODING_HISTOGRAMS = 2,
};

typedef struct Entry {
        uint64_t sid;
        int64_t min_ms;
        uint32_t span_ms, offset;
        uint16_t bytes, n;
        uint32_t prev; /* the series' older chunk: index + 1 */
} Entry;

struct ChunkFile {
        Snapshot snap;
        const Fs *fs;
        char *path;
        uint32_t id;
        int64_t window_ms, window_end_ms;
        Mutex io;                    /* serialises flush, sync, seal; taken before mu */
        File *file;                  /* guarded by io: for writing */
        bool tail_unknown, unsynced; /* guarded by io */
        Mutex mu;                    /* guards the rest */
        File *reader;                /* set once, by the first flush */
        Buf writing, waiting;
        uint64_t flushed, chunks, samples;
        _Atomic int64_t min_ms, max_ms; /* written under mu; they only move apart */
        VEC(Entry) entries;             /* while not sealed, or when the index is damaged */
        SidMap heads;                   /* sid -> newest entry + 1 */
        bool sealed, index_checked;
        bool covered; /* atomic */
        FileMap map;
        VEC(FileMap)
        views; /* of the growing file, each longer than the one before; readers may look through any of them */
        uint64_t index_offset; /* of the entries */
        uint64_t seen_bytes;   /* at the last chunkfile_is_quiet */
};

/* ---- life */

static void file_free(Snapshot *snap)
{
        ChunkFile *f = (ChunkFile *)snap;
        if (f->file)
                f->fs->close(f->file);
        if (f->reader)
                f->fs->close(f->reader);
        f->fs->unmap(f->fs, f->map);
        vec_each(view, &f->views)
                f->fs->unmap(f->fs, *view);
        vec_done(&f->views);
        buf_done(&f->writing);
        buf_done(&f->waiting);
        vec_done(&f->entries);
        sidmap_done(&f->heads);
        mutex_done(&f->io);
        mutex_done(&f->mu);
        mem_free(f->path);
        mem_free(f);
}

static ChunkFile *file_new(const Fs *fs, const char *path, uint32_t id)
{
        ChunkFile *f = mem_new(ChunkFile);
        snapshot_init(&f->snap, file_free);
        f->fs = fs;
        f->path = mem_strndup(path, strlen(path));
        f->id = id;
        f->min_ms = INT64_MAX;
        f->max_ms = INT64_MIN;
        mutex_init(&f->io);
        mutex_init(&f->mu);
        return f;
}

ChunkFile *chunkfile_new(const Fs *fs, const char *path, uint32_t id, int64_t window_ms, int64_t window_end_ms)
{
        ChunkFile *f = file_new(fs, path, id);
        f->window_ms = window_ms;
        f->window_end_ms = window_end_ms;
        char *h = buf_reserve(&f->waiting, CHUNKFILE_HEADER_BYTES);
        memcpy(h, MAGIC, 8);
        bits_put_le32(h + 8, CHUNKFILE_VERSION);
        bits_put_le64(h + 12, (uint64_t)window_ms);
        bits_put_le32(h + 20, (uint32_t)(window_end_ms - window_ms));
        bits_put_le32(h + 24, id);
        bits_put_le32(h + 28, hash_crc32c(0, h, 28));
        f->waiting.n = CHUNKFILE_HEADER_BYTES;
        return f;
}

Snapshot *chunkfile_snapshot(ChunkFile *f) { return &f->snap; }

/* ---- appending */

static void add_entry(ChunkFile *f, Entry e, int64_t max_ms)
{
        e.prev = sidmap_get(&f->heads, e.sid);
        vec_push(&f->entries, e);
        sidmap_put(&f->heads, e.sid, (uint32_t)f->entries.len);
        f->chunks++;
        f->samples += e.n;
        f->min_ms = MIN_OF(f->min_ms, e.min_ms);
        f->max_ms = MAX_OF(f->max_ms, max_ms);
}

void chunkfile_append(ChunkFile *f, uint64_t sid, const XorChunk *c)
{
        MUTEX_SCOPE(&f->mu);
        CHECK(!f->sealed && c->n > 0);
        size_t bytes = xorchunk_bytes(c);
        Entry e = { .sid = sid,
                    .min_ms = c->first_ms,
                    .span_ms = (uint32_t)(c->last_ms - c->first_ms),
                    .bytes = (uint16_t)bytes,
                    .n = c->n };
        e.offset = (uint32_t)(f->flushed + f->writing.n + f->waiting.n);
        char *h = buf_reserve(&f->waiting, CHUNKFILE_RECORD_BYTES + bytes);
        bits_put_le32(h, MARK_CHUNK);
        bits_put_le64(h + 8, sid);
        bits_put_le64(h + 16, (uint64_t)c->first_ms);
        bits_put_le32(h + 24, e.span_ms);
        bits_put_le16(h + 28, e.n);
        bits_put_le16(h + 30, e.bytes);
        bits_put_le64(h + 32, c->last_bits);
        bits_put_le32(h + 40, c->code == XORCHUNK_CODE_HISTOGRAMS ? ENCODING_HISTOGRAMS : ENCODING_XOR);
        memcpy(h + CHUNKFILE_RECORD_BYTES, c->p, bytes);
        bits_put_le32(h + 4, hash_crc32c(0, h + 8, CHUNKFILE_RECORD_BYTES - 8 + bytes));
        f->waiting.n += CHUNKFILE_RECORD_BYTES + bytes;
        add_entry(f, e, c->last_ms);
}

/* ---- writing; callers hold io */

static bool open_for_writing(ChunkFile *f, Err *err)
{
        if (f->file)
                return true;
        File *file, *reader;
        if (!f->fs->open(f->fs, f->path, FILE_APPEND, &file, err))
                return false;
        if (!f->fs->open(f->fs, f->path, FILE_READ, &reader, err)) {
                f->fs->close(file);
                return false;
        }
        f->file = file;
        MUTEX_SCOPE(&f->mu);
        if (f->reader)
                f->fs->close(reader);
        else
                f->reader = reader;
        return true;
}

/* Writes at the end of the file; on failure the file is cut back to `size`, or known to have an unknown tail. */
static bool write_at_end(ChunkFile *f, const void *p, size_t n, uint64_t size, Err *err)
{
        if (!open_for_writing(f, err))
                return false;
        if (f->tail_unknown && !f->fs->truncate(f->file, size, err))
                return false;
        f->tail_unknown = false;
        f->unsynced = true;
        if (f->fs->write(f->file, p, n, err))
                return true;
        Err second;
        f->tail_unknown = !f->fs->truncate(f->file, size, &second);
        return false;
}

static bool flush_io(ChunkFile *f, Err *err)
{
        for (;;) {
                mutex_lock(&f->mu);
                if (f->writing.n == 0) {
                        Buf empty = f->writing;
                        f->writing = f->waiting;
                        f->waiting = empty;
                }
                Str bytes = buf_str(&f->writing);
                uint64_t size = f->flushed;
                mutex_unlock(&f->mu);
                if (bytes.n == 0)
                        return true;
                if (!write_at_end(f, bytes.p, bytes.n, size, err))
                        return false;
                MUTEX_SCOPE(&f->mu);
                f->flushed += bytes.n;
                buf_done(&f->writing);
        }
}

bool chunkfile_flush(ChunkFile *f, Err *err)
{
        MUTEX_SCOPE(&f->io);
        return flush_io(f, err);
}

static bool sync_io(ChunkFile *f, Err *err)
{
        if (!flush_io(f, err))
                return false;
        if (!f->unsynced)
                return true;
        if (!open_for_writing(f, err) || !f->fs->sync(f->file, err))
                return false;
        f->unsynced = false;
        return true;
}

bool chunkfile_sync(ChunkFile *f, Err *err)
{
        MUTEX_SCOPE(&f->io);
        return sync_io(f, err);
}

static int compare_entries(const void *a, const void *b)
{
        const Entry *x = a, *y = b;
        if (x->sid != y->sid)
                return x->sid < y->sid ? -1 : 1;
        if (x->min_ms != y->min_ms)
                return x->min_ms < y->min_ms ? -1 : 1;
        return (x->offset > y->offset) - (x->offset < y->offset);
}

/* The index and the trailer, as they follow behind `size` bytes of chunks. */
static void encode_index(ChunkFile *f, uint64_t size, Buf *out)
{
        size_t n = f->entries.len;
        Entry *sorted = mem_alloc((n + 1) * sizeof *sorted);
        if (n)
                memcpy(sorted, f->entries.data, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, compare_entries);
        size_t bytes = INDEX_HEADER_BYTES + n * CHUNKFILE_ENTRY_BYTES;
        char *start = buf_reserve(out, bytes + CHUNKFILE_TRAILER_BYTES);
        memset(start, 0, bytes + CHUNKFILE_TRAILER_BYTES);
        char *p = start + INDEX_HEADER_BYTES;
        for (size_t i = 0; i < n; i++, p += CHUNKFILE_ENTRY_BYTES) {
                bits_put_le64(p, sorted[i].sid);
                bits_put_le64(p + 8, (uint64_t)sorted[i].min_ms);
                bits_put_le32(p + 16, sorted[i].span_ms);
                bits_put_le32(p + 20, sorted[i].offset);
                bits_put_le16(p + 24, sorted[i].bytes);
                bits_put_le16(p + 26, sorted[i].n);
        }
        mem_free(sorted);
        bits_put_le32(start, MARK_INDEX);
        bits_put_le64(start + 8, n);
        bits_put_le32(start + 4, hash_crc32c(0, start + 8, bytes - 8));
        bits_put_le64(p, size);
        bits_put_le64(p + 8, (uint64_t)f->min_ms);
        bits_put_le64(p + 16, (uint64_t)f->max_ms);
        bits_put_le64(p + 24, f->samples);
        bits_put_le32(p + 32, hash_crc32c(0, p, 32));
        bits_put_le32(p + 36, MARK_TRAILER);
        out->n += bytes + CHUNKFILE_TRAILER_BYTES;
}

bool chunkfile_seal(ChunkFile *f, Err *err)
{
        MUTEX_SCOPE(&f->io);
        if (!flush_io(f, err))
                return err_wrap(err, "seal '%s'", f->path);
        AUTO(buf_done) Buf index = { 0 };
        encode_index(f, f->flushed, &index);
        if (!write_at_end(f, index.p, index.n, f->flushed, err))
                return err_wrap(err, "seal '%s'", f->path);
        FileMap map;
        if (!f->fs->sync(f->file, err) || !f->fs->map(f->reader, &map, err)) {
                Err second;
                f->tail_unknown = !f->fs->truncate(f->file, f->flushed, &second);
                return err_wrap(err, "seal '%s'", f->path);
        }
        f->unsynced = false;
        f->fs->close(f->file);
        f->file = NULL;
        MUTEX_SCOPE(&f->mu);
        f->map = map;
        f->index_offset = f->flushed + INDEX_HEADER_BYTES;
        f->flushed += index.n;
        f->index_checked = f->sealed = true;
        vec_done(&f->entries);
        sidmap_done(&f->heads);
        return true;
}

/* ---- opening */

/* The length of the chunk record at p, 0 when there is none; *e is filled. */
static size_t parse_record(const unsigned char *p, size_t n, Entry *e, int64_t *max_ms)
{
        if (n < CHUNKFILE_RECORD_BYTES || bits_le32(p) != MARK_CHUNK)
                return 0;
        size_t bytes = bits_le16(p + 30);
        if (n - CHUNKFILE_RECORD_BYTES < bytes ||
            bits_le32(p + 4) != hash_crc32c(0, p + 8, CHUNKFILE_RECORD_BYTES - 8 + bytes))
                return 0;
        *e = (Entry){ .sid = bits_le64(p + 8),
                      .min_ms = (int64_t)bits_le64(p + 16),
                      .span_ms = bits_le32(p + 24),
                      .n = bits_le16(p + 28),
                      .bytes = (uint16_t)bytes };
        uint32_t encoding = bits_le32(p + 40);
        if (e->n == 0 || (encoding != ENCODING_XOR && encoding != ENCODING_HISTOGRAMS) ||
            __builtin_add_overflow(e->min_ms, (int64_t)e->span_ms, max_ms))
                return 0;
        return CHUNKFILE_RECORD_BYTES + bytes;
}

/* Offset of the next whole chunk at or behind `from`, or the end. */
static size_t resync(FileMap map, size_t from)
{
        Entry e;
        int64_t max_ms;
        while (from < map.n) {
                const unsigned char *hit = memchr(map.p + from, MARK_CHUNK & 0xff, map.n - from);
                if (!hit)
                        break;
                from = (size_t)(hit - map.p);
                if (parse_record(hit, map.n - from, &e, &max_ms))
                        return from;
                from++;
        }
        return map.n;
}

/* Fills entries from the chunks themselves; returns where the good bytes end. */
static size_t scan(ChunkFile *f, FileMap map, ChunkFileDamage *damage)
{
        size_t pos = MIN_OF((size_t)CHUNKFILE_HEADER_BYTES, map.n);
        while (pos < map.n) {
                Entry e;
                int64_t max_ms;
                size_t n = parse_record(map.p + pos, map.n - pos, &e, &max_ms);
                if (n) {
                        e.offset = (uint32_t)pos;
                        add_entry(f, e, max_ms);
                        pos += n;
                        continue;
                }
                size_t next = resync(map, pos + 1);
                if (next == map.n)
                        break;
                damage->records++;
                pos = next;
        }
        return pos;
}

/* True when the file ends in a good trailer, whose content is then taken over. */
static bool parse_trailer(ChunkFile *f, FileMap map)
{
        if (map.n < CHUNKFILE_HEADER_BYTES + INDEX_HEADER_BYTES + CHUNKFILE_TRAILER_BYTES)
                return false;
        const unsigned char *t = map.p + map.n - CHUNKFILE_TRAILER_BYTES;
        uint64_t at = bits_le64(t);
        if (bits_le32(t + 36) != MARK_TRAILER || bits_le32(t + 32) != hash_crc32c(0, t, 32))
                return false;
        if (at > map.n - CHUNKFILE_TRAILER_BYTES - INDEX_HEADER_BYTES)
                return false;
        size_t entry_bytes = map.n - CHUNKFILE_TRAILER_BYTES - INDEX_HEADER_BYTES - (size_t)at;
        if (entry_bytes % CHUNKFILE_ENTRY_BYTES)
                return false;
        f->chunks = entry_bytes / CHUNKFILE_ENTRY_BYTES;
        f->index_offset = at + INDEX_HEADER_BYTES;
        f->min_ms = (int64_t)bits_le64(t + 8);
        f->max_ms = (int64_t)bits_le64(t + 16);
        f->samples = bits_le64(t + 24);
        return true;
}

static bool parse_header(ChunkFile *f, FileMap map, ChunkFileDamage *damage, Err *err)
{
        bool whole = map.n >= CHUNKFILE_HEADER_BYTES && memcmp(map.p, MAGIC, 8) == 0 &&
                     bits_le32(map.p + 28) == hash_crc32c(0, map.p, 28);
        if (!whole) {
                damage->records += map.n > 0;
                return true;
        }
        uint32_t version = bits_le32(map.p + 8);
        if (version != CHUNKFILE_VERSION)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has format version %u, this program reads version %d: start the newer program, or move the data directory aside",
                        f->path, version, CHUNKFILE_VERSION);
        f->window_ms = (int64_t)bits_le64(map.p + 12);
        f->window_end_ms = (int64_t)(bits_le64(map.p + 12) + bits_le32(map.p + 20));
        return true;
}

/* A torn end is cut off, so that what is appended next follows the last good chunk. */
static bool open_unsealed(ChunkFile *f, FileMap map, ChunkFileDamage *damage, Err *err)
{
        size_t end = scan(f, map, damage);
        bool interrupted_seal = map.n - end >= 4 && bits_le32(map.p + end) == MARK_INDEX;
        f->flushed = end;
        f->unsynced = true;
        if (f->window_end_ms == f->window_ms && f->chunks) { /* the header is damaged: the data says what it covers */
                f->window_ms = f->min_ms;
                f->window_end_ms = f->max_ms + 1;
        }
        if (end == map.n)
                return true;
        damage->tail_bytes += interrupted_seal ? 0 : map.n - end;
        return open_for_writing(f, err) && f->fs->truncate(f->file, end, err);
}

bool chunkfile_open(const Fs *fs, const char *path, uint32_t id, ChunkFile **ret, ChunkFileDamage *damage, Err *err)
{
        ChunkFile *f = file_new(fs, path, id);
        AUTO(snapshot_unref) Snapshot *owner = &f->snap;
        FileMap map;
        if (!fs->open(fs, path, FILE_READ, &f->reader, err) || !fs->map(f->reader, &map, err))
                return false;
        ChunkFileDamage found = { 0 };
        bool ok = parse_header(f, map, &found, err);
        if (ok && f->window_end_ms > f->window_ms && parse_trailer(f, map)) {
                f->map = map;
                f->sealed = true;
                f->flushed = map.n;
        } else {
                ok = ok && open_unsealed(f, map, &found, err);
                fs->unmap(fs, map);
        }
        if (!ok)
                return false;
        damage->records += found.records;
        damage->tail_bytes += found.tail_bytes;
        *ret = f;
        owner = NULL;
        return true;
}

/* ---- reading */

/* Into the order of an index, chains included. */
static void sort_entries(ChunkFile *f)
{
        if (f->entries.len)
                qsort(f->entries.data, f->entries.len, sizeof(Entry), compare_entries);
        sidmap_done(&f->heads);
        for (size_t i = 0; i < f->entries.len; i++) {
                Entry *e = &f->entries.data[i];
                e->prev = sidmap_get(&f->heads, e->sid);
                sidmap_put(&f->heads, e->sid, (uint32_t)i + 1);
        }
}

/* Caller holds mu. A damaged index is replaced by what the chunks say themselves. */
static bool index_usable(ChunkFile *f)
{
        if (f->index_checked)
                return f->entries.len == 0;
        const unsigned char *at = f->map.p + f->index_offset - INDEX_HEADER_BYTES;
        bool good = bits_le32(at) == MARK_INDEX && bits_le64(at + 8) == f->chunks &&
                    bits_le32(at + 4) == hash_crc32c(0, at + 8, 8 + f->chunks * CHUNKFILE_ENTRY_BYTES);
        f->index_checked = true;
        if (good)
                return true;
        ChunkFileDamage ignored = { 0 };
        f->chunks = f->samples = 0;
        scan(f, (FileMap){ f->map.p, (size_t)f->index_offset - INDEX_HEADER_BYTES }, &ignored);
        sort_entries(f);
        return false;
}

static Entry index_entry(const ChunkFile *f, uint64_t i)
{
        const unsigned char *p = f->map.p + f->index_offset + i * CHUNKFILE_ENTRY_BYTES;
        return (Entry){ .sid = bits_le64(p),
                        .min_ms = (int64_t)bits_le64(p + 8),
                        .span_ms = bits_le32(p + 16),
                        .offset = bits_le32(p + 20),
                        .bytes = bits_le16(p + 24),
                        .n = bits_le16(p + 26) };
}

static uint64_t index_sid(const ChunkFile *f, uint64_t i)
{
        return bits_le64(f->map.p + f->index_offset + i * CHUNKFILE_ENTRY_BYTES);
}

/* First index entry with sid >= the given one. Ids are nearly evenly spread, so guess the place first, halve when guessing fails. */
static uint64_t index_find(const ChunkFile *f, uint64_t sid)
{
        uint64_t lo = 0, hi = f->chunks;
        for (int guesses = 0; lo < hi; guesses++) {
                uint64_t mid = lo + (hi - lo) / 2;
                if (guesses < 8 && hi - lo > 16) {
                        uint64_t first = index_sid(f, lo), last = index_sid(f, hi - 1);
                        if (sid <= first)
                                return lo;
                        if (sid > last)
                                return hi;
                        mid = lo + (uint64_t)((double)(sid - first) / (double)(last - first) * (double)(hi - 1 - lo));
                        mid = MIN_OF(mid, hi - 1);
                }
                if (index_sid(f, mid) < sid)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

static bool overlaps(const Entry *e, int64_t min_ms, int64_t max_ms)
{
        int64_t end;
        if (__builtin_add_overflow(e->min_ms, (int64_t)e->span_ms, &end))
                end = INT64_MAX;
        return e->min_ms <= max_ms && end >= min_ms;
}

/* Checks and decodes one record; p is followed by XORCHUNK_PAD_BYTES readable bytes. Damage is counted, not an error. */
static void decode_record(const unsigned char *p, size_t n, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out,
                          uint64_t *damaged)
{
        Entry e;
        int64_t last;
        Err err;
        size_t got = parse_record(p, n, &e, &last);
        if (got == 0 || e.sid != sid) {
                (*damaged)++;
                return;
        }
        Str stream = { (const char *)p + CHUNKFILE_RECORD_BYTES, e.bytes };
        bool ok = bits_le32(p + 40) == ENCODING_HISTOGRAMS
                          ? histchunk_decode(stream, e.n, e.min_ms, min_ms, max_ms, out, &err)
                          : xorchunk_decode(stream, e.n, e.min_ms, min_ms, max_ms, out, &err);
        if (!ok)
                (*damaged)++;
}

static void read_sealed(ChunkFile *f, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged)
{
        uint64_t limit = f->index_offset - INDEX_HEADER_BYTES;
        for (uint64_t i = index_find(f, sid); i < f->chunks; i++) {
                Entry e = index_entry(f, i);
                if (e.sid != sid)
                        break;
                size_t n = CHUNKFILE_RECORD_BYTES + (size_t)e.bytes;
                if (e.offset > limit || limit - e.offset < n)
                        (*damaged)++;
                else if (overlaps(&e, min_ms, max_ms))
                        decode_record(f->map.p + e.offset, n, sid, min_ms, max_ms, out, damaged);
        }
}

typedef struct Wanted {
        size_t offset, bytes, at;  /* at: place in the buffer */
        const unsigned char *view; /* the mapped record; NULL: it is in the buffer */
        bool loaded;
} Wanted;
typedef VEC(Wanted) WantedList;

enum { VIEW_MIN_GROWTH_BYTES = 64 * 1024 };

/* Caller holds mu. The bytes at offset through a mapping of the growing file, XORCHUNK_PAD_BYTES readable behind them; NULL when
 * they are not all in the file yet, or too little was added to map it again. Only flushed bytes are looked at: no failed
 * write takes them back. */
static const unsigned char *view_of(ChunkFile *f, uint64_t offset, size_t n)
{
        uint64_t end = offset + n + XORCHUNK_PAD_BYTES, mapped = f->views.len ? vec_last(&f->views)->n : 0;
        if (end > f->flushed || !f->reader)
                return NULL;
        if (end > mapped) {
                FileMap map;
                Err err;
                if (f->flushed < mapped + mapped / 4 + VIEW_MIN_GROWTH_BYTES || !f->fs->map(f->reader, &map, &err))
                        return NULL;
                vec_push(&f->views, map);
                mapped = map.n;
        }
        return end <= mapped ? vec_last(&f->views)->p + offset : NULL;
}

/* Caller holds mu. Lists the chunks newest first; copies those that are not in the file yet. */
static void collect(ChunkFile *f, uint64_t sid, int64_t min_ms, int64_t max_ms, WantedList *list, Buf *bytes)
{
        for (uint32_t i = sidmap_get(&f->heads, sid); i; i = f->entries.data[i - 1].prev) {
                const Entry *e = &f->entries.data[i - 1];
                if (!overlaps(e, min_ms, max_ms))
                        continue;
                Wanted w = { .offset = e->offset, .bytes = CHUNKFILE_RECORD_BYTES + (size_t)e->bytes, .at = bytes->n };
                w.view = f->map.p ? NULL : view_of(f, e->offset, w.bytes);
                if (w.view) {
                        vec_push(list, w);
                        continue;
                }
                buf_reserve(bytes, w.bytes);
                const char *from = NULL;
                if (f->map.p)
                        from = (const char *)f->map.p + e->offset;
                else if (e->offset >= f->flushed + f->writing.n)
                        from = f->waiting.p + (e->offset - f->flushed - f->writing.n);
                else if (e->offset >= f->flushed)
                        from = f->writing.p + (e->offset - f->flushed);
                if (from)
                        memcpy(bytes->p + w.at, from, w.bytes);
                w.loaded = from != NULL;
                bytes->n += w.bytes;
                vec_push(list, w);
        }
}

bool chunkfile_read(ChunkFile *f, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged,
                    Err *err)
{
        /* No lock: readers of the many series that have nothing here would only pass it around. */
        if (f->max_ms < min_ms || f->min_ms > max_ms)
                return true;
        WantedList list = { 0 };
        AUTO(buf_done) Buf bytes = { 0 };
        mutex_lock(&f->mu);
        bool use_index = f->sealed && index_usable(f);
        if (!use_index)
                collect(f, sid, min_ms, max_ms, &list, &bytes);
        mutex_unlock(&f->mu);
        if (use_index)
                read_sealed(f, sid, min_ms, max_ms, out, damaged);
        if (bytes.n)
                buf_reserve(&bytes, XORCHUNK_PAD_BYTES);
        bool ok = true;
        for (size_t i = list.len; i-- > 0 && ok;) {
                Wanted *w = &list.data[i];
                size_t got = w->bytes;
                /* set before the chunk could leave memory, so reading it here needs no lock */
                if (!w->loaded && !w->view)
                        ok = f->fs->pread(f->reader, w->offset, bytes.p + w->at, w->bytes, &got, err);
                const unsigned char *p = w->view ? w->view : (const unsigned char *)bytes.p + w->at;
                if (ok)
                        decode_record(p, got, sid, min_ms, max_ms, out, damaged);
        }
        vec_done(&list);
        return ok;
}

static uint64_t entries_find(const ChunkFile *f, uint64_t sid)
{
        size_t lo = 0, hi = f->entries.len;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (f->entries.data[mid].sid < sid)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

bool chunkfile_next_series(ChunkFile *f, uint64_t sid, uint64_t *ret)
{
        MUTEX_SCOPE(&f->mu);
        CHECK(f->sealed);
        bool use_index = index_usable(f);
        uint64_t at = use_index ? index_find(f, sid) : entries_find(f, sid);
        if (at >= (use_index ? f->chunks : f->entries.len))
                return false;
        *ret = use_index ? index_sid(f, at) : f->entries.data[at].sid;
        return true;
}

void chunkfile_each(ChunkFile *f, void (*fn)(void *ctx, const ChunkEntry *entry), void *ctx)
{
        mutex_lock(&f->mu);
        bool use_index = f->sealed && index_usable(f);
        uint64_t n = use_index ? f->chunks : f->entries.len;
        mutex_unlock(&f->mu);
        FileMap map = f->map;
        Err err;
        bool mapped = !map.p && f->reader && f->fs->map(f->reader, &map, &err);
        CHECK(!use_index || f->map.p);
        for (uint64_t i = 0; i < n; i++) {
                Entry e = use_index ? index_entry(f, i) : f->entries.data[i];
                bool inside = map.p && (uint64_t)e.offset + CHUNKFILE_RECORD_BYTES <= map.n;
                uint64_t bits = inside ? bits_le64(map.p + e.offset + 32) : 0;
                fn(ctx, &(ChunkEntry){ e.sid, e.min_ms, e.min_ms + e.span_ms, bits, e.n });
        }
        if (mapped)
                f->fs->unmap(f->fs, map);
}

/* ---- facts */

const char *chunkfile_path(const ChunkFile *f) { return f->path; }
uint32_t chunkfile_id(const ChunkFile *f) { return f->id; }
int64_t chunkfile_window_ms(const ChunkFile *f) { return f->window_ms; }
int64_t chunkfile_window_end_ms(const ChunkFile *f) { return f->window_end_ms; }

bool chunkfile_is_sealed(ChunkFile *f)
{
        MUTEX_SCOPE(&f->mu);
        return f->sealed;
}

uint64_t chunkfile_bytes(ChunkFile *f)
{
        MUTEX_SCOPE(&f->mu);
        return f->flushed + f->writing.n + f->waiting.n;
}

void chunkfile_set_covered(ChunkFile *f) { __atomic_store_n(&f->covered, true, __ATOMIC_RELEASE); }
bool chunkfile_is_covered(const ChunkFile *f) { return __atomic_load_n(&f->covered, __ATOMIC_ACQUIRE); }

bool chunkfile_is_quiet(ChunkFile *f)
{
        MUTEX_SCOPE(&f->mu);
        uint64_t bytes = f->flushed + f->writing.n + f->waiting.n, seen = f->seen_bytes;
        f->seen_bytes = bytes;
        return bytes == seen;
}

uint64_t chunkfile_waiting(ChunkFile *f)
{
        MUTEX_SCOPE(&f->mu);
        return f->writing.n + f->waiting.n;
}

uint64_t chunkfile_chunks(ChunkFile *f)
{
        MUTEX_SCOPE(&f->mu);
        return f->chunks;
}

uint64_t chunkfile_samples(ChunkFile *f)
{
        MUTEX_SCOPE(&f->mu);
        return f->samples;
}

bool chunkfile_range(ChunkFile *f, int64_t *ret_min_ms, int64_t *ret_max_ms)
{
        MUTEX_SCOPE(&f->mu);
        if (f->chunks == 0)
                return false;
        *ret_min_ms = f->min_ms;
        *ret_max_ms = f->max_ms;
        return true;
}
