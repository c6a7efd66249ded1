/* Invariants
 * 1. At most max exemplars are kept; the ring holds them in the order they came, `newest` knows the last of each series that is in it.
 * 2. Of one series they rise in time; a second one at the same time differs.
 *
 * Lock order: the catalog's lock, then mu. */
#include "tsdb/exemplars.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"

#define MAP_NAME NewestMap
#define MAP_FN_PREFIX newest_map
#define MAP_KEY SeriesRef
#define MAP_VAL uint64_t
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

typedef struct Kept {
        SeriesRef ref;
        Exemplar e;   /* labels: one heap block with its strings */
        Label *block; /* owned */
} Kept;

struct Exemplars {
        Mutex mu;
        VEC(Kept) ring GUARDED_BY(&mu); /* grows to max, then is written over */
        size_t max GUARDED_BY(&mu);
        uint64_t n GUARDED_BY(&mu);       /* that ever came; number i is at i % max */
        NewestMap newest GUARDED_BY(&mu); /* number + 1 */
};

Exemplars *exemplars_new(size_t max)
{
        Exemplars *x = mem_new(Exemplars);
        mutex_init(&x->mu);
        MUTEX_SCOPE(&x->mu);
        x->max = max;
        return x;
}

LOCKS_UNCHECKED void exemplars_free(Exemplars *x)
{
        if (!x)
                return;
        vec_each(k, &x->ring)
                mem_free(k->block);
        vec_done(&x->ring);
        newest_map_done(&x->newest);
        mutex_done(&x->mu);
        mem_free(x);
}

static bool labels_fit(Labels labels)
{
        size_t chars = 0;
        for (size_t i = 0; i < labels.n; i++) {
                const Label *l = &labels.data[i];
                if (!utf8_valid(l->name) || !utf8_valid(l->value))
                        return false;
                chars += utf8_length(l->name) + utf8_length(l->value);
        }
        return chars <= EXEMPLARS_MAX_LABEL_CHARS;
}

static const Exemplar *newest_of(const Exemplars *x, SeriesRef ref) REQUIRES(&x->mu)
{
        const uint64_t *at = newest_map_get(&x->newest, ref);
        return at ? &x->ring.data[(*at - 1) % x->max].e : NULL;
}

static AppendResult judge(const Exemplars *x, SeriesRef ref, const Exemplar *e) REQUIRES(&x->mu)
{
        const Exemplar *last = newest_of(x, ref);
        if (!last)
                return APPEND_OK;
        if (e->t_ms != last->t_ms)
                return e->t_ms > last->t_ms ? APPEND_OK : APPEND_OUT_OF_ORDER;
        if (bits_of_double(e->v) == bits_of_double(last->v) && labels_eq(e->labels, last->labels))
                return APPEND_DUPLICATE;
        return e->v < last->v || labels_cmp(e->labels, last->labels) < 0 ? APPEND_OUT_OF_ORDER : APPEND_OK;
}

AppendResult exemplars_judge(Exemplars *x, SeriesRef ref, const Exemplar *e)
{
        if (!labels_fit(e->labels))
                return APPEND_BAD_LABELS;
        MUTEX_SCOPE(&x->mu);
        return judge(x, ref, e);
}

/* One heap block: the pairs, then their bytes. */
static Label *copy_labels(Labels labels)
{
        size_t bytes = 0;
        for (size_t i = 0; i < labels.n; i++)
                bytes += labels.data[i].name.n + labels.data[i].value.n;
        Label *block = mem_alloc(labels.n * sizeof *block + bytes + 1);
        char *p = (char *)(block + labels.n);
        for (size_t i = 0; i < labels.n; i++) {
                const Label *l = &labels.data[i];
                memcpy(p, l->name.p, l->name.n);
                memcpy(p + l->name.n, l->value.p, l->value.n);
                block[i] = (Label){ { p, l->name.n }, { p + l->name.n, l->value.n } };
                p += l->name.n + l->value.n;
        }
        return block;
}

/* The place for the next one; what was there is gone. */
static Kept *next_place(Exemplars *x) REQUIRES(&x->mu)
{
        if (x->ring.len < x->max)
                return vec_add(&x->ring);
        Kept *k = &x->ring.data[x->n % x->max];
        const uint64_t *newest = newest_map_get(&x->newest, k->ref);
        if (newest && *newest == x->n - x->max + 1)
                newest_map_remove(&x->newest, k->ref);
        mem_free(k->block);
        return k;
}

