/* model/compat.h - AlertCompat: whose behaviour alerting has where versions of Alertmanager differ. */
#pragma once

typedef enum AlertCompat {
        ALERT_COMPAT_034,    /* Alertmanager 0.34, the default */
        ALERT_COMPAT_025,    /* Alertmanager 0.25 */
        ALERT_COMPAT_PHAROS, /* 0.34 without its known faults: repeats at the n-th tick, ends under a silence are told */
} AlertCompat;
