/* gotmpl/tmpl_civil.h - the calendar: what a moment reads on the wall of its zone, and back. */
#pragma once
#include <stdint.h>

#include "gotmpl/gotmpl.h"

#define TMPL_CIVIL_NS_PER_S INT64_C(1000000000)
/* What arithmetic ends at, 18 thousand million years from now or ago: the calendar can still be told. */
#define TMPL_CIVIL_MAX_S (INT64_C(1) << 59)

/* A place's offset at one moment; immutable, lives at least as long as the values that point to it. */
typedef struct TmplZone {
        int32_t offset_s;
        char abbreviation[12];
} TmplZone;

typedef struct TmplCivil {
        int64_t unix_s, year;
        int month, day, hour, minute, second, weekday,
                yearday; /* month, day and yearday count from 1; weekday 0: Sunday */
        int32_t ns, offset_s;
        const char *zone;
} TmplCivil;

extern const char *const tmpl_civil_months[12];
extern const char *const tmpl_civil_weekdays[7];

/* Of a TMPL_TIME value. */
TmplCivil tmpl_civil_of(const TmplValue *time);
/* Days since 1970 to a date of the Gregorian calendar; a month or a day beyond its range counts on into what follows it. */
int64_t tmpl_civil_days(int64_t year, int64_t month, int64_t day);
