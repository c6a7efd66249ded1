/* The noise report: which alerts fire how often, for how long, how many pages they make, and whether anybody cares. One row
 * an alert name, from the event log.
 *
 * Invariants:
 * 1. An alert flaps when the same one starts FLAPS times within an hour.
 * 2. Events are read PAGE_EVENTS at a time, newest first, and counted at once: the log is not held up for its writers, and
 *    what is kept is one entry an alert. An acknowledgement belongs to the start before it, which comes after it here. */
#include <stdlib.h>

#include "api/api_alertlog.h"
#include "api/api_reply.h"
#include "base/hash.h"

enum { PAGE_EVENTS = 2000, FLAPS = 3, HOUR_MS = 3600 * 1000 };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

typedef struct NoiseRow {
        Str name;
        uint64_t fired, resolved, pages, acknowledged, flapping;
        int64_t firing_ms; /* of those that resolved */
} NoiseRow;

#define MAP_NAME NoiseMap
#define MAP_FN_PREFIX noise_map
#define MAP_KEY Str
#define MAP_VAL NoiseRow *
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

/* One alert, by fingerprint. */
typedef struct NoiseAlert {
        int64_t starts_ms[FLAPS]; /* the last ones that were seen */
        size_t n_starts;
        uint64_t acknowledged; /* whose start was not seen yet */
        bool flapped;
} NoiseAlert;

#define MAP_NAME NoiseAlerts
#define MAP_FN_PREFIX noise_alerts
#define MAP_KEY Str
#define MAP_VAL NoiseAlert
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef struct Noise {
        Arena *arena;
        NoiseMap rows;
        NoiseAlerts alerts;
} Noise;

static NoiseRow *row_of(Noise *n, const JsonValue *name)
{
        Str text = name && name->kind == JSON_STRING ? name->str : (Str){ 0 };
        NoiseRow **found = noise_map_get(&n->rows, text);
        if (found)
                return *found;
        NoiseRow *row = arena_new_of(n->arena, NoiseRow);
        row->name = str_dup(n->arena, text);
        *noise_map_put(&n->rows, row->name, NULL) = row;
        return row;
}

static NoiseRow *row_of_alert(Noise *n, const JsonValue *detail)
{
        return row_of(n, json_get(json_get(detail, STR("labels")), STR("alertname")));
}

static NoiseAlert *alert_of(Noise *n, Str fingerprint)
{
        NoiseAlert *a = noise_alerts_get(&n->alerts, fingerprint);
        return a ? a : noise_alerts_put(&n->alerts, str_dup(n->arena, fingerprint), NULL);
}

static void add_start(Noise *n, const StateDbEvent *e, const JsonValue *detail)
{
        NoiseAlert *a = alert_of(n, e->subject);
        NoiseRow *row = row_of_alert(n, detail);
        row->fired++;
        row->acknowledged += a->acknowledged;
        a->acknowledged = 0;
        a->starts_ms[a->n_starts++ % FLAPS] = e->t_ms;
        if (a->n_starts >= FLAPS && !a->flapped && a->starts_ms[a->n_starts % FLAPS] - e->t_ms <= HOUR_MS) {
                a->flapped = true;
                row->flapping++;
        }
}

/* Events come newest first. What is read of them lives in scratch. */
static void add_event(Noise *n, const StateDbEvent *e, Arena *scratch)
{
        JsonValue *detail;
        Err err;
        bool started = str_eq(e->kind, STR("started"));
        bool resolved = str_eq(e->kind, STR("resolved"));
        if (str_eq(e->kind, STR("acknowledged")))
                alert_of(n, e->subject)->acknowledged++;
        if ((!started && !resolved && !str_eq(e->kind, STR("sent"))) || !json_parse(e->detail, scratch, &detail, &err))
                return;
        if (started) {
                add_start(n, e, detail);
        } else if (resolved) {
                NoiseRow *row = row_of_alert(n, detail);
                row->resolved++;
                row->firing_ms += e->t_ms - json_get_i64(detail, STR("starts_at_ms"));
        } else if (str_eq(json_get_str(detail, STR("status")), STR("firing"))) {
                row_of(n, json_get(detail, STR("alertname")))->pages++;
        }
}

static bool add_all(Noise *n, StateDb *db, StateDbEventQuery *query, Err *err)
{
        AUTO(arena_free) Arena *page = arena_new();
        for (;; arena_reset(page)) {
                StateDbEvent *events;
                size_t n_events;
                if (!statedb_events(db, query, page, &events, &n_events, err))
                        return false;
                for (size_t i = 0; i < n_events; i++)
                        add_event(n, &events[i], page);
                if (n_events < PAGE_EVENTS)
                        return true;
                query->before_id = events[n_events - 1].id;
        }
}

static int by_pages(const void *pa, const void *pb)
{
        const NoiseRow *a = *(NoiseRow *const *)pa;
        const NoiseRow *b = *(NoiseRow *const *)pb;
        if (a->pages != b->pages)
                return a->pages > b->pages ? -1 : 1;
        if (a->fired != b->fired)
                return a->fired > b->fired ? -1 : 1;
        return str_cmp(a->name, b->name);
}

static void put_row(JsonWriter *w, const NoiseRow *r, double weeks)
{
        json_begin_object(w);
        json_key_str(w, "alertname", r->name);
        json_key_u64(w, "fired", r->fired);
        json_key_u64(w, "resolved", r->resolved);
        json_key_double(w, "meanSecondsToResolve", r->resolved ? (double)r->firing_ms / 1000 / (double)r->resolved : 0);
        json_key_u64(w, "pages", r->pages);
        json_key_double(w, "pagesPerWeek", (double)r->pages / weeks);
        json_key_u64(w, "acknowledged", r->acknowledged);
        json_key_bool(w, "neverAcknowledged", r->pages > 0 && !r->acknowledged);
        json_key_u64(w, "flapping", r->flapping);
        json_end_object(w);
}

void api_alertlog_noise(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        int64_t now_ms = clock_wall_ms(ctx->clock);
        StateDbEventQuery query = { .limit = PAGE_EVENTS };
        Err err;
        JsonWriter w;
        if (!api_param_time(req, resp, "start", now_ms - 7 * DAY_MS, &query.from_ms) ||
            !api_param_time(req, resp, "end", now_ms, &query.to_ms))
                return;
        if (query.to_ms <= query.from_ms) {
                api_reply_bad_param(resp, "end", "it is not behind start");
                return;
        }
        Noise noise = { .arena = req->arena, .rows.arena = req->arena, .alerts.arena = req->arena };
        if (!add_all(&noise, ctx->statedb, &query, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        NoiseRow **rows = arena_array(req->arena, NoiseRow *, noise.rows.len);
        size_t n_rows = 0;
        for (NoiseMapSlot *s = noise_map_next(&noise.rows, NULL); s; s = noise_map_next(&noise.rows, s))
                rows[n_rows++] = s->val;
        if (n_rows > 1)
                qsort(rows, n_rows, sizeof *rows, by_pages);
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_str(&w, "start", api_rfc3339(req->arena, query.from_ms));
        json_key_str(&w, "end", api_rfc3339(req->arena, query.to_ms));
        json_key_bool(&w, "complete", true);
        json_key(&w, STR("rules"));
        json_begin_array(&w);
        for (size_t i = 0; i < n_rows; i++)
                put_row(&w, rows[i], (double)(query.to_ms - query.from_ms) / (double)(7 * DAY_MS));
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}