void exemplars_put(Exemplars *x, SeriesRef ref, const Exemplar *e)
{
        MUTEX_SCOPE(&x->mu);
        if (x->max == 0 || judge(x, ref, e) != APPEND_OK)
                return;
        Kept *k = next_place(x);
        *k = (Kept){ .ref = ref, .e = *e, .block = copy_labels(e->labels) };
        k->e.labels.data = k->block;
        k->e.has_t = true;
        *newest_map_put(&x->newest, ref, NULL) = ++x->n;
}

bool exemplars_has(Exemplars *x, SeriesRef ref)
{
        MUTEX_SCOPE(&x->mu);
        return newest_of(x, ref) != NULL;
}

size_t exemplars_count(Exemplars *x)
{
        MUTEX_SCOPE(&x->mu);
        return x->ring.len;
}

/* ---- select */

typedef struct Found {
        SeriesRef ref;
        uint64_t number;
} Found;

static int compare_found(const void *a, const void *b)
{
        const Found *x = a, *y = b;
        if (x->ref != y->ref)
                return x->ref < y->ref ? -1 : 1;
        return (x->number > y->number) - (x->number < y->number);
}

static int compare_series(const void *a, const void *b)
{
        return labels_cmp(((const ExemplarSeries *)a)->labels, ((const ExemplarSeries *)b)->labels);
}

static bool matches_any(Labels labels, const ExemplarsArgs *args)
{
        bool any = false;
        for (size_t i = 0; i < args->n_sets && !any; i++)
                any = matchers_match(args->sets[i], labels);
        return any;
}

static Exemplar copy_exemplar(const Exemplar *e, Arena *arena)
{
        Exemplar out = *e;
        Label *pairs = arena_raw_array(arena, Label, e->labels.n);
        for (size_t i = 0; i < e->labels.n; i++)
                pairs[i] = (Label){ str_dup(arena, e->labels.data[i].name), str_dup(arena, e->labels.data[i].value) };
        out.labels.data = pairs;
        return out;
}

/* The run of exemplars of one series; false: the series is gone or not asked for. Caller holds the catalog's lock. */
static bool take_series(const Exemplars *x, const Catalog *c, const ExemplarsArgs *args, const Found *run, size_t n,
                        Arena *arena, ExemplarSeries *ret) REQUIRES(&x->mu)
{
        const Series *s = catalog_of_ref(c, run->ref);
        if (!s || !s->pairs)
                return false;
        Labels labels = catalog_labels(c, s, arena_raw_array(arena, Label, s->n_pairs));
        if (!matches_any(labels, args))
                return false;
        Exemplar *data = arena_raw_array(arena, Exemplar, n);
        for (size_t i = 0; i < n; i++)
                data[i] = copy_exemplar(&x->ring.data[run[i].number % x->max].e, arena);
        *ret = (ExemplarSeries){ labels, data, n };
        return true;
}

static size_t find_all(const Exemplars *x, int64_t min_ms, int64_t max_ms, Found *found) REQUIRES(&x->mu)
{
        size_t n = 0;
        for (uint64_t i = x->n - x->ring.len; i < x->n; i++) {
                const Kept *k = &x->ring.data[i % x->max];
                if (k->e.t_ms >= min_ms && k->e.t_ms <= max_ms)
                        found[n++] = (Found){ k->ref, i };
        }
        if (n)
                qsort(found, n, sizeof *found, compare_found);
        return n;
}

void exemplars_select(Exemplars *x, Catalog *catalog, const ExemplarsArgs *args, Arena *arena, ExemplarSeries **ret,
                      size_t *ret_n)
{
        size_t n_series = 0;
        pthread_rwlock_rdlock(&catalog->lock);
        mutex_lock(&x->mu);
        Found *found = arena_raw_array(arena, Found, x->ring.len);
        size_t n = find_all(x, args->min_ms, args->max_ms, found);
        ExemplarSeries *series = arena_raw_array(arena, ExemplarSeries, n);
        for (size_t i = 0, end; i < n; i = end) {
                for (end = i + 1; end < n && found[end].ref == found[i].ref;)
                        end++;
                n_series += take_series(x, catalog, args, found + i, end - i, arena, &series[n_series]);
        }
        mutex_unlock(&x->mu);
        symtab_pin(catalog->symbols, arena);
        pthread_rwlock_unlock(&catalog->lock);
        if (n_series)
                qsort(series, n_series, sizeof *series, compare_series);
        *ret = series;
        *ret_n = n_series;
}
