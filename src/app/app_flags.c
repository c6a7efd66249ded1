#include "app/app_flags.h"

#include <stddef.h>

#include "base/duration.h"
#include "base/num.h"

typedef enum FlagKind {
        FLAG_STR,
        FLAG_BOOL,
        FLAG_DURATION,
        FLAG_BYTES,
        FLAG_UINT,
        FLAG_LEVEL,
        FLAG_FORMAT,
        FLAG_FEATURES,
        FLAG_IGNORED
} FlagKind;

typedef struct Flag {
        const char *name;
        FlagKind kind;
        size_t offset;
        const char *def, *help; /* help NULL: an accepted name without effect here */
} Flag;

#define AT(field) offsetof(AppFlags, field)
#define IGNORED(name) { name, FLAG_IGNORED, 0, NULL, NULL }
static const Flag FLAGS[] = {
        { "config", FLAG_STR, AT(config), NULL,
          "pharos.yml, prometheus.yml or alertmanager.yml; none: watch this machine" },
        { "data", FLAG_STR, AT(data), "data", "folder of everything that is kept" },
        { "listen", FLAG_STR, AT(listen), "127.0.0.1:9090", "address of the web interface and API" },
        { "config.file", FLAG_STR, AT(config), NULL, "same as --config" },
        { "storage.tsdb.path", FLAG_STR, AT(data), NULL, "same as --data" },
        { "storage.path", FLAG_STR, AT(data), NULL, "same as --data" },
        { "web.listen-address", FLAG_STR, AT(listen), NULL, "same as --listen" },
        { "web.external-url", FLAG_STR, AT(external_url), NULL, "how people reach this server; used in links" },
        { "web.route-prefix", FLAG_STR, AT(route_prefix), NULL, "path below which everything is served" },
        { "web.cors.origin", FLAG_STR, AT(cors_origin), NULL, "origin that browsers may call the API from" },
        { "web.max-connections", FLAG_UINT, AT(max_connections), "512", "most connections at a time" },
        { "web.enable-lifecycle", FLAG_BOOL, AT(lifecycle), NULL, "allow POST /-/reload and /-/quit" },
        { "web.enable-admin-api", FLAG_BOOL, AT(admin_api), NULL, "allow deleting series over HTTP" },
        { "storage.tsdb.retention.time", FLAG_DURATION, AT(retention_ms), NULL,
          "how long samples are kept; default 15d" },
        { "storage.tsdb.retention", FLAG_DURATION, AT(retention_ms), NULL, "old name of storage.tsdb.retention.time" },
        { "storage.tsdb.retention.size", FLAG_BYTES, AT(retention_bytes), NULL, "most bytes on disk" },
        { "query.lookback-delta", FLAG_DURATION, AT(lookback_ms), "5m", "how far back a value counts as current" },
        { "query.timeout", FLAG_DURATION, AT(query_timeout_ms), "2m", "longest time of a query" },
        { "query.max-concurrency", FLAG_UINT, AT(query_max_concurrency), "20", "queries at a time; more wait" },
        { "query.max-samples", FLAG_UINT, AT(query_max_samples), "50000000",
          "most samples that a query holds at once" },
        { "query.max-bytes", FLAG_BYTES, AT(query_max_bytes), "1GB", "most memory of a query" },
        { "query.max-total-bytes", FLAG_BYTES, AT(query_max_total_bytes), "4GB",
          "most memory of all queries that run" },
        { "query.cache-bytes", FLAG_BYTES, AT(query_cache_bytes), "64MB",
          "most memory of kept answers of range queries; 0: none is kept" },
        { "rules.alert.for-outage-tolerance", FLAG_DURATION, AT(for_outage_tolerance_ms), "1h",
          "longest outage after which alert states are taken up again" },
        { "rules.alert.for-grace-period", FLAG_DURATION, AT(for_grace_period_ms), "10m", "accepted for compatibility" },
        { "rules.alert.resend-delay", FLAG_DURATION, AT(resend_delay_ms), "1m",
          "time before a firing alert is handed to the router again" },
        { "rules.max-concurrent-evals", FLAG_UINT, AT(rules_max_concurrent_evals), "4",
          "most rules of one group at a time; only rules that do not depend on each other; 1: one after the other" },
        { "alertmanager.listen-address", FLAG_STR, AT(alertmanager_listen), NULL,
          "a second address that answers as Alertmanager alone does" },
        { "silences.max-silences", FLAG_UINT, AT(max_silences), "0",
          "most silences, ended ones included; 0: any number" },
        { "silences.max-silence-size-bytes", FLAG_BYTES, AT(max_silence_bytes), "0", "largest silence; 0: any size" },
        { "data.retention", FLAG_DURATION, AT(silence_retention_ms), "120h",
          "how long ended silences, and what was told, are remembered" },
        { "clock.rate", FLAG_UINT, AT(clock_rate), "1",
          "for tests: let this many seconds pass within one; network time-outs stay real" },
        { "clock.anchor", FLAG_UINT, AT(clock_anchor_s), "0",
          "for tests: Unix seconds at which --clock.rate began; 0: at the start" },
        { "log.level", FLAG_LEVEL, AT(log_level), "info", "debug, info, warn or error" },
        { "log.format", FLAG_FORMAT, AT(log_format), "logfmt", "logfmt or json" },
        { "enable-feature", FLAG_FEATURES, AT(features), NULL,
          "comma-separated names of Prometheus' and Alertmanager's feature flags" },
        IGNORED("web.enable-remote-write-receiver"),
        IGNORED("web.enable-otlp-receiver"),
        IGNORED("web.console.libraries"),
        IGNORED("web.console.templates"),
        IGNORED("web.page-title"),
        IGNORED("web.read-timeout"),
        IGNORED("web.config.file"),
        IGNORED("web.user-assets"),
        IGNORED("config.auto-reload"),
        IGNORED("storage.tsdb.wal-compression"),
        IGNORED("storage.tsdb.no-lockfile"),
        IGNORED("storage.tsdb.min-block-duration"),
        IGNORED("storage.tsdb.max-block-duration"),
        IGNORED("storage.tsdb.wal-segment-size"),
        IGNORED("storage.tsdb.allow-overlapping-blocks"),
        IGNORED("storage.remote.flush-deadline"),
        IGNORED("storage.remote.read-sample-limit"),
        IGNORED("alertmanager.notification-queue-capacity"),
        IGNORED("cluster.listen-address"),
        IGNORED("cluster.peer"),
        IGNORED("web.timeout"),
        IGNORED("web.get-concurrency"),
};
#undef AT
#undef IGNORED

