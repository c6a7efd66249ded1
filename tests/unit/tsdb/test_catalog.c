#include "testing.h"

#include "tsdb/catalog.h"

static Labels labels_of(Arena *arena, unsigned i)
{
        Label *l = arena_array(arena, Label, 2);
        l[0] = (Label){ STR("__name__"), STR("x") };
        l[1] = (Label){ STR("i"), str_printf(arena, "%u", i) };
        return (Labels){ l, 2 };
}

static void adds_finds_and_removes(void **state)
{
        (void)state;
        enum { N = 5000 };
        AUTO(arena_free) Arena *arena = arena_new();
        Catalog *c = catalog_new();
        static SeriesRef refs[N];
        uint32_t slot;
        for (unsigned i = 0; i < N; i++) {
                Labels l = labels_of(arena, i);
                assert_false(catalog_find(c, l, catalog_hash(l), &slot));
                assert_true(catalog_add(c, l, catalog_hash(l), &(CatalogBirth){ 0 }, &slot));
                refs[i] = catalog_ref(catalog_at(c, slot), slot);
                assert_int_equal(catalog_at(c, slot)->sid, i + 1);
        }
        for (unsigned i = 0; i < N; i += 2)
                catalog_remove(c, catalog_slot_of_ref(refs[i]));
        assert_int_equal(c->count, N / 2);
        for (unsigned i = 0; i < N; i++) {
                Labels l = labels_of(arena, i);
                assert_int_equal(catalog_find(c, l, catalog_hash(l), &slot), i % 2);
                assert_int_equal(catalog_of_ref(c, refs[i]) != NULL, i % 2);
        }
        /* A slot that lives again has another reference. */
        Labels back = labels_of(arena, 0);
        assert_true(catalog_add(c, back, catalog_hash(back), &(CatalogBirth){ .sid = 77777 }, &slot));
        assert_true(catalog_at(c, slot)->open.last_ms == INT64_MIN && catalog_at(c, slot)->pend == 0);
        assert_true(catalog_ref(catalog_at(c, slot), slot) != refs[0]);
        assert_null(catalog_of_ref(c, refs[0]));
        assert_null(catalog_of_ref(c, 0));
        assert_null(catalog_of_ref(c, UINT64_MAX));
        assert_int_equal(c->next_sid, 77778);
        Label pairs[2];
        assert_true(labels_eq(catalog_labels(c, catalog_at(c, slot), pairs), back));
        assert_true(catalog_bytes(c) > 0);
        catalog_free(c);
}

static void a_series_returns_with_what_it_knew(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Catalog *c = catalog_new();
        Labels l = labels_of(arena, 1);
        uint32_t slot;
        CatalogBirth birth = { .sid = 5, .pend = 9, .has_last = true, .last_ms = 0, .last_bits = 42 };
        assert_true(catalog_add(c, l, catalog_hash(l), &birth, &slot));
        const Series *s = catalog_at(c, slot);
        assert_true(s->live && s->sid == 5 && s->pend == 9 && s->open.last_ms == 0 && s->open.last_bits == 42);
        catalog_remove(c, slot);
        assert_true(catalog_add(c, l, catalog_hash(l), &(CatalogBirth){ 0 }, &slot));
        assert_ptr_equal(catalog_at(c, slot), s); /* the slot again, without its past */
        assert_true(s->sid == 6 && s->open.last_ms == INT64_MIN && s->open.last_bits == 0);
        catalog_free(c);
}

static void a_record_is_small(void **state)
{
        (void)state;
        assert_true(sizeof(Series) <= 112);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(adds_finds_and_removes),
                                            cmocka_unit_test(a_series_returns_with_what_it_knew),
                                            cmocka_unit_test(a_record_is_small) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
