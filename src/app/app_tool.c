#include "app/app_tool.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/rfc3339.h"
#include "codec/floats.h"
#include "os/clock.h"
#include "promql/ast.h"

enum { PROGRESS_EVERY_MS = 200, BAR_CHARS = 30 };

/* Tools neither drop old samples nor refuse them: retention is the server's business. */
#define KEEP_ALL_MS (200LL * 365 * 24 * 3600 * 1000)

static const ToolFlag *find(const ToolFlag *flags, Str name)
{
        for (const ToolFlag *f = flags; f->name; f++)
                if (str_eq(str_of(f->name), name))
                        return f;
        return NULL;
}

static bool set_flag(const ToolFlag *flag, const char *value)
{
        switch (flag->kind) {
        case TOOL_BOOL: *(bool *)flag->field = true; return true;
        case TOOL_TEXT: *(const char **)flag->field = value; return true;
        case TOOL_LIST: {
                ToolList *list = flag->field;
                if (list->n == ARRAY_LEN(list->items)) {
                        fprintf(stderr, "pharos: --%s is given more than %zu times\n", flag->name,
                                ARRAY_LEN(list->items));
                        return false;
                }
                list->items[list->n++] = value;
                return true;
        }
        }
        return false;
}

bool app_tool_flags(int *argc, char **argv, const ToolFlag *flags)
{
        int rest = 0;
        for (int i = 0; i < *argc; i++) {
                Str word = str_of(argv[i]), name, value;
                if (!str_starts(word, STR("--")) || word.n == 2) {
                        argv[rest++] = argv[i];
                        continue;
                }
                bool joined = str_cut(str_sub(word, 2, word.n), '=', &name, &value);
                const ToolFlag *flag = find(flags, name);
                if (!flag || (joined && flag->kind == TOOL_BOOL)) {
                        fprintf(stderr, "pharos: unknown flag '%s'; 'pharos help' shows what each command takes\n",
                                argv[i]);
                        return false;
                }
                const char *text = joined ? value.p : NULL;
                if (flag->kind != TOOL_BOOL && !joined) {
                        if (i + 1 == *argc) {
                                fprintf(stderr, "pharos: flag '%s' needs a value\n", argv[i]);
                                return false;
                        }
                        text = argv[++i];
                }
                if (!set_flag(flag, text))
                        return false;
        }
        *argc = rest;
        return true;
}

bool app_tool_time(const char *text, int64_t fallback_ms, int64_t *ret_ms)
{
        double seconds;
        if (!text) {
                *ret_ms = fallback_ms;
                return true;
        }
        if (rfc3339_parse(str_of(text), ret_ms))
                return true;
        if (floats_parse(str_of(text), &seconds) && fabs(seconds) < 9e15) {
                *ret_ms = (int64_t)llround(seconds * 1000);
                return true;
        }
        fprintf(stderr, "pharos: '%s' is no time: write 2006-01-02T15:04:05Z or seconds since 1970\n", text);
        return false;
}

bool app_tool_matchers(const char *selector, Arena *arena, Matchers *ret)
{
        Err err;
        *ret = (Matchers){ 0 };
        if (!selector || ast_parse_matchers(str_of(selector), arena, ret, &err))
                return true;
        fprintf(stderr, "pharos: '%s': %s\n", selector, err.msg);
        return false;
}

static bool open_tsdb(const char *dir, ToolStore *ret)
{
        Err err;
        TsdbOptions options = { .dir = dir, .retention_ms = KEEP_ALL_MS, .out_of_order_window_ms = KEEP_ALL_MS };
        TsdbStats stats;
        if (!tsdb_open(&options, &ret->tsdb, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                return false;
        }
        tsdb_stats(ret->tsdb, &stats);
        ret->engine = tsdb_engine(ret->tsdb);
        ret->min_ms = stats.min_ms;
        ret->max_ms = stats.max_ms;
        return true;
}

static bool open_prom(const char *dir, ToolStore *ret)
{
        Err err;
        PromDirStats stats;
        if (!promdir_open(fs_system(), dir, &ret->prom, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                return false;
        }
        promdir_stats(ret->prom, &stats);
        ret->engine = promdir_engine(ret->prom);
        ret->min_ms = stats.min_ms;
        ret->max_ms = stats.max_ms;
        return true;
}

bool app_tool_open(const char *dir, bool create, ToolStore *ret)
{
        char path[4096];
        *ret = (ToolStore){ 0 };
        if (promdir_is(fs_system(), dir) && !create)
                return open_prom(dir, ret);
        if (snprintf(path, sizeof path, "%s/metrics", dir) >= (int)sizeof path) {
                fprintf(stderr, "pharos: the path '%.100s...' is too long\n", dir);
                return false;
        }
        if (create || access(path, F_OK) == 0)
                return open_tsdb(path, ret);
        snprintf(path, sizeof path, "%s/chunks", dir);
        if (access(path, F_OK) == 0)
                return open_tsdb(dir, ret);
        snprintf(path, sizeof path, "%s/wal", dir);
        if (access(path, F_OK) == 0)
                return open_prom(dir, ret);
        fprintf(stderr, "pharos: '%s' is neither a data folder of pharos nor one of Prometheus\n", dir);
        return false;
}

static void warn(bool *clean, uint64_t n, const char *what, const Err *first)
{
        if (n == 0)
                return;
        *clean = false;
        fprintf(stderr, "pharos: %" PRIu64 " %s%s%s\n", n, what, first ? "; the first: " : "", first ? first->msg : "");
}

static bool tell_damage(PromDir *prom)
{
        PromDirStats s;
        bool clean = true;
        promdir_stats(prom, &s);
        warn(&clean, s.damaged_chunks, "damaged chunks, their samples are missing", &s.first_damage);
        warn(&clean, s.head.wal.damaged, "damaged segments, what lies behind the damage is missing",
             &s.head.wal.first_damage);
        warn(&clean, s.head.unknown_records + s.head.broken_records, "records of the log were not understood",
             &s.head.first_unknown);
        warn(&clean, s.head.orphan_samples, "samples of series that the log does not know (their definition was lost)",
             NULL);
        return clean;
}

bool app_tool_close(ToolStore *store)
{
        bool clean = true;
        if (store->prom)
                clean = tell_damage(store->prom);
        promdir_free(store->prom);
        if (store->tsdb)
                tsdb_close(store->tsdb);
        *store = (ToolStore){ 0 };
        return clean;
}

/* ---- progress */

void app_tool_progress(int64_t *last_ms, const char *what, double done, uint64_t samples)
{
        char bar[BAR_CHARS + 1];
        int64_t now_ms = clock_mono_ms(clock_system());
        if (!isatty(STDERR_FILENO) || now_ms - *last_ms < PROGRESS_EVERY_MS)
                return;
        *last_ms = now_ms;
        for (int i = 0; i < BAR_CHARS; i++)
                bar[i] = i < (int)(done * (double)BAR_CHARS) ? '#' : '.';
        bar[BAR_CHARS] = 0;
        fprintf(stderr, "\r%s [%s] %3.0f%%  %" PRIu64 " samples", what, bar, done * 100, samples);
        fflush(stderr);
}

void app_tool_progress_end(void)
{
        if (isatty(STDERR_FILENO))
                fputs("\r\033[K", stderr);
}
