/* Invariants:
 * 1. gone runs under mu: after fdwatch_remove has had the lock, it cannot run. Events carry ids, not pointers, so an
 * event that was fetched before a removal finds nothing.
 * 2. Lingering entries are removed by the watch's thread alone, so it may drain them without the lock.
 * 3. A lingering socket lives at most FDWATCH_LINGER_MS and FDWATCH_LINGER_BYTES: a client that sends for ever is cut
 * off.
 *
 * Why edge-triggered without EPOLLIN: the hang-up alone is of interest; data that a client pipelines behind its request
 * stays in the socket and must wake nobody. */
#include "net/fdwatch.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/mutex.h"
#include "os/thread.h"

typedef struct Watched {
        int fd;
        bool lingers;
        int64_t deadline_ms; /* lingering: when to close */
        uint64_t left_bytes;
        void (*gone)(void *arg);
        void *arg;
} Watched;

#define MAP_NAME WatchedMap
#define MAP_FN_PREFIX watched_map
#define MAP_KEY uint64_t
#define MAP_VAL Watched
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

struct FdWatch {
        int epoll_fd, wake_fd;
        Thread thread;
        int64_t tick_ms;
        void (*tick)(void *arg);
        void *tick_arg;
        _Atomic bool stopping;
        Mutex mu;
        WatchedMap watched GUARDED_BY(&mu);
        uint64_t last_id GUARDED_BY(&mu);
        size_t lingering GUARDED_BY(&mu);
};

static int64_t now_ms(void) { return clock_mono_ms(clock_system()); }

static void close_lingering(FdWatch *watch, uint64_t id, const Watched *w) REQUIRES(&watch->mu)
{
        close(w->fd);
        watch->lingering--;
        watched_map_remove(&watch->watched, id);
}

/* Discards what arrived; true when the socket should be closed. The watch's thread alone uses a lingering socket. */
static bool drain(Watched *w)
{
        char scratch[8 * 1024];
        for (;;) {
                ssize_t n = recv(w->fd, scratch, sizeof scratch, MSG_DONTWAIT);
                if (n < 0)
                        return errno != EAGAIN && errno != EINTR;
                if (n == 0 || (uint64_t)n > w->left_bytes)
                        return true;
                w->left_bytes -= (uint64_t)n;
        }
}

static void on_event(FdWatch *watch, uint64_t id)
{
        mutex_lock(&watch->mu);
        Watched *w = watched_map_get(&watch->watched, id);
        Watched lingering = { .fd = -1 };
        if (w && w->lingers)
                lingering = *w;
        else if (w)
                w->gone(w->arg);
        mutex_unlock(&watch->mu);
        if (lingering.fd < 0)
                return;
        bool over = drain(&lingering);
        mutex_lock(&watch->mu);
        w = watched_map_get(&watch->watched, id); /* it may have moved */
        CHECK(w);
        w->left_bytes = lingering.left_bytes;
        if (over)
                close_lingering(watch, id, w);
        mutex_unlock(&watch->mu);
}

static void close_expired(FdWatch *watch, bool all)
{
        MUTEX_SCOPE(&watch->mu);
        if (watch->lingering == 0)
                return;
        uint64_t expired[FDWATCH_MAX_LINGERING];
        size_t n = 0;
        int64_t now = now_ms();
        for (WatchedMapSlot *s = watched_map_next(&watch->watched, NULL); s; s = watched_map_next(&watch->watched, s))
                if (s->val.lingers && (all || now >= s->val.deadline_ms) && n < FDWATCH_MAX_LINGERING)
                        expired[n++] = s->key;
        for (size_t i = 0; i < n; i++)
                close_lingering(watch, expired[i], watched_map_get(&watch->watched, expired[i]));
}

