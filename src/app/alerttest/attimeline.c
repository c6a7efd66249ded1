/* Each scenario runs on a router of its own, on a manual clock: 14 seconds take no time. Its receiver answers as the recorded
 * one did, notification by notification; a 5xx answer is tried again after half a second, then one and a half times
 * that, as the recorded program did (there with a random part, hence the wider tolerance behind a retry).
 *
 * Recorded times are measured ones: they may differ by TOLERANCE_S. */
#include "app/alerttest/attimeline.h"

#include <math.h>
#include <stdlib.h>

#include "alert/alert.h"

enum { OBSERVED_MS = 14000, FIRST_BACKOFF_MS = 500, HOUR_MS = 3600 * 1000 };
#define START_MS INT64_C(1767225600000)
#define TOLERANCE_S 0.35

typedef struct Told {
        int64_t t_ms;
        bool resolved;
        Str alerts; /* "a=firing b=resolved", sorted */
        Str key;
        int status;
        double slack_s;
        bool used;
} Told;

typedef struct Pending { /* waits for its next try */
        const Notification *n;
        void (*done)(void *, const DeliveryResult *);
        void *arg;
        int64_t due_ms, began_ms, backoff_ms;
        uint32_t attempts;
} Pending;

typedef struct Stage {
        AtRun *run;
        Arena *arena;
        const JsonValue *scenario;
        const AlertConfig *config;
        ManualClock clock;
        AlertRouter *router;
        VEC(Told) told;
        VEC(Pending) pending;
} Stage;

static int64_t now_of(const Stage *s) { return clock_wall_ms(&s->clock.clock) - START_MS; }

/* ---- the receiver ---- */

static const YamlNode *hooks_of(const Stage *s, Str receiver)
{
        for (size_t i = 0; i < s->config->n_receivers; i++)
                if (str_eq(s->config->receivers[i].name, receiver))
                        return yaml_get(s->config->receivers[i].node, STR("webhook_configs"));
        return NULL;
}

static size_t integrations(void *self, Str receiver)
{
        const YamlNode *hooks = hooks_of(self, receiver);
        return hooks ? hooks->n : 0;
}

static bool send_resolved(void *self, Str receiver, size_t i)
{
        const YamlNode *hooks = hooks_of(self, receiver);
        const YamlNode *wanted = hooks && i < hooks->n ? yaml_get(hooks->items[i], STR("send_resolved")) : NULL;
        return !wanted || !str_eq(wanted->text, STR("false"));
}

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static Str join_sorted(Arena *arena, Str *names, size_t n)
{
        Buf out = { .arena = arena };
        if (n > 1)
                qsort(names, n, sizeof *names, by_text);
        for (size_t i = 0; i < n; i++)
                buf_printf(&out, "%s" STR_FMT, i ? " " : "", STR_ARG(names[i]));
        return buf_str(&out);
}

/* instance, then the values of what makes it special: a:critical. */
static Str alert_name(Arena *arena, Labels labels)
{
        Buf out = { .arena = arena };
        buf_str_add(&out, labels_get(labels, STR("instance")));
        for (size_t i = 0; i < labels.n; i++) {
                Str name = labels.data[i].name;
                if (!str_eq(name, STR("instance")) && !str_eq(name, STR("alertname")) && !str_eq(name, STR("sc")))
                        buf_printf(&out, ":" STR_FMT, STR_ARG(labels.data[i].value));
        }
        return buf_str(&out);
}

static int answer(const Stage *s)
{
        const JsonValue *all = json_get(s->scenario, STR("notifications"));
        int64_t status = all && s->told.len < all->n ? json_get_i64(&all->items[s->told.len], STR("http")) : 0;
        if (!status && all && all->n) /* beyond what was recorded: as the last one */
                status = json_get_i64(&all->items[all->n - 1], STR("http"));
        return status ? (int)status : 200;
}

/* One try. True when it is over. */
static bool attempt(Stage *s, Pending *p)
{
        const Notification *n = p->n;
        bool resolved_too = send_resolved(s, n->receiver, n->integration);
        Str *names = arena_array(s->arena, Str, n->n_alerts);
        size_t n_names = 0;
        DeliveryResult result = { .ok = true, .integration = STR("webhook[0]"), .status = 200, .attempts = 1 };
        for (size_t i = 0; i < n->n_alerts; i++) {
                bool over = n->alerts[i].ends_at_ms != 0;
                if (!over || resolved_too)
                        names[n_names++] = str_printf(s->arena, STR_FMT "=%s",
                                                      STR_ARG(alert_name(s->arena, n->alerts[i].labels)),
                                                      over ? "resolved" : "firing");
        }
        if (n_names) {
                result.status = answer(s);
                result.ok = result.status < 300;
                int64_t waited_ms = now_of(s) - p->began_ms;
                vec_push(&s->told, (Told){ .t_ms = now_of(s),
                                           .resolved = n->resolved,
                                           .alerts = join_sorted(s->arena, names, n_names),
                                           .key = str_dup(s->arena, n->group_key),
                                           .status = result.status,
                                           .slack_s = TOLERANCE_S + (double)waited_ms / 2000 });
        }
        if (result.status >= 500) {
                p->backoff_ms = p->backoff_ms ? p->backoff_ms * 3 / 2 : FIRST_BACKOFF_MS;
                p->due_ms = now_of(s) + p->backoff_ms;
                if (p->due_ms < p->began_ms + n->timeout_ms)
                        return false;
        }
        if (!result.ok)
                err_set(&result.err, ERR_UNAVAILABLE, "unexpected status code %d", result.status);
        p->done(p->arg, &result);
        return true;
}

