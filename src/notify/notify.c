/* Deliveries: one job per integration and notification, with retries until its time is over. Requests run on the loop
 * thread, mails, whose dialogue blocks, on a few threads of their own.
 *
 * Invariants:
 * 1. A job holds all that it sends when notify_send returns: a reload never changes a message under way.
 * 2. Network errors, 5xx and 429 are tried again after 0.5 s, then half as long again each time (with +-50 % chance), or
 *    after what Retry-After says; other answers fail at once.
 * 3. done is called exactly once for each job, also when the program stops (as failed: it is tried again after the start). */
#include "notify/notify.h"

#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/num.h"
#include "base/rand.h"
#include "component/http_auth.h"
#include "net/mail_command.h"
#include "notify/notify_lanes.h"
#include "notify/notify_receivers.h"
#include "os/mutex.h"
#include "sync/pool.h"

enum {
        FIRST_BACKOFF_MS = 500,
        LONGEST_BACKOFF_MS = 60000,
        ATTEMPT_TIMEOUT_MS = 30000,
        MAX_ANSWER_BYTES = 64 << 10,
        MAX_JOBS = 10000,
        MAIL_THREADS = 2,
        MAX_STEPS = 20 /* requests of one message */
};

METRIC_FAMILY(attempts, METRIC_KIND_COUNTER, "pharos_notify_attempts_total",
              "Requests to receivers, by integration and outcome.", "integration", "outcome");

typedef struct NotifyJob NotifyJob;
struct Notify {
        NotifyOptions options;
        NotifyMemory *memory;
        Mutex mu; /* guards receivers, jobs, n_jobs, lanes, stopping, mail_pool */
        NotifyLanes lanes;
        const NotifyReceivers *receivers;
        NotifyJob *jobs; /* under way */
        size_t n_jobs;
        bool stopping;
        Pool *mail_pool; /* made for the first mail */
        atomic_bool stop_mail;
        Rand rand; /* the loop thread's */
};

struct NotifyJob {
        NotifyJob *prev, *next;
        Notify *notify;
        Arena *arena;
        Str integration;
        NotifyMsg msg;
        HttpCallOptions first; /* where a retry starts */
        HttpCallOptions extra; /* headers and credentials of http_config */
        HttpAuthTls auth;
        HttpAuthToken *token; /* NULL: no oauth2 */
        int64_t give_up_mono_ms, timeout_ms;
        int64_t backoff_ms;
        LoopTimer *timer;
        HttpCall *under_way;
        NotifyLane *lane;
        size_t bytes; /* that it takes */
        bool rests;   /* waits to be tried again */
        bool mailing; /* a mail thread has it */
        bool mail_ok;
        SmtpAnswer mail_answer;
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
        n->memory = notify_memory_new();
        notify_memory_set_keep(n->memory, &options->keep);
        mutex_init(&n->mu);
        return n;
}

/* Loop thread: whether it is being tried, or waits. */
static void set_rests(NotifyJob *job, bool rests)
{
        MUTEX_SCOPE(&job->notify->mu);
        if (rests == job->rests)
                return;
        job->rests = rests;
        if (rests)
                notify_lanes_rest(job->lane, job->bytes);
        else
                notify_lanes_try(job->lane, job->bytes);
}

/* Loop thread: the job ends with job->result. */
static void finish(NotifyJob *job)
{
        Notify *n = job->notify;
        loop_timer_free(job->timer);
        set_rests(job, true); /* who hears of the answer finds room */
        job->done(job->arg, &job->result);
        mutex_lock(&n->mu);
        *(job->prev ? &job->prev->next : &n->jobs) = job->next;
        if (job->next)
                job->next->prev = job->prev;
        n->n_jobs--;
        notify_lanes_leave(&n->lanes, job->lane);
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
                job->result.ok = false;
                job->result.retry = true;
                finish(job);
        }
}

static void nothing(void *arg) { (void)arg; }

