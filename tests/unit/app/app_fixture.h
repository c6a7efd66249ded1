/* A folder with files, and configurations loaded from it. */
#pragma once
#include "testing.h"

#include <ftw.h>
#include <unistd.h>

#include "app/app_config.h"
#include "base/log.h"

typedef struct Fixture {
        Arena *arena;
        char dir[40];
        Diags diags;
} Fixture;

static inline Fixture *fixture_new(void)
{
        Fixture *f = calloc(1, sizeof *f);
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        f->arena = arena_new();
        strcpy(f->dir, "/tmp/pharos-app-XXXXXX");
        assert_non_null(mkdtemp(f->dir));
        diags_init(&f->diags, f->arena);
        return f;
}

static inline int fixture_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
        (void)st;
        (void)flag;
        (void)ftw;
        return remove(path);
}

static inline void fixture_free(Fixture *f)
{
        nftw(f->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
        arena_free(f->arena);
        free(f);
}

static inline const char *fixture_file(Fixture *f, const char *name, const char *text)
{
        const char *path = str_printf(f->arena, "%s/%s", f->dir, name).p;
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
        return path;
}

static inline AppConfig *fixture_load(Fixture *f, const char *path)
{
        PromqlFeatures features = promql_features_default();
        diags_init(&f->diags, f->arena);
        return app_config_load(path, &features, ALERT_MATCHERS_FALLBACK, &f->diags);
}

static inline bool fixture_check(Fixture *f, const char *path, Str *ret_kind)
{
        RulesDialect dialect = { .features = promql_features_default(), .fragments = true };
        diags_init(&f->diags, f->arena);
        return app_config_check_file(path, &dialect, ALERT_MATCHERS_FALLBACK, false, &f->diags, ret_kind, NULL);
}

static inline bool fixture_said(const Fixture *f, const char *file, unsigned line, const char *text)
{
        for (size_t i = 0; i < f->diags.list.len; i++) {
                const Diag *d = &f->diags.list.data[i];
                if (str_ends(d->file, str_of(file)) && (!line || d->pos.line == line) &&
                    str_find(d->message, str_of(text)) != SIZE_MAX)
                        return true;
        }
        return false;
}
