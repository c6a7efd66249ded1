/* What keeps an alert from being told, in Alertmanager's order: inhibition, then time intervals of the route, then silences.
 *
 * Invariant: an alert that is muted at every flush leaves one event when that begins and one when it ends, whatever mutes
 * it in between. */
#include "alert/alert_state.h"
#include "base/metric.h"
#include "codec/json.h"
#include "model/fingerprint.h"

METRIC_FAMILY(suppressed, METRIC_KIND_COUNTER, "alertmanager_notifications_suppressed_total",
              "Alerts that were left out of a notification, by reason.", "reason");
METRIC_FAMILY(alerts_gauge, METRIC_KIND_GAUGE, "alertmanager_alerts", "Alerts by state.", "state");
METRIC_FAMILY(silences_gauge, METRIC_KIND_GAUGE, "alertmanager_silences", "Silences by state.", "state");
METRIC_GAUGE(groups_gauge, "alertmanager_dispatcher_aggregation_groups", "Groups that there are.");

const char *alert_state_name(AlertState state)
{
        static const char *const names[] = { "unprocessed", "active", "suppressed" };
        return names[state];
}

AlertMuting alert_mute_of(AlertRouter *r, StoredAlert *a, Labels labels, int64_t now_ms)
{
        AlertMuting m = { .muted = MUTED_NOT };
        if (r->inhibitor.n && alert_inhibit_mutes(&r->inhibitor, &r->store, labels, now_ms, &m.source, &m.rule))
                m.muted = MUTED_INHIBITION;
        else if (alert_silences_mute(&r->silences, a, labels, now_ms))
                m.muted = MUTED_SILENCE;
        return m;
}

const Str *alert_mute_intervals(const AlertRouter *r, const AlertRoute *route, int64_t now_ms, Arena *arena,
                                size_t *ret_n)
{
        const StrList *mute = &route->mute_intervals;
        const StrList *active = &route->active_intervals;
        Str *names = arena_array(arena, Str, mute->n + active->n);
        bool is_active = active->n == 0;
        *ret_n = 0;
        for (size_t i = 0; i < active->n && !is_active; i++) {
                const AlertInterval *interval = alert_interval_find(&r->intervals, active->data[i]);
                is_active = interval && alert_interval_contains(interval, now_ms);
        }
        for (size_t i = 0; i < active->n && !is_active; i++)
                names[(*ret_n)++] = active->data[i];
        for (size_t i = 0; i < mute->n; i++) {
                const AlertInterval *interval = alert_interval_find(&r->intervals, mute->data[i]);
                if (interval && alert_interval_contains(interval, now_ms))
                        names[(*ret_n)++] = mute->data[i];
        }
        return names;
}

static const char *reason_of(AlertMuted muted)
{
        switch (muted) {
        case MUTED_SILENCE: return "silence";
        case MUTED_INHIBITION: return "inhibition";
        case MUTED_INTERVAL: return "mute_time_interval";
        case MUTED_NOT:
        case MUTED_UNKNOWN: break;
        }
        return "";
}

static bool first_id(void *arg, const HeldSilence *h)
{
        *(Str *)arg = str_of(h->silence.id);
        return false;
}

static void add_event(AlertRouter *r, StoredAlert *a, Labels labels, const AlertGroup *g, const AlertMuting *m,
                      int64_t now_ms)
{
        Arena *arena = r->journal.arena;
        Buf detail = { .arena = arena };
        Buf key = { .arena = arena };
        JsonWriter w;
        Str silence = { 0 };
        fingerprint_print(&key, a->fingerprint);
        json_writer_init(&w, &detail);
        json_begin_object(&w);
        json_key_str(&w, "group", g->key);
        json_key_str(&w, "receiver", g->route->receiver);
        if (m->muted != MUTED_NOT)
                json_key_cstr(&w, "by", reason_of(m->muted));
        if (m->muted == MUTED_INHIBITION) {
                Buf source = { .arena = arena };
                fingerprint_print(&source, m->source);
                json_key_str(&w, "source", buf_str(&source));
                json_key_str(&w, "rule", m->rule->name);
        }
        if (m->muted == MUTED_SILENCE) {
                alert_silences_of(&r->silences, a, labels, now_ms, first_id, &silence);
                json_key_str(&w, "silence", silence);
        }
        json_end_object(&w);
        alert_store_add_event(&r->journal, now_ms, m->muted == MUTED_NOT ? STR("released") : STR("suppressed"),
                              buf_str(&key), buf_str(&detail));
}

void alert_mute_note(AlertRouter *r, StoredAlert *a, Labels labels, const AlertGroup *g, const AlertMuting *m,
                     int64_t now_ms)
{
        bool was = a->current && a->marks.muted > MUTED_NOT;
        bool is = m->muted > MUTED_NOT;
        if (is)
                metric_add(metric_of(&suppressed, str_of(reason_of(m->muted))), 1);
        if (!a->current)
                return;
        if (was != is)
                add_event(r, a, labels, g, m, now_ms);
        a->marks.muted = (uint8_t)m->muted;
}

void alert_mute_count(AlertRouter *r, int64_t now_ms)
{
        size_t alerts[3] = { 0 };
        size_t silences[3] = { 0 };
        size_t at = 0;
        for (const StoredAlert *a; (a = alert_set_next(&r->store.alerts, &at));) {
                if (alert_store_is_resolved(a, now_ms))
                        continue;
                alerts[a->marks.muted == MUTED_UNKNOWN ? ALERT_UNPROCESSED
                       : a->marks.muted == MUTED_NOT   ? ALERT_ACTIVE
                                                       : ALERT_SUPPRESSED]++;
        }
        for (SilenceMapSlot *s = silence_map_next(&r->silences.by_seq, NULL); s;
             s = silence_map_next(&r->silences.by_seq, s))
                silences[alert_silence_state(&s->val->silence, now_ms)]++;
        for (AlertState s = ALERT_UNPROCESSED; s <= ALERT_SUPPRESSED; s++)
                metric_set(metric_of(&alerts_gauge, str_of(alert_state_name(s))), (double)alerts[s]);
        for (AlertSilenceState s = ALERT_SILENCE_PENDING; s <= ALERT_SILENCE_EXPIRED; s++)
                metric_set(metric_of(&silences_gauge, str_of(alert_silence_state_name(s))), (double)silences[s]);
        metric_set(groups_gauge, (double)r->groups.len);
}
