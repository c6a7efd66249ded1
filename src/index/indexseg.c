/* Invariants
 * 1. No byte of the tables is believed before the checksum of its block was right, once since the file was mapped.
 * 2. Places, offsets and lengths are checked even then: a file that lies consistently does no harm.
 * 3. What damage hides is left out and remembered (indexseg_is_damaged); whoever owns the file makes it anew from its pages.
 *
 * Why checks at the first touch: a start must not read gigabytes of labels that nobody asks for. */
#include "index/indexseg.h"

#include <stdatomic.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "codec/varint.h"
#include "codec/zstdio.h"
#include "index/indexformat.h"
#include "store/record.h"

enum { MAX_PLACES = 1 << 30 };

typedef struct Table {
        const unsigned char *p;
        size_t n;
} Table;

struct IndexSeg {
        Snapshot snap;
        const Fs *fs;
        char *path;
        FileMap map;
        IndexSegInfo info;
        uint32_t n_series, n_names, n_pairs;
        size_t n_hashes;
        Table tables, table[INDEXFORMAT_TABLES_];
        const unsigned char *sums; /* of the tables' blocks */
        _Atomic uint64_t *checked; /* bit: the block is good */
        _Atomic bool damaged;
};

/* ---- opening */

static void seg_free(Snapshot *snap)
{
        IndexSeg *x = (IndexSeg *)snap;
        x->fs->unmap(x->fs, x->map);
        mem_free((void *)x->checked);
        mem_free(x->path);
        mem_free(x);
}

static bool tables_fit(const IndexSeg *x)
{
        const size_t least[INDEXFORMAT_TABLES_] = {
                [INDEXFORMAT_OFFSETS] = 4 * ((size_t)x->n_names + x->n_pairs + 1),
                [INDEXFORMAT_NAMES] = 4 * ((size_t)x->n_names + 1),
                [INDEXFORMAT_PLACES_AT] = 4 * ((size_t)x->n_pairs + 1),
                [INDEXFORMAT_SIDS] = 8 * (size_t)x->n_series,
                [INDEXFORMAT_RECORDS_AT] = 4 * ((size_t)x->n_series + 1),
                [INDEXFORMAT_HASHES] = 8 * x->n_hashes,
        };
        for (size_t i = 0; i < INDEXFORMAT_TABLES_; i++)
                if (x->table[i].n < least[i])
                        return false;
        return true;
}

static bool read_numbers(IndexSeg *x, const unsigned char *footer, size_t bytes)
{
        uint64_t v[INDEXFORMAT_NUMBERS];
        if (bytes < sizeof v)
                return false;
        for (size_t i = 0; i < INDEXFORMAT_NUMBERS; i++)
                v[i] = bits_le64(footer + i * 8);
        uint64_t tables_at = v[INDEXFORMAT_TABLES_AT], tables_n = v[INDEXFORMAT_NUMBERS - 1];
        uint64_t hashes = v[INDEXFORMAT_N_HASHES];
        if (v[INDEXFORMAT_N_SERIES] == 0 || v[INDEXFORMAT_N_SERIES] > MAX_PLACES ||
            v[INDEXFORMAT_N_NAMES] > MAX_PLACES || v[INDEXFORMAT_N_PAIRS] > MAX_PLACES ||
            hashes > (uint64_t)MAX_PLACES * 4 || (hashes & (hashes - 1)) || hashes <= v[INDEXFORMAT_N_SERIES] ||
            tables_at > x->map.n || tables_n > x->map.n - tables_at)
                return false;
        uint64_t blocks = (tables_n + INDEXFORMAT_BLOCK_BYTES - 1) / INDEXFORMAT_BLOCK_BYTES;
        if (bytes != sizeof v + blocks * 4)
                return false;
        x->tables = (Table){ x->map.p + tables_at, tables_n };
        x->sums = footer + sizeof v;
        for (size_t i = 0; i < INDEXFORMAT_TABLES_; i++) {
                uint64_t from = v[INDEXFORMAT_TABLE + i], to = v[INDEXFORMAT_TABLE + i + 1];
                if (from > to || to > tables_n || from % 8)
                        return false;
                x->table[i] = (Table){ x->tables.p + from, to - from };
        }
        x->n_series = (uint32_t)v[INDEXFORMAT_N_SERIES];
        x->n_names = (uint32_t)v[INDEXFORMAT_N_NAMES];
        x->n_pairs = (uint32_t)v[INDEXFORMAT_N_PAIRS];
        x->n_hashes = hashes;
        x->info.series = x->n_series;
        x->info.pairs = x->n_pairs;
        x->info.min_ms = (int64_t)v[INDEXFORMAT_MIN_MS];
        x->info.max_ms = (int64_t)v[INDEXFORMAT_MAX_MS];
        x->info.min_sid = v[INDEXFORMAT_MIN_SID];
        x->info.max_sid = v[INDEXFORMAT_MAX_SID];
        x->info.bytes = x->map.n;
        x->checked = mem_zalloc_array(blocks / 64 + 1, sizeof *x->checked);
        return tables_fit(x);
}

