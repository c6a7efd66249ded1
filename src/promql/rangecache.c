/* Invariants:
 * 1. The value of a step depends on the expression, on the options in the key, and on the samples in [step - back, step + ahead], and on
 *    nothing else: what could make it depend on the query's other steps is not kept (is_kept).
 * 2. The mark of an entry was taken before the querier was opened that its values come from. So a step whose samples end before everything
 *    that changed since the mark would come out the same now: late samples, deletions and staleness need no rule of their own.
 * 3. Entries never change once they are in the list; who reads one holds it, and an entry that was replaced goes with its last reader.
 * 4. Answers with annotations are not kept: annotations belong to steps that nobody recorded. Nor are histograms.
 * 5. What is kept never takes more than max_bytes, what readers still hold excepted. */
#include "promql/rangecache.h"

#include "base/hash.h"
#include "base/metric.h"
#include "os/mutex.h"
#include "promql/functions.h"
#include "promql/plan.h"

METRIC_COUNTER(hits, "pharos_promql_cache_hits_total", "Range queries of which at least one step came from the cache.");
METRIC_COUNTER(misses, "pharos_promql_cache_misses_total", "Range queries of which the cache knew no step.");
METRIC_COUNTER(invalidations, "pharos_promql_cache_invalidations_total",
               "Kept answers of which no step could be used: samples had changed.");
METRIC_COUNTER(evictions, "pharos_promql_cache_evictions_total", "Kept answers that went for want of room.");
METRIC_GAUGE(bytes_gauge, "pharos_promql_cache_bytes", "Memory of the kept answers.");

struct RangeEntry {
        RangeEntry *prev, *next; /* most recently used first */
        Arena *arena;            /* of everything here but the entry itself */
        Str key;
        uint64_t hash, mark, bytes;
        int64_t start_ms, last_ms;
        PromqlSeries *series; /* sorted by labels */
        size_t n;
        size_t holders; /* readers, and the list */
};

struct RangeCache {
        uint64_t max_bytes;
        Mutex mu;
        RangeEntry *first GUARDED_BY(&mu), *last GUARDED_BY(&mu);
        size_t n GUARDED_BY(&mu);
        uint64_t bytes GUARDED_BY(&mu);
};

RangeCache *rangecache_new(uint64_t max_bytes)
{
        RangeCache *c = mem_new(RangeCache);
        c->max_bytes = max_bytes;
        mutex_init(&c->mu);
        return c;
}

/* --- the list --- */

static void let_go(RangeEntry *e)
{
        if (--e->holders)
                return;
        arena_free(e->arena);
        mem_free(e);
}

static void take_out(RangeCache *c, RangeEntry *e) REQUIRES(c->mu)
{
        *(e->prev ? &e->prev->next : &c->first) = e->next;
        *(e->next ? &e->next->prev : &c->last) = e->prev;
        c->n--;
        c->bytes -= e->bytes;
}

static void put_first(RangeCache *c, RangeEntry *e) REQUIRES(c->mu)
{
        e->prev = NULL;
        e->next = c->first;
        *(c->first ? &c->first->prev : &c->last) = e;
        c->first = e;
        c->n++;
        c->bytes += e->bytes;
}

static RangeEntry *find(const RangeCache *c, Str key, uint64_t hash) REQUIRES(c->mu)
{
        for (RangeEntry *e = c->first; e; e = e->next)
                if (e->hash == hash && str_eq(e->key, key))
                        return e;
        return NULL;
}

void rangecache_free(RangeCache *c)
{
        if (!c)
                return;
        mutex_lock(&c->mu);
        for (RangeEntry *e = c->first, *next; e; e = next) {
                next = e->next;
                let_go(e);
        }
        mutex_unlock(&c->mu);
        mutex_done(&c->mu);
        mem_free(c);
}

uint64_t rangecache_bytes(RangeCache *c)
{
        MUTEX_SCOPE(&c->mu);
        return c->bytes;
}

/* --- what is kept --- */

static bool has_fixed_time(const TimeShift *shift) { return shift->at != AT_NONE || shift->offset_expr; }

/* Whether a step of it stands for itself: not so where it asks for the query's start or end, or where labels of series that have no sample
 * at the step decide about errors. */
static bool stands_alone(const Expr *e)
{
        switch (e->kind) {
        case EXPR_SELECTOR: return !has_fixed_time(&e->selector.shift) && !e->selector.range_expr;
        case EXPR_SUBQUERY:
                return !has_fixed_time(&e->subquery.shift) && !e->subquery.range_expr && !e->subquery.step_expr;
        case EXPR_BINARY: return !e->binary.fill_lhs_set && !e->binary.fill_rhs_set;
        case EXPR_CALL: {
                FunctionId id = e->call.fn->id;
                return id != FN_START && id != FN_END && id != FN_RANGE && id != FN_INFO && id != FN_LABEL_JOIN &&
                       id != FN_LABEL_REPLACE;
        }
        case EXPR_NUMBER:
        case EXPR_STRING:
        case EXPR_AGGREGATE:
        case EXPR_UNARY:
        case EXPR_PAREN: break;
        }
        return true;
}

