/* Any bytes as every file of /proc and /sys at once: a gather ends, and what it writes are lines of text exposition. */
#include "base/check.h"
#include "base/mem.h"
#include "collect/collect.h"

struct File {
        Str content;
};

static Str content;

static bool fake_open(const Fs *fs, const char *path, FileMode mode, File **ret, Err *err)
{
        (void)fs;
        (void)path;
        (void)mode;
        (void)err;
        *ret = mem_new(File);
        (*ret)->content = content;
        return true;
}
static void fake_close(File *file) { mem_free(file); }
static bool fake_size(File *file, uint64_t *ret, Err *err)
{
        (void)err;
        *ret = file->content.n;
        return true;
}
static bool fake_pread(File *file, uint64_t offset, void *p, size_t n, size_t *ret_n, Err *err)
{
        (void)err;
        Str rest = str_sub(file->content, (size_t)offset, file->content.n);
        *ret_n = MIN_OF(n, rest.n);
        if (*ret_n)
                memcpy(p, rest.p, *ret_n);
        return true;
}
static bool fake_list(const Fs *fs, const char *path, Arena *arena, Str **ret_names, size_t *ret_n, Err *err)
{
        (void)fs;
        (void)path;
        (void)err;
        Str *names = arena_array(arena, Str, 4);
        names[0] = STR("cpu0");
        names[1] = STR("thermal_zone1");
        names[2] = STR("cooling_device0");
        names[3] = STR("clocksource0");
        *ret_names = names;
        *ret_n = 4;
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const Fs fs = {
                .open = fake_open, .close = fake_close, .size = fake_size, .pread = fake_pread, .list = fake_list
        };
        AUTO(arena_free) Arena *arena = arena_new();
        CollectHostOptions options;
        option_defaults(&collect_host_table, &options, arena);
        Str off[] = { STR("filesystem") }; /* asks the real machine; fuzz_host_mounts has its parser */
        options.disabled = (StrList){ off, 1 };
        options.procfs = options.sysfs = options.rootfs = options.udev = STR("/nonexistent");
        options.cpu_info = options.stat_softirq = true;
        options.cpu_flags_include = options.cpu_bugs_include = STR(".");
        options.diskstats_device_exclude = options.netstat_fields = options.vmstat_fields = STR(".");
        options.diskstats_device_exclude = (Str){ 0 };
        content = str_n((const char *)data, size);
        AUTO(collect_host_free) CollectHost *host = NULL;
        AUTO(buf_done) Buf out = { 0 };
        Err err = { 0 };
        CHECK(collect_host_new(&options, &fs, clock_system(), &host, &err));
        CHECK(collect_host_gather(host, &out, &err));
        CHECK(out.n > 0 && out.p[out.n - 1] == '\n');
        return 0;
}
