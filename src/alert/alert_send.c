/* Deliveries on their way: waiting for the sender to have room, sent, answered.
 *
 * Invariants:
 * 1. What waits is references and hashes: texts are read when the sender has room (alert_delivery_open), so that a thousand
 *    groups that are due at once do not stand in memory as a thousand messages.
 * 2. A delivery that waits counts as under way: its group does not flush. After the notification's time it has failed, as if
 *    it had been tried, and is decided anew at the next tick.
 * 3. What one integration has no room for holds up no other integration.
 * 4. A sender without room wakes when it has some (AlertSender.room), so nothing waits for a timer. */
#include "alert/alert_state.h"
#include "base/log.h"
#include "base/metric.h"

METRIC_FAMILY(notifications, METRIC_KIND_COUNTER, "pharos_alert_notifications_total",
              "Notifications sent, by receiver and outcome.", "receiver", "outcome");
METRIC_FAMILY(sent, METRIC_KIND_COUNTER, "alertmanager_notifications_total", "Notifications tried, by integration.",
              "integration");
METRIC_FAMILY(failed, METRIC_KIND_COUNTER, "alertmanager_notifications_failed_total",
              "Notifications that failed, by integration and reason.", "integration", "reason");
METRIC_FAMILY(latency, METRIC_KIND_HISTOGRAM, "alertmanager_notification_latency_seconds",
              "How long notifications took, by integration.", "integration");

void alert_send_begin(AlertRouter *r, AlertGroup *g, AlertDelivery *d)
{
        d->router = r;
        d->group = g;
        d->epoch = r->epoch;
        d->next = r->deliveries;
        if (r->deliveries)
                r->deliveries->prev = d;
        r->deliveries = d;
        r->in_flight++;
        r->burst++;
        g->in_flight++;
}

static void unlink_from(AlertRouter *r, const AlertDelivery *d)
{
        *(d->prev ? &d->prev->next : &r->deliveries) = d->next;
        if (d->next)
                d->next->prev = d->prev;
}

/* Under mu: the delivery is over; its group may forget what was told, and flush again. */
static void end(AlertRouter *r, AlertDelivery *d, bool ok, int64_t now_ms)
{
        unlink_from(r, d);
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
        alert_group_remove_empty(&r->groups, g, r->compat, now_ms);
}

/* As Alertmanager names what went wrong. */
static Str failure_reason(const DeliveryResult *result)
{
        int status = result->status;
        if (status == 401 || status == 403)
                return STR("authError");
        if (status == 429)
                return STR("rateLimited");
        if (status >= 500)
                return STR("serverError");
        if (status >= 400)
                return STR("clientError");
        if (result->err.code == ERR_TIMEOUT)
                return STR("contextDeadlineExceeded");
        return result->err.code == ERR_CANCELED ? STR("contextCanceled") : STR("other");
}

static void count_delivery(const AlertRouter *r, const AlertDelivery *d, const DeliveryResult *result)
{
        Str integration;
        Str index;
        str_cut(result->integration, '[', &integration, &index);
        int64_t took_ns = r->options.clock->mono_ns(r->options.clock) - d->started_mono_ns;
        metric_add(metric_of(&notifications, d->notification.receiver, result->ok ? STR("ok") : STR("failed")), 1);
        metric_add(metric_of(&sent, integration), 1);
        metric_observe(metric_of(&latency, integration), (double)took_ns / 1e9);
        if (!result->ok)
                metric_add(metric_of(&failed, integration, failure_reason(result)), 1);
}

/* On whatever thread the sender reports: nothing here waits for a disk when there is a pool. */
static void delivered(void *arg, const DeliveryResult *result)
{
        AlertDelivery *d = arg;
        AlertRouter *r = d->router;
        AlertRouterOptions options = r->options; /* the router may go when nothing is in flight */
        int64_t now_ms = clock_wall_ms(options.clock);
        Str doc = { 0 };
        if (!result->ok)
                log_error("notification failed", KV("receiver", d->notification.receiver),
                          KV("group", d->notification.group_key), KV("err", &result->err));
        count_delivery(r, d, result);
        mutex_lock(&r->mu);
        alert_delivery_note(d, result, now_ms, &r->journal);
        if (result->ok) {
                Arena *arena = r->journal.arena;
                /* Alertmanager's repeats count from when the answer came, ours from when the group was due. */
                int64_t told_ms = r->compat == ALERT_COMPAT_PHAROS ? d->tick_ms : MAX_OF(d->tick_ms, now_ms);
                alert_log_note(r->log, d->log_key, d->firing, d->resolved, told_ms, d->expires_ms, arena, &doc);
                alert_store_add_write(&r->journal, STR("nflog"), str_dup(arena, d->log_key), doc, d->expires_ms);
        }
        end(r, d, result->ok, now_ms);
        mutex_unlock(&r->mu);
        alert_state_persist_soon(r);
        alert_delivery_free(d);
        options.wake(options.wake_ctx); /* the group may be due already */
        mutex_lock(&r->mu);
        r->in_flight--;
        mutex_cond_broadcast(&r->idle);
        mutex_unlock(&r->mu);
}