/* False: the end does not lead to tables. */
static bool read_footer(IndexSeg *x)
{
        if (x->map.n < INDEXFORMAT_HEADER_BYTES + INDEXFORMAT_TRAILER_BYTES)
                return false;
        const unsigned char *t = x->map.p + x->map.n - INDEXFORMAT_TRAILER_BYTES;
        uint64_t at = bits_le64(t), bytes = bits_le64(t + 8), room = x->map.n - INDEXFORMAT_TRAILER_BYTES;
        if (bits_le32(t + 20) != INDEXFORMAT_END || at > room || bytes != room - at)
                return false;
        return bits_le32(t + 16) == hash_crc32c(0, x->map.p + at, bytes + 16) && read_numbers(x, x->map.p + at, bytes);
}

static bool read_file(IndexSeg *x, const char *path, Err *err)
{
        const unsigned char *h = x->map.p;
        bool header = x->map.n >= INDEXFORMAT_HEADER_BYTES && memcmp(h, INDEXFORMAT_MAGIC, 8) == 0 &&
                      bits_le32(h + 28) == hash_crc32c(0, h, 28);
        if (header && bits_le32(h + 8) > INDEXSEG_VERSION)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has format version %u, this program reads up to version %d: start the newer program",
                        path, bits_le32(h + 8), INDEXSEG_VERSION);
        if (!header || !read_footer(x))
                return err_set(err, ERR_CORRUPT, "'%s' is damaged: its tables cannot be found", path);
        return true;
}

bool indexseg_open(const Fs *fs, const char *path, uint32_t id, IndexSeg **ret, Err *err)
{
        FileMap map;
        if (!file_map(fs, path, &map, err))
                return false;
        IndexSeg *x = mem_new(IndexSeg);
        snapshot_init(&x->snap, seg_free);
        x->fs = fs;
        x->map = map;
        x->info.id = id;
        x->path = mem_strndup(path, strlen(path));
        if (!read_file(x, path, err)) {
                seg_free(&x->snap);
                return false;
        }
        *ret = x;
        return true;
}

Snapshot *indexseg_snapshot(IndexSeg *x) { return &x->snap; }
IndexSegInfo indexseg_info(const IndexSeg *x) { return x->info; }
const char *indexseg_path(const IndexSeg *x) { return x->path; }
bool indexseg_is_damaged(const IndexSeg *x) { return atomic_load_explicit(&x->damaged, memory_order_relaxed); }

/* ---- checked access */

static bool note_damage(IndexSeg *x)
{
        atomic_store_explicit(&x->damaged, true, memory_order_relaxed);
        return false;
}

static bool check_block(IndexSeg *x, size_t block)
{
        size_t at = block * INDEXFORMAT_BLOCK_BYTES;
        size_t n = MIN_OF(x->tables.n - at, (size_t)INDEXFORMAT_BLOCK_BYTES);
        if (hash_crc32c(0, x->tables.p + at, n) != bits_le32(x->sums + block * 4))
                return note_damage(x);
        atomic_fetch_or_explicit(&x->checked[block / 64], UINT64_C(1) << block % 64, memory_order_relaxed);
        return true;
}

