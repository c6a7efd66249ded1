/* Intervals mean what Alertmanager's do; where it refuses (no ranges over midnight or over the week's end), so do we. */
#include "alert/alert_interval.h"

#include <limits.h>
#include <stddef.h>

#include "base/num.h"

enum { MINUTES_A_DAY = 24 * 60, MOST_YEARS = 9999 };

typedef struct TimeYaml {
        Str start, end;
} TimeYaml;
typedef struct SpanYaml {
        StructList times;
        bool has_times, has_weekdays, has_days, has_months, has_years;
        StrList weekdays, days, months, years;
        Str location;
        const YamlNode *node;
} SpanYaml;
typedef struct IntervalYaml {
        Str name;
        StructList spans;
        const YamlNode *node;
} IntervalYaml;

static const Option time_options[] = {
        { .key = "start_time", .kind = OPT_STR, .offset = offsetof(TimeYaml, start), .help = "HH:MM, included." },
        { .key = "end_time",
          .kind = OPT_STR,
          .offset = offsetof(TimeYaml, end),
          .help = "HH:MM up to 24:00, not included." },
        OPTION_END,
};
static const OptionTable time_table = { "times", time_options, sizeof(TimeYaml), NULL };

static void keep_span_node(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        ((SpanYaml *)self)->node = node;
}

static void keep_interval_node(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        ((IntervalYaml *)self)->node = node;
}

static const Option span_options[] = {
        { .key = "times",
          .kind = OPT_STRUCT_LIST,
          .offset = offsetof(SpanYaml, times),
          .set_offset = offsetof(SpanYaml, has_times),
          .table = &time_table,
          .help = "Times of the day." },
        { .key = "weekdays",
          .kind = OPT_STR_LIST,
          .offset = offsetof(SpanYaml, weekdays),
          .set_offset = offsetof(SpanYaml, has_weekdays),
          .help = "Names or ranges such as monday:friday; sunday is the first." },
        { .key = "days_of_month",
          .kind = OPT_STR_LIST,
          .offset = offsetof(SpanYaml, days),
          .set_offset = offsetof(SpanYaml, has_days),
          .help = "Days or ranges; -1 is the last of the month." },
        { .key = "months",
          .kind = OPT_STR_LIST,
          .offset = offsetof(SpanYaml, months),
          .set_offset = offsetof(SpanYaml, has_months),
          .help = "Names or numbers, or ranges of them." },
        { .key = "years",
          .kind = OPT_STR_LIST,
          .offset = offsetof(SpanYaml, years),
          .set_offset = offsetof(SpanYaml, has_years),
          .help = "Years or ranges of them." },
        { .key = "location",
          .kind = OPT_STR,
          .offset = offsetof(SpanYaml, location),
          .help = "Time zone such as Europe/Paris, or Local; default UTC." },
        OPTION_END,
};
static const OptionTable span_table = { "time interval", span_options, sizeof(SpanYaml), keep_span_node };

static const Option interval_options[] = {
        { .key = "name", .kind = OPT_STR, .offset = offsetof(IntervalYaml, name), .help = "What routes call it." },
        { .key = "time_intervals",
          .kind = OPT_STRUCT_LIST,
          .offset = offsetof(IntervalYaml, spans),
          .table = &span_table,
          .help = "One of these must hold; all fields of one must hold together." },
        OPTION_END,
};
static const OptionTable interval_table = { "time_intervals", interval_options, sizeof(IntervalYaml),
                                            keep_interval_node };

/* ---- reading ---- */

/* One end of a range: a name of the list (counted from `first`) or a number. */
typedef struct Words {
        const char *const *names;
        size_t n;
        int first;
        const char *what;
        int min, max;
        bool numbers, negative;
        int month_days; /* with negative: to compare what is counted from either end */
} Words;

static const char *const WEEKDAYS[] = { "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday" };
static const char *const MONTHS[] = { "january", "february", "march",     "april",   "may",      "june",
                                      "july",    "august",   "september", "october", "november", "december" };

