/* model/alert_msg.h - AlertMsg: one alert as it travels from rules (or the API) to the router. */
#pragma once
#include <stdint.h>

#include "model/labels.h"

typedef struct AlertMsg {
        Labels labels; /* identity; includes alertname */
        Labels annotations;
        int64_t starts_at_ms;
        int64_t ends_at_ms; /* in the past or now: resolved; 0: not given (resolve_timeout applies) */
        int64_t updated_at_ms;
        Str generator_url;
} AlertMsg;

/* Takes copies of what it keeps. Thread-safe. `self` is who receives. */
typedef struct AlertSink {
        void (*put)(void *self, const AlertMsg *alerts, size_t n);
        void *self;
} AlertSink;

/* The labels (or annotations) that all have with the same value. Strings are borrowed from the alerts, the array lives in
 * arena. */
Labels alert_msg_common(const AlertMsg *alerts, size_t n, bool annotations, Arena *arena);
