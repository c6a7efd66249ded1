/* What the router shows. Alerts are held, not copied: a look at many costs references.
 *
 * Invariant: nothing of what is shown changes or goes until alert_router_seen_done; what could (acknowledgements, names of
 * the configuration) is copied. */
#include <stdlib.h>

#include "alert/alert_ack.h"
#include "alert/alert_state.h"

typedef struct Receivers {
        const AlertRouter *router;
        const AlertWanted *wanted;
        Arena *arena;
        VEC(Str) names;
} Receivers;

static bool receiver_wanted(const AlertRouter *r, const AlertWanted *w, Str name)
{
        if (w->receiver && !regex_match(w->receiver, name))
                return false;
        for (size_t i = 0; w->receiver_matchers.n && i < r->n_receivers; i++)
                if (str_eq(r->receivers[i].name, name))
                        return matchers_match(w->receiver_matchers, r->receivers[i].labels);
        return true;
}

static void add_receiver(void *arg, const AlertRoute *route)
{
        Receivers *rs = arg;
        if (receiver_wanted(rs->router, rs->wanted, route->receiver))
                vec_push(&rs->names, str_dup(rs->arena, route->receiver));
}

typedef struct Ids {
        Arena *arena;
        VEC(Str) list;
} Ids;

static bool add_id(void *arg, const HeldSilence *h)
{
        Ids *ids = arg;
        vec_push(&ids->list, str_dup(ids->arena, str_of(h->silence.id)));
        return true;
}

static const AlertAck *ack_dup(const AlertAck *ack, Arena *arena)
{
        AlertAck *copy = arena_new_of(arena, AlertAck);
        *copy = *ack;
        copy->labels = labels_dup(arena, ack->labels);
        copy->by = str_dup(arena, ack->by);
        copy->comment = str_dup(arena, ack->comment);
        return copy;
}

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

/* Under mu. What mutes it, whoever is told of it. */
static void see(AlertRouter *r, StoredAlert *a, int64_t now_ms, Arena *arena, AlertSeen *ret)
{
        Ids ids = { .arena = arena, .list.arena = arena };
        const AlertInhibitRule *rule;
        *ret = (AlertSeen){ .msg = &a->msg, .fingerprint = a->fingerprint, .held = a, .state = ALERT_ACTIVE };
        if (r->silences.by_seq.len && a->marks)
                alert_silences_of(&r->silences, a, now_ms, add_id, &ids);
        if (ids.list.len > 1)
                qsort(ids.list.data, ids.list.len, sizeof(Str), by_text);
        ret->silenced_by = ids.list.data;
        ret->n_silenced_by = ids.list.len;
        if (r->inhibitor.n &&
            alert_inhibit_mutes(&r->inhibitor, &r->store, a->msg.labels, now_ms, &ret->inhibited_by, &rule))
                ret->inhibited_rule = str_dup(arena, rule->name);
        if (ret->n_silenced_by || ret->inhibited_by)
                ret->state = ALERT_SUPPRESSED;
        const AlertAck *ack = alert_ack_of(a, now_ms);
        if (ack)
                ret->ack = ack_dup(ack, arena);
}

static bool alert_wanted(const AlertWanted *w, const AlertSeen *seen)
{
        return (w->active || seen->state != ALERT_ACTIVE) && (w->silenced || !seen->n_silenced_by) &&
               (w->inhibited || !seen->inhibited_by) && (w->unprocessed || seen->state != ALERT_UNPROCESSED);
}

static bool label_wanted(const AlertWanted *w, const StoredAlert *a, int64_t now_ms)
{
        return !alert_store_is_resolved(&a->msg, now_ms) && (!w->has_fingerprint || a->fingerprint == w->fingerprint) &&
               matchers_match(w->filter, a->msg.labels);
}

static void hold(AlertSeen *seen) { alert_store_ref(seen->held); }

void alert_router_seen_done(AlertSeen *seen, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (seen[i].held)
                        alert_store_unref(seen[i].held);
                seen[i].held = NULL;
        }
}

static int by_fingerprint(const void *pa, const void *pb)
{
        uint64_t a = ((const AlertSeen *)pa)->fingerprint;
        uint64_t b = ((const AlertSeen *)pb)->fingerprint;
        return (a > b) - (a < b);
}

void alert_router_seen(AlertRouter *r, const AlertWanted *w, Arena *arena, AlertSeen **ret, size_t *ret_n)
{
        VEC(AlertSeen) all = { .arena = arena };
        AlertSeen seen;
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        for (StoredMapSlot *s = stored_map_next(&r->store.alerts, NULL); s; s = stored_map_next(&r->store.alerts, s)) {
                StoredAlert *a = s->val;
                Receivers rs = { .router = r, .wanted = w, .arena = arena, .names.arena = arena };
                if (!r->root || !label_wanted(w, a, now_ms))
                        continue;
                alert_route_match(r->root, a->msg.labels, add_receiver, &rs);
                if ((w->receiver || w->receiver_matchers.n) && !rs.names.len)
                        continue;
                if (w->receiver || w->receiver_matchers.n) { /* shown whole */
                        AlertWanted any = { 0 };
                        rs.wanted = &any;
                        rs.names.len = 0;
                        alert_route_match(r->root, a->msg.labels, add_receiver, &rs);
                }
                see(r, a, now_ms, arena, &seen);
                if (!alert_wanted(w, &seen))
                        continue;
                seen.receivers = rs.names.data;
                seen.n_receivers = rs.names.len;
                hold(&seen);
                vec_push(&all, seen);
        }
        mutex_unlock(&r->mu);
        if (all.len > 1)
                qsort(all.data, all.len, sizeof(AlertSeen), by_fingerprint);
        *ret = all.data;
        *ret_n = all.len;
}

