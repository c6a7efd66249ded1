/* The router: alerts in, groups by route, flushes on time, deliveries out.
 *
 * Invariants:
 * 1. A stored alert version is immutable and counted; groups and flushes hold references, updates replace the version.
 * 2. A group flushes first after group_wait (at once when its first alert is older than that), then every
 *    group_interval; while a delivery of it is under way it does not flush again.
 * 3. What was told is remembered when a delivery succeeds, before anything else may flush; a failed one is tried at the
 *    next flush. A crash between the receiver's answer and the durable log repeats one notification, never loses one.
 * 4. The lock is never held while sending, writing to the state database, or calling back. */
#include <stdlib.h>

#include "alert/alert.h"
#include "alert/alert_log.h"
#include "alert/alert_route.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "codec/json.h"
#include "model/fingerprint.h"
#include "os/mutex.h"

enum { LONGEST_TICK_MS = 60000, SHORTEST_TIMEOUT_MS = 10000, KEEP_RESOLVED_MS = 30 * 60 * 1000, LOG_RETENTION_MS = 120 * 3600 * 1000 };

METRIC_FAMILY(received, METRIC_KIND_COUNTER, "pharos_alert_received_total", "Alerts received, by status.", "status");
METRIC_FAMILY(notifications, METRIC_KIND_COUNTER, "pharos_alert_notifications_total", "Notifications sent, by receiver and outcome.", "receiver", "outcome");

typedef struct StoredAlert {
        _Atomic int refs;
        Arena *memory;
        AlertMsg msg;
        uint64_t fingerprint;
        bool timeout; /* ends_at was made up from resolve_timeout */
} StoredAlert;

static StoredAlert *alert_ref(StoredAlert *a)
{
        __atomic_fetch_add(&a->refs, 1, __ATOMIC_RELAXED);
        return a;
}

static void alert_unref(StoredAlert *a)
{
        if (__atomic_fetch_sub(&a->refs, 1, __ATOMIC_ACQ_REL) > 1)
                return;
        arena_free(a->memory);
        mem_free(a);
}

#define MAP_NAME StoredMap
#define MAP_FN_PREFIX stored_map
#define MAP_KEY uint64_t
#define MAP_VAL StoredAlert *
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

typedef struct AlertGroup {
        Arena *memory;
        const AlertRoute *route;
        Str key;       /* route key and labels: what receivers see */
        Labels labels;
        StoredMap alerts;
        int64_t next_flush_ms;
        bool flushed; /* at least once */
        size_t in_flight;
        int64_t last_notified_ms;
} AlertGroup;

typedef struct GroupId {
        const AlertRoute *route;
        Labels labels;
} GroupId;

#define MAP_NAME GroupMap
#define MAP_FN_PREFIX group_map
#define MAP_KEY GroupId
#define MAP_VAL AlertGroup *
#define MAP_HASH(k) (labels_hash((k).labels) ^ hash_u64((uint64_t)(uintptr_t)(k).route))
#define MAP_EQ(a, b) ((a).route == (b).route && labels_eq((a).labels, (b).labels))
#include "base/map.inc.h"

struct AlertRouter {
        AlertRouterOptions options;
        Arena *arena; /* strings of options */
        Mutex mu;     /* guards everything below */
        Cond idle;
        Arena *config_arena;
        AlertRoute *root; /* NULL until the first apply */
        int64_t resolve_timeout_ms;
        StoredMap alerts;
        GroupMap groups;
        AlertLog *log;
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
        r->resolve_timeout_ms = 5 * 60 * 1000;
        r->log = alert_log_new(options->statedb);
        mutex_init(&r->mu);
        mutex_cond_init(&r->idle);
        return r;
}

static void group_free(AlertGroup *g)
{
        for (StoredMapSlot *s = stored_map_next(&g->alerts, NULL); s; s = stored_map_next(&g->alerts, s))
                alert_unref(s->val);
        stored_map_done(&g->alerts);
        arena_free(g->memory);
}

static void drop_groups(AlertRouter *r)
{
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s))
                group_free(s->val);
        group_map_done(&r->groups);
}

