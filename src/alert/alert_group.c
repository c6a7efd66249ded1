/* Invariants:
 * 1. A new group flushes after group_wait, at once when its first alert is older than that; then every group_interval.
 * 2. An alert leaves its group only when it is resolved and its end was told, or nobody is to be told. */
#include "alert/alert_group.h"

#include <stdlib.h>

enum { KEEP_EMPTY_MS = 30 * 1000 /* 0.25 looks for empty groups this often */ };

static bool is_old(const AlertRoute *route, const StoredAlert *a, int64_t now_ms)
{
        return a->msg.starts_at_ms + route->group_wait_ms < now_ms;
}

static AlertGroup *group_new(const AlertRoute *root, GroupId id, const StoredAlert *first, int64_t now_ms)
{
        Arena *memory = arena_new();
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
        for (StoredMapSlot *s = stored_map_next(&g->alerts, NULL); s; s = stored_map_next(&g->alerts, s))
                alert_store_unref(s->val);
        stored_map_done(&g->alerts);
        arena_free(g->memory);
}

bool alert_group_insert(GroupMap *groups, const AlertRoute *root, const AlertRoute *route, StoredAlert *alert,
                        AlertCompat compat, int64_t now_ms)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        GroupId id = { route, alert_route_group_labels(route, alert->msg.labels, scratch) };
        AlertGroup **found = group_map_get(groups, id);
        AlertGroup *g = found ? *found : group_new(root, id, alert, now_ms);
        if (!found)
                *group_map_put(groups, (GroupId){ route, g->labels }, NULL) = g;
        StoredAlert **slot = stored_map_put(&g->alerts, alert->fingerprint, NULL);
        if (*slot)
                alert_store_unref(*slot);
        *slot = alert_store_ref(alert);
        g->empty_since_ms = 0;
        if (found && compat == ALERT_COMPAT_AM_0_25 && !g->flushed && g->next_flush_ms > now_ms &&
            is_old(route, alert, now_ms)) {
                g->next_flush_ms = now_ms;
                return true;
        }
        return !found;
}

static void drop(AlertGroup *g, uint64_t fingerprint)
{
        alert_store_unref(*stored_map_get(&g->alerts, fingerprint));
        stored_map_remove(&g->alerts, fingerprint);
}

void alert_group_drop_resolved(AlertGroup *g, StoredAlert *const *told, size_t n_told, int64_t now_ms)
{
        for (size_t i = 0; told && i < n_told; i++) {
                StoredAlert **slot = stored_map_get(&g->alerts, told[i]->fingerprint);
                if (slot && *slot == told[i] && alert_store_is_resolved(&told[i]->msg, now_ms))
                        drop(g, told[i]->fingerprint);
        }
        VEC(uint64_t) gone = { 0 };
        for (StoredMapSlot *s = told ? NULL : stored_map_next(&g->alerts, NULL); s; s = stored_map_next(&g->alerts, s))
                if (alert_store_is_resolved(&s->val->msg, now_ms))
                        vec_push(&gone, s->key);
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
        return labels_cmp_count_first(a, b);
}

StoredAlert **alert_group_snapshot(const AlertGroup *g, Arena *arena, size_t *ret_n)
{
        StoredAlert **all = arena_array(arena, StoredAlert *, g->alerts.len);
        size_t n = 0;
        for (StoredMapSlot *s = stored_map_next(&g->alerts, NULL); s; s = stored_map_next(&g->alerts, s))
                all[n++] = alert_store_ref(s->val);
        if (n > 1)
                qsort(all, n, sizeof(*all), by_job_instance);
        *ret_n = n;
        return all;
}
