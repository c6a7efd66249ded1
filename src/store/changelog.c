/* Invariants:
 * 1. Entries rise in both numbers: an earlier change from a later time on adds nothing to a later change from an earlier time on, and goes.
 *    So the first entry behind a mark has the earliest time of all that came after it.
 * 2. Every change that was noted is covered by an entry with no lower mark and no later time. Rounding down and merging the two oldest
 *    entries keep that. */
#include "store/changelog.h"

#include <string.h>

#include "os/clock.h"

void changelog_init(ChangeLog *log)
{
        mutex_init(&log->mu);
        MUTEX_SCOPE(&log->mu);
        /* Later than every mark of a log that is gone: more time passes than there are changes. */
        const Clock *clock = clock_system();
        log->first = log->now = (uint64_t)clock->mono_ns(clock);
        log->n = 0;
}

void changelog_done(ChangeLog *log) { mutex_done(&log->mu); }

static int64_t grain_start(int64_t t_ms)
{
        int64_t start;
        int64_t behind = t_ms % CHANGELOG_GRAIN_MS;
        if (__builtin_sub_overflow(t_ms, behind < 0 ? behind + CHANGELOG_GRAIN_MS : behind, &start))
                return INT64_MIN;
        return start;
}

void changelog_note(ChangeLog *log, int64_t from_ms)
{
        from_ms = grain_start(from_ms);
        MUTEX_SCOPE(&log->mu);
        log->now++;
        while (log->n && log->entries[log->n - 1].from_ms >= from_ms)
                log->n--;
        if (log->n == CHANGELOG_ENTRIES) {
                log->entries[1].from_ms = log->entries[0].from_ms;
                memmove(log->entries, log->entries + 1, (log->n - 1) * sizeof *log->entries);
                log->n--;
        }
        log->entries[log->n++] = (ChangeLogEntry){ log->now, from_ms };
}

uint64_t changelog_now(ChangeLog *log)
{
        MUTEX_SCOPE(&log->mu);
        return log->now;
}

int64_t changelog_since(ChangeLog *log, uint64_t mark)
{
        MUTEX_SCOPE(&log->mu);
        if (mark < log->first || mark > log->now)
                return INT64_MIN;
        size_t lo = 0, hi = log->n; /* the first entry behind the mark is in [lo, hi] */
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (log->entries[mid].mark > mark)
                        hi = mid;
                else
                        lo = mid + 1;
        }
        return lo < log->n ? log->entries[lo].from_ms : INT64_MAX;
}
