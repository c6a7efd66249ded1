/* Decides by Alertmanager's table: an entry holds what was told; what is no subset of it is news.
 *
 * Invariants:
 * 1. The caller says when something was told: the tick at which the group was due (then a repeat_interval of n
 *    group_intervals repeats at the n-th tick), or when the delivery ended, as Alertmanager does.
 * 2. Keys and hashes of entries are owned by the map. */
#include "alert/alert_log.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "codec/json.h"

typedef struct LogEntry {
        AlertHashes firing, resolved;
        int64_t t_ms, expires_ms;
} LogEntry;

#define MAP_NAME LogMap
#define MAP_FN_PREFIX log_map
#define MAP_KEY Str
#define MAP_VAL LogEntry
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

struct AlertLog {
        LogMap entries; /* keys and hashes are owned */
};

const char *alert_log_notice_name(AlertNotice notice)
{
        static const char *const names[] = { "none",
                                             "first notification",
                                             "new alerts added",
                                             "all alerts resolved",
                                             "some alerts resolved",
                                             "repeat interval elapsed" };
        return names[notice];
}

static AlertHashes hashes_dup(AlertHashes h)
{
        AlertHashes copy = { mem_alloc(h.n * sizeof *h.data), h.n };
        if (h.n)
                memcpy(copy.data, h.data, h.n * sizeof *h.data);
        return copy;
}

static void entry_done(LogEntry *e)
{
        mem_free(e->firing.data);
        mem_free(e->resolved.data);
}

static LogEntry *entry_of(AlertLog *log, Str key)
{
        LogEntry *e = log_map_get(&log->entries, key);
        if (e) {
                entry_done(e);
                return e;
        }
        return log_map_put(&log->entries, str_n(mem_strndup(key.p, key.n), key.n), NULL);
}

static AlertHashes read_hashes(const JsonValue *array)
{
        AlertHashes h = { 0 };
        if (!array || array->kind != JSON_ARRAY)
                return h;
        h.data = mem_alloc(array->n * sizeof *h.data);
        for (size_t i = 0; i < array->n; i++)
                if (array->items[i].kind == JSON_STRING && num_parse_u64(array->items[i].str, &h.data[h.n]))
                        h.n++;
        if (h.n > 1)
                qsort(h.data, h.n, sizeof *h.data, num_compare_u64);
        return h;
}

static bool load_one(void *arg, Str key, Str doc, int64_t expires_ms)
{
        AlertLog *log = arg;
        AUTO(arena_free) Arena *arena = arena_new();
        JsonValue *json;
        Err err;
        if (!json_parse(doc, arena, &json, &err))
                return true; /* a torn document says nothing: the group is told once more */
        const JsonValue *t = json_get(json, STR("t_ms"));
        LogEntry *e = entry_of(log, key);
        *e = (LogEntry){
                .firing = read_hashes(json_get(json, STR("firing"))),
                .resolved = read_hashes(json_get(json, STR("resolved"))),
                .t_ms = t && t->kind == JSON_NUMBER ? (int64_t)t->num : 0,
                .expires_ms = expires_ms,
        };
        return true;
}

AlertLog *alert_log_new(StateDb *statedb)
{
        AlertLog *log = mem_new(AlertLog);
        Err err;
        if (statedb && !statedb_each(statedb, STR("nflog"), load_one, log, &err))
                log_error("the notification log is unreadable: notifications may be repeated", KV("err", &err));
        return log;
}

void alert_log_free(AlertLog *log)
{
        for (LogMapSlot *s = log_map_next(&log->entries, NULL); s; s = log_map_next(&log->entries, s)) {
                entry_done(&s->val);
                mem_free((void *)(uintptr_t)s->key.p);
        }
        log_map_done(&log->entries);
        mem_free(log);
}

static bool is_subset(AlertHashes part, AlertHashes whole)
{
        for (size_t i = 0; i < part.n; i++)
                if (!whole.n || !bsearch(&part.data[i], whole.data, whole.n, sizeof *whole.data, num_compare_u64))
                        return false;
        return true;
}

AlertNotice alert_log_decide(const AlertLog *log, Str key, AlertHashes firing, AlertHashes resolved, bool send_resolved,
                             int64_t tick_ms, int64_t repeat_interval_ms)
{
        const LogEntry *e = log_map_get(&log->entries, key);
        if (!e)
                return firing.n ? NOTICE_FIRST : NOTICE_NONE;
        if (!is_subset(firing, e->firing))
                return e->firing.n ? NOTICE_NEW_FIRING : NOTICE_FIRST; /* all that was told before is over */
        if (firing.n == 0)
                return e->firing.n ? NOTICE_ALL_RESOLVED : NOTICE_NONE;
        if (send_resolved && !is_subset(resolved, e->resolved))
                return NOTICE_NEW_RESOLVED;
        return e->t_ms <= tick_ms - repeat_interval_ms ? NOTICE_REPEAT : NOTICE_NONE;
}

static void put_hashes(JsonWriter *w, const char *key, AlertHashes h)
{
        json_key(w, str_of(key));
        json_begin_array(w);
        for (size_t i = 0; i < h.n; i++) {
                Buf text = { 0 };
                buf_u64(&text, h.data[i]); /* as a string: JSON numbers lose the low bits */
                json_str(w, buf_str(&text));
                buf_done(&text);
        }
        json_end_array(w);
}

static Str encode(const LogEntry *e, Arena *arena)
{
        Buf out = { .arena = arena };
        JsonWriter w;
        json_writer_init(&w, &out);
        json_begin_object(&w);
        json_key_i64(&w, "t_ms", e->t_ms);
        put_hashes(&w, "firing", e->firing);
        put_hashes(&w, "resolved", e->resolved);
        json_end_object(&w);
        return buf_str(&out);
}

void alert_log_note(AlertLog *log, Str key, AlertHashes firing, AlertHashes resolved, int64_t told_ms,
                    int64_t expires_ms, Arena *arena, Str *ret_doc)
{
        LogEntry *e = entry_of(log, key);
        *e = (LogEntry){ .firing = hashes_dup(firing),
                         .resolved = hashes_dup(resolved),
                         .t_ms = told_ms,
                         .expires_ms = expires_ms };
        *ret_doc = encode(e, arena);
}

void alert_log_extend(AlertLog *log, Str key, int64_t expires_ms, Arena *arena, Str *ret_doc)
{
        LogEntry *e = log_map_get(&log->entries, key);
        *ret_doc = (Str){ 0 };
        if (!e)
                return;
        e->expires_ms = expires_ms;
        *ret_doc = encode(e, arena);
}

bool alert_log_knows_firing(const AlertLog *log, Str key, uint64_t fingerprint)
{
        const LogEntry *e = log_map_get(&log->entries, key);
        return e && is_subset((AlertHashes){ &fingerprint, 1 }, e->firing);
}

int64_t alert_log_last(const AlertLog *log, Str key)
{
        const LogEntry *e = log_map_get(&log->entries, key);
        return e ? e->t_ms : 0;
}

void alert_log_expire(AlertLog *log, int64_t now_ms)
{
        VEC(Str) gone = { 0 };
        for (LogMapSlot *s = log_map_next(&log->entries, NULL); s; s = log_map_next(&log->entries, s))
                if (s->val.expires_ms && s->val.expires_ms < now_ms)
                        vec_push(&gone, s->key);
        vec_each(key, &gone) {
                entry_done(log_map_get(&log->entries, *key));
                log_map_remove(&log->entries, *key);
                mem_free((void *)(uintptr_t)key->p);
        }
        vec_done(&gone);
}