static bool read_word(Str text, const Words *w, int *ret, Err *err)
{
        int64_t number;
        for (size_t i = 0; i < w->n; i++) {
                if (str_eq_fold(text, str_of(w->names[i]))) {
                        *ret = w->first + (int)i;
                        return true;
                }
        }
        if (!w->numbers || !num_parse_i64(text, &number))
                return err_set(err, ERR_INVALID, STR_FMT " is not a valid %s", STR_ARG(text), w->what);
        if (number < w->min || number > w->max || (w->negative && number == 0))
                return err_set(err, ERR_INVALID, STR_FMT " is not a valid %s: out of range", STR_ARG(text), w->what);
        *ret = (int)number;
        return true;
}

/* As upstream: ranges that hold in no month (or not in each: it compares within 28 days) are mistakes. */
static bool check_days(AlertRange r, int month_days, Err *err)
{
        if (r.from < 0 && r.to > 0)
                return err_set(err, ERR_INVALID, "end day must be negative if start day is negative");
        int from = r.from < 0 ? month_days + r.from : r.from;
        int to = r.to < 0 ? month_days + r.to : r.to;
        if (from > to)
                return err_set(err, ERR_INVALID, "end day %d is always before start day %d", r.to, r.from);
        return true;
}

static bool read_range(Str text, const Words *w, AlertRange *ret, Err *err)
{
        Str from, to, more;
        bool two = str_cut(text, ':', &from, &to);
        if (!read_word(from, w, &ret->from, err))
                return false;
        ret->to = ret->from;
        if (two && str_cut(to, ':', &to, &more))
                return err_set(err, ERR_INVALID, "couldn't parse range " STR_FMT ": it has more than two ends",
                               STR_ARG(text));
        if (two && !read_word(to, w, &ret->to, err))
                return false;
        if (w->negative)
                return check_days(*ret, w->month_days, err);
        if (ret->from <= ret->to)
                return true;
        if (w->names == WEEKDAYS)
                return err_set(err, ERR_INVALID,
                               "start day cannot be before end day: split the range at saturday, the last of the week");
        return err_set(err, ERR_INVALID, "end %s " STR_FMT " is before start %s " STR_FMT, w->what, STR_ARG(to),
                       w->what, STR_ARG(from));
}

/* HH:MM, 24:00 as the end of the day. */
static bool read_time(Str text, int *ret, Err *err)
{
        bool digits = text.n == 5 && text.p[2] == ':';
        for (size_t i = 0; digits && i < 5; i++)
                digits = i == 2 || (text.p[i] >= '0' && text.p[i] <= '9');
        int hours = digits ? (text.p[0] - '0') * 10 + text.p[1] - '0' : 99;
        int minutes = digits ? (text.p[3] - '0') * 10 + text.p[4] - '0' : 99;
        *ret = hours * 60 + minutes;
        if (minutes > 59 || *ret > MINUTES_A_DAY)
                return err_set(err, ERR_INVALID, "couldn't parse timestamp " STR_FMT ", invalid format",
                               STR_ARG(str_sub(text, 0, 40)));
        return true;
}

static bool read_times(const SpanYaml *yaml, Arena *arena, AlertRanges *ret, Err *err)
{
        const TimeYaml *times = yaml->times.data;
        AlertRange *ranges = arena_array(arena, AlertRange, yaml->times.n);
        for (size_t i = 0; i < yaml->times.n; i++) {
                if (!times[i].start.n || !times[i].end.n)
                        return err_set(err, ERR_INVALID, "both start and end times must be provided");
                if (!read_time(times[i].start, &ranges[i].from, err) || !read_time(times[i].end, &ranges[i].to, err))
                        return false;
                if (ranges[i].from >= ranges[i].to)
                        return err_set(err, ERR_INVALID,
                                       "start time cannot be equal or greater than end time: split it at midnight");
        }
        *ret = (AlertRanges){ ranges, yaml->times.n, yaml->has_times };
        return true;
}

