/* Silences as Alertmanager keeps them. An alert is compared with a silence once: it remembers which ones match it, and up
 * to which it has been compared; later only the new ones are.
 *
 * Invariants:
 * 1. The matchers of a silence never change: what is changed gets a new number, and an id of its own.
 * 2. A number is never used again: a remembered number that is gone means nothing.
 * 3. Every change is in the journal before the answer is given. */
#include "alert/alert_silences.h"

#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "base/rand.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "model/quote.h"

#define DOC_KIND STR("silences")
enum { REINDEX_SLACK = 64, FEW_NEW = 32 };

AlertSilenceState alert_silence_state(const AlertSilence *s, int64_t now_ms)
{
        if (now_ms < s->starts_at_ms)
                return ALERT_SILENCE_PENDING;
        return now_ms >= s->ends_at_ms ? ALERT_SILENCE_EXPIRED : ALERT_SILENCE_ACTIVE;
}

const char *alert_silence_state_name(AlertSilenceState state)
{
        static const char *const names[] = { "pending", "active", "expired" };
        return names[state];
}

bool alert_silence_copy(const AlertSilence *from, Arena *arena, AlertSilence *ret, Err *err)
{
        AlertSilence copy = *from;
        Matcher *matchers = arena_array(arena, Matcher, from->matchers.n);
        for (size_t i = 0; i < from->matchers.n; i++) {
                const Matcher *m = &from->matchers.data[i];
                if (!matcher_make_alert(arena, m->type, m->name, m->value, &matchers[i], err))
                        return false;
        }
        copy.matchers.data = matchers;
        copy.created_by = str_dup(arena, from->created_by);
        copy.comment = str_dup(arena, from->comment);
        copy.annotations = labels_dup(arena, from->annotations);
        *ret = copy;
        return true;
}

/* ---- the set ---- */

/* About what a silence takes: thousands are held for days. */
static size_t held_bytes(const AlertSilence *s)
{
        size_t n = sizeof(HeldSilence) + s->matchers.n * sizeof(Matcher) + s->created_by.n + s->comment.n;
        for (size_t i = 0; i < s->matchers.n; i++)
                n += s->matchers.data[i].name.n + s->matchers.data[i].value.n;
        for (size_t i = 0; i < s->annotations.n; i++)
                n += sizeof(Label) + s->annotations.data[i].name.n + s->annotations.data[i].value.n;
        return n + 2 * _Alignof(max_align_t);
}

static bool held_new(const AlertSilence *from, HeldSilence **ret, Err *err)
{
        Arena *memory = arena_new_small(held_bytes(from));
        HeldSilence *h = arena_new_of(memory, HeldSilence);
        h->memory = memory;
        if (!alert_silence_copy(from, memory, &h->silence, err)) {
                arena_free(memory);
                return false;
        }
        *ret = h;
        return true;
}

static Str id_of(const HeldSilence *h) { return str_of(h->silence.id); }

static void insert(AlertSilences *s, HeldSilence *h)
{
        h->seq = ++s->last_seq;
        *silence_map_put(&s->by_seq, h->seq, NULL) = h;
        *silence_ids_put(&s->by_id, id_of(h), NULL) = h;
        alert_index_add(&s->index, h->seq, h->silence.matchers);
        s->indexed++;
}

static void reindex(AlertSilences *s)
{
        alert_index_done(&s->index);
        s->index = (AlertIndex){ 0 };
        s->indexed = 0;
        for (SilenceMapSlot *slot = silence_map_next(&s->by_seq, NULL); slot;
             slot = silence_map_next(&s->by_seq, slot)) {
                alert_index_add(&s->index, slot->key, slot->val->silence.matchers);
                s->indexed++;
        }
}

void alert_silences_done(AlertSilences *s)
{
        for (SilenceMapSlot *slot = silence_map_next(&s->by_seq, NULL); slot; slot = silence_map_next(&s->by_seq, slot))
                arena_free(slot->val->memory);
        silence_map_done(&s->by_seq);
        silence_ids_done(&s->by_id);
        alert_index_done(&s->index);
}

const HeldSilence *alert_silences_find(const AlertSilences *s, Str id)
{
        HeldSilence **found = silence_ids_get(&s->by_id, id);
        return found ? *found : NULL;
}

/* ---- documents ---- */

