#include "testing.h"

#include "store/memstore.h"
#include "store/overlay.h"

typedef struct Fixture {
        Arena *arena;
        MemStore *lower, *upper;
        Overlay *overlay;
} Fixture;

static bool hides_r(void *ctx, Labels labels)
{
        (void)ctx;
        return str_eq(labels_get(labels, LABEL_NAME), STR("r"));
}

static Labels named(Fixture *f, const char *name)
{
        LabelsBuilder b;
        labels_builder_init(&b, f->arena, (Labels){ 0 });
        labels_builder_set(&b, LABEL_NAME, str_of(name));
        return labels_builder_build(&b, f->arena);
}

static Fixture *fixture_new(void)
{
        Fixture *f = calloc(1, sizeof *f);
        f->arena = arena_new();
        f->lower = memstore_new();
        f->upper = memstore_new();
        f->overlay = overlay_new(memstore_engine(f->lower), memstore_engine(f->upper), 100, hides_r, NULL);
        const int64_t times[] = { 50, 90, 100, 110 };
        for (size_t i = 0; i < ARRAY_LEN(times); i++) {
                memstore_add(f->lower, named(f, "r"), times[i], 1);
                memstore_add(f->lower, named(f, "x"), times[i], 2);
        }
        return f;
}

static void fixture_free(Fixture *f)
{
        overlay_free(f->overlay);
        memstore_free(f->upper);
        memstore_free(f->lower);
        arena_free(f->arena);
        free(f);
}

/* "name:time=value,..." of all series, sorted. */
static Str dump(Fixture *f, int64_t min_ms, int64_t max_ms)
{
        Buf out = { .arena = f->arena };
        Querier *q;
        StoreSelection s;
        Err err;
        assert_ok(store_querier(overlay_engine(f->overlay), min_ms, max_ms, &q, &err), err);
        SelectArgs args = { .min_ms = min_ms, .max_ms = max_ms, .sorted = true };
        assert_ok(q->select(q, &args, f->arena, &s, &err), err);
        for (size_t i = 0; i < s.n; i++) {
                Column c = { 0 };
                assert_ok(q->read(q, &s, i, min_ms, max_ms, &c, &err), err);
                buf_printf(&out, STR_FMT ":", STR_ARG(labels_get(s.series[i].labels, LABEL_NAME)));
                for (size_t k = 0; k < c.n; k++)
                        buf_printf(&out, "%d=%g ", (int)c.t[k], c.v[k]);
                column_done(&c);
        }
        querier_close(q);
        return buf_str(&out);
}

static void what_the_upper_store_is_to_have_is_hidden_from_its_start(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        assert_str(dump(f, 0, 1000), "r:50=1 90=1 x:50=2 90=2 100=2 110=2 ");
        memstore_add(f->upper, named(f, "r"), 100, 7);
        memstore_add(f->upper, named(f, "r"), 120, 8);
        memstore_add(f->upper, named(f, "s"), 105, 9);
        assert_str(dump(f, 0, 1000), "r:50=1 90=1 100=7 120=8 s:105=9 x:50=2 90=2 100=2 110=2 ");
        assert_str(dump(f, 95, 115), "r:100=7 s:105=9 x:100=2 110=2 ");
        fixture_free(f);
}

static void writes_go_to_the_upper_store(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Err err;
        SeriesRef ref = 0;
        Appender *a = store_appender(overlay_engine(f->overlay));
        assert_int_equal(store_append(a, &ref, named(f, "x"), 130, 3), APPEND_OK);
        assert_ok(store_commit(a, &err), err);
        assert_int_equal(memstore_series(f->upper), 1);
        assert_int_equal(memstore_series(f->lower), 2);
        assert_str(dump(f, 100, 1000), "r:x:100=2 110=2 130=3 ");
        fixture_free(f);
}

static void names_values_and_limits_are_of_both(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Querier *q;
        Err err;
        Str *all;
        size_t n;
        StoreSelection s;
        memstore_add(f->upper, named(f, "a"), 120, 8);
        memstore_add(f->upper, named(f, "x"), 120, 8);
        assert_ok(store_querier(overlay_engine(f->overlay), 0, 1000, &q, &err), err);
        SelectArgs args = { .min_ms = 0, .max_ms = 1000 };
        assert_ok(q->label_values(q, LABEL_NAME, &args, 0, f->arena, &all, &n, &err), err);
        assert_int_equal(n, 3);
        assert_str(all[0], "a");
        assert_str(all[2], "x");
        assert_ok(q->label_values(q, LABEL_NAME, &args, 2, f->arena, &all, &n, &err), err);
        assert_int_equal(n, 2);
        assert_ok(q->label_names(q, &args, 0, f->arena, &all, &n, &err), err);
        assert_int_equal(n, 1);
        args.max_series = 2;
        assert_false(q->select(q, &args, f->arena, &s, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        querier_close(q);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_the_upper_store_is_to_have_is_hidden_from_its_start),
                cmocka_unit_test(writes_go_to_the_upper_store),
                cmocka_unit_test(names_values_and_limits_are_of_both),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
