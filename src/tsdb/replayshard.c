/* Invariants
 * 1. A series belongs to one share: block of slots modulo number of shares. Its samples are applied in log order.
 * 2. Threads touch the catalog, the map and the bytes of records only between a record's arrival and the next drain.
 * 3. The samples of a share are applied PENDING behind where it reads: the record, then the chunk, are asked for on the way. */
#include "tsdb/replayshard.h"

#include "base/bits.h"
#include "base/mem.h"
#include "os/proc.h"
#include "os/thread.h"
#include "tsdb/cold.h"
#include "tsdb/walrec.h"

enum { PENDING = 32, CHUNK_AHEAD = 16 };

typedef struct PendingPut {
        Series *s;
        int64_t t_ms;
        double v;
} PendingPut;

typedef struct Shard {
        ReplayShards *all;
        unsigned index;
        HeadRun run;
        ReplayCounts counts;
        int64_t max_ms;
        unsigned read, applied; /* of `pending`, modulo PENDING */
        PendingPut pending[PENDING];
} Shard;

typedef struct Item {
        Str sections;
        uint32_t segment;
} Item;

struct ReplayShards {
        Tsdb *db;
        const SidMap *slots;
        unsigned n_shards; /* 1: no threads yet */
        uint64_t alone_bytes;
        Shard shards[REPLAYSHARD_MAX];
        Thread threads[REPLAYSHARD_MAX];
        Mutex mu;
        Cond changed;
        Item items[REPLAYSHARD_AHEAD_RECORDS] GUARDED_BY(&mu);
        uint64_t given GUARDED_BY(&mu);
        uint64_t done[REPLAYSHARD_MAX] GUARDED_BY(&mu);
        bool stop GUARDED_BY(&mu);
};

/* ---- a share */

static void apply_oldest(Shard *sh)
{
        const PendingPut *p = &sh->pending[sh->applied++ % PENDING];
        if (head_put(sh->all->db, p->s, p->t_ms, p->v, &sh->run) != APPEND_OK)
                return;
        sh->counts.samples++;
        sh->max_ms = MAX_OF(sh->max_ms, p->t_ms);
}

static void on_sample(void *arg, uint64_t sid, int64_t t_ms, double v)
{
        Shard *sh = arg;
        const ReplayShards *r = sh->all;
        uint32_t slot = sidmap_get(r->slots, sid);
        if (UNLIKELY(!slot)) {
                if (sh->index)
                        return;
                sh->counts.orphans += !cold_covers(r->db, sid, t_ms);
                sh->counts.max_sid = MAX_OF(sh->counts.max_sid, sid);
                return;
        }
        slot--;
        if (slot / CATALOG_BLOCK % r->n_shards != sh->index)
                return;
        Series *s = catalog_at(r->db->catalog, slot);
        __builtin_prefetch(s);
        __builtin_prefetch((const char *)s + sizeof *s - 1);
        if (sh->read - sh->applied == PENDING)
                apply_oldest(sh);
        sh->pending[sh->read++ % PENDING] = (PendingPut){ s, t_ms, v };
        if (sh->read - sh->applied > CHUNK_AHEAD) {
                const XorChunk *open = &sh->pending[(sh->read - CHUNK_AHEAD) % PENDING].s->open;
                if (open->p)
                        __builtin_prefetch(open->p + open->bits / 8, 1);
        }
}

static bool read_record(Shard *sh, const Item *item, Err *err)
{
        const WalrecHandler handler = { .ctx = sh, .sample = on_sample };
        sh->run.segment = item->segment;
        bool ok = walrec_read(item->sections, &handler, err);
        while (sh->applied != sh->read)
                apply_oldest(sh);
        return ok;
}