static bool read_list(StrList texts, bool given, const Words *w, Arena *arena, AlertRanges *ret, Err *err)
{
        AlertRange *ranges = arena_array(arena, AlertRange, texts.n);
        for (size_t i = 0; i < texts.n; i++)
                if (!read_range(texts.data[i], w, &ranges[i], err))
                        return false;
        *ret = (AlertRanges){ ranges, texts.n, given };
        return true;
}

static bool read_span(const SpanYaml *yaml, AlertCompat compat, Arena *arena, AlertSpan *ret, Err *err)
{
        static const Words weekdays = { .names = WEEKDAYS, .n = ARRAY_LEN(WEEKDAYS), .what = "weekday" };
        Words months = { .names = MONTHS,
                         .n = ARRAY_LEN(MONTHS),
                         .first = 1,
                         .what = "month",
                         .min = 1,
                         .max = 12,
                         .numbers = true };
        Words days = { .what = "day of the month",
                       .min = -31,
                       .max = 31,
                       .numbers = true,
                       .negative = true,
                       .month_days = 31 + 1 };
        Words years = { .what = "year", .min = 0, .max = MOST_YEARS, .numbers = true };
        if (compat != ALERT_COMPAT_PHAROS) { /* it takes a thirteenth month, which never comes */
                months.max = years.max = INT_MAX;
                months.min = years.min = -MOST_YEARS;
                days.month_days = 28;
        }
        ret->location = yaml->location;
        return read_times(yaml, arena, &ret->times, err) &&
               read_list(yaml->weekdays, yaml->has_weekdays, &weekdays, arena, &ret->weekdays, err) &&
               read_list(yaml->days, yaml->has_days, &days, arena, &ret->days, err) &&
               read_list(yaml->months, yaml->has_months, &months, arena, &ret->months, err) &&
               read_list(yaml->years, yaml->has_years, &years, arena, &ret->years, err) &&
               (zone_load(yaml->location, arena, &ret->zone, err) || err_wrap(err, "location"));
}

/* One of the ranges lies outside. */
static bool never(const AlertRanges *r, int min, int max)
{
        for (size_t i = 0; i < r->n; i++)
                if (r->data[i].to < min || r->data[i].from > max)
                        return true;
        return false;
}

static bool read_interval(const IntervalYaml *yaml, const OptionCtx *ctx, AlertCompat compat, AlertInterval *ret)
{
        const SpanYaml *spans = yaml->spans.data;
        AlertSpan *out = arena_array(ctx->arena, AlertSpan, yaml->spans.n);
        bool ok = true;
        for (size_t i = 0; i < yaml->spans.n; i++) {
                Err err;
                if (!read_span(&spans[i], compat, ctx->arena, &out[i], &err))
                        ok = diags_error(ctx->diags, ctx->file, spans[i].node ? spans[i].node->pos : (YamlPos){ 0 },
                                         "%s", err.msg);
                else if (never(&out[i].months, 1, 12))
                        diags_warn(ctx->diags, ctx->file, spans[i].node ? spans[i].node->pos : (YamlPos){ 0 },
                                   "a month that is not from 1 to 12 never comes");
        }
        *ret = (AlertInterval){ .name = yaml->name, .spans = out, .n = yaml->spans.n };
        return ok;
}

