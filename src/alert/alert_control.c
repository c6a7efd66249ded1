/* What people do to alerts: silences and acknowledgements, through the router. Everything is durable when it returns. */
#include <stdlib.h>

#include "alert/alert_ack.h"
#include "alert/alert_state.h"

bool alert_router_silence_set_then(AlertRouter *r, const AlertSilence *wanted, char ret_id[ALERT_SILENCE_ID_BYTES],
                                   AlertDone done, Err *err)
{
        mutex_lock(&r->mu);
        bool ok = alert_silences_set(&r->silences, wanted, clock_wall_ms(r->options.clock), &r->journal, ret_id, err);
        mutex_unlock(&r->mu);
        alert_state_persist_then(r, done);
        return ok;
}

bool alert_router_silence_set(AlertRouter *r, const AlertSilence *wanted, char ret_id[ALERT_SILENCE_ID_BYTES], Err *err)
{
        return alert_router_silence_set_then(r, wanted, ret_id, (AlertDone){ 0 }, err);
}

bool alert_router_silence_expire_then(AlertRouter *r, Str id, AlertDone done, Err *err)
{
        mutex_lock(&r->mu);
        bool ok = alert_silences_expire(&r->silences, id, clock_wall_ms(r->options.clock), &r->journal, err);
        mutex_unlock(&r->mu);
        alert_state_persist_then(r, done);
        return ok;
}

bool alert_router_silence_expire(AlertRouter *r, Str id, Err *err)
{
        return alert_router_silence_expire_then(r, id, (AlertDone){ 0 }, err);
}

/* Texts alone: nobody matches with it. */
static AlertSilence shown(const AlertSilence *from, Arena *arena)
{
        AlertSilence s = *from;
        Matcher *matchers = arena_array(arena, Matcher, from->matchers.n);
        for (size_t i = 0; i < from->matchers.n; i++)
                matchers[i] = (Matcher){ .type = from->matchers.data[i].type,
                                         .name = str_dup(arena, from->matchers.data[i].name),
                                         .value = str_dup(arena, from->matchers.data[i].value) };
        s.matchers.data = matchers;
        s.created_by = str_dup(arena, from->created_by);
        s.comment = str_dup(arena, from->comment);
        s.annotations = labels_dup(arena, from->annotations);
        return s;
}

bool alert_router_silence_get(AlertRouter *r, Str id, Arena *arena, AlertSilence *ret, Err *err)
{
        MUTEX_SCOPE(&r->mu);
        const HeldSilence *h = alert_silences_find(&r->silences, id);
        if (!h)
                return err_set(err, ERR_NOT_FOUND, "silence not found");
        *ret = shown(&h->silence, arena);
        return true;
}

typedef struct Listed {
        AlertSilence silence;
        int order; /* active, pending, expired */
        int64_t by_ms;
} Listed;

static int by_state_and_time(const void *pa, const void *pb)
{
        const Listed *a = pa;
        const Listed *b = pb;
        if (a->order != b->order)
                return a->order - b->order;
        if (a->by_ms != b->by_ms)
                return a->by_ms < b->by_ms ? -1 : 1;
        if (a->silence.updated_at_ms != b->silence.updated_at_ms) /* as they were set */
                return a->silence.updated_at_ms < b->silence.updated_at_ms ? -1 : 1;
        return strcmp(a->silence.id, b->silence.id);
}

void alert_router_silences(AlertRouter *r, Arena *arena, AlertSilence **ret, size_t *ret_n)
{
        static const int order[] = {
                [ALERT_SILENCE_ACTIVE] = 0, [ALERT_SILENCE_PENDING] = 1, [ALERT_SILENCE_EXPIRED] = 2
        };
        size_t n = 0;
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        Listed *all = arena_array(arena, Listed, r->silences.by_seq.len);
        for (SilenceMapSlot *s = silence_map_next(&r->silences.by_seq, NULL); s;
             s = silence_map_next(&r->silences.by_seq, s)) {
                const AlertSilence *from = &s->val->silence;
                AlertSilenceState state = alert_silence_state(from, now_ms);
                all[n++] = (Listed){ .silence = shown(from, arena),
                                     .order = order[state],
                                     .by_ms = state == ALERT_SILENCE_ACTIVE    ? from->ends_at_ms
                                              : state == ALERT_SILENCE_PENDING ? from->starts_at_ms
                                                                               : -from->ends_at_ms };
        }
        mutex_unlock(&r->mu);
        if (n > 1)
                qsort(all, n, sizeof *all, by_state_and_time);
        *ret = arena_array(arena, AlertSilence, n);
        for (size_t i = 0; i < n; i++)
                (*ret)[i] = all[i].silence;
        *ret_n = n;
}

