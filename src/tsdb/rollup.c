/* Invariants
 * 1. A level has everything up to until_ms and nothing later; it is made in stretches, each one part, in order. until_ms only rises, and is
 *    found again from the parts.
 * 2. What a level is made of stays until it is made: retention asks rollup_pending_ms, and a finer level waits for the coarser.
 * 3. Every time is answered by one level or by samples, never by two: their ranges are cut at ends of the coarser's stretches.
 *
 * Why late (a day, or half of the retention): samples that come late are in. Why a level from the one before: an hour's extremes and sums
 * are those of its five minutes, and samples need not be kept for it. Why series of their own in a part for counts, sums and extremes:
 * they are coded like any other, share their times, and many cost next to nothing. */
#include "tsdb/rollup.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/metric.h"
#include "part/partwrite.h"
#include "tsdb/keep.h"
#include "tsdb/rollbucket.h"

METRIC_COUNTER(parts_written, "pharos_tsdb_rollup_parts_written_total", "Parts of roll-ups written.");
METRIC_COUNTER(samples_written, "pharos_tsdb_rollup_samples_written_total", "Roll-ups written.");

/* Series of a part: the stored id times ROLES, plus what it is. A series has one of the three counts, which says what else it has: what
 * is left out is equal to the samples. */
enum { ROLES = 8, SAMPLES = 0, COUNT_ALL = 1, SUM = 2, MIN = 3, MAX = 4, COUNT_NO_MAX = 5, COUNT_ALONE = 6 };

typedef struct Level {
        int64_t span_ms, retention_ms;
        int64_t stretch_ms; /* of one part */
        char folder[40];
        PartSet *parts;
        _Atomic int64_t until_ms; /* INT64_MIN: nothing was made yet */
} Level;

typedef struct Source {
        Part *part; /* referenced */
        PartPage page;
        uint64_t next;
        bool more;
} Source;

struct Rollup {
        Tsdb *db;
        Level levels[TSDB_MAX_ROLLUPS];
        size_t n;

        /* the job: level, (from_ms, to_ms] */
        PartWriter *writer; /* NULL: no job */
        size_t level;
        int64_t from_ms, to_ms;
        uint32_t id;
        VEC(Source) sources;
        Column in, out, role;
        Arena *arena;
        int64_t retry_ms;
        uint64_t damaged;
        bool copying; /* the source is of the level itself */
};

/* ---- life */

static int64_t stretch_ms(int64_t source_retention_ms, int64_t span_ms)
{
        int64_t ms = CHUNKSET_WINDOW_MS;
        while (ms < 64 * (int64_t)CHUNKSET_WINDOW_MS && ms * 4 <= source_retention_ms / 8)
                ms *= 4;
        return rollbucket_end(ms, span_ms);
}

static void find_until(Level *level)
{
        PartList *list = partset_list(level->parts);
        int64_t until_ms = INT64_MIN;
        for (size_t i = 0; i < list->n; i++)
                until_ms = MAX_OF(until_ms, rollbucket_end(part_info(list->parts[i]).max_ms, level->span_ms));
        snapshot_unref(&list->snap);
        atomic_init(&level->until_ms, until_ms);
}

bool rollup_open(Tsdb *db, Rollup **ret, uint64_t *damaged, Err *err)
{
        Rollup *r = mem_new(Rollup);
        const TsdbOptions *o = &db->options;
        r->db = db;
        r->arena = arena_new();
        r->retry_ms = INT64_MIN;
        int64_t source_ms = o->retention_ms;
        for (size_t i = 0; i < o->n_rollups && i < TSDB_MAX_ROLLUPS; i++) {
                AUTO(buf_done) Buf path = { 0 };
                PartSetDamage damage = { 0 };
                Level *level = &r->levels[i];
                level->span_ms = o->rollups[i].resolution_ms;
                level->retention_ms = o->rollups[i].retention_ms;
                level->stretch_ms = stretch_ms(source_ms, level->span_ms);
                source_ms = level->retention_ms;
                snprintf(level->folder, sizeof level->folder, "rollups/%llds", (long long)(level->span_ms / 1000));
                buf_printf(&path, "%s/%s", db->dir, level->folder);
                if (!db->fs->mkdir_all(db->fs, buf_cstr(&path), err) ||
                    !partset_open(db->fs, path.p, &level->parts, &damage, err)) {
                        rollup_close(r);
                        return false;
                }
                r->n++;
                *damaged += damage.parts + damage.records + damage.manifest;
                find_until(level);
        }
        *ret = r;
        return true;
}

