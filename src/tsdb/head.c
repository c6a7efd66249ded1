/* Invariants
 * 1. Samples enter the open chunk of a series in rising time; what is older goes to headlate.h, or nowhere.
 * 2. A closed chunk is in the chunk set before the open one is empty, under the stripe.
 *
 * How samples get here: headappend.c when they are new, replay.c when they were logged. */
#include "tsdb/head.h"

#include "base/metric.h"
#include "tsdb/histchunk.h"

METRIC_COUNTER(chunk_failures, "pharos_tsdb_chunk_write_failures_total",
               "Writes of chunk files that failed and will be tried again.");

void head_close_chunk(Tsdb *db, Series *s)
{
        if (s->open.n == 0)
                return;
        chunkset_append(db->chunks, s->sid, &s->open);
        atomic_fetch_sub_explicit(&db->open_samples, s->open.n, memory_order_relaxed);
        atomic_fetch_sub_explicit(&db->open_chunks, 1, memory_order_relaxed);
        xorchunk_reset(&s->open);
}

void head_flush_chunks(Tsdb *db, uint64_t min_bytes)
{
        Err err;
        bool ok = chunkset_flush(db->chunks, min_bytes, &err);
        /* The chunks stay in memory and in the WAL: nothing is lost, but memory is not endless. */
        atomic_store(&db->chunks_stuck, !ok && chunkset_waiting(db->chunks) > CHUNKSET_MAX_WAITING_BYTES);
        metric_add(chunk_failures, !ok);
}

AppendResult head_judge(int64_t last_ms, uint64_t last_bits, int64_t t_ms, uint64_t bits)
{
        if (LIKELY(t_ms > last_ms))
                return APPEND_OK;
        if (t_ms < last_ms)
                return APPEND_OUT_OF_ORDER;
        return bits == last_bits ? APPEND_DUPLICATE : APPEND_CONFLICT;
}

/* Neighbours are of the same time: the division is for the first. */
static inline bool same_window(HeadRun *run, int64_t a_ms, int64_t b_ms)
{
        if (UNLIKELY((uint64_t)a_ms - (uint64_t)run->window_ms >= CHUNKSET_WINDOW_MS))
                run->window_ms = chunkset_window(a_ms);
        return (uint64_t)b_ms - (uint64_t)run->window_ms < CHUNKSET_WINDOW_MS;
}

static inline bool is_full(const XorChunk *open)
{
        return LIKELY(open->code == XORCHUNK_CODE_FLOATS) ? xorchunk_is_full(open) : histchunk_is_full(open);
}

/* Makes the open chunk one that takes a sample at t_ms. */
static inline void ready_chunk(Tsdb *db, Series *s, int64_t t_ms, HeadRun *run)
{
        XorChunk *open = &s->open;
        if (open->n && (is_full(open) || !same_window(run, t_ms, open->first_ms)))
                head_close_chunk(db, s);
        s->touched = true;
        if (LIKELY(open->n))
                return;
        s->first_segment = run->segment;
        atomic_fetch_add_explicit(&db->open_chunks, 1, memory_order_relaxed);
        int64_t min_ms = atomic_load_explicit(&db->open_min_ms, memory_order_relaxed);
        while (t_ms < min_ms && !atomic_compare_exchange_weak(&db->open_min_ms, &min_ms, t_ms)) {}
}

AppendResult head_put(Tsdb *db, Series *s, int64_t t_ms, double v, HeadRun *run)
{
        XorChunk *open = &s->open;
        AppendResult result = head_judge(open->last_ms, open->last_bits, t_ms, bits_of_double(v));
        if (UNLIKELY(result != APPEND_OK))
                return result;
        ready_chunk(db, s, t_ms, run);
        if (LIKELY(open->code == XORCHUNK_CODE_FLOATS))
                xorchunk_append(open, t_ms, v);
        else
                histchunk_append(open, &(StoreSample){ .t_ms = t_ms, .v = v });
        return APPEND_OK;
}

AppendResult head_put_rich(Tsdb *db, Series *s, const StoreSample *sample, HeadRun *run)
{
        XorChunk *open = &s->open;
        AppendResult result = head_judge(open->last_ms, open->last_bits, sample->t_ms, histchunk_value_bits(sample));
        if (result != APPEND_OK)
                return result;
        if (open->n && open->code == XORCHUNK_CODE_FLOATS)
                head_close_chunk(db, s);
        ready_chunk(db, s, sample->t_ms, run);
        if (open->code == XORCHUNK_CODE_FLOATS)
                histchunk_begin(open);
        histchunk_append(open, sample);
        return APPEND_OK;
}