static void encode(Buf *doc, const AlertSilence *s)
{
        JsonWriter w;
        json_writer_init(&w, doc);
        json_begin_object(&w);
        json_key(&w, STR("matchers"));
        json_begin_array(&w);
        for (size_t i = 0; i < s->matchers.n; i++) {
                const Matcher *m = &s->matchers.data[i];
                json_begin_object(&w);
                json_key_str(&w, "name", m->name);
                json_key_str(&w, "value", m->value);
                json_key_i64(&w, "type", (int64_t)m->type);
                json_end_object(&w);
        }
        json_end_array(&w);
        json_key_i64(&w, "starts_at_ms", s->starts_at_ms);
        json_key_i64(&w, "ends_at_ms", s->ends_at_ms);
        json_key_i64(&w, "updated_at_ms", s->updated_at_ms);
        json_key_str(&w, "created_by", s->created_by);
        json_key_str(&w, "comment", s->comment);
        if (s->annotations.n)
                labels_put_json(&w, "annotations", s->annotations);
        json_end_object(&w);
}

static bool decode(Str id, const JsonValue *json, Arena *arena, AlertSilence *ret, Err *err)
{
        const JsonValue *list = json_get(json, STR("matchers"));
        if (!list || list->kind != JSON_ARRAY || id.n + 1 != ALERT_SILENCE_ID_BYTES)
                return err_set(err, ERR_CORRUPT, "it has no matchers or no id");
        Matcher *matchers = arena_array(arena, Matcher, list->n);
        *ret = (AlertSilence){ .matchers = { matchers, list->n },
                               .starts_at_ms = json_get_i64(json, STR("starts_at_ms")),
                               .ends_at_ms = json_get_i64(json, STR("ends_at_ms")),
                               .updated_at_ms = json_get_i64(json, STR("updated_at_ms")),
                               .created_by = json_get_str(json, STR("created_by")),
                               .comment = json_get_str(json, STR("comment")),
                               .annotations = labels_from_json(arena, json_get(json, STR("annotations"))) };
        memcpy(ret->id, id.p, id.n);
        for (size_t i = 0; i < list->n; i++) {
                const JsonValue *m = &list->items[i];
                int64_t type = json_get_i64(m, STR("type"));
                if (type < MATCH_EQ || type > MATCH_NRE)
                        return err_set(err, ERR_CORRUPT, "a matcher has no known type");
                if (!matcher_make_alert(arena, (MatchType)type, json_get_str(m, STR("name")),
                                        json_get_str(m, STR("value")), &matchers[i], err))
                        return false;
        }
        return true;
}

static bool load_one(void *arg, Str key, Str doc, int64_t expires_ms)
{
        AlertSilences *s = arg;
        AUTO(arena_free) Arena *arena = arena_new();
        JsonValue *json;
        AlertSilence silence;
        HeldSilence *h;
        Err err;
        (void)expires_ms;
        if (!json_parse(doc, arena, &json, &err) || !decode(key, json, arena, &silence, &err) ||
            !held_new(&silence, &h, &err)) {
                log_error("a saved silence is unreadable: its alerts are not muted", KV("id", key), KV("err", &err));
                return true;
        }
        insert(s, h);
        return true;
}

void alert_silences_load(AlertSilences *s, StateDb *db)
{
        Err err;
        if (db && !statedb_each(db, DOC_KIND, load_one, s, &err))
                log_error("saved silences are unreadable: nothing is muted by them", KV("err", &err));
}

static void save(const HeldSilence *h, Str kind, int64_t now_ms, AlertJournal *j)
{
        Buf doc = { .arena = j->arena };
        encode(&doc, &h->silence);
        Str id = str_dup(j->arena, id_of(h));
        alert_store_add_write(j, DOC_KIND, id, buf_str(&doc), 0); /* alert_silences_collect removes it */
        alert_store_add_event(j, now_ms, kind, id, buf_str(&doc));
}

/* ---- changes ---- */

static bool check_matcher(const Matcher *m, AlertMatcherMode mode, Err *err)
{
        if (!alert_matchers_is_name(m->name, mode)) {
                AUTO(buf_done) Buf quoted = { 0 };
                quote_go(&quoted, m->name);
                return err_set(err, ERR_INVALID, "invalid label name " STR_FMT, STR_ARG(buf_str(&quoted)));
        }
        return utf8_valid(m->value) ||
               err_set(err, ERR_INVALID, "invalid label value \"" STR_FMT "\"", STR_ARG(m->value));
}

/* 0.25 said it the other way round. */
static const char *invalid(const AlertSilences *s) { return s->old_words ? "silence invalid" : "invalid silence"; }

