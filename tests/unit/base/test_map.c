#include "base/hash.h"
#include "base/rand.h"
#include "testing.h"

#define MAP_NAME NumMap
#define MAP_FN_PREFIX num_map
#define MAP_KEY uint64_t
#define MAP_VAL uint64_t
#define MAP_HASH(k) ((k) % 17) /* many collisions on purpose */
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

static void behaves_as_an_array_of_flags(void **state)
{
        (void)state;
        enum { KEYS = 200 };
        bool present[KEYS] = { false };
        NumMap m = { 0 };
        Rand r;
        rand_init(&r, 42);
        for (int i = 0; i < 20000; i++) {
                uint64_t key = rand_below(&r, KEYS);
                if (rand_below(&r, 2)) {
                        bool fresh;
                        *num_map_put(&m, key, &fresh) = key * 3;
                        assert_int_equal(fresh, !present[key]);
                        present[key] = true;
                } else {
                        assert_int_equal(num_map_remove(&m, key), present[key]);
                        present[key] = false;
                }
                uint64_t probe = rand_below(&r, KEYS);
                uint64_t *v = num_map_get(&m, probe);
                assert_int_equal(v != NULL, present[probe]);
                if (v)
                        assert_int_equal(*v, probe * 3);
        }
        size_t count = 0;
        for (NumMapSlot *s = num_map_next(&m, NULL); s; s = num_map_next(&m, s))
                count++;
        assert_int_equal(count, m.len);
        num_map_done(&m);
}

static void what_is_reserved_does_not_move(void **state)
{
        (void)state;
        enum { KEYS = 100 };
        NumMap m = { 0 };
        *num_map_put(&m, 1, NULL) = 7;
        num_map_reserve(&m, KEYS);
        const NumMapSlot *slots = m.slots;
        assert_int_equal(*num_map_get(&m, 1), 7);
        for (uint64_t k = 0; k < KEYS; k++)
                num_map_put(&m, k, NULL);
        assert_ptr_equal(m.slots, slots);
        num_map_reserve(&m, 1);
        assert_ptr_equal(m.slots, slots);
        assert_int_equal(m.len, KEYS);
        num_map_done(&m);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(behaves_as_an_array_of_flags),
                                            cmocka_unit_test(what_is_reserved_does_not_move) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
