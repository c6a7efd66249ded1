/* Invariants
 * 1. Nothing under the final name before everything is synced; a failure removes the temporary file.
 * 2. Pairs are numbered by name, then value; places by id: so a record's pairs, a pair's places and a name's values rise.
 * 3. Everything stands in the file twice: in the tables, which are read in place, and packed in pages, from which the tables can be made.
 *
 * Why in memory: a file is bounded (INDEXSEG_MAX_SERIES), and some 150 bytes a series for a moment are less than the code of a
 * merge that streams. */
#include "index/indexbuild.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "codec/varint.h"
#include "codec/zstdio.h"
#include "index/indexformat.h"
#include "store/record.h"

enum { PAGE_LEVEL = 3 /* of zstd: pages are read when something broke */ };

typedef struct PairKey {
        uint32_t name;
        Str value;
} PairKey;

typedef struct BuildPair {
        PairKey key;
        uint32_t rank;  /* its number in the file */
        uint32_t count; /* of series */
} BuildPair;

typedef struct BuildName {
        Str name;
        uint32_t rank;
} BuildName;

typedef struct BuildSeries {
        IndexEntry entry;
        size_t first; /* of its pairs */
        uint32_t n_pairs, hash;
} BuildSeries;

#define MAP_NAME BuildNames
#define MAP_FN_PREFIX build_names
#define MAP_KEY Str
#define MAP_VAL uint32_t
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

#define MAP_NAME BuildPairs
#define MAP_FN_PREFIX build_pairs
#define MAP_KEY PairKey
#define MAP_VAL uint32_t
#define MAP_HASH(k) (hash_str((k).value) + (k).name * UINT64_C(0x9e3779b97f4a7c15))
#define MAP_EQ(a, b) ((a).name == (b).name && str_eq((a).value, (b).value))
#include "base/map.inc.h"

struct IndexBuild {
        Arena *arena; /* the strings */
        size_t string_bytes;
        BuildNames name_map;
        BuildPairs pair_map;
        VEC(BuildName) names;
        VEC(BuildPair) pairs;
        VEC(BuildSeries) series;
        VEC(uint32_t) series_pairs; /* in order of the labels: by name */
        int64_t min_ms, max_ms;
        Buf out; /* the file */
        size_t tables_at, table_at[INDEXFORMAT_TABLES_];
};

IndexBuild *indexbuild_new(void)
{
        IndexBuild *b = mem_new(IndexBuild);
        b->arena = arena_new();
        b->min_ms = INT64_MAX;
        b->max_ms = INT64_MIN;
        return b;
}

void indexbuild_free(IndexBuild *b)
{
        if (!b)
                return;
        arena_free(b->arena);
        build_names_done(&b->name_map);
        build_pairs_done(&b->pair_map);
        vec_done(&b->names);
        vec_done(&b->pairs);
        vec_done(&b->series);
        vec_done(&b->series_pairs);
        buf_done(&b->out);
        mem_free(b);
}

size_t indexbuild_series(const IndexBuild *b) { return b->series.len; }

bool indexbuild_is_full(const IndexBuild *b)
{
        return b->series.len >= INDEXSEG_MAX_SERIES || b->string_bytes >= INDEXSEG_MAX_STRINGS ||
               b->series_pairs.len >= INDEXSEG_MAX_PAIRS;
}

static uint32_t name_number(IndexBuild *b, Str name)
{
        const uint32_t *at = build_names_get(&b->name_map, name);
        if (at)
                return *at;
        Str own = str_dup(b->arena, name);
        uint32_t number = (uint32_t)b->names.len;
        vec_push(&b->names, (BuildName){ .name = own });
        *build_names_put(&b->name_map, own, NULL) = number;
        b->string_bytes += name.n;
        return number;
}

static uint32_t pair_number(IndexBuild *b, const Label *l)
{
        PairKey key = { name_number(b, l->name), l->value };
        const uint32_t *at = build_pairs_get(&b->pair_map, key);
        if (at)
                return *at;
        key.value = str_dup(b->arena, l->value);
        uint32_t number = (uint32_t)b->pairs.len;
        vec_push(&b->pairs, (BuildPair){ .key = key });
        *build_pairs_put(&b->pair_map, key, NULL) = number;
        b->string_bytes += l->value.n;
        return number;
}