/* The n bytes at p, which lie in a table, are what was written. */
static inline bool ready(IndexSeg *x, const unsigned char *p, size_t n)
{
        size_t from = (size_t)(p - x->tables.p) / INDEXFORMAT_BLOCK_BYTES;
        size_t to = ((size_t)(p - x->tables.p) + n + (n == 0) - 1) / INDEXFORMAT_BLOCK_BYTES;
        for (size_t i = from; n && i <= to; i++)
                if (UNLIKELY(!(atomic_load_explicit(&x->checked[i / 64], memory_order_relaxed) >> i % 64 & 1)) &&
                    !check_block(x, i))
                        return false;
        return true;
}

/* i is inside the table, as tables_fit says. */
static inline bool number_at(IndexSeg *x, int table, size_t i, uint32_t *ret)
{
        const unsigned char *p = x->table[table].p + i * 4;
        if (!ready(x, p, 4))
                return false;
        *ret = bits_le32(p);
        return true;
}

/* Bytes [at[i], at[i + 1]) of a table of bytes. */
static bool piece(IndexSeg *x, int at, int bytes, size_t i, const unsigned char **ret_p, size_t *ret_n)
{
        uint32_t from, to;
        if (!number_at(x, at, i, &from) || !number_at(x, at, i + 1, &to))
                return false;
        const Table *t = &x->table[bytes];
        if (from > to || to > t->n)
                return note_damage(x);
        *ret_p = t->p + from;
        *ret_n = to - from;
        return ready(x, *ret_p, *ret_n);
}

static bool string_at(IndexSeg *x, size_t i, Str *ret)
{
        const unsigned char *p;
        size_t n;
        if (!piece(x, INDEXFORMAT_OFFSETS, INDEXFORMAT_STRINGS, i, &p, &n))
                return false;
        *ret = (Str){ (const char *)p, n };
        return true;
}

/* ---- names and pairs */

uint32_t indexseg_names(const IndexSeg *x) { return x->n_names; }
bool indexseg_name(IndexSeg *x, uint32_t name, Str *ret) { return name < x->n_names && string_at(x, name, ret); }
bool indexseg_value(IndexSeg *x, uint32_t pair, Str *ret)
{
        return pair < x->n_pairs && string_at(x, (size_t)x->n_names + pair, ret);
}

/* Among the strings [from, to), which rise. */
static bool find_string(IndexSeg *x, size_t from, size_t to, Str s, size_t *ret)
{
        while (from < to) {
                size_t mid = from + (to - from) / 2;
                Str at;
                if (!string_at(x, mid, &at))
                        return false;
                int order = str_cmp(at, s);
                if (order == 0) {
                        *ret = mid;
                        return true;
                }
                if (order < 0)
                        from = mid + 1;
                else
                        to = mid;
        }
        return false;
}

bool indexseg_name_find(IndexSeg *x, Str name, uint32_t *ret)
{
        size_t at;
        if (!find_string(x, 0, x->n_names, name, &at))
                return false;
        *ret = (uint32_t)at;
        return true;
}

bool indexseg_name_pairs(IndexSeg *x, uint32_t name, uint32_t *from, uint32_t *to)
{
        uint32_t a, b;
        if (name >= x->n_names || !number_at(x, INDEXFORMAT_NAMES, name, &a) ||
            !number_at(x, INDEXFORMAT_NAMES, name + 1, &b))
                return false;
        if (a > b || b > x->n_pairs)
                return note_damage(x);
        *from = a;
        *to = b;
        return true;
}

bool indexseg_value_find(IndexSeg *x, uint32_t name, Str value, uint32_t *ret)
{
        uint32_t from, to;
        size_t at;
        if (!indexseg_name_pairs(x, name, &from, &to) ||
            !find_string(x, (size_t)x->n_names + from, (size_t)x->n_names + to, value, &at))
                return false;
        *ret = (uint32_t)(at - x->n_names);
        return true;
}

