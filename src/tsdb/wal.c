/* Invariants
 * 1. wal_append: after true the record is in the file (it survives the process); after false the file ends where it did before, or
 *    cut_first is set and nothing is written before the file was cut.
 * 2. A segment never follows a torn one: reading cuts the tail, writing always starts a new segment.
 * 3. A checkpoint appears under its name only when complete and synced; segments below it are removed only after that.
 * 4. A file is closed only under `io`, so a sync never uses a closed one. */
#include "tsdb/wal.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/num.h"
#include "base/vec.h"
#include "os/clock.h"
#include "os/mutex.h"

METRIC_HISTOGRAM(fsync_seconds, "pharos_tsdb_wal_fsync_seconds", "Time of one fsync of the write-ahead log.");
METRIC_COUNTER(written, "pharos_tsdb_wal_written_bytes_total", "Bytes written to the write-ahead log.");
METRIC_COUNTER(failures, "pharos_tsdb_wal_write_failures_total",
               "Writes and fsyncs of the write-ahead log that failed.");

static const char MAGIC[8] = { 'P', 'H', 'A', 'R', 'W', 'A', 'L', '\n' };
enum { MARK = 0x43455257 /* "WREC" */ };

typedef struct Segment {
        uint32_t number;
        uint64_t bytes;
} Segment;

struct Wal {
        const Fs *fs;
        char *dir;
        uint64_t size;  /* of the current segment; owned by the appender */
        bool cut_first; /* owned by the appender */
        Mutex io;       /* serialises syncs; taken before mu */
        Mutex mu;       /* guards the rest */
        File *current;  /* NULL: opened by the next append */
        uint32_t number;
        bool unsynced, dir_unsynced;
        VEC(File *) retired; /* full segments, to be synced and closed */
        VEC(Segment) segments;
};

struct WalCheckpointFile {
        Wal *wal;
        uint32_t segment;
        File *file;
        char *tmp, *path;
};

/* ---- frames */

void wal_begin_record(Buf *record)
{
        buf_clear(record);
        buf_reserve(record, WAL_FRAME_BYTES);
        record->n = WAL_FRAME_BYTES;
}

static bool fill_frame(Buf *record, Err *err)
{
        size_t n = record->n - WAL_FRAME_BYTES;
        if (n > WAL_MAX_RECORD_BYTES)
                return err_set(err, ERR_LIMIT,
                               "a record of %zu bytes is longer than the limit of %d: write smaller batches", n,
                               WAL_MAX_RECORD_BYTES);
        bits_put_le32(record->p, MARK);
        bits_put_le32(record->p + 4, (uint32_t)n);
        bits_put_le32(record->p + 8, hash_crc32c(hash_crc32c(0, record->p + 4, 4), record->p + WAL_FRAME_BYTES, n));
        return true;
}

static void put_header(char *h, uint32_t number)
{
        memcpy(h, MAGIC, 8);
        bits_put_le32(h + 8, WAL_VERSION);
        bits_put_le32(h + 12, number);
        bits_put_le32(h + 16, hash_crc32c(0, h, 16));
}

/* The length of the record at p with its frame, 0 when there is none. */
static size_t parse_frame(const unsigned char *p, size_t n, Str *payload)
{
        if (n < WAL_FRAME_BYTES || bits_le32(p) != MARK)
                return 0;
        size_t bytes = bits_le32(p + 4);
        if (bytes > n - WAL_FRAME_BYTES ||
            bits_le32(p + 8) != hash_crc32c(hash_crc32c(0, p + 4, 4), p + WAL_FRAME_BYTES, bytes))
                return 0;
        *payload = (Str){ (const char *)p + WAL_FRAME_BYTES, bytes };
        return WAL_FRAME_BYTES + bytes;
}

size_t wal_scan(Str bytes, bool (*fn)(void *ctx, Str payload), void *ctx, uint64_t *skipped)
{
        const unsigned char *p = (const unsigned char *)bytes.p;
        size_t pos = 0, good = 0;
        bool gap = false;
        Str payload;
        while (pos < bytes.n) {
                size_t n = parse_frame(p + pos, bytes.n - pos, &payload);
                if (n) {
                        *skipped += gap;
                        gap = false;
                        if (!fn(ctx, payload))
                                return pos;
                        pos += n;
                        good = pos;
                        continue;
                }
                gap = true;
                const void *next = memchr(p + pos + 1, MARK & 0xff, bytes.n - pos - 1);
                if (!next)
                        break;
                pos = (size_t)((const unsigned char *)next - p);
        }
        return good;
}

/* ---- reading a directory */

typedef struct ReadJob {
        const Fs *fs;
        const char *dir;
        WalRecordFn *fn;
        void (*end)(void *ctx);
        void *ctx;
        WalDamage *damage;
        uint32_t segment;
        Err *err;
        bool failed;
} ReadJob;

