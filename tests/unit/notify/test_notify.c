#include "notify_fixture.h"

#define HOOK "[{name: hook, webhook_configs: [{url: 'URL/x'}]}]"

static void a_2xx_is_a_delivery(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, HOOK);
        f->script[0] = 204;
        DeliveryResult r = fixture_send(f, "hook", "f", 5000);
        assert_true(r.ok);
        assert_int_equal(r.status, 204);
        assert_int_equal(r.attempts, 1);
        assert_true(str_find(buf_str(&f->body), STR("\"status\":\"firing\"")) != SIZE_MAX);
        fixture_free(f);
}

/* Invariant 2. */
static void server_errors_and_429_are_tried_again(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, HOOK);
        f->script[0] = 500;
        f->script[1] = 503;
        f->script[2] = 429;
        DeliveryResult r = fixture_send(f, "hook", "f", 5000);
        assert_true(r.ok);
        assert_int_equal(r.attempts, 4);
        assert_string_equal(r.err.msg, "");
        fixture_free(f);
}

static void other_answers_fail_at_once(void **state)
{
        (void)state;
        static const int statuses[] = { 400, 401, 404, 302 };
        for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
                Fixture *f = fixture_new();
                fixture_receivers(f, HOOK);
                f->script[0] = statuses[i];
                DeliveryResult r = fixture_send(f, "hook", "f", 5000);
                assert_false(r.ok);
                assert_false(r.retry);
                assert_int_equal(r.attempts, 1);
                assert_int_equal(r.status, statuses[i]);
                assert_contains(r.err.msg, "the answer"); /* what it said */
                fixture_free(f);
        }
}

static void retry_after_is_honoured(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, HOOK);
        f->script[0] = f->script[1] = 429;
        f->retry_after = "3600";
        DeliveryResult r = fixture_send(f, "hook", "f", 5000); /* longer than there is time: it ends now */
        assert_false(r.ok);
        assert_int_equal(r.attempts, 1);
        assert_int_equal(r.retry_after_ms, 3600000);
        f->requests = 0;
        f->script[1] = 200;
        f->retry_after = "1";
        int64_t before = clock_mono_ms(clock_system());
        r = fixture_send(f, "hook", "f", 5000);
        assert_true(r.ok);
        assert_true(clock_mono_ms(clock_system()) - before >= 990);
        fixture_free(f);
}

static void retries_end_with_the_time_of_the_group(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, HOOK);
        for (size_t i = 0; i < 8; i++)
                f->script[i] = 500;
        DeliveryResult r = fixture_send(f, "hook", "f", 100);
        assert_false(r.ok);
        assert_true(r.retry);
        assert_in_range(r.attempts, 1, 8); /* the last one may be cut short by the end of the time */
        assert_true(str_find(str_of(r.err.msg), STR("500")) != SIZE_MAX ||
                    str_find(str_of(r.err.msg), STR("timeout")) != SIZE_MAX);
        fixture_free(f);
}

static void a_receiver_that_hangs_times_out(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, "[{name: hook, webhook_configs: [{url: 'URL/x', timeout: 60ms}]}]");
        f->script[0] = -1;
        DeliveryResult r = fixture_send(f, "hook", "f", 5000); /* one attempt has its own limit, the next one works */
        assert_true(r.ok);
        assert_true(r.attempts >= 2);
        f->requests = 0;
        f->script[1] = f->script[2] = f->script[3] = -1;
        r = fixture_send(f, "hook", "f", 100);
        assert_false(r.ok);
        assert_int_equal(r.status, 0);
        fixture_free(f);
}

static void nobody_listens(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, "[{name: hook, webhook_configs: [{url: 'http://127.0.0.1:1/token?k=hush'}]}]");
        DeliveryResult r = fixture_send(f, "hook", "f", 60);
        assert_false(r.ok);
        assert_true(r.retry);
        assert_contains(r.err.msg, "POST 'http://127.0.0.1/<secret>'");
        assert_null(strstr(r.err.msg, "hush")); /* invariant 4 */
        fixture_free(f);
}

/* Invariant 3. */
static void a_stop_ends_what_is_under_way(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, HOOK);
        f->script[0] = -1;
        f->script[1] = 500;
        f->retry_after = "1";
        fixture_send_start(f, "hook", "f", 60000); /* hangs */
        fixture_wait_requests(f, 1);
        fixture_send_start(f, "hook", "f", 60000); /* waits for its retry, or is on its way */
        fixture_wait_requests(f, 2);
        notify_free(f->notify);
        f->notify = NULL;
        assert_int_equal(f->done, 2);
        assert_false(f->result.ok);
        assert_true(f->result.retry);
        fixture_free(f);
}

