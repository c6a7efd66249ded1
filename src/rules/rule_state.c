/* Alert states over restarts: one document a rule, {"t_ms": ..., "alerts": [...]}, written when membership or a state changed,
 * and one for the manager with the time of its last tick: together they tell how long nobody looked.
 *
 * Invariants:
 * 1. A pending alert's clock stands still while the program is away; a firing one goes on firing until its rule says
 *    otherwise, however long the program was away: somebody was told of it.
 * 2. Documents of rules that are gone are deleted: a rule that comes back later starts anew. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "rules/rule_group.h"
#include "rules/rule_state.h"

enum { LONGEST_KEY_BYTES = 2000 };

static Str rule_key(const RuleGroupRun *group, const RuleRun *run, Arena *arena)
{
        Buf key = { .arena = arena };
        buf_printf(&key, STR_FMT ";" STR_FMT ";" STR_FMT, STR_ARG(group->group.file), STR_ARG(group->group.name),
                   STR_ARG(run->rule->name));
        labels_print(&key, run->labels);
        if (run->namesake)
                buf_printf(&key, "#%zu", run->namesake);
        if (key.n <= LONGEST_KEY_BYTES)
                return buf_str(&key);
        uint64_t hash = hash_fnv1a(buf_str(&key));
        key.n = LONGEST_KEY_BYTES - 20;
        buf_printf(&key, "...%016llx", (unsigned long long)hash);
        return buf_str(&key);
}

/* Texts change with every value; without them the document says only what must not be lost at once. */
static Str encode(const RuleRun *run, bool texts, int64_t ts_ms, Arena *arena, size_t *ret_n)
{
        Buf out = { .arena = arena };
        JsonWriter w;
        json_writer_init(&w, &out);
        json_begin_object(&w);
        json_key_i64(&w, "t_ms", ts_ms);
        json_key(&w, STR("alerts"));
        json_begin_array(&w);
        *ret_n = 0;
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s)) {
                const ActiveAlert *a = s->val;
                ++*ret_n;
                json_begin_object(&w);
                labels_put_json(&w, "labels", a->labels);
                if (texts)
                        labels_put_json(&w, "annotations", a->annotations);
                json_key_i64(&w, "state", (int64_t)a->state);
                json_key_i64(&w, "active_at_ms", a->active_at_ms);
                json_key_i64(&w, "fired_at_ms", a->fired_at_ms);
                json_key_i64(&w, "resolved_at_ms", a->resolved_at_ms);
                json_key_i64(&w, "keep_firing_since_ms", a->keep_firing_since_ms);
                if (a->source.n)
                        labels_put_json(&w, "source", a->source);
                if (run->rule->consecutive_failures && a->state == ALERT_PENDING)
                        json_key_i64(&w, "hits", (int64_t)a->hits);
                if (texts)
                        json_key_double(&w, "value", a->value);
                json_end_object(&w);
        }
        json_end_array(&w);
        json_end_object(&w);
        return buf_str(&out);
}

void rule_alerting_save(RuleGroupRun *group, RuleRun *run, int64_t ts_ms)
{
        StateDb *db = group->options->statedb;
        if (!db)
                return;
        AUTO(arena_free) Arena *arena = arena_new();
        size_t n;
        mutex_lock(&group->mu);
        Str states = encode(run, false, 0, arena, &n);
        bool same = (n ? hash_str(states) : 0) == run->saved_hash;
        Str doc = same ? (Str){ 0 } : encode(run, true, ts_ms, arena, &n);
        mutex_unlock(&group->mu);
        uint64_t hash = n ? hash_str(states) : 0;
        if (same)
                return;
        Err err;
        Str key = rule_key(group, run, arena);
        bool ok = n ? statedb_put(db, STR("rule_alerts"), key, doc, 0, &err)
                    : statedb_delete(db, STR("rule_alerts"), key, &err);
        if (ok || (n == 0 && err.code == ERR_NOT_FOUND))
                run->saved_hash = hash;
        else
                log_error("alert states are not saved: after a restart, pending times start anew",
                          KV("rule", run->rule->name), KV("err", &err));
}