static bool read_record(void *arg, Str payload)
{
        ReadJob *job = arg;
        if (job->fn(job->ctx, job->segment, payload, job->err))
                return true;
        if (job->err->code == ERR_CORRUPT) {
                job->damage->records++;
                return true;
        }
        job->failed = true;
        return false;
}

static bool check_header(const char *path, FileMap map, WalDamage *damage, Err *err)
{
        if (map.n < WAL_HEADER_BYTES || memcmp(map.p, MAGIC, 8) != 0 ||
            bits_le32(map.p + 16) != hash_crc32c(0, map.p, 16)) {
                damage->records++;
                return true;
        }
        uint32_t version = bits_le32(map.p + 8);
        return version == WAL_VERSION ||
               err_set(err, ERR_UNSUPPORTED,
                       "'%s' has format version %u, this program reads version %d: start the newer program, or move the data directory aside",
                       path, version, WAL_VERSION);
}

/* last: a bad end is a write that was cut short, not damage. */
static bool read_file(ReadJob *job, Str name, bool last, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/" STR_FMT, job->dir, STR_ARG(name));
        FileMap map;
        if (!file_map(job->fs, buf_cstr(&path), &map, err))
                return false;
        size_t header = MIN_OF((size_t)WAL_HEADER_BYTES, map.n), good = 0;
        bool stub = last && map.n < WAL_HEADER_BYTES; /* died while creating it */
        bool ok = stub || check_header(path.p, map, job->damage, err);
        if (ok && !stub) {
                job->err = err;
                good = header + wal_scan((Str){ (const char *)map.p + header, map.n - header }, read_record, job,
                                         &job->damage->records);
                ok = !job->failed;
                if (job->end)
                        job->end(job->ctx);
        }
        size_t size = map.n;
        job->fs->unmap(job->fs, map);
        if (stub)
                return job->fs->remove(job->fs, path.p, err);
        if (!ok || good == size)
                return ok;
        if (!last) {
                job->damage->records++;
                return true;
        }
        job->damage->torn_tails++;
        File *file;
        if (!job->fs->open(job->fs, path.p, FILE_READ_WRITE, &file, err))
                return false;
        ok = job->fs->truncate(file, good, err);
        job->fs->close(file);
        return ok;
}

/* The number in a name like wal-00000012; 0 when it is something else. */
static uint32_t number_of(Str name, Str prefix)
{
        uint64_t n;
        if (!str_starts(name, prefix) || !num_parse_u64(str_sub(name, prefix.n, SIZE_MAX), &n) || n > UINT32_MAX)
                return 0;
        return (uint32_t)n;
}
#define SEGMENT_PREFIX STR("wal-")
#define CHECKPOINT_PREFIX STR("checkpoint-")

static bool remove_named(const Fs *fs, const char *dir, Str name, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/" STR_FMT, dir, STR_ARG(name));
        return fs->remove(fs, buf_cstr(&path), err) || err->code == ERR_NOT_FOUND;
}

/* Reads or removes one name of the directory, which come sorted: checkpoint-* before wal-*. */
static bool read_name(ReadJob *job, Str name, uint32_t newest, bool last, uint32_t *expected, Err *err)
{
        uint32_t checkpoint = number_of(name, CHECKPOINT_PREFIX), segment = number_of(name, SEGMENT_PREFIX);
        bool leftover = (checkpoint && checkpoint < newest) || (segment && segment < newest) ||
                        str_ends(name, STR(".tmp"));
        if (leftover)
                return remove_named(job->fs, job->dir, name, err);
        if (checkpoint) {
                job->segment = 0;
                return read_file(job, name, false, err);
        }
        if (!segment)
                return true;
        if (*expected && segment != *expected)
                job->damage->records++; /* a segment is missing */
        *expected = segment + 1;
        job->segment = segment;
        return read_file(job, name, last, err);
}

bool wal_read(const Fs *fs, const char *dir, WalRecordFn *fn, void *ctx, WalDamage *damage, uint32_t *ret_next,
              Err *err)
{
        return wal_read_files(fs, dir, fn, NULL, ctx, damage, ret_next, err);
}

bool wal_read_files(const Fs *fs, const char *dir, WalRecordFn *fn, void (*end)(void *ctx), void *ctx,
                    WalDamage *damage, uint32_t *ret_next, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!fs->list(fs, dir, arena, &names, &n, err))
                return false;
        uint32_t newest = 0, expected = 0, last = 0;
        for (size_t i = 0; i < n; i++) {
                newest = MAX_OF(newest, number_of(names[i], CHECKPOINT_PREFIX));
                last = MAX_OF(last, number_of(names[i], SEGMENT_PREFIX));
        }
        ReadJob job = { .fs = fs, .dir = dir, .fn = fn, .end = end, .ctx = ctx, .damage = damage };
        for (size_t i = 0; i < n; i++)
                if (!read_name(&job, names[i], newest, number_of(names[i], SEGMENT_PREFIX) == last, &expected, err))
                        return false;
        *ret_next = MAX_OF(MAX_OF(newest, last + 1), 1u);
        return true;
}

