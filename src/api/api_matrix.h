/* api/api_matrix.h - the series of a range as JSON, written by all threads. Private. */
#pragma once
#include "api/api_reply.h"
#include "sync/pool.h"

enum { API_FLUSH_BYTES = 1 << 20 }; /* of an answer's text; what is longer is sent before the rest is written */

/* Writes an array of n series with their labels and points, and sends it in chunks when it is long. pool: may be NULL.
 * False: nobody reads it any more; w is left in the middle. */
MUST_CHECK bool api_matrix_put(JsonWriter *w, const PromqlSeries *series, size_t n, Pool *pool, HttpResponse *resp);
