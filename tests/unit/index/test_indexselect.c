/* Against a model: every series asked one by one. */
#include "indexrig.h"

#include "index/indexselect.h"

enum { SERIES = 3000 };

static Matcher make(IndexRig *r, MatchType type, const char *name, const char *value)
{
        Matcher m;
        Err err;
        assert_ok(matcher_make(r->arena, type, str_of(name), str_of(value), &m, &err), err);
        return m;
}

static size_t check(IndexRig *r, IndexSeg *x, Matchers ms, int64_t min_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        uint32_t *places;
        size_t n, k = 0;
        Err err;
        IndexSelect args = { .matchers = ms, .min_ms = min_ms };
        (void)r;
        assert_ok(indexselect_run(x, &args, arena, &places, &n, &err), err);
        for (uint32_t place = 0; place < SERIES; place++) {
                uint64_t sid = place + 1;
                AUTO(arena_free) Arena *scratch = arena_new();
                bool want = matchers_match(ms, indexrig_labels(scratch, sid)) && indexrig_entry(sid).last_ms >= min_ms;
                bool got = k < n && places[k] == place;
                assert_int_equal(got, want);
                k += got;
        }
        assert_int_equal(k, n);
        return n;
}

static void matchers_mean_what_they_mean(void **state)
{
        (void)state;
        IndexRig r;
        indexrig_init(&r);
        indexrig_write(r.path, 1, 1, 1, SERIES);
        IndexSeg *x = indexrig_open(r.path);
        const Matcher all[] = {
                make(&r, MATCH_EQ, "__name__", "metric_3"),
                make(&r, MATCH_EQ, "__name__", "absent"),
                make(&r, MATCH_NE, "__name__", "metric_3"),
                make(&r, MATCH_EQ, "env", ""),
                make(&r, MATCH_NE, "env", ""),
                make(&r, MATCH_EQ, "env", "prod"),
                make(&r, MATCH_NE, "env", "prod"),
                make(&r, MATCH_RE, "env", "prod|test"),
                make(&r, MATCH_RE, "env", "prod|"),
                make(&r, MATCH_NRE, "env", "prod|test"),
                make(&r, MATCH_RE, "instance", "host-1.*"),
                make(&r, MATCH_NRE, "instance", "host-1.*"),
                make(&r, MATCH_RE, "instance", ".*[05]:9100"),
                make(&r, MATCH_RE, "pod", ".+"),
                make(&r, MATCH_RE, "pod", ".*"),
                make(&r, MATCH_NRE, "pod", ".+"),
                make(&r, MATCH_NRE, "pod", ".*"),
                make(&r, MATCH_EQ, "pod", "pod-25"),
                make(&r, MATCH_EQ, "nothing", ""),
                make(&r, MATCH_EQ, "nothing", "x"),
                make(&r, MATCH_NE, "nothing", "x"),
                make(&r, MATCH_RE, "nothing", "x|y"),
                make(&r, MATCH_RE, "sid", "1|2|2|3|zzz"),
        };
        size_t hits = 0;
        check(&r, x, (Matchers){ 0 }, INT64_MIN);
        check(&r, x, (Matchers){ 0 }, INT64_C(1700000000000) - 100000);
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
                for (size_t k = i; k < ARRAY_LEN(all); k += 1 + (i + k) % 3) {
                        const Matcher two[] = { all[i], all[k] };
                        hits += check(&r, x, (Matchers){ two, i == k ? 1 : 2 },
                                      i % 2 ? INT64_MIN : INT64_C(1700000000000) - 9000000);
                }
        assert_true(hits > SERIES);
        snapshot_unref(indexseg_snapshot(x));
        indexrig_done(&r);
}

static void a_series_of_very_many_labels_is_found(void **state)
{
        (void)state;
        enum { LABELS = 3000 };
        IndexRig r;
        indexrig_init(&r);
        Label *l = arena_array(r.arena, Label, LABELS);
        for (int i = 0; i < LABELS; i++)
                l[i] = (Label){ str_printf(r.arena, "l%04d", i), STR("v") };
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        Err err;
        IndexEntry e = indexrig_entry(1);
        indexbuild_add(b, &e, (Labels){ l, LABELS });
        assert_ok(indexbuild_write(b, fs_system(), r.path, 1, &err), err);
        IndexSeg *x = indexrig_open(r.path);
        const struct {
                const char *value;
                size_t found;
        } cases[] = { { "v", 1 }, { "w", 0 } };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Matcher m[] = { make(&r, MATCH_EQ, "l0000", "v"), make(&r, MATCH_RE, "l2999", cases[i].value) };
                IndexSelect args = { .matchers = { m, 2 }, .min_ms = INT64_MIN };
                uint32_t *places;
                size_t n;
                assert_ok(indexselect_run(x, &args, r.arena, &places, &n, &err), err);
                assert_int_equal(n, cases[i].found);
        }
        snapshot_unref(indexseg_snapshot(x));
        indexrig_done(&r);
}

/* One value is found without room for what each other one would answer. */
static void equality_costs_no_memory(void **state)
{
        (void)state;
        IndexRig r;
        indexrig_init(&r);
        indexrig_write(r.path, 1, 1, 1, SERIES);
        IndexSeg *x = indexrig_open(r.path);
        for (int k = 0; k < 2; k++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Matcher m = make(&r, MATCH_EQ, "sid", k ? "17" : "nobody");
                IndexSelect args = { .matchers = { &m, 1 }, .min_ms = INT64_MIN };
                uint32_t *places;
                size_t n;
                Err err;
                assert_ok(indexselect_run(x, &args, arena, &places, &n, &err), err);
                assert_int_equal(n, k);
                assert_true(arena_used(arena) < SERIES / 2);
        }
        snapshot_unref(indexseg_snapshot(x));
        indexrig_done(&r);
}

static void it_stops_when_told(void **state)
{
        (void)state;
        IndexRig r;
        indexrig_init(&r);
        indexrig_write(r.path, 1, 1, 1, SERIES);
        IndexSeg *x = indexrig_open(r.path);
        Cancel cancel = { 0 };
        uint32_t *places;
        size_t n;
        Err err;
        cancel_init(&cancel, clock_system(), 0);
        cancel_raise(&cancel);
        IndexSelect args = { .min_ms = INT64_MIN, .cancel = &cancel };
        assert_false(indexselect_run(x, &args, r.arena, &places, &n, &err));
        assert_int_equal(err.code, ERR_CANCELED);
        snapshot_unref(indexseg_snapshot(x));
        indexrig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(matchers_mean_what_they_mean),
                cmocka_unit_test(a_series_of_very_many_labels_is_found),
                cmocka_unit_test(equality_costs_no_memory),
                cmocka_unit_test(it_stops_when_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
