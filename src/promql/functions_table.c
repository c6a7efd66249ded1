/* Invariants:
 * 1. TABLE[id].id == id, and rows are in byte order of their names: one table serves the evaluator (id to row) and the
 *    parser (name to row, binary search). Hence FunctionId is kept in that order too. */
#include "promql/functions.h"

#include "base/check.h"

#define S VALUE_SCALAR
#define V VALUE_VECTOR
#define M VALUE_MATRIX
#define T VALUE_STRING
#define MANY FUNCTION_VARIADIC_UNLIMITED

// clang-format off
#define FN(id_, name_, result_, variadic_, experimental_, ...)                                               \
        [id_] = { .name = (name_), .args = { __VA_ARGS__ },                                                  \
                  .n_args = (uint8_t)(sizeof((const ValueType[]){ VALUE_NONE, __VA_ARGS__ }) / sizeof(ValueType) - 1), \
                  .variadic = (variadic_), .result = (result_), .experimental = (experimental_), .id = (id_) }
// clang-format on

static const Function TABLE[FN_MAX_] = {
        FN(FN_ABS, "abs", V, 0, false, V),
        FN(FN_ABSENT, "absent", V, 0, false, V),
        FN(FN_ABSENT_OVER_TIME, "absent_over_time", V, 0, false, M),
        FN(FN_ACOS, "acos", V, 0, false, V),
        FN(FN_ACOSH, "acosh", V, 0, false, V),
        FN(FN_ASIN, "asin", V, 0, false, V),
        FN(FN_ASINH, "asinh", V, 0, false, V),
        FN(FN_ATAN, "atan", V, 0, false, V),
        FN(FN_ATANH, "atanh", V, 0, false, V),
        FN(FN_AVG_OVER_TIME, "avg_over_time", V, 0, false, M),
        FN(FN_CEIL, "ceil", V, 0, false, V),
        FN(FN_CHANGES, "changes", V, 0, false, M),
        FN(FN_CLAMP, "clamp", V, 0, false, V, S, S),
        FN(FN_CLAMP_MAX, "clamp_max", V, 0, false, V, S),
        FN(FN_CLAMP_MIN, "clamp_min", V, 0, false, V, S),
        FN(FN_COS, "cos", V, 0, false, V),
        FN(FN_COSH, "cosh", V, 0, false, V),
        FN(FN_COUNT_OVER_TIME, "count_over_time", V, 0, false, M),
        FN(FN_DAY_OF_MONTH, "day_of_month", V, 1, false, V),
        FN(FN_DAY_OF_WEEK, "day_of_week", V, 1, false, V),
        FN(FN_DAY_OF_YEAR, "day_of_year", V, 1, false, V),
        FN(FN_DAYS_IN_MONTH, "days_in_month", V, 1, false, V),
        FN(FN_DEG, "deg", V, 0, false, V),
        FN(FN_DELTA, "delta", V, 0, false, M),
        FN(FN_DERIV, "deriv", V, 0, false, M),
        FN(FN_DOUBLE_EXPONENTIAL_SMOOTHING, "double_exponential_smoothing", V, 0, true, M, S, S),
        FN(FN_END, "end", S, 0, true),
        FN(FN_EXP, "exp", V, 0, false, V),
        FN(FN_FIRST_OVER_TIME, "first_over_time", V, 0, false, M),
        FN(FN_FLOOR, "floor", V, 0, false, V),
        FN(FN_HISTOGRAM_AVG, "histogram_avg", V, 0, false, V),
        FN(FN_HISTOGRAM_COUNT, "histogram_count", V, 0, false, V),
        FN(FN_HISTOGRAM_FRACTION, "histogram_fraction", V, 0, false, S, S, V),
        FN(FN_HISTOGRAM_QUANTILE, "histogram_quantile", V, 0, false, S, V),
        FN(FN_HISTOGRAM_QUANTILES, "histogram_quantiles", V, 9, true, V, T, S, S),
        FN(FN_HISTOGRAM_STDDEV, "histogram_stddev", V, 0, false, V),
        FN(FN_HISTOGRAM_STDVAR, "histogram_stdvar", V, 0, false, V),
        FN(FN_HISTOGRAM_SUM, "histogram_sum", V, 0, false, V),
        FN(FN_HOUR, "hour", V, 1, false, V),
        FN(FN_IDELTA, "idelta", V, 0, false, M),
        FN(FN_INCREASE, "increase", V, 0, false, M),
        FN(FN_INFO, "info", V, 1, true, V, V),
        FN(FN_IRATE, "irate", V, 0, false, M),
        FN(FN_LABEL_JOIN, "label_join", V, MANY, false, V, T, T, T),
        FN(FN_LABEL_REPLACE, "label_replace", V, 0, false, V, T, T, T, T),
        FN(FN_LAST_OVER_TIME, "last_over_time", V, 0, false, M),
        FN(FN_LN, "ln", V, 0, false, V),
        FN(FN_LOG10, "log10", V, 0, false, V),
        FN(FN_LOG2, "log2", V, 0, false, V),
        FN(FN_MAD_OVER_TIME, "mad_over_time", V, 0, true, M),
        FN(FN_MAX_OF, "max_of", S, 0, true, S, S),
        FN(FN_MAX_OVER_TIME, "max_over_time", V, 0, false, M),
        FN(FN_MIN_OF, "min_of", S, 0, true, S, S),
        FN(FN_MIN_OVER_TIME, "min_over_time", V, 0, false, M),
        FN(FN_MINUTE, "minute", V, 1, false, V),
        FN(FN_MONTH, "month", V, 1, false, V),
        FN(FN_PI, "pi", S, 0, false),
        FN(FN_PREDICT_LINEAR, "predict_linear", V, 0, false, M, S),
        FN(FN_PRESENT_OVER_TIME, "present_over_time", V, 0, false, M),
        FN(FN_QUANTILE_OVER_TIME, "quantile_over_time", V, 0, false, S, M),
        FN(FN_RAD, "rad", V, 0, false, V),
        FN(FN_RANGE, "range", S, 0, true),
        FN(FN_RATE, "rate", V, 0, false, M),
        FN(FN_RESETS, "resets", V, 0, false, M),
        FN(FN_ROUND, "round", V, 1, false, V, S),
        FN(FN_SCALAR, "scalar", S, 0, false, V),
        FN(FN_SGN, "sgn", V, 0, false, V),
        FN(FN_SIN, "sin", V, 0, false, V),
        FN(FN_SINH, "sinh", V, 0, false, V),
        FN(FN_SORT, "sort", V, 0, false, V),
        FN(FN_SORT_BY_LABEL, "sort_by_label", V, MANY, true, V, T),
        FN(FN_SORT_BY_LABEL_DESC, "sort_by_label_desc", V, MANY, true, V, T),
        FN(FN_SORT_DESC, "sort_desc", V, 0, false, V),
        FN(FN_SQRT, "sqrt", V, 0, false, V),
        FN(FN_START, "start", S, 0, true),
        FN(FN_START_TIMESTAMP, "start_timestamp", V, 0, true, V),
        FN(FN_STDDEV_OVER_TIME, "stddev_over_time", V, 0, false, M),
        FN(FN_STDVAR_OVER_TIME, "stdvar_over_time", V, 0, false, M),
        FN(FN_STEP, "step", S, 0, true),
        FN(FN_SUM_OVER_TIME, "sum_over_time", V, 0, false, M),
        FN(FN_TAN, "tan", V, 0, false, V),
        FN(FN_TANH, "tanh", V, 0, false, V),
        FN(FN_TIME, "time", S, 0, false),
        FN(FN_TIMESTAMP, "timestamp", V, 0, false, V),
        FN(FN_TS_OF_FIRST_OVER_TIME, "ts_of_first_over_time", V, 0, true, M),
        FN(FN_TS_OF_LAST_OVER_TIME, "ts_of_last_over_time", V, 0, true, M),
        FN(FN_TS_OF_MAX_OVER_TIME, "ts_of_max_over_time", V, 0, true, M),
        FN(FN_TS_OF_MIN_OVER_TIME, "ts_of_min_over_time", V, 0, true, M),
        FN(FN_VECTOR, "vector", V, 0, false, S),
        FN(FN_YEAR, "year", V, 1, false, V),
};

const Function *functions_find(Str name)
{
        size_t lo = 0, hi = FN_MAX_;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                int c = str_cmp(str_of(TABLE[mid].name), name);
                if (c == 0)
                        return &TABLE[mid];
                if (c < 0)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return NULL;
}

const Function *functions_by_id(FunctionId id)
{
        CHECK(id < FN_MAX_);
        return &TABLE[id];
}
