/* tsdb/forget.h - series without samples leave: those whose retention is over, and those of which everything was deleted. Caller holds
 * db->upkeep. */
#pragma once
#include "tsdb/head.h"

/* Nothing of a series whose newest sample is so old is kept any more: by its rule of retention, or by `dead_before_ms`, which holds for all. */
bool forget_is_over(const Tsdb *db, Labels labels, int64_t last_ms, int64_t dead_before_ms, int64_t now_ms);
/* A newest sample that is not older than this is kept, whatever the rules say. */
int64_t forget_oldest_ms(const Tsdb *db, int64_t dead_before_ms, int64_t now_ms);
/* Candidates, found without a lock: those that are over are removed from memory. */
void forget_over(Tsdb *db, const uint32_t *slots, size_t n, int64_t dead_before_ms, int64_t now_ms);
/* After their deleted samples have left the disk: removes those of these series (items, by rising id) that have no sample left, from memory
 * and from the index. *ret_hot: how many were in memory; the log still defines them. */
MUST_CHECK bool forget_deleted(Tsdb *db, const Tombstone *items, size_t n, size_t *ret_hot, Err *err);
