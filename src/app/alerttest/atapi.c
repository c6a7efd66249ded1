/* The exchanges run in order against a server of the real routes on a loopback port, on a manual clock that stands at each
 * exchange where the recorded one stood, as far as the answers tell it.
 *
 * What cannot be equal is left out of the comparison: times of day that the program chose, ids (they are mapped: where the
 * recording has one, ours must stand at the same places), the text of the configuration, versions. */
#include "app/alerttest/atapi.h"

#include <string.h>

#include "api/api.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "net/http_client.h"

enum { ID_BYTES = 36, TIMEOUT_MS = 10000 };

typedef struct IdPair {
        Str theirs, ours;
} IdPair;

typedef struct Talk {
        AtRun *run;
        Arena *arena;
        ManualClock clock;
        AlertRouter *router;
        HttpClient *client;
        int port;
        VEC(IdPair) ids;
} Talk;

/* ---- when ---- */

/* The earliest updatedAt of the object with this id, or (id empty) of any alert, in all answers. */
static void earliest(const JsonValue *v, Str id, int64_t *best_ms)
{
        for (size_t i = 0; v->kind == JSON_ARRAY && i < v->n; i++)
                earliest(&v->items[i], id, best_ms);
        if (v->kind != JSON_OBJECT)
                return;
        int64_t t_ms;
        Str own = json_get_str(v, STR("id"));
        Str updated = json_get_str(v, STR("updatedAt"));
        if (str_eq(own, id) && updated.n && rfc3339_parse(updated, &t_ms) && (!*best_ms || t_ms < *best_ms))
                *best_ms = t_ms;
        for (size_t i = 0; i < v->n; i++)
                earliest(&v->members[i].value, id, best_ms);
}

static int64_t time_of(const JsonValue *all, Str id)
{
        int64_t t_ms = 0;
        for (size_t i = 0; i < all->n; i++) {
                const JsonValue *response = json_get(&all->items[i], STR("response"));
                if (response)
                        earliest(response, id, &t_ms);
        }
        return t_ms;
}

/* ---- what ---- */

static bool is_id(Str s)
{
        return s.n == ID_BYTES && s.p[8] == '-' && s.p[13] == '-' && s.p[18] == '-' && s.p[23] == '-';
}

static bool same_id(Talk *t, Str theirs, Str ours)
{
        vec_each(p, &t->ids)
                if (str_eq(p->theirs, theirs))
                        return str_eq(p->ours, ours);
        if (!is_id(ours))
                return str_eq(theirs, ours);
        vec_push(&t->ids, (IdPair){ str_dup(t->arena, theirs), str_dup(t->arena, ours) });
        return true;
}

/* Ours for every id of theirs that is known. */
static Str map_ids(Talk *t, Str text)
{
        Buf out = { .arena = t->arena };
        for (size_t i = 0; i < text.n;) {
                Str ours = { 0 };
                vec_each(p, &t->ids)
                        if (str_eq(str_sub(text, i, i + ID_BYTES), p->theirs))
                                ours = p->ours;
                if (ours.n)
                        buf_str_add(&out, ours);
                else
                        buf_char(&out, text.p[i]);
                i += ours.n ? ID_BYTES : 1;
        }
        return buf_str(&out);
}

static bool is_volatile(Str key)
{
        static const char *const keys[] = { "updatedAt", "startsAt", "endsAt", "uptime", "versionInfo", "original" };
        for (size_t i = 0; i < ARRAY_LEN(keys); i++)
                if (str_eq(key, str_of(keys[i])))
                        return true;
        return false;
}

static bool same(Talk *t, const JsonValue *want, const JsonValue *got);

static bool same_members(Talk *t, const JsonValue *want, const JsonValue *got)
{
        if (want->n != got->n)
                return false;
        for (size_t i = 0; i < want->n; i++) {
                const JsonValue *theirs = &want->members[i].value;
                const JsonValue *ours = json_get(got, want->members[i].key);
                if (!ours || (!is_volatile(want->members[i].key) && !same(t, theirs, ours)))
                        return false;
        }
        return true;
}

/* Silences that end at the same time, and their ids, come in any order. */
static bool same_items(Talk *t, const JsonValue *want, const JsonValue *got)
{
        bool *used = arena_array(t->arena, bool, got->n + 1);
        if (want->n != got->n)
                return false;
        bool any_order = want->n && (is_id(want->items[0].str) || json_get(&want->items[0], STR("matchers")));
        for (size_t i = 0; i < want->n; i++) {
                bool found = !any_order && same(t, &want->items[i], &got->items[i]);
                for (size_t k = 0; any_order && k < got->n && !found; k++)
                        if (!used[k] && same(t, &want->items[i], &got->items[k]))
                                found = used[k] = true;
                if (!found)
                        return false;
        }
        return true;
}

static bool same(Talk *t, const JsonValue *want, const JsonValue *got)
{
        if (want->kind != got->kind)
                return false;
        switch (want->kind) {
        case JSON_OBJECT: return same_members(t, want, got);
        case JSON_ARRAY: return same_items(t, want, got);
        case JSON_STRING: return is_id(want->str) ? same_id(t, want->str, got->str) : str_eq(want->str, got->str);
        case JSON_NUMBER: return want->num == got->num;
        case JSON_BOOL: return want->b == got->b;
        case JSON_NULL: break;
        }
        return true;
}

/* ---- one exchange ---- */