bool alert_interval_bind(const YamlNode *list, const OptionCtx *ctx, AlertCompat compat, AlertIntervals *intervals)
{
        bool ok = true;
        if (!list || list->kind == YAML_NULL)
                return true;
        if (list->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, list->pos, "time intervals must be a list");
        AlertInterval *all = arena_array(ctx->arena, AlertInterval, intervals->n + list->n);
        for (size_t i = 0; i < intervals->n; i++)
                all[i] = intervals->data[i];
        intervals->data = all;
        for (size_t i = 0; i < list->n; i++) {
                IntervalYaml yaml;
                const YamlNode *node = list->items[i];
                ok &= option_bind(node, &interval_table, &yaml, ctx);
                if (!yaml.name.n)
                        ok = diags_error(ctx->diags, ctx->file, node->pos, "missing name in time interval");
                else if (alert_interval_find(intervals, yaml.name))
                        ok = diags_error(ctx->diags, ctx->file, node->pos,
                                         "time interval \"" STR_FMT "\" is not unique", STR_ARG(yaml.name));
                ok &= read_interval(&yaml, ctx, compat, &intervals->data[intervals->n++]);
        }
        return ok;
}

const AlertInterval *alert_interval_find(const AlertIntervals *intervals, Str name)
{
        for (size_t i = 0; i < intervals->n; i++)
                if (str_eq(intervals->data[i].name, name))
                        return &intervals->data[i];
        return NULL;
}

/* ---- asking ---- */

static bool in_ranges(const AlertRanges *r, int64_t value)
{
        for (size_t i = 0; i < r->n; i++)
                if (value >= r->data[i].from && value <= r->data[i].to)
                        return true;
        return !r->given;
}

static bool in_times(const AlertRanges *r, int minute)
{
        for (size_t i = 0; i < r->n; i++)
                if (minute >= r->data[i].from && minute < r->data[i].to)
                        return true;
        return !r->given;
}

static bool in_days(const AlertRanges *r, int day, int month_days)
{
        for (size_t i = 0; i < r->n; i++) {
                int from = r->data[i].from < 0 ? month_days + r->data[i].from + 1 : r->data[i].from;
                int to = r->data[i].to < 0 ? month_days + r->data[i].to + 1 : r->data[i].to;
                if (from <= month_days && day >= from && day <= to)
                        return true;
        }
        return !r->given;
}

bool alert_interval_contains(const AlertInterval *interval, int64_t now_ms)
{
        int64_t now_s = now_ms / 1000 - (now_ms % 1000 < 0);
        for (size_t i = 0; i < interval->n; i++) {
                const AlertSpan *s = &interval->spans[i];
                ZoneCivil c = zone_civil(s->zone, now_s);
                if (in_times(&s->times, c.minute) && in_days(&s->days, c.day, c.month_days) &&
                    in_ranges(&s->months, c.month) && in_ranges(&s->weekdays, c.weekday) &&
                    in_ranges(&s->years, c.year))
                        return true;
        }
        return false;
}

static AlertRanges ranges_dup(AlertRanges from, Arena *arena)
{
        AlertRange *copy = arena_array(arena, AlertRange, from.n);
        for (size_t i = 0; i < from.n; i++)
                copy[i] = from.data[i];
        return (AlertRanges){ copy, from.n, from.given };
}

bool alert_interval_copy(const AlertIntervals *from, Arena *arena, AlertIntervals *ret, Err *err)
{
        ret->data = arena_array(arena, AlertInterval, from->n);
        ret->n = from->n;
        for (size_t i = 0; i < from->n; i++) {
                const AlertInterval *f = &from->data[i];
                AlertSpan *spans = arena_array(arena, AlertSpan, f->n);
                for (size_t k = 0; k < f->n; k++) {
                        const AlertSpan *s = &f->spans[k];
                        spans[k] = (AlertSpan){ .times = ranges_dup(s->times, arena),
                                                .weekdays = ranges_dup(s->weekdays, arena),
                                                .days = ranges_dup(s->days, arena),
                                                .months = ranges_dup(s->months, arena),
                                                .years = ranges_dup(s->years, arena),
                                                .location = str_dup(arena, s->location) };
                        if (!zone_load(spans[k].location, arena, &spans[k].zone, err))
                                return false;
                }
                ret->data[i] = (AlertInterval){ .name = str_dup(arena, f->name), .spans = spans, .n = f->n };
        }
        return true;
}

void alert_interval_document(Buf *out) { option_document(out, &interval_table); }
