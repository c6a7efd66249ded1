/* How: a data folder that no server has open is opened and copied here; one that is in use is copied by its server, who is asked over HTTP.
 *
 * Why the lock decides and not whether something answers at the address: what answers may have another folder. */
#include "app/app_snapshot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api_snapshot.h"
#include "app/app_client.h"
#include "app/app_tool.h"

/* A tool drops nothing: retention is the server's business. */
#define KEEP_ALL_MS (INT64_MAX / 4)

enum { TIMEOUT_MS = 3600 * 1000 };

static const char USAGE[] =
        "usage: pharos tsdb snapshot [--skip-head] [--url URL] DATA\n\n"
        "Copies the data folder DATA as it is at this moment into DATA/snapshots/NAME and prints that path. When a server\n"
        "has the folder open it is asked to do it: at URL, http://127.0.0.1:9090 unless told otherwise.\n";

static int fail(const char *what, const Err *err)
{
        fprintf(stderr, "pharos: %s%s%s\n", what, *what ? ": " : "", err->msg);
        return 1;
}

/* ---- at rest */

static bool copy_at_rest(Tsdb *tsdb, const char *dir, bool skip_head, Arena *arena, Err *err)
{
        AUTO(statedb_close) StateDb *states = NULL;
        const char *path = str_printf(arena, "%s/state.db", dir).p;
        Str name;
        if (access(path, F_OK) == 0 && !statedb_open(path, &states, err))
                return false;
        ApiSnapshot what = { tsdb, states, str_of(dir), clock_wall_ms(clock_system()), skip_head };
        if (!api_snapshot_write(&what, arena, &name, err))
                return false;
        printf("%s/snapshots/" STR_FMT "\n", dir, STR_ARG(name));
        return true;
}

/* ---- through its server */

/* The name that the server gave the copy. */
static bool ask_server(const char *url, bool skip_head, Arena *arena, Str *ret, Err *err)
{
        const JsonValue *data;
        Str body;
        AppClientCall call = { .url = url,
                               .method = "POST",
                               .path = "/api/v1/admin/tsdb/snapshot",
                               .query = skip_head ? STR("?skip_head=true") : STR(""),
                               .timeout_ms = TIMEOUT_MS };
        if (app_client_ask(&call, arena, &data, &body, err)) {
                *ret = json_get_str(data, STR("name"));
                return ret->n || err_set(err, ERR_INVALID, "the answer has no name");
        }
        if (strcmp(err->msg, "admin APIs disabled") != 0)
                return false;
        return err_set(
                err, ERR_INVALID,
                "admin APIs disabled: start the server with --web.enable-admin-api, or stop it and run this again");
}

static int through_server(const char *url, const char *dir, bool skip_head, Arena *arena)
{
        Str name;
        Err err;
        if (!ask_server(url, skip_head, arena, &name, &err)) {
                fprintf(stderr, "pharos: a server has '%s' open, and %s does not make the copy: %s\n", dir, url,
                        err.msg);
                return 1;
        }
        const char *path = str_printf(arena, "%s/snapshots/" STR_FMT, dir, STR_ARG(name)).p;
        if (access(path, F_OK) != 0) {
                fprintf(stderr,
                        "pharos: the server at %s made the copy " STR_FMT
                        " of another folder than '%s': name the right one with --url\n",
                        url, STR_ARG(name), dir);
                return 1;
        }
        puts(path);
        return 0;
}

int app_snapshot_run(int argc, char **argv)
{
        const char *url = APP_CLIENT_URL;
        bool skip_head = false;
        const ToolFlag flags[] = { { "url", TOOL_TEXT, &url },
                                   { "skip-head", TOOL_BOOL, &skip_head },
                                   { NULL, TOOL_BOOL, NULL } };
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        if (argc != 1) {
                fputs(USAGE, stderr);
                return 2;
        }
        AUTO(arena_free) Arena *arena = arena_new();
        const char *metrics = str_printf(arena, "%s/metrics", argv[0]).p;
        TsdbOptions options = { .dir = metrics, .retention_ms = KEEP_ALL_MS, .out_of_order_window_ms = KEEP_ALL_MS };
        AUTO(tsdb_close) Tsdb *tsdb = NULL;
        Err err;
        if (access(str_printf(arena, "%s/FORMAT", metrics).p, F_OK) != 0) {
                fprintf(stderr, "pharos: '%s' is not a data folder of pharos: it has no metrics/FORMAT\n", argv[0]);
                return 1;
        }
        if (!tsdb_open(&options, &tsdb, &err))
                return err.code == ERR_EXISTS ? through_server(url, argv[0], skip_head, arena) : fail("", &err);
        return copy_at_rest(tsdb, argv[0], skip_head, arena, &err) ? 0 : fail("snapshot", &err);
}
