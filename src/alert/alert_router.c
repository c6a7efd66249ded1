/* The router: alerts in, groups by route, flushes on time, deliveries out.
 *
 * Invariants:
 * 1. A group flushes at its ticks alone (alert_group.c), and not while a delivery of it is under way: also not when that
 *    delivery was started before a reload.
 * 2. What was told is remembered when a delivery succeeds, before anything else may flush; a failed one is tried at the
 *    next flush. A crash between the receiver's answer and the durable log repeats one notification, never loses one.
 * 3. mu is never held while sending, writing to the state database or waking; the sender's two questions are asked under it.
 * 4. journal_mu is held from a change until it is written, so that the state database sees changes in their order; it is
 *    taken before mu. */
#include "alert/alert.h"
#include "alert/alert_delivery.h"
#include "alert/alert_group.h"
#include "alert/alert_log.h"
#include "alert/alert_route.h"
#include "alert/alert_store.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "os/mutex.h"

enum { LONGEST_TICK_MS = 60000, KEEP_RESOLVED_MS = 30 * 60 * 1000, RESOLVE_TIMEOUT_MS = 5 * 60 * 1000 };

METRIC_FAMILY(received, METRIC_KIND_COUNTER, "pharos_alert_received_total", "Alerts received, by status.", "status");
METRIC_FAMILY(notifications, METRIC_KIND_COUNTER, "pharos_alert_notifications_total",
              "Notifications sent, by receiver and outcome.", "receiver", "outcome");

struct AlertRouter {
        AlertRouterOptions options;
        Arena *arena; /* strings of options */
        Mutex journal_mu;
        Mutex mu; /* guards everything below */
        Cond idle;
        Arena *config_arena;
        AlertRoute *root; /* NULL until the first apply */
        int64_t resolve_timeout_ms;
        AlertStore store;
        GroupMap groups;
        AlertLog *log;
        AlertDelivery *deliveries; /* under way */
        size_t in_flight;
        uint64_t epoch; /* rises with every apply: deliveries of an older one do not touch groups */
};

static void no_wake(void *ctx) { (void)ctx; }

AlertRouter *alert_router_new(const AlertRouterOptions *options)
{
        AlertRouter *r = mem_new(AlertRouter);
        r->options = *options;
        r->arena = arena_new();
        r->options.external_url = str_dup(r->arena, options->external_url);
        if (!r->options.clock)
                r->options.clock = clock_system();
        if (!r->options.wake)
                r->options.wake = no_wake;
        r->resolve_timeout_ms = RESOLVE_TIMEOUT_MS;
        r->log = alert_log_new(options->statedb);
        alert_store_load(&r->store, options->statedb, clock_wall_ms(r->options.clock), RESOLVE_TIMEOUT_MS);
        mutex_init(&r->journal_mu);
        mutex_init(&r->mu);
        mutex_cond_init(&r->idle);
        return r;
}

void alert_router_free(AlertRouter *r)
{
        if (!r)
                return;
        mutex_lock(&r->mu);
        while (r->in_flight)
                mutex_cond_wait(&r->idle, &r->mu);
        mutex_unlock(&r->mu);
        alert_group_clear(&r->groups);
        alert_store_done(&r->store);
        alert_log_free(r->log);
        arena_free(r->config_arena);
        arena_free(r->arena);
        mutex_done(&r->mu);
        mutex_done(&r->journal_mu);
        mutex_cond_done(&r->idle);
        mem_free(r);
}

/* ---- alerts in ---- */

typedef struct Insertion {
        AlertRouter *router;
        StoredAlert *alert;
        int64_t now_ms;
        bool fresh; /* a group was made: it may be due before the next announced tick */
} Insertion;

static void insert_into(void *arg, const AlertRoute *route)
{
        Insertion *in = arg;
        in->fresh |= alert_group_insert(&in->router->groups, in->router->root, route, in->alert, in->now_ms);
}

void alert_router_put(AlertRouter *r, const AlertMsg *alerts, size_t n)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AlertJournal journal = alert_store_journal(arena);
        Insertion in = { .router = r };
        mutex_lock(&r->journal_mu);
        mutex_lock(&r->mu);
        in.now_ms = clock_wall_ms(r->options.clock);
        for (size_t i = 0; i < n; i++) {
                if (!alerts[i].labels.n)
                        continue;
                in.alert = alert_store_put(&r->store, &alerts[i], in.now_ms, r->resolve_timeout_ms, &journal);
                metric_add(metric_of(&received, in.alert->ended ? STR("resolved") : STR("firing")), 1);
                if (r->root)
                        alert_route_match(r->root, in.alert->msg.labels, insert_into, &in);
        }
        mutex_unlock(&r->mu);
        alert_store_write(&journal, r->options.statedb);
        mutex_unlock(&r->journal_mu);
        if (in.fresh)
                r->options.wake(r->options.wake_ctx);
}

