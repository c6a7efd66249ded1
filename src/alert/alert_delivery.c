/* Invariants:
 * 1. A delivery holds references to the versions it tells: an update meanwhile changes nothing of it.
 * 2. An alert that fires when the notification is made is told as firing, whenever it is sent.
 * 3. Until it is opened a delivery is references and hashes, a few bytes for each alert. */
#include "alert/alert_delivery.h"

#include <stdlib.h>

#include "base/num.h"
#include "codec/json.h"

enum { SHORTEST_TIMEOUT_MS = 10000, LONGEST_LOG_KEY_BYTES = 2000 };

AlertView alert_delivery_view(const AlertGroup *g, int64_t now_ms,
                              bool (*muted)(void *arg, StoredAlert *alert, Labels labels), void *arg, Arena *arena)
{
        AlertView v = { 0 };
        v.held = alert_group_snapshot(g, arena, &v.n_held);
        v.alerts = arena_array(arena, StoredAlert *, v.n_held);
        v.firing.data = arena_array(arena, uint64_t, v.n_held);
        v.resolved.data = arena_array(arena, uint64_t, v.n_held);
        for (size_t i = 0; i < v.n_held; i++) {
                StoredAlert *a = v.held[i].alert;
                if (muted && muted(arg, a, v.held[i].msg.labels))
                        continue;
                AlertHashes *to = alert_store_is_resolved(a, now_ms) ? &v.resolved : &v.firing;
                to->data[to->n++] = a->fingerprint;
                v.alerts[v.n++] = a;
        }
        if (v.firing.n > 1)
                qsort(v.firing.data, v.firing.n, sizeof(uint64_t), num_compare_u64);
        if (v.resolved.n > 1)
                qsort(v.resolved.data, v.resolved.n, sizeof(uint64_t), num_compare_u64);
        return v;
}

void alert_delivery_view_done(AlertView *view)
{
        for (size_t i = 0; i < view->n_held; i++)
                alert_store_unref(view->held[i].alert);
        view->n_held = 0;
}

Str alert_delivery_log_key(const AlertGroup *g, size_t integration, Arena *arena)
{
        Str key = str_printf(arena, STR_FMT "|" STR_FMT "|%zu", STR_ARG(g->key), STR_ARG(g->route->receiver),
                             integration);
        if (key.n <= LONGEST_LOG_KEY_BYTES)
                return key;
        return str_printf(arena, STR_FMT "...%016llx", STR_ARG(str_sub(key, 0, LONGEST_LOG_KEY_BYTES - 20)),
                          (unsigned long long)hash_fnv1a(key));
}

static AlertHashes hashes_dup(AlertHashes h, Arena *arena)
{
        AlertHashes copy = { arena_array(arena, uint64_t, h.n), h.n };
        if (h.n)
                memcpy(copy.data, h.data, h.n * sizeof(uint64_t));
        return copy;
}

int64_t alert_delivery_expires(const AlertRoute *route, int64_t retention_ms, int64_t now_ms)
{
        return now_ms + MIN_OF(retention_ms, 2 * route->repeat_interval_ms);
}

AlertDelivery *alert_delivery_new(const AlertGroup *g, const AlertView *view, size_t integration, Str log_key,
                                  Str external_url, int64_t retention_ms, int64_t now_ms)
{
        Arena *arena = arena_new();
        AlertDelivery *d = arena_new_of(arena, AlertDelivery);
        d->arena = arena;
        d->held = arena_array(arena, StoredAlert *, view->n_held);
        d->n_held = view->n_held;
        for (size_t i = 0; i < d->n_held; i++)
                d->held[i] = alert_store_ref(view->held[i].alert);
        d->told = arena_array(arena, StoredAlert *, view->n);
        for (size_t i = 0; i < view->n; i++)
                d->told[i] = view->alerts[i];
        d->firing = hashes_dup(view->firing, arena);
        d->resolved = hashes_dup(view->resolved, arena);
        d->log_key = str_dup(arena, log_key);
        d->now_ms = now_ms;
        d->expires_ms = alert_delivery_expires(g->route, retention_ms, now_ms);
        d->notification = (Notification){
                .receiver = str_dup(arena, g->route->receiver),
                .integration = integration,
                .group_key = str_dup(arena, g->key),
                .timeout_ms = MAX_OF(g->route->group_interval_ms, (int64_t)SHORTEST_TIMEOUT_MS),
                .group_labels = labels_dup(arena, g->labels),
                .n_alerts = view->n,
                .resolved = d->firing.n == 0,
                .external_url = external_url,
                .route_labels = labels_dup(arena, g->route->labels),
                .now_ms = now_ms,
        };
        return d;
}

void alert_delivery_open(AlertDelivery *d, int64_t now_ms)
{
        Notification *n = &d->notification;
        AlertMsg *alerts = arena_array(d->arena, AlertMsg, n->n_alerts);
        for (size_t i = 0; i < n->n_alerts; i++) {
                alerts[i] = alert_store_read(d->told[i], d->arena);
                if (!alert_store_is_resolved(d->told[i], d->now_ms))
                        alerts[i].ends_at_ms = 0;
        }
        n->alerts = alerts;
        n->common_labels = alert_msg_common(alerts, n->n_alerts, false, d->arena);
        n->common_annotations = alert_msg_common(alerts, n->n_alerts, true, d->arena);
        int64_t left_ms = d->now_ms + n->timeout_ms - now_ms;
        n->timeout_ms = MIN_OF(n->timeout_ms, MAX_OF(left_ms, (int64_t)SHORTEST_TIMEOUT_MS));
}

void alert_delivery_free(AlertDelivery *d)
{
        for (size_t i = 0; i < d->n_held; i++)
                alert_store_unref(d->held[i]);
        arena_free(d->arena);
}

void alert_delivery_note(const AlertDelivery *d, const DeliveryResult *result, int64_t now_ms, AlertJournal *journal)
{
        Buf detail = { .arena = journal->arena };
        JsonWriter w;
        json_writer_init(&w, &detail);
        json_begin_object(&w);
        json_key_str(&w, "receiver", d->notification.receiver);
        json_key_str(&w, "alertname", labels_get(d->notification.common_labels, STR("alertname")));
        json_key_str(&w, "integration", result->integration);
        json_key_cstr(&w, "reason", alert_log_notice_name(d->reason));
        json_key_cstr(&w, "status", d->notification.resolved ? "resolved" : "firing");
        json_key_u64(&w, "alerts", d->notification.n_alerts);
        json_key_i64(&w, "answer", result->status);
        json_key_u64(&w, "attempts", result->attempts);
        if (!result->ok)
                json_key_cstr(&w, "error", result->err.msg);
        json_end_object(&w);
        alert_store_add_event(journal, now_ms, result->ok ? STR("sent") : STR("failed"),
                              str_dup(journal->arena, d->notification.group_key), buf_str(&detail));
}
