/* Deliveries: one job per integration and notification, on the loop thread, with retries until its time is over.
 *
 * Invariants:
 * 1. A job copies what it sends before notify_send returns: a reload never changes a message under way.
 * 2. Network errors, 5xx and 429 are tried again after 0.5 s, then half as long again each time (with +-50 % chance), or
 *    after what Retry-After says; other answers fail at once.
 * 3. done is called exactly once for each job, also when the program stops (as failed: it is tried again after the start). */
#include "notify/notify.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/num.h"
#include "base/rand.h"
#include "component/http_auth.h"
#include "notify/notify_receivers.h"
#include "os/file.h"
#include "os/mutex.h"

enum {
        FIRST_BACKOFF_MS = 500,
        LONGEST_BACKOFF_MS = 60000,
        ATTEMPT_TIMEOUT_MS = 30000,
        MAX_ANSWER_BYTES = 64 << 10,
        MAX_JOBS = 10000
};

METRIC_FAMILY(attempts, METRIC_KIND_COUNTER, "pharos_notify_attempts_total",
              "Requests to receivers, by integration and outcome.", "integration", "outcome");

typedef struct NotifyJob NotifyJob;
struct Notify {
        NotifyOptions options;
        Mutex mu; /* guards receivers, jobs, n_jobs, stopping */
        const NotifyReceivers *receivers;
        NotifyJob *jobs; /* under way */
        size_t n_jobs;
        bool stopping;
        Rand rand; /* the loop thread's */
};

struct NotifyJob {
        NotifyJob *prev, *next;
        Notify *notify;
        Arena *arena;
        Str integration;
        HttpCallOptions call;
        HttpAuthTls auth;
        int64_t give_up_mono_ms;
        int64_t backoff_ms;
        LoopTimer *timer;
        HttpCall *under_way;
        DeliveryResult result;
        void (*done)(void *arg, const DeliveryResult *result);
        void *arg;
};

Notify *notify_new(const NotifyOptions *options)
{
        Notify *n = mem_new(Notify);
        uint64_t seed;
        n->options = *options;
        if (!n->options.clock)
                n->options.clock = clock_system();
        if (!n->options.first_backoff_ms)
                n->options.first_backoff_ms = FIRST_BACKOFF_MS;
        rand_os_bytes(&seed, sizeof seed);
        rand_init(&n->rand, seed);
        mutex_init(&n->mu);
        return n;
}

/* Loop thread: the job ends with job->result. */
static void finish(NotifyJob *job)
{
        Notify *n = job->notify;
        loop_timer_free(job->timer);
        job->done(job->arg, &job->result);
        mutex_lock(&n->mu);
        *(job->prev ? &job->prev->next : &n->jobs) = job->next;
        if (job->next)
                job->next->prev = job->prev;
        n->n_jobs--;
        mutex_unlock(&n->mu);
        arena_free(job->arena);
}

static void stop_all(void *arg)
{
        Notify *n = arg;
        for (;;) {
                mutex_lock(&n->mu);
                NotifyJob *job = n->jobs;
                mutex_unlock(&n->mu);
                if (!job)
                        return;
                if (job->under_way)
                        http_client_cancel(n->options.client, job->under_way);
                err_set(&job->result.err, ERR_CANCELED, "stopped before it was delivered");
                job->result.retry = true;
                finish(job);
        }
}

void notify_free(Notify *n)
{
        if (!n)
                return;
        mutex_lock(&n->mu);
        n->stopping = true;
        mutex_unlock(&n->mu);
        loop_call(n->options.loop, stop_all, n); /* behind every job that was posted before */
        mutex_done(&n->mu);
        mem_free(n);
}

void notify_apply(Notify *n, const NotifyReceivers *receivers)
{
        MUTEX_SCOPE(&n->mu);
        n->receivers = receivers;
}

static const ReceiverBound *find_receiver(const Notify *n, Str name)
{
        for (size_t i = 0; n->receivers && i < n->receivers->n; i++)
                if (str_eq(n->receivers->data[i].name, name))
                        return &n->receivers->data[i];
        return NULL;
}

size_t notify_integrations(void *self, Str receiver)
{
        Notify *n = self;
        MUTEX_SCOPE(&n->mu);
        const ReceiverBound *r = find_receiver(n, receiver);
        return r ? r->n : 0;
}

