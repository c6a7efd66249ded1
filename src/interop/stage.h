/* interop/stage.h - Stage: samples of text files on their way into a store: any order in, sorted by series and time out.
 *
 * One thread. */
#pragma once
#include <stdint.h>

#include "store/store.h"

enum { STAGE_MAX_SAMPLES = 32 << 20 }; /* half a GiB; the owner empties it then */

typedef struct Stage Stage;
Stage *stage_new(void); /* returns owned */
void stage_free(Stage *stage);
DEFINE_AUTO(Stage *, stage_free);
/* labels: in any order; copied. False: a name is there twice, or there are none. */
bool stage_put(Stage *stage, Labels labels, int64_t t_ms, double v);
/* Puts the next samples of the series that stage_put named last. */
void stage_more(Stage *stage, int64_t t_ms, double v);
size_t stage_samples(const Stage *stage);
/* What it holds, to be read; of samples of one series and time the first is given, *ret_repeated (may be NULL) counts the others.
 * Valid until the next stage_put, stage_clear or stage_free. Its appender must not be used. */
StoreEngine *stage_engine(Stage *stage, uint64_t *ret_repeated);
/* Of the samples; false when empty. */
bool stage_range(const Stage *stage, int64_t *ret_min_ms, int64_t *ret_max_ms);
/* Forgets everything. */
void stage_clear(Stage *stage);
