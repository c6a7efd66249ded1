/* Invariants
 * 1. Nothing under the final name before everything is synced; a failure or an abort removes the temporary file.
 * 2. A block names its times by their place in the file, which lies before the block's group: they are written when first used.
 * 3. Memory is bounded: one group, one page of labels, PARTWRITE_TIME_COLUMNS remembered columns of times, and 24 bytes for 32 series. */
#include "part/partwrite.h"

#include "base/bits.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"
#include "codec/varint.h"
#include "codec/zstdio.h"
#include "part/histblock.h"
#include "part/labelpage.h"
#include "part/partformat.h"
#include "store/record.h"

#define MAP_NAME TimesMap
#define MAP_FN_PREFIX times_map
#define MAP_KEY Hash128
#define MAP_VAL uint64_t
#define MAP_HASH(k) (k).lo
#define MAP_EQ(a, b) ((a).lo == (b).lo && (a).hi == (b).hi)
#include "base/map.inc.h"

enum { LABEL_LEVEL = 6 /* of zstd: pages are small, and read seldom */ };

typedef struct Place {
        uint64_t sid, offset;
} Place;

struct PartWriter {
        const Fs *fs;
        char *path, *temp;
        File *file;
        Buf out;          /* not written yet */
        uint64_t written; /* bytes in the file */
        PartInfo info;
        PartWriterStats stats;
        uint64_t last_sid;
        /* the group that is being filled */
        Buf group_head, group_data;
        uint32_t group_series;
        uint64_t group_first, group_last, group_times;
        Buf shape, last_shape; /* of the series, and of the one before */
        Buf vector;            /* the series' last vector, whose length is not written if none follows */
        uint64_t series_blocks;
        LabelPageWriter *page;
        uint64_t page_first;
        VEC(Place) groups, pages;
        TimesMap times;
        Hash128 last_times;
        uint64_t last_times_at;
        Buf block; /* scratch */
        FloatvecCoder *coder;
        IntvecPlan plan;
};

/* ---- file */

static bool write_out(PartWriter *w, Err *err)
{
        if (w->out.n == 0)
                return true;
        if (!w->fs->write(w->file, w->out.p, w->out.n, err))
                return false;
        w->written += w->out.n;
        buf_clear(&w->out);
        return true;
}

static void free_writer(PartWriter *w)
{
        if (w->file)
                w->fs->close(w->file);
        buf_done(&w->out);
        buf_done(&w->group_head);
        buf_done(&w->group_data);
        buf_done(&w->shape);
        buf_done(&w->last_shape);
        buf_done(&w->vector);
        labelpage_writer_free(w->page);
        buf_done(&w->block);
        vec_done(&w->groups);
        vec_done(&w->pages);
        times_map_done(&w->times);
        floatvec_coder_free(w->coder);
        mem_free(w->path);
        mem_free(w->temp);
        mem_free(w);
}

void partwrite_abort(PartWriter *w)
{
        if (!w)
                return;
        Err ignored;
        if (w->file) {
                w->fs->close(w->file);
                w->file = NULL;
                IGNORE(w->fs->remove(w->fs, w->temp, &ignored));
        }
        free_writer(w);
}

bool partwrite_begin(const Fs *fs, const char *path, uint32_t id, uint32_t level, PartWriter **ret, Err *err)
{
        AUTO(buf_done) Buf temp = { 0 };
        buf_printf(&temp, "%s.tmp", path);
        File *file;
        if (!fs->open(fs, buf_cstr(&temp), FILE_CREATE, &file, err))
                return false;
        PartWriter *w = mem_new(PartWriter);
        w->fs = fs;
        w->file = file;
        w->path = mem_strndup(path, strlen(path));
        w->temp = mem_strndup(temp.p, temp.n);
        w->info = (PartInfo){ .id = id, .level = level, .min_ms = INT64_MAX, .max_ms = INT64_MIN };
        w->coder = floatvec_coder_new();
        w->page = labelpage_writer_new();
        char *h = buf_reserve(&w->out, PART_HEADER_BYTES);
        memset(h, 0, PART_HEADER_BYTES);
        memcpy(h, PARTFORMAT_MAGIC, 8);
        bits_put_le32(h + 8, PART_VERSION);
        bits_put_le32(h + 12, id);
        bits_put_le32(h + 16, level);
        bits_put_le32(h + 28, hash_crc32c(0, h, 28));
        w->out.n = PART_HEADER_BYTES;
        *ret = w;
        return true;
}

/* Returns where the record stands. */
static uint64_t add_record(PartWriter *w, uint32_t mark, uint32_t count, Str content)
{
        uint64_t at = w->written + w->out.n;
        CHECK(content.n <= PART_MAX_RECORD_BYTES);
        record_add(&w->out, mark, count, content);
        return at;
}

/* ---- blocks */

