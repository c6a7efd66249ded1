/* Invariants
 * 1. A request of version 1 is stored whole or not at all: the first refused sample ends it and is named.
 * 2. A request of version 2 stores everything that is not refused; the refusals are told, the first RWRUN_MAX_TOLD in words.
 * 3. Series with bad labels never fail the others in version 1, as upstream; in version 2 they are told.
 * 4. A series limit leaves out new series and is told as 429 after all. */
#include "ingest/rwrun.h"

#include <stdlib.h>

#include "base/metric.h"
#include "store/labelcheck.h"

METRIC_FAMILY(refused, METRIC_KIND_COUNTER, "pharos_ingest_remote_write_rejected_total",
              "Requests, series, samples and exemplars that remote write refused, by reason.", "reason");

enum { MAX_TOLD_LABELS_BYTES = 300 };

void rwrun_count(const char *reason) { metric_add(metric_of(&refused, str_of(reason)), 1); }

static int by_name(const void *a, const void *b) { return str_cmp(((const Label *)a)->name, ((const Label *)b)->name); }

void rwrun_sort_labels(Label *pairs, size_t n)
{
        bool sorted = true;
        for (size_t i = 1; i < n && sorted; i++)
                sorted = str_cmp(pairs[i - 1].name, pairs[i].name) < 0;
        if (!sorted)
                qsort(pairs, n, sizeof(Label), by_name);
}

/* The series in words, for messages. */
static Str words_of(RwRun *run, RwSeries *s)
{
        Buf text = { .arena = run->arena };
        if (s->labels.n || s->read_labels(s, run->arena, &s->labels))
                labels_print(&text, s->labels);
        return str_sub(buf_str(&text), 0, MAX_TOLD_LABELS_BYTES);
}

/* Ends the request (version 1) or notes the refusal (version 2). */
static bool refuse(RwRun *run, Str what, Err *err)
{
        if (!run->partial)
                return err_set(err, ERR_INVALID, STR_FMT, STR_ARG(what));
        if (++run->n_refused <= RWRUN_MAX_TOLD) {
                buf_str_add(&run->told, what);
                buf_char(&run->told, '\n');
        }
        return true;
}

bool rwrun_malformed(RwRun *run, RwSeries *s, const char *what, Err *err)
{
        rwrun_count("malformed");
        return refuse(run, str_printf(run->arena, "%s: series " STR_FMT, what, STR_ARG(words_of(run, s))), err);
}

bool rwrun_bad_labels(RwRun *run, RwSeries *s, Err *err)
{
        rwrun_count(append_result_name(APPEND_BAD_LABELS));
        s->skip = true;
        return !run->partial ||
               refuse(run, str_printf(run->arena, "invalid labels: series " STR_FMT, STR_ARG(words_of(run, s))), err);
}

static bool refuse_sample(RwRun *run, RwSeries *s, AppendResult result, int64_t t_ms, Err *err)
{
        static const char *const words[APPEND_RESULT_MAX_] = {
                [APPEND_CONFLICT] = "duplicate sample for timestamp",
                [APPEND_OUT_OF_ORDER] = "out of order sample",
                [APPEND_OUT_OF_BOUNDS] = "out of bounds",
                [APPEND_BAD_HISTOGRAM] = "invalid histogram",
        };
        const char *name = append_result_name(result);
        const char *word = result < APPEND_RESULT_MAX_ ? words[result] : NULL;
        rwrun_count(name);
        return refuse(run,
                      str_printf(run->arena, "%s: series " STR_FMT ", timestamp %lld", word ? word : name,
                                 STR_ARG(words_of(run, s)), (long long)t_ms),
                      err);
}

static AppendResult put(RwRun *run, RwSeries *s, const StoreSample *sample)
{
        if (sample->h || sample->st_ms)
                return store_append_sample(run->appender, &s->ref, s->labels, sample);
        return store_append(run->appender, &s->ref, s->labels, sample->t_ms, sample->v);
}

/* Asks the store with the labels. */
static AppendResult put_by_labels(RwRun *run, RwSeries *s, const StoreSample *sample)
{
        /* Before the store is asked, so that its own limit can be told from a series that can never be stored. */
        AppendResult result = labelcheck_labels(s->labels, true);
        if (result == APPEND_OK) {
                result = put(run, s, sample);
                run->limited |= result == APPEND_LIMIT;
        }
        if (s->ref && s->n_key_bytes)
                refcache_put(&run->refs, s->key, s->n_key_bytes, s->ref);
        return result;
}

bool rwrun_append(RwRun *run, RwSeries *s, const StoreSample *sample, Err *err)
{
        if (sample->t_ms > run->max_ms)
                return refuse_sample(run, s, APPEND_OUT_OF_BOUNDS, sample->t_ms, err);
        AppendResult result = s->ref ? put(run, s, sample) : APPEND_BAD_LABELS;
        if (result == APPEND_BAD_LABELS) { /* not known, or the store forgot the reference */
                s->ref = 0;
                if (!s->labels.n && !s->read_labels(s, run->arena, &s->labels))
                        return rwrun_malformed(run, s, "malformed labels, or more than 512", err);
                result = put_by_labels(run, s, sample);
        }
        switch (result) {
        case APPEND_OK:
        case APPEND_DUPLICATE: *(sample->h ? &run->n_histograms : &run->n_samples) += 1; return true;
        case APPEND_BAD_LABELS: return rwrun_bad_labels(run, s, err);
        case APPEND_LIMIT:
                rwrun_count(append_result_name(result));
                s->skip = true;
                return true;
        case APPEND_CONFLICT:
        case APPEND_OUT_OF_ORDER:
        case APPEND_OUT_OF_BOUNDS:
        case APPEND_BAD_HISTOGRAM:
        case APPEND_RESULT_MAX_: break;
        }
        return refuse_sample(run, s, result, sample->t_ms, err);
}

void rwrun_exemplar(RwRun *run, RwSeries *s, const Exemplar *exemplar)
{
        if (!s->ref || !run->appender->append_exemplar) {
                rwrun_count("exemplar");
                return;
        }
        AppendResult result = run->appender->append_exemplar(run->appender, s->ref, exemplar);
        if (result == APPEND_OK || result == APPEND_DUPLICATE)
                run->n_exemplars++;
        else
                rwrun_count("exemplar");
}
