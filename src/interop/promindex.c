/* Invariants
 * 1. Nothing is read outside of the bytes; a section whose checksum is wrong is an error that says where.
 * 2. Labels come out sorted by name, as every block has them; an index where they are not is corrupt. */
#include "interop/promindex.h"

#include <stdlib.h>

#include "base/hash.h"
#include "interop/promcur.h"

enum { HEADER_BYTES = 5, SECTION_ALIGN = 16, ROW_MIN_BYTES = 4 };

/* The content of the section at `at`: length u32, content, checksum u32. */
static bool read_section(Str file, uint64_t at, const char *what, Str *ret, Err *err)
{
        if (at + 8 > file.n || at + 8 < at)
                return err_set(err, ERR_CORRUPT, "%s lie at %llu, behind the end of the index", what,
                               (unsigned long long)at);
        uint32_t n = bits_be32(file.p + at);
        if (n > file.n - at - 8)
                return err_set(err, ERR_CORRUPT, "%s at %llu reach behind the end of the index", what,
                               (unsigned long long)at);
        *ret = str_n(file.p + at + 4, n);
        if (hash_crc32c(0, ret->p, n) != bits_be32(ret->p + n))
                return err_set(err, ERR_CORRUPT, "%s at %llu have a wrong checksum", what, (unsigned long long)at);
        return true;
}

static bool read_symbols(PromIndex *ix, Arena *arena, Err *err)
{
        Str body;
        if (!read_section(ix->bytes, ix->symbols, "symbols", &body, err))
                return false;
        PromCursor c = promcur_of(body);
        uint32_t n = promcur_be32(&c);
        if (n > body.n)
                return err_set(err, ERR_CORRUPT, "%u symbols do not fit into %zu bytes", n, body.n);
        uint64_t *at = arena_raw_array(arena, uint64_t, (size_t)n + 1);
        for (uint32_t i = 0; i < n; i++) {
                at[i] = (uint64_t)((const char *)c.p - ix->bytes.p);
                promcur_str(&c);
        }
        if (c.broken)
                return err_set(err, ERR_CORRUPT, "the symbols at %llu are cut short", (unsigned long long)ix->symbols);
        ix->symbol_at = at;
        ix->n_symbols = n;
        return true;
}

/* The references of the list at `at`, 4 bytes each. */
static bool read_list(const PromIndex *ix, uint64_t at, Str *ret, Err *err)
{
        Str list;
        if (!read_section(ix->bytes, at, "postings", &list, err))
                return false;
        if (list.n < 4 || list.n % 4 || bits_be32(list.p) != list.n / 4 - 1)
                return err_set(err, ERR_CORRUPT, "the list of series at %llu has a wrong length",
                               (unsigned long long)at);
        *ret = str_sub(list, 4, list.n);
        return true;
}

static int by_ref(const void *a, const void *b)
{
        uint32_t x = bits_be32(a), y = bits_be32(b);
        return (x > y) - (x < y);
}

/* What all lists together hold, for indexes without a list of everything. */
static Str unite(Buf *refs)
{
        size_t n = 0;
        if (refs->n)
                qsort(refs->p, refs->n / 4, 4, by_ref);
        for (size_t i = 0; i < refs->n; i += 4) {
                if (n && memcmp(refs->p + n - 4, refs->p + i, 4) == 0)
                        continue;
                memmove(refs->p + n, refs->p + i, 4);
                n += 4;
        }
        return str_n(refs->p, n);
}

/* Every series: the list of the pair ("", ""), or the union of all lists where a writer left that out. */
static bool read_all(PromIndex *ix, Arena *arena, Err *err)
{
        Str table;
        Buf refs = { .arena = arena };
        if (!read_section(ix->bytes, ix->postings_table, "the offsets of postings", &table, err))
                return false;
        PromCursor c = promcur_of(table);
        uint32_t n = promcur_be32(&c);
        for (uint32_t i = 0; i < n && !c.broken; i++) {
                uint64_t keys = promcur_uvarint(&c);
                bool empty = true;
                for (uint64_t k = 0; k < keys && !c.broken; k++)
                        empty &= promcur_str(&c).n == 0;
                uint64_t at = promcur_uvarint(&c);
                Str list = { 0 };
                if (c.broken)
                        break;
                if (!read_list(ix, at, &list, err))
                        return false;
                if (empty) {
                        ix->all = list;
                        return true;
                }
                buf_str_add(&refs, list);
        }
        if (c.broken)
                return err_set(err, ERR_CORRUPT, "the offsets of postings are cut short");
        ix->all = unite(&refs);
        return true;
}