void notify_free(Notify *n)
{
        if (!n)
                return;
        mutex_lock(&n->mu);
        n->stopping = true;
        Pool *mail_pool = n->mail_pool;
        mutex_unlock(&n->mu);
        atomic_store(&n->stop_mail, true);
        loop_call(n->options.loop, nothing, n); /* what was posted before is begun: no mail is submitted from here on */
        if (mail_pool)
                pool_free(mail_pool);
        loop_call(n->options.loop, stop_all, n); /* behind every mail that came back */
        notify_memory_free(n->memory);
        notify_lanes_done(&n->lanes);
        mutex_done(&n->mu);
        mem_free(n);
}

void notify_apply(Notify *n, const NotifyReceivers *receivers)
{
        MUTEX_SCOPE(&n->mu);
        n->receivers = receivers;
}

size_t notify_integrations(void *self, Str receiver)
{
        Notify *n = self;
        MUTEX_SCOPE(&n->mu);
        return notify_receivers_count(n->receivers, receiver);
}

bool notify_send_resolved(void *self, Str receiver, size_t integration)
{
        Notify *n = self;
        MUTEX_SCOPE(&n->mu);
        return notify_receivers_send_resolved(n->receivers, receiver, integration);
}

bool notify_room(void *self, Str receiver, size_t integration)
{
        Notify *n = self;
        MUTEX_SCOPE(&n->mu);
        return notify_lanes_room(&n->lanes, receiver, integration);
}

/* ---- attempts, on the loop thread */

static void attempt(void *arg);

static bool is_stopping(Notify *n)
{
        MUTEX_SCOPE(&n->mu);
        return n->stopping;
}

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
        job->msg.call = job->first;
        job->msg.step = 0;
        if (job->timer)
                loop_timer_restart(job->timer, wait_ms);
        else
                job->timer = loop_timer_new(n->options.loop, wait_ms, 0, attempt, job);
        set_rests(job, true);
        if (n->options.on_room)
                n->options.on_room(n->options.on_room_ctx);
}

static void settle(NotifyJob *job, NotifyVerdict verdict)
{
        DeliveryResult *r = &job->result;
        r->ok = verdict == NOTIFY_DELIVERED;
        r->retry = verdict == NOTIFY_RETRY;
        if (r->ok)
                r->err = (Err){ 0 };
        metric_add(metric_of(&attempts, job->integration,
                             r->ok      ? STR("ok")
                             : r->retry ? STR("retry")
                                        : STR("failed")),
                   1);
        if (r->retry)
                retry_later(job, r->retry_after_ms);
        else
                finish(job);
}

/* Seconds, or a date. */
static int64_t retry_after_ms(const NotifyJob *job, Str text)
{
        enum { MAX_S = 86400 };
        uint64_t seconds = 0;
        struct tm tm = { 0 };
        if (num_parse_u64(text, &seconds))
                return (int64_t)MIN_OF(seconds, (uint64_t)MAX_S) * 1000;
        if (text.n == 0 || !strptime(str_dupz(job->arena, text), "%a, %d %b %Y %H:%M:%S GMT", &tm))
                return 0;
        int64_t wait_ms = (int64_t)timegm(&tm) * 1000 - clock_wall_ms(job->notify->options.clock);
        return MAX_OF(MIN_OF(wait_ms, (int64_t)MAX_S * 1000), (int64_t)0);
}

static void send_request(NotifyJob *job);

static void answered(void *arg, const HttpAnswer *answer)
{
        NotifyJob *job = arg;
        NotifyMsg *m = &job->msg;
        DeliveryResult *r = &job->result;
        job->under_way = NULL;
        r->err = (Err){ 0 };
        r->status = answer->ok ? answer->status : 0;
        r->retry_after_ms = answer->ok ? retry_after_ms(job, answer->retry_after) : 0;
        if (!answer->ok) {
                r->err = answer->err;
                settle(job, NOTIFY_RETRY);
                return;
        }
        NotifyVerdict verdict = m->kind->answered ? m->kind->answered(m, answer, &r->err)
                                                  : notify_msg_status(answer, &r->err);
        if (answer->status == 401 && job->token) { /* the token may have been taken back */
                notify_memory_put(job->notify->memory, job->token->cache_key, (Str){ 0 }, 0);
                verdict = job->auth.bearer.n ? NOTIFY_RETRY : verdict;
                job->auth.bearer = (Str){ 0 };
        }
        if (verdict == NOTIFY_NEXT && ++m->step >= MAX_STEPS) {
                err_set(&r->err, ERR_LIMIT, "more than %d requests for one message", MAX_STEPS);
                verdict = NOTIFY_FAILED;
        }
        if (verdict == NOTIFY_NEXT)
                send_request(job);
        else
                settle(job, verdict);
}

