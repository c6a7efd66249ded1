/* Invariants
 * 1. A block is opened whole or not at all; a damaged chunk is found when it is read, and is that chunk's error alone.
 * 2. Mappings are released with the arena. */
#include "interop/promblock.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/vec.h"
#include "codec/json.h"
#include "interop/promcur.h"

enum { SEGMENT_HEADER_BYTES = 8, TOMBSTONES_HEADER_BYTES = 5, CHECKSUM_BYTES = 4 };

typedef struct Mapping {
        const Fs *fs;
        FileMap map;
} Mapping;

static void unmap(void *arg)
{
        Mapping *m = arg;
        m->fs->unmap(m->fs, m->map);
}

bool promblock_map(const Fs *fs, const char *path, Arena *arena, Str *ret, Err *err)
{
        Mapping *m = arena_new_of(arena, Mapping);
        if (!file_map(fs, path, &m->map, err))
                return false;
        m->fs = fs;
        arena_defer(arena, unmap, m);
        *ret = str_n((const char *)m->map.p, m->map.n);
        return true;
}

bool promblock_is_ulid(Str name)
{
        for (size_t i = 0; i < name.n; i++) {
                char c = name.p[i];
                bool digit = c >= '0' && c <= '9';
                if (!digit && !(c >= 'A' && c <= 'Z' && c != 'I' && c != 'L' && c != 'O' && c != 'U'))
                        return false;
        }
        return name.n == PROMBLOCK_ULID_CHARS;
}

static uint64_t number(const JsonValue *object, const char *key)
{
        const JsonValue *v = json_get(object, str_of(key));
        return v && v->kind == JSON_NUMBER && v->num > 0 ? (uint64_t)v->num : 0;
}

static bool read_time(const JsonValue *object, const char *key, int64_t *ret)
{
        const JsonValue *v = json_get(object, str_of(key));
        if (!v || v->kind != JSON_NUMBER || !(v->num > -9.2e18 && v->num < 9.2e18))
                return false;
        *ret = (int64_t)v->num;
        return true;
}

static bool read_meta(const Fs *fs, Arena *arena, PromBlock *b, unsigned *ret_index_format, Err *err)
{
        Buf text = { .arena = arena };
        JsonValue *meta;
        Str path = str_printf(arena, STR_FMT "/meta.json", STR_ARG(b->dir));
        if (!file_read_all(fs, path.p, PROMBLOCK_MAX_META_BYTES, &text, err))
                return false;
        if (!json_parse(buf_str(&text), arena, &meta, err))
                return err_wrap(err, "'%s'", path.p);
        if (!read_time(meta, "minTime", &b->min_ms) || !read_time(meta, "maxTime", &b->max_ms))
                return err_set(err, ERR_CORRUPT, "'%s' does not say minTime and maxTime", path.p);
        const JsonValue *stats = json_get(meta, STR("stats"));
        const JsonValue *compaction = json_get(meta, STR("compaction"));
        const JsonValue *hints = json_get(compaction, STR("hints"));
        /* A release of 2017 wrote meta.json of version 2, and indexes of format 2 that say 1. */
        *ret_index_format = number(meta, "version") == 2 ? 2 : 0;
        b->ulid = json_get_str(meta, STR("ulid"));
        b->stats.samples = number(stats, "numSamples");
        b->stats.series = number(stats, "numSeries");
        b->stats.chunks = number(stats, "numChunks");
        b->stats.level = (unsigned)number(compaction, "level");
        for (size_t i = 0; hints && hints->kind == JSON_ARRAY && i < hints->n; i++)
                b->stats.out_of_order |= str_eq(hints->items[i].str, STR("from-out-of-order"));
        return true;
}

static bool map_segments(const Fs *fs, Arena *arena, PromBlock *b, Err *err)
{
        Str dir = str_printf(arena, STR_FMT "/chunks", STR_ARG(b->dir));
        Str *names;
        size_t n;
        Err absent;
        if (!fs->list(fs, dir.p, arena, &names, &n, &absent))
                n = 0; /* a block without series may lack it; a chunk that is asked for is missed then */
        b->segments = arena_array(arena, Str, n + 1);
        for (size_t i = 0; i < n; i++) {
                Str path = str_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(names[i]));
                Str *segment = &b->segments[b->n_segments];
                if (str_find_char(names[i], '.') != SIZE_MAX) /* 000001.tmp */
                        continue;
                if (!promblock_map(fs, path.p, arena, segment, err))
                        return false;
                if (segment->n < SEGMENT_HEADER_BYTES || bits_be32(segment->p) != (uint32_t)PROMBLOCK_CHUNKS_MAGIC ||
                    segment->p[4] != 1)
                        return err_set(err, ERR_CORRUPT, "'%s' is no chunk segment of version 1", path.p);
                b->stats.bytes += segment->n;
                b->n_segments++;
        }
        return true;
}