static void send(void *self, const Notification *n, void (*done)(void *, const DeliveryResult *), void *arg)
{
        Stage *s = self;
        Pending p = { .n = n, .done = done, .arg = arg, .began_ms = now_of(s) };
        if (!attempt(s, &p))
                vec_push(&s->pending, p);
}

static void retry_due(Stage *s)
{
        for (size_t i = 0; i < s->pending.len;) {
                Pending p = s->pending.data[i];
                if (p.due_ms > now_of(s) || !attempt(s, &p)) {
                        s->pending.data[i++] = p;
                        continue;
                }
                s->pending.data[i] = s->pending.data[--s->pending.len];
        }
}

static void give_up(Stage *s)
{
        DeliveryResult result = { .integration = STR("webhook[0]") };
        for (size_t i = 0; i < s->pending.len; i++)
                s->pending.data[i].done(s->pending.data[i].arg, &result);
        s->pending.len = 0;
}

/* ---- the steps ---- */

static Labels alert_labels(const Stage *s, Str instance, const JsonValue *extra)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, s->arena, atkind_labels(s->arena, extra));
        labels_builder_set(&lb, STR("alertname"), STR("X"));
        labels_builder_set(&lb, STR("instance"), instance);
        labels_builder_set(&lb, STR("sc"), json_get_str(s->scenario, STR("name")));
        return labels_builder_build(&lb, s->arena);
}

static int64_t seconds(const JsonValue *v) { return v && v->kind == JSON_NUMBER ? (int64_t)llround(v->num * 1000) : 0; }

static bool silence(Stage *s, Str instance, int64_t for_ms)
{
        Matcher m[2];
        Err err;
        char id[ALERT_SILENCE_ID_BYTES];
        int64_t now_ms = START_MS + now_of(s);
        AlertSilence wanted = { .matchers = { m, 2 },
                                .starts_at_ms = now_ms,
                                .ends_at_ms = now_ms + for_ms,
                                .created_by = STR("test"),
                                .comment = STR("test") };
        return matcher_make(s->arena, MATCH_EQ, STR("instance"), instance, &m[0], &err) &&
               matcher_make(s->arena, MATCH_EQ, STR("sc"), json_get_str(s->scenario, STR("name")), &m[1], &err) &&
               alert_router_silence_set(s->router, &wanted, id, &err);
}

/* [t, what, instance, labels or seconds, until, annotation] */
static bool play(Stage *s, const JsonValue *step)
{
        Str what = step->items[1].str;
        Str instance = step->items[2].str;
        const JsonValue *fourth = &step->items[3];
        int64_t now_ms = START_MS + now_of(s);
        if (str_eq(what, STR("noop")))
                return true;
        if (str_eq(what, STR("silence")))
                return silence(s, instance, seconds(fourth));
        AlertMsg a = { .labels = alert_labels(s, instance, fourth), .starts_at_ms = START_MS };
        if (step->n > 5 && step->items[5].kind == JSON_STRING) {
                LabelsBuilder lb;
                labels_builder_init(&lb, s->arena, (Labels){ 0 });
                labels_builder_set(&lb, STR("summary"), step->items[5].str);
                a.annotations = labels_builder_build(&lb, s->arena);
        }
        if (str_eq(what, STR("resolve"))) {
                a.ends_at_ms = now_ms;
        } else if (str_eq(what, STR("fire_until"))) {
                a.starts_at_ms = now_ms;
                a.ends_at_ms = START_MS + (step->n > 4 ? seconds(&step->items[4]) : 0);
        } else if (str_eq(what, STR("fire_old"))) {
                a.starts_at_ms = now_ms - HOUR_MS;
        } else if (str_eq(what, STR("fire"))) {
                a.starts_at_ms = now_ms;
        } else {
                return false;
        }
        alert_router_put(s->router, &a, 1);
        return true;
}