static void end_job(Rollup *r)
{
        vec_each(s, &r->sources) {
                part_page_done(&s->page);
                snapshot_unref(part_snapshot(s->part));
        }
        vec_done(&r->sources);
        column_done(&r->in);
        column_done(&r->out);
        column_done(&r->role);
        arena_reset(r->arena);
        partwrite_abort(r->writer);
        r->writer = NULL;
}

void rollup_close(Rollup *r)
{
        if (!r)
                return;
        end_job(r);
        for (size_t i = 0; i < r->n; i++)
                partset_close(r->levels[i].parts);
        arena_free(r->arena);
        mem_free(r);
}

int64_t rollup_span_ms(const Rollup *r) { return r->n ? r->levels[r->n - 1].span_ms : 0; }

int64_t rollup_longest_ms(const Rollup *r, int64_t longest_ms)
{
        return r->n ? MAX_OF(longest_ms, r->levels[r->n - 1].retention_ms) : longest_ms;
}

int64_t rollup_pending_ms(const Rollup *r)
{
        if (r->n == 0)
                return INT64_MAX;
        int64_t until_ms = atomic_load(&r->levels[0].until_ms);
        return until_ms == INT64_MIN ? INT64_MIN : until_ms + 1;
}

bool rollup_takes(const Rollup *r, int64_t keep_ms) { return r->n && keep_ms >= r->db->options.retention_ms; }

int64_t rollup_keep_from(const Rollup *r, int64_t now_ms, int64_t keep_ms)
{
        int64_t from_ms = now_ms - keep_ms;
        return rollup_takes(r, keep_ms) ? MIN_OF(from_ms, rollup_pending_ms(r)) : from_ms;
}

/* ---- reading */

/* Beyond the retention of what is finer, and made. */
static int64_t level_until(const Level *level, int64_t now_ms, int64_t finer_retention_ms)
{
        return MIN_OF(rollbucket_end(now_ms - finer_retention_ms, level->span_ms), atomic_load(&level->until_ms));
}

int64_t rollup_until(const Rollup *r, int64_t now_ms, int64_t keep_ms)
{
        return r->n ? level_until(&r->levels[0], now_ms, keep_ms) : INT64_MIN;
}

/* What one part says of a series, each column at the same times. */
typedef struct Roles {
        Column count, sum, min, max;
        bool has_sum, has_max;
} Roles;

static void read_roles(Part *p, uint64_t sid, int64_t min_ms, int64_t max_ms, Roles *roles, uint64_t *damaged)
{
        static const uint64_t COUNTS[] = { COUNT_ALL, COUNT_NO_MAX, COUNT_ALONE };
        for (size_t i = 0; i < ARRAY_LEN(COUNTS); i++) {
                if (!part_read(p, sid * ROLES + COUNTS[i], min_ms, max_ms, &roles->count, damaged))
                        continue;
                roles->has_sum = COUNTS[i] != COUNT_ALONE;
                roles->has_max = COUNTS[i] == COUNT_ALL;
                break;
        }
        if (roles->has_sum) {
                part_read(p, sid * ROLES + SUM, min_ms, max_ms, &roles->sum, damaged);
                part_read(p, sid * ROLES + MIN, min_ms, max_ms, &roles->min, damaged);
        }
        if (roles->has_max)
                part_read(p, sid * ROLES + MAX, min_ms, max_ms, &roles->max, damaged);
        /* Where damage took one of them, nobody can tell what belongs together. */
        if ((roles->has_sum && (roles->sum.n != roles->count.n || roles->min.n != roles->count.n)) ||
            (roles->has_max && roles->max.n != roles->count.n))
                roles->count.n = 0;
}

static SampleRollup rollup_at(const Roles *roles, size_t i, double v, int64_t span_ms)
{
        return (SampleRollup){ .count = roles->count.v[i],
                               .sum = roles->has_sum ? roles->sum.v[i] : v,
                               .min = roles->has_sum ? roles->min.v[i] : v,
                               .max = roles->has_max ? roles->max.v[i] : v,
                               .span_ms = span_ms };
}

