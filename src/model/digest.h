/* model/digest.h - digests whose values other programs fix; not for secrets. The one place that knows the library. */
#pragma once
#include <stdint.h>

#include "base/str.h"

enum { DIGEST_MD5_BYTES = 16 };

/* MD5: what hashmod divides by. */
void digest_md5(Str s, uint8_t out[DIGEST_MD5_BYTES]);
