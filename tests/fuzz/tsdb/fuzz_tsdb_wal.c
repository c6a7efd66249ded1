/* The frames of a log, and its record content both inside frames and bare. */
#include "tsdb/wal.h"
#include "tsdb/walrec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void on_series(void *ctx, uint64_t sid, Labels labels)
{
        (void)ctx;
        for (size_t i = 0; i < labels.n; i++)
                sink += sid + labels.data[i].name.n +
                        (labels.data[i].value.n ? (unsigned char)labels.data[i].value.p[labels.data[i].value.n - 1]
                                                : 0u);
}
static void on_sample(void *ctx, uint64_t sid, int64_t t_ms, double v)
{
        (void)ctx;
        sink += sid + (uint64_t)t_ms + (v > 0);
}
static void on_state(void *ctx, const WalState *state)
{
        (void)ctx;
        sink += state->sid + state->closed_bits;
}
static void on_checkpoint(void *ctx, const WalCheckpoint *c)
{
        (void)ctx;
        for (size_t i = 0; i < c->n_sealed; i++)
                sink += c->sealed[i];
}

static bool on_record(void *ctx, Str payload)
{
        (void)ctx;
        const WalrecHandler h = { NULL, on_series, on_sample, on_state, on_checkpoint };
        Err err;
        IGNORE(walrec_read(payload, &h, &err));
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str bytes = { (const char *)data, size };
        uint64_t skipped = 0;
        sink += wal_scan(bytes, on_record, NULL, &skipped);
        on_record(NULL, bytes);
        return 0;
}