void alert_router_free(AlertRouter *r)
{
        if (!r)
                return;
        mutex_lock(&r->mu);
        while (r->in_flight)
                mutex_cond_wait(&r->idle, &r->mu);
        mutex_unlock(&r->mu);
        drop_groups(r);
        for (StoredMapSlot *s = stored_map_next(&r->alerts, NULL); s; s = stored_map_next(&r->alerts, s))
                alert_unref(s->val);
        stored_map_done(&r->alerts);
        alert_log_free(r->log);
        arena_free(r->config_arena);
        arena_free(r->arena);
        mutex_done(&r->mu);
        mutex_cond_done(&r->idle);
        mem_free(r);
}

/* ---- alerts in ---- */

static bool is_resolved(const AlertMsg *a, int64_t now_ms) { return a->ends_at_ms && a->ends_at_ms <= now_ms; }

static StoredAlert *store_version(const AlertMsg *msg, int64_t now_ms, int64_t resolve_timeout_ms)
{
        StoredAlert *a = mem_new(StoredAlert);
        a->refs = 1;
        a->memory = arena_new();
        a->msg = *msg;
        a->msg.labels = labels_dup(a->memory, msg->labels);
        a->msg.annotations = labels_dup(a->memory, msg->annotations);
        a->msg.generator_url = str_dup(a->memory, msg->generator_url);
        a->fingerprint = fingerprint_of(msg->labels);
        if (!a->msg.starts_at_ms)
                a->msg.starts_at_ms = msg->ends_at_ms ? msg->ends_at_ms : now_ms;
        if (!a->msg.ends_at_ms) {
                a->msg.ends_at_ms = now_ms + resolve_timeout_ms;
                a->timeout = true;
        }
        a->msg.updated_at_ms = now_ms;
        return a;
}

/* The younger update wins, the earlier start stays, an explicit later end stays while it fires. */
static void merge_with(StoredAlert *a, const StoredAlert *old, int64_t now_ms)
{
        bool overlap = (a->msg.ends_at_ms > old->msg.starts_at_ms && a->msg.ends_at_ms < old->msg.ends_at_ms) ||
                       (a->msg.starts_at_ms > old->msg.starts_at_ms && a->msg.starts_at_ms < old->msg.ends_at_ms) ||
                       (a->msg.starts_at_ms <= old->msg.starts_at_ms && a->msg.ends_at_ms >= old->msg.ends_at_ms) ||
                       a->msg.starts_at_ms == old->msg.starts_at_ms;
        if (!overlap)
                return;
        if (old->msg.starts_at_ms < a->msg.starts_at_ms)
                a->msg.starts_at_ms = old->msg.starts_at_ms;
        if (is_resolved(&a->msg, now_ms)) {
                if (is_resolved(&old->msg, now_ms) && a->msg.ends_at_ms < old->msg.ends_at_ms)
                        a->msg.ends_at_ms = old->msg.ends_at_ms;
        } else if (a->msg.ends_at_ms < old->msg.ends_at_ms && !old->timeout) {
                a->msg.ends_at_ms = old->msg.ends_at_ms;
        }
}

typedef struct Insertion {
        AlertRouter *router;
        StoredAlert *alert;
        int64_t now_ms;
        bool wake;
} Insertion;

static AlertGroup *group_of(Insertion *in, const AlertRoute *route)
{
        AlertRouter *r = in->router;
        AUTO(arena_free) Arena *scratch = arena_new();
        GroupId id = { route, alert_route_group_labels(route, in->alert->msg.labels, scratch) };
        AlertGroup **found = group_map_get(&r->groups, id);
        if (found)
                return *found;
        Arena *memory = arena_new();
        AlertGroup *g = arena_new_of(memory, AlertGroup);
        g->memory = memory;
        g->route = route;
        g->labels = labels_dup(memory, id.labels);
        Buf key = { .arena = memory };
        alert_route_key(&key, r->root, route);
        buf_char(&key, ':');
        alert_route_print_labels(&key, g->labels);
        g->key = buf_str(&key);
        bool old = in->alert->msg.starts_at_ms + route->group_wait_ms < in->now_ms;
        g->next_flush_ms = old ? in->now_ms : in->now_ms + route->group_wait_ms;
        in->wake = true;
        *group_map_put(&r->groups, (GroupId){ route, g->labels }, NULL) = g;
        return g;
}

