/* A segment of a log, and the input as a record of its own, so that checksums do not hide the records. */
#include "interop/promrec.h"
#include "interop/promwal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool record(void *ctx, Str bytes, Err *err)
{
        PromRecSink sink = { 0 };
        Err why;
        (void)err;
        IGNORE(promrec_decode(bytes, &sink, ctx, &why));
        arena_reset(ctx);
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        PromWalStats stats = { 0 };
        Err err;
        if (size > 1 << 17)
                return 0;
        Str bytes = str_n((const char *)data, size);
        IGNORE(promwal_each(bytes, "fuzz", record, scratch, &stats, &err));
        IGNORE(record(scratch, bytes, &err));
        return 0;
}
