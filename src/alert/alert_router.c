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
#include "alert/alert_ack.h"
#include "alert/alert_state.h"
#include "base/mem.h"
#include "base/metric.h"
#include "sync/pool.h"

enum {
        LONGEST_TICK_MS = 60000,
        PART_BYTES = 1 << 20,
        KEEP_RESOLVED_MS = 30 * 60 * 1000,
        RESOLVE_TIMEOUT_MS = 5 * 60 * 1000,
        COUNT_EVERY_MS = 15000,
        STORM_DELIVERIES = 50,
        COLLECT_EVERY_MS = 15 * 60 * 1000
};
#define RETENTION_MS (INT64_C(120) * 3600 * 1000)

METRIC_FAMILY(received, METRIC_KIND_COUNTER, "pharos_alert_received_total", "Alerts received, by status.", "status");
METRIC_FAMILY(received_am, METRIC_KIND_COUNTER, "alertmanager_alerts_received_total", "Alerts received.", "status",
              "version");
METRIC_GAUGE(rules_gauge, "alertmanager_inhibition_rules", "Inhibition rules that are configured.");
METRIC_GAUGE(receivers_gauge, "alertmanager_receivers", "Receivers that are configured.");

static void no_wake(void *ctx) { (void)ctx; }

static void forget(void *ctx, StoredAlert *alert) { alert_inhibit_remove(&((AlertRouter *)ctx)->inhibitor, alert); }

/* Who has seen it has seen this time, not the next. */
static void over(void *ctx, StoredAlert *alert, int64_t now_ms)
{
        alert_ack_expire(alert, now_ms, &((AlertRouter *)ctx)->journal);
}

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
        r->journal = alert_store_journal(arena_new());
        r->log = alert_log_new(options->statedb);
        r->store.on_end = over;
        r->store.on_gone = forget;
        r->store.ctx = r;
        alert_store_load(&r->store, options->statedb, clock_wall_ms(r->options.clock), RESOLVE_TIMEOUT_MS);
        alert_ack_load(&r->store, options->statedb);
        r->silences = (AlertSilences){
                .retention_ms = options->silence_retention_ms ? options->silence_retention_ms : RETENTION_MS,
                .max_silences = options->max_silences,
                .max_bytes = options->max_silence_bytes,
        };
        alert_silences_load(&r->silences, options->statedb);
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
        alert_send_drop_waiting(r);
        while (r->in_flight || r->writers)
                mutex_cond_wait(&r->idle, &r->mu);
        mutex_unlock(&r->mu);
        alert_state_persist(r);
        arena_free(r->journal.arena);
        alert_group_clear(&r->groups);
        alert_inhibit_done(&r->inhibitor);
        alert_silences_done(&r->silences);
        alert_store_done(&r->store);
        alert_log_free(r->log);
        arena_free(r->config_arena);
        vec_done(&r->lanes);
        arena_free(r->arena);
        mutex_done(&r->mu);
        mutex_done(&r->journal_mu);
        mutex_cond_done(&r->idle);
        mem_free(r);
}

/* ---- what must outlive the program ---- */

void alert_state_persist(AlertRouter *r)
{
        mutex_lock(&r->journal_mu); /* batches are written in the order in which they are taken */
        mutex_lock(&r->mu);
        bool empty = alert_store_is_empty(&r->journal);
        AlertJournal batch = r->journal;
        if (empty)
                arena_reset(r->journal.arena); /* what was written to it came to nothing */
        else
                r->journal = alert_store_journal(arena_new());
        mutex_unlock(&r->mu);
        if (!empty)
                alert_store_write(&batch, r->options.statedb);
        mutex_unlock(&r->journal_mu);
        if (empty)
                return;
        vec_each(done, &batch.waiters)
                done->fn(done->arg);
        arena_free(batch.arena);
}

static void persist_job(void *arg)
{
        AlertRouter *r = arg;
        for (bool more = true; more;) {
                alert_state_persist(r);
                MUTEX_SCOPE(&r->mu);
                more = !alert_store_is_empty(&r->journal);
                if (more)
                        continue;
                r->writers--;
                mutex_cond_broadcast(&r->idle);
        }
}

void alert_state_persist_soon(AlertRouter *r)
{
        mutex_lock(&r->mu);
        bool queue = r->options.pool && !r->writers; /* one that waits takes this with it */
        r->writers += queue;
        mutex_unlock(&r->mu);
        if (!r->options.pool)
                alert_state_persist(r);
        else if (queue && !pool_submit(r->options.pool, persist_job, r))
                persist_job(r);
}

void alert_state_persist_then(AlertRouter *r, AlertDone done)
{
        if (!done.fn) {
                alert_state_persist(r);
                return;
        }
        mutex_lock(&r->mu);
        vec_push(&r->journal.waiters, done);
        mutex_unlock(&r->mu);
        alert_state_persist_soon(r);
}

