/* Invariants
 * 1. A folder below snapshots/ without .tmp behind its name is complete and synced.
 * 2. What an earlier one that was cut off left is removed by the next. */
#include "api/api_snapshot.h"

#include <stdatomic.h>

#include "api/api_reply.h"
#include "api/api_status.h"
#include "base/rand.h"
#include "os/file.h"

/* As upstream's: the time of day and 16 random digits. */
static Str make_name(Arena *arena, int64_t now_ms)
{
        Buf name = { .arena = arena };
        Str time = api_rfc3339(arena, now_ms);
        uint64_t number;
        for (size_t i = 0; i < time.n && time.p[i] != '.'; i++)
                if (time.p[i] != '-' && time.p[i] != ':' && time.p[i] != 'Z')
                        buf_char(&name, time.p[i]);
        rand_os_bytes(&number, sizeof number);
        buf_printf(&name, "Z-%016llx", (unsigned long long)number);
        return buf_str(&name);
}

static void remove_leftovers(const Fs *fs, const char *dir, Arena *arena)
{
        Str *names;
        size_t n;
        Err ignored;
        if (!fs->list(fs, dir, arena, &names, &n, &ignored))
                return;
        for (size_t i = 0; i < n; i++)
                if (str_ends(names[i], STR(".tmp")))
                        IGNORE(file_remove_tree(fs, str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(names[i])).p,
                                                &ignored));
}

static bool sync_file(const Fs *fs, const char *path, Err *err)
{
        File *file;
        if (!fs->open(fs, path, FILE_READ_WRITE, &file, err))
                return false;
        bool ok = fs->sync(file, err);
        fs->close(file);
        return ok;
}

static bool copy_stores(const ApiSnapshot *what, const Fs *fs, const char *dir, Arena *arena, Err *err)
{
        const char *state = str_printf(arena, "%s/state.db", dir).p;
        return fs->mkdir_all(fs, dir, err) &&
               tsdb_snapshot(what->tsdb, str_printf(arena, "%s/metrics", dir).p, what->skip_head, err) &&
               (!what->statedb || (statedb_backup(what->statedb, state, err) && sync_file(fs, state, err))) &&
               fs->sync_dir(fs, dir, err);
}

bool api_snapshot_write(const ApiSnapshot *what, Arena *arena, Str *ret_name, Err *err)
{
        const Fs *fs = fs_system();
        Str name = make_name(arena, what->now_ms);
        const char *all = str_printf(arena, STR_FMT "/snapshots", STR_ARG(what->data_dir)).p;
        const char *to = str_printf(arena, "%s/" STR_FMT, all, STR_ARG(name)).p;
        const char *tmp = str_printf(arena, "%s.tmp", to).p;
        if (!fs->mkdir_all(fs, all, err))
                return false;
        remove_leftovers(fs, all, arena);
        if (copy_stores(what, fs, tmp, arena, err) && fs->rename(fs, tmp, to, err) && fs->sync_dir(fs, all, err)) {
                *ret_name = name;
                return true;
        }
        Err ignored;
        IGNORE(file_remove_tree(fs, tmp, &ignored));
        return false;
}

void api_snapshot_make(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        bool skip_head;
        JsonWriter w;
        Err err;
        if (!api_admin_allowed(ctx, resp) || !api_param_bool(req, resp, "skip_head", "", &skip_head))
                return;
        if (atomic_exchange(&ctx->snapshot_runs, true)) {
                api_reply_error(resp, API_UNAVAILABLE, "another snapshot is being made: try again when it is done");
                return;
        }
        ApiSnapshot what = { ctx->tsdb, ctx->statedb, ctx->data_dir, clock_wall_ms(ctx->clock), skip_head };
        Str name = { 0 };
        bool ok = api_snapshot_write(&what, req->arena, &name, &err);
        atomic_store(&ctx->snapshot_runs, false);
        if (!ok) {
                api_reply_error(resp, API_INTERNAL, "create snapshot: %s", err.msg);
                return;
        }
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_str(&w, "name", name);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}
