/* tsdb/rollbucket.h - samples into roll-ups: what of a stretch of time is kept. Pure. Meaning: docs/formats/rollups.md. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "model/labels.h"
#include "model/sample.h"

enum {
        ROLLBUCKET_FEW_DROPS = 2 /* of a stretch: then the samples around them are kept whatever the series is called */
};

/* End of the stretch that t lies in: stretches are (k * span, (k + 1) * span]. */
int64_t rollbucket_end(int64_t t_ms, int64_t span_ms);
/* The name says that it is a counter: _total, _sum, _count, _bucket. */
bool rollbucket_is_counter(Labels labels);
/* Appends what stays of `in`, samples or finer roll-ups, to out, every one a roll-up of span_ms. Histograms live in out's arena. */
void rollbucket_make(const Column *in, int64_t span_ms, bool is_counter, Column *out);