/* ---- alerts in ---- */

typedef struct Insertion {
        AlertRouter *router;
        StoredAlert *alert;
        Labels labels; /* its */
        int64_t now_ms;
        bool fresh; /* a group was made: it may be due before the next announced tick */
} Insertion;

static void insert_into(void *arg, const AlertRoute *route)
{
        Insertion *in = arg;
        in->fresh |= alert_group_insert(&in->router->groups, in->router->root, route, in->alert, in->labels,
                                        in->router->compat, in->now_ms);
}

void alert_router_put_then(AlertRouter *r, const AlertMsg *alerts, size_t n, AlertDone done)
{
        Insertion in = { .router = r };
        size_t n_resolved = 0;
        size_t n_put = 0;
        mutex_lock(&r->mu);
        in.now_ms = clock_wall_ms(r->options.clock);
        for (size_t i = 0; i < n; i++) {
                if (!alerts[i].labels.n)
                        continue;
                in.alert = alert_store_put(&r->store, &alerts[i], in.now_ms, r->resolve_timeout_ms, &r->journal);
                in.labels = alerts[i].labels;
                alert_ack_expire(in.alert, in.now_ms, &r->journal);
                alert_inhibit_put(&r->inhibitor, in.alert, in.labels, in.now_ms);
                n_put++;
                n_resolved += in.alert->ended;
                if (r->root)
                        alert_route_match(r->root, in.labels, insert_into, &in);
        }
        mutex_unlock(&r->mu);
        metric_add(metric_of(&received, STR("resolved")), n_resolved);
        metric_add(metric_of(&received, STR("firing")), n_put - n_resolved);
        metric_add(metric_of(&received_am, STR("resolved"), STR("v2")), n_resolved);
        metric_add(metric_of(&received_am, STR("firing"), STR("v2")), n_put - n_resolved);
        alert_state_persist_then(r, done);
        if (in.fresh)
                r->options.wake(r->options.wake_ctx);
}

void alert_router_put(AlertRouter *r, const AlertMsg *alerts, size_t n)
{
        alert_router_put_then(r, alerts, n, (AlertDone){ 0 });
}

static void sink_put(void *self, const AlertMsg *alerts, size_t n) { alert_router_put(self, alerts, n); }

AlertSink alert_router_sink(AlertRouter *r) { return (AlertSink){ .put = sink_put, .self = r }; }

static bool copy_config(const AlertConfig *config, Arena *arena, AlertRoute *root, AlertIntervals *intervals,
                        AlertReceiverSeen **receivers, Err *err)
{
        if (!alert_route_copy(config->root, arena, root, err) ||
            !alert_interval_copy(&config->intervals, arena, intervals, err))
                return false;
        *receivers = arena_array(arena, AlertReceiverSeen, config->n_receivers);
        for (size_t i = 0; i < config->n_receivers; i++)
                (*receivers)[i] = (AlertReceiverSeen){ .name = str_dup(arena, config->receivers[i].name),
                                                       .labels = labels_dup(arena, config->receivers[i].labels) };
        return true;
}

/* Under mu: everything that follows from the configuration, for the alerts that there are. */
static void regroup(AlertRouter *r)
{
        Insertion in = { .router = r, .now_ms = clock_wall_ms(r->options.clock) };
        AUTO(arena_free) Arena *scratch = arena_new();
        size_t at = 0;
        for (StoredAlert *a; (a = alert_set_next(&r->store.alerts, &at)); arena_reset(scratch)) {
                in.alert = a;
                in.labels = alert_text_labels(a->text, scratch);
                a->marks.is_source = false;
                alert_inhibit_put(&r->inhibitor, a, in.labels, in.now_ms);
                alert_route_match(r->root, in.labels, insert_into, &in);
        }
}

bool alert_router_apply(AlertRouter *r, const AlertConfig *config, Err *err)
{
        Arena *arena = arena_new();
        AlertRoute *root = arena_new_of(arena, AlertRoute);
        AlertIntervals intervals;
        AlertReceiverSeen *receivers;
        AlertInhibitor inhibitor;
        if (!copy_config(config, arena, root, &intervals, &receivers, err) ||
            !alert_inhibit_init(&inhibitor, config->inhibit_rules, config->n_inhibit_rules, arena, err)) {
                arena_free(arena);
                return false;
        }
        mutex_lock(&r->mu);
        alert_send_drop_waiting(r); /* decided anew by the new configuration */
        alert_group_clear(&r->groups);
        alert_inhibit_done(&r->inhibitor);
        arena_free(r->config_arena);
        r->config_arena = arena;
        r->root = root;
        r->intervals = intervals;
        r->inhibitor = inhibitor;
        r->receivers = receivers;
        r->n_receivers = config->n_receivers;
        r->compat = config->compat;
        r->matchers = config->matchers;
        r->silences.matchers = config->matchers;
        r->silences.old_words = config->compat == ALERT_COMPAT_AM_0_25;
        r->silences.strict = config->compat == ALERT_COMPAT_PHAROS;
        r->resolve_timeout_ms = config->resolve_timeout_ms ? config->resolve_timeout_ms : RESOLVE_TIMEOUT_MS;
        r->epoch++;
        regroup(r);
        mutex_unlock(&r->mu);
        metric_set(rules_gauge, (double)config->n_inhibit_rules);
        metric_set(receivers_gauge, (double)config->n_receivers);
        r->options.wake(r->options.wake_ctx);
        return true;
}