static uint64_t place_times(PartWriter *w, const int64_t *t, size_t n)
{
        Hash128 key = hash_bytes128(t, n * sizeof *t);
        if (key.lo == w->last_times.lo && key.hi == w->last_times.hi && w->last_times_at)
                return w->last_times_at;
        if (w->times.len >= PARTWRITE_TIME_COLUMNS)
                times_map_clear(&w->times);
        bool fresh;
        uint64_t *at = times_map_put(&w->times, key, &fresh);
        if (fresh) {
                Buf *b = &w->block;
                buf_clear(b);
                varint_add(b, n);
                varint_add_signed(b, t[0]);
                varint_add(b, (uint64_t)t[n - 1] - (uint64_t)t[0]);
                intvec_plan(&w->plan, t, n);
                intvec_write(&w->plan, t, b);
                *at = add_record(w, PARTFORMAT_TIMES, 0, buf_str(b));
                w->stats.time_columns++;
                w->stats.time_bytes += b->n + RECORD_BYTES;
        }
        w->last_times = key;
        w->last_times_at = *at;
        return *at;
}

/* Takes what is in w->block. The series' vector before it gets its length. */
static void add_vector(PartWriter *w)
{
        if (w->vector.n) {
                varint_add(&w->group_data, w->vector.n);
                buf_add(&w->group_data, w->vector.p, w->vector.n);
        }
        buf_clear(&w->vector);
        buf_add(&w->vector, w->block.p, w->block.n);
}

/* Samples [from, from + n) of the column: all floats or all histograms that one block takes. */
static void add_block(PartWriter *w, const Column *c, size_t from, size_t n)
{
        bool histograms = c->h && c->h[from];
        bool starts = false;
        for (size_t i = from; c->st && i < from + n; i++)
                starts = starts || c->st[i] != 0;
        uint64_t times = place_times(w, c->t + from, n);
        Buf *b = &w->block;
        unsigned kind = (histograms ? PART_BLOCK_HISTOGRAMS : PART_BLOCK_FLOATS) |
                        (starts ? 1u << PARTFORMAT_KIND_BITS : 0);
        varint_add(&w->shape, (uint64_t)n << (PARTFORMAT_KIND_BITS + 1) | kind);
        if (w->group_times == 0)
                w->group_times = times;
        varint_add_signed(&w->shape, (int64_t)(times - w->group_times));
        buf_clear(b);
        if (histograms) {
                histblock_write(w->coder, c->h + from, n, b);
                w->stats.histogram_blocks++;
                w->stats.histogram_samples += n;
                w->stats.histogram_bytes += b->n;
        } else {
                FloatvecKind code = floatvec_write(w->coder, c->v + from, n, b);
                w->stats.blocks[code]++;
                w->stats.samples[code] += n;
                w->stats.bytes[code] += b->n;
        }
        add_vector(w);
        if (starts) {
                buf_clear(b);
                intvec_plan(&w->plan, c->st + from, n);
                intvec_write(&w->plan, c->st + from, b);
                add_vector(w);
        }
        w->info.blocks++;
        w->series_blocks++;
}

/* How many samples from `from` on belong into one block kind. */
static size_t run_of(const Column *c, size_t from)
{
        size_t i = from + 1;
        bool histogram = c->h && c->h[from];
        if (histogram)
                return histblock_run(c->h + from, MIN_OF(c->n - from, (size_t)HISTBLOCK_MAX));
        while (i < c->n && !(c->h && c->h[i]))
                i++;
        return i - from;
}

static void add_blocks(PartWriter *w, const Column *c)
{
        for (size_t from = 0; from < c->n;) {
                size_t run = run_of(c, from), blocks = (run + PART_BLOCK_SAMPLES - 1) / PART_BLOCK_SAMPLES;
                for (; blocks > 0; blocks--) { /* of even length: a last block of one sample would cost most */
                        size_t n = (run + blocks - 1) / blocks;
                        add_block(w, c, from, n);
                        from += n;
                        run -= n;
                }
        }
}

/* ---- groups and labels */

static void finish_group(PartWriter *w)
{
        if (w->group_series == 0)
                return;
        AUTO(buf_done) Buf content = { 0 };
        varint_add(&content, w->group_first);
        varint_add(&content, w->group_times);
        buf_add(&content, w->group_head.p, w->group_head.n);
        buf_add(&content, w->group_data.p, w->group_data.n);
        uint64_t at = add_record(w, PARTFORMAT_GROUP, w->group_series, buf_str(&content));
        vec_push(&w->groups, (Place){ w->group_first, at });
        buf_clear(&w->group_head);
        buf_clear(&w->group_data);
        buf_clear(&w->last_shape);
        w->group_series = 0;
        w->group_times = 0;
}

static void finish_page(PartWriter *w)
{
        size_t n = labelpage_series(w->page);
        if (n == 0)
                return;
        AUTO(buf_done) Buf text = { 0 }, packed = { 0 };
        labelpage_finish(w->page, &text);
        zstdio_encode(buf_str(&text), LABEL_LEVEL, &packed);
        uint64_t at = add_record(w, PARTFORMAT_LABELS, (uint32_t)n, buf_str(&packed));
        vec_push(&w->pages, (Place){ w->page_first, at });
        w->stats.label_bytes += packed.n + RECORD_BYTES;
}

