/* Invariants
 * 1. A source goes only after the manifest names the part that has its samples; a chunk file only when a checkpoint covers it, so that the
 *    log is not read twice.
 * 2. Readers find every sample at every moment: the part is in its list before a chunk file leaves its own.
 * 3. Of equal times the sample that was stored first stays, as at reading: sources are read in the order of their age.
 * 4. Memory: the samples of one series, one entry of 16 bytes for each series of the head, and what a PartWriter needs.
 *
 * Why stretches of time that grow fourfold: every sample is written at most once for each length, the number of parts stays
 * logarithmic, and retention can drop whole parts. Late data makes small parts of its own, which wait until they are worth it. */
#include "tsdb/compact.h"

#include <stdlib.h>

#include "base/metric.h"
#include "part/partwrite.h"
#include "store/labelcheck.h"
#include "tsdb/cold.h"
#include "tsdb/keep.h"
#include "tsdb/rollup.h"

METRIC_COUNTER(parts_written, "pharos_tsdb_parts_written_total", "Parts written by flushes and merges.");
METRIC_COUNTER(samples_written, "pharos_tsdb_part_samples_written_total",
               "Samples written into parts, merges included.");
METRIC_COUNTER(orphans, "pharos_tsdb_orphaned_series_total",
               "Series left out of a part because their labels are unknown: damage, or older than the retention.");
METRIC_COUNTER(failures, "pharos_tsdb_compaction_failures_total",
               "Flushes and merges that failed and will be tried again.");

typedef struct Source {
        Part *part; /* one of both; referenced */
        ChunkFile *file;
        uint64_t next; /* least series that is not done */
        bool more;
} Source;

typedef struct KnownSeries {
        uint64_t sid;
        uint32_t slot;
} KnownSeries;

/* A part, and how many of the retentions were over for all of it when its series were counted. */
typedef struct CountedPart {
        uint32_t id;
        unsigned expired;
} CountedPart;

struct Compact {
        Tsdb *db;
        PartWriter *writer; /* NULL: no job */
        uint32_t id;
        VEC(Source) sources;
        VEC(KnownSeries) known; /* sorted by sid */
        Column column;
        Arena *arena;
        int64_t now_ms; /* when the job began */
        int64_t min_ms; /* older samples are left out, of any series */
        bool settling;  /* merge what lies side by side, so that a database at rest is few parts */
        bool counting;  /* the job: how much of its one source, a part, is of series whose retention is over? */
        uint64_t counted, gone;
        VEC(CountedPart) parts_counted;
        int64_t retry_ms;
        uint64_t damaged;
};

Compact *compact_new(Tsdb *db)
{
        Compact *c = mem_new(Compact);
        c->db = db;
        c->arena = arena_new();
        c->retry_ms = INT64_MIN;
        return c;
}

static void end_job(Compact *c)
{
        vec_each(s, &c->sources)
                snapshot_unref(s->part ? part_snapshot(s->part) : chunkfile_snapshot(s->file));
        vec_done(&c->sources);
        vec_done(&c->known);
        column_done(&c->column);
        arena_reset(c->arena);
        partwrite_abort(c->writer);
        c->writer = NULL;
        c->counting = false;
}

void compact_free(Compact *c)
{
        if (!c)
                return;
        end_job(c);
        vec_done(&c->parts_counted);
        arena_free(c->arena);
        mem_free(c);
}

/* ---- which series there are */

static int compare_known(const void *a, const void *b)
{
        const KnownSeries *x = a, *y = b;
        return (x->sid > y->sid) - (x->sid < y->sid);
}

static void collect_known(Compact *c)
{
        Catalog *catalog = c->db->catalog;
        vec_clear(&c->known);
        pthread_rwlock_rdlock(&catalog->lock);
        uint32_t n = catalog_slots(catalog);
        for (uint32_t slot = 0; slot < n; slot++) {
                const Series *s = catalog_at(catalog, slot);
                if (__atomic_load_n(&s->live, __ATOMIC_ACQUIRE))
                        vec_push(&c->known, (KnownSeries){ s->sid, slot });
        }
        pthread_rwlock_unlock(&catalog->lock);
        bool sorted = true;
        for (size_t i = 1; i < c->known.len && sorted; i++)
                sorted = c->known.data[i - 1].sid < c->known.data[i].sid;
        if (!sorted)
                qsort(c->known.data, c->known.len, sizeof(KnownSeries), compare_known);
}

