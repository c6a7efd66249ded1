/* Why an alert is told or not: the same questions that a flush asks, without its effects. */
#include "alert/alert_state.h"
#include "model/fingerprint.h"

typedef struct Explaining {
        AlertRouter *router;
        Labels labels;
        uint64_t fingerprint;
        int64_t now_ms;
        Arena *arena;
        VEC(AlertRouteExplained) routes;
} Explaining;

static bool keep_muted(void *arg, StoredAlert *a, Labels labels)
{
        Explaining *e = arg;
        return a->current && alert_mute_of(e->router, a, labels, e->now_ms).muted != MUTED_NOT;
}

/* What its integrations were told, and what they would be told now. */
static void explain_log(Explaining *e, const AlertGroup *g, AlertRouteExplained *ret)
{
        const AlertSender *s = &e->router->options.sender;
        AlertLog *log = e->router->log;
        ret->integrations = s->integrations ? s->integrations(s->self, g->route->receiver) : 0;
        ret->log = arena_alloc(e->arena, ret->integrations * sizeof *ret->log + 1, _Alignof(max_align_t));
        AlertView view = alert_delivery_view(g, e->now_ms, keep_muted, e, e->arena);
        for (size_t i = 0; i < ret->integrations; i++) {
                Str key = alert_delivery_log_key(g, i, e->arena);
                ret->log[i].told_ms = alert_log_last(log, key);
                ret->log[i].told = ret->log[i].told_ms != 0;
                ret->log[i].told_firing = alert_log_knows_firing(log, key, e->fingerprint);
                if (ret->log[i].told)
                        ret->log[i].repeat_ms = ret->log[i].told_ms + g->route->repeat_interval_ms;
                AlertNotice notice = NOTICE_NONE;
                if (view.n && !ret->n_muted_by)
                        notice = alert_log_decide(log, key, view.firing, view.resolved,
                                                  s->send_resolved(s->self, g->route->receiver, i),
                                                  g->next_flush_ms - (e->router->compat != ALERT_COMPAT_PHAROS),
                                                  g->route->repeat_interval_ms);
                ret->log[i].decision = str_of(alert_log_notice_name(notice));
        }
        alert_delivery_view_done(&view);
}

static void explain_route(void *arg, const AlertRoute *route)
{
        Explaining *e = arg;
        Arena *arena = e->arena;
        AlertRouteExplained x = { .receiver = str_dup(arena, route->receiver),
                                  .group_wait_ms = route->group_wait_ms,
                                  .group_interval_ms = route->group_interval_ms,
                                  .repeat_interval_ms = route->repeat_interval_ms };
        Buf key = { .arena = arena };
        alert_route_key(&key, e->router->root, route);
        x.route_key = str_dup(arena, buf_str(&key));
        x.group_labels = labels_dup(arena, alert_route_group_labels(route, e->labels, arena));
        buf_char(&key, ':');
        alert_route_print_labels(&key, x.group_labels);
        x.group_key = buf_str(&key);
        const Str *muted_by = alert_mute_intervals(e->router, route, e->now_ms, arena, &x.n_muted_by);
        Str *names = arena_array(arena, Str, x.n_muted_by);
        for (size_t i = 0; i < x.n_muted_by; i++)
                names[i] = str_dup(arena, muted_by[i]);
        x.muted_by = names;
        AlertGroup **g = group_map_get(&e->router->groups, (GroupId){ route, x.group_labels });
        if (g) {
                x.group_exists = true;
                x.next_flush_ms = (*g)->next_flush_ms;
                x.last_notified_ms = (*g)->last_notified_ms;
                x.n_alerts = (*g)->alerts.len;
                explain_log(e, *g, &x);
        }
        vec_push(&e->routes, x);
}

typedef struct Matching {
        Arena *arena;
        VEC(AlertSilence) list;
} Matching;

static bool add_silence(Matching *m, const AlertSilence *s)
{
        AlertSilence copy;
        Err err;
        if (alert_silence_copy(s, m->arena, &copy, &err))
                vec_push(&m->list, copy);
        return true;
}

void alert_router_explain(AlertRouter *r, Labels labels, Arena *arena, AlertExplained *ret)
{
        Explaining e = { .router = r,
                         .labels = labels,
                         .fingerprint = fingerprint_of(labels),
                         .arena = arena,
                         .routes.arena = arena };
        Matching silences = { .arena = arena, .list.arena = arena };
        *ret = (AlertExplained){ 0 };
        AlertWanted wanted = { .active = true,
                               .silenced = true,
                               .inhibited = true,
                               .unprocessed = true,
                               .muted = true,
                               .has_fingerprint = true,
                               .fingerprint = e.fingerprint };
        AlertSeen *seen;
        size_t n;
        alert_router_seen(r, &wanted, arena, &seen, &n);
        if (n) {
                ret->known = true;
                ret->alert = seen[0];
        }
        MUTEX_SCOPE(&r->mu);
        e.now_ms = clock_wall_ms(r->options.clock);
        if (r->root)
                alert_route_match(r->root, labels, explain_route, &e);
        for (SilenceMapSlot *s = silence_map_next(&r->silences.by_seq, NULL); s;
             s = silence_map_next(&r->silences.by_seq, s))
                if (alert_silence_state(&s->val->silence, e.now_ms) == ALERT_SILENCE_ACTIVE &&
                    matchers_match(s->val->silence.matchers, labels))
                        add_silence(&silences, &s->val->silence);
        if (!ret->known && r->inhibitor.n) {
                const AlertInhibitRule *rule;
                if (alert_inhibit_mutes(&r->inhibitor, &r->store, labels, e.now_ms, &ret->alert.inhibited_by, &rule))
                        ret->alert.inhibited_rule = str_dup(arena, rule->name);
        }
        ret->routes = e.routes.data;
        ret->n_routes = e.routes.len;
        ret->silences = silences.list.data;
        ret->n_silences = silences.list.len;
}
