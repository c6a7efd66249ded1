/* ingest/rwrun.h - RwRun: one remote write request on its way into the store, whatever its protocol version: resolves series, appends,
 * decides what a refusal means. */
#pragma once
#include "ingest/refcache.h"
#include "ingest/rwmeta.h"
#include "store/store.h"

enum {
        RWRUN_MAX_LABELS = 512, /* of one series as sent */
        RWRUN_MAX_TOLD = 10,    /* refusals that a partial answer spells out; the others are counted */
};

typedef struct RwRun {
        RefCursor refs;
        Appender *appender;
        Arena *arena;
        RwMeta *meta;
        int64_t now_ms;
        int64_t max_ms; /* later samples are out of bounds */
        bool partial;   /* version 2: what is refused is left out and told, the rest is stored */
        bool limited;   /* a series limit refused something */
        uint64_t n_samples, n_histograms, n_exemplars;
        uint64_t n_refused; /* of a partial run */
        Buf told;           /* in arena: the first refusals, a line each */
} RwRun;

/* The series being written. `read_labels` gives them sorted, without empty values; false: malformed. */
typedef struct RwSeries RwSeries;
struct RwSeries {
        bool (*read_labels)(const RwSeries *s, Arena *arena, Labels *ret);
        const void *message; /* for read_labels */
        Str bytes;
        Hash128 key;
        size_t n_key_bytes; /* 0: key does not name it */
        SeriesRef ref;      /* 0: not known yet */
        Labels labels;      /* empty until needed */
        bool skip;          /* cannot be stored: its other samples are left out without a word */
};

/* Appends one sample or histogram. False: the request fails as a whole, err says why. */
MUST_CHECK bool rwrun_append(RwRun *run, RwSeries *s, const StoreSample *sample, Err *err);
/* Never fails a request: what the store does not take is counted. */
void rwrun_exemplar(RwRun *run, RwSeries *s, const Exemplar *exemplar);
/* Something in the series s makes no sense: ends a request of version 1, is told by one of version 2. */
MUST_CHECK bool rwrun_malformed(RwRun *run, RwSeries *s, const char *what, Err *err);
/* A series that is not stored whatever it holds. */
MUST_CHECK bool rwrun_bad_labels(RwRun *run, RwSeries *s, Err *err);
/* Counts something refused. */
void rwrun_count(const char *reason);
/* Sorts by name. */
void rwrun_sort_labels(Label *pairs, size_t n);