/* From the head, or from a part that is being merged. */
static bool find_labels(Compact *c, uint64_t sid, Labels *ret)
{
        Catalog *catalog = c->db->catalog;
        const KnownSeries *known = c->known.len ? bsearch(&(KnownSeries){ .sid = sid }, c->known.data, c->known.len,
                                                          sizeof *known, compare_known)
                                                : NULL;
        if (known) {
                Label pairs[LABELCHECK_MAX_LABELS];
                pthread_rwlock_rdlock(&catalog->lock);
                const Series *s = catalog_at(catalog, known->slot);
                bool same = s->live && s->sid == sid;
                if (same)
                        *ret = labels_dup(c->arena, catalog_labels(catalog, s, pairs));
                pthread_rwlock_unlock(&catalog->lock);
                if (same)
                        return true;
        }
        if (cold_labels(c->db, sid, c->arena, ret))
                return true;
        vec_each(s, &c->sources)
                if (s->part && part_labels(s->part, sid, c->arena, ret))
                        return true;
        return false;
}

/* ---- one job */

static bool begin_job(Compact *c, uint32_t level, int64_t now_ms, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        Tsdb *db = c->db;
        c->id = partset_new_id(db->parts);
        c->damaged = 0;
        c->now_ms = now_ms;
        c->min_ms = rollup_keep_from(db->rollup, now_ms, keep_longest_ms(db->keep));
        partset_path(db->parts, c->id, &path);
        if (!partwrite_begin(db->fs, path.p, c->id, level, &c->writer, err))
                return false;
        collect_known(c);
        return true;
}

static void add_file(Compact *c, ChunkFile *f)
{
        snapshot_ref(chunkfile_snapshot(f));
        vec_push(&c->sources, (Source){ .file = f, .more = true });
}

static void add_part(Compact *c, Part *p)
{
        snapshot_ref(part_snapshot(p));
        vec_push(&c->sources, (Source){ .part = p, .more = true });
}

static int compare_sources(const void *a, const void *b)
{
        const Source *x = a, *y = b;
        if (!x->part != !y->part)
                return x->part ? -1 : 1;
        uint32_t i = x->part ? part_info(x->part).id : chunkfile_id(x->file);
        uint32_t k = y->part ? part_info(y->part).id : chunkfile_id(y->file);
        return (i > k) - (i < k);
}

/* The least series that is not done. */
static bool next_series(Compact *c, uint64_t *ret)
{
        bool found = false;
        uint64_t least = UINT64_MAX;
        vec_each(s, &c->sources) {
                uint64_t sid;
                if (s->more)
                        s->more = s->part ? part_next_series(s->part, s->next, &sid)
                                          : chunkfile_next_series(s->file, s->next, &sid);
                if (!s->more)
                        continue;
                s->next = sid;
                found = true;
                least = MIN_OF(least, sid);
        }
        *ret = least;
        return found;
}

static bool read_series(Compact *c, uint64_t sid, Err *err)
{
        column_clear(&c->column);
        vec_each(s, &c->sources) {
                if (!s->more || s->next != sid)
                        continue;
                s->more = sid != UINT64_MAX;
                s->next = sid + 1;
                if (s->part)
                        part_read(s->part, sid, c->min_ms, INT64_MAX, &c->column, &c->damaged);
                else if (!chunkfile_read(s->file, sid, c->min_ms, INT64_MAX, &c->column, &c->damaged, err))
                        return false;
        }
        column_make_rising(&c->column, 0);
        tombstones_apply(c->db->tombstones, sid, &c->column, 0);
        return true;
}

/* What stays on the disk stays in the manifest, and is removed at the next start. */
static void remove_replaced(Tsdb *db, ChunkFile *const *files, size_t n)
{
        AUTO(buf_done) Buf dir = { 0 };
        Err ignored;
        size_t n_numbers;
        IGNORE(chunkset_remove(db->chunks, files, n, &ignored));
        const uint32_t *numbers = partset_replaced(db->parts, &n_numbers);
        buf_printf(&dir, "%s/chunks", db->dir);
        if (chunkset_remove_numbers(db->fs, buf_cstr(&dir), numbers, n_numbers, &ignored))
                partset_settle(db->parts);
}

