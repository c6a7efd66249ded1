/* Invariants
 * 1. A folder with a block's name is a whole block: it is written as <name>.tmp-for-creation, synced, renamed.
 * 2. Series are written sorted by labels, symbols, postings and their offsets sorted by text: readers search them.
 *
 * The chunks of a block go straight to their file; its index, some 100 bytes a series, is built in memory. */
#include "interop/promwrite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/rand.h"
#include "base/vec.h"
#include "codec/json.h"
#include "codec/varint.h"
#include "interop/promblock.h"
#include "interop/promchunk.h"
#include "interop/promindex.h"
#include "interop/storecopy.h"
#include "os/clock.h"

enum { FLUSH_BYTES = 1 << 20, SERIES_ALIGN = 16, POSTINGS_ALIGN = 4, SEGMENT_HEADER_BYTES = 8, INDEX_VERSION = 2 };

typedef struct BlockSeries {
        Labels labels;
        size_t first_chunk, n_chunks;
        uint32_t ref; /* in the index */
} BlockSeries;

/* A label pair of a series: symbols of name and value, which sort like their texts. */
typedef struct Posting {
        uint32_t name, value, ref;
} Posting;

#define MAP_NAME SymbolMap
#define MAP_FN_PREFIX symbol_map
#define MAP_KEY Str
#define MAP_VAL uint32_t
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef struct BlockRun {
        const PromWriteOptions *options;
        Arena *arena;             /* of the block */
        int64_t start_ms, end_ms; /* end exclusive */
        Str dir;
        char name[PROMBLOCK_ULID_CHARS + 1];
        File *file; /* the open segment */
        uint32_t segment;
        uint64_t written;
        Buf pending; /* of the segment */
        VEC(BlockSeries) series;
        VEC(PromChunkRef) chunks;
        uint64_t samples;
        Buf index;
} BlockRun;

/* ---- names */

/* 48 bits of milliseconds, 80 of chance, in base 32. */
static void make_ulid(char ret[PROMBLOCK_ULID_CHARS + 1], int64_t now_ms)
{
        static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        uint8_t chance[16];
        uint64_t t = (uint64_t)now_ms;
        rand_os_bytes(chance, sizeof chance);
        for (int i = 9; i >= 0; i--, t >>= 5)
                ret[i] = alphabet[t & 31];
        for (int i = 0; i < 16; i++)
                ret[10 + i] = alphabet[chance[i] & 31];
        ret[PROMBLOCK_ULID_CHARS] = 0;
}

/* Lives as long as the block's arena, ends in NUL. */
static const char *path_of(const BlockRun *run, const char *name)
{
        return str_printf(run->arena, STR_FMT "/%s", STR_ARG(run->dir), name).p;
}

/* ---- chunks */

static bool flush_segment(BlockRun *run, Err *err)
{
        if (!run->pending.n)
                return true;
        if (!run->options->fs->write(run->file, run->pending.p, run->pending.n, err))
                return false;
        buf_clear(&run->pending);
        return true;
}

static bool close_segment(BlockRun *run, Err *err)
{
        if (!run->file)
                return true;
        bool ok = flush_segment(run, err) && run->options->fs->sync(run->file, err);
        run->options->fs->close(run->file);
        run->file = NULL;
        return ok;
}

static bool open_segment(BlockRun *run, Err *err)
{
        char name[32], header[SEGMENT_HEADER_BYTES] = { 0 };
        snprintf(name, sizeof name, "chunks/%06u", ++run->segment);
        if (!run->options->fs->open(run->options->fs, path_of(run, name), FILE_CREATE, &run->file, err))
                return false;
        bits_put_be32(header, (uint32_t)PROMBLOCK_CHUNKS_MAGIC);
        header[4] = 1;
        buf_add(&run->pending, header, sizeof header);
        run->written = sizeof header;
        return true;
}