static void read_part(Part *p, uint64_t sid, int64_t span_ms, int64_t min_ms, int64_t max_ms, Column *out,
                      uint64_t *damaged)
{
        size_t from = out->n, k = 0;
        if (!part_read(p, sid * ROLES + SAMPLES, min_ms, max_ms, out, damaged) || out->n == from)
                return;
        Roles roles = { 0 };
        read_roles(p, sid, min_ms, max_ms, &roles, damaged);
        size_t n = out->n;
        for (size_t i = from; i < n; i++) {
                SampleRollup r = { .span_ms = span_ms };
                while (k < roles.count.n && roles.count.t[k] < out->t[i])
                        k++;
                if (k < roles.count.n && roles.count.t[k] == out->t[i])
                        r = rollup_at(&roles, k, out->v[i], span_ms);
                out->n = i + 1;
                column_set_rollup(out, &r);
        }
        column_done(&roles.count);
        column_done(&roles.sum);
        column_done(&roles.min);
        column_done(&roles.max);
}

static void read_level(const Level *level, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged)
{
        PartList *list = partset_list(level->parts);
        for (size_t i = 0; i < list->n && min_ms <= max_ms; i++) {
                PartInfo info = part_info(list->parts[i]);
                if (info.min_ms <= max_ms && info.max_ms >= min_ms)
                        read_part(list->parts[i], sid, level->span_ms, min_ms, max_ms, out, damaged);
        }
        snapshot_unref(&list->snap);
}

void rollup_read(const Rollup *r, uint64_t sid, int64_t now_ms, int64_t min_ms, int64_t max_ms, Column *out,
                 uint64_t *damaged)
{
        int64_t until_ms[TSDB_MAX_ROLLUPS + 1];
        until_ms[0] = max_ms;
        for (size_t i = 1; i < r->n; i++)
                until_ms[i] = MIN_OF(until_ms[i - 1],
                                     level_until(&r->levels[i], now_ms, r->levels[i - 1].retention_ms));
        /* The last one ends where a whole stretch is past its retention. */
        until_ms[r->n] = r->n ? rollbucket_end(now_ms - r->levels[r->n - 1].retention_ms, rollup_span_ms(r)) : max_ms;
        for (size_t i = r->n; i-- > 0;)
                read_level(&r->levels[i], sid,
                           MAX_OF(min_ms, until_ms[i + 1] == INT64_MIN ? min_ms : until_ms[i + 1] + 1), until_ms[i],
                           out, damaged);
}

/* ---- which stretch is due */

/* Of a level's source: the first data after t_ms; INT64_MAX when there is none. */
static int64_t first_after(PartSet *parts, int64_t t_ms)
{
        PartList *list = partset_list(parts);
        int64_t first_ms = INT64_MAX;
        for (size_t i = 0; i < list->n; i++) {
                PartInfo info = part_info(list->parts[i]);
                if (info.max_ms > t_ms)
                        first_ms = MIN_OF(first_ms, info.min_ms);
        }
        snapshot_unref(&list->snap);
        return t_ms == INT64_MIN || first_ms == INT64_MAX ? first_ms : MAX_OF(first_ms, t_ms + 1);
}

/* Nothing before to_ms is in memory or in chunk files any more. */
static bool is_at_rest(Tsdb *db, int64_t to_ms)
{
        bool rest = atomic_load(&db->open_min_ms) > to_ms;
        ChunkList *list = chunkset_list(db->chunks);
        for (size_t i = 0; i < list->n && rest; i++)
                rest = chunkfile_window_ms(list->files[i]) > to_ms;
        snapshot_unref(&list->snap);
        return rest;
}

static int64_t delay_ms(const Tsdb *db)
{
        int64_t late_ms = db->options.out_of_order_window_ms;
        int64_t day_ms = MIN_OF(INT64_C(24) * 3600000, db->options.retention_ms / 2);
        return MAX_OF(day_ms, (late_ms < INT64_MAX / 4 ? late_ms : INT64_MAX / 4) + 3600000);
}

