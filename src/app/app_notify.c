/* Works without a running server: the configuration is loaded, the message made and sent here, and what the other side
 * answered is printed. */
#include "app/app_notify.h"

#include <stdio.h>
#include <string.h>

#include "app/app_config.h"
#include "base/duration.h"
#include "net/http_client.h"
#include "os/mutex.h"

enum { DEFAULT_TIMEOUT_MS = 20000 };

static const char USAGE[] =
        "usage: pharos notify test [--config FILE] [--resolved] [--dry-run] [--timeout 20s] [--external-url URL] RECEIVER\n"
        "Sends a made-up group of two alerts to every integration of the receiver, and prints what became of it.\n"
        "  --config FILE   pharos.yml or alertmanager.yml\n"
        "  --resolved      as if the alerts were over\n"
        "  --dry-run       print the messages, send nothing\n"
        "  --timeout D     how long to try each integration\n"
        "Exit 0 when all were delivered, 1 when one was not, 2 when the receiver is not there.\n";

typedef struct Arguments {
        const char *config, *receiver, *external_url;
        bool resolved, dry_run;
        int64_t timeout_ms;
} Arguments;

typedef struct Wait {
        Mutex mu;
        Cond changed;
        bool done;
        DeliveryResult result;
} Wait;

static void on_done(void *arg, const DeliveryResult *result)
{
        Wait *w = arg;
        MUTEX_SCOPE(&w->mu);
        w->result = *result;
        w->done = true;
        mutex_cond_broadcast(&w->changed);
}

static DeliveryResult deliver(Notify *notify, const Notification *n)
{
        Wait w = { 0 };
        mutex_init(&w.mu);
        mutex_cond_init(&w.changed);
        notify_send(notify, n, on_done, &w);
        mutex_lock(&w.mu);
        while (!w.done)
                mutex_cond_wait(&w.changed, &w.mu);
        mutex_unlock(&w.mu);
        mutex_cond_done(&w.changed);
        mutex_done(&w.mu);
        return w.result;
}

static bool print_result(size_t i, const DeliveryResult *r)
{
        if (r->ok && r->attempts)
                printf("integration %zu: delivered, status %d, %u attempt%s\n", i, r->status, r->attempts,
                       r->attempts == 1 ? "" : "s");
        else if (r->ok)
                printf("integration %zu: nothing to send (log, or send_resolved is off)\n", i);
        else
                printf("integration %zu: failed after %u attempt%s: %s\n", i, r->attempts, r->attempts == 1 ? "" : "s",
                       r->err.msg);
        return r->ok;
}

/* ---- --dry-run */

static void print_request(void *arg, const HttpCallOptions *call, HttpAnswer *ret)
{
        (void)arg;
        (void)ret;
        printf("%s " STR_FMT "\n" STR_FMT "\n", call->method, STR_ARG(call->url), STR_ARG(call->body));
}

static void print_mail(void *arg, const SmtpMail *mail)
{
        (void)arg;
        printf("mail to " STR_FMT " port " STR_FMT "\n" STR_FMT "\n", STR_ARG(mail->host), STR_ARG(mail->port),
               STR_ARG(mail->data));
}

static bool show(const NotifyReceivers *receivers, const Notification *n)
{
        NotifyCapture capture = {
                .on_request = print_request, .on_mail = print_mail, .version = STR("0.34.0"), .hide_secrets = true
        };
        Err err;
        printf("integration %zu:\n", n->integration);
        if (notify_capture(receivers, n, &capture, &err))
                return true;
        printf("failed: %s\n", err.msg);
        return false;
}

static int try_all(const AppConfig *config, const Arguments *a, size_t integrations, Notify *notify)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Notification n;
        bool ok = true;
        notify_sample(arena, str_of(a->receiver), a->resolved, &n);
        n.timeout_ms = a->timeout_ms;
        if (a->external_url)
                n.external_url = str_of(a->external_url);
        for (size_t i = 0; i < integrations; i++) {
                n.integration = i;
                if (a->dry_run) {
                        ok &= show(config->receivers, &n);
                } else {
                        DeliveryResult r = deliver(notify, &n);
                        ok &= print_result(i, &r);
                }
        }
        return ok ? 0 : 1;
}

static int send_all(const AppConfig *config, const Arguments *a, size_t integrations)
{
        Loop *loop;
        HttpClient *client;
        Err err;
        if (a->dry_run)
                return try_all(config, a, integrations, NULL);
        if (!loop_new(&loop, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                return 1;
        }
        if (!http_client_new(loop, 0, &client, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                loop_free(loop);
                return 1;
        }
        NotifyOptions options = { .loop = loop, .client = client, .version = STR("0.34.0") };
        Notify *notify = notify_new(&options);
        notify_apply(notify, config->receivers);
        int code = try_all(config, a, integrations, notify);
        notify_free(notify);
        http_client_free(client);
        loop_free(loop);
        return code;
}

/* ---- arguments */

static bool flag_value(int argc, char **argv, int *i, const char *name, const char **ret)
{
        if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc)
                return false;
        *ret = argv[++*i];
        return true;
}

static bool parse(int argc, char **argv, Arguments *ret)
{
        *ret = (Arguments){ .timeout_ms = DEFAULT_TIMEOUT_MS };
        if (argc < 1 || strcmp(argv[0], "test") != 0)
                return false;
        for (int i = 1; i < argc; i++) {
                const char *text = NULL;
                if (strcmp(argv[i], "--resolved") == 0)
                        ret->resolved = true;
                else if (strcmp(argv[i], "--dry-run") == 0)
                        ret->dry_run = true;
                else if (flag_value(argc, argv, &i, "--config", &ret->config) ||
                         flag_value(argc, argv, &i, "--external-url", &ret->external_url))
                        continue;
                else if (flag_value(argc, argv, &i, "--timeout", &text)) {
                        if (!duration_parse(str_of(text), &ret->timeout_ms))
                                return false;
                } else if (argv[i][0] == '-' || ret->receiver)
                        return false;
                else
                        ret->receiver = argv[i];
        }
        return ret->receiver != NULL;
}

int app_notify_run(int argc, char **argv)
{
        Arguments a;
        PromqlFeatures features = promql_features_default();
        if (!parse(argc, argv, &a)) {
                fputs(USAGE, stderr);
                return 2;
        }
        AUTO(arena_free) Arena *arena = arena_new();
        Diags diags;
        Buf text = { .arena = arena };
        diags_init(&diags, arena);
        AppConfig *config = app_config_load(a.config, &features, ALERT_MATCHERS_FALLBACK, &diags);
        diags_print(&text, &diags);
        fwrite(text.p ? text.p : "", 1, text.n, stderr);
        if (!config)
                return 2;
        size_t n = notify_receivers_count(config->receivers, str_of(a.receiver));
        int code = 2;
        if (n)
                code = send_all(config, &a, n);
        else
                fprintf(stderr, "pharos: there is no receiver '%s', or it has no integration%s\n", a.receiver,
                        a.config ? "" : ": name the file that has it with --config FILE");
        app_config_free(config);
        return code;
}