/* Places the chunk's bytes behind a hole for its length, then moves them down: the length is not known before. */
static bool put_chunk(BlockRun *run, const Column *c, size_t *at, Buf *scratch, Err *err)
{
        unsigned encoding;
        char crc[4];
        buf_clear(scratch);
        buf_char(scratch, 0);
        size_t n = promchunk_encode(c, *at, PROMCHUNK_ENCODED_SAMPLES, scratch, &encoding);
        scratch->p[0] = (char)encoding;
        if (run->file && run->written + scratch->n + 16 > PROMWRITE_SEGMENT_BYTES && !close_segment(run, err))
                return false;
        if (!run->file && !open_segment(run, err))
                return false;
        vec_push(&run->chunks, (PromChunkRef){ .min_ms = c->t[*at],
                                               .max_ms = c->t[*at + n - 1],
                                               .ref = (uint64_t)(run->segment - 1) << 32 | run->written });
        size_t before = run->pending.n;
        varint_add(&run->pending, scratch->n - 1);
        buf_str_add(&run->pending, buf_str(scratch));
        bits_put_be32(crc, hash_crc32c(0, scratch->p, scratch->n));
        buf_add(&run->pending, crc, sizeof crc);
        run->written += run->pending.n - before;
        run->samples += n;
        *at += n;
        return run->pending.n < FLUSH_BYTES || flush_segment(run, err);
}

static bool write_chunks(BlockRun *run, Querier *q, const StoreSelection *sel, Err *err)
{
        const PromWriteOptions *o = run->options;
        Column c = { 0 };
        Buf scratch = { 0 };
        bool ok = true;
        for (size_t i = 0; ok && i < sel->n; i++) {
                column_clear(&c);
                ok = q->read(q, sel, i, MAX_OF(run->start_ms, o->min_ms), MIN_OF(run->end_ms - 1, o->max_ms), &c, err);
                if (!ok || c.n == 0)
                        continue;
                BlockSeries s = { .labels = sel->series[i].labels, .first_chunk = run->chunks.len };
                for (size_t at = 0; ok && at < c.n;)
                        ok = put_chunk(run, &c, &at, &scratch, err);
                s.n_chunks = run->chunks.len - s.first_chunk;
                vec_push(&run->series, s);
                ok = ok && cancel_check(o->cancel, err);
        }
        buf_done(&scratch);
        column_done(&c);
        return ok && close_segment(run, err);
}

/* ---- index */

static void put_be32(Buf *out, uint32_t v)
{
        char b[4];
        bits_put_be32(b, v);
        buf_add(out, b, sizeof b);
}

static void put_be64(Buf *out, uint64_t v)
{
        char b[8];
        bits_put_be64(b, v);
        buf_add(out, b, sizeof b);
}

static void align(Buf *out, size_t to)
{
        while (out->n % to)
                buf_char(out, 0);
}

/* A section is its length, its content and a checksum; end takes what begin gave. */
static size_t begin_section(Buf *out)
{
        put_be32(out, 0);
        return out->n;
}

static void end_section(Buf *out, size_t begun)
{
        size_t n = out->n - begun;
        bits_put_be32(out->p + begun - 4, (uint32_t)n);
        put_be32(out, hash_crc32c(0, out->p + begun, n));
}

static void put_str(Buf *out, Str s)
{
        varint_add(out, s.n);
        buf_str_add(out, s);
}

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static Str *put_symbols(BlockRun *run, SymbolMap *map)
{
        VEC(Str) all = { .arena = run->arena };
        vec_each(s, &run->series) {
                for (size_t i = 0; i < s->labels.n; i++) {
                        bool fresh;
                        symbol_map_put(map, s->labels.data[i].name, &fresh);
                        if (fresh)
                                vec_push(&all, s->labels.data[i].name);
                        symbol_map_put(map, s->labels.data[i].value, &fresh);
                        if (fresh)
                                vec_push(&all, s->labels.data[i].value);
                }
        }
        if (all.len)
                qsort(all.data, all.len, sizeof *all.data, by_text);
        size_t begun = begin_section(&run->index);
        put_be32(&run->index, (uint32_t)all.len);
        for (size_t i = 0; i < all.len; i++) {
                *symbol_map_get(map, all.data[i]) = (uint32_t)i;
                put_str(&run->index, all.data[i]);
        }
        end_section(&run->index, begun);
        return all.data;
}

static void put_series(BlockRun *run, SymbolMap *map, BlockSeries *s, Buf *row)
{
        buf_clear(row);
        varint_add(row, s->labels.n);
        for (size_t i = 0; i < s->labels.n; i++) {
                varint_add(row, *symbol_map_get(map, s->labels.data[i].name));
                varint_add(row, *symbol_map_get(map, s->labels.data[i].value));
        }
        varint_add(row, s->n_chunks);
        const PromChunkRef *before = NULL;
        for (size_t i = 0; i < s->n_chunks; i++) {
                const PromChunkRef *c = &run->chunks.data[s->first_chunk + i];
                if (before)
                        varint_add(row, (uint64_t)(c->min_ms - before->max_ms));
                else
                        varint_add_signed(row, c->min_ms);
                varint_add(row, (uint64_t)(c->max_ms - c->min_ms));
                if (before)
                        varint_add_signed(row, (int64_t)(c->ref - before->ref));
                else
                        varint_add(row, c->ref);
                before = c;
        }
        align(&run->index, SERIES_ALIGN);
        s->ref = (uint32_t)(run->index.n / SERIES_ALIGN);
        put_str(&run->index, buf_str(row));
        put_be32(&run->index, hash_crc32c(0, row->p, row->n));
}