static bool is_due(Rollup *r, size_t i, int64_t now_ms)
{
        Level *level = &r->levels[i];
        int64_t until_ms = atomic_load(&level->until_ms);
        int64_t first_ms = first_after(i ? r->levels[i - 1].parts : r->db->parts, until_ms);
        if (first_ms == INT64_MAX)
                return false;
        r->level = i;
        r->from_ms = rollbucket_end(first_ms, level->span_ms) - level->span_ms;
        r->to_ms = rollbucket_end(first_ms, level->stretch_ms);
        return i ? r->to_ms <= atomic_load(&r->levels[i - 1].until_ms)
                 : r->to_ms + delay_ms(r->db) <= now_ms && is_at_rest(r->db, r->to_ms);
}

static bool begin_job(Rollup *r, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        Level *level = &r->levels[r->level];
        r->id = partset_new_id(level->parts);
        r->damaged = 0;
        partset_path(level->parts, r->id, &path);
        if (!partwrite_begin(r->db->fs, path.p, r->id, 0, &r->writer, err))
                return false;
        PartList *list = partset_list(r->level ? r->levels[r->level - 1].parts : r->db->parts);
        for (size_t i = 0; i < list->n; i++) {
                PartInfo info = part_info(list->parts[i]);
                if (info.min_ms > r->to_ms || info.max_ms <= r->from_ms)
                        continue;
                snapshot_ref(part_snapshot(list->parts[i]));
                vec_push(&r->sources, (Source){ .part = list->parts[i], .more = true });
        }
        snapshot_unref(&list->snap);
        return true;
}

/* ---- one stretch */

/* Ids in the sources are those of series, times this. */
static uint64_t ids_a_series(const Rollup *r) { return r->level || r->copying ? ROLES : 1; }

/* The least series that is not done; its labels when some source knows them. */
static bool next_series(Rollup *r, uint64_t *ret_sid, Labels *ret)
{
        uint64_t least = UINT64_MAX, ids = ids_a_series(r);
        vec_each(s, &r->sources) {
                uint64_t id;
                s->more = s->more && part_next_series(s->part, s->next, &id);
                if (!s->more)
                        continue;
                s->next = id;
                least = MIN_OF(least, id / ids);
        }
        if (least == UINT64_MAX)
                return false;
        *ret_sid = least;
        *ret = (Labels){ 0 };
        vec_each(s, &r->sources) {
                if (!s->more || s->next / ids != least)
                        continue;
                if (ret->n == 0)
                        IGNORE(part_labels_next(s->part, &s->page, least * ids, r->arena, ret));
                s->next = (least + 1) * ids;
        }
        return true;
}

static void read_source(Rollup *r, uint64_t sid)
{
        column_clear(&r->in);
        vec_each(s, &r->sources) {
                if (r->level)
                        read_part(s->part, sid, r->levels[r->level - 1].span_ms, r->from_ms + 1, r->to_ms, &r->in,
                                  &r->damaged);
                else
                        part_read(s->part, sid, r->from_ms + 1, r->to_ms, &r->in, &r->damaged);
        }
        if (r->level == 0)
                column_make_rising(&r->in, 0);
        tombstones_apply(r->db->tombstones, sid, &r->in, 0);
        r->in.n_rolled = MIN_OF(r->in.n_rolled, r->in.n);
}

static double value_of(const SampleRollup *x, int role)
{
        switch (role) {
        case SUM: return x->sum;
        case MIN: return x->min;
        case MAX: return x->max;
        default: return x->count;
        }
}

static bool same(double a, double b) { return bits_of_double(a) == bits_of_double(b); }

static bool write_role(Rollup *r, uint64_t sid, int id, int role, Err *err)
{
        column_clear(&r->role);
        for (size_t i = 0; i < r->out.n; i++)
                if (r->out.rolled[i].count > 0)
                        column_push(&r->role, r->out.t[i], value_of(&r->out.rolled[i], role));
        return partwrite_series(r->writer, sid * ROLES + (uint64_t)id, (Labels){ 0 }, &r->role, err);
}

