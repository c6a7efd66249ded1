/* model/notification.h - Notification: what one receiver is told about one group of alerts; made by alert/, sent by
 * notify/. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/alert_msg.h"

/* Whose behaviour is wanted where it differs. */
typedef enum AlertCompat {
        ALERT_COMPAT_AM_0_34, /* the default */
        ALERT_COMPAT_AM_0_25,
        ALERT_COMPAT_PHAROS, /* known mistakes of the others are not repeated */
} AlertCompat;

typedef struct Notification {
        Str receiver;
        size_t integration; /* which of the receiver's integrations */
        int64_t timeout_ms; /* how long sending may take, retries included */
        Str group_key;      /* {}/{severity="critical"}:{alertname="X"}: Alertmanager's text */
        Labels group_labels;
        Labels common_labels, common_annotations;
        const AlertMsg *alerts; /* sorted as Alertmanager sorts them: by starts_at, then fingerprint order of labels */
        size_t n_alerts;
        bool resolved; /* status of the whole: all alerts are resolved */
        uint32_t truncated_alerts;
        Str external_url;
        int64_t now_ms;
        Str reason;          /* why now: "first notification", ...; empty: not told */
        Labels route_labels; /* of the route that led here */
} Notification;

/* How a delivery ended; kept in the event log. */
typedef struct DeliveryResult {
        bool ok;
        bool retry;             /* failed in a way that may pass: try again within the group's interval */
        int64_t retry_after_ms; /* what the receiver asked for; 0: nothing */
        int status;             /* HTTP status, 0 when none */
        uint32_t attempts;
        Str integration; /* "webhook[0]" */
        Err err;
} DeliveryResult;
