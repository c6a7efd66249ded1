/* Invariants:
 * 1. The multi handle, its easy handles and the poll handles belong to the loop thread; other threads prepare a call
 * and post it. `idle` alone is shared, under mu.
 * 2. done is called once for each call that was neither canceled nor under way when the client was freed, never from
 *    inside http_client_start, and with no lock held.
 * 3. A body never holds more than max_body_bytes decoded bytes: the transfer is stopped by the piece that would exceed
 * it.
 * 4. Messages name the redacted URL: no userinfo, no header, no body.
 * 5. Only http and https are spoken, for redirects too; the environment's proxies are ignored: what a call does is what
 *    its options say.
 *
 * Why finished calls are kept and used again: a scrape every few seconds would otherwise allocate 11 KiB of easy handle
 * and the body's buffer each time. */
#include "net/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <uv.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "net/http_call.h"
#include "os/mutex.h"

enum { IDLE_MAX_BODY_BYTES = 1 << 20 };

typedef struct SocketPoll {
        uv_poll_t uv; /* first: closed by address */
        HttpClient *client;
        curl_socket_t fd;
} SocketPoll;

struct HttpClient {
        Loop *loop;
        CURLM *multi;      /* loop thread */
        uv_timer_t *timer; /* loop thread; on the heap, because closing outlives us */
        HttpCall *active;  /* loop thread: list of added calls */
        size_t max_idle;
        Mutex mu;
        VEC(HttpCall *) idle GUARDED_BY(&mu);
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT; /* NOLINT: the library wants it once for a process */
static void init_curl(void) { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); }

static void unlink_call(HttpClient *client, HttpCall *call)
{
        if (call->prev)
                call->prev->next = call->next;
        else
                client->active = call->next;
        if (call->next)
                call->next->prev = call->prev;
        call->prev = call->next = NULL;
}

static void recycle(HttpClient *client, HttpCall *call)
{
        http_call_reset(call);
        mutex_lock(&client->mu);
        bool keep = client->idle.len < client->max_idle;
        if (keep)
                vec_push(&client->idle, call);
        mutex_unlock(&client->mu);
        if (!keep)
                http_call_free(call);
}

static void finish(HttpClient *client, HttpCall *call, CURLcode code)
{
        HttpAnswer answer;
        http_call_answer(call, code, &answer);
        call->done(call->arg, &answer);
        if (call->body.cap > IDLE_MAX_BODY_BYTES)
                buf_done(&call->body);
        recycle(client, call);
}

static void finish_completed(HttpClient *client)
{
        int left;
        for (CURLMsg *msg; (msg = curl_multi_info_read(client->multi, &left));) {
                if (msg->msg != CURLMSG_DONE)
                        continue;
                CURL *easy = msg->easy_handle;
                CURLcode code = msg->data.result;
                HttpCall *call = NULL;
                curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
                curl_multi_remove_handle(client->multi, easy);
                unlink_call(client, call);
                finish(client, call, code);
        }
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
        SocketPoll *poll = (SocketPoll *)uv;
        HttpClient *client = poll->client;
        int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
        if (status < 0)
                flags = CURL_CSELECT_ERR;
        int running;
        curl_multi_socket_action(client->multi, poll->fd, flags, &running);
        finish_completed(client);
}

static void free_uv(uv_handle_t *handle) { mem_free(handle); }

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
        (void)easy;
        HttpClient *client = arg;
        SocketPoll *poll = socket_arg;
        if (what == CURL_POLL_REMOVE) {
                if (poll) {
                        uv_poll_stop(&poll->uv);
                        uv_close((uv_handle_t *)&poll->uv, free_uv);
                        curl_multi_assign(client->multi, fd, NULL);
                }
                return 0;
        }
        if (!poll) {
                poll = mem_new(SocketPoll);
                poll->client = client;
                poll->fd = fd;
                if (uv_poll_init_socket(loop_uv(client->loop), &poll->uv, fd) < 0) {
                        mem_free(poll);
                        return -1;
                }
                curl_multi_assign(client->multi, fd, poll);
        }
        int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
        uv_poll_start(&poll->uv, events, on_poll);
        return 0;
}

static void on_timeout(uv_timer_t *timer)
{
        HttpClient *client = timer->data;
        int running;
        curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        finish_completed(client);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
        (void)multi;
        HttpClient *client = arg;
        if (timeout_ms < 0) {
                uv_timer_stop(client->timer);
        } else {
                uv_update_time(loop_uv(client->loop));
                uv_timer_start(client->timer, on_timeout, (uint64_t)timeout_ms, 0);
        }
        return 0;
}

static void start_timer(void *arg)
{
        HttpClient *client = arg;
        client->timer = mem_new(uv_timer_t);
        uv_timer_init(loop_uv(client->loop), client->timer);
        client->timer->data = client;
}

