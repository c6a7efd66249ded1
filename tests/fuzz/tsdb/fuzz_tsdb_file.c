/* A whole chunk file from the input: opened, read, appended to, sealed, read again. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "tsdb/chunkfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *ctx, const ChunkEntry *e) { *(uint64_t *)ctx += e->sid + e->samples; }

static void read_some(ChunkFile *f)
{
        uint64_t sum = 0, damaged = 0;
        Column out = { 0 };
        Err err;
        chunkfile_each(f, count, &sum);
        for (uint64_t sid = 0; sid < 10; sid++)
                CHECK(chunkfile_read(f, sid, INT64_MIN, INT64_MAX, &out, &damaged, &err));
        column_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char path[64];
        snprintf(path, sizeof path, "/tmp/pharos-fuzz-%d.chunks", (int)getpid());
        const Fs *fs = fs_system();
        File *file;
        Err err;
        CHECK(fs->open(fs, path, FILE_CREATE, &file, &err) && fs->write(file, data, size, &err));
        fs->close(file);
        ChunkFile *f;
        ChunkFileDamage damage = { 0 };
        if (chunkfile_open(fs, path, 1, &f, &damage, &err)) {
                read_some(f);
                if (!chunkfile_is_sealed(f)) {
                        XorChunk c;
                        xorchunk_init(&c);
                        xorchunk_append(&c, 5, 1);
                        chunkfile_append(f, 3, &c);
                        xorchunk_done(&c);
                        CHECK(chunkfile_seal(f, &err));
                        read_some(f);
                }
                snapshot_unref(chunkfile_snapshot(f));
        }
        CHECK(fs->remove(fs, path, &err));
        return 0;
}