bool indexseg_name_of(IndexSeg *x, uint32_t pair, uint32_t *ret)
{
        uint32_t lo = 0, hi = x->n_names; /* the last name whose first pair is not behind it */
        while (lo < hi) {
                uint32_t mid = lo + (hi - lo) / 2, first;
                if (!number_at(x, INDEXFORMAT_NAMES, mid, &first))
                        return false;
                if (first <= pair)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        if (lo == 0 || pair >= x->n_pairs)
                return note_damage(x);
        *ret = lo - 1;
        return true;
}

/* ---- places */

static bool take(const unsigned char **p, const unsigned char *end, uint64_t *ret)
{
        size_t used = varint_get(*p, (size_t)(end - *p), ret);
        *p += used;
        return used > 0;
}

static bool open_places(IndexSeg *x, uint32_t pair, const unsigned char **p, const unsigned char **end, uint64_t *n)
{
        size_t bytes;
        if (pair >= x->n_pairs || !piece(x, INDEXFORMAT_PLACES_AT, INDEXFORMAT_PLACES, pair, p, &bytes))
                return false;
        *end = *p + bytes;
        return (take(p, *end, n) && *n <= (uint64_t)(*end - *p) && *n <= x->n_series) || note_damage(x);
}

bool indexseg_count(IndexSeg *x, uint32_t pair, uint32_t *ret)
{
        const unsigned char *p, *end;
        uint64_t n;
        if (!open_places(x, pair, &p, &end, &n))
                return false;
        *ret = (uint32_t)n;
        return true;
}

bool indexseg_places(IndexSeg *x, uint32_t pair, uint32_t *out, uint32_t *ret_n)
{
        const unsigned char *p, *end;
        uint64_t n, at = 0, step;
        if (!open_places(x, pair, &p, &end, &n))
                return false;
        for (uint64_t i = 0; i < n; i++) {
                if (!take(&p, end, &step) || step > x->n_series || (i && step == 0) || at + step >= x->n_series)
                        return note_damage(x);
                at += step;
                out[i] = (uint32_t)at;
        }
        *ret_n = (uint32_t)n;
        return true;
}

/* ---- series */

static bool sid_at(IndexSeg *x, size_t place, uint64_t *ret)
{
        const unsigned char *p = x->table[INDEXFORMAT_SIDS].p + place * 8;
        if (!ready(x, p, 8))
                return false;
        *ret = bits_le64(p);
        return true;
}

bool indexseg_place(IndexSeg *x, uint64_t sid, uint32_t *ret)
{
        if (sid < x->info.min_sid || sid > x->info.max_sid)
                return false;
        size_t from = 0, to = x->n_series;
        while (from < to) {
                size_t mid = from + (to - from) / 2;
                uint64_t at;
                if (!sid_at(x, mid, &at))
                        return false;
                if (at == sid) {
                        *ret = (uint32_t)mid;
                        return true;
                }
                if (at < sid)
                        from = mid + 1;
                else
                        to = mid;
        }
        return false;
}

bool indexseg_record(IndexSeg *x, uint32_t place, IndexRecord *ret)
{
        const unsigned char *p, *end;
        size_t bytes;
        uint64_t age, n;
        if (place >= x->n_series || !piece(x, INDEXFORMAT_RECORDS_AT, INDEXFORMAT_RECORDS, place, &p, &bytes))
                return false;
        end = p + bytes;
        if (!take(&p, end, &age) || end - p < 8)
                return note_damage(x);
        uint64_t bits = bits_le64(p);
        p += 8;
        if (!take(&p, end, &n) || n > (uint64_t)(end - p))
                return note_damage(x);
        *ret = (IndexRecord){ (int64_t)((uint64_t)x->info.max_ms - age), bits, p, end, n, UINT64_MAX };
        return true;
}

bool indexseg_next_pair(IndexSeg *x, IndexRecord *r, uint32_t *ret)
{
        uint64_t step;
        if (r->left == 0)
                return false;
        bool first = r->pair == UINT64_MAX;
        if (!take(&r->p, r->end, &step) || step >= x->n_pairs || (!first && step == 0) ||
            (first ? 0 : r->pair) + step >= x->n_pairs) {
                r->left = 0;
                return note_damage(x);
        }
        r->pair = (first ? 0 : r->pair) + step;
        r->left--;
        *ret = (uint32_t)r->pair;
        return true;
}

bool indexseg_entry(IndexSeg *x, uint32_t place, IndexEntry *ret)
{
        IndexRecord r;
        uint64_t sid;
        if (!indexseg_record(x, place, &r) || !sid_at(x, place, &sid))
                return false;
        *ret = (IndexEntry){ sid, r.last_ms, r.last_bits };
        return true;
}

static bool pair_label(IndexSeg *x, uint32_t pair, Label *ret)
{
        uint32_t name;
        return indexseg_name_of(x, pair, &name) && indexseg_name(x, name, &ret->name) &&
               indexseg_value(x, pair, &ret->value);
}

bool indexseg_labels(IndexSeg *x, uint32_t place, Arena *arena, Labels *ret)
{
        IndexRecord r;
        uint32_t pair;
        if (!indexseg_record(x, place, &r))
                return false;
        size_t n = r.left, i = 0;
        Label *labels = arena_raw_array(arena, Label, n);
        while (i < n && indexseg_next_pair(x, &r, &pair) && pair_label(x, pair, &labels[i]))
                i++;
        if (i < n)
                return false;
        *ret = (Labels){ labels, n };
        return true;
}

size_t indexseg_find_names(IndexSeg *x, const Str *names, size_t n, IndexName *ret)
{
        size_t found = 0;
        for (size_t i = 0; i < n; i++) {
                IndexName *to = &ret[found];
                uint32_t number;
                found += indexseg_name_find(x, names[i], &number) && indexseg_name(x, number, &to->name) &&
                         indexseg_name_pairs(x, number, &to->from, &to->to);
        }
        return found;
}

bool indexseg_labels_of(IndexSeg *x, uint32_t place, const IndexName *names, size_t n, Arena *arena, Labels *ret)
{
        IndexRecord r;
        if (!indexseg_record(x, place, &r))
                return false;
        size_t left = r.left, found = 0, most = MIN_OF(n, left);
        Label *labels = arena_raw_array(arena, Label, most);
        for (; left > 0 && found < most; left--) {
                uint32_t pair;
                size_t k = 0;
                if (!indexseg_next_pair(x, &r, &pair))
                        return false;
                while (k < n && (pair < names[k].from || pair >= names[k].to))
                        k++;
                if (k == n)
                        continue;
                labels[found].name = names[k].name;
                if (!indexseg_value(x, pair, &labels[found++].value))
                        return false;
        }
        *ret = (Labels){ labels, found };
        return true;
}

/* ---- by labels */

uint32_t indexseg_hash(Labels labels)
{
        AUTO(buf_done) Buf text = { 0 };
        for (size_t i = 0; i < labels.n; i++) {
                varint_add(&text, labels.data[i].name.n);
                buf_str_add(&text, labels.data[i].name);
                varint_add(&text, labels.data[i].value.n);
                buf_str_add(&text, labels.data[i].value);
        }
        return (uint32_t)(hash_xxh64(text.p ? text.p : "", text.n) >> 32);
}

static bool has_labels(IndexSeg *x, uint32_t place, Labels labels)
{
        IndexRecord r;
        uint32_t pair;
        if (!indexseg_record(x, place, &r) || r.left != labels.n)
                return false;
        for (size_t i = 0; i < labels.n; i++) {
                Label l;
                if (!indexseg_next_pair(x, &r, &pair) || !pair_label(x, pair, &l) ||
                    !str_eq(l.value, labels.data[i].value) || !str_eq(l.name, labels.data[i].name))
                        return false;
        }
        return true;
}

bool indexseg_find(IndexSeg *x, Labels labels, uint32_t hash, IndexEntry *ret)
{
        size_t at = hash & (x->n_hashes - 1);
        for (size_t i = 0; i < x->n_hashes; i++, at = (at + 1) & (x->n_hashes - 1)) {
                const unsigned char *p = x->table[INDEXFORMAT_HASHES].p + at * 8;
                if (!ready(x, p, 8) || bits_le32(p + 4) == 0)
                        return false;
                uint32_t place = bits_le32(p + 4) - 1;
                if (bits_le32(p) == hash && has_labels(x, place, labels))
                        return indexseg_entry(x, place, ret);
        }
        return false;
}

/* ---- salvage */

typedef struct Salvage {
        void (*fn)(void *ctx, const IndexEntry *entry, Labels labels);
        void *ctx;
        Arena *arena;
        Buf plain;
        uint64_t last_sid;
} Salvage;

static bool take_string(const unsigned char **p, const unsigned char *end, Str *ret)
{
        uint64_t n;
        if (!take(p, end, &n) || n > (uint64_t)(end - *p))
                return false;
        *ret = (Str){ (const char *)*p, n };
        *p += n;
        return true;
}

static bool take_series(Salvage *s, const unsigned char **p, const unsigned char *end, uint64_t first, IndexEntry *e,
                        Labels *ret)
{
        uint64_t distance, n;
        size_t used;
        if (!take(p, end, &distance) || !(used = varint_get_signed(*p, (size_t)(end - *p), &e->last_ms)))
                return false;
        *p += used;
        if (end - *p < 8)
                return false;
        e->sid = first + distance;
        e->last_bits = bits_le64(*p);
        *p += 8;
        if (!take(p, end, &n) || n > (uint64_t)(end - *p) / 2)
                return false;
        Label *labels = arena_raw_array(s->arena, Label, n);
        for (size_t i = 0; i < n; i++)
                if (!take_string(p, end, &labels[i].name) || !take_string(p, end, &labels[i].value))
                        return false;
        *ret = (Labels){ labels, n };
        return true;
}

static bool read_page(Salvage *s, Str content, uint32_t count)
{
        Err ignored;
        buf_clear(&s->plain);
        if (!zstdio_decode(content, INDEXSEG_MAX_PAGE_BYTES, &s->plain, &ignored))
                return false;
        const unsigned char *p = (const unsigned char *)s->plain.p, *end = p + s->plain.n;
        uint64_t first;
        if (s->plain.n == 0 || !take(&p, end, &first))
                return false;
        for (uint32_t i = 0; i < count; i++) {
                IndexEntry e;
                Labels labels;
                arena_reset(s->arena);
                if (!take_series(s, &p, end, first, &e, &labels) || (s->last_sid && e.sid <= s->last_sid))
                        return false;
                s->last_sid = e.sid;
                s->fn(s->ctx, &e, labels);
        }
        return true;
}

/* A page stands at p. */
static bool is_page(const unsigned char *p, size_t left, size_t *ret_bytes)
{
        if (left < RECORD_BYTES || record_mark(p) != RECORD_LABELS)
                return false;
        uint32_t n = record_content_bytes(p);
        if (n > left - RECORD_BYTES || record_count(p) > INDEXFORMAT_PAGE_SERIES || !record_is_good(p))
                return false;
        *ret_bytes = n;
        return true;
}

uint64_t indexseg_salvage(Str file, void (*fn)(void *ctx, const IndexEntry *entry, Labels labels), void *ctx)
{
        const unsigned char *p = (const unsigned char *)file.p;
        AUTO(arena_free) Arena *arena = arena_new();
        Salvage s = { .fn = fn, .ctx = ctx, .arena = arena };
        uint64_t damaged = 0;
        bool in_gap = false, pages = false;
        for (size_t at = INDEXFORMAT_HEADER_BYTES; at < file.n;) {
                size_t n;
                if (is_page(p + at, file.n - at, &n)) {
                        damaged += in_gap;
                        in_gap = false;
                        pages = true;
                        if (!read_page(&s, str_n(file.p + at + RECORD_BYTES, n), record_count(p + at)))
                                damaged++;
                        at += RECORD_BYTES + n;
                } else { /* behind the pages stand the tables: a gap that no page follows */
                        in_gap = true;
                        at++;
                }
        }
        buf_done(&s.plain);
        return damaged + !pages;
}

typedef struct Counted {
        uint64_t series;
} Counted;

static void count_one(void *ctx, const IndexEntry *entry, Labels labels)
{
        (void)entry;
        (void)labels;
        ((Counted *)ctx)->series++;
}

bool indexseg_verify(IndexSeg *x)
{
        Counted pages = { 0 };
        bool good = true;
        for (size_t i = 0; i * INDEXFORMAT_BLOCK_BYTES < x->tables.n; i++)
                good = check_block(x, i) && good;
        Str before_tables = { (const char *)x->map.p, (size_t)(x->tables.p - x->map.p) };
        if (indexseg_salvage(before_tables, count_one, &pages) || pages.series != x->n_series)
                good = note_damage(x);
        return good;
}
