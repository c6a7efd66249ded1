/* base/log.h - structured logging: a message and typed key/value pairs, one line each, logfmt or JSON, to stderr.
 *
 *     log_warn("part is unreadable", KV("part", name), KV("err", &err));
 *
 * The module is the source folder. Nothing below L6 logs above debug: it returns an Err, which is logged once, where it
 * stops travelling. A call site writes at most 10 lines a second; what it dropped is said in the next line it writes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

typedef struct Kv {
        const char *key;
        enum { KV_STR, KV_I64, KV_U64, KV_F64, KV_BOOL } kind;
        union {
                Str s;
                int64_t i;
                uint64_t u;
                double f;
                bool b;
        } v;
} Kv;

static inline Kv kv_cstr(const char *k, const char *v) { return (Kv){ .key = k, .kind = KV_STR, .v.s = str_of(v) }; }
static inline Kv kv_str(const char *k, Str v) { return (Kv){ .key = k, .kind = KV_STR, .v.s = v }; }
static inline Kv kv_err(const char *k, const Err *e) { return kv_cstr(k, e->msg); }
static inline Kv kv_i64(const char *k, int64_t v) { return (Kv){ .key = k, .kind = KV_I64, .v.i = v }; }
static inline Kv kv_u64(const char *k, uint64_t v) { return (Kv){ .key = k, .kind = KV_U64, .v.u = v }; }
static inline Kv kv_f64(const char *k, double v) { return (Kv){ .key = k, .kind = KV_F64, .v.f = v }; }
static inline Kv kv_bool(const char *k, bool v) { return (Kv){ .key = k, .kind = KV_BOOL, .v.b = v }; }
#define KV(k, val)                          \
        _Generic((val),                     \
                Str: kv_str,                \
                char *: kv_cstr,            \
                const char *: kv_cstr,      \
                Err *: kv_err,              \
                const Err *: kv_err,        \
                bool: kv_bool,              \
                int: kv_i64,                \
                long: kv_i64,               \
                long long: kv_i64,          \
                unsigned: kv_u64,           \
                unsigned long: kv_u64,      \
                unsigned long long: kv_u64, \
                double: kv_f64)((k), (val))

typedef enum LogLevel { LOG_LV_DEBUG, LOG_LV_INFO, LOG_LV_WARN, LOG_LV_ERROR, LOG_LV_OFF } LogLevel;
typedef enum LogFormat { LOG_FMT_LOGFMT, LOG_FMT_JSON } LogFormat;

typedef struct LogSite {
        const char *file;
        _Atomic int64_t second; /* the second that `count` counts */
        _Atomic uint32_t count, dropped;
} LogSite;

void log_configure(LogLevel level, LogFormat format);
bool log_level_parse(Str s, LogLevel *ret);
/* Also gives every line (without newline) to fn: for the live view and for tests. NULL stops. */
void log_tap(void (*fn)(void *ctx, Str line), void *ctx);
void log_write(LogSite *site, LogLevel level, const char *msg, const Kv *kvs, size_t n);

// clang-format off
#define LOG_KVS_(...) (const Kv[]){ { .key = NULL }, ##__VA_ARGS__ }
// clang-format on
#define LOG_(lv, msg, ...)                                                    \
        do {                                                                  \
                static LogSite log_site_ = { .file = __FILE__ };              \
                log_write(&log_site_, (lv), (msg), LOG_KVS_(__VA_ARGS__) + 1, \
                          sizeof(LOG_KVS_(__VA_ARGS__)) / sizeof(Kv) - 1);    \
        } while (0)
#define log_debug(msg, ...) LOG_(LOG_LV_DEBUG, (msg), ##__VA_ARGS__)
#define log_info(msg, ...) LOG_(LOG_LV_INFO, (msg), ##__VA_ARGS__)
#define log_warn(msg, ...) LOG_(LOG_LV_WARN, (msg), ##__VA_ARGS__)
#define log_error(msg, ...) LOG_(LOG_LV_ERROR, (msg), ##__VA_ARGS__)
