/* A request, packed by us so that the message behind the compression is reached. */
#include "codec/snappy.h"
#include "interop/remoteread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Buf packed = { .arena = arena };
        RemoteReadRequest request;
        Err err;
        if (size > 1 << 16)
                return 0;
        snappy_encode(str_n((const char *)data, size), &packed);
        if (remoteread_parse(buf_str(&packed), arena, &request, &err)) {
                Label zone[] = { { STR("zone"), STR("eu") } };
                for (size_t i = 0; i < request.n; i++)
                        remoteread_strip_external(&request.queries[i], (Labels){ zone, 1 }, arena);
        }
        return 0;
}
