/* gotmpl/gotmpl_alert.c - the data and the functions of notification templates.
 *
 * Invariants:
 * 1. A pair list is sorted: alertname first, the other names by byte order; Names, Values and printing follow it.
 * 2. ctx is a TmplAlertCtx. */
#include <stdlib.h>
#include <string.h>

#include "gotmpl/gotmpl.h"
#include "gotmpl/tmpl_civil.h"
#include "gotmpl/tmpl_escape.h"
#include "gotmpl/tmpl_func.h"
#include "gotmpl/tmpl_time.h"
#include "gotmpl/tmpl_timemethods.h"
#include "model/quote.h"

#define FUNC(name_) \
        static bool name_(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
#define METHOD(name_)                                                                                           \
        static bool name_(TmplRun *run, const TmplValue *self, const TmplValue *args, size_t n, TmplValue *ret, \
                          Err *err)
#define UNUSED_FUNC() ((void)ctx, (void)run, (void)args, (void)n, (void)err)
#define UNUSED_METHOD() ((void)run, (void)self, (void)args, (void)n, (void)err)

/* ---- strings */

static TmplValue join(const TmplValue *list, Str separator, Arena *arena)
{
        Buf out = { .arena = arena };
        for (size_t i = 0; i < list->n; i++) {
                if (i)
                        buf_str_add(&out, separator);
                buf_str_add(&out, list->items[i].s);
        }
        return tmpl_str(buf_str(&out));
}

METHOD(strings_join)
{
        UNUSED_METHOD();
        *ret = join(self, args[0].s, gotmpl_arena(run));
        return true;
}

static const TmplMethod strings_methods[] = { { "Join", 1, 1, strings_join, "s" }, { 0 } };
static const TmplType strings_type = { .go_name = "template.Strings", .methods = strings_methods };
static const TmplType string_slice_type = { .go_name = "[]string" };

/* ---- pairs and KV */

static const Str pair_keys[] = { STR_INIT("Name"), STR_INIT("Value") };
static const TmplType pair_type = { .go_name = "template.Pair", .plain_json = true };

/* Names (field 0) or values (field 1) of pairs. */
static const TmplType pairs_type_0_25;

static bool pair_fields(TmplRun *run, const TmplValue *pairs, size_t field, TmplValue *ret)
{
        const TmplType *type = pairs->type == &pairs_type_0_25 ? &string_slice_type : &strings_type;
        TmplValue *items = arena_array(gotmpl_arena(run), TmplValue, pairs->n);
        for (size_t i = 0; i < pairs->n; i++)
                items[i] = pairs->items[i].items[field];
        *ret = (TmplValue){ .kind = TMPL_LIST, .items = items, .n = pairs->n, .type = type };
        return true;
}

METHOD(pairs_names)
{
        UNUSED_METHOD();
        return pair_fields(run, self, 0, ret);
}

METHOD(pairs_values)
{
        UNUSED_METHOD();
        return pair_fields(run, self, 1, ret);
}

METHOD(print_self)
{
        UNUSED_METHOD();
        Buf text = { .arena = gotmpl_arena(run) };
        gotmpl_print(&text, self);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

static void print_pairs(Buf *out, const TmplValue *pairs)
{
        for (size_t i = 0; i < pairs->n; i++) {
                if (i)
                        buf_lit(out, ", ");
                buf_str_add(out, pairs->items[i].items[0].s);
                buf_char(out, '=');
                buf_str_add(out, pairs->items[i].items[1].s);
        }
}

static const TmplMethod pairs_methods[] = { { "Names", 0, 0, pairs_names, "" },
                                            { "Values", 0, 0, pairs_values, "" },
                                            { "String", 0, 0, print_self, "" },
                                            { 0 } };
static const TmplType pairs_type = { .go_name = "template.Pairs", .methods = pairs_methods, .print = print_pairs };

static const TmplMethod pairs_methods_0_25[] = { { "Names", 0, 0, pairs_names, "" },
                                                 { "Values", 0, 0, pairs_values, "" },
                                                 { 0 } };
static const TmplType pairs_type_0_25 = { .go_name = "template.Pairs", .methods = pairs_methods_0_25 };
static const TmplType kv_type_0_25;

static int pair_order(const void *a, const void *b)
{
        Str x = ((const TmplValue *)a)->items[0].s, y = ((const TmplValue *)b)->items[0].s;
        bool x_first = str_eq(x, STR("alertname")), y_first = str_eq(y, STR("alertname"));
        return x_first != y_first ? (x_first ? -1 : 1) : str_cmp(x, y);
}

static TmplValue sorted_pairs(const TmplValue *kv, Arena *arena)
{
        TmplValue *pairs = arena_array(arena, TmplValue, kv->n), *fields = arena_array(arena, TmplValue, 2 * kv->n);
        for (size_t i = 0; i < kv->n; i++) {
                fields[2 * i] = tmpl_str(kv->keys[i]);
                fields[2 * i + 1] = kv->items[i];
                pairs[i] = (TmplValue){
                        .kind = TMPL_STRUCT, .items = &fields[2 * i], .keys = pair_keys, .n = 2, .type = &pair_type
                };
        }
        if (kv->n)
                qsort(pairs, kv->n, sizeof *pairs, pair_order);
        const TmplType *type = kv->type == &kv_type_0_25 ? &pairs_type_0_25 : &pairs_type;
        return (TmplValue){ .kind = TMPL_LIST, .items = pairs, .n = kv->n, .type = type };
}

METHOD(kv_sorted_pairs)
{
        UNUSED_METHOD();
        *ret = sorted_pairs(self, gotmpl_arena(run));
        return true;
}

METHOD(kv_names)
{
        UNUSED_METHOD();
        TmplValue pairs = sorted_pairs(self, gotmpl_arena(run));
        return pair_fields(run, &pairs, 0, ret);
}

METHOD(kv_values)
{
        UNUSED_METHOD();
        TmplValue pairs = sorted_pairs(self, gotmpl_arena(run));
        return pair_fields(run, &pairs, 1, ret);
}

METHOD(kv_remove)
{
        UNUSED_METHOD();
        TmplValue *items = arena_array(gotmpl_arena(run), TmplValue, self->n);
        Str *keys = arena_array(gotmpl_arena(run), Str, self->n);
        size_t kept = 0;
        for (size_t i = 0; i < self->n; i++) {
                bool drop = false;
                for (size_t j = 0; j < args[0].n && !drop; j++)
                        drop = str_eq(self->keys[i], args[0].items[j].s);
                if (drop)
                        continue;
                keys[kept] = self->keys[i];
                items[kept++] = self->items[i];
        }
        *ret = *self;
        ret->keys = keys;
        ret->items = items;
        ret->n = kept;
        return true;
}

static void print_kv(Buf *out, const TmplValue *kv)
{
        AUTO(arena_free) Arena *arena = arena_new();
        TmplValue pairs = sorted_pairs(kv, arena);
        print_pairs(out, &pairs);
}

static const TmplMethod kv_methods[] = { { "SortedPairs", 0, 0, kv_sorted_pairs, "" },
                                         { "Remove", 1, 1, kv_remove, "l" },
                                         { "Names", 0, 0, kv_names, "" },
                                         { "Values", 0, 0, kv_values, "" },
                                         { "String", 0, 0, print_self, "" },
                                         { 0 } };
static const TmplType kv_type = {
        .go_name = "template.KV", .methods = kv_methods, .elem_kind = TMPL_STRING, .print = print_kv
};

static const TmplMethod kv_methods_0_25[] = { { "SortedPairs", 0, 0, kv_sorted_pairs, "" },
                                              { "Remove", 1, 1, kv_remove, "l" },
                                              { "Names", 0, 0, kv_names, "" },
                                              { "Values", 0, 0, kv_values, "" },
                                              { 0 } };
static const TmplType kv_type_0_25 = { .go_name = "template.KV", .methods = kv_methods_0_25, .elem_kind = TMPL_STRING };

static TmplValue kv_of(TmplKv kv, bool as_0_25, Arena *arena)
{
        TmplValue value = gotmpl_alert_kv(kv, arena);
        if (as_0_25)
                value.type = &kv_type_0_25;
        return value;
}

TmplValue gotmpl_alert_kv(TmplKv kv, Arena *arena)
{
        TmplValue *items = arena_array(arena, TmplValue, kv.n);
        for (size_t i = 0; i < kv.n; i++)
                items[i] = tmpl_str(kv.values[i]);
        return (TmplValue){ .kind = TMPL_MAP, .items = items, .keys = kv.names, .n = kv.n, .type = &kv_type };
}

/* ---- alerts and data */

static const TmplType alert_type = { .go_name = "template.Alert" };
static const TmplType alert_slice_type = { .go_name = "[]template.Alert" };
#define ROUTE_LABELS STR_INIT("RouteLabels")
METHOD(data_route_labels)
{
        static const Str name = ROUTE_LABELS;
        UNUSED_METHOD();
        *ret = self->n && str_eq(self->keys[self->n - 1], name) ? self->items[self->n - 1]
                                                                : (TmplValue){ .kind = TMPL_MAP, .type = &kv_type };
        return true;
}

static const TmplMethod data_methods[] = { { "RouteLabels", 0, 0, data_route_labels, "" }, { 0 } };
static const TmplType data_types[2][2] = {
        /* by pointer, as 0.25 */
        { { .go_name = "template.Data", .methods = data_methods }, { .go_name = "template.Data" } },
        { { .go_name = "*template.Data", .methods = data_methods }, { .go_name = "*template.Data" } },
};

static bool with_status(TmplRun *run, const TmplValue *alerts, Str status, TmplValue *ret)
{
        TmplValue *items = arena_array(gotmpl_arena(run), TmplValue, alerts->n);
        size_t n = 0;
        for (size_t i = 0; i < alerts->n; i++)
                if (str_eq(alerts->items[i].items[0].s, status))
                        items[n++] = alerts->items[i];
        *ret = (TmplValue){ .kind = TMPL_LIST, .items = items, .n = n, .type = &alert_slice_type };
        return true;
}

METHOD(alerts_firing)
{
        UNUSED_METHOD();
        return with_status(run, self, STR("firing"), ret);
}

METHOD(alerts_resolved)
{
        UNUSED_METHOD();
        return with_status(run, self, STR("resolved"), ret);
}

static const TmplMethod alerts_methods[] = { { "Firing", 0, 0, alerts_firing, "" },
                                             { "Resolved", 0, 0, alerts_resolved, "" },
                                             { 0 } };
static const TmplType alerts_type = { .go_name = "template.Alerts", .methods = alerts_methods };

static TmplValue status_of(bool firing) { return tmpl_str(firing ? STR("firing") : STR("resolved")); }

static TmplValue alert_value(const TmplAlert *alert, bool as_0_25, Arena *arena)
{
        static const Str keys[] = { STR_INIT("Status"),     STR_INIT("Labels"), STR_INIT("Annotations"),
                                    STR_INIT("StartsAt"),   STR_INIT("EndsAt"), STR_INIT("GeneratorURL"),
                                    STR_INIT("Fingerprint") };
        TmplValue *fields = arena_array(arena, TmplValue, ARRAY_LEN(keys));
        fields[0] = status_of(alert->firing);
        fields[1] = kv_of(alert->labels, as_0_25, arena);
        fields[2] = kv_of(alert->annotations, as_0_25, arena);
        fields[3] = alert->starts_at;
        fields[4] = alert->ends_at;
        fields[5] = tmpl_str(alert->generator_url);
        fields[6] = tmpl_str(alert->fingerprint);
        return (TmplValue){
                .kind = TMPL_STRUCT, .items = fields, .keys = keys, .n = ARRAY_LEN(keys), .type = &alert_type
        };
}

TmplValue gotmpl_alert_time(Str rfc3339, Arena *arena)
{
        TmplValue time = tmpl_time(TMPL_TIME_ZERO_S, 0);
        tmpl_time_parse(STR("2006-01-02T15:04:05Z07:00"), rfc3339, arena, &time);
        return time;
}

TmplValue gotmpl_alert_data(const TmplAlertData *data, Arena *arena)
{
        static const Str keys[] = { STR_INIT("Receiver"),           STR_INIT("Status"),      STR_INIT("Alerts"),
                                    STR_INIT("NotificationReason"), STR_INIT("GroupLabels"), STR_INIT("CommonLabels"),
                                    STR_INIT("CommonAnnotations"),  STR_INIT("ExternalURL"), ROUTE_LABELS };
        static const Str keys_0_25[] = { STR_INIT("Receiver"),     STR_INIT("Status"),
                                         STR_INIT("Alerts"),       STR_INIT("GroupLabels"),
                                         STR_INIT("CommonLabels"), STR_INIT("CommonAnnotations"),
                                         STR_INIT("ExternalURL") };
        TmplValue *alerts = arena_array(arena, TmplValue, data->alerts_n),
                  *fields = arena_array(arena, TmplValue, ARRAY_LEN(keys));
        for (size_t i = 0; i < data->alerts_n; i++)
                alerts[i] = alert_value(&data->alerts[i], data->as_0_25, arena);
        size_t n = 0;
        fields[n++] = tmpl_str(data->receiver);
        fields[n++] = status_of(data->firing);
        fields[n++] = (TmplValue){ .kind = TMPL_LIST, .items = alerts, .n = data->alerts_n, .type = &alerts_type };
        if (!data->as_0_25)
                fields[n++] = tmpl_str(data->notification_reason);
        fields[n++] = kv_of(data->group_labels, data->as_0_25, arena);
        fields[n++] = kv_of(data->common_labels, data->as_0_25, arena);
        fields[n++] = kv_of(data->common_annotations, data->as_0_25, arena);
        fields[n++] = tmpl_str(data->external_url);
        if (!data->as_0_25 && data->route_labels.n) /* a method gives the empty ones: whole data shows none */
                fields[n++] = kv_of(data->route_labels, data->as_0_25, arena);
        return (TmplValue){ .kind = TMPL_STRUCT,
                            .items = fields,
                            .keys = data->as_0_25 ? keys_0_25 : keys,
                            .n = n,
                            .type = &data_types[data->by_pointer][data->as_0_25] };
}

/* ---- functions */

FUNC(alert_title)
{
        UNUSED_FUNC();
        *ret = tmpl_str(tmpl_func_title(args[0].s, false, gotmpl_arena(run)));
        return true;
}

FUNC(alert_trim_space)
{
        UNUSED_FUNC();
        *ret = tmpl_str(str_trim(args[0].s));
        return true;
}

FUNC(alert_join)
{
        UNUSED_FUNC();
        *ret = join(&args[1], args[0].s, gotmpl_arena(run));
        return true;
}

FUNC(alert_safe_url)
{
        UNUSED_FUNC();
        *ret = tmpl_str(args[0].s);
        ret->safe_url = true;
        return true;
}

static int hex(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

FUNC(alert_url_unescape)
{
        UNUSED_FUNC();
        Str s = args[0].s;
        Buf out = { .arena = gotmpl_arena(run) };
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] != '%') {
                        buf_char(&out, s.p[i] == '+' ? ' ' : s.p[i]);
                        continue;
                }
                if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0) {
                        Buf quoted = { .arena = gotmpl_arena(run) };
                        quote_go(&quoted, str_sub(s, i, i + 3));
                        return err_set(err, ERR_INVALID, "invalid URL escape " STR_FMT, STR_ARG(buf_str(&quoted)));
                }
                buf_char(&out, (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2])));
                i += 2;
        }
        *ret = tmpl_str(buf_str(&out));
        return true;
}