/* ---- waiting for room ---- */

/* Under mu. NULL: nothing of this integration waits. */
static AlertLane *lane_of(AlertRouter *r, const AlertDelivery *d)
{
        for (size_t i = 0; i < r->lanes.len; i++) {
                AlertLane *lane = &r->lanes.data[i];
                const Notification *n = &lane->first->notification;
                if (n->integration == d->notification.integration && str_eq(n->receiver, d->notification.receiver))
                        return lane;
        }
        return NULL;
}

static bool has_room(const AlertRouter *r, const AlertDelivery *d)
{
        const AlertSender *s = &r->options.sender;
        return !s->room || s->room(s->self, d->notification.receiver, d->notification.integration);
}

static int64_t gives_up_ms(const AlertDelivery *d) { return d->now_ms + d->notification.timeout_ms; }

/* Under mu: the first of a lane goes; an empty lane does too. */
static AlertDelivery *pop(AlertRouter *r, AlertLane *lane)
{
        AlertDelivery *d = lane->first;
        lane->first = d->behind;
        d->behind = NULL;
        if (!lane->first)
                *lane = r->lanes.data[--r->lanes.len];
        return d;
}

/* Under mu: sent now, or put behind those that wait for the same integration. */
static bool may_go(AlertRouter *r, AlertDelivery *d)
{
        AlertLane *lane = lane_of(r, d);
        if (lane) {
                lane->last->behind = d;
                lane->last = d;
                return false;
        }
        if (has_room(r, d))
                return true;
        vec_push(&r->lanes, (AlertLane){ d, d });
        return false;
}

/* Under mu: one that waited and can go, or has waited too long; NULL: none. */
static AlertDelivery *next_waiting(AlertRouter *r, int64_t now_ms, bool *ret_late)
{
        for (size_t i = 0; i < r->lanes.len; i++) {
                *ret_late = gives_up_ms(r->lanes.data[i].first) <= now_ms;
                if (*ret_late || has_room(r, r->lanes.data[i].first))
                        return pop(r, &r->lanes.data[i]);
        }
        return NULL;
}

static void too_late(AlertDelivery *d)
{
        DeliveryResult result = { .integration = str_printf(d->arena, "[%zu]", d->notification.integration),
                                  .retry = true };
        err_set(&result.err, ERR_TIMEOUT,
                "it waited %lld s for others to the same receiver: the receiver is too slow for what it is told",
                (long long)(d->notification.timeout_ms / 1000));
        delivered(d, &result);
}

static void send(AlertRouter *r, AlertDelivery *d, int64_t now_ms)
{
        alert_delivery_open(d, now_ms);
        r->options.sender.send(r->options.sender.self, &d->notification, delivered, d);
}

void alert_send_all(AlertRouter *r, AlertDelivery *const *fresh, size_t n)
{
        int64_t now_ms = clock_wall_ms(r->options.clock);
        AlertDelivery *d;
        bool late = false;
        for (;;) {
                mutex_lock(&r->mu);
                d = next_waiting(r, now_ms, &late);
                mutex_unlock(&r->mu);
                if (!d)
                        break;
                if (late)
                        too_late(d);
                else
                        send(r, d, now_ms);
        }
        for (size_t i = 0; i < n; i++) {
                mutex_lock(&r->mu);
                bool go = may_go(r, fresh[i]);
                mutex_unlock(&r->mu);
                if (go)
                        send(r, fresh[i], now_ms);
        }
}

void alert_send_drop_waiting(AlertRouter *r)
{
        while (r->lanes.len) {
                AlertDelivery *d = pop(r, &r->lanes.data[0]);
                unlink_from(r, d);
                if (d->epoch == r->epoch)
                        d->group->in_flight--;
                r->in_flight--;
                alert_delivery_free(d);
        }
}

int64_t alert_send_timer_ms(const AlertRouter *r, int64_t now_ms)
{
        int64_t wait_ms = INT64_MAX;
        for (size_t i = 0; i < r->lanes.len; i++)
                wait_ms = MIN_OF(wait_ms, gives_up_ms(r->lanes.data[i].first) - now_ms);
        return wait_ms;
}
