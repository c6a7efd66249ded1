/* store/changelog.h - ChangeLog: from which time on stored samples have changed since when, for engines that tell (StoreEngine.changes).
 *
 * Two numbers a change, a fixed number of changes: what is forgotten makes answers more cautious, never wrong. Thread-safe. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "os/mutex.h"

enum {
        CHANGELOG_ENTRIES = 512,
        CHANGELOG_GRAIN_MS = 5000, /* changes are told as if they were from the start of such a stretch on */
};

typedef struct ChangeLogEntry {
        uint64_t mark;
        int64_t from_ms;
} ChangeLogEntry;

typedef struct ChangeLog {
        Mutex mu;
        uint64_t first GUARDED_BY(&mu), now GUARDED_BY(&mu); /* marks */
        size_t n GUARDED_BY(&mu);
        ChangeLogEntry entries[CHANGELOG_ENTRIES] GUARDED_BY(&mu); /* marks and times both rise */
} ChangeLog;

void changelog_init(ChangeLog *log);
void changelog_done(ChangeLog *log);
/* Samples at from_ms or later came, went or changed; readers see it already. INT64_MIN: any sample. */
void changelog_note(ChangeLog *log, int64_t from_ms);
/* The mark of now. */
uint64_t changelog_now(ChangeLog *log);
/* The earliest time of what was noted after the mark; INT64_MAX: nothing was; INT64_MIN: the mark is not of this log. */
int64_t changelog_since(ChangeLog *log, uint64_t mark);