bool notify_send_resolved(void *self, Str receiver, size_t integration)
{
        Notify *n = self;
        MUTEX_SCOPE(&n->mu);
        const ReceiverBound *r = find_receiver(n, receiver);
        return r && integration < r->n && r->integrations[integration].send_resolved;
}

/* ---- attempts, on the loop thread ---- */

static void attempt(void *arg);

static void retry_later(NotifyJob *job, int64_t asked_ms)
{
        Notify *n = job->notify;
        double chance = 0.5 + rand_double(&n->rand);
        int64_t wait_ms = asked_ms ? asked_ms : (int64_t)((double)job->backoff_ms * chance);
        job->backoff_ms = MIN_OF(job->backoff_ms + job->backoff_ms / 2, (int64_t)LONGEST_BACKOFF_MS);
        if (clock_mono_ms(n->options.clock) + wait_ms >= job->give_up_mono_ms) {
                finish(job);
                return;
        }
        if (job->timer)
                loop_timer_restart(job->timer, wait_ms);
        else
                job->timer = loop_timer_new(n->options.loop, wait_ms, 0, attempt, job);
}

static void answered(void *arg, const HttpAnswer *answer)
{
        NotifyJob *job = arg;
        DeliveryResult *r = &job->result;
        uint64_t retry_after_s = 0;
        job->under_way = NULL;
        r->err = (Err){ 0 };
        r->status = answer->ok ? answer->status : 0;
        r->ok = answer->ok && answer->status / 100 == 2;
        r->retry = !answer->ok || answer->status / 100 == 5 || answer->status == 429;
        if (!answer->ok)
                r->err = answer->err;
        else if (!r->ok)
                err_set(&r->err, ERR_UNAVAILABLE, "unexpected status code %d: " STR_FMT, answer->status,
                        STR_ARG(str_sub(answer->body, 0, 200)));
        IGNORE(num_parse_u64(answer->retry_after, &retry_after_s)); /* a date is not honoured */
        r->retry_after_ms = (int64_t)MIN_OF(retry_after_s, (uint64_t)86400) * 1000;
        metric_add(metric_of(&attempts, job->integration,
                             r->ok      ? STR("ok")
                             : r->retry ? STR("retry")
                                        : STR("failed")),
                   1);
        if (r->ok || !r->retry)
                finish(job);
        else
                retry_later(job, r->retry_after_ms);
}

static void attempt(void *arg)
{
        NotifyJob *job = arg;
        int64_t left_ms = job->give_up_mono_ms - clock_mono_ms(job->notify->options.clock);
        if (left_ms <= 0) {
                finish(job);
                return;
        }
        HttpCallOptions call = job->call;
        call.timeout_ms = MIN_OF(call.timeout_ms, left_ms);
        job->result.attempts++;
        job->under_way = http_client_start(job->notify->options.client, &call, answered, job);
}

static void start(void *arg)
{
        NotifyJob *job = arg;
        Notify *n = job->notify;
        mutex_lock(&n->mu);
        bool stopping = n->stopping;
        job->next = n->jobs;
        if (n->jobs)
                n->jobs->prev = job;
        n->jobs = job;
        mutex_unlock(&n->mu);
        if (stopping) {
                err_set(&job->result.err, ERR_CANCELED, "stopped before it was delivered");
                finish(job);
        } else {
                attempt(job);
        }
}

/* ---- making the request ---- */

/* Resolved alerts leave when they are not wanted; what is over max_alerts is counted. What is said of all is said of what is
 * left. */
static Notification tailor(const Notification *from, const Integration *to, Arena *arena)
{
        Notification n = *from;
        AlertMsg *kept = arena_array(arena, AlertMsg, from->n_alerts);
        n.n_alerts = 0;
        for (size_t i = 0; i < from->n_alerts; i++)
                if (to->send_resolved || from->alerts[i].ends_at_ms == 0)
                        kept[n.n_alerts++] = from->alerts[i];
        if (to->kind == INTEGRATION_WEBHOOK && to->webhook.max_alerts && n.n_alerts > to->webhook.max_alerts) {
                n.truncated_alerts = (uint32_t)(n.n_alerts - to->webhook.max_alerts);
                n.n_alerts = to->webhook.max_alerts;
        }
        n.alerts = kept;
        n.resolved = true;
        for (size_t i = 0; i < n.n_alerts; i++)
                n.resolved &= kept[i].ends_at_ms != 0;
        if (n.n_alerts != from->n_alerts) {
                n.common_labels = alert_msg_common(kept, n.n_alerts, false, arena);
                n.common_annotations = alert_msg_common(kept, n.n_alerts, true, arena);
        }
        return n;
}

