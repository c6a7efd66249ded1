#include "alert_fixture.h"

#include "alert/alert_silences.h"

typedef struct Set {
        Fixture *f;
        AlertSilences s;
        AlertStore store;
        AlertJournal j;
        char id[ALERT_SILENCE_ID_BYTES];
        Err err;
} Set;

static Set begin(void)
{
        Set s = { .f = fixture_new() };
        s.j = alert_store_journal(s.f->arena);
        s.s.retention_ms = 1000;
        return s;
}

static void end(Set *s)
{
        alert_silences_done(&s->s);
        alert_store_done(&s->store);
        fixture_free(s->f);
}

static AlertSilence silence(Set *s, const char *value, int64_t from_ms, int64_t to_ms)
{
        Matcher *m = arena_new_of(s->f->arena, Matcher);
        Err err;
        assert_ok(matcher_make(s->f->arena, MATCH_EQ, STR("i"), str_of(value), m, &err), err);
        return (AlertSilence){ .matchers = { m, 1 },
                               .starts_at_ms = T0 + from_ms,
                               .ends_at_ms = T0 + to_ms,
                               .created_by = STR("ann"),
                               .comment = STR("c") };
}

static bool set(Set *s, const AlertSilence *w, int64_t now_ms)
{
        return alert_silences_set(&s->s, w, T0 + now_ms, &s->j, s->id, &s->err);
}

static StoredAlert *alert(Set *s, const char *labels)
{
        AlertMsg msg = { .labels = fixture_labels(s->f, labels), .starts_at_ms = T0, .ends_at_ms = T0 + 1000000 };
        return alert_store_put(&s->store, &msg, T0, 100, &s->j);
}

static bool mutes(Set *s, AlertSilences *silences, StoredAlert *a, int64_t now_ms)
{
        return alert_silences_mute(silences, a, alert_text_labels(a->text, s->f->arena), now_ms);
}

static void a_silence_lives_from_its_start_to_its_end(void **state)
{
        (void)state;
        Set s = begin();
        StoredAlert *a = alert(&s, "i=1");
        StoredAlert *b = alert(&s, "i=2");
        AlertSilence w = silence(&s, "1", 100, 200);
        assert_ok(set(&s, &w, 0), s.err);
        assert_int_equal(strlen(s.id), 36);
        const AlertSilence *held = &alert_silences_find(&s.s, str_of(s.id))->silence;
        assert_int_equal(alert_silence_state(held, T0 + 99), ALERT_SILENCE_PENDING);
        assert_false(mutes(&s, &s.s, a, T0 + 99));
        assert_true(mutes(&s, &s.s, a, T0 + 100));
        assert_false(mutes(&s, &s.s, b, T0 + 100));
        assert_true(mutes(&s, &s.s, a, T0 + 199));
        assert_false(mutes(&s, &s.s, a, T0 + 200));
        assert_int_equal(alert_silence_state(held, T0 + 200), ALERT_SILENCE_EXPIRED);
        /* An update of the alert keeps what is known of it; a new silence is seen. */
        a = alert(&s, "i=1");
        w = silence(&s, "1", 300, 400);
        assert_ok(set(&s, &w, 250), s.err);
        assert_true(mutes(&s, &s.s, a, T0 + 300));
        assert_int_equal(a->marks.extra->silences.len, 2);
        alert_silences_collect(&s.s, T0 + 1201, &s.j); /* the first has been over for the retention */
        assert_int_equal(s.s.by_seq.len, 1);
        assert_true(mutes(&s, &s.s, a, T0 + 300));
        end(&s);
}

static void updates_are_in_place_or_anew(void **state)
{
        (void)state;
        Set s = begin();
        char first[ALERT_SILENCE_ID_BYTES];
        AlertSilence w = silence(&s, "1", 0, 10000);
        assert_ok(set(&s, &w, 0), s.err);
        memcpy(first, s.id, sizeof first);
        memcpy(w.id, first, sizeof first);
        w.ends_at_ms += 5000;
        assert_ok(set(&s, &w, 100), s.err);
        assert_string_equal(s.id, first); /* the same second, the same matchers */
        assert_int_equal(alert_silences_find(&s.s, str_of(first))->silence.ends_at_ms, T0 + 15000);
        w.starts_at_ms += 2000; /* another start: the old one ends */
        assert_ok(set(&s, &w, 200), s.err);
        assert_string_not_equal(s.id, first);
        assert_int_equal(alert_silences_find(&s.s, str_of(first))->silence.ends_at_ms, T0 + 200);
        AlertSilence other = silence(&s, "2", 2000, 10000);
        memcpy(other.id, s.id, sizeof other.id);
        assert_ok(set(&s, &other, 300), s.err); /* other matchers; it was pending: its start moves with its end */
        assert_string_not_equal(s.id, other.id);
        assert_int_equal(alert_silences_find(&s.s, str_of(other.id))->silence.starts_at_ms, T0 + 300);
        memcpy(w.id, first, sizeof first); /* an ended one always gets a new id */
        assert_ok(set(&s, &w, 400), s.err);
        assert_string_not_equal(s.id, first);
        memcpy(w.id, "11111111-1111-1111-1111-111111111111", 37);
        assert_false(set(&s, &w, 500));
        assert_int_equal(s.err.code, ERR_NOT_FOUND);
        end(&s);
}