static bool finish_job(Compact *c, Err *err)
{
        Tsdb *db = c->db;
        PartWriter *writer = c->writer;
        uint64_t samples = partwrite_samples(writer);
        c->writer = NULL;
        if (samples == 0)
                partwrite_abort(writer);
        else if (!partwrite_commit(writer, err))
                return false;
        Part **parts = arena_array(c->arena, Part *, c->sources.len);
        ChunkFile **files = arena_array(c->arena, ChunkFile *, c->sources.len);
        uint32_t *numbers = arena_array(c->arena, uint32_t, c->sources.len);
        PartChange change = {
                .add = &c->id, .n_add = samples > 0, .drop = parts, .replaced = numbers, .set_aside = c->damaged > 0
        };
        vec_each(s, &c->sources) {
                if (s->part) {
                        parts[change.n_drop++] = s->part;
                        continue;
                }
                files[change.n_replaced] = s->file;
                numbers[change.n_replaced++] = chunkfile_id(s->file);
        }
        if (!partset_change(db->parts, &change, err))
                return false;
        changelog_note(&db->changes,
                       INT64_MIN); /* something may have been left out, or another of two of one time is served */
        atomic_fetch_add(&db->chunk_corruptions, c->damaged);
        metric_add(parts_written, samples > 0);
        metric_add(samples_written, samples);
        if (change.n_replaced)
                remove_replaced(db, files, change.n_replaced);
        return true;
}

/* What the rules of retention let go. */
static void leave_out_expired(Compact *c, Labels labels)
{
        if (!keep_has_rules(c->db->keep))
                return;
        int64_t min_ms = rollup_keep_from(c->db->rollup, c->now_ms, keep_ms(c->db->keep, labels));
        size_t from = 0, n = c->column.n;
        while (from < n && c->column.t[from] < min_ms)
                from++;
        for (size_t i = from; i < n && from > 0; i++)
                column_move(&c->column, i - from, i);
        c->column.n = n - from;
}

/* Some series of the job; the end of it when there is none left. */
static bool step_job(Compact *c, uint64_t *budget, Err *err)
{
        uint64_t sid;
        while (*budget > 0) {
                if (!next_series(c, &sid)) {
                        bool ok = finish_job(c, err);
                        end_job(c);
                        return ok;
                }
                if (!read_series(c, sid, err))
                        return false;
                size_t n = c->column.n;
                *budget -= MIN_OF(*budget, n + 100);
                Labels labels;
                arena_reset(c->arena);
                if (n == 0)
                        continue;
                if (!find_labels(c, sid, &labels)) {
                        metric_add(orphans, 1);
                        continue;
                }
                leave_out_expired(c, labels);
                if (c->column.n && !partwrite_series(c->writer, sid, labels, &c->column, err))
                        return false;
        }
        return true;
}

/* ---- which job */

/* Length of a stretch of this level; the longest is an eighth of the retention, so that dropping whole parts keeps little too long. */
static int64_t stretch_ms(const Compact *c, int level)
{
        int64_t ms = CHUNKSET_WINDOW_MS, most = c->db->options.retention_ms / 8;
        for (int i = 0; i < level && ms * 4 <= most; i++)
                ms *= 4;
        return ms;
}

static int64_t stretch_of(int64_t t_ms, int64_t length)
{
        int64_t rest = t_ms % length;
        return t_ms - (rest < 0 ? rest + length : rest);
}

/* Files of the first stretch that has any. The longer it is, the fewer times its samples are written. */
static void pick_files(Compact *c)
{
        ChunkList *list = chunkset_list(c->db->chunks);
        int64_t length = stretch_ms(c, c->settling ? COMPACT_LEVELS - 1 : 1), stretch = 0;
        for (size_t i = 0; i < list->n; i++) {
                ChunkFile *f = list->files[i];
                if (!chunkfile_is_covered(f) || !chunkfile_is_sealed(f))
                        continue;
                int64_t at = stretch_of(chunkfile_window_ms(f), length);
                if (c->sources.len == 0)
                        stretch = at;
                if (at == stretch)
                        add_file(c, f);
        }
        snapshot_unref(&list->snap);
}

