/* os/zone.h - Zone: time zones by IANA name, from the machine's tz database (TZif files, RFC 8536). Immutable after loading. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct Zone Zone;

enum { ZONE_ABBREVIATION_BYTES = 12, ZONE_MAX_FILE_BYTES = 1 << 20 };

/* "Europe/Paris", "UTC", "" (UTC) or "Local" (what TZ or /etc/localtime says). Lives in arena. ERR_NOT_FOUND for an
 * unknown name, or when the machine has no tz database. */
MUST_CHECK bool zone_load(Str name, Arena *arena, const Zone **ret, Err *err);
/* Reads a TZif file's bytes: for zone_load and tests. ERR_CORRUPT when they are none. */
MUST_CHECK bool zone_parse(Str bytes, Arena *arena, const Zone **ret, Err *err);
/* Seconds east of UTC at a moment; NULL is UTC. ret_abbreviation may be NULL. */
int32_t zone_offset(const Zone *zone, int64_t unix_s, char ret_abbreviation[ZONE_ABBREVIATION_BYTES]);

/* A moment as clocks on the wall show it. */
typedef struct ZoneCivil {
        int64_t year;
        int month, day; /* 1.. */
        int weekday;    /* 0 Sunday */
        int minute;     /* of the day */
        int month_days;
} ZoneCivil;
ZoneCivil zone_civil(const Zone *zone, int64_t unix_s);
