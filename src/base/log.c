#include "base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

enum { LINES_PER_SECOND = 10, LONGEST_VALUE_BYTES = 2000 };

static struct {
        _Atomic int level;
        _Atomic int format;
        pthread_mutex_t tap_mu;
        void (*tap)(void *, Str); /* guarded by tap_mu */
        void *tap_ctx;
} sink /* NOLINT: the log */ = { .level = LOG_LV_INFO, .tap_mu = PTHREAD_MUTEX_INITIALIZER };

static const char *const LEVEL_NAMES[] = { "debug", "info", "warn", "error", "off" };

void log_configure(LogLevel level, LogFormat format)
{
        sink.level = (int)level;
        sink.format = (int)format;
}

bool log_level_parse(Str s, LogLevel *ret)
{
        for (int i = 0; i <= LOG_LV_OFF; i++)
                if (str_eq(s, str_of(LEVEL_NAMES[i]))) {
                        *ret = (LogLevel)i;
                        return true;
                }
        return false;
}

void log_tap(void (*fn)(void *, Str), void *ctx)
{
        pthread_mutex_lock(&sink.tap_mu);
        sink.tap = fn;
        sink.tap_ctx = ctx;
        pthread_mutex_unlock(&sink.tap_mu);
}

static void put_quoted(Buf *out, Str s)
{
        buf_char(out, '"');
        for (size_t i = 0; i < s.n && i < LONGEST_VALUE_BYTES; i++) {
                unsigned char c = (unsigned char)s.p[i];
                if (c == '"' || c == '\\')
                        buf_printf(out, "\\%c", c);
                else if (c == '\n')
                        buf_lit(out, "\\n");
                else if (c < 0x20 || c == 0x7f)
                        buf_printf(out, "\\u%04x", c);
                else
                        buf_char(out, (char)c);
        }
        if (s.n > LONGEST_VALUE_BYTES)
                buf_lit(out, "...");
        buf_char(out, '"');
}

static bool needs_quotes(Str s)
{
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == 0x7f)
                        return true;
        return s.n == 0 || s.n > LONGEST_VALUE_BYTES;
}

static void put_value(Buf *out, const Kv *kv, bool json)
{
        switch (kv->kind) {
        case KV_STR:
                if (json || needs_quotes(kv->v.s))
                        put_quoted(out, kv->v.s);
                else
                        buf_str_add(out, kv->v.s);
                break;
        case KV_I64: buf_i64(out, kv->v.i); break;
        case KV_U64: buf_u64(out, kv->v.u); break;
        case KV_F64: buf_printf(out, "%.6g", kv->v.f); break;
        case KV_BOOL: buf_cstr_add(out, kv->v.b ? "true" : "false"); break;
        }
}

static void put_pair(Buf *out, bool json, const Kv *kv)
{
        if (json)
                buf_printf(out, ",\"%s\":", kv->key);
        else
                buf_printf(out, " %s=", kv->key);
        put_value(out, kv, json);
}

/* src/tsdb/wal.c -> tsdb */
static Str module_of(const char *file)
{
        Str s = str_of(file);
        size_t slash = str_rfind_char(s, '/');
        if (slash == SIZE_MAX)
                return STR("pharos");
        s = str_sub(s, 0, slash);
        size_t before = str_rfind_char(s, '/');
        return before == SIZE_MAX ? s : str_sub(s, before + 1, s.n);
}

/* False when this call site wrote enough in this second. */
static bool site_admits(LogSite *site, int64_t second, uint32_t *ret_dropped)
{
        *ret_dropped = 0;
        if (site->second != second) {
                site->second = second;
                site->count = 0;
                *ret_dropped = site->dropped;
                site->dropped = 0;
        }
        if (++site->count <= LINES_PER_SECOND)
                return true;
        site->dropped++;
        return false;
}

void log_write(LogSite *site, LogLevel level, const char *msg, const Kv *kvs, size_t n)
{
        if ((int)level < sink.level)
                return;
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        uint32_t dropped;
        if (!site_admits(site, now.tv_sec, &dropped))
                return;
        bool json = sink.format == LOG_FMT_JSON;
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        char ts[40];
        size_t at = strftime(ts, sizeof ts, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(ts + at, sizeof ts - at, ".%03ldZ", now.tv_nsec / 1000000);
        __attribute__((cleanup(auto_buf_done))) Buf out = { 0 };
        const Kv head[] = { kv_cstr("level", LEVEL_NAMES[level]), kv_str("mod", module_of(site->file)),
                            kv_cstr("msg", msg) };
        buf_printf(&out, json ? "{\"ts\":\"%s\"" : "ts=%s", ts);
        for (size_t i = 0; i < 3; i++)
                put_pair(&out, json, &head[i]);
        for (size_t i = 0; i < n; i++)
                put_pair(&out, json, &kvs[i]);
        if (dropped) {
                Kv kv = kv_u64("dropped_before", dropped);
                put_pair(&out, json, &kv);
        }
        if (json)
                buf_char(&out, '}');
        pthread_mutex_lock(&sink.tap_mu);
        if (sink.tap)
                sink.tap(sink.tap_ctx, buf_str(&out));
        pthread_mutex_unlock(&sink.tap_mu);
        buf_char(&out, '\n');
        for (size_t done = 0; done < out.n;) {
                ssize_t w = write(STDERR_FILENO, out.p + done, out.n - done);
                if (w <= 0)
                        break;
                done += (size_t)w;
        }
}