static bool look(void *arg, const Expr *e)
{
        bool *alone = arg;
        *alone = *alone && stands_alone(e);
        return *alone;
}

static bool is_kept(const Expr *expr)
{
        bool alone = true;
        ast_walk(expr, look, &alone);
        return alone;
}

/* Everything that a value depends on besides the samples. Queries of about the same length share an entry. */
static Str key_of(StoreEngine *store, const PromqlQuery *q, int64_t lookback_ms, const RangeUse *use, Arena *arena)
{
        Buf key = { .arena = arena };
        int64_t phase_ms = q->start_ms % q->step_ms;
        buf_printf(&key, "%p %lld %lld %lld %d ", (void *)store, (long long)q->step_ms,
                   (long long)(phase_ms < 0 ? phase_ms + q->step_ms : phase_ms), (long long)lookback_ms,
                   64 - __builtin_clzll(use->steps));
        ast_print(&key, q->expr);
        return buf_str(&key);
}

/* Which samples the steps look at: [first step - back, last step + *ret_ahead_ms]. False: none, or not to be told. */
static bool reads(const PromqlOptions *options, const PromqlQuery *q, int64_t lookback_ms, const RangeUse *use,
                  Arena *arena, int64_t *ret_min_ms, int64_t *ret_ahead_ms)
{
        PlanArgs args = { .start_ms = use->start_ms,
                          .end_ms = use->last_ms,
                          .step_ms = q->step_ms,
                          .lookback_ms = lookback_ms,
                          .default_step_ms = options->default_step_ms };
        Plan plan;
        Err ignored;
        if (!plan_build(q->expr, &args, arena, &plan, &ignored) || plan.min_ms > plan.max_ms ||
            plan.min_ms == INT64_MIN || plan.max_ms == INT64_MAX)
                return false;
        *ret_min_ms = plan.min_ms;
        return !__builtin_sub_overflow(plan.max_ms, use->last_ms, ret_ahead_ms);
}

/* How many steps of the query the entry knows, when samples at since_ms and later have changed. */
static size_t count_known(const RangeEntry *e, const RangeUse *use, int64_t step_ms, int64_t ahead_ms, int64_t since_ms)
{
        int64_t last_ms = MIN_OF(e->last_ms, use->last_ms);
        if (since_ms < INT64_MAX)
                last_ms = MIN_OF(last_ms, plan_sub(plan_sub(since_ms, 1), ahead_ms));
        if (e->start_ms > use->start_ms || last_ms < use->start_ms)
                return 0;
        return (size_t)((last_ms - use->start_ms) / step_ms) + 1;
}

static void take_known(RangeUse *use, StoreEngine *store, int64_t step_ms, int64_t ahead_ms)
{
        RangeCache *c = use->cache;
        RangeEntry *e;
        StoreChanges changes;
        {
                MUTEX_SCOPE(&c->mu);
                if (!(e = find(c, use->key, hash_bytes(use->key.p, use->key.n))))
                        return;
                e->holders++;
                take_out(c, e);
                put_first(c, e);
        }
        store->changes(store, e->mark, &changes);
        use->known = count_known(e, use, step_ms, ahead_ms, changes.since_ms);
        use->mark = changes.mark;
        use->entry = e;
        if (use->known == 0)
                metric_add(invalidations, 1);
        else
                use->known_ms = use->start_ms + (int64_t)(use->known - 1) * step_ms;
}

bool rangecache_begin(RangeCache *c, const PromqlOptions *options, StoreEngine *store, const PromqlQuery *q,
                      int64_t lookback_ms, Arena *arena, RangeUse *ret)
{
        if (c->max_bytes == 0 || !q->range || !store->changes || options->features.delayed_name_removal ||
            q->text.n > RANGECACHE_MAX_KEY_BYTES || !is_kept(q->expr))
                return false;
        RangeUse use = { .cache = c, .start_ms = q->start_ms };
        int64_t length_ms, min_ms, ahead_ms;
        if (__builtin_sub_overflow(q->end_ms, q->start_ms, &length_ms))
                return false;
        use.steps = (size_t)(length_ms / q->step_ms) + 1;
        use.last_ms = q->start_ms + (int64_t)(use.steps - 1) * q->step_ms;
        StoreChanges now;
        store->changes(store, 0, &now);
        if (!reads(options, q, lookback_ms, &use, arena, &min_ms, &ahead_ms) || min_ms < now.from_ms)
                return false;
        use.mark = now.mark;
        use.key = key_of(store, q, lookback_ms, &use, arena);
        if (use.key.n > RANGECACHE_MAX_KEY_BYTES)
                return false;
        take_known(&use, store, q->step_ms, ahead_ms);
        *ret = use;
        return true;
}

/* --- merging --- */

