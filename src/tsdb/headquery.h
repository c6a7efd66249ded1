/* tsdb/headquery.h - the Querier of a Tsdb: selects by postings, reads columns from chunk files and open chunks. */
#pragma once
#include "tsdb/head.h"

void headquery_changes(StoreEngine *engine, uint64_t mark, StoreChanges *ret);
size_t headquery_at_most(StoreEngine *engine, Matchers matchers, int64_t min_ms);
bool headquery_open(StoreEngine *engine, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err);
