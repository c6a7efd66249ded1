/* Invariants
 * 1. The target sees each series' samples in rising time, and no window before the one in front of it was finished.
 * 2. What was counted as accepted has been committed. */
#include "interop/storecopy.h"

typedef struct CopyRun {
        const StoreCopyOptions *options;
        StoreEngine *to;
        Appender *appender; /* NULL: none is open */
        size_t in_batch;
        uint64_t pending, pending_histograms;
        StoreCopyStats *stats;
} CopyRun;

int64_t storecopy_window(int64_t t_ms)
{
        int64_t rest = t_ms % STORECOPY_WINDOW_MS;
        return t_ms - (rest < 0 ? rest + STORECOPY_WINDOW_MS : rest);
}

static bool commit(CopyRun *run, Err *err)
{
        if (!run->appender)
                return true;
        Appender *a = run->appender;
        run->appender = NULL;
        run->in_batch = 0;
        if (!store_commit(a, err))
                return false;
        run->stats->samples += run->pending;
        run->stats->histograms += run->pending_histograms;
        run->pending = run->pending_histograms = 0;
        return cancel_check(run->options->cancel, err) &&
               (!run->options->progress || run->options->progress(run->options->ctx, run->stats, err));
}

static void note_refused(CopyRun *run, Labels labels, int64_t t_ms, AppendResult result)
{
        if (result != APPEND_DUPLICATE && run->stats->first_refused.n == 0) {
                labels_print(&run->stats->first_refused, labels);
                buf_printf(&run->stats->first_refused, " at %lld ms: %s", (long long)t_ms, append_result_name(result));
        }
        run->stats->refused[result]++;
}

static void put(CopyRun *run, SeriesRef *ref, Labels labels, const Column *c, size_t i)
{
        const Histogram *h = c->h ? c->h[i] : NULL;
        int64_t st_ms = c->st ? c->st[i] : 0;
        AppendResult result;
        if (h && !run->appender->append_sample) {
                run->stats->histograms_unsupported++;
                return;
        }
        if ((h || st_ms) && run->appender->append_sample) {
                StoreSample sample = { .t_ms = c->t[i], .st_ms = st_ms, .v = c->v[i], .h = h };
                result = store_append_sample(run->appender, ref, labels, &sample);
        } else {
                result = store_append(run->appender, ref, labels, c->t[i], c->v[i]);
        }
        if (result != APPEND_OK) {
                note_refused(run, labels, c->t[i], result);
                return;
        }
        run->pending++;
        run->pending_histograms += h != NULL;
}

static bool copy_window(CopyRun *run, Querier *q, const StoreSelection *sel, SeriesRef *refs, bool *seen,
                        int64_t min_ms, int64_t max_ms, Err *err)
{
        Column c = { 0 };
        bool ok = true;
        for (size_t i = 0; ok && i < sel->n; i++) {
                column_clear(&c);
                ok = q->read(q, sel, i, min_ms, max_ms, &c, err);
                if (!ok || c.n == 0)
                        continue;
                run->stats->series += !seen[i];
                seen[i] = true;
                if (!run->appender)
                        run->appender = store_appender(run->to);
                for (size_t k = 0; k < c.n; k++)
                        put(run, &refs[i], sel->series[i].labels, &c, k);
                run->in_batch += c.n;
                if (run->in_batch >= STORECOPY_BATCH)
                        ok = commit(run, err);
        }
        column_done(&c);
        return ok;
}

static bool copy_all(CopyRun *run, Querier *q, Err *err)
{
        const StoreCopyOptions *o = run->options;
        AUTO(arena_free) Arena *arena = arena_new();
        StoreSelection sel;
        SelectArgs args = { .matchers = o->matchers, .min_ms = o->min_ms, .max_ms = o->max_ms, .cancel = o->cancel };
        if (!q->select(q, &args, arena, &sel, err))
                return false;
        SeriesRef *refs = arena_array(arena, SeriesRef, sel.n + 1);
        bool *seen = arena_array(arena, bool, sel.n + 1);
        for (int64_t at = storecopy_window(o->min_ms); at <= o->max_ms; at += STORECOPY_WINDOW_MS) {
                int64_t end = at > INT64_MAX - STORECOPY_WINDOW_MS ? INT64_MAX : at + STORECOPY_WINDOW_MS - 1;
                if (!copy_window(run, q, &sel, refs, seen, MAX_OF(at, o->min_ms), MIN_OF(end, o->max_ms), err))
                        return false;
                run->stats->done = (double)(end - o->min_ms) / ((double)(o->max_ms - o->min_ms) + 1);
                if (run->stats->done > 1)
                        run->stats->done = 1;
                if (end == INT64_MAX)
                        break;
        }
        return commit(run, err);
}

bool storecopy_run(StoreEngine *from, StoreEngine *to, const StoreCopyOptions *options, StoreCopyStats *stats, Err *err)
{
        AUTO(querier_close) Querier *q = NULL;
        CopyRun run = { .options = options, .to = to, .stats = stats };
        if (options->min_ms > options->max_ms)
                return true;
        if (!store_querier(from, options->min_ms, options->max_ms, &q, err))
                return false;
        if (copy_all(&run, q, err))
                return true;
        if (run.appender)
                store_rollback(run.appender);
        return false;
}
