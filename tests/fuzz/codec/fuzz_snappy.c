/* Any bytes as a block, and any bytes through encode and decode; at once and in pieces. */
#include "base/check.h"
#include "codec/snappy.h"
#include "codec/snapstream.h"

enum { MAX_BYTES = 1 << 20 };
/* A literal of 2^32 bytes: the library's 32 bits take it for none, the pieces are right to refuse it. */
#define ENDLESS_LITERAL STR("\xfc\xff\xff\xff\xff")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool in_pieces(Str block, Buf *out, Err *err)
{
        AUTO(buf_done) Buf window = { 0 };
        SnapStream s;
        size_t used = 0;
        if (!snapstream_begin(&s, block, MAX_BYTES, &window, err))
                return false;
        for (Str piece; snapstream_more(&s, used, &piece, err);)
                buf_add(out, piece.p, used = piece.n);
        return !s.failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str in = str_n((const char *)data, size);
        AUTO(buf_done) Buf out = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        Err err;
        AUTO(buf_done) Buf pieces = { 0 };
        bool whole = snappy_decode(in, MAX_BYTES, &out, &err);
        CHECK(whole ? out.n <= MAX_BYTES : out.n == 0);
        if (in_pieces(in, &pieces, &err))
                CHECK(whole && str_eq(buf_str(&pieces), buf_str(&out)));
        else
                CHECK(!whole || err.code == ERR_UNSUPPORTED || str_find(in, ENDLESS_LITERAL) != SIZE_MAX);
        buf_clear(&out);
        snappy_encode(in, &coded);
        CHECK(snappy_decode(buf_str(&coded), size, &out, &err) && str_eq(buf_str(&out), in));
        return 0;
}