static void watch_thread(void *arg)
{
        FdWatch *watch = arg;
        int64_t next_tick = now_ms() + watch->tick_ms;
        while (!atomic_load(&watch->stopping)) {
                struct epoll_event events[64];
                int64_t wait = MAX_OF(next_tick - now_ms(), 0);
                int n = epoll_wait(watch->epoll_fd, events, ARRAY_LEN(events), (int)wait);
                for (int i = 0; i < n; i++) {
                        uint64_t count;
                        if (events[i].data.u64 == 0)
                                IGNORE(read(watch->wake_fd, &count, sizeof count) < 0);
                        else
                                on_event(watch, events[i].data.u64);
                }
                if (now_ms() < next_tick)
                        continue;
                close_expired(watch, false);
                if (watch->tick)
                        watch->tick(watch->tick_arg);
                next_tick = now_ms() + watch->tick_ms;
        }
}

static bool add_to_epoll(FdWatch *watch, int fd, uint32_t events, uint64_t id)
{
        struct epoll_event event = { .events = events, .data.u64 = id };
        return epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void release(FdWatch *watch)
{
        if (watch->epoll_fd >= 0)
                close(watch->epoll_fd);
        if (watch->wake_fd >= 0)
                close(watch->wake_fd);
        watched_map_done(&watch->watched);
        mutex_done(&watch->mu);
        mem_free(watch);
}

bool fdwatch_new(int64_t tick_ms, void (*tick)(void *arg), void *arg, FdWatch **ret, Err *err)
{
        FdWatch *watch = mem_new(FdWatch);
        watch->tick_ms = tick_ms;
        watch->tick = tick;
        watch->tick_arg = arg;
        mutex_init(&watch->mu);
        watch->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (watch->wake_fd < 0 || watch->epoll_fd < 0 || !add_to_epoll(watch, watch->wake_fd, EPOLLIN, 0)) {
                err_sys(err, errno, "watch connections");
                release(watch);
                return false;
        }
        if (!thread_start(&watch->thread, "http-watch", watch_thread, watch, err)) {
                release(watch);
                return false;
        }
        *ret = watch;
        return true;
}

void fdwatch_free(FdWatch *watch)
{
        if (!watch)
                return;
        atomic_store(&watch->stopping, true);
        uint64_t one = 1;
        IGNORE(write(watch->wake_fd, &one, sizeof one) < 0);
        thread_join(watch->thread);
        close_expired(watch, true);
        mutex_lock(&watch->mu);
        CHECK(watch->watched.len == 0);
        mutex_unlock(&watch->mu);
        release(watch);
}

uint64_t fdwatch_add(FdWatch *watch, int fd, void (*gone)(void *arg), void *arg)
{
        MUTEX_SCOPE(&watch->mu);
        uint64_t id = ++watch->last_id;
        *watched_map_put(&watch->watched, id, NULL) = (Watched){ .fd = fd, .gone = gone, .arg = arg };
        /* A peer that left already is reported at once: the edge is the registration. */
        if (!add_to_epoll(watch, fd, EPOLLRDHUP | EPOLLET, id))
                gone(arg); /* no memory for a watch: better stopped than unwatched */
        return id;
}

void fdwatch_remove(FdWatch *watch, uint64_t id)
{
        if (id == 0)
                return;
        MUTEX_SCOPE(&watch->mu);
        Watched *w = watched_map_get(&watch->watched, id);
        if (!w)
                return;
        epoll_ctl(watch->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
        watched_map_remove(&watch->watched, id);
}

void fdwatch_linger(FdWatch *watch, int fd)
{
        shutdown(fd, SHUT_WR);
        MUTEX_SCOPE(&watch->mu);
        if (watch->lingering >= FDWATCH_MAX_LINGERING) {
                close(fd);
                return;
        }
        uint64_t id = ++watch->last_id;
        *watched_map_put(&watch->watched, id, NULL) = (Watched){ .fd = fd,
                                                                 .lingers = true,
                                                                 .deadline_ms = now_ms() + FDWATCH_LINGER_MS,
                                                                 .left_bytes = FDWATCH_LINGER_BYTES };
        watch->lingering++;
        IGNORE(!add_to_epoll(watch, fd, EPOLLIN | EPOLLRDHUP, id)); /* else it is closed when its time is over */
}
