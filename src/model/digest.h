/* model/digest.h - digests whose values other programs fix; not for storing secrets. The one place that knows the library. */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { DIGEST_MD5_BYTES = 16, DIGEST_SHA256_BYTES = 32 };

/* MD5: what hashmod divides by. */
void digest_md5(Str s, uint8_t out[DIGEST_MD5_BYTES]);
void digest_sha256(Str s, uint8_t out[DIGEST_SHA256_BYTES]);
void digest_hmac_sha256(Str key, Str s, uint8_t out[DIGEST_SHA256_BYTES]);
/* Lower-case hex digits. */
void digest_hex(Buf *out, const uint8_t *bytes, size_t n);
/* The standard alphabet, padded, one line. */
void digest_base64(Buf *out, Str s);