/* ---- groups ---- */

static int by_labels(const void *pa, const void *pb)
{
        const AlertGroupSeen *a = pa;
        const AlertGroupSeen *b = pb;
        int c = labels_cmp_count_first(a->labels, b->labels);
        if (!c)
                c = str_cmp(a->receiver, b->receiver);
        return c ? c : str_cmp(a->key, b->key);
}

static void see_group(AlertRouter *r, const AlertGroup *g, const AlertWanted *w, int64_t now_ms, Arena *arena,
                      AlertGroupSeen *ret)
{
        size_t n;
        StoredAlert **alerts = alert_group_snapshot(g, arena, &n); /* sorted, referenced */
        *ret = (AlertGroupSeen){ .alerts = arena_array(arena, AlertSeen, n) };
        for (size_t i = 0; i < n; i++) {
                AlertSeen *seen = &ret->alerts[ret->n];
                Receivers rs = { .router = r, .wanted = w, .arena = arena, .names.arena = arena };
                if (label_wanted(w, alerts[i], now_ms)) {
                        see(r, alerts[i], now_ms, arena, seen);
                        if (alert_wanted(w, seen)) {
                                alert_route_match(r->root, alerts[i]->msg.labels, add_receiver, &rs);
                                if (rs.names.len > 1)
                                        qsort(rs.names.data, rs.names.len, sizeof(Str), by_text);
                                seen->receivers = rs.names.data;
                                seen->n_receivers = rs.names.len;
                                ret->n++; /* keeps the reference */
                                continue;
                        }
                }
                alert_store_unref(alerts[i]);
        }
        const Str *muted_by = alert_mute_intervals(r, g->route, now_ms, arena, &ret->n_muted_by);
        Str *names = arena_array(arena, Str, ret->n_muted_by);
        for (size_t i = 0; i < ret->n_muted_by; i++)
                names[i] = str_dup(arena, muted_by[i]);
        ret->muted_by = names;
        ret->receiver = str_dup(arena, g->route->receiver);
        ret->key = str_dup(arena, g->key);
        ret->labels = labels_dup(arena, g->labels);
        ret->last_notified_ms = g->last_notified_ms;
        ret->next_flush_ms = g->next_flush_ms;
}

void alert_router_groups_seen(AlertRouter *r, const AlertWanted *w, Arena *arena, AlertGroupSeen **ret, size_t *ret_n)
{
        VEC(AlertGroupSeen) all = { .arena = arena };
        AlertGroupSeen seen;
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s)) {
                if (!receiver_wanted(r, w, s->val->route->receiver))
                        continue;
                see_group(r, s->val, w, now_ms, arena, &seen);
                bool muted_unwanted = seen.n_muted_by && !w->muted;
                if (seen.n && !muted_unwanted)
                        vec_push(&all, seen);
                else
                        alert_router_seen_done(seen.alerts, seen.n);
        }
        mutex_unlock(&r->mu);
        if (all.len > 1)
                qsort(all.data, all.len, sizeof(AlertGroupSeen), by_labels);
        *ret = all.data;
        *ret_n = all.len;
}

static bool is_used(const AlertRoute *route, Str receiver)
{
        if (str_eq(route->receiver, receiver))
                return true;
        for (size_t i = 0; i < route->n; i++)
                if (is_used(&route->routes[i], receiver))
                        return true;
        return false;
}

void alert_router_receivers(AlertRouter *r, Arena *arena, AlertReceiverSeen **ret, size_t *ret_n)
{
        MUTEX_SCOPE(&r->mu);
        *ret = arena_array(arena, AlertReceiverSeen, r->n_receivers);
        *ret_n = r->n_receivers;
        for (size_t i = 0; i < r->n_receivers; i++)
                (*ret)[i] = (AlertReceiverSeen){ .name = str_dup(arena, r->receivers[i].name),
                                                 .labels = labels_dup(arena, r->receivers[i].labels),
                                                 .used = is_used(r->root, r->receivers[i].name) };
}

AlertCompat alert_router_compat(AlertRouter *r)
{
        MUTEX_SCOPE(&r->mu);
        return r->compat;
}

bool alert_router_labels_of(AlertRouter *r, uint64_t fingerprint, Arena *arena, Labels *ret)
{
        MUTEX_SCOPE(&r->mu);
        StoredAlert **a = stored_map_get(&r->store.alerts, fingerprint);
        if (a)
                *ret = labels_dup(arena, (*a)->msg.labels);
        return a != NULL;
}
