/* Invariant: the numbers are those of compensated sums in the order of the additions, whatever the layouts. */
#include "promql/mixedsum.h"

static void note_hint(MixedSum *s, const Histogram *h)
{
        s->saw_reset |= h->hint == HISTOGRAM_HINT_RESET;
        s->saw_no_reset |= h->hint == HISTOGRAM_HINT_NOT_RESET;
}

void mixedsum_begin(MixedSum *s, Arena *arena, const Histogram *first, bool average)
{
        *s = (MixedSum){ .n = 1, .average = average };
        histops_sum_open(&s->sum, arena, first, true);
        note_hint(s, first);
}

static bool add(MixedSum *s, HistSum *to, const Histogram *h)
{
        if (histops_sum_add(to, h, 1, &s->notes))
                return true;
        s->incompatible = true;
        return false;
}

/* The mean so far loses a share and gains as much of h. */
static void add_to_mean(MixedSum *s, const Histogram *h)
{
        HistSum part;
        histops_sum_open(&part, s->sum.arena, h, false);
        histops_sum_divide(&part, s->n);
        histops_sum_scale(&s->sum, (s->n - 1) / s->n);
        add(s, &s->sum, histops_sum_close(&part));
}

void mixedsum_add(MixedSum *s, const Histogram *h)
{
        if (s->incompatible)
                return;
        note_hint(s, h);
        s->n += 1;
        if (s->average && s->incremental) {
                add_to_mean(s, h);
                return;
        }
        if (!s->average || histops_sum_has_room(&s->sum, h)) {
                add(s, &s->sum, h);
                return;
        }
        HistSum trial;
        histops_sum_copy(&trial, &s->sum);
        if (!add(s, &trial, h))
                return;
        if (!histops_sum_overflows(&trial)) {
                s->sum = trial;
                return;
        }
        s->incremental = true;
        histops_sum_divide(&s->sum, s->n - 1);
        add_to_mean(s, h);
}

void mixedsum_say(const MixedSum *s, Exec *x, SrcPos pos)
{
        if (s->saw_reset && s->saw_no_reset)
                annotations_warn(&x->annotations, pos, "conflicting counter resets during histogram aggregation");
        if (s->notes.reconciled && !s->incompatible)
                annotations_info(&x->annotations, pos, "mismatched custom buckets were reconciled during aggregation");
}

const Histogram *mixedsum_end(MixedSum *s)
{
        if (s->incompatible)
                return NULL;
        if (s->average && !s->incremental)
                histops_sum_divide(&s->sum, s->n);
        return histops_sum_close(&s->sum);
}