bool promindex_open(Str bytes, unsigned format, Arena *arena, PromIndex *ret, Err *err)
{
        PromIndex ix = { .bytes = bytes };
        if (bytes.n < HEADER_BYTES + PROMINDEX_TOC_BYTES || bits_be32(bytes.p) != (uint32_t)PROMINDEX_MAGIC)
                return err_set(err, ERR_CORRUPT, "not an index: it does not start with 0xBAAAD700");
        ix.version = format ? format : (unsigned char)bytes.p[4];
        if (ix.version != 1 && ix.version != 2)
                return err_set(err, ERR_UNSUPPORTED, "the index has format %u; formats 1 and 2 are read", ix.version);
        const char *toc = bytes.p + bytes.n - PROMINDEX_TOC_BYTES;
        if (hash_crc32c(0, toc, PROMINDEX_TOC_BYTES - 4) != bits_be32(toc + PROMINDEX_TOC_BYTES - 4))
                return err_set(err, ERR_CORRUPT, "the table of contents has a wrong checksum: is the file cut short?");
        ix.symbols = bits_be64(toc);
        ix.series = bits_be64(toc + 8);
        ix.postings_table = bits_be64(toc + 40);
        if (!read_symbols(&ix, arena, err) || !read_all(&ix, arena, err))
                return false;
        *ret = ix;
        return true;
}

uint64_t promindex_ref(const PromIndex *ix, size_t i) { return bits_be32(ix->all.p + i * 4); }

static Str symbol(const PromIndex *ix, uint64_t ref, PromCursor *c)
{
        uint64_t at = ref;
        if (ix->version == 2 && ref >= ix->n_symbols) {
                promcur_break(c);
                return (Str){ 0 };
        }
        if (ix->version == 2)
                at = ix->symbol_at[ref];
        PromCursor s = promcur_of(str_sub(ix->bytes, MIN_OF(at, ix->bytes.n), ix->bytes.n));
        Str text = promcur_str(&s);
        if (s.broken)
                promcur_break(c);
        return text;
}

static Labels read_labels(const PromIndex *ix, PromCursor *c, Arena *arena)
{
        uint64_t n = promcur_uvarint(c);
        if (n > PROMINDEX_MAX_LABELS || n * 2 > promcur_left(c)) {
                promcur_break(c);
                return (Labels){ 0 };
        }
        Label *pairs = arena_raw_array(arena, Label, n + 1);
        for (uint64_t i = 0; i < n; i++) {
                pairs[i].name = symbol(ix, promcur_uvarint(c), c);
                pairs[i].value = symbol(ix, promcur_uvarint(c), c);
                if (i && str_cmp(pairs[i - 1].name, pairs[i].name) >= 0)
                        promcur_break(c);
        }
        return (Labels){ pairs, n };
}

static PromChunkRef *read_chunks(PromCursor *c, Arena *arena, size_t *ret_n)
{
        uint64_t n = promcur_uvarint(c);
        if (n > promcur_left(c) / 3) { /* each has three numbers */
                promcur_break(c);
                return NULL;
        }
        PromChunkRef *chunks = arena_raw_array(arena, PromChunkRef, n + 1);
        uint64_t t = 0, ref = 0;
        for (uint64_t i = 0; i < n; i++) {
                t += i ? promcur_uvarint(c) : (uint64_t)promcur_varint(c);
                chunks[i].min_ms = (int64_t)t;
                t += promcur_uvarint(c);
                chunks[i].max_ms = (int64_t)t;
                ref += i ? (uint64_t)promcur_varint(c) : promcur_uvarint(c);
                chunks[i].ref = ref;
        }
        *ret_n = n;
        return chunks;
}

bool promindex_series(const PromIndex *ix, uint64_t ref, Arena *arena, Labels *ret_labels, PromChunkRef **ret_chunks,
                      size_t *ret_n, Err *err)
{
        uint64_t at = ix->version == 2 ? ref * SECTION_ALIGN : ref;
        PromCursor c = promcur_of(str_sub(ix->bytes, MIN_OF(at, ix->bytes.n), ix->bytes.n));
        Str body = promcur_str(&c);
        uint32_t crc = promcur_be32(&c);
        if (c.broken || hash_crc32c(0, body.p, body.n) != crc)
                return err_set(err, ERR_CORRUPT, "the series at %llu is damaged: wrong checksum",
                               (unsigned long long)at);
        size_t n = 0;
        PromCursor row = promcur_of(body);
        Labels labels = read_labels(ix, &row, arena);
        PromChunkRef *chunks = row.broken ? NULL : read_chunks(&row, arena, &n);
        if (row.broken)
                return err_set(err, ERR_CORRUPT, "the series at %llu is malformed", (unsigned long long)at);
        *ret_labels = labels;
        *ret_chunks = chunks;
        *ret_n = n;
        return true;
}