static int by_pair(const void *a, const void *b)
{
        const Posting *x = a, *y = b;
        if (x->name != y->name)
                return x->name < y->name ? -1 : 1;
        if (x->value != y->value)
                return x->value < y->value ? -1 : 1;
        return (x->ref > y->ref) - (x->ref < y->ref);
}

/* Lists of all pairs, the list of everything first; their offsets go to table. */
static void put_postings(BlockRun *run, SymbolMap *map, const Str *symbols, Buf *table)
{
        VEC(Posting) all = { 0 };
        vec_each(s, &run->series)
                for (size_t i = 0; i < s->labels.n; i++)
                        vec_push(&all, (Posting){ .name = *symbol_map_get(map, s->labels.data[i].name),
                                                  .value = *symbol_map_get(map, s->labels.data[i].value),
                                                  .ref = s->ref });
        if (all.len)
                qsort(all.data, all.len, sizeof *all.data, by_pair);
        uint32_t lists = 1;
        for (size_t i = 0; i < all.len; i++)
                lists += i == 0 || all.data[i].name != all.data[i - 1].name ||
                         all.data[i].value != all.data[i - 1].value;
        put_be32(table, lists);
        align(&run->index, POSTINGS_ALIGN);
        varint_add(table, 2);
        put_str(table, STR(""));
        put_str(table, STR(""));
        varint_add(table, run->index.n);
        size_t begun = begin_section(&run->index);
        put_be32(&run->index, (uint32_t)run->series.len);
        vec_each(s, &run->series)
                put_be32(&run->index, s->ref);
        end_section(&run->index, begun);
        for (size_t i = 0; i < all.len;) {
                size_t n = 1;
                while (i + n < all.len && all.data[i + n].name == all.data[i].name &&
                       all.data[i + n].value == all.data[i].value)
                        n++;
                align(&run->index, POSTINGS_ALIGN);
                varint_add(table, 2);
                put_str(table, symbols[all.data[i].name]);
                put_str(table, symbols[all.data[i].value]);
                varint_add(table, run->index.n);
                begun = begin_section(&run->index);
                put_be32(&run->index, (uint32_t)n);
                for (size_t k = 0; k < n; k++)
                        put_be32(&run->index, all.data[i + k].ref);
                end_section(&run->index, begun);
                i += n;
        }
        vec_done(&all);
}

static bool build_index(BlockRun *run, Err *err)
{
        SymbolMap map = { .arena = run->arena };
        Buf *out = &run->index, row = { .arena = run->arena }, table = { .arena = run->arena };
        put_be32(out, (uint32_t)PROMINDEX_MAGIC);
        buf_char(out, INDEX_VERSION);
        size_t symbols_at = out->n;
        const Str *symbols = put_symbols(run, &map);
        align(out, SERIES_ALIGN);
        size_t series_at = out->n;
        vec_each(s, &run->series)
                put_series(run, &map, s, &row);
        size_t postings_at = out->n;
        put_postings(run, &map, symbols, &table);
        /* The list of values of each name: nobody reads it any more, an empty one satisfies who looks. */
        size_t label_table_at = out->n, begun = begin_section(out);
        put_be32(out, 0);
        end_section(out, begun);
        size_t table_at = out->n;
        begun = begin_section(out);
        buf_str_add(out, buf_str(&table));
        end_section(out, begun);
        size_t toc = out->n;
        put_be64(out, symbols_at);
        put_be64(out, series_at);
        put_be64(out, postings_at);
        put_be64(out, label_table_at);
        put_be64(out, postings_at);
        put_be64(out, table_at);
        put_be32(out, hash_crc32c(0, out->p + toc, out->n - toc));
        if (out->n > PROMWRITE_MAX_INDEX_BYTES)
                return err_set(err, ERR_LIMIT,
                               "the index of a block would take %zu bytes: export fewer series at a time", out->n);
        return true;
}

/* ---- a block */

