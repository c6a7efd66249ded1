/* ingest/rwmeta.h - RwMeta: what senders say of metric families: type, help, unit. In memory alone: senders say it again and again.
 * Thread-safe. */
#pragma once
#include "ingest/ingest.h"

enum {
        RWMETA_MAX_FAMILIES = 50000,
        RWMETA_MAX_BYTES = 16 << 20,    /* of all names and texts */
        RWMETA_MAX_TEXT = 4096,         /* of a help; what is longer is cut */
        RWMETA_MAX_NAME = 1024,         /* of a name or a unit; what is longer is left out */
        RWMETA_OLD_MS = 60 * 60 * 1000, /* not said for so long: gives way when there is no room */
};

typedef struct RwMeta RwMeta;
RwMeta *rwmeta_new(void);
void rwmeta_free(RwMeta *m);
/* The newest word counts. What there is no room for is counted. */
void rwmeta_note(RwMeta *m, Str family, const Metadata *meta, int64_t now_ms);
/* The family that a series of this type belongs to: without _bucket, _sum, _count of histograms and summaries. */
Str rwmeta_family(Str series, MetricType type);
/* The type of the messages' enumerations, which both versions share. */
MetricType rwmeta_type(uint64_t number);
/* As ingest_remote_write_metadata. */
void rwmeta_list(RwMeta *m, Str family, Arena *arena, IngestMetadata **ret, size_t *ret_n);
