/* A whole index segment from the input, with its checksums put right, so that lies get as far as they can: opened, searched, salvaged. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/hash.h"
#include "index/indexformat.h"
#include "index/indexselect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *ctx, const IndexEntry *e, Labels labels) { *(uint64_t *)ctx += e->sid + labels.n; }

/* The header's, the footer's and the blocks' checksums say what the bytes are. */
static void put_right(char *p, size_t n)
{
        if (n < INDEXFORMAT_HEADER_BYTES + INDEXFORMAT_NUMBERS * 8 + INDEXFORMAT_TRAILER_BYTES)
                return;
        bits_put_le32(p + 28, hash_crc32c(0, p, 28));
        char *t = p + n - INDEXFORMAT_TRAILER_BYTES;
        uint64_t at = bits_le64(t), bytes = n - INDEXFORMAT_TRAILER_BYTES - at;
        if (at > n - INDEXFORMAT_TRAILER_BYTES || bytes < INDEXFORMAT_NUMBERS * 8)
                return;
        uint64_t tables = bits_le64(p + at + INDEXFORMAT_TABLES_AT * 8);
        uint64_t length = bits_le64(p + at + (INDEXFORMAT_NUMBERS - 1) * 8);
        if (tables <= at && length <= at - tables)
                for (uint64_t i = 0, k = INDEXFORMAT_NUMBERS * 8; i < length && k + 4 <= bytes;
                     i += INDEXFORMAT_BLOCK_BYTES, k += 4)
                        bits_put_le32(p + at + k, hash_crc32c(0, p + tables + i,
                                                              MIN_OF(length - i, (uint64_t)INDEXFORMAT_BLOCK_BYTES)));
        bits_put_le64(t + 8, bytes);
        bits_put_le32(t + 16, hash_crc32c(0, p + at, bytes + 16));
        bits_put_le32(t + 20, INDEXFORMAT_END);
}

static void read_all(IndexSeg *x)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Err err;
        IndexEntry e;
        Labels labels;
        uint64_t n = MIN_OF(indexseg_info(x).series, UINT64_C(1000));
        for (uint32_t i = 0; i < n; i++) {
                if (!indexseg_labels(x, i, arena, &labels) || !indexseg_entry(x, i, &e))
                        continue;
                uint32_t place;
                IGNORE(indexseg_find(x, labels, indexseg_hash(labels), &e));
                IGNORE(indexseg_place(x, e.sid, &place));
                const Str names[] = { STR("job"), labels.n ? labels.data[0].name : STR("nothing") };
                IndexName found[ARRAY_LEN(names)];
                Labels some;
                size_t k = indexseg_find_names(x, names, ARRAY_LEN(names), found);
                CHECK(!indexseg_labels_of(x, i, found, k, arena, &some) || some.n <= k);
        }
        Matcher ms[3];
        CHECK(matcher_make(arena, MATCH_EQ, STR("__name__"), STR("up"), &ms[0], &err));
        CHECK(matcher_make(arena, MATCH_RE, STR("job"), STR(".+"), &ms[1], &err));
        CHECK(matcher_make(arena, MATCH_NE, STR("x"), STR("y"), &ms[2], &err));
        for (size_t from = 0; from < 3; from++) {
                uint32_t *places;
                size_t found;
                IndexSelect args = { .matchers = { ms + from, 3 - from }, .min_ms = INT64_MIN };
                CHECK(indexselect_run(x, &args, arena, &places, &found, &err));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char path[64];
        snprintf(path, sizeof path, "/tmp/pharos-fuzz-%d.index", (int)getpid());
        const Fs *fs = fs_system();
        File *file;
        Err err;
        AUTO(buf_done) Buf bytes = { 0 };
        uint64_t sum = 0;
        buf_add(&bytes, data, size);
        indexseg_salvage(buf_str(&bytes), count, &sum);
        if (size)
                put_right(bytes.p, size);
        CHECK(fs->open(fs, path, FILE_CREATE, &file, &err) && fs->write(file, bytes.p, bytes.n, &err));
        fs->close(file);
        IndexSeg *x;
        if (indexseg_open(fs, path, 1, &x, &err)) {
                read_all(x);
                snapshot_unref(indexseg_snapshot(x));
        }
        CHECK(fs->remove(fs, path, &err));
        return 0;
}
