/* Invariants
 * 1. At most RWMETA_MAX_FAMILIES families and RWMETA_MAX_BYTES are kept, whoever sends.
 * 2. A family's texts are one heap block, replaced as a whole.
 *
 * Why not on disk: senders of version 1 repeat everything every minute, those of version 2 with every sample. */
#include "ingest/rwmeta.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/utf8.h"
#include "os/mutex.h"

METRIC_GAUGE(families_gauge, "pharos_ingest_remote_write_metadata_families",
             "Metric families that remote write has described.");
METRIC_GAUGE(bytes_gauge, "pharos_ingest_remote_write_metadata_bytes", "Bytes of their names and texts.");
METRIC_COUNTER(dropped, "pharos_ingest_remote_write_metadata_dropped_total",
               "Descriptions that were not kept: no room, or not UTF-8, or a name that is too long.");

typedef struct Family {
        char *text; /* owned: name, help, unit; the name is the key */
        uint32_t help_n, unit_n;
        MetricType type;
        int64_t seen_ms;
} Family;

#define MAP_NAME FamilyTable
#define MAP_FN_PREFIX family_table
#define MAP_KEY Str
#define MAP_VAL Family
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

struct RwMeta {
        Mutex mu;
        FamilyTable table GUARDED_BY(&mu);
        size_t bytes GUARDED_BY(&mu);
        int64_t swept_ms GUARDED_BY(&mu); /* when room was last looked for */
};

RwMeta *rwmeta_new(void)
{
        RwMeta *m = mem_new(RwMeta);
        mutex_init(&m->mu);
        MUTEX_SCOPE(&m->mu);
        m->swept_ms = INT64_MIN;
        return m;
}

LOCKS_UNCHECKED void rwmeta_free(RwMeta *m)
{
        if (!m)
                return;
        for (FamilyTableSlot *s = family_table_next(&m->table, NULL); s; s = family_table_next(&m->table, s))
                mem_free(s->val.text);
        family_table_done(&m->table);
        mutex_done(&m->mu);
        mem_free(m);
}

MetricType rwmeta_type(uint64_t number)
{
        static const MetricType TYPES[] = { METRIC_TYPE_UNKNOWN,   METRIC_TYPE_COUNTER,         METRIC_TYPE_GAUGE,
                                            METRIC_TYPE_HISTOGRAM, METRIC_TYPE_GAUGE_HISTOGRAM, METRIC_TYPE_SUMMARY,
                                            METRIC_TYPE_INFO,      METRIC_TYPE_STATESET };
        return number < ARRAY_LEN(TYPES) ? TYPES[number] : METRIC_TYPE_UNKNOWN;
}

Str rwmeta_family(Str series, MetricType type)
{
        static const Str SUFFIXES[] = { STR_INIT("_bucket"), STR_INIT("_sum"), STR_INIT("_count") };
        bool parts = type == METRIC_TYPE_HISTOGRAM || type == METRIC_TYPE_GAUGE_HISTOGRAM ||
                     type == METRIC_TYPE_SUMMARY;
        for (size_t i = 0; parts && i < ARRAY_LEN(SUFFIXES); i++)
                if (str_ends(series, SUFFIXES[i]) && series.n > SUFFIXES[i].n)
                        return str_sub(series, 0, series.n - SUFFIXES[i].n);
        return series;
}

static Str help_of(Str name, const Family *f) { return (Str){ f->text + name.n, f->help_n }; }
static Str unit_of(Str name, const Family *f) { return (Str){ f->text + name.n + f->help_n, f->unit_n }; }
static size_t bytes_of(Str name, const Family *f) { return name.n + f->help_n + f->unit_n + sizeof(FamilyTableSlot); }

/* The longest start of at most RWMETA_MAX_TEXT bytes that ends with a character. */
static Str cut_text(Str s)
{
        if (s.n <= RWMETA_MAX_TEXT)
                return s;
        size_t n = RWMETA_MAX_TEXT;
        while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
                n--;
        return str_sub(s, 0, n);
}

