#include "alert_fixture.h"

#define ROUTE                                                                                                       \
        "route: {receiver: r, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 100h}\n" \
        "receivers: [{name: r}]\n"
#define RULES(rules) ROUTE "inhibit_rules:\n" rules

/* The fingerprint of who mutes these labels; 0: nobody. */
static uint64_t muter(Fixture *f, const char *labels)
{
        AlertExplained x;
        alert_router_explain(f->router, fixture_labels(f, labels), f->arena, &x);
        uint64_t source = x.alert.inhibited_by;
        alert_router_seen_done(&x.alert, 1);
        return source;
}

static void sources_mute_targets_with_equal_labels(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_config(f, RULES("- {name: down, source_matchers: [s=c], target_matchers: [s=w], equal: [i, k]}\n"));
        assert_int_equal(muter(f, "s=w,i=1"), 0);
        fixture_fire(f, "s=c,i=1");
        assert_true(muter(f, "s=w,i=1") != 0); /* k is missing on both sides: equal */
        assert_true(muter(f, "s=w,i=1,k=") != 0);
        assert_int_equal(muter(f, "s=w,i=1,k=2"), 0);
        assert_int_equal(muter(f, "s=w,i=2"), 0);
        assert_int_equal(muter(f, "s=x,i=1"), 0);
        fixture_run(f, 1);
        fixture_resolve(f, "s=c,i=1");
        assert_int_equal(muter(f, "s=w,i=1"), 0);
        fixture_fire(f, "s=c,i=1"); /* again */
        assert_true(muter(f, "s=w,i=1") != 0);
        fixture_free(f);
}

/* When one of several sources with the same equal labels ends, the others go on muting. */
static void every_source_counts(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_config(f, RULES("- {source_matchers: [s=c], target_matchers: [s=w], equal: [i]}\n"));
        for (int n = 0; n < 5; n++) {
                char labels[40];
                snprintf(labels, sizeof labels, "s=c,i=1,n=%d", n);
                fixture_fire(f, labels);
        }
        fixture_run(f, 1);
        for (int n = 0; n < 5; n++) {
                char labels[40];
                assert_true(muter(f, "s=w,i=1") != 0);
                snprintf(labels, sizeof labels, "s=c,i=1,n=%d", n);
                fixture_resolve(f, labels);
        }
        assert_int_equal(muter(f, "s=w,i=1"), 0);
        fixture_free(f);
}

static void nobody_mutes_itself(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_config(f, RULES("- {source_matchers: [k=x], target_matchers: ['k=~x|y'], equal: [sc]}\n"));
        fixture_fire(f, "k=x,i=1,sc=1");
        fixture_fire(f, "k=x,i=2,sc=1");
        assert_int_equal(muter(f, "k=x,i=1,sc=1"), 0); /* both match both sides */
        assert_true(muter(f, "k=y,i=1,sc=1") != 0);
        fixture_free(f);
}

static void the_muted_are_not_told_until_they_are_released(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_config(f, RULES("- {source_matchers: [s=c], target_matchers: [s=w], equal: [alertname]}\n"));
        fixture_fire(f, "alertname=A,s=w");
        fixture_fire(f, "alertname=A,s=c");
        fixture_run(f, 10000);
        assert_sent(f, 0, "r", 10000, 1, 0);
        fixture_resolve(f, "alertname=A,s=c");
        fixture_run(f, 70000);
        assert_sent(f, 1, "r", 70000, 1, 1);
        fixture_free(f);
}

static void a_reload_keeps_the_sources(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ROUTE);
        fixture_fire(f, "s=c,i=1");
        assert_int_equal(muter(f, "s=w,i=1"), 0);
        fixture_config(f, RULES("- {source_matchers: [s=c], target_matchers: [s=w], equal: [i]}\n"));
        assert_true(muter(f, "s=w,i=1") != 0);
        fixture_restart(f, 1000, RULES("- {source_matchers: [s=c], target_matchers: [s=w]}\n"));
        assert_true(muter(f, "s=w,i=2") != 0);
        /* It goes, and the router forgets it. */
        fixture_resolve(f, "s=c,i=1");
        fixture_run(f, 40 * MIN_MS);
        assert_int_equal(muter(f, "s=w,i=2"), 0);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sources_mute_targets_with_equal_labels),
                cmocka_unit_test(every_source_counts),
                cmocka_unit_test(nobody_mutes_itself),
                cmocka_unit_test(the_muted_are_not_told_until_they_are_released),
                cmocka_unit_test(a_reload_keeps_the_sources),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
