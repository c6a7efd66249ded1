/* Health in the shapes that people's probes expect: /-/healthy and /-/ready as Prometheus, /health, /health/live,
 * /health/ready, /health/startup and /health/detailed as JSON. */
#include "api/api_reply.h"
#include "api/api_status.h"
#include "os/proc.h"

void api_health_healthy(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        buf_lit(&resp->body, "Pharos is Healthy.\n");
}

void api_health_ready(void *self, const HttpRequest *req, HttpResponse *resp)
{
        const ApiContext *ctx = self;
        (void)req;
        if (ctx->ready) {
                buf_lit(&resp->body, "Pharos is Ready.\n");
                return;
        }
        resp->status = 503;
        buf_lit(&resp->body, "Service Unavailable\n");
}

typedef enum Health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_DOWN } Health;
static const char *const HEALTH_NAMES[] = { "healthy", "degraded", "unhealthy" };

typedef struct HealthReport {
        JsonWriter *w;
        Health worst;
} HealthReport;

static void check_begin(HealthReport *r, const char *name, Health health, const char *message)
{
        r->worst = MAX_OF(r->worst, health);
        json_key(r->w, str_of(name));
        json_begin_object(r->w);
        json_key_cstr(r->w, "status", HEALTH_NAMES[health]);
        json_key_cstr(r->w, "message", message);
}

static void check_storage(HealthReport *r, ApiContext *ctx)
{
        TsdbStats s;
        tsdb_stats(ctx->tsdb, &s);
        const char *message = "samples are stored";
        Health health = HEALTH_OK;
        if (s.read_only) {
                health = HEALTH_DOWN;
                message = "samples are refused: the disk is full or failing; free space in the data directory";
        } else if (s.wal_corruptions) {
                health = HEALTH_DEGRADED;
                message = "damaged records were left out at the last start; everything else is served";
        }
        check_begin(r, "storage", health, message);
        json_key_u64(r->w, "series", s.series);
        json_key_u64(r->w, "disk_bytes", s.disk_bytes);
        json_key_u64(r->w, "corrupt_records", s.wal_corruptions);
        json_end_object(r->w);
}

static void check_targets(HealthReport *r, ApiContext *ctx, Arena *arena)
{
        ScrapeStatus s;
        size_t down = 0;
        size_t up = 0;
        scrape_manager_status(ctx->scrape, arena, &s);
        for (size_t i = 0; i < s.n_active; i++) {
                down += s.active[i].health == SCRAPE_DOWN;
                up += s.active[i].health == SCRAPE_UP;
        }
        check_begin(r, "scrape", down ? HEALTH_DEGRADED : HEALTH_OK,
                    down ? "some targets are down" : "no target is down");
        json_key_u64(r->w, "targets_up", up);
        json_key_u64(r->w, "targets_down", down);
        json_key_u64(r->w, "targets", s.n_active);
        json_end_object(r->w);
}

static void check_rules(HealthReport *r, ApiContext *ctx, Arena *arena)
{
        RuleGroupStatus *groups;
        size_t n;
        size_t failing = 0;
        size_t rules = 0;
        size_t firing = 0;
        rules_manager_status(ctx->rules, arena, &groups, &n);
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < groups[i].n; k++) {
                        rules++;
                        failing += groups[i].rules[k].health == RULE_ERR;
                        for (size_t a = 0; a < groups[i].rules[k].n_alerts; a++)
                                firing += groups[i].rules[k].alerts[a].state == ALERT_FIRING;
                }
        }
        check_begin(r, "rules", failing ? HEALTH_DEGRADED : HEALTH_OK,
                    failing ? "some rules fail to evaluate" : "no rule fails");
        json_key_u64(r->w, "rules", rules);
        json_key_u64(r->w, "failing", failing);
        json_key_u64(r->w, "alerts_firing", firing);
        json_end_object(r->w);
}

static void check_config(HealthReport *r, ApiContext *ctx)
{
        bool ok;
        int64_t t_ms;
        ctx->reload_state(ctx->app, &ok, &t_ms);
        check_begin(r, "config", ok ? HEALTH_OK : HEALTH_DEGRADED,
                    ok ? "the configuration file is in force"
                       : "the last reload failed: the configuration before it is in force");
        json_end_object(r->w);
}

static void put_system(JsonWriter *w)
{
        json_key(w, STR("system"));
        json_begin_object(w);
        json_key_u64(w, "rss_bytes", proc_resident_bytes());
        json_key_double(w, "cpu_seconds", proc_cpu_seconds());
        json_key_u64(w, "open_fds", proc_open_fds());
        json_key_u64(w, "cpus", proc_cpus());
        json_end_object(w);
}

static void reply_detailed(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        JsonWriter w;
        Buf checks = { .arena = req->arena };
        HealthReport report = { .w = &w };
        json_writer_init(&w, &checks);
        json_begin_object(&w);
        check_storage(&report, ctx);
        check_targets(&report, ctx, req->arena);
        check_rules(&report, ctx, req->arena);
        check_config(&report, ctx);
        json_end_object(&w);
        json_writer_init(&w, &resp->body);
        json_begin_object(&w);
        json_key_cstr(&w, "status", HEALTH_NAMES[report.worst]);
        json_key_cstr(&w, "version", PHAROS_VERSION);
        json_key_str(&w, "timestamp", api_rfc3339(req->arena, clock_wall_ms(ctx->clock)));
        json_key_double(&w, "uptime_seconds", (double)(clock_wall_ms(ctx->clock) - ctx->start_ms) / 1000);
        json_key(&w, STR("checks"));
        json_raw(&w, buf_str(&checks));
        put_system(&w);
        json_end_object(&w);
        if (report.worst == HEALTH_DOWN)
                resp->status = 503;
}

void api_health_probe(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Str name = req->rest;
        bool ready = ctx->ready;
        JsonWriter w;
        resp->content_type = "application/json";
        if (str_eq(name, STR("/detailed"))) {
                reply_detailed(ctx, req, resp);
                return;
        }
        if (str_eq(name, STR("/metrics"))) {
                api_status_metrics(self, req, resp);
                return;
        }
        bool live = str_eq(name, STR("/live"));
        if (name.n && !live && !str_eq(name, STR("/ready")) && !str_eq(name, STR("/startup"))) {
                resp->status = 404;
                buf_lit(&resp->body,
                        "{\"error\":\"no such probe; there are /health, /health/live, /health/ready, /health/startup, /health/detailed\"}");
                return;
        }
        json_writer_init(&w, &resp->body);
        json_begin_object(&w);
        json_key_cstr(&w, "status", live ? "alive" : ready ? (name.n ? "ready" : "healthy") : "starting");
        json_key_str(&w, "timestamp", api_rfc3339(req->arena, clock_wall_ms(ctx->clock)));
        json_key_double(&w, "uptime_seconds", (double)(clock_wall_ms(ctx->clock) - ctx->start_ms) / 1000);
        json_end_object(&w);
        if (!live && !ready)
                resp->status = 503;
}
