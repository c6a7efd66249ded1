/* notify/notify_receivers.h - receivers as configured: each integration with its options bound. Private. */
#pragma once
#include "config/http_options.h"
#include "notify/notify.h"

typedef enum IntegrationKind {
        INTEGRATION_WEBHOOK,
        INTEGRATION_LOG,    /* pharos' own: a line in the log */
        INTEGRATION_UNSENT, /* understood, not delivered by this version: logged in its place */
} IntegrationKind;

typedef struct WebhookOptions {
        bool send_resolved;
        Secret url; /* may carry a token: never printed */
        Str url_file;
        uint64_t max_alerts;
        int64_t timeout_ms;
        HttpOptions http;
} WebhookOptions;

typedef struct LogOptions {
        bool send_resolved;
} LogOptions;

typedef struct Integration {
        IntegrationKind kind;
        Str name; /* webhook[0] */
        bool send_resolved;
        WebhookOptions webhook;
} Integration;

typedef struct ReceiverBound {
        Str name;
        Integration *integrations;
        size_t n;
} ReceiverBound;

struct NotifyReceivers {
        ReceiverBound *data;
        size_t n;
};

extern const OptionTable notify_webhook_table, notify_log_table;
