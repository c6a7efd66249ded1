/* ingest/rwv2.h - the message of remote write 2.0: Request{4 symbols, 5 timeseries{1 labels_refs, 2 samples{1 value, 2 ms, 3 start},
 * 3 histograms, 4 exemplars{1 labels_refs, 2 value, 3 ms}, 5 metadata, 6 created_timestamp}}. Metadata is not kept. */
#pragma once
#include "ingest/rwrun.h"

enum { RWV2_MAX_SYMBOLS = 4 << 20 /* as many as 32 MiB can hold without names of one byte */ };

/* Appends everything in the message; what is refused is noted in the run. False: the message is broken, nothing of it must be
 * committed. */
MUST_CHECK bool rwv2_write(RwRun *run, Str message, Err *err);
