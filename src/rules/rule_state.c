/* Alert states over restarts: one document a rule, {"alerts": [...]}, written when membership or a state changed, and one
 * for the manager with the time of its last tick, which tells how long the program was away. */
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "rules/rule_group.h"
#include "rules/rule_state.h"

static Str rule_key(const RuleGroupRun *group, const RuleRun *run, Arena *arena)
{
        Buf key = { .arena = arena };
        buf_printf(&key, STR_FMT ";" STR_FMT ";" STR_FMT, STR_ARG(group->group.file), STR_ARG(group->group.name), STR_ARG(run->rule->name));
        labels_print(&key, run->labels);
        return buf_str(&key);
}

static void put_labels(JsonWriter *w, const char *key, Labels labels)
{
        json_key(w, str_of(key));
        json_begin_object(w);
        for (size_t i = 0; i < labels.n; i++) {
                json_key(w, labels.data[i].name);
                json_str(w, labels.data[i].value);
        }
        json_end_object(w);
}

/* Texts change with every value; without them the document says only what must not be lost at once. */
static Str encode(const RuleRun *run, bool texts, Arena *arena, size_t *ret_n)
{
        Buf out = { .arena = arena };
        JsonWriter w;
        json_writer_init(&w, &out);
        json_begin_object(&w);
        json_key(&w, STR("alerts"));
        json_begin_array(&w);
        *ret_n = 0;
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s)) {
                const ActiveAlert *a = s->val;
                ++*ret_n;
                json_begin_object(&w);
                put_labels(&w, "labels", a->labels);
                if (texts)
                        put_labels(&w, "annotations", a->annotations);
                json_key_i64(&w, "state", (int64_t)a->state);
                json_key_i64(&w, "active_at_ms", a->active_at_ms);
                json_key_i64(&w, "fired_at_ms", a->fired_at_ms);
                json_key_i64(&w, "resolved_at_ms", a->resolved_at_ms);
                json_key_i64(&w, "keep_firing_since_ms", a->keep_firing_since_ms);
                json_end_object(&w);
        }
        json_end_array(&w);
        json_end_object(&w);
        return buf_str(&out);
}

void rule_alerting_save(RuleGroupRun *group, RuleRun *run)
{
        StateDb *db = group->options->statedb;
        if (!db)
                return;
        AUTO(arena_free) Arena *arena = arena_new();
        size_t n;
        mutex_lock(&group->mu);
        Str states = encode(run, false, arena, &n);
        Str doc = encode(run, true, arena, &n);
        mutex_unlock(&group->mu);
        uint64_t hash = n ? hash_str(states) : 0;
        if (hash == run->saved_hash)
                return;
        Err err;
        Str key = rule_key(group, run, arena);
        bool ok = n ? statedb_put(db, STR("rule_alerts"), key, doc, 0, &err) : statedb_delete(db, STR("rule_alerts"), key, &err);
        if (ok || (n == 0 && err.code == ERR_NOT_FOUND))
                run->saved_hash = hash;
        else
                log_error("alert states are not saved: after a restart, pending times start anew", KV("rule", run->rule->name), KV("err", &err));
}

static int64_t number(const JsonValue *object, Str key)
{
        const JsonValue *v = json_get(object, key);
        return v && v->kind == JSON_NUMBER ? (int64_t)v->num : 0;
}

static Labels read_labels(const JsonValue *object, Arena *arena)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; object && object->kind == JSON_OBJECT && i < object->n; i++)
                labels_builder_set(&lb, object->members[i].key, object->members[i].value.str);
        return labels_builder_build(&lb, arena);
}

static void restore_one(RuleGroupRun *group, RuleRun *run, const JsonValue *doc, Arena *arena)
{
        const JsonValue *labels = json_get(doc, STR("labels"));
        int64_t state = number(doc, STR("state"));
        if (!labels || labels->kind != JSON_OBJECT || state < ALERT_INACTIVE || state > ALERT_FIRING)
                return;
        ActiveAlert *a = mem_new(ActiveAlert);
        a->memory = arena_new();
        a->texts = arena_new();
        a->labels = labels_dup(a->memory, read_labels(labels, arena));
        a->annotations = labels_dup(a->texts, read_labels(json_get(doc, STR("annotations")), arena));
        a->state = (AlertState)state;
        a->held = true;
        a->active_at_ms = number(doc, STR("active_at_ms"));
        a->fired_at_ms = number(doc, STR("fired_at_ms"));
        a->resolved_at_ms = number(doc, STR("resolved_at_ms"));
        a->keep_firing_since_ms = number(doc, STR("keep_firing_since_ms"));
        if (a->state == ALERT_PENDING) /* nobody looked while the program was away: that time does not count */
                a->active_at_ms += group->downtime_ms;
        if (alert_map_get(&run->alerts, a->labels))
                rule_alerting_free(a);
        else
                *alert_map_put(&run->alerts, a->labels, NULL) = a;
}

void rule_alerting_restore(RuleGroupRun *group, RuleRun *run)
{
        StateDb *db = group->options->statedb;
        run->restored = true;
        if (!db || group->downtime_ms > group->options->outage_tolerance_ms)
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
        mutex_lock(&group->mu);
        for (size_t i = 0; alerts && alerts->kind == JSON_ARRAY && i < alerts->n; i++)
                restore_one(group, run, &alerts->items[i], arena);
        size_t n;
        Str states = encode(run, false, arena, &n);
        run->saved_hash = n ? hash_str(states) : 0;
        mutex_unlock(&group->mu);
}

int64_t rule_state_last_tick(StateDb *db)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str doc;
        Err err;
        JsonValue *json;
        if (!db || !statedb_get(db, STR("rules"), STR("last_tick"), arena, &doc, &err) || !json_parse(doc, arena, &json, &err))
                return 0;
        return number(json, STR("t_ms"));
}

void rule_state_note_tick(StateDb *db, int64_t t_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Err err;
        if (db && !statedb_put(db, STR("rules"), STR("last_tick"), str_printf(arena, "{\"t_ms\":%lld}", (long long)t_ms), 0, &err))
                log_warn("the time of the last rule evaluation is not saved", KV("err", &err));
}
