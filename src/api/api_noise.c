/* The noise report: which alerts fire how often, for how long, how many pages they make, and whether anybody cares. One row
 * an alert name, from the event log.
 *
 * An alert flaps when the same one starts FLAPS times within an hour. */
#include <stdlib.h>

#include "api/api_alertlog.h"
#include "api/api_reply.h"
#include "base/hash.h"

enum { MOST_EVENTS = 200000, FLAPS = 3, HOUR_MS = 3600 * 1000 };
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
        NoiseRow *row;
        int64_t starts_ms[FLAPS]; /* its last starts */
        size_t n_starts;
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

static NoiseRow *row_of(Noise *n, Str name)
{
        NoiseRow **row = noise_map_put(&n->rows, name, NULL);
        if (!*row) {
                *row = arena_new_of(n->arena, NoiseRow);
                (*row)->name = name;
        }
        return *row;
}

static void add_start(Noise *n, const StateDbEvent *e, const JsonValue *detail)
{
        NoiseAlert *a = noise_alerts_put(&n->alerts, e->subject, NULL);
        a->row = row_of(n, json_get_str(json_get(detail, STR("labels")), STR("alertname")));
        a->row->fired++;
        a->starts_ms[a->n_starts++ % FLAPS] = e->t_ms;
        if (a->n_starts >= FLAPS && !a->flapped && e->t_ms - a->starts_ms[a->n_starts % FLAPS] <= HOUR_MS) {
                a->flapped = true;
                a->row->flapping++;
        }
}

/* Events come oldest first. */
static void add_event(Noise *n, const StateDbEvent *e)
{
        JsonValue *detail;
        Err err;
        if (!json_parse(e->detail, n->arena, &detail, &err))
                return;
        if (str_eq(e->kind, STR("started"))) {
                add_start(n, e, detail);
        } else if (str_eq(e->kind, STR("resolved"))) {
                NoiseRow *row = row_of(n, json_get_str(json_get(detail, STR("labels")), STR("alertname")));
                row->resolved++;
                row->firing_ms += e->t_ms - json_get_i64(detail, STR("starts_at_ms"));
        } else if (str_eq(e->kind, STR("sent"))) {
                if (str_eq(json_get_str(detail, STR("status")), STR("firing")))
                        row_of(n, json_get_str(detail, STR("alertname")))->pages++;
        } else if (str_eq(e->kind, STR("acknowledged"))) {
                NoiseAlert *a = noise_alerts_get(&n->alerts, e->subject);
                if (a)
                        a->row->acknowledged++;
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
        StateDbEventQuery query = { .limit = MOST_EVENTS };
        StateDbEvent *events;
        size_t n;
        Err err;
        JsonWriter w;
        if (!api_param_time(req, resp, "start", now_ms - 7 * DAY_MS, &query.from_ms) ||
            !api_param_time(req, resp, "end", now_ms, &query.to_ms))
                return;
        if (query.to_ms <= query.from_ms) {
                api_reply_error(resp, API_BAD_DATA, "invalid parameter \"end\": it is not behind start");
                return;
        }
        if (!statedb_events(ctx->statedb, &query, req->arena, &events, &n, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        Noise noise = { .arena = req->arena, .rows.arena = req->arena, .alerts.arena = req->arena };
        for (size_t i = n; i-- > 0;)
                add_event(&noise, &events[i]);
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
        json_key_bool(&w, "complete", n < MOST_EVENTS);
        json_key(&w, STR("rules"));
        json_begin_array(&w);
        for (size_t i = 0; i < n_rows; i++)
                put_row(&w, rows[i], (double)(query.to_ms - query.from_ms) / (double)(7 * DAY_MS));
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}
