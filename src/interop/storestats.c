#include "interop/storestats.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/vec.h"
#include "interop/storecopy.h"

typedef struct PairUse {
        uint64_t series, uncovered_ms;
} PairUse;

typedef struct NameUse {
        uint64_t values, bytes, uncovered_ms;
} NameUse;

#define MAP_NAME PairMap
#define MAP_FN_PREFIX pair_map
#define MAP_KEY Label
#define MAP_VAL PairUse
#define MAP_HASH(k) (hash_str((k).name) * 31 + hash_str((k).value))
#define MAP_EQ(a, b) (str_eq((a).name, (b).name) && str_eq((a).value, (b).value))
#include "base/map.inc.h"

#define MAP_NAME NameMap
#define MAP_FN_PREFIX name_map
#define MAP_KEY Str
#define MAP_VAL NameUse
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef struct StatsRun {
        const StoreStatsOptions *options;
        PairMap pairs;
        NameMap names;
        StoreStats *ret;
} StatsRun;

typedef VEC(StoreStatsEntry) EntryList;

static int by_value(const void *a, const void *b)
{
        const StoreStatsEntry *x = a, *y = b;
        if (x->value != y->value)
                return x->value > y->value ? -1 : 1;
        return str_cmp(x->name, y->name);
}

static StoreStatsList finish(EntryList *list, size_t limit)
{
        if (list->len)
                qsort(list->data, list->len, sizeof *list->data, by_value);
        return (StoreStatsList){ list->data, limit ? MIN_OF(limit, list->len) : list->len };
}

static void count_labels(StatsRun *run, Labels labels, uint64_t uncovered_ms)
{
        run->ret->series++;
        run->ret->postings += labels.n;
        for (size_t i = 0; i < labels.n; i++) {
                bool fresh;
                PairUse *pair = pair_map_put(&run->pairs, labels.data[i], &fresh);
                NameUse *name = name_map_put(&run->names, labels.data[i].name, NULL);
                pair->series++;
                pair->uncovered_ms += uncovered_ms;
                name->uncovered_ms += uncovered_ms;
                if (fresh) {
                        name->values++;
                        name->bytes += labels.data[i].value.n;
                }
        }
}

/* Window by window; *ret_covered_ms: from its first to its last sample. False: it has no samples, or err. */
static bool read_series(StatsRun *run, Querier *q, const StoreSelection *sel, size_t i, Column *c,
                        uint64_t *ret_covered_ms, bool *ret_any, Err *err)
{
        const StoreStatsOptions *o = run->options;
        int64_t first = 0, last = 0;
        *ret_any = false;
        for (int64_t at = storecopy_window(o->min_ms); at <= o->max_ms; at += STORECOPY_WINDOW_MS) {
                int64_t end = at > INT64_MAX - STORECOPY_WINDOW_MS ? INT64_MAX : at + STORECOPY_WINDOW_MS - 1;
                column_clear(c);
                if (!q->read(q, sel, i, MAX_OF(at, o->min_ms), MIN_OF(end, o->max_ms), c, err))
                        return false;
                if (c->n) {
                        first = *ret_any ? first : c->t[0];
                        last = c->t[c->n - 1];
                        *ret_any = true;
                        run->ret->samples += c->n;
                        for (size_t k = 0; c->h && k < c->n; k++)
                                run->ret->histograms += c->h[k] != NULL;
                }
                if (end == INT64_MAX)
                        break;
        }
        *ret_covered_ms = (uint64_t)last - (uint64_t)first;
        return true;
}

static void make_lists(StatsRun *run, Arena *arena)
{
        const StoreStatsOptions *o = run->options;
        uint64_t range_ms = o->max_ms > o->min_ms ? (uint64_t)o->max_ms - (uint64_t)o->min_ms : 1;
        EntryList churn_pairs = { .arena = arena }, churn_names = { .arena = arena }, pairs = { .arena = arena },
                  bytes = { .arena = arena }, values = { .arena = arena }, metrics = { .arena = arena };
        for (PairMapSlot *s = pair_map_next(&run->pairs, NULL); s; s = pair_map_next(&run->pairs, s)) {
                Str text = str_printf(arena, STR_FMT "=" STR_FMT, STR_ARG(s->key.name), STR_ARG(s->key.value));
                vec_push(&churn_pairs, (StoreStatsEntry){ text, s->val.uncovered_ms / range_ms });
                vec_push(&pairs, (StoreStatsEntry){ text, s->val.series });
                if (str_eq(s->key.name, LABEL_NAME))
                        vec_push(&metrics, (StoreStatsEntry){ s->key.value, s->val.series });
        }
        for (NameMapSlot *s = name_map_next(&run->names, NULL); s; s = name_map_next(&run->names, s)) {
                vec_push(&churn_names, (StoreStatsEntry){ s->key, s->val.uncovered_ms / range_ms });
                vec_push(&bytes, (StoreStatsEntry){ s->key, s->val.bytes });
                vec_push(&values, (StoreStatsEntry){ s->key, s->val.values });
        }
        run->ret->label_names = run->names.len;
        run->ret->label_pairs = run->pairs.len;
        run->ret->churn_by_pair = finish(&churn_pairs, o->limit);
        run->ret->churn_by_name = finish(&churn_names, o->limit);
        run->ret->series_by_pair = finish(&pairs, o->limit);
        run->ret->bytes_by_name = finish(&bytes, o->limit);
        run->ret->values_by_name = finish(&values, o->limit);
        run->ret->series_by_metric = finish(&metrics, o->limit);
}

bool storestats_run(StoreEngine *from, const StoreStatsOptions *options, Arena *arena, StoreStats *ret, Err *err)
{
        AUTO(querier_close) Querier *q = NULL;
        StatsRun run = { .options = options, .ret = ret };
        SelectArgs args = { .matchers = options->matchers,
                            .min_ms = options->min_ms,
                            .max_ms = options->max_ms,
                            .cancel = options->cancel };
        StoreSelection sel;
        uint64_t range_ms = options->max_ms > options->min_ms ? (uint64_t)options->max_ms - (uint64_t)options->min_ms
                                                              : 0;
        *ret = (StoreStats){ 0 };
        run.pairs.arena = run.names.arena = arena;
        if (options->min_ms > options->max_ms)
                return true;
        if (!store_querier(from, options->min_ms, options->max_ms, &q, err) || !q->select(q, &args, arena, &sel, err))
                return false;
        Column c = { 0 };
        bool ok = true;
        for (size_t i = 0; ok && i < sel.n; i++) {
                uint64_t covered_ms = 0;
                bool any = false;
                ok = cancel_check(options->cancel, err) && read_series(&run, q, &sel, i, &c, &covered_ms, &any, err);
                if (ok && any)
                        count_labels(&run, sel.series[i].labels, range_ms - MIN_OF(covered_ms, range_ms));
        }
        column_done(&c);
        if (ok)
                make_lists(&run, arena);
        return ok;
}