/* ---- notifications out ---- */

/* A delivery of this that was started before a reload. */
static bool is_under_way(const AlertRouter *r, Str log_key)
{
        for (const AlertDelivery *d = r->deliveries; d; d = d->next)
                if (d->epoch != r->epoch && str_eq(d->log_key, log_key))
                        return true;
        return false;
}

/* One group at its tick. */
typedef struct Flush {
        AlertRouter *router;
        AlertGroup *group;
        int64_t now_ms;
        bool all_muted; /* by a time interval */
        Str *keys;      /* in the notification log, one an integration */
        size_t n_keys;
} Flush;

static bool was_told_firing(const Flush *f, const StoredAlert *a)
{
        for (size_t i = 0; i < f->n_keys; i++)
                if (alert_log_knows_firing(f->router->log, f->keys[i], a->fingerprint))
                        return true;
        return false;
}

static bool is_muted(void *arg, StoredAlert *a, Labels labels)
{
        Flush *f = arg;
        AlertMuting m = { .muted = MUTED_INTERVAL };
        alert_store_note_end(&f->router->store, a, f->now_ms, &f->router->journal);
        if (!a->current) /* forgotten meanwhile: only its end is left to tell */
                return false;
        if (!f->all_muted)
                m = alert_mute_of(f->router, a, labels, f->now_ms);
        /* Whoever was told that it fires is told that it is over, silence or not. */
        if (f->router->compat == ALERT_COMPAT_PHAROS && m.muted == MUTED_SILENCE &&
            alert_store_is_resolved(a, f->now_ms) && was_told_firing(f, a))
                m.muted = MUTED_NOT;
        alert_mute_note(f->router, a, labels, f->group, &m, f->now_ms);
        return m.muted != MUTED_NOT;
}

static bool all_acknowledged(const AlertView *view, int64_t now_ms)
{
        for (size_t i = 0; i < view->n; i++)
                if (!alert_store_is_resolved(view->alerts[i], now_ms) && !alert_ack_of(view->alerts[i], now_ms))
                        return false;
        return true;
}

static AlertNotice decide(AlertRouter *r, const AlertGroup *g, const AlertView *view, Str key, size_t i, int64_t now_ms)
{
        const AlertSender *s = &r->options.sender;
        /* Alertmanager asks for more than the interval since it sent: a tick of exactly n intervals is too early. */
        int64_t tick_ms = g->next_flush_ms - (r->compat != ALERT_COMPAT_PHAROS);
        if (!view->n)
                return NOTICE_NONE;
        AlertNotice reason = alert_log_decide(r->log, key, view->firing, view->resolved,
                                              s->send_resolved(s->self, g->route->receiver, i), tick_ms,
                                              g->route->repeat_interval_ms);
        if (reason != NOTICE_REPEAT || !all_acknowledged(view, now_ms))
                return reason;
        /* Not told again, but not forgotten either: its end is to be told. */
        Str doc;
        int64_t expires_ms = alert_delivery_expires(g->route, r->silences.retention_ms, now_ms);
        alert_log_extend(r->log, key, expires_ms, r->journal.arena, &doc);
        alert_store_add_write(&r->journal, STR("nflog"), str_dup(r->journal.arena, key), doc, expires_ms);
        return NOTICE_NONE;
}