static TmplValue copy_list(const TmplValue *items, size_t n, const TmplType *type, Arena *arena)
{
        TmplValue *own = arena_array(arena, TmplValue, n);
        for (size_t i = 0; i < n; i++)
                own[i] = items[i];
        return (TmplValue){ .kind = TMPL_LIST, .items = own, .n = n, .type = type };
}

FUNC(alert_string_slice)
{
        UNUSED_FUNC();
        *ret = copy_list(args, n, &string_slice_type, gotmpl_arena(run));
        return true;
}

FUNC(alert_list)
{
        UNUSED_FUNC();
        *ret = copy_list(args, n, NULL, gotmpl_arena(run));
        return true;
}

FUNC(alert_append)
{
        UNUSED_FUNC();
        size_t have = args[0].n;
        TmplValue *items = arena_array(gotmpl_arena(run), TmplValue, have + n - 1);
        for (size_t i = 0; i < have; i++)
                items[i] = args[0].items[i];
        for (size_t i = 1; i < n; i++)
                items[have + i - 1] = args[i];
        *ret = (TmplValue){ .kind = TMPL_LIST, .items = items, .n = have + n - 1 };
        return true;
}

FUNC(alert_dict)
{
        UNUSED_FUNC();
        if (n % 2)
                return err_set(err, ERR_INVALID, "dict requires an even number of arguments");
        TmplValue *items = arena_array(gotmpl_arena(run), TmplValue, n / 2);
        Str *keys = arena_array(gotmpl_arena(run), Str, n / 2);
        size_t len = 0;
        for (size_t i = 0; i < n; i += 2) {
                if (args[i].kind != TMPL_STRING)
                        return err_set(err, ERR_INVALID, "dict keys must be strings");
                size_t at = 0;
                while (at < len && !str_eq(keys[at], args[i].s))
                        at++;
                keys[at] = args[i].s;
                items[at] = args[i + 1];
                len += at == len;
        }
        *ret = (TmplValue){ .kind = TMPL_MAP, .items = items, .keys = keys, .n = len };
        return true;
}

