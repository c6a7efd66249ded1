#include "ingest/refcache.h"

#include "base/check.h"
#include "os/thread.h"
#include "testing.h"

static Hash128 key_of(uint32_t i) { return (Hash128){ hash_u64(i), i }; }

static void order_is_learned(void **state)
{
        (void)state;
        enum { N = 10000 };
        RefCache cache;
        refcache_init(&cache);
        RefCursor c = refcache_begin(&cache, 0);
        assert_int_equal(refcache_expected(&c), 0);
        assert_int_equal(refcache_find(&c, key_of(1)), 0);
        for (uint32_t i = 1; i <= N; i++)
                refcache_put(&c, key_of(i), 10, i * 3);
        refcache_end(&c);
        c = refcache_begin(&cache, 0);
        uint32_t id = refcache_find(&c, key_of(1));
        for (uint32_t i = 1; i <= N; i++) {
                assert_int_equal(refcache_ref(&c, id), i * 3);
                refcache_take(&c, id);
                id = refcache_expected(&c);
        }
        assert_int_equal(id, 0);
        /* Another order is learned as well; a reference may change. */
        refcache_find(&c, key_of(7));
        id = refcache_find(&c, key_of(3));
        refcache_put(&c, key_of(3), 10, 99);
        assert_int_equal(refcache_ref(&c, id), 99);
        refcache_find(&c, key_of(7));
        assert_int_equal(refcache_expected(&c), id);
        refcache_end(&c);
        refcache_done(&cache);
}

static void a_full_cache_starts_over(void **state)
{
        (void)state;
        RefCache cache;
        refcache_init(&cache);
        RefCursor old = refcache_begin(&cache, 0), c = refcache_begin(&cache, 0);
        refcache_put(&old, key_of(0), 1, 5);
        for (uint32_t i = 1; i < REFCACHE_MAX + 10u; i++)
                refcache_put(&c, key_of(i), 1, i);
        assert_int_equal(refcache_find(&c, key_of(0)), 0);
        assert_true(refcache_find(&c, key_of(REFCACHE_MAX + 9)) > 0);
        assert_true(refcache_find(&old, key_of(0)) > 0); /* whoever reads the old one goes on */
        assert_int_equal(refcache_ref(&old, old.at), 5);
        refcache_end(&old);
        refcache_end(&c);
        refcache_done(&cache);
}

static uint32_t entries_of(RefCursor *c)
{
        MUTEX_SCOPE(&c->table->mu);
        return c->table->n;
}

/* Uses the series [from, to) as a sender would that sends them in this order. */
static void send(RefCursor *c, uint32_t from, uint32_t to)
{
        for (uint32_t i = from; i < to; i++)
                if (!refcache_find(c, key_of(i)))
                        refcache_put(c, key_of(i), 4, i * 3);
}

static void what_is_not_sent_any_more_is_forgotten(void **state)
{
        (void)state;
        enum { FLEET = 10000, ROUNDS_OF_IT = 50 };
        RefCache cache;
        refcache_init(&cache);
        RefCursor first = refcache_begin(&cache, 0);
        send(&first, 1, 1 + FLEET);
        /* A tenth is replaced every time: without forgetting, 60,000 would be there at the end. */
        for (uint32_t round = 0; round < ROUNDS_OF_IT; round++) {
                RefCursor c = refcache_begin(&cache, (int64_t)round * REFCACHE_EPOCH_MS);
                send(&c, 1 + round * FLEET / 10, 1 + round * FLEET / 10 + FLEET);
                assert_true(entries_of(&c) <= FLEET + FLEET / 2);
                refcache_end(&c);
        }
        /* What stays is whole, and its order is known. */
        uint32_t from = 1 + (ROUNDS_OF_IT - 1) * FLEET / 10;
        RefCursor c = refcache_begin(&cache, (int64_t)ROUNDS_OF_IT * REFCACHE_EPOCH_MS);
        uint32_t id = refcache_find(&c, key_of(from));
        for (uint32_t i = from; i < from + FLEET; i++) {
                assert_int_equal(refcache_at(c.table, id)->key.hi, i);
                assert_int_equal(refcache_ref(&c, id), i * 3);
                refcache_take(&c, id);
                id = refcache_expected(&c);
        }
        /* Whoever held the first one finds what it had. */
        assert_true(refcache_find(&first, key_of(1)) > 0);
        refcache_end(&first);
        refcache_end(&c);
        refcache_done(&cache);
}

static void nothing_new_nothing_forgotten(void **state)
{
        (void)state;
        RefCache cache;
        refcache_init(&cache);
        RefCursor c = refcache_begin(&cache, 0);
        send(&c, 1, 5000);
        refcache_end(&c);
        c = refcache_begin(&cache, REFCACHE_EPOCH_MS); /* all of it is new: gone through, and kept */
        RefTable *table = c.table;
        assert_int_equal(entries_of(&c), 4999);
        refcache_end(&c);
        /* A sender that was away for a day still finds its series. */
        c = refcache_begin(&cache, (int64_t)24 * 3600 * 1000);
        assert_ptr_equal(c.table, table);
        assert_true(refcache_find(&c, key_of(77)) > 0);
        refcache_end(&c);
        refcache_done(&cache);
}

enum { THREADS = 4, SERIES = 3000, ROUNDS = 20 };

static void use(void *arg)
{
        RefCache *cache = arg;
        for (int round = 0; round < ROUNDS; round++) {
                /* Time goes on, so that the table is renewed under others' hands. */
                RefCursor c = refcache_begin(cache, (int64_t)round / 4 * REFCACHE_EPOCH_MS);
                for (uint32_t i = 1; i <= SERIES; i++) {
                        uint32_t id = refcache_expected(&c);
                        if (id && refcache_at(c.table, id)->key.hi == i)
                                refcache_take(&c, id);
                        else
                                id = refcache_find(&c, key_of(i));
                        if (id)
                                CHECK(refcache_ref(&c, id) == i);
                        else
                                refcache_put(&c, key_of(i), 4, i);
                }
                refcache_end(&c);
        }
}

static void many_at_once(void **state)
{
        (void)state;
        RefCache cache;
        refcache_init(&cache);
        Thread threads[THREADS];
        Err err;
        for (int i = 0; i < THREADS; i++)
                assert_ok(thread_start(&threads[i], "user", use, &cache, &err), err);
        for (int i = 0; i < THREADS; i++)
                thread_join(threads[i]);
        RefCursor c = refcache_begin(&cache, 0);
        mutex_lock(&c.table->mu);
        uint32_t n = c.table->n;
        mutex_unlock(&c.table->mu);
        assert_int_equal(n, SERIES);
        refcache_end(&c);
        refcache_done(&cache);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(order_is_learned),
                cmocka_unit_test(a_full_cache_starts_over),
                cmocka_unit_test(what_is_not_sent_any_more_is_forgotten),
                cmocka_unit_test(nothing_new_nothing_forgotten),
                cmocka_unit_test(many_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
