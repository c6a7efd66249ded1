/* Invariants:
 * 1. A stored version never changes what it says; holders of a reference see one consistent alert.
 * 2. A start is in the state database before anybody is told of it, and an end before its notice goes out: after a crash
 *    an alert that was told as firing is firing or resolved here, never unknown.
 * 3. Repeated messages of an unchanged alert write nothing. */
#include "alert/alert_store.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "model/fingerprint.h"

/* An end that is this far away will not be said again soon: a change of it is saved. Nearer ones move with every message. */
enum { FAR_END_MS = 3600 * 1000, ENDED_LOOK_MS = 60 * 1000, LONGEST_SUBJECT_BYTES = 2000 };

#define DOC_KIND STR("router_alerts")

static void extra_free(AlertExtra *x)
{
        if (!x)
                return;
        vec_done(&x->silences);
        arena_free(x->ack_memory);
        mem_free(x);
}

AlertExtra *alert_store_extra(StoredAlert *a)
{
        if (!a->marks.extra)
                a->marks.extra = mem_new(AlertExtra);
        return a->marks.extra;
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
        extra_free(a->marks.extra);
        alert_text_unref(a->text);
        mem_free(a);
}

AlertMsg alert_store_read(const StoredAlert *a, Arena *arena)
{
        AlertMsg msg = { .starts_at_ms = a->starts_at_ms,
                         .ends_at_ms = a->ends_at_ms,
                         .updated_at_ms = a->updated_at_ms };
        alert_text_read(a->text, arena, &msg);
        return msg;
}

/* ---- journal ---- */

AlertJournal alert_store_journal(Arena *arena)
{
        return (AlertJournal){ .arena = arena, .writes.arena = arena, .events.arena = arena, .waiters.arena = arena };
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
        if (db && !statedb_commit(db, j->writes.data, j->writes.len, j->events.data, j->events.len, &err))
                log_error("alert states are not saved: a restart may forget or repeat a notification",
                          KV("documents", j->writes.len), KV("events", j->events.len), KV("err", &err));
}

static Str key_of(Arena *arena, uint64_t doc) { return str_printf(arena, "n%016" PRIx64, doc); }

/* What must outlive the program. */
static void save(AlertStore *store, AlertJournal *j, StoredAlert *a)
{
        Buf doc = { .arena = j->arena };
        JsonWriter w;
        if (!a->current)
                return;
        if (!a->marks.doc)
                a->marks.doc = ++store->last_doc;
        AlertMsg msg = alert_store_read(a, j->arena);
        json_writer_init(&w, &doc);
        json_begin_object(&w);
        labels_put_json(&w, "labels", msg.labels);
        labels_put_json(&w, "annotations", msg.annotations);
        json_key_str(&w, "generator_url", msg.generator_url);
        json_key_i64(&w, "starts_at_ms", msg.starts_at_ms);
        json_key_i64(&w, "ends_at_ms", msg.ends_at_ms);
        json_key_bool(&w, "resolved", a->ended);
        json_end_object(&w);
        alert_store_add_write(j, DOC_KIND, key_of(j->arena, a->marks.doc), buf_str(&doc), 0);
}

/* It started or ended: saved, and an event. */
static void note_change(AlertStore *store, AlertJournal *j, StoredAlert *a, int64_t now_ms)
{
        Buf detail = { .arena = j->arena };
        Buf subject = { .arena = j->arena };
        JsonWriter w;
        save(store, j, a);
        json_writer_init(&w, &detail);
        json_begin_object(&w);
        labels_put_json(&w, "labels", alert_text_labels(a->text, j->arena));
        json_key_i64(&w, "starts_at_ms", a->starts_at_ms);
        json_end_object(&w);
        fingerprint_print(&subject, a->fingerprint);
        alert_store_add_event(j, now_ms, a->ended ? STR("resolved") : STR("started"), buf_str(&subject),
                              buf_str(&detail));
        if (a->ended && store->on_end)
                store->on_end(store->ctx, a, now_ms);
}

