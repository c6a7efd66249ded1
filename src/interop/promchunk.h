/* interop/promchunk.h - the chunk codes of Prometheus' blocks and head: floats (XOR), integer and float histograms.
 *
 * Facts: Prometheus' public description of its chunk format. The bytes are those between a chunk's encoding and its checksum. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/sample.h"

enum {
        PROMCHUNK_XOR = 1,
        PROMCHUNK_HISTOGRAM = 2,
        PROMCHUNK_FLOAT_HISTOGRAM = 3,
        PROMCHUNK_ENCODED_SAMPLES = 120, /* of one chunk that we write, as upstream cuts them */
};

/* Appends the samples with min_ms <= t <= max_ms to out. ERR_CORRUPT: the bytes end early or contradict themselves, out may have
 * got a part; ERR_UNSUPPORTED: an encoding that we do not know. */
MUST_CHECK bool promchunk_decode(unsigned encoding, Str data, int64_t min_ms, int64_t max_ms, Column *out, Err *err);
/* How many samples the chunk says that it has; 0 when it is too short to say. */
unsigned promchunk_samples(Str data);
/* Encodes samples of c from index `from` on, up to `max` (1..65535): as many as fit one chunk because they are of one kind and, for
 * histograms, of one layout. Appends the bytes; returns how many samples they hold, at least 1. from < c->n. */
size_t promchunk_encode(const Column *c, size_t from, size_t max, Buf *out, unsigned *ret_encoding);