static void run_shard(void *arg)
{
        Shard *sh = arg;
        ReplayShards *r = sh->all;
        mutex_lock(&r->mu);
        for (;;) {
                uint64_t *done = &r->done[sh->index];
                while (*done == r->given && !r->stop)
                        mutex_cond_wait(&r->changed, &r->mu);
                if (*done == r->given)
                        break;
                Item item = r->items[*done % REPLAYSHARD_AHEAD_RECORDS];
                mutex_unlock(&r->mu);
                Err ignored; /* the reader's own share tells */
                IGNORE(read_record(sh, &item, &ignored));
                mutex_lock(&r->mu);
                (*done)++;
                mutex_cond_broadcast(&r->changed);
        }
        mutex_unlock(&r->mu);
}

/* ---- all */

ReplayShards *replayshard_new(Tsdb *db, const SidMap *slots)
{
        ReplayShards *r = mem_new(ReplayShards);
        r->db = db;
        r->slots = slots;
        r->n_shards = 1;
        for (unsigned i = 0; i < REPLAYSHARD_MAX; i++)
                r->shards[i] = (Shard){ .all = r, .index = i, .max_ms = INT64_MIN };
        mutex_init(&r->mu);
        mutex_cond_init(&r->changed);
        return r;
}

/* Fewer threads than wanted, or none, are fine: the shares are cut to what there is. */
static void start_threads(ReplayShards *r)
{
        size_t want = MIN_OF(proc_cpus(), (size_t)REPLAYSHARD_MAX);
        Err ignored;
        unsigned n = 1;
        MUTEX_SCOPE(&r->mu); /* threads look at n_shards with their first record */
        while (n < want && thread_start(&r->threads[n], "replay", run_shard, &r->shards[n], &ignored))
                n++;
        r->n_shards = n;
}

static uint64_t slowest(const ReplayShards *r) REQUIRES(&r->mu)
{
        uint64_t least = r->given;
        for (unsigned i = 1; i < r->n_shards; i++)
                least = MIN_OF(least, r->done[i]);
        return least;
}

void replayshard_drain(ReplayShards *r)
{
        MUTEX_SCOPE(&r->mu);
        while (slowest(r) < r->given)
                mutex_cond_wait(&r->changed, &r->mu);
}

void replayshard_free(ReplayShards *r, ReplayCounts *ret)
{
        *ret = (ReplayCounts){ 0 };
        replayshard_drain(r);
        mutex_lock(&r->mu);
        r->stop = true;
        mutex_cond_broadcast(&r->changed);
        mutex_unlock(&r->mu);
        for (unsigned i = 1; i < r->n_shards; i++)
                thread_join(r->threads[i]);
        int64_t max_ms = atomic_load(&r->db->max_ms);
        for (unsigned i = 0; i < r->n_shards; i++) {
                const ReplayCounts *c = &r->shards[i].counts;
                ret->samples += c->samples;
                ret->orphans += c->orphans;
                ret->max_sid = MAX_OF(ret->max_sid, c->max_sid);
                max_ms = MAX_OF(max_ms, r->shards[i].max_ms);
        }
        atomic_store(&r->db->max_ms, max_ms);
        mutex_cond_done(&r->changed);
        mutex_done(&r->mu);
        mem_free(r);
}

bool replayshard_takes(Str sections)
{
        return sections.n >= 5 && sections.p[0] == WALREC_SAMPLES && bits_le32(sections.p + 1) == sections.n - 5;
}

bool replayshard_apply(ReplayShards *r, uint32_t segment, Str sections, Err *err)
{
        Item item = { sections, segment };
        r->alone_bytes += sections.n;
        if (r->n_shards == 1 && r->alone_bytes > REPLAYSHARD_ALONE_BYTES)
                start_threads(r);
        if (r->n_shards > 1) {
                MUTEX_SCOPE(&r->mu);
                while (r->given - slowest(r) == REPLAYSHARD_AHEAD_RECORDS)
                        mutex_cond_wait(&r->changed, &r->mu);
                r->items[r->given++ % REPLAYSHARD_AHEAD_RECORDS] = item;
                mutex_cond_broadcast(&r->changed);
        }
        return read_record(&r->shards[0], &item, err);
}