bool http_client_new(Loop *loop, size_t max_connections, HttpClient **ret, Err *err)
{
        pthread_once(&curl_once, init_curl);
        HttpClient *client = mem_new(HttpClient);
        client->loop = loop;
        client->max_idle = max_connections ? max_connections : HTTP_CLIENT_MAX_CONNECTIONS;
        client->multi = curl_multi_init();
        if (!client->multi) {
                mem_free(client);
                return err_set(err, ERR_IO, "start http client: no multi handle");
        }
        mutex_init(&client->mu);
        curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
        curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
        curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
        curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
        /* The default is four times the handles of the moment: between two scrape rounds that would be none. */
        curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)client->max_idle);
        loop_call(loop, start_timer, client);
        *ret = client;
        return true;
}

static void stop_client(void *arg)
{
        HttpClient *client = arg;
        while (client->active) {
                HttpCall *call = client->active;
                curl_multi_remove_handle(client->multi, call->easy);
                unlink_call(client, call);
                http_call_free(call);
        }
        mutex_lock(&client->mu);
        vec_each(call, &client->idle)
                http_call_free(*call);
        vec_done(&client->idle);
        mutex_unlock(&client->mu);
        curl_multi_cleanup(client->multi); /* closes the cached connections: may call back, so the timer goes last */
        uv_timer_stop(client->timer);
        uv_close((uv_handle_t *)client->timer, free_uv);
}

void http_client_free(HttpClient *client)
{
        if (!client)
                return;
        loop_call(client->loop, stop_client, client);
        mutex_done(&client->mu);
        mem_free(client);
}

static void begin_call(void *arg)
{
        HttpCall *call = arg;
        HttpClient *client = call->client;
        if (call->canceled) {
                recycle(client, call);
                return;
        }
        if (call->early.code != ERR_NONE) {
                finish(client, call, CURLE_FAILED_INIT);
                return;
        }
        call->next = client->active;
        if (call->next)
                call->next->prev = call;
        client->active = call;
        call->added = true;
        CURLMcode code = curl_multi_add_handle(client->multi, call->easy);
        if (code != CURLM_OK) {
                unlink_call(client, call);
                err_set(&call->early, ERR_IO, "%s", curl_multi_strerror(code));
                finish(client, call, CURLE_FAILED_INIT);
        }
}

HttpCall *http_client_start(HttpClient *client, const HttpCallOptions *options,
                            void (*done)(void *arg, const HttpAnswer *answer), void *arg)
{
        mutex_lock(&client->mu);
        HttpCall *call = client->idle.len ? vec_pop(&client->idle) : NULL;
        mutex_unlock(&client->mu);
        if (!call)
                call = http_call_new();
        call->client = client;
        call->done = done;
        call->arg = arg;
        http_call_prepare(call, options);
        loop_post(client->loop, begin_call, call);
        return call;
}

void http_client_cancel(HttpClient *client, HttpCall *call)
{
        CHECK(loop_is_current(client->loop));
        if (!call->added) { /* its begin_call is still in the loop's queue */
                call->canceled = true;
                return;
        }
        curl_multi_remove_handle(client->multi, call->easy);
        unlink_call(client, call);
        recycle(client, call);
}

typedef struct SyncCall {
        HttpAnswer *ret;
        Buf *body;
        Mutex mu;
        Cond cond;
        bool done GUARDED_BY(&mu);
} SyncCall;

static void sync_done(void *arg, const HttpAnswer *answer)
{
        SyncCall *sync = arg;
        *sync->ret = *answer;
        /* The call's own buffers are used again after this: strings that the caller may keep go behind the body. */
        size_t type_at = 0;
        size_t retry_at = 0;
        if (sync->body) {
                buf_str_add(sync->body, answer->body);
                type_at = sync->body->n;
                buf_str_add(sync->body, answer->content_type);
                retry_at = sync->body->n;
                buf_str_add(sync->body, answer->retry_after);
                sync->ret->body = (Str){ sync->body->p + type_at - answer->body.n, answer->body.n };
                sync->ret->content_type = (Str){ sync->body->p + type_at, answer->content_type.n };
                sync->ret->retry_after = (Str){ sync->body->p + retry_at, answer->retry_after.n };
                sync->body->n = type_at;
        } else {
                sync->ret->body = sync->ret->content_type = sync->ret->retry_after = (Str){ 0 };
        }
        mutex_lock(&sync->mu);
        sync->done = true;
        mutex_cond_signal(&sync->cond);
        mutex_unlock(&sync->mu);
}

bool http_client_call(HttpClient *client, const HttpCallOptions *options, HttpAnswer *ret, Buf *body_out)
{
        CHECK(!loop_is_current(client->loop));
        SyncCall sync = { .ret = ret, .body = body_out };
        mutex_init(&sync.mu);
        mutex_cond_init(&sync.cond);
        http_client_start(client, options, sync_done, &sync);
        mutex_lock(&sync.mu);
        while (!sync.done)
                mutex_cond_wait(&sync.cond, &sync.mu);
        mutex_unlock(&sync.mu);
        mutex_cond_done(&sync.cond);
        mutex_done(&sync.mu);
        return ret->ok;
}
