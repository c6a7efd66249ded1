/* Invariants
 * 1. A series that both stores have appears once: the lower one's samples, then those of the upper one that are later.
 * 2. The lower store is only read.
 *
 * A selection holds the two selections below it; a series' id is its place in `both`. */
#include "store/overlay.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

struct Overlay {
        StoreEngine engine;
        StoreEngine *lower, *upper;
        int64_t since_ms;
        bool (*hides)(void *ctx, Labels labels);
        void *ctx;
};

typedef struct OverlayQuerier {
        Querier face;
        const Overlay *overlay;
        Querier *lower, *upper;
} OverlayQuerier;

/* Where a series is in the selections below; SIZE_MAX: not there. */
typedef struct OverlayPair {
        size_t lower, upper;
        bool hidden; /* the lower one counts only before since_ms */
} OverlayPair;

typedef struct OverlaySelection {
        StoreSelection lower, upper;
        OverlayPair *both;
} OverlaySelection;

#define MAP_NAME UpperMap
#define MAP_FN_PREFIX upper_map
#define MAP_KEY Labels
#define MAP_VAL size_t
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

static int by_labels(const void *a, const void *b)
{
        return labels_cmp(((const StoreSeries *)a)->labels, ((const StoreSeries *)b)->labels);
}

static void merge(const Overlay *o, OverlaySelection *s, Arena *arena, StoreSelection *ret)
{
        size_t most = s->lower.n + s->upper.n;
        StoreSeries *all = arena_array(arena, StoreSeries, most);
        size_t n = 0;
        UpperMap upper = { .arena = arena };
        s->both = arena_array(arena, OverlayPair, most);
        for (size_t i = 0; i < s->upper.n; i++)
                *upper_map_put(&upper, s->upper.series[i].labels, NULL) = i;
        for (size_t i = 0; i < s->lower.n; i++) {
                Labels labels = s->lower.series[i].labels;
                size_t *found = upper_map_get(&upper, labels);
                s->both[n] = (OverlayPair){ i, found ? *found : SIZE_MAX, o->hides && o->hides(o->ctx, labels) };
                all[n] = (StoreSeries){ labels, n };
                n++;
                if (found)
                        upper_map_remove(&upper, labels);
        }
        for (size_t i = 0; i < s->upper.n; i++) {
                if (!upper_map_get(&upper, s->upper.series[i].labels))
                        continue;
                s->both[n] = (OverlayPair){ SIZE_MAX, i, false };
                all[n] = (StoreSeries){ s->upper.series[i].labels, n };
                n++;
        }
        *ret = (StoreSelection){ .series = all, .n = n, .engine_data = s };
}

static bool overlay_select(Querier *face, const SelectArgs *args, Arena *arena, StoreSelection *ret, Err *err)
{
        OverlayQuerier *q = (OverlayQuerier *)face;
        OverlaySelection *s = arena_new_of(arena, OverlaySelection);
        StoreSelection merged;
        SelectArgs below = *args;
        below.only = NULL; /* all labels say which series are the same */
        if (!q->lower->select(q->lower, &below, arena, &s->lower, err) ||
            !q->upper->select(q->upper, &below, arena, &s->upper, err))
                return false;
        merge(q->overlay, s, arena, &merged);
        if (args->max_series && merged.n > args->max_series)
                return err_set(err, ERR_LIMIT, "the selection has %zu series, the limit is %zu", merged.n,
                               args->max_series);
        if (args->sorted && merged.n)
                qsort(merged.series, merged.n, sizeof *merged.series, by_labels);
        *ret = merged;
        return true;
}

