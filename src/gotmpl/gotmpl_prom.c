/* gotmpl/gotmpl_prom.c - the functions of Prometheus' rule templates.
 *
 * Invariants:
 * 1. Where upstream takes "any number", so do these: integers, floats, durations and text that is a number.
 * 2. ctx is a TmplPromCtx; nothing else of the world is seen, so an expansion is a function of its inputs. */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "gotmpl/gotmpl.h"
#include "gotmpl/tmpl_escape.h"
#include "gotmpl/tmpl_fmt.h"
#include "gotmpl/tmpl_func.h"
#include "gotmpl/tmpl_rule.h"
#include "model/quote.h"

#define FUNC(name_) \
        static bool name_(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
#define UNUSED_ARGS() ((void)ctx, (void)run, (void)args, (void)n, (void)err)

static const TmplType query_type = { .go_name = "template.queryResult" };
static const TmplType sample_type = { .go_name = "*template.sample" };
static const TmplType args_type = { .go_name = "map[string]interface {}" };

/* ---- queries and samples */

static TmplValue sample_value(const TmplPromSample *s, Arena *arena)
{
        static const Str keys[] = { STR_INIT("Labels"), STR_INIT("Value") };
        TmplValue *fields = arena_array(arena, TmplValue, 2);
        fields[0] = tmpl_rule_string_map(s->label_names, s->label_values, s->n, arena);
        fields[1] = tmpl_rule_sample(s->v, s->h, arena);
        return (TmplValue){ .kind = TMPL_STRUCT, .items = fields, .keys = keys, .n = 2, .type = &sample_type };
}

FUNC(prom_query)
{
        UNUSED_ARGS();
        const TmplPromCtx *prom = ctx;
        TmplPromSample *samples = NULL;
        size_t count = 0;
        Arena *arena = gotmpl_arena(run);
        if (!prom->query)
                return err_set(err, ERR_UNAVAILABLE, "queries are not available here");
        if (!prom->query(prom->self, args[0].s, arena, &samples, &count, err))
                return false;
        TmplValue *items = arena_array(arena, TmplValue, count);
        for (size_t i = 0; i < count; i++)
                items[i] = sample_value(&samples[i], arena);
        *ret = (TmplValue){ .kind = TMPL_LIST, .items = items, .n = count, .type = &query_type };
        return true;
}

FUNC(prom_first)
{
        UNUSED_ARGS();
        if (args[0].n == 0)
                return err_set(err, ERR_NOT_FOUND, "first() called on vector with no elements");
        *ret = args[0].items[0];
        return true;
}

/* The label's value, "" when the sample has no such label. */
static Str sample_label(const TmplValue *sample, Str name)
{
        const TmplValue *labels = &sample->items[0];
        for (size_t i = 0; i < labels->n; i++)
                if (str_eq(labels->keys[i], name))
                        return labels->items[i].s;
        return STR("");
}

FUNC(prom_label)
{
        UNUSED_ARGS();
        *ret = tmpl_str(sample_label(&args[1], args[0].s));
        return true;
}

FUNC(prom_value)
{
        UNUSED_ARGS();
        *ret = args[0].items[1];
        return true;
}

FUNC(prom_strvalue)
{
        UNUSED_ARGS();
        *ret = tmpl_str(sample_label(&args[0], STR("__value__")));
        return true;
}

typedef struct SortKey {
        Str label;
        size_t at;
} SortKey;

static int sort_order(const void *a, const void *b)
{
        const SortKey *x = a, *y = b;
        int c = str_cmp(x->label, y->label);
        return c ? c : (x->at > y->at) - (x->at < y->at);
}

FUNC(prom_sort_by_label)
{
        UNUSED_ARGS();
        Arena *arena = gotmpl_arena(run);
        const TmplValue *list = &args[1];
        SortKey *order = arena_array(arena, SortKey, list->n);
        TmplValue *items = arena_array(arena, TmplValue, list->n);
        for (size_t i = 0; i < list->n; i++)
                order[i] = (SortKey){ sample_label(&list->items[i], args[0].s), i };
        if (list->n)
                qsort(order, list->n, sizeof *order, sort_order);
        for (size_t i = 0; i < list->n; i++)
                items[i] = list->items[order[i].at];
        *ret = *list;
        ret->items = items;
        return true;
}

FUNC(prom_args)
{
        UNUSED_ARGS();
        Arena *arena = gotmpl_arena(run);
        TmplValue *items = arena_array(arena, TmplValue, n);
        Str *keys = arena_array(arena, Str, n);
        for (size_t i = 0; i < n; i++) {
                items[i] = args[i];
                keys[i] = str_printf(arena, "arg%zu", i);
        }
        *ret = (TmplValue){ .kind = TMPL_MAP, .items = items, .keys = keys, .n = n, .type = &args_type };
        return true;
}

/* ---- numbers for people */

static bool four_digits(TmplRun *run, const char *sign, double v, const char *suffix, TmplValue *ret)
{
        Buf text = { .arena = gotmpl_arena(run) };
        buf_cstr_add(&text, sign);
        tmpl_fmt_float(&text, v, 'g', 4);
        buf_cstr_add(&text, suffix);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

static const char *const small_prefixes[] = { "m", "u", "n", "p", "f", "a", "z", "y" };

/* |v| < 1, not 0: in the largest unit that leaves at least 1, down to 10^-24. */
static double scale_up(double v, const char **ret_prefix)
{
        *ret_prefix = "";
        for (size_t i = 0; i < ARRAY_LEN(small_prefixes) && fabs(v) < 1; i++) {
                *ret_prefix = small_prefixes[i];
                v *= 1000;
        }
        return v;
}

FUNC(prom_humanize)
{
        UNUSED_ARGS();
        static const char *const prefixes[] = { "k", "M", "G", "T", "P", "E", "Z", "Y" };
        double v;
        if (!tmpl_func_number(&args[0], &v, err))
                return false;
        const char *prefix = "";
        if (v == 0 || !isfinite(v))
                return four_digits(run, "", v, "", ret);
        if (fabs(v) < 1)
                v = scale_up(v, &prefix);
        else
                for (size_t i = 0; i < ARRAY_LEN(prefixes) && fabs(v) >= 1000; i++) {
                        prefix = prefixes[i];
                        v /= 1000;
                }
        return four_digits(run, "", v, prefix, ret);
}

FUNC(prom_humanize1024)
{
        UNUSED_ARGS();
        static const char *const prefixes[] = { "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi" };
        double v;
        if (!tmpl_func_number(&args[0], &v, err))
                return false;
        const char *prefix = "";
        for (size_t i = 0; i < ARRAY_LEN(prefixes) && isfinite(v) && fabs(v) >= 1024; i++) {
                prefix = prefixes[i];
                v /= 1024;
        }
        return four_digits(run, "", v, prefix, ret);
}

FUNC(prom_humanize_duration)
{
        UNUSED_ARGS();
        double v;
        if (!tmpl_func_number(&args[0], &v, err))
                return false;
        *ret = tmpl_func_humanize_duration(v, gotmpl_arena(run));
        return true;
}

FUNC(prom_humanize_percentage)
{
        UNUSED_ARGS();
        double v;
        return tmpl_func_number(&args[0], &v, err) && four_digits(run, "", v * 100, "%", ret);
}

/* Seconds as nanoseconds; `what` for the message. */
static bool nanoseconds(double seconds, const char *what, int64_t *ret, Err *err)
{
        double ns = seconds * 1e9;
        if (!isfinite(seconds))
                return err_set(err, ERR_INVALID, "value is NaN or Inf");
        /* INT64_MIN itself is taken: it says "zero time" here. */
        if (!(ns < 0x1p63 && ns > -0x1p63)) {
                char text[64];
                Buf number = { 0 };
                tmpl_fmt_float(&number, seconds, 'g', -1);
                snprintf(text, sizeof text, STR_FMT, STR_ARG(buf_str(&number)));
                buf_done(&number);
                return err_set(err, ERR_INVALID,
                               "%s cannot be represented as a nanoseconds %s since it overflows int64", text, what);
        }
        *ret = (int64_t)ns;
        return true;
}

static const TmplType time_pointer = { .go_name = "*time.Time" };

FUNC(prom_to_time)
{
        UNUSED_ARGS();
        double v;
        int64_t ns;
        if (!tmpl_func_number(&args[0], &v, err) || !nanoseconds(v, "timestamp", &ns, err))
                return false;
        int64_t ms = ns / 1000000; /* upstream's time has milliseconds */
        *ret = tmpl_time_of_ms(ms);
        ret->type = &time_pointer;
        return true;
}

FUNC(prom_humanize_timestamp)
{
        double v;
        if (!tmpl_func_number(&args[0], &v, err))
                return false;
        if (!isfinite(v))
                return four_digits(run, "", v, "", ret);
        TmplValue time;
        if (!prom_to_time(ctx, run, args, n, &time, err))
                return false;
        Buf text = { .arena = gotmpl_arena(run) };
        gotmpl_print(&text, &time);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

FUNC(prom_to_duration)
{
        UNUSED_ARGS();
        double v;
        int64_t ns;
        if (!tmpl_func_number(&args[0], &v, err) || !nanoseconds(v, "duration", &ns, err))
                return false;
        *ret = (TmplValue){ .kind = TMPL_DURATION, .i = ns };
        return true;
}

FUNC(prom_now)
{
        UNUSED_ARGS();
        const TmplPromCtx *prom = ctx;
        *ret = tmpl_float((double)prom->now_ms / 1000);
        return true;
}

FUNC(prom_parse_duration)
{
        UNUSED_ARGS();
        Str s = args[0].s;
        bool negative = s.n > 1 && s.p[0] == '-';
        int64_t ms;
        if (s.n == 0)
                return err_set(err, ERR_INVALID, "empty duration string");
        if (!duration_parse(negative ? str_sub(s, 1, s.n) : s, &ms)) {
                Buf quoted = { .arena = gotmpl_arena(run) };
                quote_go(&quoted, s);
                return err_set(err, ERR_INVALID, "not a valid duration string: " STR_FMT, STR_ARG(buf_str(&quoted)));
        }
        *ret = tmpl_float((double)(negative ? -ms : ms) / 1000);
        return true;
}

/* ---- addresses and links */

/* Go's net.SplitHostPort; false when s is no "host:port". */
static bool split_host_port(Str s, Str *host, Str *port)
{
        size_t colon = str_rfind_char(s, ':');
        if (colon == SIZE_MAX)
                return false;
        *port = str_sub(s, colon + 1, s.n);
        *host = str_sub(s, 0, colon);
        if (host->n && host->p[0] == '[') {
                if (host->p[host->n - 1] != ']')
                        return false;
                *host = str_sub(*host, 1, host->n - 1);
        } else if (str_find_char(*host, ':') != SIZE_MAX)
                return false;
        return str_find_char(*host, '[') == SIZE_MAX && str_find_char(*host, ']') == SIZE_MAX;
}

static bool is_ip(Str s)
{
        char z[64];
        unsigned char bytes[16];
        if (s.n >= sizeof z || s.n == 0)
                return false;
        memcpy(z, s.p, s.n);
        z[s.n] = 0;
        return inet_pton(AF_INET, z, bytes) == 1 || inet_pton(AF_INET6, z, bytes) == 1;
}

FUNC(prom_strip_port)
{
        UNUSED_ARGS();
        Str host, port;
        *ret = tmpl_str(split_host_port(args[0].s, &host, &port) ? host : args[0].s);
        return true;
}

FUNC(prom_strip_domain)
{
        UNUSED_ARGS();
        Str host = args[0].s, port = { 0 }, head, tail;
        if (!split_host_port(args[0].s, &host, &port)) {
                host = args[0].s;
                port = (Str){ 0 };
        }
        *ret = args[0];
        if (is_ip(host))
                return true;
        str_cut(host, '.', &head, &tail);
        if (port.n == 0)
                *ret = tmpl_str(head);
        else if (str_find_char(head, ':') != SIZE_MAX)
                *ret = tmpl_str(str_printf(gotmpl_arena(run), "[" STR_FMT "]:" STR_FMT, STR_ARG(head), STR_ARG(port)));
        else
                *ret = tmpl_str(str_printf(gotmpl_arena(run), STR_FMT ":" STR_FMT, STR_ARG(head), STR_ARG(port)));
        return true;
}

FUNC(prom_external_url)
{
        UNUSED_ARGS();
        const TmplPromCtx *prom = ctx;
        if (!prom->external_url.n)
                return err_set(err, ERR_UNAVAILABLE, "the external URL is not known here");
        *ret = tmpl_str(prom->external_url);
        return true;
}

FUNC(prom_path_prefix)
{
        UNUSED_ARGS();
        const TmplPromCtx *prom = ctx;
        if (!prom->external_url.n && !prom->path_prefix.n)
                return err_set(err, ERR_UNAVAILABLE, "the external URL is not known here");
        *ret = tmpl_str(prom->path_prefix.p ? prom->path_prefix : STR(""));
        return true;
}

static bool link_to(TmplRun *run, Str expr, int tab, TmplValue *ret)
{
        Buf url = { .arena = gotmpl_arena(run) };
        buf_lit(&url, "/graph?g0.expr=");
        tmpl_escape_query(&url, expr);
        buf_printf(&url, "&g0.tab=%d", tab);
        *ret = tmpl_str(buf_str(&url));
        return true;
}

FUNC(prom_graph_link)
{
        UNUSED_ARGS();
        return link_to(run, args[0].s, 0, ret);
}

FUNC(prom_table_link)
{
        UNUSED_ARGS();
        return link_to(run, args[0].s, 1, ret);
}

FUNC(prom_url_query_escape)
{
        UNUSED_ARGS();
        Buf out = { .arena = gotmpl_arena(run) };
        tmpl_escape_query(&out, args[0].s);
        *ret = tmpl_str(buf_str(&out));
        return true;
}

FUNC(prom_title)
{
        UNUSED_ARGS();
        *ret = tmpl_str(gotmpl_has_old_words(run) ? tmpl_func_old_title(args[0].s, gotmpl_arena(run))
                                                  : tmpl_func_title(args[0].s, true, gotmpl_arena(run)));
        return true;
}

const TmplFunc gotmpl_prom_funcs[] = {
        { "query", 1, 1, prom_query, "s" },
        { "first", 1, 1, prom_first, "q" },
        { "label", 2, 2, prom_label, "sp" },
        { "value", 1, 1, prom_value, "p" },
        { "strvalue", 1, 1, prom_strvalue, "p" },
        { "sortByLabel", 2, 2, prom_sort_by_label, "sq" },
        { "args", 0, -1, prom_args, "a" },
        { "reReplaceAll", 3, 3, tmpl_func_re_replace_all, "s" },
        { "match", 2, 2, tmpl_func_match, "s" },
        { "title", 1, 1, prom_title, "s" },
        { "toUpper", 1, 1, tmpl_func_upper, "s" },
        { "toLower", 1, 1, tmpl_func_lower, "s" },
        { "stripPort", 1, 1, prom_strip_port, "s" },
        { "stripDomain", 1, 1, prom_strip_domain, "s" },
        { "humanize", 1, 1, prom_humanize, "a" },
        { "humanize1024", 1, 1, prom_humanize1024, "a" },
        { "humanizeDuration", 1, 1, prom_humanize_duration, "a" },
        { "humanizePercentage", 1, 1, prom_humanize_percentage, "a" },
        { "humanizeTimestamp", 1, 1, prom_humanize_timestamp, "a" },
        { "toTime", 1, 1, prom_to_time, "a" },
        { "toDuration", 1, 1, prom_to_duration, "a" },
        { "now", 0, 0, prom_now, "" },
        { "pathPrefix", 0, 0, prom_path_prefix, "" },
        { "externalURL", 0, 0, prom_external_url, "" },
        { "parseDuration", 1, 1, prom_parse_duration, "s" },
        { "graphLink", 1, 1, prom_graph_link, "s" },
        { "tableLink", 1, 1, prom_table_link, "s" },
        { "safeHtml", 1, 1, tmpl_func_safe_html, "s" },
        { "urlQueryEscape", 1, 1, prom_url_query_escape, "s" },
        { 0 },
};
