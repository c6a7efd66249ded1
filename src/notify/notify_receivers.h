/* notify/notify_receivers.h - receivers as configured: each integration with its kind and its bound options. Private. */
#pragma once
#include "notify/notify.h"
#include "notify/notify_kind.h"

typedef struct Integration {
        const NotifyKind *kind;
        Str name; /* webhook[0] */
        const NotifyBase *options;
        const YamlNode *node;
} Integration;

typedef struct ReceiverBound {
        Str name;
        Integration *integrations;
        size_t n;
} ReceiverBound;

struct NotifyReceivers {
        ReceiverBound *data;
        size_t n;
        TmplSet *text, *html; /* freed with the arena */
        AlertCompat compat;
};

const ReceiverBound *notify_receivers_find(const NotifyReceivers *receivers, Str name);
/* What this integration is told: without the resolved alerts that it does not want. The array lives in arena. */
Notification notify_receivers_tailor(const Notification *from, const Integration *to, Arena *arena);
/* A message of this integration about a notification, up to make. */
void notify_receivers_msg(const NotifyReceivers *receivers, const Integration *to, const Notification *n, Arena *arena,
                          NotifyMsg *ret);
