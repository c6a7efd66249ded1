#include "store/store.h"

#include "base/check.h"

const char *append_result_name(AppendResult result)
{
        static const char *const NAMES[APPEND_RESULT_MAX_] = {
                [APPEND_OK] = "ok",
                [APPEND_DUPLICATE] = "duplicate",
                [APPEND_CONFLICT] = "conflict",
                [APPEND_OUT_OF_ORDER] = "out_of_order",
                [APPEND_OUT_OF_BOUNDS] = "out_of_bounds",
                [APPEND_BAD_LABELS] = "bad_labels",
                [APPEND_LIMIT] = "limit",
                [APPEND_BAD_HISTOGRAM] = "bad_histogram",
        };
        CHECK((unsigned)result < APPEND_RESULT_MAX_);
        return NAMES[result];
}