/* Decides what to tell about one due group. False: not now. */
static bool flush_group(AlertRouter *r, AlertGroup *g, int64_t now_ms, AlertDeliveries *out)
{
        const AlertSender *s = &r->options.sender;
        AUTO(arena_free) Arena *scratch = arena_new();
        size_t n = s->integrations ? s->integrations(s->self, g->route->receiver) : 0;
        size_t n_muted_by;
        Flush f = { .router = r, .group = g, .now_ms = now_ms, .keys = arena_array(scratch, Str, n), .n_keys = n };
        for (size_t i = 0; i < n; i++) {
                f.keys[i] = alert_delivery_log_key(g, i, scratch);
                if (is_under_way(r, f.keys[i]))
                        return false;
        }
        alert_mute_intervals(r, g->route, now_ms, scratch, &n_muted_by);
        f.all_muted = n_muted_by > 0;
        AlertView view = alert_delivery_view(g, now_ms, is_muted, &f, scratch);
        g->failed = false;
        g->flushed = true;
        for (size_t i = 0; i < n; i++) {
                AlertNotice reason = decide(r, g, &view, f.keys[i], i, now_ms);
                if (reason == NOTICE_NONE)
                        continue;
                AlertDelivery *d = alert_delivery_new(g, &view, i, f.keys[i], r->options.external_url,
                                                      r->silences.retention_ms, now_ms);
                d->reason = reason;
                d->notification.reason = str_of(alert_log_notice_name(reason));
                d->tick_ms = g->next_flush_ms;
                d->started_mono_ns = r->options.clock->mono_ns(r->options.clock);
                alert_send_begin(r, g, d);
                vec_push(out, d);
        }
        alert_delivery_view_done(&view);
        if (!g->in_flight) /* what is resolved has been told, or nobody was ever told of it */
                alert_group_drop_resolved(g, NULL, 0, now_ms);
        return true;
}

/* False: not all; the rest when the journal is written. */
static bool flush_due(AlertRouter *r, int64_t now_ms, size_t max_bytes, AlertDeliveries *out)
{
        VEC(AlertGroup *) empty = { 0 };
        bool all = true;
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s)) {
                AlertGroup *g = s->val;
                if (g->next_flush_ms > now_ms || g->in_flight || g->waits)
                        continue;
                if (arena_used(r->journal.arena) > max_bytes) {
                        all = false;
                        break;
                }
                if (!flush_group(r, g, now_ms, out)) {
                        g->waits = true;
                        continue;
                }
                int64_t interval_ms = MAX_OF(g->route->group_interval_ms, (int64_t)1);
                g->next_flush_ms += interval_ms * (1 + (now_ms - g->next_flush_ms) / interval_ms);
                vec_push(&empty, g);
        }
        vec_each(g, &empty)
                alert_group_remove_empty(&r->groups, *g, r->compat, now_ms);
        vec_done(&empty);
        return all;
}

/* Until a timer of a group that can flush; the others are woken for. */
static int64_t next_timer_ms(const AlertRouter *r, int64_t now_ms)
{
        int64_t wait_ms = MIN_OF(alert_send_timer_ms(r, now_ms), (int64_t)LONGEST_TICK_MS);
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s))
                if (!s->val->in_flight && !s->val->waits)
                        wait_ms = MIN_OF(wait_ms, s->val->next_flush_ms - now_ms);
        return MAX_OF(wait_ms, (int64_t)1);
}

/* False: there is more, when the journal is written. */
static bool look_after(AlertRouter *r, int64_t now_ms, size_t max_bytes)
{
        bool all = alert_store_expire(&r->store, now_ms, KEEP_RESOLVED_MS, max_bytes, &r->journal);
        if (now_ms - r->counted_ms >= COUNT_EVERY_MS) {
                r->counted_ms = now_ms;
                alert_mute_count(r, now_ms);
        }
        if (now_ms - r->collected_ms >= COLLECT_EVERY_MS) {
                r->collected_ms = now_ms;
                alert_silences_collect(&r->silences, now_ms, &r->journal);
                alert_log_expire(r->log, now_ms);
        }
        return all;
}

/* A part of what is due: about as much as PART_BYTES of the journal have room for. False: there is more. */
static bool tick_part(AlertRouter *r)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AlertDeliveries out = { .arena = arena };
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        size_t max_bytes = arena_used(r->journal.arena) + PART_BYTES;
        bool all = look_after(r, now_ms, max_bytes) && flush_due(r, now_ms, max_bytes, &out);
        mutex_unlock(&r->mu);
        alert_state_persist(r); /* an end is durable before its notice goes out */
        alert_send_all(r, out.data, out.len);
        return all;
}

int64_t alert_router_tick(AlertRouter *r)
{
        while (!tick_part(r))
                continue;
        int64_t now_ms = clock_wall_ms(r->options.clock);
        mutex_lock(&r->mu);
        bool storm_over = !r->in_flight && r->burst >= STORM_DELIVERIES;
        if (!r->in_flight)
                r->burst = 0;
        int64_t wait_ms = next_timer_ms(r, now_ms);
        mutex_unlock(&r->mu);
        if (storm_over) /* their texts were many times what is kept */
                mem_trim();
        return wait_ms;
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
                size_t at = 0;
                for (const StoredAlert *a; (a = alert_set_next(&g->alerts, &at));) {
                        AlertMsg *copy = &to->alerts[to->n++];
                        *copy = alert_store_read(a, arena);
                        copy->labels = labels_dup(arena, copy->labels);
                        copy->annotations = labels_dup(arena, copy->annotations);
                        copy->generator_url = str_dup(arena, copy->generator_url);
                }
        }
        *ret = all;
        *ret_n = n;
}
