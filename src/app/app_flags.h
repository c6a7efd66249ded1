/* app/app_flags.h - the command line of `pharos serve`: its own short flags and Prometheus' and Alertmanager's names. */
#pragma once
#include "alert/alert_matchers.h"
#include "base/err.h"
#include "base/log.h"
#include "promql/promql.h"

typedef struct AppFlags {
        const char *config; /* NULL: the defaults */
        const char *data;
        const char *listen;
        const char *external_url, *route_prefix, *cors_origin;
        int64_t retention_ms; /* 0: the configuration's */
        uint64_t retention_bytes;
        int64_t lookback_ms, query_timeout_ms;
        uint64_t query_max_concurrency, query_max_samples, query_max_bytes, query_max_total_bytes, query_cache_bytes,
                rules_max_concurrent_evals, max_connections;
        int64_t for_outage_tolerance_ms, for_grace_period_ms, resend_delay_ms;
        const char *alertmanager_listen; /* NULL: none */
        uint64_t max_silences, max_silence_bytes;
        int64_t silence_retention_ms;
        uint64_t clock_rate, clock_anchor_s; /* a testing aid: see RateClock */
        bool lifecycle, admin_api;
        LogLevel log_level;
        LogFormat log_format;
        PromqlFeatures features;
        AlertMatcherMode matchers;
        const char *feature_text; /* as written; NULL: none */
} AppFlags;

/* argv without the command. Errors name the flag and the nearest known one. */
MUST_CHECK bool app_flags_parse(int argc, char **argv, AppFlags *ret, Err *err);
/* Comma-separated names of Prometheus' and Alertmanager's feature flags; names that mean nothing here are passed over. */
MUST_CHECK bool app_flags_enable_features(PromqlFeatures *features, AlertMatcherMode *matchers, Str names, Err *err);
/* --help of serve. */
void app_flags_help(Buf *out);
/* As /api/v1/status/flags shows them. */
void app_flags_list(const AppFlags *flags, Arena *arena, Str **ret_names, Str **ret_values, size_t *ret_n);
