/* The program: one command a word. Each command is one row here. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app_alerts.h"
#include "app/app_backtest.h"
#include "app/app_check.h"
#include "app/app_config.h"
#include "app/app_export.h"
#include "app/app_expr.h"
#include "app/app_flags.h"
#include "app/app_import.h"
#include "app/app_notify.h"
#include "app/app_query.h"
#include "app/app_serve.h"
#include "app/app_test_rules.h"
#include "app/app_tsdb.h"
#include "base/attr.h"

static int run_help(int argc, char **argv);

static int run_version(int argc, char **argv)
{
        (void)argc;
        (void)argv;
        printf("pharos %s\n", PHAROS_VERSION);
        return 0;
}

static const struct Command {
        const char *name, *args, *help;
        int (*run)(int argc, char **argv);
} COMMANDS[] = {
        { "serve", "[FLAGS]", "collect, store, query, watch and tell; without --config it watches this machine",
          app_serve_run },
        { "check", "[--lint | --lint-fatal] [--json] FILE...",
          "check configurations and rule files; file:line:col: message, exit 1 on errors", app_check_run },
        { "test", "rules [--run REGEX] [--diff] [--junit FILE] FILE...",
          "run unit tests of rules, in promtool's format", app_test_rules_run },
        { "query", "[--url URL] [--format plain|table|csv|json|plot] [--explain] [--start T --end T --step D] EXPR",
          "ask a running server", app_query_run },
        { "format", "EXPR", "an expression, neatly; - reads standard input", app_expr_format_run },
        { "lint", "[--alert] EXPR...", "what is legal in an expression but most likely not meant", app_expr_lint_run },
        { "rules", "backtest [--url URL | --data DIR [--config FILE]] [--since 30d] [--set NAME=VALUE] FILE",
          "when the rules of a file would have fired, and how many would have been told", app_backtest_run },
        { "notify", "test [--config FILE] [--resolved] [--dry-run] RECEIVER",
          "send a sample group of alerts to a receiver, and print what became of it", app_notify_run },
        { "explain", "alert [--url URL] [--json] FINGERPRINT | ALERTNAME | LABEL=VALUE...",
          "why is an alert told, or not: rule, route, group, silences, inhibition, intervals, what was sent",
          app_alerts_explain_run },
        { "alerts", "ack|unack [--by NAME] [--comment TEXT] [--for 2h] WHICH | acks | history [WHICH] | noise",
          "say that somebody has seen an alert; what became of alerts; which ones make noise", app_alerts_run },
        { "series", "[--url URL] MATCH...", "list series of a running server", app_query_series_run },
        { "labels", "[--url URL] [NAME]", "list label names, or values of one", app_query_labels_run },
        { "import", "[--from prometheus|openmetrics|jsonl|csv] [--data DATA | --url URL] DIR|FILE...",
          "take over the samples of another system", app_import_run },
        { "export", "[--to openmetrics|jsonl|csv|blocks] [--data DATA] [--output OUT]", "samples for other systems",
          app_export_run },
        { "tsdb", "list|analyze|verify|dump|repair|snapshot DIR",
          "look into a data folder that no server has open, or copy one", app_tsdb_run },
        { "version", "", "print the version", run_version },
        { "help", "[COMMAND | config]", "this text, one command (of serve all flags), or the reference of all options",
          run_help },
};

static void print_command(FILE *to, const struct Command *c)
{
        fprintf(to, "  pharos %s %s\n      %s\n", c->name, c->args, c->help);
}

static void print_usage(FILE *to)
{
        fprintf(to, "pharos %s: metrics, rules, alerts and their pages in one program\n\n", PHAROS_VERSION);
        for (size_t i = 0; i < ARRAY_LEN(COMMANDS); i++)
                print_command(to, &COMMANDS[i]);
}

static bool is_help(const char *word) { return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0; }

static bool has_usage(const struct Command *c)
{
        return c->run == app_check_run || c->run == app_tsdb_run || c->run == app_backtest_run ||
               c->run == app_notify_run;
}

/* `pharos COMMAND ... --help`. Some have more to say than their row, and say it themselves. */
static bool shows_help(const struct Command *c, int argc, char **argv)
{
        static char serve[] = "serve";
        if (argc < 3 || !is_help(argv[argc - 1]) || has_usage(c))
                return false;
        if (c->run == app_serve_run)
                run_help(1, (char *[]){ serve });
        else
                print_command(stdout, c);
        return true;
}

static const struct Command *find_command(const char *name)
{
        for (size_t i = 0; i < ARRAY_LEN(COMMANDS); i++)
                if (strcmp(name, COMMANDS[i].name) == 0)
                        return &COMMANDS[i];
        return NULL;
}

static int no_such_command(const char *name)
{
        fprintf(stderr, "pharos: no such command: %s\n\n", name);
        print_usage(stderr);
        return 2;
}

/* Help that was asked for is no error, whoever prints it. */
static int run_command(const struct Command *c, int argc, char **argv)
{
        if (shows_help(c, argc, argv))
                return 0;
        bool asked = argc > 2 && is_help(argv[argc - 1]);
        if (asked)
                dup2(STDOUT_FILENO, STDERR_FILENO);
        int status = c->run(argc > 2 ? argc - 2 : 0, argv + (argc > 2 ? 2 : argc));
        return asked && status == 2 ? 0 : status;
}

/* `pharos help COMMAND` says what `pharos COMMAND --help` says. */
static int help_on(char *name)
{
        static char help[] = "--help";
        const struct Command *c = find_command(name);
        return c ? run_command(c, 3, (char *[]){ NULL, name, help }) : no_such_command(name);
}

static int run_help(int argc, char **argv)
{
        AUTO(buf_done) Buf text = { 0 };
        if (argc == 0)
                print_usage(stdout);
        else if (strcmp(argv[0], "serve") == 0)
                app_flags_help(&text);
        else if (strcmp(argv[0], "config") == 0)
                app_config_document(&text);
        else
                return help_on(argv[0]);
        fwrite(text.p ? text.p : "", 1, text.n, stdout);
        return 0;
}

int main(int argc, char **argv)
{
        const char *name = argc > 1 ? argv[1] : "help";
        if (strcmp(name, "--version") == 0 || is_help(name))
                name = is_help(name) ? "help" : "version";
        /* Unit files of Prometheus and Alertmanager start the program with flags alone. */
        if (name[0] == '-')
                return app_serve_run(argc - 1, argv + 1);
        const struct Command *c = find_command(name);
        return c ? run_command(c, argc, argv) : no_such_command(name);
}