static bool write_series(Rollup *r, uint64_t sid, Labels labels, Err *err)
{
        bool any = false, no_max = true, alone = true;
        for (size_t i = 0; i < r->out.n; i++) {
                const SampleRollup *x = &r->out.rolled[i];
                if (x->count == 0)
                        continue;
                any = true;
                no_max = no_max && same(x->max, r->out.v[i]);
                alone = alone && same(x->sum, r->out.v[i]) && same(x->min, r->out.v[i]);
        }
        alone = alone && no_max;
        if (!partwrite_series(r->writer, sid * ROLES + SAMPLES, labels, &r->out, err))
                return false;
        if (!any)
                return true;
        if (alone)
                return write_role(r, sid, COUNT_ALONE, COUNT_ALONE, err);
        if (!no_max && !write_role(r, sid, COUNT_ALL, COUNT_ALL, err))
                return false;
        if (!write_role(r, sid, SUM, SUM, err) || !write_role(r, sid, MIN, MIN, err))
                return false;
        return no_max ? write_role(r, sid, COUNT_NO_MAX, COUNT_NO_MAX, err) : write_role(r, sid, MAX, MAX, err);
}

static bool is_wanted(const Rollup *r, Labels labels)
{
        return labels.n > 0 && rollup_takes(r, keep_ms(r->db->keep, labels));
}

static bool finish_job(Rollup *r, Err *err)
{
        Level *level = &r->levels[r->level];
        uint64_t samples = partwrite_samples(r->writer);
        PartWriter *writer = r->writer;
        PartChange change = { .add = &r->id, .n_add = 1 };
        r->writer = NULL;
        if (samples == 0)
                partwrite_abort(writer);
        else if (!partwrite_commit(writer, err) || !partset_change(level->parts, &change, err))
                return false;
        atomic_store(&level->until_ms, r->to_ms);
        changelog_note(&r->db->changes, INT64_MIN);
        atomic_fetch_add(&r->db->chunk_corruptions, r->damaged);
        metric_add(parts_written, samples > 0);
        metric_add(samples_written, samples);
        return true;
}

static bool step_job(Rollup *r, uint64_t *budget, Err *err)
{
        uint64_t sid;
        Labels labels;
        while (*budget > 0) {
                arena_reset(r->arena);
                if (!next_series(r, &sid, &labels)) {
                        bool ok = finish_job(r, err);
                        end_job(r);
                        return ok;
                }
                *budget -= MIN_OF(*budget, (uint64_t)ROLLUP_COST);
                if (!is_wanted(r, labels))
                        continue;
                read_source(r, sid);
                *budget -= MIN_OF(*budget, r->in.n);
                column_clear(&r->out);
                rollbucket_make(&r->in, r->levels[r->level].span_ms, rollbucket_is_counter(labels), &r->out);
                if (r->out.n && !write_series(r, sid, labels, err))
                        return false;
        }
        return true;
}

bool rollup_step(Rollup *r, int64_t now_ms, uint64_t max_samples, bool *ret_more, Err *err)
{
        *ret_more = false;
        if (now_ms < r->retry_ms && now_ms + ROLLUP_RETRY_MS >= r->retry_ms)
                return true;
        bool due = r->writer != NULL;
        for (size_t i = r->n; i-- > 0 && !due;)
                due = is_due(r, i, now_ms);
        if (!due)
                return true;
        bool ok = r->writer || begin_job(r, err);
        uint64_t budget = max_samples;
        while (ok && r->writer && budget > 0)
                ok = step_job(r, &budget, err);
        *ret_more = ok;
        if (ok)
                return true;
        end_job(r);
        r->retry_ms = now_ms + ROLLUP_RETRY_MS;
        return err_wrap(err, "write roll-ups");
}

/* ---- the end of roll-ups */

static bool copy_undeleted(Rollup *r, Part *p, Err *err)
{
        uint64_t sid;
        Labels labels;
        while (next_series(r, &sid, &labels)) {
                column_clear(&r->out);
                read_part(p, sid, r->levels[r->level].span_ms, INT64_MIN, INT64_MAX, &r->out, &r->damaged);
                tombstones_apply(r->db->tombstones, sid, &r->out, 0);
                r->out.n_rolled = MIN_OF(r->out.n_rolled, r->out.n);
                if (labels.n && r->out.n && !write_series(r, sid, labels, err))
                        return false;
                arena_reset(r->arena);
        }
        return true;
}

