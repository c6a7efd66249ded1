/* Against a server of this process; what waits, waits for an event. */
#include "testing.h"

#include "base/log.h"
#include "codec/json.h"
#include "net/http_server.h"
#include "os/mutex.h"
#include "rules/rules.h"

typedef struct Fixture {
        Arena *arena, *server_arena; /* the second is the server's, under mu */
        Loop *loop;
        HttpClient *client;
        HttpServer *server;
        RulesForward *forward;
        Mutex mu;
        Cond came;
        VEC(Str) bodies; /* of requests to /prefix/api/v2/alerts */
        int answer;
        bool held;   /* answers wait */
        size_t next; /* alerts that the local sink got */
} Fixture;

static void take(void *self, const HttpRequest *req, HttpResponse *resp)
{
        Fixture *f = self;
        mutex_lock(&f->mu);
        vec_push(&f->bodies, str_dup(f->server_arena, req->body));
        resp->status = f->answer;
        mutex_cond_broadcast(&f->came);
        while (f->held)
                mutex_cond_wait(&f->came, &f->mu);
        mutex_unlock(&f->mu);
}

static void local(void *self, const AlertMsg *alerts, size_t n)
{
        (void)alerts;
        ((Fixture *)self)->next += n;
}

static void apply(Fixture *f, const char *more)
{
        YamlNode **docs;
        size_t n;
        YamlError *errors;
        size_t n_errors;
        Diags diags;
        const RulesPeers *peers;
        diags_init(&diags, f->arena);
        Str yaml = str_printf(
                f->arena, "alertmanagers: [{path_prefix: /prefix/, static_configs: [{targets: ['127.0.0.1:%d']}]%s}]",
                http_server_port(f->server), more);
        assert_true(yaml_parse(yaml, f->arena, &docs, &n, &errors, &n_errors));
        OptionCtx ctx = { .arena = f->arena, .diags = &diags, .file = STR("prometheus.yml"), .base_dir = STR(".") };
        if (!rules_peers_bind(docs[0], &ctx, &peers))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        rules_forward_apply(f->forward, peers);
}

static Fixture *fixture_new(void)
{
        Fixture *f = calloc(1, sizeof *f);
        Err err;
        static HttpRoute route;
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        f->arena = arena_new();
        f->server_arena = arena_new();
        f->bodies.arena = f->server_arena;
        f->answer = 200;
        mutex_init(&f->mu);
        mutex_cond_init(&f->came);
        route = (HttpRoute){ .methods = HTTP_POST, .path = "/prefix/api/v2/alerts", .handle = take, .self = f };
        assert_ok(http_server_start(&(HttpServerOptions){ .listen = "127.0.0.1:0" }, &route, 1, &f->server, &err), err);
        assert_ok(loop_new(&f->loop, &err), err);
        assert_ok(http_client_new(f->loop, 4, &f->client, &err), err);
        f->forward = rules_forward_new(f->client, (AlertSink){ local, f });
        return f;
}

static void fixture_free(Fixture *f)
{
        http_client_free(f->client);
        loop_free(f->loop);
        rules_forward_free(f->forward);
        http_server_stop(f->server);
        mutex_done(&f->mu);
        mutex_cond_done(&f->came);
        arena_free(f->server_arena);
        arena_free(f->arena);
        free(f);
}

static void put(Fixture *f, const char *name, size_t n)
{
        Label labels[] = { { STR("alertname"), str_of(name) }, { STR("team"), STR("a") } };
        Label texts[] = { { STR("summary"), STR("\"it\"") } };
        AlertMsg alert = { .labels = { labels, 2 },
                           .annotations = { texts, 1 },
                           .starts_at_ms = 1704067200000,
                           .ends_at_ms = 1704067200123,
                           .generator_url = STR("http://example.com/graph") };
        AlertSink sink = rules_forward_sink(f->forward);
        for (size_t i = 0; i < n; i++)
                sink.put(sink.self, &alert, 1);
}

static const JsonValue *body(Fixture *f, size_t i)
{
        JsonValue *json;
        Err err;
        mutex_lock(&f->mu);
        while (f->bodies.len <= i)
                mutex_cond_wait(&f->came, &f->mu);
        Str text = f->bodies.data[i];
        mutex_unlock(&f->mu);
        assert_ok(json_parse(text, f->arena, &json, &err), err);
        return json;
}

