/* Invariants:
 * 1. A stored version never changes what it says; holders of a reference see one consistent alert.
 * 2. A start is in the state database before anybody is told of it, and an end before its notice goes out: after a crash
 *    an alert that was told as firing is firing or resolved here, never unknown.
 * 3. Repeated messages of an unchanged alert write nothing. */
#include "alert/alert_store.h"

#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "model/fingerprint.h"

/* An end that is this far away will not be said again soon: a change of it is saved. Nearer ones move with every message. */
enum { FAR_END_MS = 3600 * 1000, ENDED_LOOK_MS = 60 * 1000, LONGEST_SUBJECT_BYTES = 2000 };

#define DOC_KIND STR("router_alerts")

static void marks_free(AlertMarks *m)
{
        if (!m)
                return;
        vec_done(&m->silences);
        arena_free(m->ack_memory);
        mem_free(m);
}

StoredAlert *alert_store_ref(StoredAlert *a)
{
        __atomic_fetch_add(&a->refs, 1, __ATOMIC_RELAXED);
        return a;
}

void alert_store_unref(StoredAlert *a)
{
        if (__atomic_fetch_sub(&a->refs, 1, __ATOMIC_ACQ_REL) > 1)
                return;
        marks_free(a->marks);
        mem_free(a);
}

/* ---- journal ---- */

AlertJournal alert_store_journal(Arena *arena)
{
        return (AlertJournal){ .arena = arena, .writes.arena = arena, .events.arena = arena };
}

void alert_store_add_write(AlertJournal *j, Str kind, Str key, Str value, int64_t expires_ms)
{
        vec_push(&j->writes, (StateDbWrite){ .kind = kind, .key = key, .value = value, .expires_ms = expires_ms });
}

void alert_store_add_event(AlertJournal *j, int64_t t_ms, Str kind, Str subject, Str detail)
{
        if (detail.n > STATEDB_EVENT_DETAIL_MAX_BYTES)
                detail = STR("{}");
        vec_push(&j->events, (StateDbEvent){ .t_ms = t_ms,
                                             .kind = kind,
                                             .subject = str_sub(subject, 0, LONGEST_SUBJECT_BYTES),
                                             .detail = detail });
}

void alert_store_write(const AlertJournal *j, StateDb *db)
{
        Err err;
        if (db && j->writes.len && !statedb_write_all(db, j->writes.data, j->writes.len, &err))
                log_error("alert states are not saved: a restart may forget or repeat a notification",
                          KV("documents", j->writes.len), KV("err", &err));
        if (db && j->events.len && !statedb_events_add(db, j->events.data, j->events.len, &err))
                log_error("alert events are not recorded", KV("events", j->events.len), KV("err", &err));
}

static Str key_of(Arena *arena, uint64_t fingerprint)
{
        Buf key = { .arena = arena };
        fingerprint_print(&key, fingerprint);
        return buf_str(&key);
}

/* What must outlive the program. */
static void save(AlertJournal *j, const StoredAlert *a)
{
        Buf doc = { .arena = j->arena };
        JsonWriter w;
        json_writer_init(&w, &doc);
        json_begin_object(&w);
        labels_put_json(&w, "labels", a->msg.labels);
        labels_put_json(&w, "annotations", a->msg.annotations);
        json_key_str(&w, "generator_url", a->msg.generator_url);
        json_key_i64(&w, "starts_at_ms", a->msg.starts_at_ms);
        json_key_i64(&w, "ends_at_ms", a->msg.ends_at_ms);
        json_key_bool(&w, "resolved", a->ended);
        json_end_object(&w);
        alert_store_add_write(j, DOC_KIND, key_of(j->arena, a->fingerprint), buf_str(&doc), 0);
}

/* It started or ended: saved, and an event. */
static void note_change(const AlertStore *store, AlertJournal *j, StoredAlert *a, int64_t now_ms)
{
        Buf detail = { .arena = j->arena };
        JsonWriter w;
        save(j, a);
        json_writer_init(&w, &detail);
        json_begin_object(&w);
        labels_put_json(&w, "labels", a->msg.labels);
        json_key_i64(&w, "starts_at_ms", a->msg.starts_at_ms);
        json_end_object(&w);
        alert_store_add_event(j, now_ms, a->ended ? STR("resolved") : STR("started"), key_of(j->arena, a->fingerprint),
                              buf_str(&detail));
        if (a->ended && store->on_end)
                store->on_end(store->ctx, a, now_ms);
}

