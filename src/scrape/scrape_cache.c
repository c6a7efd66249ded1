/* Invariants:
 * 1. `order` lists the entries of the last successful body by position; the next body is expected to repeat it. Where it
 *    does not, one hash lookup finds the entry and with it the position to go on from.
 * 2. Between appends every entry is of the current generation: an entry leaves the cache in the scrape that misses it,
 *    after its stale marker, when it had a stored series.
 * 3. A failed append changes neither `order` nor which entries count as exposed: `generation` moves only on success.
 * 4. `orphans` are series of the last successful body whose rules changed since: they end with the next success unless it
 *    leads to them again. */
#include "scrape/scrape_cache.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/metric.h"

METRIC_FAMILY(rejected, METRIC_KIND_COUNTER, "pharos_scrape_samples_rejected_total",
              "Scraped samples that the store did not take, by reason.", "reason");
METRIC_FAMILY(rejected_exemplars, METRIC_KIND_COUNTER, "pharos_scrape_exemplars_rejected_total",
              "Scraped exemplars that were malformed or not taken by the store, by reason.", "reason");

typedef struct CacheEntry {
        SeriesRef ref;
        uint64_t generation; /* of the last body that held it; 0: none yet */
        size_t position;     /* in that body */
        bool dropped;        /* by metric relabelling */
        bool timed;          /* has its own timestamps: no stale markers */
        size_t raw_n;
        char raw[];
} CacheEntry;

static inline Str entry_raw(const CacheEntry *e) { return (Str){ e->raw, e->raw_n }; }

#define MAP_NAME EntryMap
#define MAP_FN_PREFIX entry_map
#define MAP_KEY Str
#define MAP_VAL CacheEntry *
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef VEC(CacheEntry *) EntryVec;
typedef VEC(SeriesRef) RefVec;

typedef struct Family {
        MetricType type;
        char *help, *unit;   /* owned */
        uint64_t generation; /* of the last body that named it */
} Family;

enum { FAMILY_MAX_AGE = 10 /* bodies without a word of it: then it is forgotten */ };

#define MAP_NAME FamilyMap
#define MAP_FN_PREFIX family_map
#define MAP_KEY Str
#define MAP_VAL Family
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"
#include "base/num.h"

struct ScrapeCache {
        EntryMap entries;
        EntryVec order, seen;
        RefVec orphans;
        uint64_t generation; /* starts at 1 */
        bool stale_rules;
        Mutex meta_mu;
        FamilyMap families; /* guarded by meta_mu; keys owned */
};

ScrapeCache *scrape_cache_new(void)
{
        ScrapeCache *c = mem_new(ScrapeCache);
        c->generation = 1;
        mutex_init(&c->meta_mu);
        return c;
}

static void family_free(FamilyMapSlot *s)
{
        mem_free(s->val.help);
        mem_free(s->val.unit);
        mem_free((void *)(uintptr_t)s->key.p);
}

void scrape_cache_free(ScrapeCache *c)
{
        if (!c)
                return;
        for (EntryMapSlot *s = entry_map_next(&c->entries, NULL); s; s = entry_map_next(&c->entries, s))
                mem_free(s->val);
        entry_map_done(&c->entries);
        for (FamilyMapSlot *s = family_map_next(&c->families, NULL); s; s = family_map_next(&c->families, s))
                family_free(s);
        family_map_done(&c->families);
        vec_done(&c->order);
        vec_done(&c->seen);
        vec_done(&c->orphans);
        mutex_done(&c->meta_mu);
        mem_free(c);
}

size_t scrape_cache_series(const ScrapeCache *c) { return c->order.len; }

void scrape_cache_invalidate(ScrapeCache *c) { c->stale_rules = true; }

/* ---- metadata ---- */

static Family *family_of(ScrapeCache *c, Str name)
{
        Family *f = family_map_get(&c->families, name);
        return f ? f : family_map_put(&c->families, str_n(mem_strndup(name.p, name.n), name.n), NULL);
}

static void set_text(char **field, Str text)
{
        if (*field && str_eq(str_of(*field), text))
                return;
        mem_free(*field);
        *field = mem_strndup(text.p, text.n);
}

static void note_metadata(ScrapeCache *c, ExpoKind kind, const ExpoItem *item)
{
        mutex_lock(&c->meta_mu);
        Family *f = family_of(c, item->series);
        f->generation = c->generation + 1;
        if (kind == EXPO_TYPE)
                f->type = item->type;
        else
                set_text(kind == EXPO_HELP ? &f->help : &f->unit, item->text);
        mutex_unlock(&c->meta_mu);
}

