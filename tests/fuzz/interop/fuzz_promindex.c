/* An index, checksums made right so that the reading behind them is reached. */
#include "base/bits.h"
#include "base/hash.h"
#include "interop/promindex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The section at `at` gets the checksum that it asks for. */
static void seal(char *p, size_t n, uint64_t at)
{
        if (at > n || n - at < 8)
                return;
        uint32_t length = bits_be32(p + at);
        if (length <= n - at - 8)
                bits_put_be32(p + at + 4 + length, hash_crc32c(0, p + at + 4, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        PromIndex ix;
        Err err;
        if (size > 1 << 16)
                return 0;
        Str bytes = str_dup(arena, str_n((const char *)data, size));
        char *p = (char *)(uintptr_t)bytes.p;
        if (size >= PROMINDEX_TOC_BYTES) {
                char *toc = p + size - PROMINDEX_TOC_BYTES;
                bits_put_be32(toc + PROMINDEX_TOC_BYTES - 4, hash_crc32c(0, toc, PROMINDEX_TOC_BYTES - 4));
                for (size_t i = 0; i < 6; i++)
                        seal(p, size, bits_be64(toc + 8 * i));
        }
        if (!promindex_open(bytes, 0, arena, &ix, &err))
                return 0;
        for (size_t i = 0; i < promindex_n_series(&ix) && i < 1000; i++) {
                Labels labels;
                PromChunkRef *chunks;
                size_t n;
                IGNORE(promindex_series(&ix, promindex_ref(&ix, i), arena, &labels, &chunks, &n, &err));
        }
        return 0;
}