FUNC(alert_date)
{
        UNUSED_FUNC();
        Buf out = { .arena = gotmpl_arena(run) };
        tmpl_time_format(&out, &args[1], args[0].s);
        *ret = tmpl_str(buf_str(&out));
        return true;
}

FUNC(alert_tz)
{
        UNUSED_FUNC();
        const TmplAlertCtx *alert = ctx;
        TmplZone *zone = arena_new_of(gotmpl_arena(run), TmplZone);
        *ret = args[1];
        ret->opaque = NULL;
        if (str_eq(args[0].s, STR("UTC")) || args[0].s.n == 0)
                return true;
        if (!alert->zone || !alert->zone(alert->self, args[0].s, args[1].i, &zone->offset_s, zone->abbreviation))
                return err_set(err, ERR_NOT_FOUND, "unknown time zone " STR_FMT, STR_ARG(args[0].s));
        ret->opaque = zone;
        return true;
}

FUNC(alert_to_date)
{
        UNUSED_FUNC();
        *ret = tmpl_time(TMPL_TIME_ZERO_S, 0); /* what cannot be read is Go's zero time */
        tmpl_time_parse(args[0].s, args[1].s, gotmpl_arena(run), ret);
        return true;
}

FUNC(alert_must_to_date)
{
        UNUSED_FUNC();
        return tmpl_time_parse(args[0].s, args[1].s, gotmpl_arena(run), ret) ||
               err_set(err, ERR_INVALID, "parsing time \"" STR_FMT "\" as \"" STR_FMT "\": cannot parse it",
                       STR_ARG(args[1].s), STR_ARG(args[0].s));
}