static int by_ref(const void *a, const void *b)
{
        const PromDeletion *x = a, *y = b;
        if (x->ref != y->ref)
                return x->ref < y->ref ? -1 : 1;
        return (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

static bool read_tombstones(const Fs *fs, Arena *arena, PromBlock *b, Err *err)
{
        Str path = str_printf(arena, STR_FMT "/tombstones", STR_ARG(b->dir));
        Str bytes;
        VEC(PromDeletion) all = { .arena = arena };
        Err why;
        if (!promblock_map(fs, path.p, arena, &bytes, &why)) {
                if (why.code == ERR_NOT_FOUND)
                        return true;
                *err = why;
                return false;
        }
        if (bytes.n < TOMBSTONES_HEADER_BYTES + CHECKSUM_BYTES || bits_be32(bytes.p) != PROMBLOCK_TOMBSTONES_MAGIC ||
            bytes.p[4] != 1)
                return err_set(err, ERR_CORRUPT, "'%s' is no list of tombstones of version 1", path.p);
        Str rows = str_sub(bytes, TOMBSTONES_HEADER_BYTES, bytes.n - CHECKSUM_BYTES);
        Str versioned = str_sub(bytes, TOMBSTONES_HEADER_BYTES - 1, bytes.n - CHECKSUM_BYTES);
        uint32_t crc = bits_be32(bytes.p + bytes.n - CHECKSUM_BYTES);
        /* Upstream's versions differ in whether the byte that says the version is summed up too. */
        if (hash_crc32c(0, rows.p, rows.n) != crc && hash_crc32c(0, versioned.p, versioned.n) != crc)
                return err_set(err, ERR_CORRUPT, "'%s' has a wrong checksum", path.p);
        PromCursor c = promcur_of(rows);
        while (promcur_left(&c)) {
                PromDeletion d = { .ref = promcur_uvarint(&c) };
                d.from_ms = promcur_varint(&c);
                d.to_ms = promcur_varint(&c);
                if (c.broken)
                        return err_set(err, ERR_CORRUPT, "'%s' is cut short", path.p);
                vec_push(&all, d);
        }
        if (all.len)
                qsort(all.data, all.len, sizeof *all.data, by_ref);
        b->deletions = all.data;
        b->n_deletions = all.len;
        b->stats.bytes += bytes.n;
        return true;
}

bool promblock_open(const Fs *fs, const char *dir, Arena *arena, PromBlock *ret, Err *err)
{
        PromBlock b = { .dir = str_dup(arena, str_of(dir)) };
        Str bytes;
        unsigned index_format;
        Str path = str_printf(arena, "%s/index", dir);
        if (!read_meta(fs, arena, &b, &index_format, err) || !promblock_map(fs, path.p, arena, &bytes, err))
                return false;
        if (!promindex_open(bytes, index_format, arena, &b.index, err))
                return err_wrap(err, "'%s'", path.p);
        b.stats.bytes += bytes.n;
        if (!map_segments(fs, arena, &b, err) || !read_tombstones(fs, arena, &b, err))
                return false;
        *ret = b;
        return true;
}

bool promblock_chunk(const PromBlock *b, uint64_t ref, unsigned *ret_encoding, Str *ret_data, Err *err)
{
        uint64_t segment = ref >> 32, at = ref & UINT32_MAX;
        if (segment >= b->n_segments || at >= b->segments[segment].n)
                return err_set(err, ERR_CORRUPT, "block " STR_FMT ": no chunk at segment %llu, offset %llu",
                               STR_ARG(b->ulid), (unsigned long long)segment + 1, (unsigned long long)at);
        PromCursor c = promcur_of(str_sub(b->segments[segment], at, b->segments[segment].n));
        uint64_t n = promcur_uvarint(&c);
        Str body = promcur_bytes(&c, n + 1);
        uint32_t crc = promcur_be32(&c);
        if (c.broken || n == UINT64_MAX || hash_crc32c(0, body.p, body.n) != crc)
                return err_set(err, ERR_CORRUPT,
                               "block " STR_FMT ": the chunk at segment %llu, offset %llu has a wrong checksum",
                               STR_ARG(b->ulid), (unsigned long long)segment + 1, (unsigned long long)at);
        *ret_encoding = (unsigned char)body.p[0];
        *ret_data = str_sub(body, 1, body.n);
        return true;
}

const PromDeletion *promblock_deletions(const PromBlock *b, uint64_t ref, size_t *ret_n)
{
        size_t lo = 0, hi = b->n_deletions;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (b->deletions[mid].ref < ref)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        size_t n = 0;
        while (lo + n < b->n_deletions && b->deletions[lo + n].ref == ref)
                n++;
        *ret_n = n;
        return n ? b->deletions + lo : NULL;
}