typedef struct PartRun {
        size_t from, n;
        uint64_t samples, largest;
} PartRun;

/* A stretch that has ended is one part, unless the rest is not worth writing a large one again; one that goes on gets a few. */
static bool is_worth_it(const Compact *c, const PartRun *run, bool ended)
{
        if (run->n < 2)
                return false;
        ended = ended || (c->settling && run->samples <= COMPACT_SETTLE_SAMPLES);
        return run->n >= COMPACT_FEW || (ended && (run->samples - run->largest) * 4 >= run->largest);
}

/* Neighbours (the list is sorted by first time) that lie in one stretch as a whole. */
static PartRun next_run(const PartList *list, size_t from, int64_t length)
{
        PartInfo first = part_info(list->parts[from]);
        int64_t stretch = stretch_of(first.min_ms, length);
        PartRun run = { .from = from };
        for (size_t i = from; i < list->n; i++) {
                PartInfo info = part_info(list->parts[i]);
                if (stretch_of(info.min_ms, length) != stretch || stretch_of(info.max_ms, length) != stretch)
                        break;
                run.n++;
                run.samples += info.samples;
                run.largest = MAX_OF(run.largest, info.samples);
        }
        return run;
}

static void pick_parts(Compact *c, int64_t now_ms, uint32_t *level)
{
        PartList *list = partset_list(c->db->parts);
        for (int l = 0; l < COMPACT_LEVELS && c->sources.len == 0; l++) {
                int64_t length = stretch_ms(c, l);
                for (size_t i = 0; i < list->n && c->sources.len == 0;) {
                        PartRun run = next_run(list, i, length);
                        int64_t end = stretch_of(part_info(list->parts[i]).min_ms, length) + length;
                        if (is_worth_it(c, &run, end + CHUNKSET_GRACE_MS <= now_ms))
                                for (size_t k = i; k < i + run.n; k++) {
                                        add_part(c, list->parts[k]);
                                        *level = MAX_OF(*level, part_info(list->parts[k]).level + 1);
                                }
                        i += MAX_OF(run.n, (size_t)1);
                }
        }
        snapshot_unref(&list->snap);
}

/* ---- parts with series whose retention is over */

static bool is_counted(const Compact *c, uint32_t id, unsigned expired)
{
        for (size_t i = 0; i < c->parts_counted.len; i++)
                if (c->parts_counted.data[i].id == id)
                        return c->parts_counted.data[i].expired >= expired;
        return false;
}

/* How many of the retentions are over for what ends at max_ms; what is to be rolled up first is not yet old. */
static unsigned expired_of(const Compact *c, int64_t now_ms, int64_t max_ms)
{
        int64_t age_ms = now_ms - max_ms;
        if (max_ms >= rollup_pending_ms(c->db->rollup))
                age_ms = MIN_OF(age_ms, c->db->options.retention_ms);
        return keep_expired(c->db->keep, age_ms);
}

/* Only when another retention is over for a part as a whole: it is looked at, and written anew, once for each at most. */
static void pick_expired(Compact *c, int64_t now_ms)
{
        const Keep *keep = c->db->keep;
        if (!keep_has_rules(keep))
                return;
        PartList *list = partset_list(c->db->parts);
        for (size_t i = 0; i < list->n && c->sources.len == 0; i++) {
                PartInfo info = part_info(list->parts[i]);
                unsigned expired = expired_of(c, now_ms, info.max_ms);
                if (expired && !is_counted(c, info.id, expired))
                        add_part(c, list->parts[i]);
        }
        snapshot_unref(&list->snap);
        if (c->sources.len == 0)
                return;
        c->counting = true;
        c->counted = c->gone = 0;
        c->now_ms = now_ms;
        collect_known(c);
}