void indexbuild_add(IndexBuild *b, const IndexEntry *entry, Labels labels)
{
        CHECK(b->series.len == 0 || entry->sid > vec_last(&b->series)->entry.sid);
        vec_push(&b->series, (BuildSeries){ *entry, b->series_pairs.len, (uint32_t)labels.n, indexseg_hash(labels) });
        for (size_t i = 0; i < labels.n; i++) {
                uint32_t pair = pair_number(b, &labels.data[i]);
                b->pairs.data[pair].count++;
                vec_push(&b->series_pairs, pair);
        }
        b->min_ms = MIN_OF(b->min_ms, entry->last_ms);
        b->max_ms = MAX_OF(b->max_ms, entry->last_ms);
}

/* ---- numbers in the file */

static int compare_names(const void *a, const void *b)
{
        return str_cmp((*(BuildName *const *)a)->name, (*(BuildName *const *)b)->name);
}

typedef struct PairOrder {
        uint32_t name_rank, pair;
        Str value;
} PairOrder;

static int compare_pairs(const void *a, const void *b)
{
        const PairOrder *x = a, *y = b;
        if (x->name_rank != y->name_rank)
                return x->name_rank < y->name_rank ? -1 : 1;
        return str_cmp(x->value, y->value);
}

/* Gives names and pairs their ranks. Returns the names and the pairs in order, living in the arena. */
static void rank_all(IndexBuild *b, BuildName ***ret_names, PairOrder **ret_pairs)
{
        BuildName **names = arena_raw_array(b->arena, BuildName *, b->names.len);
        PairOrder *pairs = arena_raw_array(b->arena, PairOrder, b->pairs.len);
        for (size_t i = 0; i < b->names.len; i++)
                names[i] = &b->names.data[i];
        if (b->names.len)
                qsort(names, b->names.len, sizeof *names, compare_names);
        for (size_t i = 0; i < b->names.len; i++)
                names[i]->rank = (uint32_t)i;
        for (size_t i = 0; i < b->pairs.len; i++) {
                const PairKey *key = &b->pairs.data[i].key;
                pairs[i] = (PairOrder){ b->names.data[key->name].rank, (uint32_t)i, key->value };
        }
        if (b->pairs.len)
                qsort(pairs, b->pairs.len, sizeof *pairs, compare_pairs);
        for (size_t i = 0; i < b->pairs.len; i++)
                b->pairs.data[pairs[i].pair].rank = (uint32_t)i;
        *ret_names = names;
        *ret_pairs = pairs;
}

/* ---- pages */

static void add_string(Buf *out, Str s)
{
        varint_add(out, s.n);
        buf_str_add(out, s);
}

static void add_page(IndexBuild *b, size_t from, size_t n, Buf *plain, Buf *packed)
{
        buf_clear(plain);
        buf_clear(packed);
        uint64_t first = b->series.data[from].entry.sid;
        varint_add(plain, first);
        for (size_t i = from; i < from + n; i++) {
                const BuildSeries *s = &b->series.data[i];
                varint_add(plain, s->entry.sid - first);
                varint_add_signed(plain, s->entry.last_ms);
                bits_put_le64(buf_reserve(plain, 8), s->entry.last_bits);
                plain->n += 8;
                varint_add(plain, s->n_pairs);
                for (size_t k = 0; k < s->n_pairs; k++) {
                        const PairKey *key = &b->pairs.data[b->series_pairs.data[s->first + k]].key;
                        add_string(plain, b->names.data[key->name].name);
                        add_string(plain, key->value);
                }
        }
        zstdio_encode(buf_str(plain), PAGE_LEVEL, packed);
        record_add(&b->out, RECORD_LABELS, (uint32_t)n, buf_str(packed));
}

static void add_pages(IndexBuild *b)
{
        AUTO(buf_done) Buf plain = { 0 };
        AUTO(buf_done) Buf packed = { 0 };
        for (size_t i = 0; i < b->series.len; i += INDEXFORMAT_PAGE_SERIES)
                add_page(b, i, MIN_OF(b->series.len - i, (size_t)INDEXFORMAT_PAGE_SERIES), &plain, &packed);
}

/* ---- tables */