FUNC(alert_now)
{
        UNUSED_FUNC();
        *ret = tmpl_time_of_ms(((const TmplAlertCtx *)ctx)->now_ms);
        return true;
}

FUNC(alert_since)
{
        UNUSED_FUNC();
        TmplValue now = tmpl_time_of_ms(((const TmplAlertCtx *)ctx)->now_ms);
        *ret = tmpl_timemethods_sub(&now, &args[0]);
        return true;
}

FUNC(alert_humanize_duration)
{
        UNUSED_FUNC();
        double v;
        if (!tmpl_func_number(&args[0], &v, err))
                return false;
        *ret = tmpl_func_humanize_duration(v, gotmpl_arena(run));
        return true;
}

FUNC(alert_to_json)
{
        UNUSED_FUNC();
        Buf out = { .arena = gotmpl_arena(run) };
        tmpl_escape_json(&out, &args[0]);
        *ret = tmpl_str(buf_str(&out));
        return true;
}

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

FUNC(alert_base64_encode)
{
        UNUSED_FUNC();
        Str s = args[0].s;
        Buf out = { .arena = gotmpl_arena(run) };
        for (size_t i = 0; i < s.n; i += 3) {
                size_t have = MIN_OF(s.n - i, 3);
                uint32_t v = 0;
                for (size_t j = 0; j < 3; j++)
                        v = v << 8 | (j < have ? (unsigned char)s.p[i + j] : 0);
                for (size_t j = 0; j < 4; j++)
                        buf_char(&out, j <= have ? base64_letters[v >> (18 - 6 * j) & 63] : '=');
        }
        *ret = tmpl_str(buf_str(&out));
        return true;
}