static void insert_into(void *arg, const AlertRoute *route)
{
        Insertion *in = arg;
        AlertGroup *g = group_of(in, route);
        StoredAlert **slot = stored_map_put(&g->alerts, in->alert->fingerprint, NULL);
        if (*slot)
                alert_unref(*slot);
        *slot = alert_ref(in->alert);
}

typedef struct PendingEvent {
        Str kind, subject, detail;
} PendingEvent;
typedef VEC(PendingEvent) EventVec;

static Str hex16(Arena *arena, uint64_t v) { return str_printf(arena, "%016llx", (unsigned long long)v); }

static void note_change(EventVec *events, const StoredAlert *a, const char *kind)
{
        Buf detail = { .arena = events->arena };
        JsonWriter w;
        json_writer_init(&w, &detail);
        json_begin_object(&w);
        json_key(&w, STR("labels"));
        json_begin_object(&w);
        for (size_t i = 0; i < a->msg.labels.n; i++) {
                json_key(&w, a->msg.labels.data[i].name);
                json_str(&w, a->msg.labels.data[i].value);
        }
        json_end_object(&w);
        json_key_i64(&w, "starts_at_ms", a->msg.starts_at_ms);
        json_end_object(&w);
        vec_push(events, (PendingEvent){ str_of(kind), hex16(events->arena, a->fingerprint), buf_str(&detail) });
}

static void write_events(AlertRouter *r, const EventVec *events, int64_t now_ms)
{
        Err err;
        for (size_t i = 0; r->options.statedb && i < events->len; i++) {
                const PendingEvent *e = &events->data[i];
                if (!statedb_event_add(r->options.statedb, now_ms, e->kind, e->subject, e->detail, &err)) {
                        log_error("an alert event is not recorded", KV("kind", e->kind), KV("err", &err));
                        return;
                }
        }
}

/* Stores one alert and routes it. True when a group was made. */
static bool put_one(AlertRouter *r, const AlertMsg *msg, int64_t now_ms, EventVec *events)
{
        StoredAlert *a = store_version(msg, now_ms, r->resolve_timeout_ms);
        StoredAlert **slot = stored_map_put(&r->alerts, a->fingerprint, NULL);
        bool was_firing = *slot && !is_resolved(&(*slot)->msg, now_ms);
        if (*slot) {
                merge_with(a, *slot, now_ms);
                alert_unref(*slot);
        }
        *slot = a;
        bool resolved = is_resolved(&a->msg, now_ms);
        metric_add(metric_of(&received, resolved ? STR("resolved") : STR("firing")), 1);
        if (was_firing == resolved)
                note_change(events, a, resolved ? "resolved" : "started");
        Insertion in = { r, a, now_ms, false };
        if (r->root)
                alert_route_match(r->root, a->msg.labels, insert_into, &in);
        return in.wake;
}

void alert_router_put(AlertRouter *r, const AlertMsg *alerts, size_t n)
{
        int64_t now_ms = clock_wall_ms(r->options.clock);
        AUTO(arena_free) Arena *arena = arena_new();
        EventVec events = { .arena = arena };
        bool wake = false;
        mutex_lock(&r->mu);
        for (size_t i = 0; i < n; i++)
                if (alerts[i].labels.n)
                        wake |= put_one(r, &alerts[i], now_ms, &events);
        mutex_unlock(&r->mu);
        write_events(r, &events, now_ms);
        if (wake)
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
        int64_t now_ms = clock_wall_ms(r->options.clock);
        mutex_lock(&r->mu);
        drop_groups(r);
        arena_free(r->config_arena);
        r->config_arena = arena;
        r->root = root;
        r->resolve_timeout_ms = config->resolve_timeout_ms ? config->resolve_timeout_ms : 5 * 60 * 1000;
        r->epoch++;
        for (StoredMapSlot *s = stored_map_next(&r->alerts, NULL); s; s = stored_map_next(&r->alerts, s)) {
                Insertion in = { r, s->val, now_ms, false };
                alert_route_match(root, s->val->msg.labels, insert_into, &in);
        }
        mutex_unlock(&r->mu);
        r->options.wake(r->options.wake_ctx);
        return true;
}

/* ---- notifications out ---- */