static void align_out(Buf *out)
{
        while (out->n % 8)
                buf_char(out, 0);
}

static void begin_table(IndexBuild *b, int table)
{
        align_out(&b->out);
        b->table_at[table] = b->out.n - b->tables_at;
}

static void add_u32(Buf *out, size_t v)
{
        CHECK(v <= UINT32_MAX);
        bits_put_le32(buf_reserve(out, 4), (uint32_t)v);
        out->n += 4;
}

static void add_u64(Buf *out, uint64_t v)
{
        bits_put_le64(buf_reserve(out, 8), v);
        out->n += 8;
}

static void add_strings(IndexBuild *b, BuildName *const *names, const PairOrder *pairs)
{
        size_t at = 0, next_name = 0;
        begin_table(b, INDEXFORMAT_OFFSETS);
        for (size_t i = 0; i < b->names.len; i++) {
                add_u32(&b->out, at);
                at += names[i]->name.n;
        }
        for (size_t i = 0; i < b->pairs.len; i++) {
                add_u32(&b->out, at);
                at += pairs[i].value.n;
        }
        add_u32(&b->out, at);
        begin_table(b, INDEXFORMAT_STRINGS);
        for (size_t i = 0; i < b->names.len; i++)
                buf_str_add(&b->out, names[i]->name);
        for (size_t i = 0; i < b->pairs.len; i++)
                buf_str_add(&b->out, pairs[i].value);
        begin_table(b, INDEXFORMAT_NAMES);
        for (size_t i = 0; i < b->pairs.len; i++)
                if (pairs[i].name_rank == next_name) {
                        add_u32(&b->out, i);
                        next_name++;
                }
        add_u32(&b->out, b->pairs.len);
}

/* For each pair, in order, its places; first as one list, by counting. */
static void add_places(IndexBuild *b)
{
        size_t n = b->pairs.len, at = 0;
        size_t *next = mem_new_array(size_t, n + 1);
        uint32_t *all = mem_alloc((b->series_pairs.len + 1) * sizeof *all);
        vec_each(p, &b->pairs)
                next[p->rank] = p->count;
        for (size_t i = 0; i < n; i++) {
                size_t count = next[i];
                next[i] = at;
                at += count;
        }
        for (size_t i = 0; i < b->series.len; i++) {
                const BuildSeries *s = &b->series.data[i];
                for (size_t k = 0; k < s->n_pairs; k++)
                        all[next[b->pairs.data[b->series_pairs.data[s->first + k]].rank]++] = (uint32_t)i;
        }
        AUTO(buf_done) Buf places = { 0 };
        begin_table(b, INDEXFORMAT_PLACES_AT);
        for (size_t i = 0, from = 0; i < n; from = next[i++]) {
                add_u32(&b->out, places.n);
                varint_add(&places, next[i] - from);
                for (size_t k = from; k < next[i]; k++)
                        varint_add(&places, k == from ? all[k] : all[k] - all[k - 1]);
        }
        add_u32(&b->out, places.n);
        begin_table(b, INDEXFORMAT_PLACES);
        buf_str_add(&b->out, buf_str(&places));
        mem_free(next);
        mem_free(all);
}

static void add_records(IndexBuild *b)
{
        AUTO(buf_done) Buf records = { 0 };
        begin_table(b, INDEXFORMAT_SIDS);
        vec_each(s, &b->series)
                add_u64(&b->out, s->entry.sid);
        begin_table(b, INDEXFORMAT_RECORDS_AT);
        vec_each(s, &b->series) {
                add_u32(&b->out, records.n);
                varint_add(&records, (uint64_t)b->max_ms - (uint64_t)s->entry.last_ms);
                add_u64(&records, s->entry.last_bits);
                varint_add(&records, s->n_pairs);
                uint32_t last = 0;
                for (size_t k = 0; k < s->n_pairs; k++) {
                        uint32_t rank = b->pairs.data[b->series_pairs.data[s->first + k]].rank;
                        varint_add(&records, rank - last);
                        last = rank;
                }
        }
        add_u32(&b->out, records.n);
        begin_table(b, INDEXFORMAT_RECORDS);
        buf_str_add(&b->out, buf_str(&records));
}

static size_t hash_places(size_t series)
{
        size_t cap = 4;
        while (cap * 3 < series * 4)
                cap *= 2;
        return cap;
}

