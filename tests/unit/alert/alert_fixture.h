/* A router on a manual clock with a sender that remembers. Times in tests are milliseconds from T0. */
#pragma once
#include "testing.h"

#include "alert/alert.h"
#include "base/log.h"
#include "codec/yaml.h"

#define T0 INT64_C(1700000000000)
#define MIN_MS INT64_C(60000)

typedef struct Sent {
        Str receiver;
        size_t integration;
        int64_t at_ms; /* from T0 */
        bool resolved;
        size_t n_firing, n_resolved;
        Str key;
        Labels common_labels, group_labels;
} Sent;

typedef struct Held {
        void (*done)(void *, const DeliveryResult *);
        void *arg;
} Held;

typedef struct Fixture {
        ManualClock clock;
        Arena *arena;
        StateDb *db;
        AlertRouter *router;
        VEC(Sent) sent;
        VEC(Held) held; /* while hold: answers that were not given */
        bool hold, fail;
        size_t room;       /* how many may be unanswered at a time; 0: any number */
        Str room_receiver; /* of this one; empty: all */
        Str fail_receiver; /* only this one fails; empty: all */
        size_t wakes;
        AlertCompat compat;
        char path[64];
} Fixture;

static inline size_t fixture_integrations(void *self, Str receiver)
{
        (void)self;
        return str_eq(receiver, STR("nobody")) ? 0 : str_eq(receiver, STR("pair")) ? 2 : 1;
}

static inline bool fixture_send_resolved(void *self, Str receiver, size_t integration)
{
        (void)self;
        (void)integration;
        return !str_eq(receiver, STR("quiet"));
}

static inline bool fixture_room(void *self, Str receiver, size_t integration)
{
        Fixture *f = self;
        (void)integration;
        return !f->room || (f->room_receiver.n && !str_eq(f->room_receiver, receiver)) || f->held.len < f->room;
}

static inline void fixture_send(void *self, const Notification *n, void (*done)(void *, const DeliveryResult *),
                                void *arg)
{
        Fixture *f = self;
        Sent s = { .receiver = str_dup(f->arena, n->receiver),
                   .integration = n->integration,
                   .at_ms = clock_wall_ms(&f->clock.clock) - T0,
                   .resolved = n->resolved,
                   .key = str_dup(f->arena, n->group_key),
                   .common_labels = labels_dup(f->arena, n->common_labels),
                   .group_labels = labels_dup(f->arena, n->group_labels) };
        for (size_t i = 0; i < n->n_alerts; i++) {
                s.n_firing += n->alerts[i].ends_at_ms == 0;
                s.n_resolved += n->alerts[i].ends_at_ms != 0;
        }
        vec_push(&f->sent, s);
        if (f->hold) {
                vec_push(&f->held, (Held){ done, arg });
                return;
        }
        bool fails = f->fail && (!f->fail_receiver.n || str_eq(f->fail_receiver, n->receiver));
        DeliveryResult r = {
                .ok = !fails, .integration = STR("webhook[0]"), .attempts = 1, .status = fails ? 500 : 200
        };
        if (fails)
                err_set(&r.err, ERR_UNAVAILABLE, "unexpected status code 500");
        done(arg, &r);
}

/* Answers everything that is held; what comes meanwhile is held or not as before. */
static inline void fixture_answer(Fixture *f, bool ok)
{
        size_t n = f->held.len;
        Held *held = f->held.data;
        f->held.data = NULL;
        f->held.len = f->held.cap = 0;
        for (size_t i = 0; i < n; i++) {
                DeliveryResult r = { .ok = ok, .integration = STR("webhook[0]") };
                held[i].done(held[i].arg, &r);
        }
}

/* Answers everything that is held and holds no more. */
static inline void fixture_release(Fixture *f, bool ok)
{
        f->hold = false;
        fixture_answer(f, ok);
}

static inline void fixture_wake(void *ctx) { ((Fixture *)ctx)->wakes++; }

static inline void fixture_start(Fixture *f)
{
        AlertRouterOptions o = { .clock = &f->clock.clock,
                                 .statedb = f->db,
                                 .external_url = STR("http://pharos.example.com"),
                                 .wake = fixture_wake,
                                 .wake_ctx = f,
                                 .sender = { fixture_integrations, fixture_send_resolved, fixture_send, f,
                                             fixture_room } };
        f->router = alert_router_new(&o);
}

static inline Fixture *fixture_new(void)
{
        Fixture *f = calloc(1, sizeof *f);
        Err err;
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        f->compat = ALERT_COMPAT_PHAROS; /* repeats at whole intervals */
        f->arena = arena_new();
        f->sent.arena = f->held.arena = f->arena;
        clock_manual_init(&f->clock, T0);
        assert_ok(statedb_open(":memory:", &f->db, &err), err);
        fixture_start(f);
        return f;
}

