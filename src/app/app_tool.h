/* app/app_tool.h - what the commands that work on data directories share: flags, times, selectors, opening stores, progress. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "interop/promdir.h"
#include "store/store.h"
#include "tsdb/tsdb.h"

/* One flag of a command; the last of a table has name NULL. Written as --name VALUE or --name=VALUE. */
typedef struct ToolFlag {
        const char *name;
        enum { TOOL_TEXT, TOOL_BOOL, TOOL_LIST } kind;
        void *field; /* const char *, bool, ToolList */
} ToolFlag;
typedef struct ToolList {
        const char *items[64];
        size_t n;
} ToolList;

/* Reads flags; the other words stay in argv, *argc of them, in order. False: said why on stderr. */
bool app_tool_flags(int *argc, char **argv, const ToolFlag *flags);
/* RFC 3339 or seconds since 1970; NULL: fallback. False: said why. */
bool app_tool_time(const char *text, int64_t fallback_ms, int64_t *ret_ms);
/* A selector like {job="x"}; NULL: everything. False: said why. */
bool app_tool_matchers(const char *selector, Arena *arena, Matchers *ret);

/* A store that was opened by its directory: pharos' (DIR or DIR/metrics) or Prometheus'. One of the two is not NULL. */
typedef struct ToolStore {
        Tsdb *tsdb;
        PromDir *prom;
        StoreEngine *engine;    /* borrowed from them */
        int64_t min_ms, max_ms; /* of the data; min > max when there is none */
} ToolStore;

/* create: makes a new pharos store when dir has none. False: said why. */
bool app_tool_open(const char *dir, bool create, ToolStore *ret);
/* Says what was damaged on stderr; true when nothing was. */
bool app_tool_close(ToolStore *store);

/* A line that is drawn over, when stderr is a terminal: call it as often as you like. *last_ms, 0 at first, is when it was drawn. */
void app_tool_progress(int64_t *last_ms, const char *what, double done, uint64_t samples);
void app_tool_progress_end(void);