static const Flag *find_flag(Str name)
{
        for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++)
                if (str_eq(name, str_of(FLAGS[i].name)))
                        return &FLAGS[i];
        return NULL;
}

static bool unknown_flag(Str name, Err *err)
{
        const char *nearest = NULL;
        unsigned best = 4;
        for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
                unsigned d = str_distance(name, str_of(FLAGS[i].name), best);
                if (d < best) {
                        best = d;
                        nearest = FLAGS[i].name;
                }
        }
        if (nearest)
                return err_set(err, ERR_INVALID, "unknown flag '--" STR_FMT "': did you mean '--%s'?", STR_ARG(name),
                               nearest);
        return err_set(err, ERR_INVALID, "unknown flag '--" STR_FMT "'; 'pharos help serve' lists the flags",
                       STR_ARG(name));
}

#define FEATURE(name, field) { name, offsetof(PromqlFeatures, field) }
static const struct Feature {
        const char *name;
        size_t offset;
} FEATURES[] = {
        FEATURE("promql-experimental-functions", experimental_functions),
        FEATURE("promql-duration-expr", duration_expr),
        FEATURE("promql-extended-range-selectors", extended_range_selectors),
        FEATURE("promql-binop-fill-modifiers", binop_fill_modifiers),
        FEATURE("promql-delayed-name-removal", delayed_name_removal),
        FEATURE("use-start-timestamps", use_start_timestamps),
        FEATURE("type-and-unit-labels", type_and_unit_labels),
};
#undef FEATURE

static const struct MatcherFeature {
        const char *name;
        AlertMatcherMode mode;
} MATCHER_FEATURES[] = {
        { "classic-mode", ALERT_MATCHERS_CLASSIC },
        { "utf8-strict-mode", ALERT_MATCHERS_UTF8 },
};