static void what_says_nothing_is_refused(void **state)
{
        (void)state;
        Set s = begin();
        AlertSilence w = silence(&s, "", 0, 100);
        assert_false(set(&s, &w, 0));
        assert_contains(s.err.msg, "at least one matcher must not match the empty string");
        w.matchers.n = 0;
        assert_false(set(&s, &w, 0));
        w = silence(&s, "1", 100, 50);
        assert_false(set(&s, &w, 0));
        s.s.matchers = ALERT_MATCHERS_CLASSIC;
        s.s.old_words = true;
        w = silence(&s, "1", 0, 100);
        ((Matcher *)(uintptr_t)w.matchers.data)->name = STR("a-b");
        assert_false(set(&s, &w, 0));
        assert_contains(s.err.msg, "invalid label matcher 0: invalid label name \"a-b\"");
        s.s.matchers = ALERT_MATCHERS_FALLBACK;
        s.s.old_words = false;
        assert_ok(set(&s, &w, 0), s.err);
        assert_false(alert_silences_expire(&s.s, STR("nope"), T0, &s.j, &s.err));
        end(&s);
}

static void limits_hold(void **state)
{
        (void)state;
        Set s = begin();
        s.s.max_silences = 2;
        s.s.max_bytes = 400;
        AlertSilence w = silence(&s, "1", 0, 100);
        assert_ok(set(&s, &w, 0), s.err);
        assert_ok(set(&s, &w, 0), s.err);
        assert_false(set(&s, &w, 0));
        assert_int_equal(s.err.code, ERR_LIMIT);
        assert_contains(s.err.msg, "exceeded maximum number of silences: 2 (limit: 2)");
        memcpy(w.id, s.id, sizeof w.id);
        assert_ok(set(&s, &w, 1), s.err); /* in place */
        char *text = arena_raw(s.f->arena, 500, 1);
        memset(text, 'x', 500);
        w.comment = str_n(text, 500);
        assert_false(set(&s, &w, 1));
        assert_contains(s.err.msg, "silence exceeded maximum size");
        end(&s);
}

static void silences_outlive_the_program(void **state)
{
        (void)state;
        Set s = begin();
        AlertSilence w = silence(&s, "1", 0, 100000);
        assert_ok(set(&s, &w, 0), s.err);
        alert_store_write(&s.j, s.f->db);
        AlertSilences again = { .retention_ms = 1000 };
        alert_silences_load(&again, s.f->db);
        const HeldSilence *h = alert_silences_find(&again, str_of(s.id));
        assert_non_null(h);
        assert_str(h->silence.created_by, "ann");
        assert_int_equal(h->silence.ends_at_ms, T0 + 100000);
        StoredAlert *a = alert(&s, "i=1");
        assert_true(mutes(&s, &again, a, T0 + 50));
        alert_silences_done(&again);
        end(&s);
}

/* Many silences, some alerts: the same answers as asking each. */
static void the_index_finds_what_asking_each_finds(void **state)
{
        (void)state;
        Set s = begin();
        char value[20];
        for (int i = 0; i < 500; i++) {
                snprintf(value, sizeof value, "%d", i);
                AlertSilence w = silence(&s, value, 0, 1000);
                if (i % 7 == 0)
                        ((Matcher *)(uintptr_t)w.matchers.data)->type = MATCH_NE;
                assert_ok(set(&s, &w, 0), s.err);
        }
        for (int i = 0; i < 500; i += 50) {
                snprintf(value, sizeof value, "i=%d", i);
                StoredAlert *a = alert(&s, value);
                size_t want = 0;
                for (SilenceMapSlot *slot = silence_map_next(&s.s.by_seq, NULL); slot;
                     slot = silence_map_next(&s.s.by_seq, slot))
                        want += matchers_match(slot->val->silence.matchers, alert_text_labels(a->text, s.f->arena));
                assert_true(mutes(&s, &s.s, a, T0 + 1));
                assert_int_equal(a->marks.extra->silences.len, want);
        }
        alert_silences_collect(&s.s, T0 + 5000, &s.j);
        assert_int_equal(s.s.by_seq.len, 0);
        assert_int_equal(s.s.indexed, 0);
        end(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_silence_lives_from_its_start_to_its_end),
                cmocka_unit_test(updates_are_in_place_or_anew),
                cmocka_unit_test(what_says_nothing_is_refused),
                cmocka_unit_test(limits_hold),
                cmocka_unit_test(silences_outlive_the_program),
                cmocka_unit_test(the_index_finds_what_asking_each_finds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