/* Forgets parts that are gone. */
static void note_counted(Compact *c, uint32_t id, unsigned expired)
{
        PartList *list = partset_list(c->db->parts);
        size_t kept = 0;
        for (size_t i = 0; i < c->parts_counted.len; i++) {
                CountedPart *p = &c->parts_counted.data[i];
                bool there = false;
                for (size_t k = 0; k < list->n && !there; k++)
                        there = part_info(list->parts[k]).id == p->id;
                if (there && p->id != id)
                        c->parts_counted.data[kept++] = *p;
        }
        c->parts_counted.len = kept;
        vec_push(&c->parts_counted, (CountedPart){ id, expired });
        snapshot_unref(&list->snap);
}

/* Some series; at the end the part is written anew, or left alone. */
static bool count_some(Compact *c, uint64_t *budget, Err *err)
{
        const Keep *keep = c->db->keep;
        Source *s = &c->sources.data[0];
        PartInfo info = part_info(s->part);
        uint64_t sid;
        while (*budget > 0 && next_series(c, &sid)) {
                Labels labels;
                uint64_t n = part_count(s->part, sid);
                s->more = sid != UINT64_MAX;
                s->next = sid + 1;
                *budget -= MIN_OF(*budget, (uint64_t)COMPACT_COUNT_COST);
                arena_reset(c->arena);
                c->counted += n;
                if (find_labels(c, sid, &labels) &&
                    info.max_ms < rollup_keep_from(c->db->rollup, c->now_ms, keep_ms(keep, labels)))
                        c->gone += n;
        }
        if (*budget == 0)
                return true;
        c->counting = false;
        if (c->gone > 0 && c->gone >= c->counted / COMPACT_WORTH) {
                s->next = 0;
                s->more = true;
                return begin_job(c, info.level, c->now_ms, err);
        }
        note_counted(c, info.id, expired_of(c, c->now_ms, info.max_ms));
        end_job(c);
        return true;
}

static bool begin_next(Compact *c, int64_t now_ms, Err *err)
{
        uint32_t level = 0;
        pick_files(c);
        if (c->sources.len == 0)
                pick_parts(c, now_ms, &level);
        if (c->sources.len == 0) {
                pick_expired(c, now_ms);
                return true;
        }
        qsort(c->sources.data, c->sources.len, sizeof(Source), compare_sources);
        return begin_job(c, level, now_ms, err);
}

static bool give_up(Compact *c, int64_t now_ms, Err *err)
{
        end_job(c);
        c->retry_ms = now_ms + COMPACT_RETRY_MS;
        metric_add(failures, 1);
        return err_wrap(err, "write parts");
}

static bool has_job(const Compact *c) { return c->writer || c->counting; }

bool compact_step(Compact *c, int64_t now_ms, uint64_t max_samples, bool *ret_more, Err *err)
{
        *ret_more = false;
        if (!has_job(c) && !begin_next(c, now_ms, err))
                return give_up(c, now_ms, err);
        if (!has_job(c))
                return true;
        uint64_t budget = max_samples;
        while (has_job(c) && budget > 0)
                if (!(c->counting ? count_some(c, &budget, err) : step_job(c, &budget, err)))
                        return give_up(c, now_ms, err);
        *ret_more = true;
        return true;
}

bool compact_settle(Compact *c, int64_t now_ms, bool *ret_more, Err *err)
{
        c->settling = true;
        bool ok = compact_step(c, now_ms, COMPACT_STEP_SAMPLES, ret_more, err);
        c->settling = false;
        return ok;
}

bool compact_uses(const Compact *c, const Part *part)
{
        for (size_t i = 0; i < c->sources.len; i++)
                if (c->sources.data[i].part == part)
                        return true;
        return false;
}

bool compact_is_waiting(const Compact *c, int64_t now_ms)
{
        return now_ms < c->retry_ms && now_ms + COMPACT_RETRY_MS >= c->retry_ms;
}

bool compact_rewrite(Compact *c, Part *const *parts, size_t n, int64_t now_ms, Err *err)
{
        for (size_t i = 0; i < n; i++) {
                add_part(c, parts[i]);
                if (!begin_job(c, part_info(parts[i]).level, now_ms, err))
                        return give_up(c, now_ms, err);
                while (c->writer) {
                        uint64_t budget = COMPACT_STEP_SAMPLES;
                        if (!step_job(c, &budget, err))
                                return give_up(c, now_ms, err);
                }
        }
        return true;
}