static int64_t time_left(const NotifyJob *job)
{
        int64_t left_ms = job->give_up_mono_ms - clock_mono_ms(job->notify->options.clock);
        return MIN_OF(job->timeout_ms, MAX_OF(left_ms, (int64_t)1));
}

static void token_answered(void *arg, const HttpAnswer *answer)
{
        NotifyJob *job = arg;
        NotifyMsg *m = &job->msg;
        int64_t valid_ms;
        Str token;
        job->under_way = NULL;
        if (!answer->ok || !http_auth_token(answer, job->arena, &token, &valid_ms, &job->result.err)) {
                if (!answer->ok)
                        job->result.err = answer->err;
                bool pass = !answer->ok || answer->status / 100 == 5 || answer->status == 429;
                settle(job, pass ? NOTIFY_RETRY : NOTIFY_FAILED);
                return;
        }
        notify_memory_put(job->notify->memory, job->token->cache_key, token,
                          clock_wall_ms(job->notify->options.clock) + valid_ms);
        job->auth.bearer = token;
        m->step = 0;
        send_request(job);
}

/* True when there is nothing to ask for, or the token is known. */
static bool has_token(NotifyJob *job)
{
        Notify *n = job->notify;
        if (!job->token || job->auth.bearer.n ||
            notify_memory_get(n->memory, job->token->cache_key, clock_wall_ms(n->options.clock), job->arena,
                              &job->auth.bearer))
                return true;
        job->token->call.timeout_ms = time_left(job);
        job->token->call.max_body_bytes = MAX_ANSWER_BYTES;
        job->token->call.secret_url = true;
        job->under_way = http_client_start(n->options.client, &job->token->call, token_answered, job);
        return false;
}

static void send_request(NotifyJob *job)
{
        HttpCallOptions call = job->msg.call;
        HttpHeader *headers = arena_array(job->arena, HttpHeader, call.n_headers + job->extra.n_headers);
        if (!has_token(job))
                return;
        for (size_t i = 0; i < call.n_headers; i++)
                headers[i] = call.headers[i];
        for (size_t i = 0; i < job->extra.n_headers; i++)
                headers[call.n_headers + i] = job->extra.headers[i];
        call.headers = headers;
        call.n_headers += job->extra.n_headers;
        call.auth = &job->auth;
        call.no_redirects = job->extra.no_redirects;
        call.secret_url = true;
        call.timeout_ms = time_left(job);
        call.max_body_bytes = MAX_ANSWER_BYTES;
        job->under_way = http_client_start(job->notify->options.client, &call, answered, job);
}

/* ---- mails */

static void mailed(void *arg)
{
        NotifyJob *job = arg;
        job->mailing = false;
        job->result.status = job->mail_answer.code;
        settle(job, job->mail_ok ? NOTIFY_DELIVERED : job->mail_answer.permanent ? NOTIFY_FAILED : NOTIFY_RETRY);
}

/* A mail thread. */
static void send_mail(void *arg)
{
        NotifyJob *job = arg;
        const SmtpMail *mail = job->msg.mail;
        const atomic_bool *stop = &job->notify->stop_mail;
        job->mail_ok = smtp_client_send(mail, stop, &job->mail_answer, &job->result.err);
        if (!job->mail_ok && mail->program.n && !job->mail_answer.code) { /* no server said a word */
                Err why;
                job->mail_ok = mail_command_send(mail->program.p, mail, stop, &job->mail_answer, &why);
                if (!job->mail_ok)
                        err_set(&job->result.err, why.code,
                                "no mail server answers at " STR_FMT ":" STR_FMT
                                ", and %s: set smtp_smarthost, or install a mail server",
                                STR_ARG(mail->host), STR_ARG(mail->port), why.msg);
        }
        loop_post(job->notify->options.loop, mailed, job);
}

