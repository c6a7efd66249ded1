/* Invariants:
 * 1. Nothing is cached: a value is as old as the call. */
#include "os/proc.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/num.h"
#include "os/file.h"

/* A /proc line of numbers is far below this; stat with a long command name is about 300 bytes. */
enum { PROC_MAX_BYTES = 64 * 1024 };

static double ticks_to_seconds(uint64_t ticks)
{
        long hz = sysconf(_SC_CLK_TCK);
        return (double)ticks / (hz > 0 ? (double)hz : 100.0);
}

/* The text of one small /proc file, empty when unreadable. */
static Str read_proc(Arena *arena, const char *path)
{
        Buf buf = { .arena = arena };
        Err err;
        return file_read_all(fs_system(), path, PROC_MAX_BYTES, &buf, &err) ? buf_str(&buf) : STR("");
}

/* Field n (1-based, as in proc(5)) of /proc/self/stat; n > 2. The command in parentheses may hold spaces: skip it whole. */
static uint64_t stat_field(unsigned n)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str text = read_proc(arena, "/proc/self/stat");
        size_t paren = str_rfind_char(text, ')');
        if (paren == SIZE_MAX)
                return 0;
        Str rest = str_trim(str_sub(text, paren + 1, text.n));
        Str part;
        for (unsigned at = 3; str_split_next(&rest, ' ', &part); at++) {
                uint64_t v;
                if (at == n)
                        return num_parse_u64(part, &v) ? v : 0;
        }
        return 0;
}

uint64_t proc_resident_bytes(void)
{
        long page = sysconf(_SC_PAGESIZE);
        return stat_field(24) * (uint64_t)(page > 0 ? page : 4096);
}

uint64_t proc_virtual_bytes(void) { return stat_field(23); }

uint64_t proc_threads(void) { return stat_field(20); }

double proc_cpu_seconds(void)
{
        struct rusage ru;
        if (getrusage(RUSAGE_SELF, &ru) != 0)
                return 0;
        return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
               (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

uint64_t proc_open_fds(void)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        Err err;
        if (!fs_system()->list(fs_system(), "/proc/self/fd", arena, &names, &n, &err))
                return 0;
        return n ? n - 1 : 0; /* one of them read the folder */
}

uint64_t proc_max_fds(void)
{
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
                return 0;
        return (uint64_t)limit.rlim_cur;
}

double proc_start_time_seconds(void)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str rest = read_proc(arena, "/proc/stat");
        Str line;
        while (str_split_next(&rest, '\n', &line)) {
                uint64_t boot;
                if (str_starts(line, STR("btime ")) && num_parse_u64(str_sub(line, 6, line.n), &boot))
                        return (double)boot + ticks_to_seconds(stat_field(22));
        }
        return 0;
}

size_t proc_cpus(void)
{
        cpu_set_t set;
        if (sched_getaffinity(getpid(), sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
                return (size_t)CPU_COUNT(&set);
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        return n > 0 ? (size_t)n : 1;
}

Str proc_hostname(Arena *arena)
{
        char name[256];
        if (gethostname(name, sizeof name) != 0)
                return STR("localhost");
        name[sizeof name - 1] = 0;
        return name[0] ? str_dup(arena, str_of(name)) : STR("localhost");
}