/* A target that keeps inventing families must not grow us for ever. */
static void forget_families(ScrapeCache *c)
{
        VEC(Str) doomed = { 0 };
        if (c->generation % FAMILY_MAX_AGE)
                return;
        mutex_lock(&c->meta_mu);
        for (FamilyMapSlot *s = family_map_next(&c->families, NULL); s; s = family_map_next(&c->families, s))
                if (s->val.generation + FAMILY_MAX_AGE < c->generation)
                        vec_push(&doomed, s->key);
        vec_each(name, &doomed) {
                Family *f = family_map_get(&c->families, *name);
                mem_free(f->help);
                mem_free(f->unit);
                family_map_remove(&c->families, *name);
                mem_free((void *)(uintptr_t)name->p);
        }
        mutex_unlock(&c->meta_mu);
        vec_done(&doomed);
}

void scrape_cache_each_metadata(ScrapeCache *c, void (*fn)(void *, Str, const Metadata *), void *arg)
{
        mutex_lock(&c->meta_mu);
        for (FamilyMapSlot *s = family_map_next(&c->families, NULL); s; s = family_map_next(&c->families, s)) {
                Metadata meta = { .type = s->val.type, .help = str_of(s->val.help), .unit = str_of(s->val.unit) };
                fn(arg, s->key, &meta);
        }
        mutex_unlock(&c->meta_mu);
}

/* ---- from an exposed series to a stored one ---- */

/* A scraped label that collides with a target label becomes exported_<name>, repeated until free. */
static void keep_as_exported(LabelsBuilder *lb, Str name, Str value, Arena *arena)
{
        Str exported = name;
        do {
                exported = str_printf(arena, "exported_" STR_FMT, STR_ARG(exported));
        } while (labels_builder_get(lb, exported).n);
        labels_builder_set(lb, exported, value);
}

static void add_target_labels(LabelsBuilder *lb, const ScrapeRules *rules, Labels scraped, Arena *arena)
{
        for (size_t i = 0; i < rules->target_labels.n; i++) {
                const Label *l = &rules->target_labels.data[i];
                Str own = labels_get(scraped, l->name);
                if (own.n && rules->honor_labels)
                        continue;
                if (own.n) {
                        labels_builder_del(lb, l->name);
                        keep_as_exported(lb, l->name, own, arena);
                }
                labels_builder_set(lb, l->name, l->value);
        }
}

static bool check_names(Labels labels, Str metric, Err *err)
{
        if (!labels_metric_is_legacy_valid(metric))
                return err_set(err, ERR_INVALID,
                               "metric name '" STR_FMT "' is not valid under metric_name_validation_scheme: legacy",
                               STR_ARG(str_sub(metric, 0, 60)));
        for (size_t i = 0; i < labels.n; i++)
                if (!labels_name_is_legacy_valid(labels.data[i].name))
                        return err_set(err, ERR_INVALID,
                                       "label name '" STR_FMT "' of metric '" STR_FMT
                                       "' is not valid under metric_name_validation_scheme: legacy",
                                       STR_ARG(str_sub(labels.data[i].name, 0, 60)), STR_ARG(str_sub(metric, 0, 60)));
        return true;
}

static bool check_labels(const ScrapeRules *rules, Labels labels, Err *err)
{
        Str metric = labels_get(labels, LABEL_NAME);
        if (rules->legacy_names && !check_names(labels, metric, err))
                return false;
        if (rules->label_limit && labels.n > rules->label_limit)
                return err_set(err, ERR_LIMIT,
                               "label_limit exceeded: metric '" STR_FMT "' has %zu labels, the limit is %llu",
                               STR_ARG(metric), labels.n, (unsigned long long)rules->label_limit);
        for (size_t i = 0; i < labels.n; i++) {
                const Label *l = &labels.data[i];
                if (rules->label_name_length_limit && l->name.n > rules->label_name_length_limit)
                        return err_set(err, ERR_LIMIT,
                                       "label_name_length_limit exceeded: metric '" STR_FMT "', label '" STR_FMT "'",
                                       STR_ARG(metric), STR_ARG(str_sub(l->name, 0, 60)));
                if (rules->label_value_length_limit && l->value.n > rules->label_value_length_limit)
                        return err_set(err, ERR_LIMIT,
                                       "label_value_length_limit exceeded: metric '" STR_FMT "', label '" STR_FMT "'",
                                       STR_ARG(metric), STR_ARG(str_sub(l->name, 0, 60)));
        }
        return true;
}