typedef struct Delivery {
        AlertRouter *router;
        Arena *arena;
        Notification notification;
        Str log_key;
        AlertHashes firing, resolved;
        StoredAlert **held; /* the versions that are told */
        size_t n_held;
        uint64_t epoch;
        GroupId group;
        AlertNotice reason;
        int64_t expires_ms;
} Delivery;

/* Alertmanager's order: by job, then instance, then the fewer labels, then the labels. */
static int by_job_instance(const void *pa, const void *pb)
{
        Labels a = (*(StoredAlert *const *)pa)->msg.labels;
        Labels b = (*(StoredAlert *const *)pb)->msg.labels;
        const Str keys[] = { STR("job"), STR("instance") };
        for (size_t i = 0; i < 2; i++) {
                bool has_a = labels_has(a, keys[i]);
                bool has_b = labels_has(b, keys[i]);
                if (has_a != has_b)
                        return has_a ? -1 : 1;
                int c = str_cmp(labels_get(a, keys[i]), labels_get(b, keys[i]));
                if (c)
                        return c;
        }
        if (a.n != b.n)
                return a.n < b.n ? -1 : 1;
        for (size_t i = 0; i < a.n; i++) {
                if (!labels_has(b, a.data[i].name))
                        return -1;
                int c = str_cmp(a.data[i].value, labels_get(b, a.data[i].name));
                if (c)
                        return c;
        }
        return 0;
}

static int by_hash(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

static Labels common_of(const AlertMsg *alerts, size_t n, bool annotations, Arena *arena)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, n ? (annotations ? alerts[0].annotations : alerts[0].labels) : (Labels){ 0 });
        for (size_t i = 1; i < n; i++) {
                Labels first = annotations ? alerts[0].annotations : alerts[0].labels;
                Labels other = annotations ? alerts[i].annotations : alerts[i].labels;
                for (size_t k = 0; k < first.n; k++)
                        if (!str_eq(labels_get(other, first.data[k].name), first.data[k].value))
                                labels_builder_del(&lb, first.data[k].name);
        }
        return labels_builder_build(&lb, arena);
}

/* The group's alerts as they stand now, referenced, in order. */
static StoredAlert **snapshot(const AlertGroup *g, Arena *arena, size_t *ret_n)
{
        StoredAlert **all = arena_array(arena, StoredAlert *, g->alerts.len);
        size_t n = 0;
        for (StoredMapSlot *s = stored_map_next(&g->alerts, NULL); s; s = stored_map_next(&g->alerts, s))
                all[n++] = alert_ref(s->val);
        if (n > 1)
                qsort(all, n, sizeof(*all), by_job_instance);
        *ret_n = n;
        return all;
}

static Delivery *delivery_new(AlertRouter *r, const AlertGroup *g, size_t integration, int64_t now_ms)
{
        Arena *arena = arena_new();
        Delivery *d = arena_new_of(arena, Delivery);
        d->router = r;
        d->arena = arena;
        d->epoch = r->epoch;
        d->held = snapshot(g, arena, &d->n_held);
        d->group = (GroupId){ g->route, labels_dup(arena, g->labels) };
        AlertMsg *alerts = arena_array(arena, AlertMsg, d->n_held);
        d->firing.data = arena_array(arena, uint64_t, d->n_held);
        d->resolved.data = arena_array(arena, uint64_t, d->n_held);
        for (size_t i = 0; i < d->n_held; i++) {
                alerts[i] = d->held[i]->msg;
                if (is_resolved(&alerts[i], now_ms)) {
                        d->resolved.data[d->resolved.n++] = d->held[i]->fingerprint;
                } else {
                        alerts[i].ends_at_ms = 0; /* it may not turn into a resolved one while it is sent */
                        d->firing.data[d->firing.n++] = d->held[i]->fingerprint;
                }
        }
        if (d->firing.n)
                qsort(d->firing.data, d->firing.n, sizeof(uint64_t), by_hash);
        if (d->resolved.n)
                qsort(d->resolved.data, d->resolved.n, sizeof(uint64_t), by_hash);
        d->notification = (Notification){
                .receiver = str_dup(arena, g->route->receiver), .integration = integration, .group_key = str_dup(arena, g->key),
                .timeout_ms = MAX_OF(g->route->group_interval_ms, SHORTEST_TIMEOUT_MS), .group_labels = d->group.labels, .alerts = alerts,
                .n_alerts = d->n_held, .resolved = d->firing.n == 0, .external_url = r->options.external_url, .now_ms = now_ms,
                .common_labels = common_of(alerts, d->n_held, false, arena), .common_annotations = common_of(alerts, d->n_held, true, arena),
        };
        d->log_key = str_printf(arena, STR_FMT "|" STR_FMT "|%zu", STR_ARG(g->key), STR_ARG(g->route->receiver), integration);
        d->expires_ms = now_ms + MIN_OF((int64_t)LOG_RETENTION_MS, 2 * g->route->repeat_interval_ms);
        return d;
}

