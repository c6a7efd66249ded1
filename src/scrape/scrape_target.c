#include "scrape/scrape_target.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "net/url.h"

static void set_default(LabelsBuilder *lb, Str name, Str value)
{
        if (!labels_builder_get(lb, name).n && value.n)
                labels_builder_set(lb, name, value);
}

static Str duration_text(Arena *arena, int64_t ms)
{
        Buf text = { .arena = arena };
        duration_format(&text, ms);
        return buf_str(&text);
}

static Str default_str(Str s, Str fallback) { return s.n ? s : fallback; }

static void add_scrape_labels(LabelsBuilder *lb, const ScrapeConfig *config, const ScrapeGlobal *global, Arena *arena)
{
        int64_t interval_ms = config->scrape_interval_ms ? config->scrape_interval_ms : global->scrape_interval_ms;
        int64_t timeout_ms = config->scrape_timeout_ms ? config->scrape_timeout_ms
                                                       : MIN_OF(global->scrape_timeout_ms, interval_ms);
        set_default(lb, STR("job"), config->job_name);
        set_default(lb, STR("__scrape_interval__"), duration_text(arena, interval_ms));
        set_default(lb, STR("__scrape_timeout__"), duration_text(arena, timeout_ms));
        set_default(lb, STR("__metrics_path__"), default_str(config->metrics_path, STR("/metrics")));
        set_default(lb, STR("__scheme__"), default_str(config->scheme, STR("http")));
        for (size_t i = 0; i < config->params.n; i++)
                if (config->params.data[i].values.n)
                        set_default(lb, str_printf(arena, "__param_" STR_FMT, STR_ARG(config->params.data[i].name)),
                                    config->params.data[i].values.data[0]);
}

static void put_param(Buf *out, bool *first, Str name, Str value)
{
        buf_char(out, *first ? '?' : '&');
        *first = false;
        url_encode_query(out, name);
        buf_char(out, '=');
        url_encode_query(out, value);
}

/* As Go writes the path of a URL: what is special elsewhere in it is escaped, percent signs too. */
static void put_path(Buf *out, Str path)
{
        static const char hex[] = "0123456789ABCDEF";
        if (!str_starts(path, STR("/")))
                buf_char(out, '/');
        for (size_t i = 0; i < path.n; i++) {
                unsigned char c = (unsigned char)path.p[i];
                bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c && strchr("-_.~$&+,/:;=@", c));
                if (!plain) {
                        buf_char(out, '%');
                        buf_char(out, hex[c >> 4]);
                        c = (unsigned char)hex[c & 15];
                }
                buf_char(out, (char)c);
        }
}

static const StrList *configured(const ScrapeConfig *config, Str name)
{
        for (size_t i = 0; i < config->params.n; i++)
                if (str_eq(config->params.data[i].name, name))
                        return &config->params.data[i].values;
        return NULL;
}

static int by_bytes(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

/* The configured parameters by name; a label __param_<name> replaces the first value, or adds the parameter. */
static void put_params(Buf *out, const ScrapeConfig *config, Labels labels, Arena *arena)
{
        VEC(Str) names = { .arena = arena };
        bool first = true;
        for (size_t i = 0; i < config->params.n; i++)
                if (config->params.data[i].values.n)
                        vec_push(&names, config->params.data[i].name);
        for (size_t i = 0; i < labels.n; i++) {
                Str name = str_sub(labels.data[i].name, 8, labels.data[i].name.n);
                const StrList *values = str_starts(labels.data[i].name, STR("__param_")) ? configured(config, name)
                                                                                         : NULL;
                if (str_starts(labels.data[i].name, STR("__param_")) && !(values && values->n))
                        vec_push(&names, name);
        }
        if (names.len > 1)
                qsort(names.data, names.len, sizeof(Str), by_bytes);
        vec_each(name, &names) {
                Str label = labels_get(labels, str_printf(arena, "__param_" STR_FMT, STR_ARG(*name)));
                const StrList *values = configured(config, *name);
                put_param(out, &first, *name, label.n ? label : values->data[0]);
                for (size_t v = 1; values && v < values->n; v++)
                        put_param(out, &first, *name, values->data[v]);
        }
}

static Str build_url(const ScrapeConfig *config, Labels labels, Arena *arena)
{
        Buf out = { .arena = arena };
        buf_printf(&out, STR_FMT "://" STR_FMT, STR_ARG(labels_get(labels, STR("__scheme__"))),
                   STR_ARG(labels_get(labels, STR("__address__"))));
        put_path(&out, labels_get(labels, STR("__metrics_path__")));
        put_params(&out, config, labels, arena);
        return buf_str(&out);
}

static bool read_times(Labels labels, TargetSpec *ret, Err *err)
{
        Str interval = labels_get(labels, STR("__scrape_interval__"));
        Str timeout = labels_get(labels, STR("__scrape_timeout__"));
        if (!duration_parse(interval, &ret->interval_ms) || ret->interval_ms == 0)
                return err_set(err, ERR_INVALID, "scrape interval '" STR_FMT "' is not a positive duration",
                               STR_ARG(interval));
        if (!duration_parse(timeout, &ret->timeout_ms) || ret->timeout_ms == 0)
                return err_set(err, ERR_INVALID, "scrape timeout '" STR_FMT "' is not a positive duration",
                               STR_ARG(timeout));
        if (ret->timeout_ms > ret->interval_ms)
                return err_set(err, ERR_INVALID,
                               "scrape timeout cannot be greater than scrape interval ('" STR_FMT "' > '" STR_FMT "')",
                               STR_ARG(timeout), STR_ARG(interval));
        return true;
}

bool scrape_target_resolve(const ScrapeConfig *config, const ScrapeGlobal *global, Str address, Labels group_labels,
                           Arena *arena, TargetSpec *ret, Err *err)
{
        LabelsBuilder lb;
        TargetSpec spec = { 0 };
        labels_builder_init(&lb, arena, group_labels);
        labels_builder_set(&lb, STR("__address__"), address);
        add_scrape_labels(&lb, config, global, arena);
        spec.discovered = labels_builder_build(&lb, arena);
        spec.dropped = !relabel_apply(config->relabel_configs.data, config->relabel_configs.n, &lb, arena);
        if (spec.dropped) {
                *ret = spec;
                return true;
        }
        Labels all = labels_builder_build(&lb, arena);
        Str target = labels_get(all, STR("__address__"));
        if (target.n == 0)
                return err_set(err, ERR_INVALID, "no address is left after relabelling");
        if (str_find_char(target, '/') != SIZE_MAX)
                return err_set(err, ERR_INVALID,
                               "'" STR_FMT
                               "' is not a valid hostname: write host:port; scheme and path have their own keys",
                               STR_ARG(target));
        if (!read_times(all, &spec, err))
                return false;
        spec.url = build_url(config, all, arena);
        set_default(&lb, STR("instance"), target);
        all = labels_builder_build(&lb, arena);
        for (size_t i = 0; i < all.n; i++) {
                if (str_starts(all.data[i].name, STR("__")))
                        labels_builder_del(&lb, all.data[i].name);
                else if (!utf8_valid(all.data[i].value))
                        return err_set(err, ERR_INVALID, "the value of label '" STR_FMT "' is not UTF-8",
                                       STR_ARG(all.data[i].name));
        }
        spec.labels = labels_builder_build(&lb, arena);
        *ret = spec;
        return true;
}
