/* Invariants:
 * 1. Memory is allocated for at most max_bytes of output, and never for more than the block can expand to: a header that
 *    promises much over a short body costs nothing. */
#include "codec/snappy.h"

#include <snappy-c.h>

#include "base/check.h"

enum { MAX_EXPANSION = 22 }; /* the best element: 64 bytes copied by 3 */

bool snappy_decode(Str block, size_t max_bytes, Buf *out, Err *err)
{
        size_t n;
        if (snappy_uncompressed_length(block.p, block.n, &n) != SNAPPY_OK)
                return err_set(err, ERR_INVALID, "snappy: broken header");
        if (n > max_bytes)
                return err_set(err, ERR_LIMIT, "snappy: %zu bytes decoded, the limit is %zu", n, max_bytes);
        if (n / MAX_EXPANSION > block.n)
                return err_set(err, ERR_INVALID, "snappy: broken block");
        char *at = buf_reserve(out, n ? n : 1);
        if (snappy_uncompress(block.p, block.n, at, &n) != SNAPPY_OK)
                return err_set(err, ERR_INVALID, "snappy: broken block");
        out->n += n;
        return true;
}

void snappy_encode(Str bytes, Buf *out)
{
        size_t n = snappy_max_compressed_length(bytes.n);
        char *at = buf_reserve(out, n);
        CHECK(snappy_compress(bytes.n ? bytes.p : "", bytes.n, at, &n) == SNAPPY_OK);
        out->n += n;
}