/* ---- writing */

bool wal_open(const Fs *fs, const char *dir, uint32_t next, Wal **ret, Err *err)
{
        AUTO(wal_close) Wal *w = mem_new(Wal);
        w->fs = fs;
        w->dir = mem_strndup(dir, strlen(dir));
        w->number = next;
        mutex_init(&w->io);
        mutex_init(&w->mu);
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!fs->list(fs, dir, arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                uint32_t number = number_of(names[i], SEGMENT_PREFIX);
                if (!number)
                        continue;
                Str path = str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(names[i]));
                File *file;
                Segment s = { .number = number };
                if (!fs->open(fs, path.p, FILE_READ, &file, err))
                        return false;
                bool ok = fs->size(file, &s.bytes, err);
                fs->close(file);
                if (!ok)
                        return false;
                vec_push(&w->segments, s);
        }
        *ret = TAKE(w);
        return true;
}

void wal_close(Wal *w)
{
        if (!w)
                return;
        vec_each(f, &w->retired)
                w->fs->close(*f);
        if (w->current)
                w->fs->close(w->current);
        vec_done(&w->retired);
        vec_done(&w->segments);
        mutex_done(&w->io);
        mutex_done(&w->mu);
        mem_free(w->dir);
        mem_free(w);
}

/* An empty segment under the current number, header written. */
static bool start_segment(Wal *w, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/wal-%08u", w->dir, w->number);
        char header[WAL_HEADER_BYTES];
        put_header(header, w->number);
        File *file;
        if (!w->fs->open(w->fs, buf_cstr(&path), FILE_APPEND, &file, err))
                return false;
        /* What an earlier failed start left is cut off. */
        if (!w->fs->truncate(file, 0, err) || !w->fs->write(file, header, sizeof header, err)) {
                w->fs->close(file);
                return false;
        }
        w->size = WAL_HEADER_BYTES;
        w->cut_first = false;
        MUTEX_SCOPE(&w->mu);
        w->current = file;
        w->unsynced = w->dir_unsynced = true;
        if (w->segments.len == 0 || vec_last(&w->segments)->number != w->number)
                vec_push(&w->segments, (Segment){ .number = w->number });
        vec_last(&w->segments)->bytes = WAL_HEADER_BYTES;
        return true;
}

static void retire_segment(Wal *w)
{
        MUTEX_SCOPE(&w->mu);
        vec_push(&w->retired, w->current);
        w->current = NULL;
        w->number++;
}

void wal_rotate(Wal *w)
{
        if (w->current)
                retire_segment(w);
}

static bool ready_segment(Wal *w, Err *err)
{
        /* A segment whose end cannot be cut is left behind: its bad tail is skipped when it is read. */
        Err ignored;
        if (w->current && w->cut_first) {
                if (w->fs->truncate(w->current, w->size, &ignored))
                        w->cut_first = false;
                else
                        retire_segment(w);
        }
        if (w->current && w->size >= WAL_SEGMENT_BYTES)
                retire_segment(w);
        return w->current || start_segment(w, err);
}

static bool sync_file(Wal *w, File *file, Err *err)
{
        const Clock *clock = clock_system();
        int64_t start = clock->mono_ns(clock);
        bool ok = w->fs->sync(file, err);
        metric_observe(fsync_seconds, (double)(clock->mono_ns(clock) - start) / 1e9);
        return ok;
}

bool wal_append(Wal *w, Buf *record, bool sync, Err *err)
{
        CHECK(record->n >= WAL_FRAME_BYTES);
        if (!fill_frame(record, err))
                return false;
        if (!ready_segment(w, err)) {
                metric_add(failures, 1);
                return err_wrap(err, "write-ahead log");
        }
        if (!w->fs->write(w->current, record->p, record->n, err) || (sync && !sync_file(w, w->current, err))) {
                Err ignored;
                w->cut_first = !w->fs->truncate(w->current, w->size, &ignored);
                metric_add(failures, 1);
                return err_wrap(err, "write-ahead log");
        }
        w->size += record->n;
        metric_add(written, record->n);
        MUTEX_SCOPE(&w->mu);
        w->unsynced = w->unsynced || !sync;
        vec_last(&w->segments)->bytes = w->size;
        return true;
}

