/* Invariants
 * 1. A record is given whole: its fragments follow each other and their checksums are right, or it is damage.
 * 2. A page that is short, or zero to its end, ends a segment silently: the writer had not filled it. */
#include "interop/promwal.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/hash.h"
#include "base/num.h"
#include "base/vec.h"
#include "codec/snappy.h"
#include "codec/zstdio.h"
#include "interop/promblock.h"

enum {
        FRAGMENT_HEADER_BYTES = 7,
        TYPE_MASK = 7,
        FLAG_SNAPPY = 8,
        FLAG_ZSTD = 16,
        FRAGMENT_FULL = 1,
        FRAGMENT_FIRST = 2,
        FRAGMENT_MIDDLE = 3,
        FRAGMENT_LAST = 4
};

typedef struct Assembly {
        Buf whole;   /* fragments of a record so far */
        Buf decoded; /* of a compressed record */
        bool open;   /* a first fragment waits for more */
} Assembly;

/* Unpacks and tells. *ret_why: damage. */
static bool tell(Assembly *a, Str record, unsigned flags, bool (*fn)(void *, Str, Err *), void *ctx,
                 const char **ret_why, Err *err)
{
        Err why;
        if (flags & (FLAG_SNAPPY | FLAG_ZSTD)) {
                buf_clear(&a->decoded);
                bool ok = flags & FLAG_SNAPPY ? snappy_decode(record, PROMWAL_MAX_RECORD_BYTES, &a->decoded, &why)
                                              : zstdio_decode(record, PROMWAL_MAX_RECORD_BYTES, &a->decoded, &why);
                if (!ok) {
                        *ret_why = "a compressed record does not unpack";
                        return true;
                }
                record = buf_str(&a->decoded);
        }
        return record.n == 0 || fn(ctx, record, err);
}

/* The fragment at *at: moves behind it, or says why it cannot. *ret_end: nothing more is in this segment. */
static const char *next_fragment(Str segment, size_t *at, unsigned *ret_head, Str *ret_data, bool *ret_end)
{
        for (;;) {
                size_t left = PROMWAL_PAGE_BYTES - *at % PROMWAL_PAGE_BYTES;
                if (*at >= segment.n || (segment.p[*at] == 0 && segment.n - *at <= left)) {
                        *ret_end = true;
                        return NULL;
                }
                if (segment.p[*at] != 0 && left >= FRAGMENT_HEADER_BYTES)
                        break;
                *at += left; /* the rest of a page that was filled up */
        }
        size_t left = MIN_OF(PROMWAL_PAGE_BYTES - *at % PROMWAL_PAGE_BYTES, segment.n - *at);
        if (left < FRAGMENT_HEADER_BYTES)
                return "the segment ends within a record";
        const char *p = segment.p + *at;
        unsigned n = bits_be16(p + 1);
        if (n > left - FRAGMENT_HEADER_BYTES)
                return "the segment ends within a record";
        if (hash_crc32c(0, p + FRAGMENT_HEADER_BYTES, n) != bits_be32(p + 3))
                return "a record has a wrong checksum";
        *ret_head = (unsigned char)*p;
        *ret_data = str_n(p + FRAGMENT_HEADER_BYTES, n);
        *at += FRAGMENT_HEADER_BYTES + n;
        return NULL;
}

bool promwal_each(Str segment, const char *name, bool (*fn)(void *ctx, Str record, Err *err), void *ctx,
                  PromWalStats *stats, Err *err)
{
        Assembly a = { 0 };
        const char *why = NULL;
        bool ok = true, end = false;
        size_t at = 0;
        stats->segments++;
        stats->bytes += segment.n;
        while (ok && !why && !end) {
                unsigned head = 0;
                Str data;
                why = next_fragment(segment, &at, &head, &data, &end);
                if (why || end)
                        break;
                unsigned type = head & TYPE_MASK;
                bool starts = type == FRAGMENT_FULL || type == FRAGMENT_FIRST;
                if (starts == a.open || type > FRAGMENT_LAST || a.whole.n + data.n > PROMWAL_MAX_RECORD_BYTES) {
                        why = "fragments of records are out of order";
                        break;
                }
                if (type == FRAGMENT_FULL) {
                        stats->records++;
                        ok = tell(&a, data, head, fn, ctx, &why, err);
                        continue;
                }
                buf_str_add(&a.whole, data);
                a.open = type != FRAGMENT_LAST;
                if (!a.open) {
                        stats->records++;
                        ok = tell(&a, buf_str(&a.whole), head, fn, ctx, &why, err);
                        buf_clear(&a.whole);
                }
        }
        if (end && a.open)
                why = "the segment ends within a record";
        if (why && !stats->damaged++)
                err_set(&stats->first_damage, ERR_CORRUPT, "'%s' at %zu: %s", name, at, why);
        buf_done(&a.whole);
        buf_done(&a.decoded);
        return ok;
}

typedef struct Numbered {
        uint64_t number;
        Str name;
} Numbered;
typedef VEC(Numbered) NumberedList;

static int by_number(const void *a, const void *b)
{
        const Numbered *x = a, *y = b;
        return (x->number > y->number) - (x->number < y->number);
}

/* The entries of dir named <prefix><number>, by number. */
static bool list(const Fs *fs, const char *dir, Str prefix, Arena *arena, NumberedList *ret, Err *err)
{
        Str *names;
        size_t n;
        if (!fs->list(fs, dir, arena, &names, &n, err))
                return false;
        *ret = (NumberedList){ .arena = arena };
        for (size_t i = 0; i < n; i++) {
                uint64_t number;
                if (str_starts(names[i], prefix) && num_parse_u64(str_sub(names[i], prefix.n, names[i].n), &number))
                        vec_push(ret, (Numbered){ number, names[i] });
        }
        if (ret->len)
                qsort(ret->data, ret->len, sizeof *ret->data, by_number);
        return true;
}

static bool read_segments(const Fs *fs, const char *dir, uint64_t from, bool (*fn)(void *, Str, Err *), void *ctx,
                          PromWalStats *stats, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        NumberedList segments;
        if (!list(fs, dir, STR(""), arena, &segments, err))
                return false;
        vec_each(s, &segments) {
                if (s->number < from)
                        continue;
                AUTO(arena_free) Arena *mapping = arena_new();
                Str path = str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(s->name));
                Str bytes;
                if (!promblock_map(fs, path.p, mapping, &bytes, err) ||
                    !promwal_each(bytes, path.p, fn, ctx, stats, err))
                        return false;
        }
        return true;
}

bool promwal_read(const Fs *fs, const char *dir, bool (*fn)(void *ctx, Str record, Err *err), void *ctx,
                  PromWalStats *stats, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        NumberedList checkpoints;
        Err why;
        uint64_t from = 0;
        if (!list(fs, dir, STR("checkpoint."), arena, &checkpoints, &why)) {
                if (why.code == ERR_NOT_FOUND)
                        return true;
                *err = why;
                return false;
        }
        if (checkpoints.len) {
                Numbered last = *vec_last(&checkpoints);
                Str path = str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(last.name));
                if (!read_segments(fs, path.p, 0, fn, ctx, stats, err))
                        return false;
                from = last.number + 1;
        }
        return read_segments(fs, dir, from, fn, ctx, stats, err);
}