static void restore_one(RuleRun *run, const JsonValue *doc, int64_t away_ms, bool too_long, Arena *arena)
{
        const JsonValue *labels = json_get(doc, STR("labels"));
        const JsonValue *value = json_get(doc, STR("value"));
        int64_t state = json_get_i64(doc, STR("state"));
        if (!labels || state < ALERT_INACTIVE || state > ALERT_FIRING || (state == ALERT_PENDING && too_long))
                return;
        ActiveAlert *a = mem_new(ActiveAlert);
        a->memory = arena_new();
        a->texts = arena_new();
        a->labels = labels_dup(a->memory, labels_from_json(arena, labels));
        a->annotations = labels_dup(a->texts, labels_from_json(arena, json_get(doc, STR("annotations"))));
        a->source = labels_dup(a->memory, labels_from_json(arena, json_get(doc, STR("source"))));
        a->hits = (uint64_t)json_get_i64(doc, STR("hits"));
        a->state = (RuleAlertState)state;
        a->held = true;
        a->value = value ? value->num : 0;
        a->active_at_ms = json_get_i64(doc, STR("active_at_ms"));
        a->fired_at_ms = json_get_i64(doc, STR("fired_at_ms"));
        a->resolved_at_ms = json_get_i64(doc, STR("resolved_at_ms"));
        a->keep_firing_since_ms = json_get_i64(doc, STR("keep_firing_since_ms"));
        if (a->state == ALERT_PENDING)
                a->active_at_ms += away_ms;
        if (alert_map_get(&run->alerts, a->labels))
                rule_alerting_free(a);
        else
                *alert_map_put(&run->alerts, a->labels, NULL) = a;
}

void rule_alerting_restore(RuleGroupRun *group, RuleRun *run)
{
        StateDb *db = group->options->statedb;
        run->restored = true;
        if (!db)
                return;
        AUTO(arena_free) Arena *arena = arena_new();
        Str doc;
        JsonValue *json;
        Err err;
        if (!statedb_get(db, STR("rule_alerts"), rule_key(group, run, arena), arena, &doc, &err)) {
                if (err.code != ERR_NOT_FOUND)
                        log_error("saved alert states are unreadable", KV("rule", run->rule->name), KV("err", &err));
                return;
        }
        if (!json_parse(doc, arena, &json, &err)) {
                log_error("saved alert states are malformed", KV("rule", run->rule->name), KV("err", &err));
                return;
        }
        const JsonValue *alerts = json_get(json, STR("alerts"));
        /* Somebody looked at the last tick, and when the document was written. */
        int64_t seen_ms = MAX_OF(group->last_tick_ms, json_get_i64(json, STR("t_ms")));
        int64_t away_ms = MAX_OF(group->start_ms - seen_ms, (int64_t)0);
        MUTEX_SCOPE(&group->mu);
        for (size_t i = 0; alerts && alerts->kind == JSON_ARRAY && i < alerts->n; i++)
                restore_one(run, &alerts->items[i], away_ms, away_ms > group->options->outage_tolerance_ms, arena);
        run->saved_hash = 1; /* not what is saved: pending times moved, and the next save says so */
}

typedef struct Unknown {
        Arena *arena;
        VEC(Str) known, gone;
} Unknown;

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static bool is_gone(void *arg, Str key, Str value, int64_t expires_ms)
{
        Unknown *u = arg;
        (void)value;
        (void)expires_ms;
        if (!u->known.len || !bsearch(&key, u->known.data, u->known.len, sizeof key, by_text))
                vec_push(&u->gone, str_dup(u->arena, key));
        return true;
}

void rule_state_drop_unknown(StateDb *db, RuleGroupRun *const *groups, size_t n)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Unknown u = { .arena = arena, .known.arena = arena, .gone.arena = arena };
        Err err;
        if (!db)
                return;
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < groups[i]->group.n; k++)
                        if (groups[i]->runs[k].rule->alerting)
                                vec_push(&u.known, rule_key(groups[i], &groups[i]->runs[k], arena));
        if (u.known.len > 1)
                qsort(u.known.data, u.known.len, sizeof(Str), by_text);
        bool ok = statedb_each(db, STR("rule_alerts"), is_gone, &u, &err);
        for (size_t i = 0; ok && i < u.gone.len; i++)
                ok = statedb_delete(db, STR("rule_alerts"), u.gone.data[i], &err);
        if (!ok)
                log_error("alert states of rules that are gone are not deleted", KV("err", &err));
}

int64_t rule_state_last_tick(StateDb *db)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str doc;
        Err err;
        JsonValue *json;
        if (!db || !statedb_get(db, STR("rules"), STR("last_tick"), arena, &doc, &err) ||
            !json_parse(doc, arena, &json, &err))
                return 0;
        return json_get_i64(json, STR("t_ms"));
}

void rule_state_note_tick(StateDb *db, int64_t t_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Err err;
        if (db && !statedb_put(db, STR("rules"), STR("last_tick"),
                               str_printf(arena, "{\"t_ms\":%lld}", (long long)t_ms), 0, &err))
                log_warn("the time of the last rule evaluation is not saved", KV("err", &err));
}