static inline void fixture_free(Fixture *f)
{
        alert_router_free(f->router);
        statedb_close(f->db);
        arena_free(f->arena);
        free(f);
}

static inline bool fixture_bind(Fixture *f, const char *yaml, AlertConfig *ret, Diags *diags)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        diags_init(diags, f->arena);
        OptionCtx ctx = { .arena = f->arena, .diags = diags, .file = STR("am.yml"), .base_dir = STR(".") };
        if (!yaml_parse(str_of(yaml), f->arena, &docs, &n, &errors, &n_errors))
                fail_msg("line %u: " STR_FMT, errors[0].pos.line, STR_ARG(errors[0].message));
        return alert_config_bind(docs[0], &ctx, ret);
}

static inline void fixture_config(Fixture *f, const char *yaml)
{
        AlertConfig config;
        Diags diags;
        Err err;
        if (!fixture_bind(f, yaml, &config, &diags))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        config.compat = f->compat;
        assert_ok(alert_router_apply(f->router, &config, &err), err);
}

/* With this configuration. */
static inline Fixture *fixture_of(const char *yaml)
{
        Fixture *f = fixture_new();
        fixture_config(f, yaml);
        return f;
}

/* "a=b,c=d" */
static inline Labels fixture_labels(Fixture *f, const char *text)
{
        LabelsBuilder lb;
        Str rest = str_of(text), part, name, value;
        labels_builder_init(&lb, f->arena, (Labels){ 0 });
        while (str_split_next(&rest, ',', &part)) {
                str_cut(part, '=', &name, &value);
                labels_builder_set(&lb, str_dup(f->arena, name), str_dup(f->arena, value));
        }
        return labels_builder_build(&lb, f->arena);
}

static inline int64_t fixture_now(Fixture *f) { return clock_wall_ms(&f->clock.clock) - T0; }

/* starts and ends from T0; ends 0: not given. */
static inline void fixture_put(Fixture *f, const char *labels, int64_t starts_ms, int64_t ends_ms)
{
        AlertMsg a = { .labels = fixture_labels(f, labels),
                       .starts_at_ms = T0 + starts_ms,
                       .ends_at_ms = ends_ms ? T0 + ends_ms : 0 };
        alert_router_put(f->router, &a, 1);
}

/* Fires as rules say it: with an end that the next message moves. */
static inline void fixture_fire(Fixture *f, const char *labels)
{
        fixture_put(f, labels, fixture_now(f), fixture_now(f) + 1000 * MIN_MS);
}
static inline void fixture_resolve(Fixture *f, const char *labels)
{
        fixture_put(f, labels, fixture_now(f), fixture_now(f));
}

/* Runs as the scheduler would, until t (from T0). */
static inline void fixture_run(Fixture *f, int64_t until_ms)
{
        for (;;) {
                f->wakes = 0;
                int64_t wait_ms = alert_router_tick(f->router);
                int64_t left_ms = until_ms - fixture_now(f);
                if (left_ms <= 0)
                        return;
                if (!f->wakes)
                        clock_manual_advance_ms(&f->clock, wait_ms < left_ms ? wait_ms : left_ms);
        }
}

/* Alert A fires at T0 and its group is told 10 s later; it is T0 + 20 s. */
static inline Fixture *fixture_told(const char *yaml)
{
        Fixture *f = fixture_of(yaml);
        fixture_fire(f, "alertname=A");
        fixture_run(f, 20000);
        return f;
}

static inline AlertGroupStatus *fixture_groups(Fixture *f, size_t *n)
{
        AlertGroupStatus *groups;
        alert_router_groups(f->router, f->arena, &groups, n);
        return groups;
}

/* The program dies and comes back, away_ms later, with the same configuration. */
static inline void fixture_restart(Fixture *f, int64_t away_ms, const char *yaml)
{
        alert_router_free(f->router);
        clock_manual_advance_ms(&f->clock, away_ms);
        fixture_start(f);
        fixture_config(f, yaml);
}

/* Each group was told once. */
static inline void fixture_no_twins(Fixture *f)
{
        for (size_t i = 0; i < f->sent.len; i++)
                for (size_t k = 0; k < i; k++)
                        assert_false(str_eq(f->sent.data[i].key, f->sent.data[k].key));
}

#define assert_sent(f, i, want_receiver, want_at_ms, want_firing, want_resolved) \
        do {                                                                     \
                assert_true((f)->sent.len > (size_t)(i));                        \
                const Sent *sent_ = &(f)->sent.data[i];                          \
                assert_str(sent_->receiver, want_receiver);                      \
                assert_int_equal(sent_->at_ms, want_at_ms);                      \
                assert_int_equal(sent_->n_firing, want_firing);                  \
                assert_int_equal(sent_->n_resolved, want_resolved);              \
        } while (0)
