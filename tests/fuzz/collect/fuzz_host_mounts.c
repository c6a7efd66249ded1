/* Any bytes as /proc/1/mountinfo. */
#include "collect/host_mounts.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        HostMountList list = { 0 };
        size_t bad = 0;
        Err err = { 0 };
        if (!host_mounts_parse(str_n((const char *)data, size), arena, &list, &bad, &err))
                return 0;
        CHECK(list.len <= HOST_MOUNTS_MAX);
        size_t bytes = 0;
        vec_each(m, &list)
                for (size_t i = 0; i < m->mountpoint.n; i++)
                        bytes += (unsigned char)m->mountpoint.p[i] + m->device.n + m->fstype.n;
        return bytes == SIZE_MAX;
}
