/* notify/notify.h - Notify: receivers and their integrations; turns a Notification into requests and sees them through
 * (retries with back-off that honour Retry-After, bounded queue per receiver). */
#pragma once
#include <stdbool.h>

#include "config/diag.h"
#include "config/option.h"
#include "model/notification.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/smtp_client.h"
#include "os/clock.h"

typedef struct Notify Notify;

/* Where it is kept what must outlive the program, such as which chat message a group was written to. All may be NULL. */
typedef struct NotifyKeep {
        void (*put)(void *ctx, Str key, Str value, int64_t expires_ms); /* any thread */
        /* Calls found for each that was put. */
        void (*each)(void *ctx, void (*found)(void *arg, Str key, Str value, int64_t expires_ms), void *arg);
        void *ctx;
} NotifyKeep;
typedef struct NotifyOptions {
        Loop *loop;
        HttpClient *client;
        const Clock *clock;
        Str version;                /* for User-Agent: Alertmanager/<version> */
        int64_t first_backoff_ms;   /* before the first retry; 0: 500 */
        size_t mail_threads;        /* how many mails at a time; 0: 2 */
        void (*on_room)(void *ctx); /* an integration may have room again without an answer; any thread; may be NULL */
        void *on_room_ctx;
        NotifyKeep keep;
} NotifyOptions;
Notify *notify_new(const NotifyOptions *options); /* returns owned */
/* Ends what is under way as failed. Nobody may call notify_send any more. */
void notify_free(Notify *notify);

/* What integrations remember between messages: access tokens and the like. */
typedef struct NotifyMemory NotifyMemory;
NotifyMemory *notify_memory_new(void); /* returns owned */
void notify_memory_free(NotifyMemory *memory);
typedef struct NotifyReceivers NotifyReceivers; /* bound receivers of one configuration */
/* Binds the integrations of each receiver (name, node). Errors and warnings go to ctx->diags. */
bool notify_receivers_bind(const Str *names, const YamlNode *const *nodes, size_t n, const YamlNode *global,
                           const OptionCtx *ctx, NotifyReceivers **ret);
typedef struct NotifyBindOptions {
        const YamlNode *global; /* the section, or NULL */
        StrList templates;      /* globs of template files */
        AlertCompat compat;
        bool strict;   /* upstream's verdict: without it mails without a server go to the local one, with a warning */
        bool no_trial; /* texts are not run on sample alerts */
} NotifyBindOptions;
/* The same with more to say. Texts that would fail for every message are warned about, with their place. */
bool notify_receivers_bind_with(const Str *names, const YamlNode *const *nodes, size_t n,
                                const NotifyBindOptions *options, const OptionCtx *ctx, NotifyReceivers **ret);
/* What notify_integrations and notify_send_resolved say once they are applied. */
size_t notify_receivers_count(const NotifyReceivers *receivers, Str receiver);
bool notify_receivers_send_resolved(const NotifyReceivers *receivers, Str receiver, size_t integration);
/* A group of two alerts, firing or resolved, to try receivers with; lives in arena. */
void notify_sample(Arena *arena, Str receiver, bool resolved, Notification *ret);
/* What a receiver's integration would send, without sending: requests one after the other, with the answers that
 * on_request gives (left alone: a yes), and mails. */
typedef struct NotifyCapture {
        void (*on_request)(void *arg, const HttpCallOptions *call, HttpAnswer *ret_answer);
        void (*on_mail)(void *arg, const SmtpMail *mail);
        void *arg;
        Str version;          /* of the User-Agent */
        NotifyMemory *memory; /* may be NULL */
        bool hide_secrets;    /* "<secret>" in their places */
} NotifyCapture;
MUST_CHECK bool notify_capture(const NotifyReceivers *receivers, const Notification *notification,
                               const NotifyCapture *capture, Err *err);
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
/* Whether an integration has room for one more message: it has while fewer than 128 are being tried and they take less than
 * 4 MiB. notify_send takes more; this is how its caller keeps them from standing in memory all at once. */
bool notify_room(void *self, Str receiver, size_t integration);
/* Alertmanager's webhook body, exactly. */
void notify_webhook_body(Buf *out, const Notification *notification);