static void sink_put(void *self, const AlertMsg *alerts, size_t n) { alert_router_put(self, alerts, n); }

AlertSink alert_router_sink(AlertRouter *r) { return (AlertSink){ .put = sink_put, .self = r }; }

bool alert_router_apply(AlertRouter *r, const AlertConfig *config, Err *err)
{
        Arena *arena = arena_new();
        AlertRoute *root = arena_new_of(arena, AlertRoute);
        if (!alert_route_copy(config->root, arena, root, err)) {
                arena_free(arena);
                return false;
        }
        mutex_lock(&r->mu);
        alert_group_clear(&r->groups);
        arena_free(r->config_arena);
        r->config_arena = arena;
        r->root = root;
        r->resolve_timeout_ms = config->resolve_timeout_ms ? config->resolve_timeout_ms : RESOLVE_TIMEOUT_MS;
        r->epoch++;
        Insertion in = { .router = r, .now_ms = clock_wall_ms(r->options.clock) };
        for (StoredMapSlot *s = stored_map_next(&r->store.alerts, NULL); s; s = stored_map_next(&r->store.alerts, s)) {
                in.alert = s->val;
                alert_route_match(root, s->val->msg.labels, insert_into, &in);
        }
        mutex_unlock(&r->mu);
        r->options.wake(r->options.wake_ctx);
        return true;
}

/* ---- notifications out ---- */

static void begin(AlertRouter *r, AlertGroup *g, AlertDelivery *d)
{
        d->router = r;
        d->group = g;
        d->epoch = r->epoch;
        d->next = r->deliveries;
        if (r->deliveries)
                r->deliveries->prev = d;
        r->deliveries = d;
        r->in_flight++;
        g->in_flight++;
}

/* Under mu: the delivery is over; its group may forget what was told, and flush again. */
static void end(AlertRouter *r, AlertDelivery *d, bool ok, int64_t now_ms)
{
        *(d->prev ? &d->prev->next : &r->deliveries) = d->next;
        if (d->next)
                d->next->prev = d->prev;
        if (d->epoch != r->epoch) {
                for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s))
                        s->val->waits = false;
                return;
        }
        AlertGroup *g = d->group;
        if (ok)
                g->last_notified_ms = now_ms;
        else
                g->failed = true;
        if (--g->in_flight)
                return;
        if (!g->failed)
                alert_group_drop_resolved(g, d->held, d->n_held, d->now_ms);
        alert_group_remove_empty(&r->groups, g);
}

static void delivered(void *arg, const DeliveryResult *result)
{
        AlertDelivery *d = arg;
        AlertRouter *r = d->router;
        AlertRouterOptions options = r->options; /* the router may go when nothing is in flight */
        int64_t now_ms = clock_wall_ms(options.clock);
        AlertJournal journal = alert_store_journal(d->arena);
        Str doc = { 0 };
        if (!result->ok)
                log_error("notification failed", KV("receiver", d->notification.receiver),
                          KV("group", d->notification.group_key), KV("err", &result->err));
        metric_add(metric_of(&notifications, d->notification.receiver, result->ok ? STR("ok") : STR("failed")), 1);
        alert_delivery_note(d, result, now_ms, &journal);
        mutex_lock(&r->journal_mu);
        mutex_lock(&r->mu);
        if (result->ok) {
                alert_log_note(r->log, d->log_key, d->firing, d->resolved, d->tick_ms, d->expires_ms, d->arena, &doc);
                alert_store_add_write(&journal, STR("nflog"), d->log_key, doc, d->expires_ms);
        }
        end(r, d, result->ok, now_ms);
        mutex_unlock(&r->mu);
        alert_store_write(&journal, options.statedb);
        mutex_unlock(&r->journal_mu);
        alert_delivery_free(d);
        options.wake(options.wake_ctx); /* the group may be due already */
        mutex_lock(&r->mu);
        r->in_flight--;
        mutex_cond_broadcast(&r->idle);
        mutex_unlock(&r->mu);
}

typedef VEC(AlertDelivery *) DeliveryVec;

/* A delivery of this that was started before a reload. */
static bool is_under_way(const AlertRouter *r, Str log_key)
{
        for (const AlertDelivery *d = r->deliveries; d; d = d->next)
                if (d->epoch != r->epoch && str_eq(d->log_key, log_key))
                        return true;
        return false;
}