/* A text stands for itself, anything else for its JSON. */
static Str request_body(Talk *t, const JsonValue *request)
{
        Buf out = { .arena = t->arena };
        JsonWriter w;
        if (!request || request->kind == JSON_NULL)
                return (Str){ 0 };
        if (request->kind == JSON_STRING)
                return request->str;
        json_writer_init(&w, &out);
        json_value(&w, request);
        return map_ids(t, buf_str(&out));
}

static bool same_body(Talk *t, const JsonValue *want, Str body)
{
        JsonValue *got;
        Err err;
        if (!want || (want->kind == JSON_STRING && str_eq(str_trim(body), want->str)))
                return true;
        return json_parse(body, t->arena, &got, &err) && same(t, want, got);
}

static void exchange(Talk *t, size_t i, const JsonValue *e)
{
        Str method = json_get_str(e, STR("method"));
        Str path = map_ids(t, json_get_str(e, STR("path")));
        const JsonValue *want = json_get(e, STR("response"));
        int64_t status = json_get_i64(e, STR("status"));
        Str type = json_get_str(json_get(e, STR("headers")), STR("Content-Type"));
        HttpAnswer answer = { 0 };
        Buf body = { 0 };
        HttpHeader json_type = { STR("Content-Type"), STR("application/json") };
        HttpCallOptions call = {
                .method = str_dupz(t->arena, method),
                .url = str_printf(t->arena, "http://127.0.0.1:%d" STR_FMT, t->port, STR_ARG(path)),
                .body = request_body(t, json_get(e, STR("request"))),
                .timeout_ms = TIMEOUT_MS,
        };
        if (call.body.n) {
                call.headers = &json_type;
                call.n_headers = 1;
        }
        bool ok = http_client_call(t->client, &call, &answer, &body);
        Str text = str_dup(t->arena, buf_str(&body));
        Str got_type = str_dup(t->arena, answer.content_type);
        buf_done(&body);
        bool good = ok && answer.status == status && same_body(t, want, text) &&
                    (!type.n || str_starts(got_type, type));
        Buf wanted = { .arena = t->arena };
        JsonWriter w;
        json_writer_init(&w, &wanted);
        if (want)
                json_value(&w, want);
        atkind_check(t->run, good, str_printf(t->arena, "%zu " STR_FMT " " STR_FMT, i, STR_ARG(method), STR_ARG(path)),
                     str_printf(t->arena, "answers %d %s " STR_FMT ", want %d " STR_FMT, answer.status,
                                ok ? "" : answer.err.msg, STR_ARG(str_trim(text)), (int)status,
                                STR_ARG(buf_str(&wanted))));
}

static void talk(Talk *t)
{
        const JsonValue *all = json_get(t->run->root, STR("exchanges"));
        for (size_t i = 0; i < all->n; i++) {
                const JsonValue *e = &all->items[i];
                Str id = json_get_str(json_get(e, STR("response")), STR("silenceID"));
                int64_t then_ms = id.n ? time_of(all, id) : 0;
                int64_t ahead_ms = then_ms - clock_wall_ms(&t->clock.clock);
                clock_manual_advance_ms(&t->clock, MAX_OF(ahead_ms, (int64_t)1));
                exchange(t, i, e);
        }
}

/* ---- the server ---- */

static size_t no_integrations(void *self, Str receiver)
{
        (void)self;
        (void)receiver;
        return 0;
}

static bool reload(void *app, Err *err)
{
        (void)app;
        (void)err;
        return true;
}

static bool configure(AtRun *run, AlertRouter *router)
{
        Str file = json_get_str(run->root, STR("config"));
        Diags diags;
        AlertConfig config;
        Err err;
        diags_init(&diags, run->arena);
        OptionCtx ctx = { .arena = run->arena, .diags = &diags, .file = file, .base_dir = STR(".") };
        YamlNode *root = option_load_file(atkind_sibling(run, file), run->arena, &diags);
        if (root && alert_config_bind_as(root, run->compat, &ctx, &config) && alert_router_apply(router, &config, &err))
                return true;
        atkind_check(run, false, file, diags.list.len ? diags.list.data[0].message : STR("does not load"));
        return false;
}

void atapi_run(AtRun *run)
{
        Talk t = { .run = run, .arena = run->arena, .ids.arena = run->arena };
        Loop *loop = NULL;
        Pool *pool = pool_new(2, 16);
        HttpServer *server = NULL;
        size_t n_routes;
        Err err;
        int64_t start_ms = time_of(json_get(run->root, STR("exchanges")), (Str){ 0 });
        clock_manual_init(&t.clock, start_ms ? start_ms - 100 : INT64_C(1767225600000));
        t.router = alert_router_new(
                &(AlertRouterOptions){ .clock = &t.clock.clock, .sender.integrations = no_integrations });
        ApiContext api = { .alerts = t.router,
                           .clock = &t.clock.clock,
                           .start_ms = clock_wall_ms(&t.clock.clock),
                           .lifecycle = true,
                           .reload = reload };
        HttpRoute *routes = api_alertmanager_routes(&api, &n_routes);
        HttpServerOptions options = { .listen = "127.0.0.1:0", .pool = pool };
        if (!http_server_start(&options, routes, n_routes, &server, &err) || !loop_new(&loop, &err) ||
            !http_client_new(loop, 1, &t.client, &err)) {
                atkind_check(run, false, STR("server"), str_of(err.msg));
        } else if (configure(run, t.router)) {
                t.port = http_server_port(server);
                talk(&t);
        }
        if (t.client)
                http_client_free(t.client);
        if (loop)
                loop_free(loop);
        if (server)
                http_server_stop(server);
        pool_free(pool);
        alert_router_free(t.router);
        mem_free(routes);
}
