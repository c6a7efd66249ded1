/* ingest/rwhist.h - the native histogram of remote write, which versions 1 and 2 share: {1 count_int, 2 count_float, 3 sum, 4 schema,
 * 5 zero_threshold, 6 zero_count_int, 7 zero_count_float, 8 negative_spans{1 offset, 2 length}, 9 negative_deltas, 10 negative_counts,
 * 11 positive_spans, 12 positive_deltas, 13 positive_counts, 14 reset_hint, 15 timestamp, 16 custom_values, 17 start_timestamp}. */
#pragma once
#include "base/str.h"
#include "store/store.h"

/* ret->h lives in arena and borrows nothing. False: not a message. Whether it makes sense is for the store to say. */
MUST_CHECK bool rwhist_read(Str bytes, Arena *arena, StoreSample *ret);