bool wal_sync(Wal *w, Err *err)
{
        MUTEX_SCOPE(&w->io);
        mutex_lock(&w->mu);
        size_t n_retired = w->retired.len;
        File *current = w->unsynced ? w->current : NULL;
        bool dir = w->dir_unsynced;
        w->unsynced = w->dir_unsynced = false;
        mutex_unlock(&w->mu);
        bool ok = true;
        for (size_t i = 0; i < n_retired && ok; i++) {
                mutex_lock(&w->mu);
                File *file = w->retired.data[0];
                mutex_unlock(&w->mu);
                ok = sync_file(w, file, err);
                if (!ok)
                        break;
                mutex_lock(&w->mu);
                memmove(w->retired.data, w->retired.data + 1, --w->retired.len * sizeof *w->retired.data);
                mutex_unlock(&w->mu);
                w->fs->close(file);
        }
        ok = ok && (!current || sync_file(w, current, err)) && (!dir || w->fs->sync_dir(w->fs, w->dir, err));
        if (ok)
                return true;
        metric_add(failures, 1);
        MUTEX_SCOPE(&w->mu);
        w->unsynced = true;
        w->dir_unsynced = w->dir_unsynced || dir;
        return err_wrap(err, "write-ahead log");
}

bool wal_is_segment(Str name, uint32_t *ret_number)
{
        *ret_number = number_of(name, SEGMENT_PREFIX);
        return *ret_number > 0;
}

uint32_t wal_segment(Wal *w)
{
        MUTEX_SCOPE(&w->mu);
        return w->number;
}

uint32_t wal_oldest_segment(Wal *w)
{
        MUTEX_SCOPE(&w->mu);
        return w->segments.len ? w->segments.data[0].number : w->number;
}

uint64_t wal_bytes(Wal *w)
{
        MUTEX_SCOPE(&w->mu);
        uint64_t bytes = 0;
        vec_each(s, &w->segments)
                bytes += s->bytes;
        return bytes;
}

/* ---- checkpoints */

static void checkpoint_free(WalCheckpointFile *c)
{
        if (c->file)
                c->wal->fs->close(c->file);
        mem_free(c->tmp);
        mem_free(c->path);
        mem_free(c);
}

void wal_checkpoint_abort(WalCheckpointFile *c)
{
        Err ignored;
        IGNORE(c->wal->fs->remove(c->wal->fs, c->tmp, &ignored));
        checkpoint_free(c);
}

bool wal_checkpoint_begin(Wal *w, uint32_t segment, WalCheckpointFile **ret, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/checkpoint-%08u", w->dir, segment);
        WalCheckpointFile *c = mem_new(WalCheckpointFile);
        c->wal = w;
        c->segment = segment;
        c->path = mem_strndup(path.p, path.n);
        buf_lit(&path, ".tmp");
        c->tmp = mem_strndup(path.p, path.n);
        char header[WAL_HEADER_BYTES];
        put_header(header, segment);
        if (!w->fs->open(w->fs, c->tmp, FILE_CREATE, &c->file, err) ||
            !w->fs->write(c->file, header, sizeof header, err)) {
                wal_checkpoint_abort(c);
                return err_wrap(err, "checkpoint");
        }
        *ret = c;
        return true;
}

bool wal_checkpoint_add(WalCheckpointFile *c, Buf *record, Err *err)
{
        return fill_frame(record, err) && c->wal->fs->write(c->file, record->p, record->n, err);
}

/* Removes the segments and checkpoints that `segment` replaces. A leftover is harmless: the next start removes it. */
static bool drop_before(Wal *w, uint32_t segment, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!w->fs->list(w->fs, w->dir, arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                uint32_t number = number_of(names[i], SEGMENT_PREFIX);
                if (!number)
                        number = number_of(names[i], CHECKPOINT_PREFIX);
                if (number && number < segment && !remove_named(w->fs, w->dir, names[i], err))
                        return false;
        }
        MUTEX_SCOPE(&w->mu);
        size_t kept = 0;
        for (size_t i = 0; i < w->segments.len; i++)
                if (w->segments.data[i].number >= segment)
                        w->segments.data[kept++] = w->segments.data[i];
        w->segments.len = kept;
        return true;
}

bool wal_checkpoint_commit(WalCheckpointFile *c, Err *err)
{
        Wal *w = c->wal;
        if (!w->fs->sync(c->file, err) || !w->fs->rename(w->fs, c->tmp, c->path, err)) {
                wal_checkpoint_abort(c);
                return err_wrap(err, "checkpoint");
        }
        uint32_t segment = c->segment;
        checkpoint_free(c);
        return (w->fs->sync_dir(w->fs, w->dir, err) && drop_before(w, segment, err)) || err_wrap(err, "checkpoint");
}
