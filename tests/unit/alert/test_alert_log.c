#include "alert_fixture.h"

#include "alert/alert_log.h"

static AlertHashes set(Arena *arena, const char *digits)
{
        AlertHashes h = { arena_array(arena, uint64_t, strlen(digits) + 1), strlen(digits) };
        for (size_t i = 0; i < h.n; i++)
                h.data[i] = UINT64_MAX - (uint64_t)('9' - digits[i]); /* high bits must survive */
        return h;
}

/* Alertmanager's table. */
static void decisions(void **state)
{
        (void)state;
        static const struct {
                const char *told_firing, *told_resolved; /* NULL: no entry */
                const char *firing, *resolved;
                bool send_resolved;
                int64_t later_ms;
                AlertNotice want;
        } cases[] = {
                { NULL, NULL, "1", "", true, 0, NOTICE_FIRST },
                { NULL, NULL, "1", "2", true, 0, NOTICE_FIRST },
                { NULL, NULL, "", "1", true, 0, NOTICE_NONE },
                { "1", "", "12", "", true, 1, NOTICE_NEW_FIRING },
                { "12", "", "1", "", true, 1, NOTICE_NONE }, /* fewer is no news */
                { "12", "", "1", "2", true, 1, NOTICE_NEW_RESOLVED },
                { "12", "", "1", "2", false, 1, NOTICE_NONE },
                { "12", "2", "1", "2", true, 1, NOTICE_NONE },
                { "1", "", "", "1", true, 1, NOTICE_ALL_RESOLVED },
                { "1", "", "", "1", false, 1, NOTICE_ALL_RESOLVED },
                { "", "1", "", "1", true, 1000, NOTICE_NONE },
                { "", "1", "1", "", true, 1, NOTICE_FIRST },
                { "1", "", "1", "", true, 99, NOTICE_NONE },
                { "1", "", "1", "", true, 100, NOTICE_REPEAT },
                { "1", "", "1", "2", false, 100, NOTICE_REPEAT },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                AlertLog *log = alert_log_new(NULL);
                Str doc;
                if (cases[i].told_firing)
                        alert_log_note(log, STR("k"), set(arena, cases[i].told_firing),
                                       set(arena, cases[i].told_resolved), T0, 0, arena, &doc);
                AlertNotice got = alert_log_decide(log, STR("k"), set(arena, cases[i].firing),
                                                   set(arena, cases[i].resolved), cases[i].send_resolved,
                                                   T0 + cases[i].later_ms, 100);
                if (got != cases[i].want)
                        fail_msg("case %zu: %s, want %s", i, alert_log_notice_name(got),
                                 alert_log_notice_name(cases[i].want));
                alert_log_free(log);
        }
}

static void what_is_saved_is_read_again(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertLog *log = alert_log_new(NULL);
        Err err;
        Str doc;
        alert_log_note(log, STR("k"), set(f->arena, "13"), set(f->arena, "2"), T0, T0 + 5000, f->arena, &doc);
        assert_ok(statedb_put(f->db, STR("nflog"), STR("k"), doc, T0 + 5000, &err), err);
        assert_ok(statedb_put(f->db, STR("nflog"), STR("torn"), STR("{\"t_ms\":"), 0, &err), err);
        assert_ok(statedb_put(f->db, STR("nflog"), STR("odd"),
                              STR("{\"t_ms\":\"x\",\"firing\":[1,\"y\"],\"resolved\":3}"), 0, &err),
                  err);
        alert_log_free(log);
        log = alert_log_new(f->db);
        assert_int_equal(alert_log_last(log, STR("k")), T0);
        assert_int_equal(alert_log_last(log, STR("torn")), 0);
        assert_int_equal(alert_log_decide(log, STR("k"), set(f->arena, "13"), set(f->arena, "2"), true, T0, 1000),
                         NOTICE_NONE);
        assert_int_equal(alert_log_decide(log, STR("k"), set(f->arena, "14"), set(f->arena, "2"), true, T0, 1000),
                         NOTICE_NEW_FIRING);
        alert_log_expire(log, T0 + 5000);
        assert_int_equal(alert_log_last(log, STR("k")), T0);
        alert_log_expire(log, T0 + 5001);
        assert_int_equal(alert_log_last(log, STR("k")), 0);
        alert_log_free(log);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(decisions),
                                            cmocka_unit_test(what_is_saved_is_read_again) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
