/* ingest/rwv1.h - the message of remote write 1.0: WriteRequest{1 timeseries{1 labels{1 name, 2 value}, 2 samples{1 value, 2 ms},
 * 3 exemplars{1 labels, 2 value, 3 ms}, 4 histograms}, 3 metadata}. Metadata is not kept, as upstream. */
#pragma once
#include "ingest/rwrun.h"

enum { RWV1_PAD_BYTES = 16 };

/* Appends the series in a piece of the message, which is followed by RWV1_PAD_BYTES readable bytes. A field that is not whole is left
 * for the next piece, unless this is the last one; *ret_used counts the bytes done with. False: nothing of the request must be
 * committed. */
MUST_CHECK bool rwv1_write(RwRun *run, Str piece, bool last, size_t *ret_used, Err *err);