/* How many of its points lie before t_ms, or at it when `with`. */
static size_t points_until(const PromqlSeries *s, int64_t t_ms, bool with)
{
        size_t lo = 0, hi = s->n;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (s->t[mid] < t_ms || (with && s->t[mid] == t_ms))
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

/* The points of a known series that the query asks for, then those of b (either may be NULL). */
static void put_joined(const RangeUse *use, const PromqlSeries *a, const PromqlSeries *b, Arena *arena,
                       PromqlResult *out)
{
        size_t from = a ? points_until(a, use->start_ms, false) : 0;
        size_t to = a ? points_until(a, use->known_ms, true) : 0;
        if (from == to) {
                if (b)
                        out->series[out->n_series++] = *b;
                return;
        }
        size_t known = to - from;
        PromqlSeries s = { .labels = b ? b->labels : labels_dup(arena, a->labels), .n = known + (b ? b->n : 0) };
        s.t = arena_raw_array(arena, int64_t, s.n);
        s.v = arena_raw_array(arena, double, s.n);
        memcpy(s.t, a->t + from, known * sizeof *s.t);
        memcpy(s.v, a->v + from, known * sizeof *s.v);
        if (b) {
                memcpy(s.t + known, b->t, b->n * sizeof *s.t);
                memcpy(s.v + known, b->v, b->n * sizeof *s.v);
        }
        if (b && b->h) {
                s.h = arena_array(arena, const Histogram *, s.n);
                memcpy(s.h + known, b->h, b->n * sizeof *s.h);
        }
        out->series[out->n_series++] = s;
}

static void join(const RangeUse *use, Arena *arena, PromqlResult *io)
{
        const RangeEntry *e = use->entry;
        PromqlResult out = *io;
        size_t i = 0, k = 0;
        out.series = arena_array(arena, PromqlSeries, e->n + io->n_series + 1);
        out.n_series = 0;
        while (i < e->n || k < io->n_series) {
                int order = i == e->n           ? 1
                            : k == io->n_series ? -1
                                                : labels_cmp(e->series[i].labels, io->series[k].labels);
                put_joined(use, order <= 0 ? &e->series[i] : NULL, order >= 0 ? &io->series[k] : NULL, arena, &out);
                i += order <= 0;
                k += order >= 0;
        }
        out.type = VALUE_MATRIX;
        *io = out;
}

/* --- keeping --- */

/* NULL: this answer is not kept. */
static RangeEntry *entry_of(const RangeUse *use, const PromqlResult *r)
{
        uint64_t max_bytes = use->cache->max_bytes / RANGECACHE_SHARE, bytes = 0;
        if (r->n_annotations)
                return NULL;
        for (size_t i = 0; i < r->n_series; i++) {
                bytes += sizeof *r->series + r->series[i].n * (sizeof(int64_t) + sizeof(double));
                if (r->series[i].h || bytes > max_bytes)
                        return NULL;
        }
        RangeEntry *e = mem_new(RangeEntry);
        *e = (RangeEntry){ .arena = arena_new(),
                           .hash = hash_bytes(use->key.p, use->key.n),
                           .mark = use->mark,
                           .start_ms = use->start_ms,
                           .last_ms = use->last_ms,
                           .n = r->n_series,
                           .holders = 1 };
        e->key = str_dup(e->arena, use->key);
        e->series = arena_array(e->arena, PromqlSeries, r->n_series + 1);
        for (size_t i = 0; i < r->n_series; i++) {
                const PromqlSeries *s = &r->series[i];
                PromqlSeries *own = &e->series[i];
                *own = (PromqlSeries){ .labels = labels_dup(e->arena, s->labels), .n = s->n };
                own->t = arena_raw_array(e->arena, int64_t, s->n);
                own->v = arena_raw_array(e->arena, double, s->n);
                memcpy(own->t, s->t, s->n * sizeof *s->t);
                memcpy(own->v, s->v, s->n * sizeof *s->v);
        }
        e->bytes = arena_used(e->arena) + sizeof *e;
        if (e->bytes <= max_bytes)
                return e;
        let_go(e);
        return NULL;
}

static void keep(RangeCache *c, RangeEntry *e)
{
        MUTEX_SCOPE(&c->mu);
        RangeEntry *old = find(c, e->key, e->hash);
        if (old) {
                take_out(c, old);
                let_go(old);
        }
        put_first(c, e);
        while (c->last && (c->bytes > c->max_bytes || c->n > RANGECACHE_ENTRIES)) {
                RangeEntry *oldest = c->last;
                take_out(c, oldest);
                let_go(oldest);
                metric_add(evictions, 1);
        }
        metric_set(bytes_gauge, c->bytes);
}

void rangecache_merge(RangeUse *use, Arena *arena, PromqlResult *io)
{
        metric_add(use->known ? hits : misses, 1);
        if (use->known)
                join(use, arena, io);
        if (use->known == use->steps)
                return;
        RangeEntry *e = entry_of(use, io);
        if (e)
                keep(use->cache, e);
}

void rangecache_end(RangeUse *use)
{
        if (!use->entry)
                return;
        MUTEX_SCOPE(&use->cache->mu);
        let_go(use->entry);
        use->entry = NULL;
}