static void delivery_free(Delivery *d)
{
        for (size_t i = 0; i < d->n_held; i++)
                alert_unref(d->held[i]);
        arena_free(d->arena);
}

/* Resolved alerts that were told and did not change meanwhile leave the group; an empty group goes. */
static void forget_told(AlertRouter *r, const Delivery *d, bool ok)
{
        AlertGroup **found = d->epoch == r->epoch ? group_map_get(&r->groups, d->group) : NULL;
        if (!found)
                return;
        AlertGroup *g = *found;
        g->in_flight--;
        for (size_t i = 0; ok && g->in_flight == 0 && i < d->n_held; i++) {
                StoredAlert *a = d->held[i];
                StoredAlert **slot = stored_map_get(&g->alerts, a->fingerprint);
                if (slot && *slot == a && is_resolved(&a->msg, d->notification.now_ms)) {
                        stored_map_remove(&g->alerts, a->fingerprint);
                        alert_unref(a);
                }
        }
        if (g->alerts.len == 0) {
                group_map_remove(&r->groups, (GroupId){ g->route, g->labels });
                group_free(g);
        }
}

static void note_delivery(EventVec *events, const Delivery *d, const DeliveryResult *result)
{
        Buf detail = { .arena = events->arena };
        JsonWriter w;
        json_writer_init(&w, &detail);
        json_begin_object(&w);
        json_key_str(&w, "receiver", d->notification.receiver);
        json_key_str(&w, "integration", result->integration);
        json_key_cstr(&w, "reason", alert_log_notice_name(d->reason));
        json_key_cstr(&w, "status", d->notification.resolved ? "resolved" : "firing");
        json_key_u64(&w, "alerts", d->notification.n_alerts);
        json_key_i64(&w, "answer", result->status);
        json_key_u64(&w, "attempts", result->attempts);
        if (!result->ok)
                json_key_cstr(&w, "error", result->err.msg);
        json_end_object(&w);
        vec_push(events, (PendingEvent){ result->ok ? STR("sent") : STR("failed"), d->notification.group_key, buf_str(&detail) });
}

static void delivered(void *arg, const DeliveryResult *result)
{
        Delivery *d = arg;
        AlertRouter *r = d->router;
        Str doc = { 0 };
        int64_t now_ms = clock_wall_ms(r->options.clock);
        if (!result->ok)
                log_error("notification failed", KV("receiver", d->notification.receiver), KV("group", d->notification.group_key), KV("err", &result->err));
        metric_add(metric_of(&notifications, d->notification.receiver, result->ok ? STR("ok") : STR("failed")), 1);
        EventVec events = { .arena = d->arena };
        note_delivery(&events, d, result);
        mutex_lock(&r->mu);
        if (result->ok) {
                alert_log_note(r->log, d->log_key, d->firing, d->resolved, d->notification.now_ms, d->expires_ms, d->arena, &doc);
                AlertGroup **g = d->epoch == r->epoch ? group_map_get(&r->groups, d->group) : NULL;
                if (g)
                        (*g)->last_notified_ms = now_ms;
        }
        mutex_unlock(&r->mu);
        Err err;
        if (doc.n && r->options.statedb && !statedb_put(r->options.statedb, STR("nflog"), d->log_key, doc, d->expires_ms, &err))
                log_error("the notification log is not saved: a restart may repeat a notification", KV("group", d->notification.group_key), KV("err", &err));
        write_events(r, &events, now_ms);
        mutex_lock(&r->mu);
        forget_told(r, d, result->ok);
        mutex_unlock(&r->mu);
        delivery_free(d);
        mutex_lock(&r->mu);
        r->in_flight--;
        mutex_cond_broadcast(&r->idle);
        mutex_unlock(&r->mu);
}

