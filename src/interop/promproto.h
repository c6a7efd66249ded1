/* interop/promproto.h - the messages that remote write 1.0 and remote read share: labels, samples, histograms.
 *
 * Facts: Prometheus' public protocol definition (prompb types). Each function appends one field `number` of the message around it. */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "model/histogram.h"
#include "model/labels.h"

void promproto_labels(Buf *out, uint32_t number, Labels labels);
void promproto_sample(Buf *out, uint32_t number, int64_t t_ms, double v);
void promproto_histogram(Buf *out, uint32_t number, int64_t t_ms, const Histogram *h);