static Family family_new(Str name, const Metadata *meta, int64_t now_ms)
{
        Family f = { .help_n = (uint32_t)meta->help.n,
                     .unit_n = (uint32_t)meta->unit.n,
                     .type = meta->type,
                     .seen_ms = now_ms };
        f.text = mem_alloc(name.n + meta->help.n + meta->unit.n);
        memcpy(f.text, name.p, name.n);
        if (meta->help.n)
                memcpy(f.text + name.n, meta->help.p, meta->help.n);
        if (meta->unit.n)
                memcpy(f.text + name.n + meta->help.n, meta->unit.p, meta->unit.n);
        return f;
}

static void forget(RwMeta *m, Str name, const Family *f) REQUIRES(&m->mu)
{
        char *text = f->text;
        m->bytes -= bytes_of(name, f);
        family_table_remove(&m->table, name); /* name is in text, or the caller's */
        mem_free(text);
}

static bool has_room(const RwMeta *m, size_t more) REQUIRES(&m->mu)
{
        return m->table.len < RWMETA_MAX_FAMILIES && m->bytes + more <= RWMETA_MAX_BYTES;
}

/* What nobody has said for long goes; looked for once a minute at most. */
static void sweep(RwMeta *m, int64_t now_ms) REQUIRES(&m->mu)
{
        if (m->swept_ms != INT64_MIN && now_ms - m->swept_ms < RWMETA_OLD_MS / 60 && now_ms >= m->swept_ms)
                return;
        m->swept_ms = now_ms;
        VEC(Str) old = { 0 };
        for (FamilyTableSlot *s = family_table_next(&m->table, NULL); s; s = family_table_next(&m->table, s))
                if (now_ms - s->val.seen_ms >= RWMETA_OLD_MS)
                        vec_push(&old, s->key);
        vec_each(name, &old)
                forget(m, *name, family_table_get(&m->table, *name));
        vec_done(&old);
}

static void put(RwMeta *m, Str name, const Metadata *meta, int64_t now_ms) REQUIRES(&m->mu)
{
        Family *known = family_table_get(&m->table, name);
        if (known && known->type == meta->type && str_eq(help_of(name, known), meta->help) &&
            str_eq(unit_of(name, known), meta->unit)) {
                known->seen_ms = now_ms;
                return;
        }
        if (known)
                forget(m, name, known);
        Family f = family_new(name, meta, now_ms);
        if (!has_room(m, bytes_of(name, &f)))
                sweep(m, now_ms);
        if (!has_room(m, bytes_of(name, &f))) {
                mem_free(f.text);
                metric_add(dropped, 1);
                return;
        }
        m->bytes += bytes_of(name, &f);
        *family_table_put(&m->table, (Str){ f.text, name.n }, NULL) = f;
}

void rwmeta_note(RwMeta *m, Str family, const Metadata *meta, int64_t now_ms)
{
        Metadata kept = { meta->type, cut_text(meta->help), meta->unit };
        if (family.n == 0 || (kept.type == METRIC_TYPE_UNKNOWN && !kept.help.n && !kept.unit.n))
                return; /* says nothing */
        if (family.n > RWMETA_MAX_NAME || kept.unit.n > RWMETA_MAX_NAME || !utf8_valid(family) ||
            !utf8_valid(kept.help) || !utf8_valid(kept.unit)) {
                metric_add(dropped, 1);
                return;
        }
        MUTEX_SCOPE(&m->mu);
        put(m, family, &kept, now_ms);
        metric_set(families_gauge, m->table.len);
        metric_set(bytes_gauge, m->bytes);
}

static int compare_families(const void *a, const void *b)
{
        return str_cmp(((const IngestMetadata *)a)->metric, ((const IngestMetadata *)b)->metric);
}

void rwmeta_list(RwMeta *m, Str family, Arena *arena, IngestMetadata **ret, size_t *ret_n)
{
        MUTEX_SCOPE(&m->mu);
        IngestMetadata *out = arena_array(arena, IngestMetadata, m->table.len + 1);
        size_t n = 0;
        for (FamilyTableSlot *s = family_table_next(&m->table, NULL); s; s = family_table_next(&m->table, s)) {
                if (family.n && !str_eq(family, s->key))
                        continue;
                out[n++] = (IngestMetadata){ str_dup(arena, s->key),
                                             { s->val.type, str_dup(arena, help_of(s->key, &s->val)),
                                               str_dup(arena, unit_of(s->key, &s->val)) } };
        }
        if (n)
                qsort(out, n, sizeof *out, compare_families);
        *ret = out;
        *ret_n = n;
}
