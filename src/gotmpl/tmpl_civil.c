/* Invariants
 * 1. A time is seconds since 1970, within TMPL_CIVIL_MAX_S, and nanoseconds, 0 to 999999999.
 * 2. Nothing here asks the machine for the time or its zone. */
#include "gotmpl/tmpl_civil.h"

const char *const tmpl_civil_months[12] = { "January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December" };
const char *const tmpl_civil_weekdays[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                             "Thursday", "Friday", "Saturday" };

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Eras of 400 years that start in March. */
static void date_of_days(int64_t days, TmplCivil *c)
{
        int64_t z = days + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
        int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
                doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
        c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
        c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
        c->year = yoe + era * 400 + (c->month <= 2);
        bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
        static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
        c->yearday = before[c->month - 1] + c->day + (leap && c->month > 2);
        c->weekday = (int)((days % 7 + 11) % 7);
}

int64_t tmpl_civil_days(int64_t year, int64_t month, int64_t day)
{
        year += floor_div(month - 1, 12);
        month = (month - 1) - floor_div(month - 1, 12) * 12 + 1;
        int64_t y = year - (month <= 2), era = floor_div(y, 400), yoe = y - era * 400;
        int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
        return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 + day - 1;
}

TmplCivil tmpl_civil_of(const TmplValue *t)
{
        TmplCivil c = { .zone = "UTC" };
        const TmplZone *zone = t->opaque;
        if (zone) {
                c.zone = zone->abbreviation;
                c.offset_s = zone->offset_s;
        }
        c.unix_s = t->i;
        c.ns = (int32_t)t->n;
        int64_t local = c.unix_s + c.offset_s, days = floor_div(local, 86400);
        int second = (int)(local - days * 86400);
        c.hour = second / 3600;
        c.minute = second / 60 % 60;
        c.second = second % 60;
        date_of_days(days, &c);
        return c;
}