/* ---- alerts ---- */

static size_t labels_bytes(Labels labels)
{
        size_t n = labels.n * sizeof(Label);
        for (size_t i = 0; i < labels.n; i++)
                n += labels.data[i].name.n + labels.data[i].value.n;
        return n;
}

static Str pack_str(char **bytes, Str s)
{
        char *p = *bytes;
        if (s.n)
                memcpy(p, s.p, s.n);
        *bytes += s.n;
        return str_n(p, s.n);
}

static Labels pack_labels(Label **pairs, char **bytes, Labels labels)
{
        Label *to = *pairs;
        for (size_t i = 0; i < labels.n; i++)
                to[i] = (Label){ pack_str(bytes, labels.data[i].name), pack_str(bytes, labels.data[i].value) };
        *pairs += labels.n;
        return (Labels){ to, labels.n };
}

/* The struct, the pairs, the bytes: one block. */
static StoredAlert *version_new(const AlertMsg *msg)
{
        size_t n_pairs = msg->labels.n + msg->annotations.n;
        StoredAlert *a = mem_alloc(sizeof *a + labels_bytes(msg->labels) + labels_bytes(msg->annotations) +
                                   msg->generator_url.n);
        Label *pairs = (Label *)(a + 1);
        char *bytes = (char *)(pairs + n_pairs);
        *a = (StoredAlert){ .refs = 1, .msg = *msg };
        a->msg.labels = pack_labels(&pairs, &bytes, msg->labels);
        a->msg.annotations = pack_labels(&pairs, &bytes, msg->annotations);
        a->msg.generator_url = pack_str(&bytes, msg->generator_url);
        a->fingerprint = fingerprint_of(a->msg.labels);
        return a;
}

/* The younger update wins, the earlier start stays, an explicit later end stays while it fires. */
static void merge_with(StoredAlert *a, const StoredAlert *old, int64_t now_ms)
{
        AlertMsg *m = &a->msg;
        const AlertMsg *o = &old->msg;
        bool overlap = (m->ends_at_ms > o->starts_at_ms && m->ends_at_ms < o->ends_at_ms) ||
                       (m->starts_at_ms > o->starts_at_ms && m->starts_at_ms < o->ends_at_ms) ||
                       (m->starts_at_ms <= o->starts_at_ms && m->ends_at_ms >= o->ends_at_ms) ||
                       m->starts_at_ms == o->starts_at_ms;
        if (!overlap)
                return;
        if (o->starts_at_ms < m->starts_at_ms)
                m->starts_at_ms = o->starts_at_ms;
        if (alert_store_is_resolved(m, now_ms)) {
                if (alert_store_is_resolved(o, now_ms) && m->ends_at_ms < o->ends_at_ms)
                        m->ends_at_ms = o->ends_at_ms;
        } else if (m->ends_at_ms < o->ends_at_ms && !old->timeout) {
                m->ends_at_ms = o->ends_at_ms;
                a->timeout = false;
        }
}

StoredAlert *alert_store_put(AlertStore *store, const AlertMsg *msg, int64_t now_ms, int64_t resolve_timeout_ms,
                             AlertJournal *journal)
{
        StoredAlert *a = version_new(msg);
        if (!a->msg.starts_at_ms)
                a->msg.starts_at_ms = msg->ends_at_ms ? msg->ends_at_ms : now_ms;
        if (!a->msg.ends_at_ms) {
                a->msg.ends_at_ms = now_ms + resolve_timeout_ms;
                a->timeout = true;
        }
        a->msg.updated_at_ms = now_ms;
        StoredAlert **slot = stored_map_put(&store->alerts, a->fingerprint, NULL);
        StoredAlert *old = *slot;
        if (old)
                merge_with(a, old, now_ms);
        *slot = a;
        if (old) {
                a->marks = old->marks;
                old->marks = NULL;
        } else {
                a->marks = mem_new(AlertMarks);
        }
        bool resolved = alert_store_is_resolved(&a->msg, now_ms);
        bool was_firing = old && !old->ended;
        a->ended = resolved;
        /* An end that nobody knew the start of is no event. */
        if (resolved ? was_firing : !was_firing)
                note_change(store, journal, a, now_ms);
        else if (old && a->msg.ends_at_ms != old->msg.ends_at_ms && a->msg.ends_at_ms - now_ms > FAR_END_MS)
                save(journal, a);
        int64_t look_ms = a->ended ? now_ms + ENDED_LOOK_MS : a->msg.ends_at_ms;
        store->next_end_ms = MIN_OF(store->next_end_ms, look_ms);
        if (old)
                alert_store_unref(old);
        return a;
}