typedef VEC(Delivery *) DeliveryVec;

/* Decides what to tell about one due group. */
static void flush_group(AlertRouter *r, AlertGroup *g, int64_t now_ms, DeliveryVec *out)
{
        const AlertSender *s = &r->options.sender;
        size_t n = s->integrations ? s->integrations(s->self, g->route->receiver) : 0;
        size_t started = 0;
        for (size_t i = 0; i < n; i++) {
                Delivery *d = delivery_new(r, g, i, now_ms);
                d->reason = alert_log_decide(r->log, d->log_key, d->firing, d->resolved, s->send_resolved(s->self, g->route->receiver, i), now_ms,
                                             g->route->repeat_interval_ms);
                if (d->reason == NOTICE_NONE) {
                        delivery_free(d);
                        continue;
                }
                vec_push(out, d);
                started++;
        }
        g->in_flight += started;
        r->in_flight += started;
        if (started)
                return;
        /* Nothing to tell: what is resolved has been told, or nobody was ever told of it. */
        VEC(uint64_t) gone = { 0 };
        for (StoredMapSlot *a = stored_map_next(&g->alerts, NULL); a; a = stored_map_next(&g->alerts, a))
                if (is_resolved(&a->val->msg, now_ms))
                        vec_push(&gone, a->key);
        vec_each(key, &gone)
        {
                alert_unref(*stored_map_get(&g->alerts, *key));
                stored_map_remove(&g->alerts, *key);
        }
        vec_done(&gone);
}

static void drop_old_alerts(AlertRouter *r, int64_t now_ms)
{
        VEC(uint64_t) gone = { 0 };
        for (StoredMapSlot *s = stored_map_next(&r->alerts, NULL); s; s = stored_map_next(&r->alerts, s))
                if (is_resolved(&s->val->msg, now_ms - KEEP_RESOLVED_MS))
                        vec_push(&gone, s->key);
        vec_each(key, &gone)
        {
                alert_unref(*stored_map_get(&r->alerts, *key));
                stored_map_remove(&r->alerts, *key);
        }
        vec_done(&gone);
        alert_log_expire(r->log, now_ms);
}

static void flush_due(AlertRouter *r, int64_t now_ms, DeliveryVec *out)
{
        VEC(AlertGroup *) empty = { 0 };
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s)) {
                AlertGroup *g = s->val;
                if (g->next_flush_ms > now_ms || g->in_flight)
                        continue;
                g->flushed = true;
                int64_t interval_ms = MAX_OF(g->route->group_interval_ms, (int64_t)1);
                g->next_flush_ms += interval_ms * (1 + (now_ms - g->next_flush_ms) / interval_ms);
                flush_group(r, g, now_ms, out);
                if (g->alerts.len == 0 && g->in_flight == 0)
                        vec_push(&empty, g);
        }
        vec_each(it, &empty)
        {
                group_map_remove(&r->groups, (GroupId){ (*it)->route, (*it)->labels });
                group_free(*it);
        }
        vec_done(&empty);
}

int64_t alert_router_tick(AlertRouter *r)
{
        int64_t now_ms = clock_wall_ms(r->options.clock);
        DeliveryVec out = { 0 };
        mutex_lock(&r->mu);
        flush_due(r, now_ms, &out);
        drop_old_alerts(r, now_ms);
        mutex_unlock(&r->mu);
        vec_each(d, &out) r->options.sender.send(r->options.sender.self, &(*d)->notification, delivered, *d);
        vec_done(&out);
        int64_t wait_ms = LONGEST_TICK_MS;
        mutex_lock(&r->mu);
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s))
                wait_ms = MIN_OF(wait_ms, s->val->next_flush_ms - now_ms);
        mutex_unlock(&r->mu);
        return MAX_OF(wait_ms, (int64_t)1);
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
                        .receiver = str_dup(arena, g->route->receiver), .key = str_dup(arena, g->key), .labels = labels_dup(arena, g->labels),
                        .alerts = arena_array(arena, AlertMsg, g->alerts.len), .last_notified_ms = g->last_notified_ms, .next_flush_ms = g->next_flush_ms,
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
