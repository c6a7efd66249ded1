/* Invariants
 * 1. Arithmetic that would leave the range of a duration (64 bits) or a time (TMPL_CIVIL_MAX_S) stays at its end. */
#include "gotmpl/tmpl_timemethods.h"

#include "gotmpl/tmpl_civil.h"
#include "gotmpl/tmpl_time.h"

static void print_month(Buf *out, const TmplValue *v)
{
        if (v->i >= 1 && v->i <= 12)
                buf_cstr_add(out, tmpl_civil_months[v->i - 1]);
        else
                buf_printf(out, "%%!Month(%lld)", (long long)v->i);
}

static void print_weekday(Buf *out, const TmplValue *v)
{
        if (v->i >= 0 && v->i < 7)
                buf_cstr_add(out, tmpl_civil_weekdays[v->i]);
        else
                buf_printf(out, "%%!Weekday(%lld)", (long long)v->i);
}

/* A duration's nanoseconds. */
static int64_t saturated(__int128 ns) { return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns; }

static __int128 ns_of(const TmplValue *time) { return (__int128)time->i * TMPL_CIVIL_NS_PER_S + (__int128)time->n; }

/* The same zone at another moment. */
static TmplValue moved(const TmplValue *time, __int128 by_ns)
{
        __int128 at = ns_of(time) + by_ns;
        __int128 s = at / TMPL_CIVIL_NS_PER_S - (at % TMPL_CIVIL_NS_PER_S < 0);
        TmplValue to = s < -TMPL_CIVIL_MAX_S  ? tmpl_time(-TMPL_CIVIL_MAX_S, 0)
                       : s > TMPL_CIVIL_MAX_S ? tmpl_time(TMPL_CIVIL_MAX_S, 0)
                                              : tmpl_time((int64_t)s, (uint32_t)(at - s * TMPL_CIVIL_NS_PER_S));
        to.opaque = time->opaque;
        return to;
}

static int order(const TmplValue *a, const TmplValue *b)
{
        __int128 d = ns_of(a) - ns_of(b);
        return (d > 0) - (d < 0);
}

TmplValue tmpl_timemethods_sub(const TmplValue *a, const TmplValue *b)
{
        return (TmplValue){ .kind = TMPL_DURATION, .i = saturated(ns_of(a) - ns_of(b)) };
}

#define METHOD(name_)                                                                                           \
        static bool name_(TmplRun *run, const TmplValue *self, const TmplValue *args, size_t n, TmplValue *ret, \
                          Err *err)
#define UNUSED_ARGS() ((void)run, (void)self, (void)args, (void)n, (void)err)

