/* Counts in buckets whose bounds grow by a sixteenth of a power of two, for five slots of two minutes each: constant memory,
 * and what is old leaves with its slot.
 *
 * Invariant: the slots are those of `newest` and the four before it; a slot is emptied before it is used anew. */
#include "rules/rule_summary.h"

#include <math.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "codec/floats.h"
#include "os/mutex.h"

enum { SLOTS = 5, SLOT_MS = 2 * 60 * 1000, PER_POWER = 16, POWERS = 36, BUCKETS = PER_POWER * POWERS };
static const double smallest_seconds = 1e-7;

struct RuleSummary {
        Mutex mu;
        int64_t newest; /* the number of its slot, from 1970 on */
        uint32_t counts[SLOTS][BUCKETS];
        double sum;
        uint64_t count;
};

RuleSummary *rule_summary_new(void)
{
        RuleSummary *s = mem_new(RuleSummary);
        mutex_init(&s->mu);
        return s;
}

void rule_summary_free(RuleSummary *s)
{
        mutex_done(&s->mu);
        mem_free(s);
}

static size_t bucket_of(double seconds)
{
        double power = log2(seconds / smallest_seconds) * (double)PER_POWER;
        return power >= (double)(BUCKETS - 1) ? BUCKETS - 1 : power > 0 ? (size_t)power : 0;
}

void rule_summary_observe(RuleSummary *s, double seconds, int64_t now_ms)
{
        MUTEX_SCOPE(&s->mu);
        int64_t slot = now_ms / SLOT_MS;
        for (int64_t at = slot; at > s->newest && at > slot - SLOTS; at--)
                memset(s->counts[at % SLOTS], 0, sizeof s->counts[0]);
        s->newest = MAX_OF(s->newest, slot);
        s->counts[s->newest % SLOTS][bucket_of(seconds)]++;
        s->sum += seconds;
        s->count++;
}

static double quantile(const RuleSummary *s, double q)
{
        uint64_t all = 0, below = 0;
        for (size_t i = 0; i < SLOTS * (size_t)BUCKETS; i++)
                all += s->counts[i / BUCKETS][i % BUCKETS];
        uint64_t rank = (uint64_t)ceil(q * (double)all);
        for (size_t b = 0; all && b < BUCKETS; b++) {
                for (size_t k = 0; k < SLOTS; k++)
                        below += s->counts[k][b];
                if (below >= MAX_OF(rank, (uint64_t)1))
                        return smallest_seconds * exp2(((double)b + 0.5) / (double)PER_POWER);
        }
        return (double)NAN;
}

double rule_summary_quantile(RuleSummary *s, double q)
{
        MUTEX_SCOPE(&s->mu);
        return quantile(s, q);
}

void rule_summary_write(RuleSummary *s, const char *name, const double *quantiles, size_t n, Buf *out)
{
        MUTEX_SCOPE(&s->mu);
        for (size_t i = 0; i < n; i++) {
                buf_printf(out, "%s{quantile=\"%g\"} ", name, quantiles[i]);
                floats_format_g(out, quantile(s, quantiles[i]));
                buf_char(out, '\n');
        }
        buf_printf(out, "%s_sum ", name);
        floats_format_g(out, s->sum);
        buf_printf(out, "\n%s_count %llu\n", name, (unsigned long long)s->count);
}