static bool overlay_read(Querier *face, const StoreSelection *selection, size_t i, int64_t min_ms, int64_t max_ms,
                         Column *out, Err *err)
{
        OverlayQuerier *q = (OverlayQuerier *)face;
        const OverlaySelection *s = selection->engine_data;
        CHECK(i < selection->n);
        const OverlayPair *pair = &s->both[selection->series[i].id];
        int64_t lower_max_ms = pair->hidden ? MIN_OF(max_ms, q->overlay->since_ms - 1) : max_ms;
        if (pair->lower != SIZE_MAX && lower_max_ms >= min_ms &&
            !q->lower->read(q->lower, &s->lower, pair->lower, min_ms, lower_max_ms, out, err))
                return false;
        if (pair->upper == SIZE_MAX)
                return true;
        int64_t from_ms = out->n ? MAX_OF(min_ms, out->t[out->n - 1] + 1) : min_ms;
        return from_ms > max_ms || q->upper->read(q->upper, &s->upper, pair->upper, from_ms, max_ms, out, err);
}

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static void merge_texts(const Str *a, size_t a_n, const Str *b, size_t b_n, size_t limit, Arena *arena, Str **ret,
                        size_t *ret_n)
{
        Str *all = arena_array(arena, Str, a_n + b_n);
        size_t n = 0;
        for (size_t i = 0; i < a_n; i++)
                all[i] = a[i];
        for (size_t i = 0; i < b_n; i++)
                all[a_n + i] = b[i];
        if (a_n + b_n > 1)
                qsort(all, a_n + b_n, sizeof *all, by_text);
        for (size_t i = 0; i < a_n + b_n && (limit == 0 || n < limit); i++)
                if (n == 0 || !str_eq(all[n - 1], all[i]))
                        all[n++] = all[i];
        *ret = all;
        *ret_n = n;
}

static bool overlay_label_names(Querier *face, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                                size_t *ret_n, Err *err)
{
        OverlayQuerier *q = (OverlayQuerier *)face;
        Str *lower, *upper;
        size_t lower_n, upper_n;
        if (!q->lower->label_names(q->lower, args, limit, arena, &lower, &lower_n, err) ||
            !q->upper->label_names(q->upper, args, limit, arena, &upper, &upper_n, err))
                return false;
        merge_texts(lower, lower_n, upper, upper_n, limit, arena, ret, ret_n);
        return true;
}

static bool overlay_label_values(Querier *face, Str name, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                                 size_t *ret_n, Err *err)
{
        OverlayQuerier *q = (OverlayQuerier *)face;
        Str *lower, *upper;
        size_t lower_n, upper_n;
        if (!q->lower->label_values(q->lower, name, args, limit, arena, &lower, &lower_n, err) ||
            !q->upper->label_values(q->upper, name, args, limit, arena, &upper, &upper_n, err))
                return false;
        merge_texts(lower, lower_n, upper, upper_n, limit, arena, ret, ret_n);
        return true;
}

static void overlay_close(Querier *face)
{
        OverlayQuerier *q = (OverlayQuerier *)face;
        querier_close(q->lower);
        querier_close(q->upper);
        mem_free(q);
}

static bool overlay_querier(StoreEngine *engine, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        const Overlay *o = (const Overlay *)engine;
        Querier *lower, *upper;
        if (!store_querier(o->lower, min_ms, max_ms, &lower, err))
                return false;
        if (!store_querier(o->upper, min_ms, max_ms, &upper, err)) {
                querier_close(lower);
                return false;
        }
        OverlayQuerier *q = mem_new(OverlayQuerier);
        q->face = (Querier){ .select = overlay_select,
                             .read = overlay_read,
                             .label_names = overlay_label_names,
                             .label_values = overlay_label_values,
                             .close = overlay_close };
        q->overlay = o;
        q->lower = lower;
        q->upper = upper;
        *ret = &q->face;
        return true;
}

static Appender *overlay_appender(StoreEngine *engine) { return store_appender(((const Overlay *)engine)->upper); }

Overlay *overlay_new(StoreEngine *lower, StoreEngine *upper, int64_t since_ms, bool (*hides)(void *ctx, Labels labels),
                     void *ctx)
{
        Overlay *o = mem_new(Overlay);
        *o = (Overlay){ .engine = { .appender = overlay_appender, .querier = overlay_querier },
                        .lower = lower,
                        .upper = upper,
                        .since_ms = since_ms,
                        .hides = hides,
                        .ctx = ctx };
        return o;
}

void overlay_free(Overlay *o) { mem_free(o); }

StoreEngine *overlay_engine(Overlay *o) { return &o->engine; }
