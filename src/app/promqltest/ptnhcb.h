/* app/promqltest/ptnhcb.h - classic histograms as native ones with custom buckets, for `load_with_nhcb`. */
#pragma once
#include "app/promqltest/ptscript.h"

/* The histogram series that the `_bucket`, `_sum` and `_count` series of the load describe, one sample per step. In arena. */
MUST_CHECK bool ptnhcb_collate(const PtLoad *load, Arena *arena, PtSeriesVec *ret, Err *err);