/* ---- alerts ---- */

/* old: its text is shared when it says the same; may be NULL. */
static StoredAlert *version_new(AlertStore *store, const AlertMsg *msg, uint64_t fingerprint, const StoredAlert *old)
{
        if (!store->texts)
                store->texts = alert_text_table();
        StoredAlert *a = mem_alloc(sizeof *a);
        *a = (StoredAlert){ .refs = 1,
                            .current = true,
                            .fingerprint = fingerprint,
                            .starts_at_ms = msg->starts_at_ms,
                            .ends_at_ms = msg->ends_at_ms,
                            .updated_at_ms = msg->updated_at_ms };
        a->text = old && alert_text_is(old->text, msg) ? alert_text_ref(old->text) : alert_text_new(store->texts, msg);
        return a;
}

/* The younger update wins, the earlier start stays, an explicit later end stays while it fires. */
static void merge_with(StoredAlert *a, const StoredAlert *o, int64_t now_ms)
{
        bool overlap = (a->ends_at_ms > o->starts_at_ms && a->ends_at_ms < o->ends_at_ms) ||
                       (a->starts_at_ms > o->starts_at_ms && a->starts_at_ms < o->ends_at_ms) ||
                       (a->starts_at_ms <= o->starts_at_ms && a->ends_at_ms >= o->ends_at_ms) ||
                       a->starts_at_ms == o->starts_at_ms;
        if (!overlap)
                return;
        if (o->starts_at_ms < a->starts_at_ms)
                a->starts_at_ms = o->starts_at_ms;
        if (alert_store_is_resolved(a, now_ms)) {
                if (alert_store_is_resolved(o, now_ms) && a->ends_at_ms < o->ends_at_ms)
                        a->ends_at_ms = o->ends_at_ms;
        } else if (a->ends_at_ms < o->ends_at_ms && !o->timeout) {
                a->ends_at_ms = o->ends_at_ms;
                a->timeout = false;
        }
}

StoredAlert *alert_store_put(AlertStore *store, const AlertMsg *msg, int64_t now_ms, int64_t resolve_timeout_ms,
                             AlertJournal *journal)
{
        uint64_t fingerprint = fingerprint_of(msg->labels);
        StoredAlert *old = alert_set_get(&store->alerts, fingerprint);
        StoredAlert *a = version_new(store, msg, fingerprint, old);
        if (!a->starts_at_ms)
                a->starts_at_ms = msg->ends_at_ms ? msg->ends_at_ms : now_ms;
        if (!a->ends_at_ms) {
                a->ends_at_ms = now_ms + resolve_timeout_ms;
                a->timeout = true;
        }
        a->updated_at_ms = now_ms;
        if (old) {
                merge_with(a, old, now_ms);
                a->marks = old->marks;
                old->marks = (AlertMarks){ 0 };
                old->current = false;
        }
        alert_set_put(&store->alerts, a);
        bool resolved = alert_store_is_resolved(a, now_ms);
        bool was_firing = old && !old->ended;
        a->ended = resolved;
        /* An end that nobody knew the start of is no event. */
        if (resolved ? was_firing : !was_firing)
                note_change(store, journal, a, now_ms);
        else if (old && a->ends_at_ms != old->ends_at_ms && a->ends_at_ms - now_ms > FAR_END_MS)
                save(store, journal, a);
        int64_t look_ms = a->ended ? now_ms + ENDED_LOOK_MS : a->ends_at_ms;
        store->next_end_ms = MIN_OF(store->next_end_ms, look_ms);
        if (old)
                alert_store_unref(old);
        return a;
}

void alert_store_note_end(AlertStore *store, StoredAlert *a, int64_t now_ms, AlertJournal *journal)
{
        if (a->ended || !alert_store_is_resolved(a, now_ms))
                return;
        a->ended = true;
        note_change(store, journal, a, now_ms);
}

