#include "testing.h"

#include "api/api_matrix.h"
#include "codec/json.h"

enum { SERIES = 100, POINTS = 300 };

/* `n` series; every seventh has one point, every eleventh none. */
static PromqlSeries *make_series(Arena *arena, size_t n)
{
        PromqlSeries *all = arena_array(arena, PromqlSeries, n);
        for (size_t i = 0; i < n; i++) {
                Label *label = arena_new_of(arena, Label);
                *label = (Label){ STR("i"), str_printf(arena, "%zu", i) };
                all[i] = (PromqlSeries){ .labels = { label, 1 },
                                         .n = i % 11 == 0  ? 0
                                              : i % 7 == 0 ? 1
                                                           : POINTS,
                                         .t = arena_array(arena, int64_t, POINTS),
                                         .v = arena_array(arena, double, POINTS) };
                for (size_t k = 0; k < POINTS; k++) {
                        all[i].t[k] = 1700000000000 + (int64_t)k * 15000;
                        all[i].v[k] = (double)(i * k) / 7;
                }
        }
        return all;
}

static Str text_of(Arena *arena, const PromqlSeries *series, size_t n, Pool *pool)
{
        HttpResponse resp = { .body = { .arena = arena } };
        Buf *out = arena_new_of(arena, Buf); /* not the response's: nothing is sent */
        out->arena = arena;
        JsonWriter w;
        json_writer_init(&w, out);
        assert_true(api_matrix_put(&w, series, n, pool, &resp));
        return buf_str(out);
}

/* Invariant 1. */
static void the_text_is_the_same_for_every_pool(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        PromqlSeries *series = make_series(arena, SERIES);
        static const size_t counts[] = { 1, 9, 100 };
        for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
                Str alone = text_of(arena, series, counts[k], NULL);
                for (size_t threads = 1; threads < 5; threads++) {
                        Pool *pool = pool_new(threads, 8);
                        Str text = text_of(arena, series, counts[k], pool);
                        assert_true(str_eq(text, alone));
                        pool_free(pool);
                }
        }
        arena_free(arena);
}

static void every_point_is_there(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        PromqlSeries *series = make_series(arena, SERIES);
        Err err;
        JsonValue *root;
        assert_ok(json_parse(text_of(arena, series, 80, NULL), arena, &root, &err), err);
        assert_int_equal(root->n, 80);
        for (size_t i = 0; i < 80; i++) {
                const JsonValue *values = json_get(&root->items[i], STR("values"));
                assert_int_equal(values ? values->n : 0, series[i].n);
                for (size_t k = 0; k < series[i].n; k++)
                        assert_double(values->items[k].items[0].num, (double)series[i].t[k] / 1000);
        }
        assert_str(text_of(arena, series, 0, NULL), "[]");
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_text_is_the_same_for_every_pool),
                cmocka_unit_test(every_point_is_there),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
