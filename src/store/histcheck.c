/* Why here: an engine that takes what another refuses would make data that cannot move between them. The rules are upstream's. */
#include "store/histcheck.h"

#include <math.h>
#include <stdint.h>

static const char *why_not_side(const HistogramSide *s, double *total)
{
        uint64_t n = 0;
        for (uint32_t i = 0; i < s->n_spans; i++) {
                if (i && s->spans[i].offset < 0)
                        return "a span with a negative offset";
                n += s->spans[i].n;
        }
        if (n != s->n_counts)
                return "spans and buckets of different number";
        for (uint32_t i = 0; i < s->n_counts; i++) {
                if (s->counts[i] < 0)
                        return "a negative bucket count";
                *total += s->counts[i];
        }
        return NULL;
}

static const char *why_not_custom(const Histogram *h)
{
        if (h->zero_count != 0 || h->zero_threshold != 0 || h->negative.n_counts || h->negative.n_spans)
                return "custom bounds with a zero bucket or negative buckets";
        for (uint32_t i = 0; i < h->n_custom; i++)
                if (isnan(h->custom[i]) || h->custom[i] == (double)INFINITY || (i && h->custom[i] <= h->custom[i - 1]))
                        return "custom bounds that do not rise";
        uint64_t end = 0;
        for (uint32_t i = 0; i < h->positive.n_spans; i++) {
                if (h->positive.spans[i].offset < 0)
                        return "a span with a negative offset";
                end += (uint64_t)h->positive.spans[i].offset + h->positive.spans[i].n;
        }
        return end > (uint64_t)h->n_custom + 1 ? "more buckets than custom bounds" : NULL;
}

const char *histcheck_why_not(const Histogram *h)
{
        bool custom = h->schema == HISTOGRAM_CUSTOM_SCHEMA;
        if (!custom && (h->schema < HISTOGRAM_MIN_SCHEMA || h->schema > HISTOGRAM_MAX_SCHEMA))
                return "an unknown schema";
        if (!custom && h->n_custom)
                return "custom bounds with an exponential schema";
        if ((uint64_t)h->positive.n_counts + h->negative.n_counts > HISTCHECK_MAX_BUCKETS ||
            (uint64_t)h->positive.n_spans + h->negative.n_spans > HISTCHECK_MAX_SPANS ||
            h->n_custom > HISTCHECK_MAX_BOUNDS)
                return "more than 2048 buckets, 1024 spans or 1024 bounds";
        double total = h->zero_count;
        const char *why = why_not_side(&h->positive, &total);
        if (!why)
                why = why_not_side(&h->negative, &total);
        if (!why && custom)
                why = why_not_custom(h);
        if (why)
                return why;
        if (h->zero_count < 0 || h->count < 0)
                return "a negative count";
        if (h->integer && !histogram_is_stale(h) && (isnan(h->sum) ? total > h->count : total != h->count))
                return "a count that is not the sum of the buckets";
        return NULL;
}
