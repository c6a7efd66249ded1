/* store/record.h - a record of a part or an index segment: mark, bytes of content, count of what is in it, checksum of these 12 bytes and of
 * the content, 4 bytes each; then the content. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "base/buf.h"
#include "base/hash.h"

enum {
        RECORD_BYTES = 16,          /* before the content */
        RECORD_LABELS = 0x4c42414c, /* "LABL": a page of labels */
};

static inline uint32_t record_mark(const void *at) { return bits_le32(at); }
static inline uint32_t record_content_bytes(const void *at) { return bits_le32((const char *)at + 4); }
static inline uint32_t record_count(const void *at) { return bits_le32((const char *)at + 8); }

static inline uint32_t record_sum(const void *at)
{
        return hash_crc32c(hash_crc32c(0, at, 12), (const char *)at + RECORD_BYTES, record_content_bytes(at));
}
/* All of the record lies in memory. */
static inline bool record_is_good(const void *at) { return bits_le32((const char *)at + 12) == record_sum(at); }

/* Appends a record; content has at most UINT32_MAX bytes and does not lie in out. */
static inline void record_add(Buf *out, uint32_t mark, uint32_t count, Str content)
{
        char *p = buf_reserve(out, RECORD_BYTES + content.n);
        bits_put_le32(p, mark);
        bits_put_le32(p + 4, (uint32_t)content.n);
        bits_put_le32(p + 8, count);
        if (content.n)
                memcpy(p + RECORD_BYTES, content.p, content.n);
        bits_put_le32(p + 12, record_sum(p));
        out->n += RECORD_BYTES + content.n;
}