enum { SLIP = 3 };

static bool is_slip(Str name, const char *meant, Err *err)
{
        if (str_distance(name, str_of(meant), SLIP + 1) > SLIP)
                return false;
        err_set(err, ERR_INVALID, "unknown feature '" STR_FMT "': did you mean '%s'?", STR_ARG(name), meant);
        return true;
}

/* *ret_known: it is one of them. False: it is nearly one, or the other one is there already. */
static bool set_matchers(AlertMatcherMode *matchers, Str name, bool *ret_known, Err *err)
{
        *ret_known = false;
        for (size_t i = 0; i < ARRAY_LEN(MATCHER_FEATURES) && !*ret_known; i++) {
                const struct MatcherFeature *m = &MATCHER_FEATURES[i];
                *ret_known = str_eq(name, str_of(m->name));
                if (!*ret_known && is_slip(name, m->name, err))
                        return false;
                if (*ret_known && *matchers != ALERT_MATCHERS_FALLBACK && *matchers != m->mode)
                        return err_set(err, ERR_INVALID, "classic-mode and utf8-strict-mode exclude each other");
                if (*ret_known)
                        *matchers = m->mode;
        }
        return true;
}

/* Names of features that are always on here, or that no version had, pass: a start command may be older or newer than this program. What
 * is nearly the name of one that is here is a slip. */
static bool enable_feature(PromqlFeatures *f, AlertMatcherMode *matchers, Str name, Err *err)
{
        bool known;
        for (size_t i = 0; i < ARRAY_LEN(FEATURES); i++) {
                if (str_eq(name, str_of(FEATURES[i].name))) {
                        *(bool *)((char *)f + FEATURES[i].offset) = true;
                        return true;
                }
                if (is_slip(name, FEATURES[i].name, err))
                        return false;
        }
        if (!set_matchers(matchers, name, &known, err))
                return false;
        if (known)
                return true;
        if (str_find_char(name, ' ') != SIZE_MAX)
                return err_set(err, ERR_INVALID, "'" STR_FMT "' is not a feature name", STR_ARG(name));
        return true;
}

bool app_flags_enable_features(PromqlFeatures *f, AlertMatcherMode *matchers, Str list, Err *err)
{
        Str name;
        while (str_split_next(&list, ',', &name))
                if (!enable_feature(f, matchers, str_trim(name), err))
                        return false;
        return true;
}

static bool set_flag(const Flag *flag, AppFlags *flags, const char *value, Err *err)
{
        char *field = (char *)flags + flag->offset;
        Str text = str_of(value);
        bool ok = true;
        switch (flag->kind) {
        case FLAG_STR: memcpy(field, &value, sizeof value); break;
        case FLAG_BOOL:
                ok = str_eq(text, STR("true")) || str_eq(text, STR("false"));
                *(bool *)field = str_eq(text, STR("true"));
                break;
        case FLAG_DURATION: {
                int64_t v = 0;
                ok = duration_parse(text, &v);
                memcpy(field, &v, sizeof v);
                break;
        }
        case FLAG_BYTES:
        case FLAG_UINT: {
                uint64_t v = 0;
                ok = flag->kind == FLAG_BYTES ? num_parse_bytes(text, &v) : num_parse_u64(text, &v);
                memcpy(field, &v, sizeof v);
                break;
        }
        case FLAG_LEVEL: {
                LogLevel level = LOG_LV_INFO;
                ok = log_level_parse(text, &level);
                memcpy(field, &level, sizeof level);
                break;
        }
        case FLAG_FORMAT: {
                LogFormat format = str_eq(text, STR("json")) ? LOG_FMT_JSON : LOG_FMT_LOGFMT;
                ok = format == LOG_FMT_JSON || str_eq(text, STR("logfmt"));
                memcpy(field, &format, sizeof format);
                break;
        }
        case FLAG_FEATURES:
                flags->feature_text = value;
                return app_flags_enable_features(&flags->features, &flags->matchers, text, err);
        case FLAG_IGNORED: break;
        }
        return ok || err_set(err, ERR_INVALID, "--%s: '%s' is not %s", flag->name, value,
                             flag->kind == FLAG_DURATION ? "a duration such as 15d"
                             : flag->kind == FLAG_BYTES  ? "a size such as 10GB"
                                                         : "a valid value");
}