static bool run_steps(Stage *s, const JsonValue *steps)
{
        size_t next = 0;
        for (;;) {
                while (next < steps->n && seconds(&steps->items[next].items[0]) <= now_of(s))
                        if (!play(s, &steps->items[next++]))
                                return false;
                retry_due(s);
                int64_t wait_ms = alert_router_tick(s->router);
                if (now_of(s) >= OBSERVED_MS)
                        return true;
                wait_ms = MIN_OF(wait_ms, OBSERVED_MS - now_of(s));
                if (next < steps->n)
                        wait_ms = MIN_OF(wait_ms, seconds(&steps->items[next].items[0]) - now_of(s));
                vec_each(p, &s->pending)
                        wait_ms = MIN_OF(wait_ms, p->due_ms - now_of(s));
                clock_manual_advance_ms(&s->clock, MAX_OF(wait_ms, (int64_t)1));
        }
}

/* ---- the comparison ---- */

static Str alerts_of(Arena *arena, const JsonValue *list)
{
        size_t n = list && list->kind == JSON_ARRAY ? list->n : 0;
        Str *names = arena_array(arena, Str, n);
        for (size_t i = 0; i < n; i++)
                names[i] = list->items[i].str;
        return join_sorted(arena, names, n);
}

static void print_told(Buf *out, const Stage *s)
{
        buf_lit(out, "told:");
        for (size_t i = 0; i < s->told.len; i++) {
                const Told *t = &s->told.data[i];
                buf_printf(out, " [%.1f %s " STR_FMT " %d " STR_FMT "]", (double)t->t_ms / 1000,
                           t->resolved ? "resolved" : "firing", STR_ARG(t->alerts), t->status, STR_ARG(t->key));
        }
}

static bool compare(Stage *s, Buf *why)
{
        const JsonValue *all = json_get(s->scenario, STR("notifications"));
        size_t n = all && all->kind == JSON_ARRAY ? all->n : 0;
        for (size_t i = 0; i < n; i++) {
                const JsonValue *want = &all->items[i];
                const JsonValue *t = json_get(want, STR("t"));
                Str alerts = alerts_of(s->arena, json_get(want, STR("alerts")));
                bool resolved = str_eq(json_get_str(want, STR("status")), STR("resolved"));
                Told *found = NULL;
                vec_each(told, &s->told)
                        if (!found && !told->used && told->resolved == resolved && str_eq(told->alerts, alerts) &&
                            str_eq(told->key, json_get_str(want, STR("groupKey"))) &&
                            fabs((double)told->t_ms / 1000 - (t ? t->num : 0)) <= told->slack_s)
                                found = told;
                if (!found) {
                        buf_printf(why, "missing at %.1f: " STR_FMT "; ", t ? t->num : 0, STR_ARG(alerts));
                        return false;
                }
                found->used = true;
        }
        if (s->told.len != n)
                buf_printf(why, "%zu notifications, want %zu; ", s->told.len, n);
        return s->told.len == n;
}

static void run_scenario(AtRun *run, const JsonValue *scenario, const AlertConfig *config)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Stage s = { .run = run, .arena = arena, .scenario = scenario, .config = config };
        Str name = json_get_str(scenario, STR("name"));
        const JsonValue *steps = json_get(scenario, STR("steps"));
        Buf why = { .arena = arena };
        Err err;
        s.told.arena = s.pending.arena = arena;
        clock_manual_init(&s.clock, START_MS);
        s.router = alert_router_new(&(AlertRouterOptions){ .clock = &s.clock.clock,
                                                           .external_url = STR("http://am.example"),
                                                           .sender = { integrations, send_resolved, send, &s } });
        bool ok = steps && alert_router_apply(s.router, config, &err) && run_steps(&s, steps);
        if (!ok)
                buf_lit(&why, "a step is of no known kind; ");
        ok = ok && compare(&s, &why);
        print_told(&why, &s);
        give_up(&s);
        alert_router_free(s.router);
        atkind_check(run, ok, name, buf_str(&why));
}

void attimeline_run(AtRun *run)
{
        const JsonValue *scenarios = json_get(run->root, STR("scenarios"));
        Str file = json_get_str(run->root, STR("config"));
        Diags diags;
        AlertConfig config;
        diags_init(&diags, run->arena);
        OptionCtx ctx = { .arena = run->arena, .diags = &diags, .file = file, .base_dir = STR(".") };
        YamlNode *root = option_load_file(atkind_sibling(run, file), run->arena, &diags);
        if (!root || !alert_config_bind_as(root, run->compat, &ctx, &config)) {
                atkind_check(run, false, file, diags.list.len ? diags.list.data[0].message : STR("does not load"));
                return;
        }
        for (size_t i = 0; i < scenarios->n; i++)
                run_scenario(run, &scenarios->items[i], &config);
}
