/* tests/unit/collect/hosttree.h - a small /proc and /sys of our own, and what the collectors make of it. */
#pragma once
#include <sys/stat.h>
#include <unistd.h>

#include "collect/collect.h"
#include "testing.h"

typedef struct HostTree {
        char dir[32];
        Arena *arena;
        CollectHostOptions options;
        CollectHost *host;
        ManualClock clock;
        Buf out;
} HostTree;

/* A file below the folder; the folders above it are made. */
static inline void tree_put(HostTree *t, const char *path, const char *content)
{
        Err err = { 0 };
        Str full = str_printf(t->arena, "%s/%s", t->dir, path);
        Str folder = str_sub(full, 0, str_rfind_char(full, '/'));
        assert_ok(fs_system()->mkdir_all(fs_system(), str_dupz(t->arena, folder), &err), err);
        FILE *f = fopen(full.p, "wb");
        assert_non_null(f);
        fwrite(content, 1, strlen(content), f);
        assert_int_equal(fclose(f), 0);
}

static inline void tree_link(HostTree *t, const char *path, const char *target)
{
        tree_put(t, path, "");
        Str full = str_printf(t->arena, "%s/%s", t->dir, path);
        assert_int_equal(unlink(full.p), 0);
        assert_int_equal(symlink(target, full.p), 0);
}

static inline void tree_init(HostTree *t)
{
        *t = (HostTree){ .dir = "/tmp/pharos-host-XXXXXX", .arena = arena_new() };
        assert_non_null(mkdtemp(t->dir));
        clock_manual_init(&t->clock, 1700000000000);
        option_defaults(&collect_host_table, &t->options, t->arena);
        t->options.procfs = str_printf(t->arena, "%s/proc", t->dir);
        t->options.sysfs = str_printf(t->arena, "%s/sys", t->dir);
        t->options.udev = str_printf(t->arena, "%s/udev", t->dir);
        t->options.rootfs = str_printf(t->arena, "%s/root", t->dir);
}

/* One gather; the same CollectHost every time. */
static inline const char *tree_gather(HostTree *t)
{
        Err err = { 0 };
        if (!t->host)
                assert_ok(collect_host_new(&t->options, fs_system(), &t->clock.clock, &t->host, &err), err);
        buf_clear(&t->out);
        assert_ok(collect_host_gather(t->host, &t->out, &err), err);
        return buf_cstr(&t->out);
}

static inline void tree_done(HostTree *t)
{
        Err err = { 0 };
        collect_host_free(t->host);
        buf_done(&t->out);
        assert_ok(file_remove_tree(fs_system(), t->dir, &err), err);
        arena_free(t->arena);
}

/* A whole line of the exposition. */
static inline bool tree_has(const HostTree *t, const char *line)
{
        Str rest = buf_str(&t->out);
        for (Str part; str_split_next(&rest, '\n', &part);)
                if (str_eq(part, str_of(line)))
                        return true;
        return false;
}
#define assert_line(t, line)                                                           \
        do {                                                                           \
                if (!tree_has((t), (line)))                                            \
                        fail_msg("no line '%s' in:\n%s", (line), buf_cstr(&(t)->out)); \
        } while (0)
#define assert_no_text(t, text)                                                   \
        do {                                                                      \
                if (strstr(buf_cstr(&(t)->out), (text)))                          \
                        fail_msg("'%s' is in:\n%s", (text), buf_cstr(&(t)->out)); \
        } while (0)
#define assert_success(t, name, yes) assert_line((t), "node_scrape_collector_success{collector=\"" name "\"} " yes)
