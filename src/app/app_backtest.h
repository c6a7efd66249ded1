/* app/app_backtest.h - `pharos rules backtest` and POST /api/pharos/v1/rules/backtest: when would rules have fired, and whom
 * would it have reached. */
#pragma once
#include "app/app_config.h"
#include "codec/json.h"
#include "net/http_server.h"
#include "os/clock.h"
#include "promql/promql.h"

/* What a backtest runs over. */
typedef struct AppBacktestBase {
        const Clock *clock; /* NULL: the machine's */
        PromqlEngine *engine;
        StoreEngine *store;  /* only read */
        RulesManager *rules; /* groups of these names run at the same times; may be NULL */
        AlertSender sender;  /* who has how many integrations; send is not called. integrations NULL: one each */
        Str external_url;
        int64_t resend_delay_ms;
        /* The configuration in force; *ret is valid until release. NULL: none, so nobody would have been told. */
        const AppConfig *(*acquire)(void *ctx);
        void (*release)(void *ctx);
        void *ctx;
} AppBacktestBase;

/* files are changed: the times of their groups. Appends a JSON object: start, end, rules with their firings, notifications. */
MUST_CHECK bool app_backtest_json(const AppBacktestBase *base, RuleFile *files, size_t n, int64_t start_ms,
                                  int64_t end_ms, const Cancel *cancel, Buf *out, Err *err);
/* The same for a person at a terminal, from that object. width: columns. */
void app_backtest_plot(const JsonValue *result, size_t width, Buf *out);
/* The handler; self: an AppBacktestBase. The body is a rule file, or there is none and `rule`, `group` and `file` name a rule in force;
 * parameters file, start, end (default: now), since, set. */
void app_backtest_handle(void *self, const HttpRequest *req, HttpResponse *resp);
/* RFC 3339 or seconds since 1970. */
bool app_backtest_parse_time(Str text, int64_t *ret_ms);
/* `pharos rules backtest ...` */
int app_backtest_run(int argc, char **argv);
