/* Any bytes as an uncompressed remote write message of both versions: version 1 is stored whole or refused with a reason,
 * never half of it. The same bytes also stand for the compressed body. */
#include "base/check.h"
#include "codec/snappy.h"
#include "ingest/ingest.h"
#include "store/memstore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t samples_in(MemStore *store)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(querier_close) Querier *q = NULL;
        StoreSelection all;
        SelectArgs args = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        Column samples = { 0 };
        size_t n = 0;
        Err err;
        CHECK(store_querier(memstore_engine(store), INT64_MIN, INT64_MAX, &q, &err) &&
              q->select(q, &args, arena, &all, &err));
        for (size_t i = 0; i < all.n; i++) {
                column_clear(&samples);
                CHECK(q->read(q, &all, i, INT64_MIN, INT64_MAX, &samples, &err));
                n += samples.n;
        }
        column_done(&samples);
        return n;
}

static void one(Str body)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *store = memstore_new();
        ManualClock clock;
        clock_manual_init(&clock, 1700000000000);
        IngestRemoteWrite *rw = ingest_remote_write_new(memstore_engine(store), &clock.clock);
        for (int i = 0; i < 2; i++) { /* the second time with known references */
                Err err = { 0 };
                size_t before = samples_in(store);
                int status = ingest_remote_write_body(rw, body, arena, &err);
                CHECK(status == 204 || err.msg[0]);
                CHECK(status < 300 || status == 429 || samples_in(store) == before);
        }
        for (int i = 0; i < 2; i++) {
                Err err = { 0 };
                IngestWritten written;
                int status = ingest_remote_write_message(rw, 2, body, arena, &written, &err);
                CHECK(status == 204 || err.msg[0]);
        }
        ingest_remote_write_free(rw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(buf_done) Buf block = { 0 };
        Str bytes = str_n((const char *)data, size);
        one(bytes);
        snappy_encode(bytes, &block);
        one(buf_str(&block));
        return 0;
}