static void resolved_alerts_are_left_out_when_not_wanted(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, "[{name: hook, webhook_configs: [{url: 'URL/x', send_resolved: false}]}]");
        assert_false(notify_send_resolved(f->notify, STR("hook"), 0));
        DeliveryResult r = fixture_send(f, "hook", "rr", 5000);
        assert_true(r.ok); /* nothing to say: done */
        assert_int_equal(f->requests, 0);
        fixture_send(f, "hook", "rfr", 5000);
        assert_int_equal(f->requests, 1);
        /* What all have in common is said of those that are left. */
        assert_true(str_find(buf_str(&f->body),
                             STR("\"commonLabels\":{\"alertname\":\"A\",\"i\":\"1\",\"s\":\"f\"}")) != SIZE_MAX);
        fixture_free(f);
}

static void max_alerts_cuts_and_counts(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, "[{name: hook, webhook_configs: [{url: 'URL/x', max_alerts: 2}]}]");
        fixture_send(f, "hook", "rrff", 5000);
        assert_true(str_find(buf_str(&f->body), STR("\"truncatedAlerts\":2}")) != SIZE_MAX);
        assert_true(str_find(buf_str(&f->body), STR("{\"receiver\":\"hook\",\"status\":\"resolved\"")) != SIZE_MAX);
        fixture_send(f, "hook", "ff", 5000);
        assert_true(str_find(buf_str(&f->body), STR("\"truncatedAlerts\":0}")) != SIZE_MAX);
        fixture_free(f);
}

static void write_file(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
}

static void secrets_come_from_files_at_every_delivery(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        char dir[] = "/tmp/pharos-notify-XXXXXX", path[64], text[128];
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/url", dir);
        Str yaml = str_printf(
                f->arena,
                "[{name: hook, webhook_configs: [{url_file: %s, http_config: {authorization: {credentials: tok}}}]}, "
                "{name: basic, webhook_configs: [{url: 'URL/b', http_config: {basic_auth: {username: u, password: p}, http_headers: {X-Test: {values: [seen]}}}}]}]",
                path);
        fixture_receivers(f, yaml.p);
        DeliveryResult r = fixture_send(f, "hook", "f", 5000);
        assert_false(r.ok);
        assert_contains(r.err.msg, "url_file");
        snprintf(text, sizeof text, "http://127.0.0.1:%d/one\n", http_server_port(f->server));
        write_file(path, text);
        assert_true(fixture_send(f, "hook", "f", 5000).ok);
        assert_str(buf_str(&f->path), "/one");
        assert_str(buf_str(&f->auth), "Bearer tok");
        snprintf(text, sizeof text, "http://127.0.0.1:%d/two", http_server_port(f->server));
        write_file(path, text);
        assert_true(fixture_send(f, "hook", "f", 5000).ok);
        assert_str(buf_str(&f->path), "/two");
        assert_true(fixture_send(f, "basic", "f", 5000).ok);
        assert_str(buf_str(&f->auth), "Basic dTpw");
        assert_str(buf_str(&f->header), "seen");
        unlink(path);
        rmdir(dir);
        fixture_free(f);
}

static void receivers_without_a_wire_go_to_the_log(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, "[{name: log, log_configs: [{}]}]");
        assert_true(fixture_send(f, "log", "f", 5000).ok);
        assert_int_equal(notify_integrations(f->notify, STR("log")), 1);
        DeliveryResult r = fixture_send(f, "gone", "f", 5000);
        assert_false(r.ok);
        assert_contains(r.err.msg, "receiver 'gone' is gone");
        assert_int_equal(notify_integrations(f->notify, STR("gone")), 0);
        fixture_free(f);
}

/* Invariant 1. */
static void a_reload_changes_nothing_under_way(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_receivers(f, HOOK);
        f->script[0] = 500;
        fixture_send_start(f, "hook", "f", 5000);
        fixture_receivers(f, "[]");
        fixture_wait_done(f, 1);
        assert_true(f->result.ok);
        assert_str(buf_str(&f->path), "/x");
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_2xx_is_a_delivery),
                cmocka_unit_test(server_errors_and_429_are_tried_again),
                cmocka_unit_test(other_answers_fail_at_once),
                cmocka_unit_test(retry_after_is_honoured),
                cmocka_unit_test(retries_end_with_the_time_of_the_group),
                cmocka_unit_test(a_receiver_that_hangs_times_out),
                cmocka_unit_test(nobody_listens),
                cmocka_unit_test(a_stop_ends_what_is_under_way),
                cmocka_unit_test(resolved_alerts_are_left_out_when_not_wanted),
                cmocka_unit_test(max_alerts_cuts_and_counts),
                cmocka_unit_test(secrets_come_from_files_at_every_delivery),
                cmocka_unit_test(receivers_without_a_wire_go_to_the_log),
                cmocka_unit_test(a_reload_changes_nothing_under_way),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
