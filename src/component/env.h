/* component/env.h - Env: everything that a component may touch besides its own options. Nothing else is reachable: no
 * globals, no singletons, so a test passes fakes.
 *
 * Capabilities are borrowed and outlive every component opened with them. A member that a component needs and finds
 * NULL is an error of its open(): component_need names it. */
#pragma once

struct Clock;
struct Fs;
struct Loop;
struct Pool;
struct HttpClient;
struct StoreEngine;
struct StateDb;

typedef struct Env {
        const struct Clock *clock;      /* os/clock.h */
        const struct Fs *fs;            /* os/file.h */
        struct Loop *loop;              /* net/loop.h: never block it */
        struct Pool *pool;              /* sync/pool.h: where work goes that takes time */
        struct HttpClient *http_client; /* net/http_client.h */
        struct StoreEngine *store;      /* store/store.h */
        struct StateDb *statedb;        /* statedb/statedb.h */
} Env;
