#include "partrig.h"

#include "part/histblock.h"

/* Histograms whose layout changes now and then. */
static const Histogram *make(Arena *arena, Rand *r, size_t i, bool custom)
{
        Histogram *h = arena_new_of(arena, Histogram);
        uint32_t n = 4 + (uint32_t)(i / 50);
        double *counts = arena_array(arena, double, n);
        for (uint32_t k = 0; k < n; k++)
                counts[k] = (double)(i * 3 + rand_below(r, 9));
        HistogramSpan *spans = arena_array(arena, HistogramSpan, 2);
        spans[0] = (HistogramSpan){ -2, n - 1 };
        spans[1] = (HistogramSpan){ 3, 1 };
        *h = (Histogram){ .schema = custom ? HISTOGRAM_CUSTOM_SCHEMA : 3,
                          .integer = true,
                          .hint = i == 7 ? HISTOGRAM_HINT_RESET : HISTOGRAM_HINT_NOT_RESET,
                          .zero_threshold = 1e-128,
                          .zero_count = (double)i,
                          .count = (double)(i * 100),
                          .sum = (double)i / 7,
                          .positive = { spans, counts, 2, n } };
        if (custom) {
                double *bounds = arena_array(arena, double, 3);
                for (int k = 0; k < 3; k++)
                        bounds[k] = k * 1.5;
                h->custom = bounds;
                h->n_custom = 3;
        } else {
                h->negative = (HistogramSide){ spans, counts, 2, n };
        }
        if (i == 60)
                *h = (Histogram){ .sum = sample_stale() };
        return h;
}

static void histograms_come_back_from_a_part(void **state)
{
        (void)state;
        PartRig r;
        partrig_init(&r);
        PartWriter *w;
        Err err;
        assert_ok(partwrite_begin(fs_system(), r.path, 1, 0, &w, &err), err);
        Column want[3] = { { 0 }, { 0 }, { 0 } }, got = { 0 };
        for (uint64_t s = 0; s < 3; s++) {
                for (size_t i = 0; i < 700; i++) {
                        int64_t t = INT64_C(1700000000000) + (int64_t)i * 15000;
                        if (s == 2 && i % 100 == 99)
                                column_push(&want[s], t, 5);
                        else
                                column_push_histogram(&want[s], t, make(r.arena, &r.rand, i, s == 1));
                        if (s == 1)
                                column_set_start(&want[s], 1234567);
                }
                assert_ok(partwrite_series(w, s + 1, partrig_labels(r.arena, s + 1), &want[s], &err), err);
        }
        assert_ok(partwrite_commit(w, &err), err);
        PartDamage damage;
        Part *p = partrig_open(&r, &damage);
        uint64_t bad = 0;
        for (uint64_t s = 0; s < 3; s++) {
                column_clear(&got);
                assert_true(part_read(p, s + 1, INT64_MIN, INT64_MAX, &got, &bad));
                assert_int_equal(got.n, 700);
                for (size_t i = 0; i < got.n; i++) {
                        assert_int_equal(got.t[i], want[s].t[i]);
                        assert_int_equal(got.h[i] != NULL, want[s].h[i] != NULL);
                        if (got.h[i]) {
                                assert_true(histogram_same(got.h[i], want[s].h[i]));
                                assert_int_equal(got.h[i]->hint, want[s].h[i]->hint);
                        }
                        if (s == 1)
                                assert_int_equal(got.st[i], 1234567);
                }
                column_done(&want[s]);
        }
        assert_int_equal(bad, 0);
        column_done(&got);
        snapshot_unref(part_snapshot(p));
        partrig_done(&r);
}

static void damaged_bytes_are_an_error_or_harmless(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 3);
        Arena *arena = arena_new();
        const Histogram *in[20], *out[HISTBLOCK_MAX];
        for (size_t i = 0; i < 20; i++)
                in[i] = make(arena, &r, i, false);
        AUTO(buf_done) Buf b = { 0 };
        FloatvecCoder *coder = floatvec_coder_new();
        histblock_write(coder, in, histblock_run(in, 20), &b);
        size_t n = b.n;
        buf_reserve(&b, FLOATVEC_PAD_BYTES);
        Arena *scratch = arena_new();
        for (int round = 0; round < 20000; round++) {
                size_t at = rand_below(&r, n);
                char before = b.p[at];
                b.p[at] = (char)rand_u64(&r);
                Err err;
                IGNORE(histblock_read((Str){ b.p, round % 2 ? n : rand_below(&r, n) }, 20, scratch, out, &err));
                b.p[at] = before;
                arena_reset(scratch);
        }
        Err err;
        assert_ok(histblock_read((Str){ b.p, n }, 20, scratch, out, &err), err);
        assert_true(histogram_same(in[19], out[19]));
        arena_free(scratch);
        arena_free(arena);
        floatvec_coder_free(coder);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(histograms_come_back_from_a_part),
                                            cmocka_unit_test(damaged_bytes_are_an_error_or_harmless) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