/* The flag at argv[*at], and the value behind it when it has one there. */
static bool parse_flag(int argc, char **argv, int *at, AppFlags *flags, Err *err)
{
        Str arg = str_of(argv[*at]);
        if (!str_starts(arg, STR("-")))
                return err_set(err, ERR_INVALID, "unexpected argument '%s'; flags start with --", argv[*at]);
        arg = str_sub(arg, str_starts(arg, STR("--")) ? 2 : 1, arg.n);
        Str name;
        Str inline_value;
        bool has_value = str_cut(arg, '=', &name, &inline_value);
        bool negated = !find_flag(name) && str_starts(name, STR("no-"));
        const Flag *flag = find_flag(negated ? str_sub(name, 3, name.n) : name);
        if (!flag || (negated && flag->kind != FLAG_BOOL && flag->kind != FLAG_IGNORED))
                return unknown_flag(name, err);
        const char *value = negated ? "false" : has_value ? inline_value.p : "true";
        bool takes_value = flag->kind != FLAG_BOOL &&
                           !(flag->kind == FLAG_IGNORED && (*at + 1 == argc || argv[*at + 1][0] == '-'));
        if (!has_value && !negated && takes_value) {
                if (*at + 1 == argc)
                        return err_set(err, ERR_INVALID, "--%s needs a value", flag->name);
                value = argv[++*at];
        }
        return set_flag(flag, flags, value, err);
}

bool app_flags_parse(int argc, char **argv, AppFlags *ret, Err *err)
{
        AppFlags flags = { .features = promql_features_default() };
        for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++)
                if (FLAGS[i].def && !set_flag(&FLAGS[i], &flags, FLAGS[i].def, err))
                        return false;
        for (int i = 0; i < argc; i++)
                if (!parse_flag(argc, argv, &i, &flags, err))
                        return false;
        *ret = flags;
        return true;
}

void app_flags_help(Buf *out)
{
        for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
                const Flag *f = &FLAGS[i];
                if (!f->help)
                        continue;
                buf_printf(out, "  --%-34s %s", f->name, f->help);
                if (f->def)
                        buf_printf(out, " (default %s)", f->def);
                buf_char(out, '\n');
        }
}

static Str show(const Flag *flag, const AppFlags *flags, Arena *arena)
{
        const char *field = (const char *)flags + flag->offset;
        Buf out = { .arena = arena };
        int64_t i;
        const char *z;
        switch (flag->kind) {
        case FLAG_STR: memcpy(&z, field, sizeof z); return str_of(z ? z : "");
        case FLAG_BOOL: return *(const bool *)field ? STR("true") : STR("false");
        case FLAG_DURATION:
                memcpy(&i, field, sizeof i);
                duration_format(&out, i);
                return buf_str(&out);
        case FLAG_BYTES:
        case FLAG_UINT:
                memcpy(&i, field, sizeof i);
                buf_i64(&out, i);
                return buf_str(&out);
        case FLAG_LEVEL: {
                static const char *const levels[] = { "debug", "info", "warn", "error", "off" };
                return str_of(levels[flags->log_level]);
        }
        case FLAG_FORMAT: return flags->log_format == LOG_FMT_JSON ? STR("json") : STR("logfmt");
        case FLAG_FEATURES: return flags->feature_text ? str_of(flags->feature_text) : (Str){ 0 };
        case FLAG_IGNORED: break;
        }
        return (Str){ 0 };
}

void app_flags_list(const AppFlags *flags, Arena *arena, Str **ret_names, Str **ret_values, size_t *ret_n)
{
        *ret_names = arena_array(arena, Str, ARRAY_LEN(FLAGS));
        *ret_values = arena_array(arena, Str, ARRAY_LEN(FLAGS));
        *ret_n = 0;
        for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
                if (FLAGS[i].kind == FLAG_IGNORED)
                        continue;
                (*ret_names)[*ret_n] = str_of(FLAGS[i].name);
                (*ret_values)[(*ret_n)++] = show(&FLAGS[i], flags, arena);
        }
}