static bool rewrite_part(Rollup *r, Part *p, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        PartSet *parts = r->levels[r->level].parts;
        uint32_t id = partset_new_id(parts);
        partset_path(parts, id, &path);
        r->damaged = 0;
        if (!partwrite_begin(r->db->fs, path.p, id, 0, &r->writer, err))
                return false;
        snapshot_ref(part_snapshot(p));
        vec_push(&r->sources, (Source){ .part = p, .more = true });
        r->copying = true;
        bool ok = copy_undeleted(r, p, err);
        r->copying = false;
        bool empty = partwrite_samples(r->writer) == 0;
        if (ok && !empty) {
                PartWriter *writer = r->writer;
                r->writer = NULL;
                ok = partwrite_commit(writer, err);
        }
        PartChange change = { .add = &id, .n_add = !empty, .drop = &p, .n_drop = 1, .set_aside = r->damaged > 0 };
        ok = ok && partset_change(parts, &change, err);
        changelog_note(&r->db->changes, INT64_MIN);
        end_job(r);
        return ok;
}

bool rollup_clean(Rollup *r, const Tombstone *items, size_t n, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Tombstone *rolled = arena_raw_array(arena, Tombstone, n); /* under the ids that the levels' parts have */
        bool ok = true;
        for (size_t i = 0; i < n; i++)
                rolled[i] = (Tombstone){ items[i].sid * ROLES + SAMPLES, items[i].min_ms, items[i].max_ms };
        end_job(r); /* begun without the deletion, perhaps */
        for (r->level = 0; r->level < r->n && ok; r->level++) {
                PartList *list = partset_list(r->levels[r->level].parts);
                for (size_t i = 0; i < list->n && ok; i++)
                        if (tombstones_hide_some(rolled, n, list->parts[i], &r->in))
                                ok = rewrite_part(r, list->parts[i], err);
                snapshot_unref(&list->snap);
        }
        column_done(&r->in);
        return ok || err_wrap(err, "roll-ups");
}

bool rollup_expire(Rollup *r, int64_t now_ms, Err *err)
{
        bool ok = true;
        for (size_t i = 0; i < r->n && ok; i++) {
                Level *level = &r->levels[i];
                int64_t min_ms = now_ms - level->retention_ms;
                if (i + 1 < r->n)
                        min_ms = MIN_OF(min_ms, atomic_load(&r->levels[i + 1].until_ms));
                PartList *list = partset_list(level->parts);
                Part **drop = mem_new_array(Part *, list->n + 1);
                PartChange change = { .drop = drop };
                for (size_t k = 0; k < list->n; k++)
                        if (part_info(list->parts[k]).max_ms < min_ms)
                                drop[change.n_drop++] = list->parts[k];
                ok = change.n_drop == 0 || partset_change(level->parts, &change, err);
                if (change.n_drop)
                        changelog_note(&r->db->changes, INT64_MIN);
                mem_free(drop);
                snapshot_unref(&list->snap);
        }
        return ok;
}

bool rollup_has(const Rollup *r, uint64_t sid)
{
        for (size_t i = 0; i < r->n; i++)
                if (partset_has(r->levels[i].parts, sid * ROLES, ROLES))
                        return true;
        return false;
}

void rollup_stats(const Rollup *r, RollupStats *ret)
{
        *ret = (RollupStats){ .min_ms = INT64_MAX };
        for (size_t i = 0; i < r->n; i++) {
                PartList *list = partset_list(r->levels[i].parts);
                for (size_t k = 0; k < list->n; k++) {
                        ret->parts++;
                        ret->bytes += part_info(list->parts[k]).bytes;
                        ret->min_ms = MIN_OF(ret->min_ms, part_info(list->parts[k]).min_ms);
                }
                snapshot_unref(&list->snap);
        }
}

bool rollup_tier(const Rollup *r, size_t level, int64_t now_ms, TsdbTier *ret)
{
        if (level >= r->n)
                return false;
        const Level *l = &r->levels[level];
        *ret = (TsdbTier){ .kind = TSDB_TIER_ROLLUP,
                           .retention_ms = l->retention_ms,
                           .resolution_ms = l->span_ms,
                           .min_ms = INT64_MAX,
                           .max_ms = INT64_MIN,
                           .next_cleanup_ms = INT64_MAX };
        PartList *list = partset_list(l->parts);
        for (size_t i = 0; i < list->n; i++) {
                PartInfo info = part_info(list->parts[i]);
                keep_count(ret, info.min_ms, info.max_ms, info.bytes, now_ms);
        }
        snapshot_unref(&list->snap);
        return true;
}