static void build_meta(const BlockRun *run, Buf *out)
{
        JsonWriter w;
        json_writer_init(&w, out);
        json_begin_object(&w);
        json_key_cstr(&w, "ulid", run->name);
        json_key_i64(&w, "minTime", run->start_ms);
        json_key_i64(&w, "maxTime", run->end_ms);
        json_key(&w, STR("stats"));
        json_begin_object(&w);
        json_key_u64(&w, "numSamples", run->samples);
        json_key_u64(&w, "numSeries", run->series.len);
        json_key_u64(&w, "numChunks", run->chunks.len);
        json_end_object(&w);
        json_key(&w, STR("compaction"));
        json_begin_object(&w);
        json_key_i64(&w, "level", 1);
        json_key(&w, STR("sources"));
        json_begin_array(&w);
        json_cstr(&w, run->name);
        json_end_array(&w);
        json_end_object(&w);
        json_key_i64(&w, "version", 1);
        json_end_object(&w);
        buf_char(out, '\n');
}

static bool put_file(const BlockRun *run, const char *name, Str content, Err *err)
{
        return file_write_atomic(run->options->fs, path_of(run, name), content, err);
}

static bool finish_block(BlockRun *run, Err *err)
{
        const Fs *fs = run->options->fs;
        char tombstones[9] = { 0 };
        Buf meta = { .arena = run->arena };
        if (!build_index(run, err) || !put_file(run, "index", buf_str(&run->index), err))
                return false;
        bits_put_be32(tombstones, PROMBLOCK_TOMBSTONES_MAGIC);
        tombstones[4] = 1;
        build_meta(run, &meta);
        if (!put_file(run, "tombstones", str_n(tombstones, sizeof tombstones), err) ||
            !put_file(run, "meta.json", buf_str(&meta), err))
                return false;
        Str whole = str_printf(run->arena, "%s/%s", run->options->dir, run->name);
        return fs->rename(fs, run->dir.p, whole.p, err) && fs->sync_dir(fs, run->options->dir, err);
}

static bool write_block(Querier *q, const StoreSelection *sel, const PromWriteOptions *options, int64_t start_ms,
                        PromWriteStats *stats, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        BlockRun run = {
                .options = options, .arena = arena, .start_ms = start_ms, .end_ms = start_ms + STORECOPY_WINDOW_MS
        };
        Err ignored;
        make_ulid(run.name, clock_wall_ms(clock_system()));
        run.dir = str_printf(arena, "%s/%s.tmp-for-creation", options->dir, run.name);
        run.series.arena = run.chunks.arena = arena;
        bool ok = options->fs->mkdir_all(options->fs, path_of(&run, "chunks"), err) && write_chunks(&run, q, sel, err);
        if (ok && run.series.len)
                ok = finish_block(&run, err);
        if (run.file)
                options->fs->close(run.file);
        if (ok && run.series.len) {
                stats->blocks++;
                stats->samples += run.samples;
                stats->chunks += run.chunks.len;
                stats->series += run.series.len;
        } else {
                IGNORE(file_remove_tree(options->fs, run.dir.p, &ignored));
        }
        buf_done(&run.pending);
        buf_done(&run.index);
        return ok;
}

bool promwrite_blocks(StoreEngine *from, const PromWriteOptions *options, PromWriteStats *stats, Err *err)
{
        AUTO(querier_close) Querier *q = NULL;
        AUTO(arena_free) Arena *arena = arena_new();
        StoreSelection sel;
        SelectArgs args = { .matchers = options->matchers,
                            .min_ms = options->min_ms,
                            .max_ms = options->max_ms,
                            .sorted = true,
                            .cancel = options->cancel };
        if (!options->fs->mkdir_all(options->fs, str_printf(arena, "%s/wal", options->dir).p, err))
                return false;
        if (options->min_ms > options->max_ms)
                return true;
        if (!store_querier(from, options->min_ms, options->max_ms, &q, err) || !q->select(q, &args, arena, &sel, err))
                return false;
        for (int64_t at = storecopy_window(options->min_ms); at <= options->max_ms; at += STORECOPY_WINDOW_MS) {
                if (!write_block(q, &sel, options, at, stats, err))
                        return false;
                double done = (double)(at - options->min_ms) / ((double)(options->max_ms - options->min_ms) + 1);
                if (options->progress && !options->progress(options->ctx, done < 0 ? 0 : done, stats, err))
                        return false;
                if (at > INT64_MAX - STORECOPY_WINDOW_MS)
                        break;
        }
        return true;
}
