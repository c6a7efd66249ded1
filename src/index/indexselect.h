/* index/indexselect.h - which series of an index segment match. Thread-safe. */
#pragma once
#include "index/indexseg.h"
#include "model/matcher.h"
#include "sync/cancel.h"

typedef struct IndexSelect {
        Matchers matchers;
        int64_t min_ms;       /* series whose newest sample is older are left out */
        const Cancel *cancel; /* may be NULL */
} IndexSelect;

/* Places of the series that match, rising, living in arena. What damage hides is left out. ERR_CANCELED or ERR_TIMEOUT when cancel says so. */
MUST_CHECK bool indexselect_run(IndexSeg *x, const IndexSelect *args, Arena *arena, uint32_t **ret, size_t *ret_n,
                                Err *err);
