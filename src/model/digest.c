#include "model/digest.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>

static const uint8_t *bytes_of(Str s) { return (const uint8_t *)(s.p ? s.p : ""); }

void digest_md5(Str s, uint8_t out[DIGEST_MD5_BYTES])
{
        struct md5_ctx ctx;
        md5_init(&ctx);
        md5_update(&ctx, s.n, bytes_of(s));
        md5_digest(&ctx, DIGEST_MD5_BYTES, out);
}

void digest_sha256(Str s, uint8_t out[DIGEST_SHA256_BYTES])
{
        struct sha256_ctx ctx;
        sha256_init(&ctx);
        sha256_update(&ctx, s.n, bytes_of(s));
        sha256_digest(&ctx, DIGEST_SHA256_BYTES, out);
}

void digest_hmac_sha256(Str key, Str s, uint8_t out[DIGEST_SHA256_BYTES])
{
        struct hmac_sha256_ctx ctx;
        hmac_sha256_set_key(&ctx, key.n, bytes_of(key));
        hmac_sha256_update(&ctx, s.n, bytes_of(s));
        hmac_sha256_digest(&ctx, DIGEST_SHA256_BYTES, out);
}

void digest_hex(Buf *out, const uint8_t *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                buf_char(out, "0123456789abcdef"[bytes[i] >> 4]);
                buf_char(out, "0123456789abcdef"[bytes[i] & 15]);
        }
}

void digest_base64(Buf *out, Str s)
{
        size_t n = BASE64_ENCODE_RAW_LENGTH(s.n);
        base64_encode_raw(buf_reserve(out, n), s.n, bytes_of(s));
        out->n += n;
}