/* *ret_kept false: relabelling dropped it. */
static bool resolve(const ScrapeRules *rules, Str raw, MetricType type, Arena *arena, Labels *ret, bool *ret_kept,
                    Err *err)
{
        Labels scraped;
        if (!expofmt_labels(raw, type, arena, &scraped, err))
                return false;
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, scraped);
        add_target_labels(&lb, rules, scraped, arena);
        *ret_kept = relabel_apply(rules->metric_relabels, rules->n_metric_relabels, &lb, arena);
        if (!*ret_kept)
                return true;
        *ret = labels_builder_build(&lb, arena);
        if (labels_get(*ret, LABEL_NAME).n == 0)
                return err_set(err, ERR_INVALID,
                               "no metric name is left after metric_relabel_configs for '" STR_FMT "'",
                               STR_ARG(str_sub(raw, 0, 80)));
        return check_labels(rules, *ret, err);
}

static CacheEntry *entry_of(ScrapeCache *c, Str raw)
{
        CacheEntry **found = entry_map_get(&c->entries, raw);
        if (found)
                return *found;
        CacheEntry *e = mem_zalloc(sizeof *e + raw.n);
        e->raw_n = raw.n;
        memcpy(e->raw, raw.p, raw.n);
        *entry_map_put(&c->entries, entry_raw(e), NULL) = e;
        return e;
}

typedef struct AppendRun {
        ScrapeCache *cache;
        const ScrapeRules *rules;
        Appender *appender;
        Arena *scratch;
        int64_t t_ms;
        MetricType type; /* as the last TYPE line said */
        ScrapeCounts counts;
} AppendRun;

static bool append_sample(AppendRun *run, CacheEntry *e, int64_t t_ms, double v, Err *err)
{
        Labels labels = { 0 };
        if (!e->ref) {
                bool kept;
                if (!resolve(run->rules, entry_raw(e), run->type, run->scratch, &labels, &kept, err))
                        return false;
                e->dropped = !kept;
                if (!kept)
                        return true;
        }
        AppendResult result = store_append(run->appender, &e->ref, labels, t_ms, v);
        if (result == APPEND_BAD_LABELS && labels.n == 0) { /* the store forgot the reference */
                e->ref = 0;
                return append_sample(run, e, t_ms, v, err);
        }
        if (result != APPEND_OK && result != APPEND_DUPLICATE)
                metric_add(metric_of(&rejected, str_of(append_result_name(result))), 1);
        return true;
}

/* An exemplar that is malformed or not taken never fails a scrape. */
static void append_exemplar(AppendRun *run, const CacheEntry *e, int64_t t_ms, Str raw)
{
        Exemplar x = { 0 };
        Err err;
        if (!run->appender->append_exemplar || !e->ref)
                return;
        AppendResult result = APPEND_BAD_LABELS;
        if (expofmt_exemplar(raw, run->scratch, &x.labels, &x.v, &x.has_t, &x.t_ms, &err)) {
                if (!x.has_t)
                        x.t_ms = t_ms;
                x.has_t = true;
                result = run->appender->append_exemplar(run->appender, e->ref, &x);
        }
        if (result != APPEND_OK && result != APPEND_DUPLICATE)
                metric_add(metric_of(&rejected_exemplars, str_of(append_result_name(result))), 1);
}

static bool take_series(AppendRun *run, CacheEntry *e, const ExpoItem *item, Err *err)
{
        ScrapeCache *c = run->cache;
        bool timed = item->has_t && run->rules->honor_timestamps;
        run->counts.scraped++;
        int64_t t_ms = timed ? item->t_ms : run->t_ms;
        if (!e->dropped && !append_sample(run, e, t_ms, item->value, err))
                return false;
        if (UNLIKELY(item->exemplar.n) && !e->dropped)
                append_exemplar(run, e, t_ms, item->exemplar);
        if (!e->dropped) {
                run->counts.post_relabel++;
                run->counts.added += e->generation == 0;
                if (run->rules->sample_limit && run->counts.post_relabel > run->rules->sample_limit)
                        return err_set(err, ERR_LIMIT, "sample_limit exceeded: more than %llu samples",
                                       (unsigned long long)run->rules->sample_limit);
        }
        e->timed = timed && !run->rules->track_timestamps_staleness;
        e->generation = c->generation + 1;
        e->position = c->seen.len;
        vec_push(&c->seen, e);
        return true;
}

