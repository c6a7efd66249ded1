/* tsdb/cardinality.h - which metrics, labels and values make the head big: the lists of /api/v1/status/tsdb. */
#pragma once
#include "tsdb/catalog.h"
#include "tsdb/tsdb.h"

void cardinality_top(Catalog *c, size_t limit, Arena *arena, TsdbCardinality *ret);
