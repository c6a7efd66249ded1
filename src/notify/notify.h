/* notify/notify.h - Notify: receivers and their integrations; turns a Notification into requests and sees them through
 * (retries with back-off that honour Retry-After, bounded queue per receiver). */
#pragma once
#include <stdbool.h>

#include "config/diag.h"
#include "config/option.h"
#include "model/notification.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "os/clock.h"

typedef struct Notify Notify;
typedef struct NotifyOptions {
        Loop *loop;
        HttpClient *client;
        const Clock *clock;
        Str version;              /* for User-Agent: Alertmanager/<version> */
        int64_t first_backoff_ms; /* before the first retry; 0: 500 */
} NotifyOptions;
Notify *notify_new(const NotifyOptions *options); /* returns owned */
/* Ends what is under way as failed. Nobody may call notify_send any more. */
void notify_free(Notify *notify);

typedef struct NotifyReceivers NotifyReceivers; /* bound receivers of one configuration */
/* Binds the integrations of each receiver (name, node). Integrations that this build cannot deliver yet are accepted with
 * a warning that names them; a receiver whose integrations all are such ones logs what it would have sent. */
bool notify_receivers_bind(const Str *names, const YamlNode *const *nodes, size_t n, const YamlNode *global,
                           const OptionCtx *ctx, NotifyReceivers **ret);
/* The keys of integrations as Markdown. */
void notify_document(Buf *out);
/* Switches to these receivers (borrowed as long as they are current: the arena they were bound in must live on until the
 * next apply returned). */
void notify_apply(Notify *notify, const NotifyReceivers *receivers);
/* The members of an AlertSender; self is the Notify. Any thread. */
size_t notify_integrations(void *self, Str receiver);
bool notify_send_resolved(void *self, Str receiver, size_t integration);
/* Sends to one integration; resolved alerts are left out when it does not want them (nothing left: done at once, ok). */
void notify_send(void *self, const Notification *notification, void (*done)(void *arg, const DeliveryResult *result),
                 void *arg);
/* Alertmanager's webhook body, exactly. */
void notify_webhook_body(Buf *out, const Notification *notification);
