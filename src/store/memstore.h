/* store/memstore.h - MemStore: the simplest StoreEngine, all in memory, no files, no limits but those of labelcheck. For tests and
 * for short-lived data (unit tests of rules). Thread-safe. Accepts series without a metric name and any timestamp. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

typedef struct MemStore MemStore;

/* Returns owned. */
MemStore *memstore_new(void);
void memstore_free(MemStore *ms);
DEFINE_AUTO(MemStore *, memstore_free);
StoreEngine *memstore_engine(MemStore *ms); /* borrowed; valid until memstore_free */
/* Samples up to this much older than the series' newest are inserted where they belong. Default: 0, they are refused. */
void memstore_set_out_of_order_window(MemStore *ms, int64_t window_ms);
/* Forgets every series. No querier or appender may be open. */
void memstore_clear(MemStore *ms);
/* Shorthand for tests: one sample in its own batch. labels as in store_append. */
AppendResult memstore_add(MemStore *ms, Labels labels, int64_t t_ms, double v);
size_t memstore_series(MemStore *ms);