void alert_store_note_end(const AlertStore *store, StoredAlert *a, int64_t now_ms, AlertJournal *journal)
{
        if (a->ended || !alert_store_is_resolved(&a->msg, now_ms))
                return;
        a->ended = true;
        note_change(store, journal, a, now_ms);
}

static void forget(AlertStore *store, uint64_t fingerprint, AlertJournal *journal)
{
        StoredAlert *a = *stored_map_get(&store->alerts, fingerprint);
        if (store->on_gone)
                store->on_gone(store->ctx, a);
        alert_store_add_write(journal, DOC_KIND, key_of(journal->arena, fingerprint), (Str){ 0 }, 0);
        stored_map_remove(&store->alerts, fingerprint);
        alert_store_unref(a);
}

void alert_store_expire(AlertStore *store, int64_t now_ms, int64_t keep_ms, AlertJournal *journal)
{
        VEC(uint64_t) gone = { 0 };
        if (now_ms < store->next_end_ms)
                return;
        int64_t next_ms = INT64_MAX;
        for (StoredMapSlot *s = stored_map_next(&store->alerts, NULL); s; s = stored_map_next(&store->alerts, s)) {
                StoredAlert *a = s->val;
                alert_store_note_end(store, a, now_ms, journal);
                if (alert_store_is_resolved(&a->msg, now_ms - keep_ms))
                        vec_push(&gone, s->key);
                else
                        next_ms = MIN_OF(next_ms, a->msg.ends_at_ms + (a->ended ? keep_ms : 0));
        }
        store->next_end_ms = next_ms;
        vec_each(key, &gone)
                forget(store, *key, journal);
        vec_done(&gone);
}

void alert_store_done(AlertStore *store)
{
        for (StoredMapSlot *s = stored_map_next(&store->alerts, NULL); s; s = stored_map_next(&store->alerts, s))
                alert_store_unref(s->val);
        stored_map_done(&store->alerts);
}

/* ---- loading ---- */

typedef struct Loading {
        AlertStore *store;
        int64_t now_ms, grace_ms;
} Loading;

static bool load_one(void *arg, Str key, Str doc, int64_t expires_ms)
{
        Loading *l = arg;
        AUTO(arena_free) Arena *arena = arena_new();
        JsonValue *json;
        Err err;
        (void)expires_ms;
        if (!json_parse(doc, arena, &json, &err)) {
                log_error("a saved alert is unreadable", KV("fingerprint", key), KV("err", &err));
                return true;
        }
        AlertMsg msg = {
                .labels = labels_from_json(arena, json_get(json, STR("labels"))),
                .annotations = labels_from_json(arena, json_get(json, STR("annotations"))),
                .generator_url = json_get_str(json, STR("generator_url")),
                .starts_at_ms = json_get_i64(json, STR("starts_at_ms")),
                .ends_at_ms = json_get_i64(json, STR("ends_at_ms")),
                .updated_at_ms = l->now_ms,
        };
        if (!msg.labels.n || !msg.ends_at_ms)
                return true;
        StoredAlert *a = version_new(&msg);
        a->marks = mem_new(AlertMarks);
        a->ended = json_get_bool(json, STR("resolved"));
        if (!a->ended && a->msg.ends_at_ms < l->now_ms + l->grace_ms) {
                a->msg.ends_at_ms = l->now_ms + l->grace_ms;
                a->timeout = true;
        }
        StoredAlert **slot = stored_map_put(&l->store->alerts, a->fingerprint, NULL);
        if (*slot)
                alert_store_unref(*slot);
        *slot = a;
        return true;
}

void alert_store_load(AlertStore *store, StateDb *db, int64_t now_ms, int64_t grace_ms)
{
        Loading l = { store, now_ms, grace_ms };
        Err err;
        if (db && !statedb_each(db, DOC_KIND, load_one, &l, &err))
                log_error("saved alerts are unreadable", KV("err", &err));
}
