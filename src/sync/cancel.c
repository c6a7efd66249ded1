/* Invariants:
 * 1. Once raised or late, a Cancel stays so.
 * 2. A poll without deadline is one relaxed load; the clock is read only when there is a deadline. */
#include "sync/cancel.h"

#include <stdatomic.h>
#include <stddef.h>

void cancel_init(Cancel *cancel, const Clock *clock, int64_t timeout_ms)
{
        atomic_init(&cancel->raised, false);
        cancel->clock = clock;
        cancel->deadline_mono_ns = 0;
        cancel->parent = NULL;
        if (timeout_ms <= 0)
                return;
        int64_t now = clock->mono_ns(clock);
        /* A timeout beyond the clock's range is no deadline. */
        if (timeout_ms < (INT64_MAX - now) / 1000000)
                cancel->deadline_mono_ns = now + timeout_ms * 1000000;
}

void cancel_raise(Cancel *cancel) { atomic_store_explicit(&cancel->raised, true, memory_order_relaxed); }

static bool is_late(const Cancel *cancel)
{
        return cancel->deadline_mono_ns && cancel->clock->mono_ns(cancel->clock) >= cancel->deadline_mono_ns;
}

bool cancel_is_raised(const Cancel *cancel)
{
        for (; cancel; cancel = cancel->parent)
                if (atomic_load_explicit(&cancel->raised, memory_order_relaxed) || is_late(cancel))
                        return true;
        return false;
}

bool cancel_check(const Cancel *cancel, Err *err)
{
        for (; cancel; cancel = cancel->parent) {
                if (atomic_load_explicit(&cancel->raised, memory_order_relaxed))
                        return err_set(err, ERR_CANCELED, "canceled by the caller");
                if (is_late(cancel))
                        return err_set(err, ERR_TIMEOUT, "timed out");
        }
        return true;
}
