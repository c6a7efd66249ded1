/* CSV with a header, CSV with a list, JSON lines, by the first byte. */
#include "interop/textimport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool drain(void *ctx, Err *err)
{
        (void)err;
        stage_clear(ctx);
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(stage_free) Stage *stage = stage_new();
        Err err;
        if (size == 0 || size > 1 << 16)
                return 0;
        TextImportOptions o = { .name = "fuzz", .stage = stage, .drain = drain, .ctx = stage };
        Str text = str_n((const char *)data + 1, size - 1);
        if (data[0] % 3 == 1)
                o.columns = "metric,time,value,label:a,skip,value:x";
        if (data[0] % 3 == 2)
                IGNORE(textimport_jsonl(text, &o, &err));
        else
                IGNORE(textimport_csv(text, &o, &err));
        stage_engine(stage, NULL);
        return 0;
}