static void add_labels(PartWriter *w, uint64_t sid, Labels labels)
{
        if (labelpage_series(w->page) == 0)
                w->page_first = sid;
        labelpage_add(w->page, sid, labels);
        if (labelpage_series(w->page) == PART_PAGE_SERIES || labelpage_bytes(w->page) >= PART_MAX_PAGE_BYTES / 4)
                finish_page(w);
}

/* The series' line in the group's list, and its last vector. */
static void finish_series(PartWriter *w, uint64_t sid, size_t before)
{
        buf_add(&w->group_data, w->vector.p, w->vector.n);
        buf_clear(&w->vector);
        bool shape = !str_eq(buf_str(&w->shape), buf_str(&w->last_shape));
        bool id = w->group_series > 0 && sid != w->group_last + 1;
        varint_add(&w->group_head, (uint64_t)(w->group_data.n - before) << PARTFORMAT_SERIES_BITS |
                                           (shape ? PARTFORMAT_OTHER_SHAPE : 0u) | (id ? PARTFORMAT_OTHER_ID : 0u));
        if (id)
                varint_add(&w->group_head, sid - w->group_last);
        if (shape) {
                varint_add(&w->group_head, w->series_blocks);
                buf_add(&w->group_head, w->shape.p, w->shape.n);
                buf_clear(&w->last_shape);
                buf_add(&w->last_shape, w->shape.p, w->shape.n);
        }
        buf_clear(&w->shape);
        w->series_blocks = 0;
}

bool partwrite_series(PartWriter *w, uint64_t sid, Labels labels, const Column *c, Err *err)
{
        CHECK(c->n > 0 && (w->info.series == 0 || sid > w->last_sid));
        if (w->group_series == 0)
                w->group_first = sid;
        size_t before = w->group_data.n;
        add_blocks(w, c);
        finish_series(w, sid, before);
        w->group_last = w->last_sid = sid;
        w->info.series++;
        w->info.samples += c->n;
        w->info.min_ms = MIN_OF(w->info.min_ms, c->t[0]);
        w->info.max_ms = MAX_OF(w->info.max_ms, c->t[c->n - 1]);
        /* Large series make short groups: a reader checks a group as a whole. */
        if (++w->group_series == PART_GROUP_SERIES || w->group_data.n >= PARTWRITE_BUFFER_BYTES)
                finish_group(w);
        add_labels(w, sid, labels);
        return w->out.n < PARTWRITE_BUFFER_BYTES || write_out(w, err);
}

uint64_t partwrite_samples(const PartWriter *w) { return w->info.samples; }
void partwrite_stats(const PartWriter *w, PartWriterStats *ret) { *ret = w->stats; }

/* ---- the end */

static void add_places(Buf *out, const Place *places, size_t n)
{
        char *p = buf_reserve(out, n * 16);
        for (size_t i = 0; i < n; i++, p += 16) {
                bits_put_le64(p, places[i].sid);
                bits_put_le64(p + 8, places[i].offset);
        }
        out->n += n * 16;
}

static void add_index(PartWriter *w)
{
        AUTO(buf_done) Buf content = { 0 };
        char *p = buf_reserve(&content, PARTFORMAT_INDEX_FIXED);
        memset(p, 0, PARTFORMAT_INDEX_FIXED);
        const uint64_t facts[] = { w->info.series, w->info.samples,          w->info.blocks,          w->groups.len,
                                   w->pages.len,   (uint64_t)w->info.min_ms, (uint64_t)w->info.max_ms };
        for (size_t i = 0; i < ARRAY_LEN(facts); i++)
                bits_put_le64(p + 8 * i, facts[i]);
        content.n = PARTFORMAT_INDEX_FIXED;
        add_places(&content, w->groups.data, w->groups.len);
        add_places(&content, w->pages.data, w->pages.len);
        uint64_t at = add_record(w, PARTFORMAT_INDEX, 0, buf_str(&content));
        w->stats.index_bytes = content.n + RECORD_BYTES + PART_TRAILER_BYTES;
        p = buf_reserve(&w->out, PART_TRAILER_BYTES);
        bits_put_le64(p, at);
        bits_put_le64(p + 8, content.n);
        bits_put_le32(p + 16, hash_crc32c(0, p, 16));
        bits_put_le32(p + 20, PARTFORMAT_END);
        w->out.n += PART_TRAILER_BYTES;
}

bool partwrite_commit(PartWriter *w, Err *err)
{
        finish_group(w);
        finish_page(w);
        add_index(w);
        bool ok = write_out(w, err) && w->fs->sync(w->file, err);
        if (ok) {
                w->fs->close(w->file);
                w->file = NULL;
                Err ignored;
                ok = w->fs->rename(w->fs, w->temp, w->path, err);
                if (!ok)
                        IGNORE(w->fs->remove(w->fs, w->temp, &ignored));
        }
        if (!ok)
                err_wrap(err, "write part '%s'", w->path);
        partwrite_abort(w);
        return ok;
}