static bool check(const AlertSilences *s, const AlertSilence *w, Err *err)
{
        bool says_something = false;
        for (size_t i = 0; i < w->matchers.n; i++) {
                const Matcher *m = &w->matchers.data[i];
                Err why;
                if (!check_matcher(m, s->matchers, &why))
                        return s->old_words
                                       ? err_set(err, ERR_INVALID, "silence invalid: invalid label matcher %zu: %s", i,
                                                 why.msg)
                                       : err_set(err, ERR_INVALID,
                                                 "invalid silence: invalid label matcher %zu in set 0: %s", i, why.msg);
                bool negative = m->type == MATCH_NE || m->type == MATCH_NRE; /* said to say something, wrongly */
                says_something |= (negative && !s->strict) || !matcher_matches(m, (Str){ 0 });
        }
        if (!w->matchers.n)
                return err_set(err, ERR_INVALID, "%s: at least one matcher required", invalid(s));
        if (!says_something)
                return err_set(err, ERR_INVALID, "%s%s: at least one matcher must not match the empty string",
                               invalid(s), s->old_words ? "" : ": matcher set 0");
        if (w->ends_at_ms < w->starts_at_ms)
                return err_set(err, ERR_INVALID, "%s: end time must not be before start time", invalid(s));
        Buf doc = { 0 };
        encode(&doc, w);
        size_t bytes = doc.n;
        buf_done(&doc);
        if (s->max_bytes && bytes > s->max_bytes)
                return err_set(err, ERR_LIMIT, "silence exceeded maximum size: %zu bytes (limit: %zu bytes)", bytes,
                               s->max_bytes);
        return true;
}

static bool same_matchers(Matchers a, Matchers b)
{
        if (a.n != b.n)
                return false;
        for (size_t i = 0; i < a.n; i++)
                if (a.data[i].type != b.data[i].type || !str_eq(a.data[i].name, b.data[i].name) ||
                    !str_eq(a.data[i].value, b.data[i].value))
                        return false;
        return true;
}

static bool can_update(const AlertSilence *old, const AlertSilence *wanted, int64_t now_ms)
{
        if (!same_matchers(old->matchers, wanted->matchers))
                return false;
        switch (alert_silence_state(old, now_ms)) {
        case ALERT_SILENCE_ACTIVE:
                return old->starts_at_ms / 1000 == wanted->starts_at_ms / 1000 && wanted->ends_at_ms >= now_ms;
        case ALERT_SILENCE_PENDING: return wanted->starts_at_ms >= now_ms;
        case ALERT_SILENCE_EXPIRED: break;
        }
        return false;
}

