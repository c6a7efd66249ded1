#include "os/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

bool kernel_statfs(const char *path, KernelFs *ret, Err *err)
{
        struct statfs st;
        int rc;
        do
                rc = statfs(path, &st);
        while (rc != 0 && errno == EINTR);
        if (rc != 0) {
                err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", strerrordesc_np(errno));
                err->msg[0] = (char)tolower((unsigned char)err->msg[0]);
                return false;
        }
        double block = (double)st.f_bsize;
        *ret = (KernelFs){
                .size_bytes = (double)st.f_blocks * block,
                .free_bytes = (double)st.f_bfree * block,
                .avail_bytes = (double)st.f_bavail * block,
                .files = (double)st.f_files,
                .files_free = (double)st.f_ffree,
                .readonly = (st.f_flags & ST_RDONLY) != 0,
        };
        return true;
}

bool kernel_timex(KernelTimex *ret, Err *err)
{
        struct timex t = { 0 };
        int state = adjtimex(&t);
        if (state < 0) {
                if (errno == EPERM || errno == EACCES)
                        return err_set(err, ERR_UNSUPPORTED, "adjtimex: not permitted");
                return err_sys(err, errno, "adjtimex");
        }
        *ret = (KernelTimex){
                .synchronized = state != TIME_ERROR,
                .nano = (t.status & STA_NANO) != 0,
                .offset = t.offset,
                .frequency = t.freq,
                .max_error_us = t.maxerror,
                .estimated_error_us = t.esterror,
                .constant = t.constant,
                .tick_us = t.tick,
                .pps_frequency = t.ppsfreq,
                .jitter = t.jitter,
                .shift = t.shift,
                .stability = t.stabil,
                .jitter_count = t.jitcnt,
                .calibration_count = t.calcnt,
                .error_count = t.errcnt,
                .stability_count = t.stbcnt,
                .tai = t.tai,
                .status = t.status,
        };
        return true;
}

bool kernel_uname(Arena *arena, KernelUname *ret, Err *err)
{
        struct utsname u;
        if (uname(&u) != 0)
                return err_sys(err, errno, "uname");
        *ret = (KernelUname){
                .sysname = str_dup(arena, str_of(u.sysname)),
                .release = str_dup(arena, str_of(u.release)),
                .version = str_dup(arena, str_of(u.version)),
                .machine = str_dup(arena, str_of(u.machine)),
                .nodename = str_dup(arena, str_of(u.nodename)),
                .domainname = str_dup(arena, str_of(u.domainname)),
        };
        return true;
}

bool kernel_realpath(const char *path, Arena *arena, Str *ret, Err *err)
{
        char *real = realpath(path, NULL);
        if (!real)
                return err_sys(err, errno, "resolve '%s'", path);
        *ret = str_dup(arena, str_of(real));
        free(real);
        return true;
}

bool kernel_mtime(const char *path, int64_t *ret_seconds, Err *err)
{
        struct stat st;
        if (stat(path, &st) != 0)
                return err_sys(err, errno, "stat '%s'", path);
        *ret_seconds = st.st_mtim.tv_sec;
        return true;
}

bool kernel_is_dir(const char *path)
{
        struct stat st;
        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

void kernel_glob(const char *pattern, Arena *arena, Str **ret_paths, size_t *ret_n)
{
        glob_t g;
        *ret_paths = NULL;
        *ret_n = 0;
        if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0) /* NOLINT: only ~ would look into shared state */
                return;
        Str *paths = arena_array(arena, Str, g.gl_pathc);
        for (size_t i = 0; i < g.gl_pathc; i++) { /* sorted by bytes, not by the locale */
                Str path = str_dup(arena, str_of(g.gl_pathv[i]));
                size_t at = i;
                for (; at > 0 && str_cmp(paths[at - 1], path) > 0; at--)
                        paths[at] = paths[at - 1];
                paths[at] = path;
        }
        *ret_paths = paths;
        *ret_n = g.gl_pathc;
        globfree(&g);
}

void kernel_zone(int64_t unix_seconds, Arena *arena, Str *ret_name, int64_t *ret_east_seconds)
{
        time_t t = (time_t)unix_seconds;
        struct tm tm;
        tzset();
        if (!localtime_r(&t, &tm)) {
                *ret_name = STR("UTC");
                *ret_east_seconds = 0;
                return;
        }
        *ret_name = str_dup(arena, str_of(tm.tm_zone));
        *ret_east_seconds = tm.tm_gmtoff;
}

uint64_t kernel_page_bytes(void)
{
        long n = sysconf(_SC_PAGESIZE);
        return n > 0 ? (uint64_t)n : 4096;
}