/* Decides what to tell about one due group. False: not now. */
static bool flush_group(AlertRouter *r, AlertGroup *g, int64_t now_ms, DeliveryVec *out)
{
        const AlertSender *s = &r->options.sender;
        AUTO(arena_free) Arena *scratch = arena_new();
        size_t n = s->integrations ? s->integrations(s->self, g->route->receiver) : 0;
        AlertView view = alert_delivery_view(g, now_ms, scratch);
        Str *keys = arena_array(scratch, Str, n);
        for (size_t i = 0; i < n; i++) {
                keys[i] = alert_delivery_log_key(g, i, scratch);
                if (is_under_way(r, keys[i]))
                        return false;
        }
        g->failed = false;
        for (size_t i = 0; i < n; i++) {
                AlertNotice reason = alert_log_decide(r->log, keys[i], view.firing, view.resolved,
                                                      s->send_resolved(s->self, g->route->receiver, i),
                                                      g->next_flush_ms, g->route->repeat_interval_ms);
                if (reason == NOTICE_NONE)
                        continue;
                AlertDelivery *d = alert_delivery_new(g, &view, i, keys[i], r->options.external_url, now_ms);
                d->reason = reason;
                d->tick_ms = g->next_flush_ms;
                begin(r, g, d);
                vec_push(out, d);
        }
        if (!g->in_flight) /* what is resolved has been told, or nobody was ever told of it */
                alert_group_drop_resolved(g, NULL, 0, now_ms);
        return true;
}

static void flush_due(AlertRouter *r, int64_t now_ms, DeliveryVec *out)
{
        VEC(AlertGroup *) empty = { 0 };
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s)) {
                AlertGroup *g = s->val;
                if (g->next_flush_ms > now_ms || g->in_flight || g->waits)
                        continue;
                if (!flush_group(r, g, now_ms, out)) {
                        g->waits = true;
                        continue;
                }
                int64_t interval_ms = MAX_OF(g->route->group_interval_ms, (int64_t)1);
                g->next_flush_ms += interval_ms * (1 + (now_ms - g->next_flush_ms) / interval_ms);
                vec_push(&empty, g);
        }
        vec_each(g, &empty)
                alert_group_remove_empty(&r->groups, *g);
        vec_done(&empty);
}

/* Until a timer of a group that can flush; the others are woken for. */
static int64_t next_timer_ms(const AlertRouter *r, int64_t now_ms)
{
        int64_t wait_ms = LONGEST_TICK_MS;
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s))
                if (!s->val->in_flight && !s->val->waits)
                        wait_ms = MIN_OF(wait_ms, s->val->next_flush_ms - now_ms);
        return MAX_OF(wait_ms, (int64_t)1);
}

int64_t alert_router_tick(AlertRouter *r)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AlertJournal journal = alert_store_journal(arena);
        DeliveryVec out = { .arena = arena };
        mutex_lock(&r->journal_mu);
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        alert_store_expire(&r->store, now_ms, KEEP_RESOLVED_MS, &journal);
        alert_log_expire(r->log, now_ms);
        flush_due(r, now_ms, &out);
        mutex_unlock(&r->mu);
        alert_store_write(&journal, r->options.statedb); /* an end is durable before its notice goes out */
        mutex_unlock(&r->journal_mu);
        vec_each(d, &out)
                r->options.sender.send(r->options.sender.self, &(*d)->notification, delivered, *d);
        MUTEX_SCOPE(&r->mu);
        return next_timer_ms(r, now_ms);
}

void alert_router_groups(AlertRouter *r, Arena *arena, AlertGroupStatus **ret, size_t *ret_n)
{
        MUTEX_SCOPE(&r->mu);
        AlertGroupStatus *all = arena_array(arena, AlertGroupStatus, r->groups.len);
        size_t n = 0;
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s)) {
                const AlertGroup *g = s->val;
                AlertGroupStatus *to = &all[n++];
                *to = (AlertGroupStatus){
                        .receiver = str_dup(arena, g->route->receiver),
                        .key = str_dup(arena, g->key),
                        .labels = labels_dup(arena, g->labels),
                        .alerts = arena_array(arena, AlertMsg, g->alerts.len),
                        .last_notified_ms = g->last_notified_ms,
                        .next_flush_ms = g->next_flush_ms,
                };
                for (StoredMapSlot *a = stored_map_next(&g->alerts, NULL); a; a = stored_map_next(&g->alerts, a)) {
                        AlertMsg *copy = &to->alerts[to->n++];
                        *copy = a->val->msg;
                        copy->labels = labels_dup(arena, copy->labels);
                        copy->annotations = labels_dup(arena, copy->annotations);
                        copy->generator_url = str_dup(arena, copy->generator_url);
                }
        }
        *ret = all;
        *ret_n = n;
}