static void forget(AlertStore *store, StoredAlert *a, AlertJournal *journal)
{
        if (store->on_gone)
                store->on_gone(store->ctx, a);
        if (a->marks.doc)
                alert_store_add_write(journal, DOC_KIND, key_of(journal->arena, a->marks.doc), (Str){ 0 }, 0);
        alert_set_remove(&store->alerts, a->fingerprint);
        alert_store_unref(a);
}

bool alert_store_expire(AlertStore *store, int64_t now_ms, int64_t keep_ms, size_t max_bytes, AlertJournal *journal)
{
        if (now_ms < store->next_end_ms)
                return true;
        VEC(StoredAlert *) gone = { 0 };
        bool all = true;
        int64_t next_ms = INT64_MAX;
        size_t at = 0;
        for (StoredAlert *a; all && (a = alert_set_next(&store->alerts, &at));) {
                alert_store_note_end(store, a, now_ms, journal);
                int64_t look_ms = a->ended ? a->ends_at_ms + keep_ms : a->ends_at_ms;
                if (a->ended && look_ms <= now_ms)
                        vec_push(&gone, a);
                else
                        next_ms = MIN_OF(next_ms, look_ms);
                all = arena_used(journal->arena) <= max_bytes;
        }
        store->next_end_ms = all ? next_ms : 0;
        vec_each(a, &gone)
                forget(store, *a, journal);
        vec_done(&gone);
        return all;
}

void alert_store_done(AlertStore *store)
{
        size_t at = 0;
        for (StoredAlert *a; (a = alert_set_next(&store->alerts, &at));)
                alert_store_unref(a);
        alert_set_done(&store->alerts);
        alert_text_table_free(store->texts);
        store->texts = NULL;
}

/* ---- loading ---- */

typedef struct Loading {
        AlertStore *store;
        int64_t now_ms, grace_ms;
        AlertJournal journal; /* documents to rewrite under a number */
} Loading;

/* False: a key that is no number, as they were once. */
static bool read_number(Str key, uint64_t *ret)
{
        return str_starts(key, STR("n")) && fingerprint_parse(str_sub(key, 1, key.n), ret);
}

static bool load_one(void *arg, Str key, Str doc, int64_t expires_ms)
{
        Loading *l = arg;
        AUTO(arena_free) Arena *arena = arena_new();
        JsonValue *json;
        Err err;
        (void)expires_ms;
        if (!json_parse(doc, arena, &json, &err)) {
                log_error("a saved alert is unreadable", KV("document", key), KV("err", &err));
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
        StoredAlert *a = version_new(l->store, &msg, fingerprint_of(msg.labels), NULL);
        a->ended = json_get_bool(json, STR("resolved"));
        if (!a->ended && a->ends_at_ms < l->now_ms + l->grace_ms) {
                a->ends_at_ms = l->now_ms + l->grace_ms;
                a->timeout = true;
        }
        if (read_number(key, &a->marks.doc))
                l->store->last_doc = MAX_OF(l->store->last_doc, a->marks.doc);
        else
                alert_store_add_write(&l->journal, DOC_KIND, str_dup(l->journal.arena, key), (Str){ 0 }, 0);
        StoredAlert *old = alert_set_put(&l->store->alerts, a);
        if (old && old->marks.doc)
                alert_store_add_write(&l->journal, DOC_KIND, key_of(l->journal.arena, old->marks.doc), (Str){ 0 }, 0);
        if (old)
                alert_store_unref(old);
        return true;
}

void alert_store_load(AlertStore *store, StateDb *db, int64_t now_ms, int64_t grace_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Loading l = { store, now_ms, grace_ms, alert_store_journal(arena) };
        size_t at = 0;
        Err err;
        if (db && !statedb_each(db, DOC_KIND, load_one, &l, &err))
                log_error("saved alerts are unreadable", KV("err", &err));
        for (StoredAlert *a; l.journal.writes.len && (a = alert_set_next(&store->alerts, &at));)
                if (!a->marks.doc)
                        save(store, &l.journal, a);
        alert_store_write(&l.journal, db);
}
