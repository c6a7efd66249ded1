/* What the router shows. Alerts are held, not copied: a look at many costs references.
 *
 * Invariants:
 * 1. Nothing of what is shown changes or goes until alert_router_seen_done; what could (acknowledgements, names of the
 *    configuration) is copied.
 * 2. A look at everything holds PART_ALERTS at a time, or one group: it lasts as long as the client reads, and must not cost
 *    a multiple of the memory that all alerts take. What changes meanwhile may be seen before or after. */
#include <stdlib.h>

#include "alert/alert_ack.h"
#include "alert/alert_state.h"

enum { PART_ALERTS = 512 };

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
static void see(AlertRouter *r, StoredAlert *a, const AlertMsg *msg, int64_t now_ms, Arena *arena, AlertSeen *ret)
{
        Ids ids = { .arena = arena, .list.arena = arena };
        const AlertInhibitRule *rule;
        *ret = (AlertSeen){ .msg = msg, .fingerprint = a->fingerprint, .held = a, .state = ALERT_ACTIVE };
        if (r->silences.by_seq.len && a->current)
                alert_silences_of(&r->silences, a, msg->labels, now_ms, add_id, &ids);
        if (ids.list.len > 1)
                qsort(ids.list.data, ids.list.len, sizeof(Str), by_text);
        ret->silenced_by = ids.list.data;
        ret->n_silenced_by = ids.list.len;
        if (r->inhibitor.n &&
            alert_inhibit_mutes(&r->inhibitor, &r->store, msg->labels, now_ms, &ret->inhibited_by, &rule))
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

static bool label_wanted(const AlertWanted *w, const StoredAlert *a, Labels labels, int64_t now_ms)
{
        return !alert_store_is_resolved(a, now_ms) && (!w->has_fingerprint || a->fingerprint == w->fingerprint) &&
               matchers_match(w->filter, labels);
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

static int by_value(const void *pa, const void *pb)
{
        uint64_t a = *(const uint64_t *)pa;
        uint64_t b = *(const uint64_t *)pb;
        return (a > b) - (a < b);
}

typedef VEC(uint64_t) Fingerprints;

/* Those whose labels are wanted, in order. */
static void find_wanted(AlertRouter *r, const AlertWanted *w, Fingerprints *ret)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        size_t at = 0;
        MUTEX_SCOPE(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        if (w->has_fingerprint) {
                vec_push(ret, w->fingerprint);
                return;
        }
        for (const StoredAlert *a; r->root && (a = alert_set_next(&r->store.alerts, &at));) {
                bool wanted = w->filter.n ? label_wanted(w, a, alert_text_labels(a->text, scratch), now_ms)
                                          : !alert_store_is_resolved(a, now_ms);
                if (wanted)
                        vec_push(ret, a->fingerprint);
                if (w->filter.n)
                        arena_reset(scratch);
        }
        if (ret->len > 1)
                qsort(ret->data, ret->len, sizeof(uint64_t), by_value);
}

/* Under mu. False: it is not wanted. */
static bool see_one(AlertRouter *r, const AlertWanted *w, StoredAlert *a, int64_t now_ms, Arena *arena, AlertSeen *ret)
{
        Receivers rs = { .router = r, .wanted = w, .arena = arena, .names.arena = arena };
        AlertMsg *msg = arena_new_of(arena, AlertMsg);
        *msg = alert_store_read(a, arena);
        if (!label_wanted(w, a, msg->labels, now_ms))
                return false;
        alert_route_match(r->root, msg->labels, add_receiver, &rs);
        if (w->receiver || w->receiver_matchers.n) {
                if (!rs.names.len)
                        return false;
                AlertWanted any = { 0 }; /* shown whole */
                rs.wanted = &any;
                rs.names.len = 0;
                alert_route_match(r->root, msg->labels, add_receiver, &rs);
        }
        see(r, a, msg, now_ms, arena, ret);
        ret->receivers = rs.names.data;
        ret->n_receivers = rs.names.len;
        return alert_wanted(w, ret);
}

typedef VEC(AlertSeen) Seen;

static void see_part(AlertRouter *r, const AlertWanted *w, const uint64_t *fingerprints, size_t n, Arena *arena,
                     Seen *ret)
{
        MUTEX_SCOPE(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        for (size_t i = 0; r->root && i < n; i++) {
                AlertSeen seen;
                StoredAlert *a = alert_set_get(&r->store.alerts, fingerprints[i]);
                if (!a || !see_one(r, w, a, now_ms, arena, &seen))
                        continue;
                hold(&seen);
                vec_push(ret, seen);
        }
}

void alert_router_seen(AlertRouter *r, const AlertWanted *w, Arena *arena, AlertSeen **ret, size_t *ret_n)
{
        Fingerprints wanted = { 0 };
        Seen all = { .arena = arena };
        find_wanted(r, w, &wanted);
        see_part(r, w, wanted.data, wanted.len, arena, &all);
        vec_done(&wanted);
        *ret = all.data;
        *ret_n = all.len;
}

void alert_router_seen_each(AlertRouter *r, const AlertWanted *w, bool (*fn)(void *arg, const AlertSeen *seen),
                            void *arg)
{
        AUTO(arena_free) Arena *part = arena_new();
        Fingerprints wanted = { 0 };
        bool more = true;
        find_wanted(r, w, &wanted);
        for (size_t i = 0; more && i < wanted.len; i += PART_ALERTS) {
                Seen seen = { .arena = part };
                see_part(r, w, wanted.data + i, MIN_OF(wanted.len - i, (size_t)PART_ALERTS), part, &seen);
                for (size_t k = 0; more && k < seen.len; k++)
                        more = fn(arg, &seen.data[k]);
                alert_router_seen_done(seen.data, seen.len);
                arena_reset(part);
        }
        vec_done(&wanted);
}

/* ---- groups ---- */

static void see_group(AlertRouter *r, const AlertGroup *g, const AlertWanted *w, int64_t now_ms, Arena *arena,
                      AlertGroupSeen *ret)
{
        size_t n;
        AlertMember *members = alert_group_snapshot(g, arena, &n); /* sorted, referenced */
        *ret = (AlertGroupSeen){ .alerts = arena_array(arena, AlertSeen, n) };
        for (size_t i = 0; i < n; i++) {
                AlertSeen *seen = &ret->alerts[ret->n];
                StoredAlert *a = members[i].alert;
                Receivers rs = { .router = r, .wanted = w, .arena = arena, .names.arena = arena };
                if (label_wanted(w, a, members[i].msg.labels, now_ms)) {
                        see(r, a, &members[i].msg, now_ms, arena, seen);
                        if (alert_wanted(w, seen)) {
                                alert_route_match(r->root, members[i].msg.labels, add_receiver, &rs);
                                if (rs.names.len > 1)
                                        qsort(rs.names.data, rs.names.len, sizeof(Str), by_text);
                                seen->receivers = rs.names.data;
                                seen->n_receivers = rs.names.len;
                                ret->n++; /* keeps the reference */
                                continue;
                        }
                }
                alert_store_unref(a);
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

/* Under mu. False: nothing of it is wanted. */
static bool see_group_if(AlertRouter *r, const AlertGroup *g, const AlertWanted *w, Arena *arena, AlertGroupSeen *ret)
{
        see_group(r, g, w, clock_wall_ms(r->options.clock), arena, ret);
        if (ret->n && (!ret->n_muted_by || w->muted))
                return true;
        alert_router_seen_done(ret->alerts, ret->n);
        return false;
}

/* Where a group stands in its map, and how to find it again: its route may be gone with a reload. */
typedef struct GroupName {
        Str receiver, key;
        GroupId id;
        uint64_t epoch;
} GroupName;

static int by_labels(const void *pa, const void *pb)
{
        const GroupName *a = pa;
        const GroupName *b = pb;
        int c = labels_cmp_count_first(a->id.labels, b->id.labels);
        if (!c)
                c = str_cmp(a->receiver, b->receiver);
        return c ? c : str_cmp(a->key, b->key);
}

static GroupName *name_groups(AlertRouter *r, const AlertWanted *w, Arena *arena, size_t *ret_n)
{
        mutex_lock(&r->mu);
        GroupName *all = arena_array(arena, GroupName, r->groups.len);
        size_t n = 0;
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s)) {
                const AlertGroup *g = s->val;
                if (receiver_wanted(r, w, g->route->receiver))
                        all[n++] = (GroupName){ .receiver = str_dup(arena, g->route->receiver),
                                                .key = str_dup(arena, g->key),
                                                .id = { g->route, labels_dup(arena, g->labels) },
                                                .epoch = r->epoch };
        }
        mutex_unlock(&r->mu);
        if (n > 1)
                qsort(all, n, sizeof *all, by_labels);
        *ret_n = n;
        return all;
}

/* Under mu. NULL: it is gone. */
static const AlertGroup *find_group(const AlertRouter *r, const GroupName *name)
{
        if (name->epoch == r->epoch) {
                AlertGroup **g = group_map_get(&r->groups, name->id);
                return g ? *g : NULL;
        }
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s))
                if (str_eq(s->val->key, name->key) && str_eq(s->val->route->receiver, name->receiver))
                        return s->val;
        return NULL;
}

static bool see_named(AlertRouter *r, const GroupName *name, const AlertWanted *w, Arena *arena, AlertGroupSeen *ret)
{
        MUTEX_SCOPE(&r->mu);
        const AlertGroup *g = find_group(r, name);
        return g && see_group_if(r, g, w, arena, ret);
}

void alert_router_groups_seen(AlertRouter *r, const AlertWanted *w, Arena *arena, AlertGroupSeen **ret, size_t *ret_n)
{
        size_t n;
        GroupName *names = name_groups(r, w, arena, &n);
        VEC(AlertGroupSeen) all = { .arena = arena };
        AlertGroupSeen seen;
        for (size_t i = 0; i < n; i++)
                if (see_named(r, &names[i], w, arena, &seen))
                        vec_push(&all, seen);
        *ret = all.data;
        *ret_n = all.len;
}

void alert_router_groups_each(AlertRouter *r, const AlertWanted *w, bool (*fn)(void *arg, const AlertGroupSeen *group),
                              void *arg)
{
        AUTO(arena_free) Arena *all = arena_new();
        AUTO(arena_free) Arena *part = arena_new();
        size_t n;
        GroupName *names = name_groups(r, w, all, &n);
        bool more = true;
        for (size_t i = 0; more && i < n; i++) {
                AlertGroupSeen seen;
                if (see_named(r, &names[i], w, part, &seen)) {
                        more = fn(arg, &seen);
                        alert_router_seen_done(seen.alerts, seen.n);
                }
                arena_reset(part);
        }
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

AlertMatcherMode alert_router_matchers(AlertRouter *r)
{
        MUTEX_SCOPE(&r->mu);
        return r->matchers;
}

bool alert_router_labels_of(AlertRouter *r, uint64_t fingerprint, Arena *arena, Labels *ret)
{
        MUTEX_SCOPE(&r->mu);
        const StoredAlert *a = alert_set_get(&r->store.alerts, fingerprint);
        if (a)
                *ret = labels_dup(arena, alert_text_labels(a->text, arena));
        return a != NULL;
}