/* ---- acknowledgements ---- */

/* The alerts that are meant, borrowed until the lock goes. */
typedef struct Meant {
        Arena *arena;
        VEC(StoredAlert *) alerts;
} Meant;

static const AlertSet *candidates(const AlertRouter *r, Str group)
{
        if (!group.n)
                return &r->store.alerts;
        for (GroupMapSlot *s = group_map_next(&r->groups, NULL); s; s = group_map_next(&r->groups, s))
                if (str_eq(s->val->key, group))
                        return &s->val->alerts;
        return NULL;
}

static void find_meant(const AlertRouter *r, const AlertWhich *w, Meant *ret)
{
        const AlertSet *from = candidates(r, w->group);
        AUTO(arena_free) Arena *scratch = arena_new();
        size_t at = 0;
        for (StoredAlert *a; from && (a = alert_set_next(from, &at)); arena_reset(scratch))
                if (a->current && (!w->has_fingerprint || a->fingerprint == w->fingerprint) &&
                    matchers_match(w->filter, alert_text_labels(a->text, scratch)))
                        vec_push(&ret->alerts, a);
}

bool alert_router_ack(AlertRouter *r, const AlertWhich *which, Str by, Str comment, int64_t until_ms, size_t *ret_n,
                      Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Meant meant = { .arena = arena, .alerts.arena = arena };
        size_t n = 0;
        if (!by.n || by.n > ALERT_ACK_NAME_MAX_BYTES)
                return err_set(err, ERR_INVALID, "say who acknowledges: 1 to %d bytes", ALERT_ACK_NAME_MAX_BYTES);
        if (comment.n > ALERT_ACK_TEXT_MAX_BYTES)
                return err_set(err, ERR_LIMIT, "the comment is longer than %d bytes", ALERT_ACK_TEXT_MAX_BYTES);
        if (!which->filter.n && !which->has_fingerprint && !which->group.n)
                return err_set(err, ERR_INVALID, "say which alerts: conditions, a fingerprint or a group");
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        bool passed = until_ms && until_ms <= now_ms;
        AlertAck ack = { .by = by, .comment = comment, .at_ms = now_ms, .until_ms = until_ms };
        if (!passed)
                find_meant(r, which, &meant);
        vec_each(a, &meant.alerts) {
                if (alert_store_is_resolved(*a, now_ms))
                        continue;
                alert_ack_set(*a, &ack, now_ms, &r->journal);
                n++;
        }
        mutex_unlock(&r->mu);
        alert_state_persist(r);
        if (passed)
                return err_set(err, ERR_INVALID, "the acknowledgement would end in the past");
        if (!n)
                return err_set(err, ERR_NOT_FOUND, "no firing alert matches");
        *ret_n = n;
        return true;
}

size_t alert_router_unack(AlertRouter *r, const AlertWhich *which, Str by)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Meant meant = { .arena = arena, .alerts.arena = arena };
        size_t n = 0;
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        find_meant(r, which, &meant);
        vec_each(a, &meant.alerts) {
                if (!(*a)->marks.extra || !(*a)->marks.extra->ack)
                        continue;
                alert_ack_clear(*a, STR("unacknowledged"), str_dup(r->journal.arena, by), now_ms, &r->journal);
                n++;
        }
        mutex_unlock(&r->mu);
        alert_state_persist(r);
        return n;
}

static int by_time(const void *pa, const void *pb)
{
        const AlertAck *a = pa;
        const AlertAck *b = pb;
        if (a->at_ms != b->at_ms)
                return a->at_ms < b->at_ms ? -1 : 1;
        return (a->fingerprint > b->fingerprint) - (a->fingerprint < b->fingerprint);
}

void alert_router_acks(AlertRouter *r, Arena *arena, AlertAck **ret, size_t *ret_n)
{
        VEC(AlertAck) all = { .arena = arena };
        mutex_lock(&r->mu);
        int64_t now_ms = clock_wall_ms(r->options.clock);
        size_t at = 0;
        for (StoredAlert *a; (a = alert_set_next(&r->store.alerts, &at));) {
                const AlertAck *ack = alert_ack_of(a, now_ms);
                if (!ack)
                        continue;
                AlertAck copy = *ack;
                copy.labels = labels_dup(arena, ack->labels);
                copy.by = str_dup(arena, ack->by);
                copy.comment = str_dup(arena, ack->comment);
                vec_push(&all, copy);
        }
        mutex_unlock(&r->mu);
        if (all.len > 1)
                qsort(all.data, all.len, sizeof(AlertAck), by_time);
        *ret = all.data;
        *ret_n = all.len;
}
