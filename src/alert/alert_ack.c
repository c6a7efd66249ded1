/* Invariants:
 * 1. An acknowledgement ends with its alert: the next time the alert starts, everybody is told again.
 * 2. It is in the journal before who acknowledges gets an answer, and outlives a restart. */
#include "alert/alert_ack.h"

#include "base/log.h"
#include "codec/json.h"
#include "model/fingerprint.h"

enum { ACK_BYTES = 512 };
#define DOC_KIND STR("alert_acks")

static Str key_of(Arena *arena, uint64_t fingerprint)
{
        Buf key = { .arena = arena };
        fingerprint_print(&key, fingerprint);
        return buf_str(&key);
}

static void keep(StoredAlert *a, const AlertAck *ack)
{
        AlertExtra *x = alert_store_extra(a);
        Arena *memory = arena_new_small(ACK_BYTES);
        AlertAck *copy = arena_new_of(memory, AlertAck);
        *copy = (AlertAck){ .fingerprint = a->fingerprint,
                            .labels = labels_dup(memory, alert_text_labels(a->text, memory)),
                            .by = str_dup(memory, ack->by),
                            .comment = str_dup(memory, ack->comment),
                            .at_ms = ack->at_ms,
                            .until_ms = ack->until_ms };
        arena_free(x->ack_memory);
        x->ack_memory = memory;
        x->ack = copy;
}

void alert_ack_set(StoredAlert *a, const AlertAck *ack, int64_t now_ms, AlertJournal *j)
{
        Buf doc = { .arena = j->arena };
        JsonWriter w;
        keep(a, ack);
        json_writer_init(&w, &doc);
        json_begin_object(&w);
        json_key_str(&w, "by", ack->by);
        json_key_str(&w, "comment", ack->comment);
        json_key_i64(&w, "at_ms", ack->at_ms);
        json_key_i64(&w, "until_ms", ack->until_ms);
        json_end_object(&w);
        Str key = key_of(j->arena, a->fingerprint);
        alert_store_add_write(j, DOC_KIND, key, buf_str(&doc), ack->until_ms);
        alert_store_add_event(j, now_ms, STR("acknowledged"), key, buf_str(&doc));
}

void alert_ack_clear(StoredAlert *a, Str kind, Str by, int64_t now_ms, AlertJournal *j)
{
        Buf doc = { .arena = j->arena };
        JsonWriter w;
        AlertExtra *x = a->marks.extra;
        if (!x || !x->ack)
                return;
        arena_free(x->ack_memory);
        x->ack_memory = NULL;
        x->ack = NULL;
        json_writer_init(&w, &doc);
        json_begin_object(&w);
        json_key_str(&w, "by", by);
        json_end_object(&w);
        Str key = key_of(j->arena, a->fingerprint);
        alert_store_add_write(j, DOC_KIND, key, (Str){ 0 }, 0);
        alert_store_add_event(j, now_ms, kind, key, buf_str(&doc));
}

const AlertAck *alert_ack_of(const StoredAlert *a, int64_t now_ms)
{
        const AlertAck *ack = a->marks.extra ? a->marks.extra->ack : NULL;
        return ack && (!ack->until_ms || now_ms < ack->until_ms) ? ack : NULL;
}

void alert_ack_expire(StoredAlert *a, int64_t now_ms, AlertJournal *j)
{
        if (a->marks.extra && a->marks.extra->ack && (a->ended || !alert_ack_of(a, now_ms)))
                alert_ack_clear(a, STR("acknowledgement_ended"), (Str){ 0 }, now_ms, j);
}

static bool load_one(void *arg, Str key, Str doc, int64_t expires_ms)
{
        const AlertStore *store = arg;
        AUTO(arena_free) Arena *arena = arena_new();
        JsonValue *json;
        uint64_t fingerprint;
        Err err;
        (void)expires_ms;
        if (!fingerprint_parse(key, &fingerprint) || !json_parse(doc, arena, &json, &err)) {
                log_error("a saved acknowledgement is unreadable: its alert is told again", KV("fingerprint", key));
                return true;
        }
        StoredAlert *a = alert_set_get(&store->alerts, fingerprint);
        if (a && !a->ended)
                keep(a, &(AlertAck){ .by = json_get_str(json, STR("by")),
                                     .comment = json_get_str(json, STR("comment")),
                                     .at_ms = json_get_i64(json, STR("at_ms")),
                                     .until_ms = json_get_i64(json, STR("until_ms")) });
        return true;
}

void alert_ack_load(const AlertStore *store, StateDb *db)
{
        Err err;
        if (db && !statedb_each(db, DOC_KIND, load_one, (void *)(uintptr_t)store, &err))
                log_error("saved acknowledgements are unreadable: their alerts are told again", KV("err", &err));
}
