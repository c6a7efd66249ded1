/* Invariants:
 * 1. A new group flushes after group_wait, at once when its first alert is older than that; then every group_interval.
 * 2. An alert leaves its group only when it is resolved and its end was told, or nobody is to be told. */
#include "alert/alert_group.h"

#include <stdlib.h>

enum { GROUP_BYTES = 512, KEEP_EMPTY_MS = 30 * 1000 /* 0.25 looks for empty groups this often */ };

static bool is_old(const AlertRoute *route, const StoredAlert *a, int64_t now_ms)
{
        return a->starts_at_ms + route->group_wait_ms < now_ms;
}

static AlertGroup *group_new(const AlertRoute *root, GroupId id, const StoredAlert *first, int64_t now_ms)
{
        Arena *memory = arena_new_small(GROUP_BYTES);
        AlertGroup *g = arena_new_of(memory, AlertGroup);
        g->memory = memory;
        g->route = id.route;
        g->labels = labels_dup(memory, id.labels);
        Buf key = { .arena = memory };
        alert_route_key(&key, root, id.route);
        buf_char(&key, ':');
        alert_route_print_labels(&key, g->labels);
        g->key = buf_str(&key);
        g->next_flush_ms = is_old(id.route, first, now_ms) ? now_ms : now_ms + id.route->group_wait_ms;
        return g;
}

static void group_free(AlertGroup *g)
{
        size_t at = 0;
        for (StoredAlert *a; (a = alert_set_next(&g->alerts, &at));)
                alert_store_unref(a);
        alert_set_done(&g->alerts);
        arena_free(g->memory);
}

bool alert_group_insert(GroupMap *groups, const AlertRoute *root, const AlertRoute *route, StoredAlert *alert,
                        Labels labels, AlertCompat compat, int64_t now_ms)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        GroupId id = { route, alert_route_group_labels(route, labels, scratch) };
        AlertGroup **found = group_map_get(groups, id);
        AlertGroup *g = found ? *found : group_new(root, id, alert, now_ms);
        if (!found)
                *group_map_put(groups, (GroupId){ route, g->labels }, NULL) = g;
        StoredAlert *old = alert_set_put(&g->alerts, alert_store_ref(alert));
        if (old)
                alert_store_unref(old);
        g->empty_since_ms = 0;
        if (found && compat == ALERT_COMPAT_AM_0_25 && !g->flushed && g->next_flush_ms > now_ms &&
            is_old(route, alert, now_ms)) {
                g->next_flush_ms = now_ms;
                return true;
        }
        return !found;
}

static void drop(AlertGroup *g, uint64_t fingerprint) { alert_store_unref(alert_set_remove(&g->alerts, fingerprint)); }

void alert_group_drop_resolved(AlertGroup *g, StoredAlert *const *told, size_t n_told, int64_t now_ms)
{
        for (size_t i = 0; told && i < n_told; i++) {
                if (alert_set_get(&g->alerts, told[i]->fingerprint) == told[i] &&
                    alert_store_is_resolved(told[i], now_ms))
                        drop(g, told[i]->fingerprint);
        }
        VEC(uint64_t) gone = { 0 };
        size_t at = 0;
        for (const StoredAlert *a; !told && (a = alert_set_next(&g->alerts, &at));)
                if (alert_store_is_resolved(a, now_ms))
                        vec_push(&gone, a->fingerprint);
        vec_each(key, &gone)
                drop(g, *key);
        vec_done(&gone);
}

bool alert_group_remove_empty(GroupMap *groups, AlertGroup *g, AlertCompat compat, int64_t now_ms)
{
        if (g->alerts.len || g->in_flight)
                return false;
        if (!g->empty_since_ms)
                g->empty_since_ms = now_ms;
        if (compat == ALERT_COMPAT_AM_0_25 && now_ms - g->empty_since_ms < KEEP_EMPTY_MS)
                return false;
        group_map_remove(groups, (GroupId){ g->route, g->labels });
        group_free(g);
        return true;
}

void alert_group_clear(GroupMap *groups)
{
        for (GroupMapSlot *s = group_map_next(groups, NULL); s; s = group_map_next(groups, s))
                group_free(s->val);
        group_map_done(groups);
}

/* As Alertmanager compares: what it calls less, for label sets that need not have the same names. */
static int by_job_instance(const void *pa, const void *pb)
{
        Labels a = ((const AlertMember *)pa)->msg.labels;
        Labels b = ((const AlertMember *)pb)->msg.labels;
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
        return labels_cmp_count_first(a, b);
}

AlertMember *alert_group_snapshot(const AlertGroup *g, Arena *arena, size_t *ret_n)
{
        AlertMember *all = arena_array(arena, AlertMember, g->alerts.len);
        size_t n = 0;
        size_t at = 0;
        for (StoredAlert *a; (a = alert_set_next(&g->alerts, &at)); n++)
                all[n] = (AlertMember){ alert_store_ref(a), alert_store_read(a, arena) };
        if (n > 1)
                qsort(all, n, sizeof(*all), by_job_instance);
        *ret_n = n;
        return all;
}