static void add_hashes(IndexBuild *b)
{
        size_t cap = hash_places(b->series.len);
        begin_table(b, INDEXFORMAT_HASHES);
        char *table = buf_reserve(&b->out, cap * 8);
        memset(table, 0, cap * 8);
        for (size_t i = 0; i < b->series.len; i++) {
                uint32_t hash = b->series.data[i].hash;
                size_t at = hash & (cap - 1);
                while (bits_le32(table + at * 8 + 4))
                        at = (at + 1) & (cap - 1);
                bits_put_le32(table + at * 8, hash);
                bits_put_le32(table + at * 8 + 4, (uint32_t)i + 1);
        }
        b->out.n += cap * 8;
        align_out(&b->out);
}

/* ---- the file */

static void add_footer(IndexBuild *b)
{
        Buf *out = &b->out;
        size_t tables_bytes = out->n - b->tables_at, at = out->n;
        const uint64_t numbers[INDEXFORMAT_TABLE] = {
                [INDEXFORMAT_N_SERIES] = b->series.len,
                [INDEXFORMAT_N_NAMES] = b->names.len,
                [INDEXFORMAT_N_PAIRS] = b->pairs.len,
                [INDEXFORMAT_N_HASHES] = hash_places(b->series.len),
                [INDEXFORMAT_MIN_MS] = (uint64_t)b->min_ms,
                [INDEXFORMAT_MAX_MS] = (uint64_t)b->max_ms,
                [INDEXFORMAT_MIN_SID] = b->series.data[0].entry.sid,
                [INDEXFORMAT_MAX_SID] = vec_last(&b->series)->entry.sid,
                [INDEXFORMAT_TABLES_AT] = b->tables_at,
        };
        for (size_t i = 0; i < INDEXFORMAT_TABLE; i++)
                add_u64(out, numbers[i]);
        for (size_t i = 0; i < INDEXFORMAT_TABLES_; i++)
                add_u64(out, b->table_at[i]);
        add_u64(out, tables_bytes);
        for (size_t i = 0; i < tables_bytes; i += INDEXFORMAT_BLOCK_BYTES)
                add_u32(out, hash_crc32c(0, out->p + b->tables_at + i,
                                         MIN_OF(tables_bytes - i, (size_t)INDEXFORMAT_BLOCK_BYTES)));
        size_t footer_bytes = out->n - at;
        add_u64(out, at);
        add_u64(out, footer_bytes);
        add_u32(out, hash_crc32c(0, out->p + at, footer_bytes + 16));
        add_u32(out, INDEXFORMAT_END);
}

static void make_file(IndexBuild *b, uint32_t id)
{
        BuildName **names;
        PairOrder *pairs;
        char *h = buf_reserve(&b->out, INDEXFORMAT_HEADER_BYTES);
        memset(h, 0, INDEXFORMAT_HEADER_BYTES);
        memcpy(h, INDEXFORMAT_MAGIC, 8);
        bits_put_le32(h + 8, INDEXSEG_VERSION);
        bits_put_le32(h + 12, id);
        bits_put_le32(h + 28, hash_crc32c(0, h, 28));
        b->out.n = INDEXFORMAT_HEADER_BYTES;
        rank_all(b, &names, &pairs);
        add_pages(b);
        align_out(&b->out);
        b->tables_at = b->out.n;
        add_strings(b, names, pairs);
        add_places(b);
        add_records(b);
        add_hashes(b);
        add_footer(b);
}

bool indexbuild_write(IndexBuild *b, const Fs *fs, const char *path, uint32_t id, Err *err)
{
        CHECK(b->series.len && b->out.n == 0);
        AUTO(buf_done) Buf temp = { 0 };
        File *file;
        Err ignored;
        buf_printf(&temp, "%s.tmp", path);
        if (!fs->open(fs, buf_cstr(&temp), FILE_CREATE, &file, err))
                return false;
        make_file(b, id);
        bool ok = fs->write(file, b->out.p, b->out.n, err) && fs->sync(file, err);
        fs->close(file);
        if (ok && fs->rename(fs, temp.p, path, err))
                return true;
        IGNORE(fs->remove(fs, temp.p, &ignored));
        return err_wrap(err, "write '%s'", path);
}
