/* app/promqltest/ptcompare.h - a query's outcome against what the script expects. Messages say the first difference. */
#pragma once
#include "app/promqltest/ptscript.h"
#include "promql/promql.h"

/* Equal within a relative 1e-6, as upstream's runner: exactly equal, both stale, both another NaN, or near. */
bool ptcompare_floats(double a, double b);
/* The same for all numbers of two histograms without their empty buckets; hints do not matter. */
bool ptcompare_histograms(const struct Histogram *want, const struct Histogram *got);
/* ok: the query's outcome; its error is failure. */
MUST_CHECK bool ptcompare_failure(const PtEval *ev, bool ok, const Err *failure, Err *err);
MUST_CHECK bool ptcompare_annotations(const PtEval *ev, const PromqlResult *result, Err *err);
/* The result of the query as written. */
MUST_CHECK bool ptcompare_result(const PtEval *ev, const PromqlResult *result, Err *err);
/* An instant expectation against the step at t_ms of a range result; scalar: the instant query gave a scalar. */
MUST_CHECK bool ptcompare_middle(const PtEval *ev, const PromqlResult *result, int64_t t_ms, bool scalar, Err *err);
