/* tsdb/keep.h - Keep: how long the samples of a series are kept: the first rule whose matchers it meets says so, else the retention of
 * all. Immutable. */
#pragma once
#include "tsdb/tsdb.h"

typedef struct Keep Keep;

/* Copies the rules. retention_ms: of series that no rule names. */
MUST_CHECK bool keep_new(int64_t retention_ms, const TsdbRetention *rules, size_t n, Keep **ret, Err *err);
void keep_free(Keep *k);
DEFINE_AUTO(Keep *, keep_free);
bool keep_has_rules(const Keep *k);
/* In their order; returns how many. */
size_t keep_rules(const Keep *k, const TsdbRetention **ret);
int64_t keep_ms(const Keep *k, Labels labels);
/* Over all rules and the retention of all. */
int64_t keep_shortest_ms(const Keep *k);
int64_t keep_longest_ms(const Keep *k);
/* A file with samples in [min_ms, max_ms] belongs to the tier; one that ended so long ago is waiting to be cleaned up already. */
void keep_count(TsdbTier *tier, int64_t min_ms, int64_t max_ms, uint64_t bytes, int64_t now_ms);
/* How many different retentions are over for what is `age_ms` old: it rises with the age. */
unsigned keep_expired(const Keep *k, int64_t age_ms);
