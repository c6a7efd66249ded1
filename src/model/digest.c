#include "model/digest.h"

#include <nettle/md5.h>

void digest_md5(Str s, uint8_t out[DIGEST_MD5_BYTES])
{
        struct md5_ctx ctx;
        md5_init(&ctx);
        md5_update(&ctx, s.n, (const uint8_t *)(s.p ? s.p : ""));
        md5_digest(&ctx, DIGEST_MD5_BYTES, out);
}