METHOD(string_of)
{
        UNUSED_ARGS();
        Buf text = { .arena = gotmpl_arena(run) };
        gotmpl_print(&text, self);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

static const TmplMethod string_methods[] = { { "String", 0, 0, string_of, "" }, { 0 } };
static const TmplType month_type = { .go_name = "time.Month", .methods = string_methods, .print = print_month };
static const TmplType int64_type = { .go_name = "int64" };
static const TmplType weekday_type = { .go_name = "time.Weekday", .methods = string_methods, .print = print_weekday };

METHOD(time_format)
{
        UNUSED_ARGS();
        Buf text = { .arena = gotmpl_arena(run) };
        tmpl_time_format(&text, self, args[0].s);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

#define TIME_INT(name_, expr)                      \
        METHOD(name_)                              \
        {                                          \
                UNUSED_ARGS();                     \
                TmplCivil c = tmpl_civil_of(self); \
                *ret = tmpl_int(expr);             \
                return true;                       \
        }                                          \
        _Static_assert(1, "")
TIME_INT(time_year, c.year);
TIME_INT(time_day, c.day);
TIME_INT(time_hour, c.hour);
TIME_INT(time_minute, c.minute);
TIME_INT(time_second, c.second);
TIME_INT(time_nanosecond, c.ns);
TIME_INT(time_year_day, c.yearday);
#define TIME_INT64(name_, expr)                    \
        METHOD(name_)                              \
        {                                          \
                UNUSED_ARGS();                     \
                TmplCivil c = tmpl_civil_of(self); \
                *ret = tmpl_int(expr);             \
                ret->type = &int64_type;           \
                return true;                       \
        }                                          \
        _Static_assert(1, "")
TIME_INT64(time_unix, c.unix_s);
/* What 64 bits cannot hold wraps around, as Go's does. */
TIME_INT64(time_unix_milli, (int64_t)((uint64_t)c.unix_s * 1000 + (uint64_t)c.ns / 1000000));
TIME_INT64(time_unix_micro, (int64_t)((uint64_t)c.unix_s * 1000000 + (uint64_t)c.ns / 1000));
TIME_INT64(time_unix_nano, (int64_t)((uint64_t)c.unix_s *TMPL_CIVIL_NS_PER_S + (uint64_t)c.ns));

METHOD(time_month)
{
        UNUSED_ARGS();
        *ret = tmpl_int(tmpl_civil_of(self).month);
        ret->type = &month_type;
        return true;
}

METHOD(time_weekday)
{
        UNUSED_ARGS();
        *ret = tmpl_int(tmpl_civil_of(self).weekday);
        ret->type = &weekday_type;
        return true;
}

METHOD(time_utc)
{
        UNUSED_ARGS();
        *ret = *self;
        ret->type = NULL;
        ret->opaque = NULL;
        return true;
}

METHOD(time_add)
{
        UNUSED_ARGS();
        *ret = moved(self, args[0].i);
        return true;
}

METHOD(time_add_date)
{
        UNUSED_ARGS();
        TmplCivil c = tmpl_civil_of(self);
        for (size_t i = 0; i < 3; i++)
                if (args[i].i > 100000 || args[i].i < -100000)
                        return err_set(err, ERR_LIMIT, "AddDate moves by at most 100000 years, months or days");
        int64_t days = tmpl_civil_days(c.year + args[0].i, c.month + args[1].i, c.day + args[2].i) -
                       tmpl_civil_days(c.year, c.month, c.day);
        *ret = moved(self, (__int128)days * 86400 * TMPL_CIVIL_NS_PER_S);
        return true;
}

METHOD(time_sub)
{
        UNUSED_ARGS();
        *ret = tmpl_timemethods_sub(self, &args[0]);
        return true;
}

METHOD(time_before)
{
        UNUSED_ARGS();
        *ret = tmpl_bool(order(self, &args[0]) < 0);
        return true;
}

METHOD(time_after)
{
        UNUSED_ARGS();
        *ret = tmpl_bool(order(self, &args[0]) > 0);
        return true;
}

METHOD(time_equal)
{
        UNUSED_ARGS();
        *ret = tmpl_bool(order(self, &args[0]) == 0);
        return true;
}

METHOD(time_is_zero)
{
        UNUSED_ARGS();
        *ret = tmpl_bool(self->i == TMPL_TIME_ZERO_S && self->n == 0);
        return true;
}

METHOD(time_compare)
{
        UNUSED_ARGS();
        *ret = tmpl_int(order(self, &args[0]));
        return true;
}

METHOD(time_is_dst)
{
        UNUSED_ARGS();
        *ret = tmpl_bool(false); /* zones here are offsets */
        return true;
}

/* Since year 1, as Go rounds: floor of the distance to a multiple of the unit. */
static int64_t rest_of(const TmplValue *time, int64_t unit_ns)
{
        __int128 since = ns_of(time) - (__int128)TMPL_TIME_ZERO_S * TMPL_CIVIL_NS_PER_S;
        return (int64_t)((since % unit_ns + unit_ns) % unit_ns);
}

METHOD(time_truncate)
{
        UNUSED_ARGS();
        *ret = moved(self, args[0].i > 0 ? -rest_of(self, args[0].i) : 0);
        return true;
}

METHOD(time_round)
{
        UNUSED_ARGS();
        int64_t unit = args[0].i, rest = unit > 0 ? rest_of(self, unit) : 0;
        *ret = moved(self, rest < unit - rest || unit <= 0 ? -rest : unit - rest);
        return true;
}

static void print_location(Buf *out, const TmplValue *v)
{
        const TmplZone *zone = v->opaque;
        buf_cstr_add(out, zone ? zone->abbreviation : "UTC");
}

METHOD(time_location)
{
        static const TmplType location = { .go_name = "*time.Location",
                                           .methods = string_methods,
                                           .print = print_location };
        UNUSED_ARGS();
        *ret = (TmplValue){ .kind = TMPL_OPAQUE, .opaque = self->opaque, .type = &location };
        return true;
}

METHOD(time_go_string)
{
        UNUSED_ARGS();
        Buf text = { .arena = gotmpl_arena(run) };
        tmpl_time_print_go(&text, self);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

/* Known to Go, with more than one result. */
METHOD(time_many)
{
        UNUSED_ARGS();
        *ret = (TmplValue){ 0 };
        return true;
}

static const TmplMethod time_methods[] = {
        { "Format", 1, 1, time_format, "s" },
        { "String", 0, 0, string_of, "" },
        { "Unix", 0, 0, time_unix, "" },
        { "UnixMicro", 0, 0, time_unix_micro, "" },
        { "UnixMilli", 0, 0, time_unix_milli, "" },
        { "UnixNano", 0, 0, time_unix_nano, "" },
        { "UTC", 0, 0, time_utc, "" },
        { "Local", 0, 0, time_utc, "" },
        { "Add", 1, 1, time_add, "d" },
        { "AddDate", 3, 3, time_add_date, "iii" },
        { "Sub", 1, 1, time_sub, "t" },
        { "Before", 1, 1, time_before, "t" },
        { "After", 1, 1, time_after, "t" },
        { "Equal", 1, 1, time_equal, "t" },
        { "Compare", 1, 1, time_compare, "t", .since_1_20 = true },
        { "IsZero", 0, 0, time_is_zero, "" },
        { "IsDST", 0, 0, time_is_dst, "" },
        { "Round", 1, 1, time_round, "d" },
        { "Truncate", 1, 1, time_truncate, "d" },
        { "Location", 0, 0, time_location, "" },
        { "GoString", 0, 0, time_go_string, "" },
        { "Date", 0, 0, time_many, "", .results = 3 },
        { "Clock", 0, 0, time_many, "", .results = 3 },
        { "ISOWeek", 0, 0, time_many, "", .results = 2 },
        { "Zone", 0, 0, time_many, "", .results = 2 },
        { "Year", 0, 0, time_year, "" },
        { "Month", 0, 0, time_month, "" },
        { "Day", 0, 0, time_day, "" },
        { "Hour", 0, 0, time_hour, "" },
        { "Minute", 0, 0, time_minute, "" },
        { "Second", 0, 0, time_second, "" },
        { "Nanosecond", 0, 0, time_nanosecond, "" },
        { "YearDay", 0, 0, time_year_day, "" },
        { "Weekday", 0, 0, time_weekday, "" },
        { 0 },
};

#define DURATION_FLOAT(name_, unit_ns)                                               \
        METHOD(name_)                                                                \
        {                                                                            \
                UNUSED_ARGS();                                                       \
                int64_t whole = self->i / (unit_ns), rest = self->i % (unit_ns);     \
                *ret = tmpl_float((double)whole + (double)rest / (double)(unit_ns)); \
                return true;                                                         \
        }                                                                            \
        _Static_assert(1, "")
DURATION_FLOAT(duration_seconds, TMPL_CIVIL_NS_PER_S);
DURATION_FLOAT(duration_minutes, (60 * TMPL_CIVIL_NS_PER_S));
DURATION_FLOAT(duration_hours, (3600 * TMPL_CIVIL_NS_PER_S));

#define DURATION_INT(name_, unit_ns)                  \
        METHOD(name_)                                 \
        {                                             \
                UNUSED_ARGS();                        \
                *ret = tmpl_int(self->i / (unit_ns)); \
                ret->type = &int64_type;              \
                return true;                          \
        }                                             \
        _Static_assert(1, "")
DURATION_INT(duration_milliseconds, 1000000);
DURATION_INT(duration_microseconds, 1000);
DURATION_INT(duration_nanoseconds, 1);

METHOD(duration_abs)
{
        UNUSED_ARGS();
        *ret = *self;
        ret->i = self->i == INT64_MIN ? INT64_MAX : self->i < 0 ? -self->i : self->i;
        return true;
}

METHOD(duration_truncate)
{
        UNUSED_ARGS();
        *ret = *self;
        if (args[0].i > 0)
                ret->i = self->i - self->i % args[0].i;
        return true;
}

METHOD(duration_round)
{
        UNUSED_ARGS();
        *ret = *self;
        int64_t unit = args[0].i;
        if (unit <= 0)
                return true;
        int64_t rest = self->i % unit;
        if (self->i < 0)
                ret->i = -rest < unit - -rest ? self->i - rest : saturated((__int128)self->i - rest - unit);
        else
                ret->i = rest < unit - rest ? self->i - rest : saturated((__int128)self->i - rest + unit);
        return true;
}

static const TmplMethod duration_methods[] = {
        { "String", 0, 0, string_of, "" },
        { "Seconds", 0, 0, duration_seconds, "" },
        { "Minutes", 0, 0, duration_minutes, "" },
        { "Hours", 0, 0, duration_hours, "" },
        { "Milliseconds", 0, 0, duration_milliseconds, "" },
        { "Microseconds", 0, 0, duration_microseconds, "" },
        { "Nanoseconds", 0, 0, duration_nanoseconds, "" },
        { "Abs", 0, 0, duration_abs, "" },
        { "Truncate", 1, 1, duration_truncate, "d" },
        { "Round", 1, 1, duration_round, "d" },
        { 0 },
};

const TmplMethod *tmpl_timemethods(TmplKind kind)
{
        return kind == TMPL_TIME ? time_methods : kind == TMPL_DURATION ? duration_methods : NULL;
}