FUNC(alert_base64_decode)
{
        UNUSED_FUNC();
        Str s = args[0].s;
        Buf out = { .arena = gotmpl_arena(run) };
        size_t len = s.n;
        while (len && s.p[len - 1] == '=' && s.n - len < 2)
                len--;
        uint32_t v = 0;
        for (size_t i = 0; i < len; i++) {
                const char *letter = s.p[i] ? strchr(base64_letters, s.p[i]) : NULL;
                if (!letter || s.n % 4)
                        return err_set(err, ERR_INVALID, "illegal base64 data at input byte %zu", letter ? len : i);
                v = v << 6 | (uint32_t)(letter - base64_letters);
                if (i % 4)
                        buf_char(&out, (char)(v >> (6 - 2 * (i % 4))));
        }
        *ret = tmpl_str(buf_str(&out));
        return true;
}

/* Route labels are expanded where routes are; in a notification's texts the function gives nothing. */
FUNC(alert_route_labels)
{
        UNUSED_FUNC();
        *ret = tmpl_str(STR(""));
        return true;
}

const TmplFunc gotmpl_alert_funcs[] = {
        { "toUpper", 1, 1, tmpl_func_upper, "s" },
        { "toLower", 1, 1, tmpl_func_lower, "s" },
        { "title", 1, 1, alert_title, "s" },
        { "trimSpace", 1, 1, alert_trim_space, "s" },
        { "join", 2, 2, alert_join, "sl" },
        { "match", 2, 2, tmpl_func_match, "s" },
        { "reReplaceAll", 3, 3, tmpl_func_re_replace_all, "s" },
        { "safeHtml", 1, 1, tmpl_func_safe_html, "s" },
        { "safeUrl", 1, 1, alert_safe_url, "s" },
        { "urlUnescape", 1, 1, alert_url_unescape, "s" },
        { "stringSlice", 0, -1, alert_string_slice, "s" },
        { "list", 0, -1, alert_list, "a" },
        { "append", 1, -1, alert_append, "xa" },
        { "dict", 0, -1, alert_dict, "a" },
        { "date", 2, 2, alert_date, "st" },
        { "tz", 2, 2, alert_tz, "st" },
        { "toDate", 2, 2, alert_to_date, "s" },
        { "mustToDate", 2, 2, alert_must_to_date, "s" },
        { "now", 0, 0, alert_now, "" },
        { "since", 1, 1, alert_since, "t" },
        { "humanizeDuration", 1, 1, alert_humanize_duration, "a" },
        { "toJson", 1, 1, alert_to_json, "a" },
        { "base64encode", 1, 1, alert_base64_encode, "s" },
        { "base64decode", 1, 1, alert_base64_decode, "s" },
        { "routeLabels", 1, 1, alert_route_labels, "s" },
        { 0 },
};

const TmplFunc gotmpl_alert_funcs_0_25[] = {
        { "toUpper", 1, 1, tmpl_func_upper, "s" },
        { "toLower", 1, 1, tmpl_func_lower, "s" },
        { "title", 1, 1, alert_title, "s" },
        { "join", 2, 2, alert_join, "sl" },
        { "match", 2, 2, tmpl_func_match, "s" },
        { "reReplaceAll", 3, 3, tmpl_func_re_replace_all, "s" },
        { "safeHtml", 1, 1, tmpl_func_safe_html, "s" },
        { "stringSlice", 0, -1, alert_string_slice, "s" },
        { 0 },
};