static void new_id(char ret[ALERT_SILENCE_ID_BYTES])
{
        unsigned char b[16];
        rand_os_bytes(b, sizeof b);
        b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
        b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
        snprintf(ret, ALERT_SILENCE_ID_BYTES, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static void end_now(HeldSilence *h, int64_t now_ms)
{
        if (alert_silence_state(&h->silence, now_ms) == ALERT_SILENCE_PENDING)
                h->silence.starts_at_ms = now_ms;
        h->silence.ends_at_ms = now_ms;
        h->silence.updated_at_ms = now_ms;
}

/* The texts of a silence changed: new memory, the same number. */
static bool replace(AlertSilences *s, HeldSilence *old, const AlertSilence *wanted, int64_t now_ms, AlertJournal *j,
                    Err *err)
{
        HeldSilence *h;
        AlertSilence to = *wanted;
        memcpy(to.id, old->silence.id, sizeof to.id);
        to.updated_at_ms = now_ms;
        if (!held_new(&to, &h, err))
                return false;
        h->seq = old->seq;
        silence_ids_remove(&s->by_id, id_of(old)); /* its key is the old one's text */
        *silence_ids_put(&s->by_id, id_of(h), NULL) = h;
        *silence_map_put(&s->by_seq, h->seq, NULL) = h;
        arena_free(old->memory);
        save(h, STR("silence_updated"), now_ms, j);
        return true;
}

bool alert_silences_set(AlertSilences *s, const AlertSilence *wanted, int64_t now_ms, AlertJournal *j,
                        char ret_id[ALERT_SILENCE_ID_BYTES], Err *err)
{
        HeldSilence *old = NULL;
        HeldSilence *h;
        if (wanted->id[0]) {
                HeldSilence **found = silence_ids_get(&s->by_id, str_of(wanted->id));
                if (!found)
                        return err_set(err, ERR_NOT_FOUND, "silence not found");
                old = *found;
        }
        if (!check(s, wanted, err))
                return false;
        if (old && can_update(&old->silence, wanted, now_ms)) {
                memcpy(ret_id, wanted->id, ALERT_SILENCE_ID_BYTES);
                return replace(s, old, wanted, now_ms, j, err);
        }
        if (s->max_silences && s->by_seq.len >= s->max_silences)
                return err_set(err, ERR_LIMIT, "exceeded maximum number of silences: %zu (limit: %zu)", s->by_seq.len,
                               s->max_silences);
        AlertSilence to = *wanted;
        new_id(to.id);
        to.starts_at_ms = MAX_OF(to.starts_at_ms, now_ms);
        to.updated_at_ms = now_ms;
        if (to.ends_at_ms < to.starts_at_ms)
                return err_set(err, ERR_INVALID, "%s: end time must not be before start time", invalid(s));
        if (!held_new(&to, &h, err))
                return false;
        if (old && alert_silence_state(&old->silence, now_ms) != ALERT_SILENCE_EXPIRED) {
                end_now(old, now_ms);
                save(old, STR("silence_expired"), now_ms, j);
        }
        insert(s, h);
        save(h, STR("silence_created"), now_ms, j);
        memcpy(ret_id, to.id, ALERT_SILENCE_ID_BYTES);
        return true;
}

bool alert_silences_expire(AlertSilences *s, Str id, int64_t now_ms, AlertJournal *j, Err *err)
{
        HeldSilence **found = silence_ids_get(&s->by_id, id);
        if (!found)
                return err_set(err, ERR_NOT_FOUND, "silence not found");
        if (alert_silence_state(&(*found)->silence, now_ms) == ALERT_SILENCE_EXPIRED)
                return true;
        end_now(*found, now_ms);
        save(*found, STR("silence_expired"), now_ms, j);
        return true;
}

void alert_silences_collect(AlertSilences *s, int64_t now_ms, AlertJournal *j)
{
        VEC(HeldSilence *) gone = { 0 };
        for (SilenceMapSlot *slot = silence_map_next(&s->by_seq, NULL); slot; slot = silence_map_next(&s->by_seq, slot))
                if (slot->val->silence.ends_at_ms + s->retention_ms < now_ms)
                        vec_push(&gone, slot->val);
        vec_each(h, &gone) {
                alert_store_add_write(j, DOC_KIND, str_dup(j->arena, id_of(*h)), (Str){ 0 }, 0);
                silence_map_remove(&s->by_seq, (*h)->seq);
                silence_ids_remove(&s->by_id, id_of(*h));
                arena_free((*h)->memory);
        }
        vec_done(&gone);
        if (s->indexed > 2 * s->by_seq.len + REINDEX_SLACK)
                reindex(s);
}

/* ---- asking ---- */

typedef struct Learning {
        AlertSilences *silences;
        StoredAlert *alert;
        Labels labels;
        uint32_t from; /* numbers above this one are new to the alert */
} Learning;

static bool learn(void *arg, uint32_t seq)
{
        Learning *l = arg;
        HeldSilence **h = seq > l->from ? silence_map_get(&l->silences->by_seq, seq) : NULL;
        if (h && matchers_match((*h)->silence.matchers, l->labels))
                vec_push(&alert_store_extra(l->alert)->silences, seq);
        return true;
}

static void catch_up(AlertSilences *s, StoredAlert *a, Labels labels)
{
        AlertMarks *m = &a->marks;
        if (m->silences_upto == s->last_seq)
                return;
        Learning l = { s, a, labels, m->silences_upto };
        if (s->last_seq - l.from <= FEW_NEW)
                for (uint32_t seq = l.from + 1; seq <= s->last_seq; seq++)
                        learn(&l, seq);
        else
                alert_index_each(&s->index, labels, learn, &l);
        m->silences_upto = s->last_seq;
}

void alert_silences_of(AlertSilences *s, StoredAlert *a, Labels labels, int64_t now_ms,
                       bool (*fn)(void *arg, const HeldSilence *silence), void *arg)
{
        catch_up(s, a, labels);
        AlertIdVec *known = a->marks.extra ? &a->marks.extra->silences : NULL;
        for (size_t i = 0; known && i < known->len;) {
                HeldSilence **h = silence_map_get(&s->by_seq, known->data[i]);
                if (!h) {
                        known->data[i] = known->data[--known->len]; /* collected */
                        continue;
                }
                i++;
                if (alert_silence_state(&(*h)->silence, now_ms) == ALERT_SILENCE_ACTIVE && !fn(arg, *h))
                        return;
        }
}

static bool found_one(void *arg, const HeldSilence *silence)
{
        (void)silence;
        *(bool *)arg = true;
        return false;
}

bool alert_silences_mute(AlertSilences *s, StoredAlert *a, Labels labels, int64_t now_ms)
{
        bool found = false;
        if (s->by_seq.len)
                alert_silences_of(s, a, labels, now_ms, found_one, &found);
        return found;
}