static bool read_body(AppendRun *run, Str body, ExpoFormat format, Err *err)
{
        ScrapeCache *c = run->cache;
        ExpoParser parser;
        expofmt_init(&parser, body, format, run->scratch);
        for (size_t position = 0;;) {
                ExpoItem item;
                ExpoKind kind;
                CacheEntry *e = position < c->order.len ? c->order.data[position] : NULL;
                bool known = e && expofmt_next_known(&parser, entry_raw(e), &item, &kind, err);
                if (!known)
                        kind = expofmt_next(&parser, &item, err);
                switch (kind) {
                case EXPO_SERIES:
                        if (!known)
                                e = entry_of(c, item.series);
                        if (known)
                                position++;
                        else if (e->generation == c->generation)
                                position = e->position + 1;
                        if (!take_series(run, e, &item, err))
                                return err_wrap(err, "line %u", parser.line);
                        break;
                case EXPO_TYPE:
                        run->type = item.type;
                        note_metadata(c, kind, &item);
                        break;
                case EXPO_HELP:
                case EXPO_UNIT: note_metadata(c, kind, &item); break;
                case EXPO_COMMENT: break;
                case EXPO_BAD: return false;
                case EXPO_END: return true;
                }
        }
}

/* ---- what is no longer there */

/* Removes every entry that is not of the current generation. */
static void forget(ScrapeCache *c)
{
        EntryVec doomed = { 0 };
        for (EntryMapSlot *s = entry_map_next(&c->entries, NULL); s; s = entry_map_next(&c->entries, s))
                if (s->val->generation != c->generation)
                        vec_push(&doomed, s->val);
        vec_each(e, &doomed) {
                entry_map_remove(&c->entries, entry_raw(*e));
                mem_free(*e);
        }
        vec_done(&doomed);
}

static bool needs_marker(const CacheEntry *e) { return e->ref && !e->timed && !e->dropped; }

/* The rules changed: every line is to be looked at anew, but what it led to is remembered. */
static void make_orphans(ScrapeCache *c)
{
        vec_each(it, &c->order) {
                CacheEntry *e = *it;
                if (e->generation == c->generation && needs_marker(e))
                        vec_push(&c->orphans, e->ref);
                e->generation = 0;
        }
        vec_clear(&c->order);
        forget(c);
        c->stale_rules = false;
}

static void end_orphans(ScrapeCache *c, int64_t t_ms, Appender *appender)
{
        RefVec alive = { 0 };
        if (c->orphans.len == 0)
                return;
        vec_each(e, &c->seen)
                if ((*e)->ref)
                        vec_push(&alive, (*e)->ref);
        if (alive.len > 1)
                qsort(alive.data, alive.len, sizeof(SeriesRef), num_compare_u64);
        vec_each(ref, &c->orphans) {
                if (!alive.len || !bsearch(ref, alive.data, alive.len, sizeof(SeriesRef), num_compare_u64))
                        store_append(appender, ref, (Labels){ 0 }, t_ms, sample_stale());
        }
        vec_clear(&c->orphans);
        vec_done(&alive);
}

/* Stale markers for entries of the last body that are not of generation `now`. True: there were some. */
static bool end_missing(ScrapeCache *c, uint64_t now, int64_t t_ms, Appender *appender)
{
        bool any = false;
        vec_each(it, &c->order) {
                CacheEntry *e = *it;
                if (e->generation == now || e->generation == 0)
                        continue;
                if (needs_marker(e))
                        store_append(appender, &e->ref, (Labels){ 0 }, t_ms, sample_stale());
                e->generation = 0; /* a body may name a series twice */
                any = true;
        }
        return any;
}

/* Takes back the marks of a body that failed: what was exposed before still is, what was new is forgotten. */
static void undo(ScrapeCache *c)
{
        for (size_t i = 0; i < c->order.len; i++) {
                c->order.data[i]->generation = c->generation;
                c->order.data[i]->position = i;
        }
        forget(c);
        vec_clear(&c->seen);
}

bool scrape_cache_append(ScrapeCache *c, const ScrapeRules *rules, const ScrapeBody *body, Appender *appender,
                         Arena *scratch, ScrapeCounts *ret, Err *err)
{
        AppendRun run = { .cache = c, .rules = rules, .appender = appender, .scratch = scratch, .t_ms = body->t_ms };
        if (c->stale_rules)
                make_orphans(c);
        vec_clear(&c->seen);
        bool ok = read_body(&run, body->text, body->format, err);
        *ret = run.counts;
        if (!ok) {
                undo(c);
                return false;
        }
        bool missing = end_missing(c, c->generation + 1, body->t_ms, appender);
        end_orphans(c, body->t_ms, appender);
        c->generation++;
        EntryVec swap = c->order;
        c->order = c->seen;
        c->seen = swap;
        if (missing)
                forget(c);
        forget_families(c);
        return true;
}

void scrape_cache_end_all(ScrapeCache *c, int64_t t_ms, Appender *appender)
{
        vec_clear(&c->seen);
        end_missing(c, 0, t_ms, appender);
        end_orphans(c, t_ms, appender);
        vec_clear(&c->order);
        c->generation++;
        forget(c);
        forget_families(c);
}