static void alerts_are_posted_as_prometheus_does(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Str *urls;
        size_t n;
        apply(f, "");
        put(f, "A", 1);
        const JsonValue *list = body(f, 0);
        assert_int_equal(list->n, 1);
        const JsonValue *a = &list->items[0];
        assert_str(json_get_str(json_get(a, STR("labels")), STR("alertname")), "A");
        assert_str(json_get_str(json_get(a, STR("annotations")), STR("summary")), "\"it\"");
        assert_str(json_get_str(a, STR("startsAt")), "2024-01-01T00:00:00.000Z");
        assert_str(json_get_str(a, STR("endsAt")), "2024-01-01T00:00:00.123Z");
        assert_str(json_get_str(a, STR("generatorURL")), "http://example.com/graph");
        assert_int_equal(f->next, 1);
        rules_forward_urls(f->forward, f->arena, &urls, &n);
        assert_int_equal(n, 1);
        assert_true(str_ends(urls[0], STR("/prefix/api/v2/alerts")));
        fixture_free(f);
}

static void what_came_meanwhile_goes_in_batches(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        apply(f, "");
        f->held = true;
        f->answer = 500; /* a failed batch is not sent again, the next goes out all the same */
        put(f, "A", 1);
        body(f, 0);
        put(f, "B", 300);
        mutex_lock(&f->mu);
        f->held = false;
        mutex_cond_broadcast(&f->came);
        mutex_unlock(&f->mu);
        assert_int_equal(body(f, 1)->n, 256);
        assert_int_equal(body(f, 2)->n, 44);
        fixture_free(f);
}

static void relabelling_rewrites_and_drops(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        apply(f,
              ", alert_relabel_configs: [{source_labels: [alertname], regex: Drop, action: drop}, {regex: team, action: labeldrop}]");
        put(f, "Drop", 1);
        put(f, "Keep", 1);
        const JsonValue *list = body(f, 0);
        assert_int_equal(list->n, 1);
        assert_str(json_get_str(json_get(&list->items[0], STR("labels")), STR("alertname")), "Keep");
        assert_null(json_get(json_get(&list->items[0], STR("labels")), STR("team")));
        assert_int_equal(f->next, 2);
        fixture_free(f);
}

static void a_peer_that_goes_is_forgotten_also_under_way(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Str *urls;
        size_t n;
        apply(f, "");
        f->held = true;
        put(f, "A", 1);
        body(f, 0);
        put(f, "B", 1); /* queued */
        rules_forward_apply(f->forward, NULL);
        rules_forward_urls(f->forward, f->arena, &urls, &n);
        assert_int_equal(n, 0);
        put(f, "C", 1);
        mutex_lock(&f->mu);
        f->held = false;
        mutex_cond_broadcast(&f->came);
        mutex_unlock(&f->mu);
        apply(f, "");
        put(f, "D", 1);
        const JsonValue *list = body(f, 1); /* B stays queued when the answer comes after the second apply */
        assert_true(list->n >= 1);
        assert_int_equal(f->next, 4);
        fixture_free(f);
}

static void what_cannot_be_is_refused_and_what_is_not_found_is_said(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        static const struct {
                const char *yaml, *message;
                bool ok;
        } cases[] = {
                { "alertmanagers: [{api_version: v1, static_configs: [{targets: [a]}]}]", "one of [v2]", false },
                { "alertmanagers: [{dns_sd_configs: [{names: [a]}]}]", "only static_configs", true },
                { "alertmanagers: [{static_configs: [{targets: [a]}], relabel_configs: []}]", "have no effect", true },
                { "alert_relabel_configs: [{action: nothing}]", "action", false },
                { "alertmanagers: [{static_configs: [{targets: [a]}], basic_auth: {username: u}, bearer_token: t}]", "",
                  false },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                YamlNode **docs;
                size_t n;
                YamlError *errors;
                size_t n_errors;
                Diags diags;
                const RulesPeers *peers;
                diags_init(&diags, arena);
                OptionCtx ctx = { .arena = arena, .diags = &diags, .file = STR("p.yml"), .base_dir = STR(".") };
                assert_true(yaml_parse(str_of(cases[i].yaml), arena, &docs, &n, &errors, &n_errors));
                if (rules_peers_bind(docs[0], &ctx, &peers) != cases[i].ok)
                        fail_msg("%s", cases[i].yaml);
                assert_true(diags.list.len > 0);
                assert_contains(str_dupz(arena, diags.list.data[0].message), cases[i].message);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(alerts_are_posted_as_prometheus_does),
                cmocka_unit_test(what_came_meanwhile_goes_in_batches),
                cmocka_unit_test(relabelling_rewrites_and_drops),
                cmocka_unit_test(a_peer_that_goes_is_forgotten_also_under_way),
                cmocka_unit_test(what_cannot_be_is_refused_and_what_is_not_found_is_said),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
