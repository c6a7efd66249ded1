#include "testing.h"

#include "promql/exec.h"

enum { STEPS = 300 };

static const PromqlOptions OPTIONS = { .max_samples = UINT64_MAX, .max_bytes = 1 << 24, .max_total_bytes = UINT64_MAX };
static _Atomic uint64_t total_bytes;

static bool row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        (void)err;
        double *tmp = exec_buf_take(w, src->steps);
        for (size_t s = 0; s < src->steps; s++)
                tmp[s] = (i + s) % 5 == 0 ? EXEC_ABSENT : (double)(i * 7 + s) * 0.1;
        memcpy(out, tmp, src->steps * sizeof *out);
        exec_buf_give(w);
        return true;
}

static void begin(Exec *x, Stage *stage)
{
        *x = (Exec){ .options = &OPTIONS, .total_bytes = &total_bytes };
        cancel_init(&x->timeout, clock_system(), 0);
        mutex_init(&x->mu);
        exec_stage_begin(stage);
}

static void end(Exec *x, Stage *stage)
{
        exec_stage_end(x, stage);
        assert_int_equal(atomic_load(&x->samples_now), 0);
        exec_workers_free(x);
        mutex_done(&x->mu);
}

/* Invariant 2. */
static void memory_is_billed(void **state)
{
        (void)state;
        Exec x;
        Stage stage;
        Err err;
        begin(&x, &stage);
        Source *src = exec_source(&stage, 10000, STEPS), *out;
        src->row = row;
        assert_false(exec_materialise(&x, &stage, src, false, &out, &err)); /* 24 MB */
        assert_int_equal(err.code, ERR_LIMIT);
        assert_contains(err.msg, "16777216 bytes");
        assert_false(exec_source_rows(&x, &stage, src, &err));
        end(&x, &stage);
        assert_true(atomic_load(&x.bytes) < 1 << 20); /* what idle workers hold */
}

static void equal_labels_become_one_row(void **state)
{
        (void)state;
        Exec x;
        Stage stage;
        Err err;
        begin(&x, &stage);
        Source *src = exec_source(&stage, 3, 2), *out;
        Label a = { STR("a"), STR("1") };
        src->heads[0].labels = src->heads[2].labels = (Labels){ &a, 1 };
        assert_ok(exec_source_rows(&x, &stage, src, &err), err);
        src->rows[0][0] = 1;
        src->rows[1][0] = 2;
        src->rows[2][1] = 3;
        assert_ok(exec_settle(&x, &stage, src, &out, &err), err);
        assert_int_equal(out->n, 2);
        assert_double(out->rows[0][0], 1);
        assert_double(out->rows[0][1], 3);
        src->rows[2][0] = 4;
        assert_false(exec_settle(&x, &stage, src, &out, &err));
        assert_string_equal(err.msg, EXEC_DUPLICATE_TEXT);
        end(&x, &stage);
}

static void labels(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        Label pairs[] = { { STR("__name__"), STR("m") },
                          { STR("__type__"), STR("counter") },
                          { STR("a"), STR("x\"y") } };
        Labels all = { pairs, 3 };
        Labels dropped = exec_drop_meta(arena, all);
        assert_int_equal(dropped.n, 1);
        Buf out = { .arena = arena };
        exec_labels_print(&out, all);
        assert_str(buf_str(&out), "{__name__=\"m\", __type__=\"counter\", a=\"x\\\"y\"}");
        Str a = STR("a");
        StrVec names = { &a, 1 };
        assert_int_equal(exec_labels_keep(arena, all, &names).n, 1);
        assert_int_equal(exec_labels_without(arena, all, &names, false).n, 2);
        assert_int_equal(exec_labels_without(arena, all, &names, true).n, 1);
        arena_free(arena);
}

static int by_number(const void *pa, const void *pb, void *arg)
{
        uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
        (*(size_t *)arg)++;
        return (a > b) - (a < b);
}

static void sorts_and_stops(void **state)
{
        (void)state;
        static const size_t sizes[] = { 0, 1, 2, EXEC_TICK, EXEC_TICK + 1, 3 * EXEC_TICK - 1, 9 * EXEC_TICK + 17 };
        Exec x;
        Stage stage;
        Err err;
        size_t compared = 0;
        begin(&x, &stage);
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
                size_t n = sizes[k];
                uint64_t *items = arena_raw_array(stage.arena, uint64_t, n + 1);
                for (size_t i = 0; i < n; i++)
                        items[i] = i * 7919 % (n + 7919) * 131 + (i & 1);
                uint64_t sum = 0, sorted = 0;
                for (size_t i = 0; i < n; i++)
                        sum += items[i] * items[i];
                assert_ok(exec_sort(&x, items, n, sizeof *items, by_number, &compared, &err), err);
                for (size_t i = 0; i < n; i++) {
                        assert_true(i == 0 || items[i - 1] <= items[i]);
                        sorted += items[i] * items[i];
                }
                assert_true(sum == sorted);
        }
        uint64_t items[2] = { 1, 0 };
        cancel_raise(&x.timeout);
        compared = 0;
        assert_false(exec_sort(&x, items, 2, sizeof *items, by_number, &compared, &err));
        assert_int_equal(err.code, ERR_CANCELED);
        assert_int_equal(compared, 0);
        assert_int_equal(atomic_load(&x.bytes), 0);
        end(&x, &stage);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sorts_and_stops),
                cmocka_unit_test(memory_is_billed),
                cmocka_unit_test(equal_labels_become_one_row),
                cmocka_unit_test(labels),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
