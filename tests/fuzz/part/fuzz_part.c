/* A whole part from the input, with its checksums as they are or put right (by the first byte), so that what lies behind them is reached
 * too: opened, walked, read, verified. */
#include "base/bits.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "part/part.h"
#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a file in memory, of exactly its size */

static FileMap image;

static bool open_image(const Fs *fs, const char *path, FileMode mode, File **ret, Err *err)
{
        (void)fs, (void)path, (void)mode, (void)err;
        *ret = NULL;
        return true;
}
static void close_image(File *file) { (void)file; }
static bool map_image(File *file, FileMap *ret, Err *err)
{
        (void)file, (void)err;
        *ret = image;
        return true;
}
static void unmap_image(const Fs *fs, FileMap map) { (void)fs, (void)map; }

/* ---- checksums */

static void put_right(unsigned char *p, size_t n)
{
        if (n < PART_HEADER_BYTES + PART_TRAILER_BYTES)
                return;
        bits_put_le32(p + 28, hash_crc32c(0, p, 28));
        unsigned char *t = p + n - PART_TRAILER_BYTES;
        bits_put_le32(t + 16, hash_crc32c(0, t, 16));
        for (size_t at = PART_HEADER_BYTES; n - at > RECORD_BYTES;) {
                size_t bytes = record_content_bytes(p + at);
                if (bytes > n - at - RECORD_BYTES)
                        return;
                bits_put_le32(p + at + 12, record_sum(p + at));
                at += RECORD_BYTES + bytes;
        }
}

/* ---- what is done with it */

/* A range holds what the whole has inside it. Where something is damaged that may be less: nothing is said. */
static void check_range(Part *p, uint64_t sid, const Column *all, bool sound)
{
        if (all->n < 2 || !sound)
                return;
        Column c = { 0 };
        uint64_t damaged = 0;
        int64_t lo = all->t[all->n / 3], hi = all->t[all->n / 3 * 2];
        part_read(p, sid, lo, hi, &c, &damaged);
        size_t k = 0;
        for (size_t i = 0; i < all->n; i++) {
                if (all->t[i] < lo || all->t[i] > hi)
                        continue;
                CHECK(k < c.n && c.t[k] == all->t[i]);
                CHECK((c.h && c.h[k]) == (all->h && all->h[i]));
                CHECK((c.h && c.h[k]) || bits_of_double(c.v[k]) == bits_of_double(all->v[i]));
                k++;
        }
        CHECK(k == c.n && damaged == 0);
        column_done(&c);
}

static void use(Part *p)
{
        Arena *arena = arena_new();
        Column c = { 0 }, last = { 0 };
        uint64_t damaged = 0, sid = 0;
        for (unsigned i = 0; i < 100 && part_next_series(p, sid, &sid); i++, sid++) {
                Labels labels;
                column_clear(&c);
                column_clear(&last);
                IGNORE(part_labels(p, sid, arena, &labels));
                uint64_t before = damaged;
                part_read(p, sid, INT64_MIN, INT64_MAX, &c, &damaged);
                check_range(p, sid, &c, damaged == before);
                part_last(p, sid, INT64_MIN, c.n ? c.t[c.n / 2] : 0, &last, &damaged);
                part_read(p, sid, 1000, INT64_C(1700000010000), &c, &damaged);
                if (sid == UINT64_MAX)
                        break;
        }
        PartDamage damage = { 0 };
        part_verify(p, &damage);
        column_done(&c);
        column_done(&last);
        arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        unsigned char *exact = mem_zalloc(size > 1 ? size - 1 : 1); /* the sanitizer sees one byte too far */
        memcpy(exact, data + 1, size - 1);
        if (data[0] & 1)
                put_right(exact, size - 1);
        image = (FileMap){ exact, size - 1 };
        Fs fs = { .open = open_image, .close = close_image, .map = map_image, .unmap = unmap_image };
        Part *p;
        PartDamage damage = { 0 };
        Err err;
        if (part_open(&fs, "image", 1, &p, &damage, &err)) {
                use(p);
                snapshot_unref(part_snapshot(p));
        }
        mem_free(exact);
        return 0;
}
