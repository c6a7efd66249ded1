#include "tsdb/walpack.h"

#include "base/bits.h"
#include "codec/zstdio.h"

enum { SECTION_BYTES = 5 /* kind and length */ };

void walpack_pack(Buf *record)
{
        AUTO(buf_done) Buf packed = { 0 };
        zstdio_encode((Str){ record->p + WAL_FRAME_BYTES, record->n - WAL_FRAME_BYTES }, ZSTDIO_LEVEL_DEFAULT, &packed);
        if (packed.n + SECTION_BYTES >= record->n - WAL_FRAME_BYTES)
                return;
        char *p = record->p + WAL_FRAME_BYTES;
        p[0] = WALPACK_SECTION;
        bits_put_le32(p + 1, (uint32_t)packed.n);
        memcpy(p + SECTION_BYTES, packed.p, packed.n);
        record->n = WAL_FRAME_BYTES + SECTION_BYTES + packed.n;
}

bool walpack_open(Str payload, Buf *scratch, Str *ret, Err *err)
{
        *ret = payload;
        if (payload.n < SECTION_BYTES || payload.p[0] != WALPACK_SECTION)
                return true;
        Err why;
        buf_clear(scratch);
        if (bits_le32(payload.p + 1) != payload.n - SECTION_BYTES ||
            !zstdio_decode(str_sub(payload, SECTION_BYTES, payload.n), WAL_MAX_RECORD_BYTES, scratch, &why)) {
                *ret = (Str){ 0 };
                return err_set(err, ERR_CORRUPT, "a packed record of %zu bytes is damaged", payload.n);
        }
        *ret = buf_str(scratch);
        return true;
}