static bool make_call(NotifyJob *job, const WebhookOptions *o, const Notification *notification, Str version, Err *err)
{
        Arena *arena = job->arena;
        Str url = o->url.text;
        if (o->url_file.n) {
                Buf text = { .arena = arena };
                if (!file_read_all(fs_system(), str_dupz(arena, o->url_file), 64 << 10, &text, err))
                        return err_wrap(err, "read url_file");
                url = str_trim(buf_str(&text));
        }
        Buf body = { .arena = arena };
        notify_webhook_body(&body, notification);
        HttpHeader *headers = arena_array(arena, HttpHeader, 2);
        headers[0] = (HttpHeader){ STR("Content-Type"), STR("application/json") };
        headers[1] = (HttpHeader){ STR("User-Agent"), str_printf(arena, "Alertmanager/" STR_FMT, STR_ARG(version)) };
        job->call = (HttpCallOptions){
                .method = "POST",
                .url = str_dup(arena, url),
                .headers = headers,
                .n_headers = 2,
                .body = buf_str(&body),
                .timeout_ms = o->timeout_ms ? o->timeout_ms : ATTEMPT_TIMEOUT_MS,
                .max_body_bytes = MAX_ANSWER_BYTES,
        };
        return http_auth_fill(&o->http, arena, &job->call, &job->auth, err);
}

static void log_instead(const Notification *n, const Integration *to)
{
        Buf labels = { 0 };
        labels_print(&labels, n->group_labels);
        const char *status = n->resolved ? "resolved" : "firing";
        for (size_t i = 0; i < n->n_alerts; i++) {
                Buf alert = { 0 };
                labels_print(&alert, n->alerts[i].labels);
                Str summary = labels_get(n->alerts[i].annotations, STR("summary"));
                log_warn("notification", KV("receiver", n->receiver), KV("integration", to->name),
                         KV("group", buf_str(&labels)), KV("status", n->alerts[i].ends_at_ms ? "resolved" : status),
                         KV("alert", buf_str(&alert)), KV("summary", summary));
                buf_done(&alert);
        }
        buf_done(&labels);
}

/* Under mu: turns the notification into the job's request, or ends it at once (*ret_ok). False: nothing to send. */
static bool prepare(Notify *n, NotifyJob *job, const Notification *notification, bool *ret_ok, Err *err)
{
        const ReceiverBound *r = find_receiver(n, notification->receiver);
        const Integration *to = r && notification->integration < r->n ? &r->integrations[notification->integration]
                                                                      : NULL;
        *ret_ok = false;
        if (!to)
                return err_set(err, ERR_NOT_FOUND, "receiver '" STR_FMT "' is gone", STR_ARG(notification->receiver));
        job->integration = str_dup(job->arena, to->name);
        Notification mine = tailor(notification, to, job->arena);
        if (mine.n_alerts == 0 || to->kind != INTEGRATION_WEBHOOK) {
                if (mine.n_alerts)
                        log_instead(&mine, to);
                *ret_ok = true;
                return false;
        }
        if (n->n_jobs >= MAX_JOBS)
                return err_set(err, ERR_LIMIT, "%d notifications wait to be delivered already", MAX_JOBS);
        return make_call(job, &to->webhook, &mine, n->options.version, err);
}

void notify_send(void *self, const Notification *notification, void (*done)(void *, const DeliveryResult *), void *arg)
{
        Notify *n = self;
        Arena *arena = arena_new();
        NotifyJob *job = arena_new_of(arena, NotifyJob);
        bool ok;
        *job = (NotifyJob){
                .notify = n, .arena = arena, .done = done, .arg = arg, .backoff_ms = n->options.first_backoff_ms
        };
        mutex_lock(&n->mu);
        bool ready = prepare(n, job, notification, &ok, &job->result.err);
        n->n_jobs += ready;
        mutex_unlock(&n->mu);
        job->result.integration = job->integration;
        job->result.ok = !ready && ok;
        if (!ready) {
                done(arg, &job->result);
                arena_free(arena);
                return;
        }
        job->give_up_mono_ms = clock_mono_ms(n->options.clock) + notification->timeout_ms;
        loop_post(n->options.loop, start, job);
}
