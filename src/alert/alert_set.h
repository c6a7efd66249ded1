/* alert/alert_set.h - AlertSet: alerts by fingerprint, eight bytes a place. Private; not thread-safe, holds no references. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct StoredAlert;

/* Zero-initialised: empty. */
typedef struct AlertSet {
        struct StoredAlert **slots;
        size_t len, cap;
} AlertSet;

void alert_set_done(AlertSet *set);
/* NULL: absent. */
struct StoredAlert *alert_set_get(const AlertSet *set, uint64_t fingerprint);
/* Returns the alert that stood there with the same fingerprint, NULL when none did. */
struct StoredAlert *alert_set_put(AlertSet *set, struct StoredAlert *alert);
/* Returns what was there, or NULL. */
struct StoredAlert *alert_set_remove(AlertSet *set, uint64_t fingerprint);
/* One after the other, in no order, NULL at the end: `size_t at = 0;` before the first. The set must not change meanwhile. */
struct StoredAlert *alert_set_next(const AlertSet *set, size_t *at);