static void submit_mail(NotifyJob *job)
{
        Notify *n = job->notify;
        job->msg.mail->timeout_ms = time_left(job);
        job->mail_answer = (SmtpAnswer){ 0 };
        job->mailing = true;
        mutex_lock(&n->mu);
        if (!n->mail_pool && !n->stopping)
                n->mail_pool = pool_new(n->options.mail_threads ? n->options.mail_threads : MAIL_THREADS, MAX_JOBS);
        bool ok = !n->stopping && pool_submit(n->mail_pool, send_mail, job);
        mutex_unlock(&n->mu);
        if (ok)
                return;
        job->mailing = false;
        err_set(&job->result.err, ERR_UNAVAILABLE, "too many mails wait");
        settle(job, NOTIFY_RETRY);
}

static void attempt(void *arg)
{
        NotifyJob *job = arg;
        if (job->give_up_mono_ms <= clock_mono_ms(job->notify->options.clock)) {
                finish(job);
                return;
        }
        set_rests(job, false);
        job->result.attempts++;
        if (job->msg.mail)
                submit_mail(job);
        else
                send_request(job);
}

static void start(void *arg)
{
        NotifyJob *job = arg;
        Notify *n = job->notify;
        mutex_lock(&n->mu);
        job->next = n->jobs;
        if (n->jobs)
                n->jobs->prev = job;
        n->jobs = job;
        mutex_unlock(&n->mu);
        if (is_stopping(n)) {
                err_set(&job->result.err, ERR_CANCELED, "stopped before it was delivered");
                job->result.retry = true;
                finish(job);
        } else {
                attempt(job);
        }
}

/* ---- making the message */

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

static bool add_auth(NotifyJob *job, const HttpOptions *options, Err *err)
{
        HttpOptions o = *options;
        if (o.oauth2) {
                job->token = arena_new_of(job->arena, HttpAuthToken);
                if (!http_auth_oauth2(o.oauth2, job->arena, job->token, err))
                        return false;
                o.oauth2 = NULL;
        }
        return http_auth_fill(&o, job->arena, &job->extra, &job->auth, err);
}

/* Under mu: turns the notification into the job's message, or ends it at once (*ret_ok). False: nothing to send. */
static bool prepare(Notify *n, NotifyJob *job, const Notification *notification, bool *ret_ok, Err *err)
{
        const ReceiverBound *r = notify_receivers_find(n->receivers, notification->receiver);
        const Integration *to = r && notification->integration < r->n ? &r->integrations[notification->integration]
                                                                      : NULL;
        NotifyMsg *m = &job->msg;
        *ret_ok = false;
        if (!to)
                return err_set(err, ERR_NOT_FOUND, "receiver '" STR_FMT "' is gone", STR_ARG(notification->receiver));
        job->integration = str_dup(job->arena, to->name);
        Notification mine = notify_receivers_tailor(notification, to, job->arena);
        if (mine.n_alerts == 0 || !to->kind->make) {
                if (mine.n_alerts)
                        log_instead(&mine, to);
                *ret_ok = true;
                return false;
        }
        if (n->n_jobs >= MAX_JOBS)
                return err_set(err, ERR_LIMIT, "%d notifications wait to be delivered already", MAX_JOBS);
        notify_receivers_msg(n->receivers, to, &mine, job->arena, m);
        m->version = n->options.version;
        m->memory = n->memory;
        m->now_ms = clock_wall_ms(n->options.clock);
        if (!to->kind->make(m, err) || !add_auth(job, to->options->http, err))
                return false;
        job->timeout_ms = to->options->timeout_ms ? to->options->timeout_ms : ATTEMPT_TIMEOUT_MS;
        job->first = m->call;
        m->options = NULL; /* a reload may free them */
        m->n = NULL;
        m->text = m->html = NULL;
        return true;
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
        if (ready) {
                n->n_jobs++;
                job->bytes = arena_used(arena);
                job->lane = notify_lanes_enter(&n->lanes, notification->receiver, notification->integration,
                                               job->bytes);
        }
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
