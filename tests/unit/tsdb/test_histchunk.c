#include "rig.h"

#include <math.h>

#include "base/rand.h"
#include "store/histcheck.h"
#include "tsdb/histchunk.h"

#define T0 RIG_START_MS

static Histogram *make(Arena *arena, bool integer, const double *counts, uint32_t n, double sum)
{
        Histogram *h = arena_new_of(arena, Histogram);
        HistogramSpan *spans = arena_array(arena, HistogramSpan, 2);
        double *own = arena_array(arena, double, n);
        memcpy(own, counts, n * sizeof *own);
        spans[0] = (HistogramSpan){ -2, 1 };
        spans[1] = (HistogramSpan){ 3, n - 1 };
        *h = (Histogram){ .schema = 3, .integer = integer, .zero_threshold = 0.001, .zero_count = 2, .sum = sum };
        h->positive = (HistogramSide){ spans, own, 2, n };
        h->count = 2;
        for (uint32_t i = 0; i < n; i++)
                h->count += counts[i];
        return h;
}

static bool same_sample(const StoreSample *s, const Column *c, size_t i)
{
        if (c->t[i] != s->t_ms || (c->st ? c->st[i] : 0) != s->st_ms)
                return false;
        const Histogram *h = c->h ? c->h[i] : NULL;
        if (!s->h || !h)
                return !s->h && !h && bits_of_double(c->v[i]) == bits_of_double(s->v);
        return histogram_same(s->h, h);
}

static void decode(const XorChunk *c, Column *out)
{
        Err err;
        AUTO(buf_done) Buf padded = { 0 };
        buf_add(&padded, c->p, xorchunk_bytes(c));
        column_clear(out);
        assert_ok(histchunk_decode(buf_str(&padded), c->n, c->first_ms, INT64_MIN, INT64_MAX, out, &err), err);
}

/* Floats, integer and float histograms, custom bounds, stale markers, odd numbers and start times in any order. */
static void random_samples_come_back(void **state)
{
        (void)state;
        static const double odd[] = { 0, -0.0, 1e300, 5e-324, 0.1, 9007199254740993.0, -1, 4503599627370496.5 };
        AUTO(arena_free) Arena *arena = arena_new();
        Rand rand;
        rand_init(&rand, 7);
        for (int round = 0; round < 200; round++) {
                XorChunk c;
                StoreSample all[XORCHUNK_MAX_SAMPLES];
                size_t n = 0;
                int64_t t = T0, st = 0;
                double counts[6] = { 0 };
                xorchunk_init(&c);
                histchunk_begin(&c);
                while (n < 100 && !histchunk_is_full(&c)) {
                        StoreSample s = { .t_ms = t };
                        t += rand_below(&rand, 4) ? 15000 : 1 + (int64_t)rand_below(&rand, 1000000);
                        if (!rand_below(&rand, 5))
                                st = (int64_t)rand_below(&rand, 1000000);
                        s.st_ms = st;
                        uint64_t kind = rand_below(&rand, 6);
                        for (int i = 0; i < 6; i++)
                                counts[i] += (double)rand_below(&rand, 10);
                        Histogram *h = make(arena, kind < 3, counts, 2 + (uint32_t)rand_below(&rand, 5),
                                            0.5 * (double)n);
                        if (kind == 3)
                                ((double *)h->positive.counts)[0] = odd[rand_below(&rand, ARRAY_LEN(odd))];
                        if (kind == 4) {
                                static const double bounds[] = { -1, 0, 2.5, 7, 8, 9 };
                                h->schema = HISTOGRAM_CUSTOM_SCHEMA;
                                h->custom = bounds;
                                h->n_custom = 6;
                        }
                        if (kind == 5)
                                s.v = odd[rand_below(&rand, ARRAY_LEN(odd))];
                        else
                                s.h = h;
                        if (!rand_below(&rand, 20)) {
                                if (s.h)
                                        *h = (Histogram){ .sum = sample_stale(), .integer = true };
                                else
                                        s.v = sample_stale();
                        }
                        histchunk_append(&c, &s);
                        all[n++] = s;
                }
                Column out = { 0 };
                decode(&c, &out);
                assert_int_equal(out.n, n);
                for (size_t i = 0; i < n; i++)
                        if (!same_sample(&all[i], &out, i))
                                fail_msg("round %d: sample %zu differs", round, i);
                assert_true(c.last_ms == all[n - 1].t_ms && c.last_bits == histchunk_value_bits(&all[n - 1]));
                column_done(&out);
                xorchunk_done(&c);
        }
}

static void steady_histograms_are_small(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        XorChunk c;
        double counts[20] = { 0 };
        xorchunk_init(&c);
        histchunk_begin(&c);
        for (int k = 0; k < 100; k++) {
                for (int i = 0; i < 20; i++)
                        counts[i] += i % 3;
                histchunk_append(&c, &(StoreSample){ .t_ms = T0 + k * 15000, .h = make(arena, true, counts, 20, k) });
        }
        assert_true(xorchunk_bytes(&c) < 100 * 36);
        xorchunk_done(&c);
}

static void hints_say_what_a_reader_may_rely_on(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        XorChunk c;
        xorchunk_init(&c);
        histchunk_begin(&c);
        const double low[] = { 1, 2, 3 }, high[] = { 2, 3, 4 };
        Histogram *gauge = make(arena, true, low, 3, 1), *stale = arena_new_of(arena, Histogram);
        gauge->hint = HISTOGRAM_HINT_GAUGE;
        *stale = (Histogram){ .sum = sample_stale() };
        const Histogram *all[] = { make(arena, true, low, 3, 1),
                                   make(arena, true, high, 3, 2),
                                   make(arena, true, low, 3, 1),
                                   make(arena, true, high, 3, 2),
                                   stale,
                                   make(arena, true, high, 3, 2),
                                   gauge,
                                   make(arena, true, high, 3, 2),
                                   make(arena, false, high, 3, 2) };
        static const uint8_t want[] = { HISTOGRAM_HINT_UNKNOWN,   HISTOGRAM_HINT_NOT_RESET, HISTOGRAM_HINT_UNKNOWN,
                                        HISTOGRAM_HINT_NOT_RESET, HISTOGRAM_HINT_UNKNOWN,   HISTOGRAM_HINT_UNKNOWN,
                                        HISTOGRAM_HINT_GAUGE,     HISTOGRAM_HINT_UNKNOWN,   HISTOGRAM_HINT_UNKNOWN };
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
                histchunk_append(&c, &(StoreSample){ .t_ms = T0 + (int64_t)i, .h = all[i] });
        Column out = { 0 };
        decode(&c, &out);
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
                if (out.h[i]->hint != want[i])
                        fail_msg("sample %zu: hint %d", i, out.h[i]->hint);
        column_done(&out);
        xorchunk_done(&c);
}

static void the_largest_histogram_fits(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Histogram h = { .schema = 8, .count = 1e300, .zero_count = 1e-300 };
        HistogramSpan *spans = arena_array(arena, HistogramSpan, HISTCHECK_MAX_SPANS);
        double *counts = arena_array(arena, double, HISTCHECK_MAX_BUCKETS);
        for (int i = 0; i < HISTCHECK_MAX_SPANS; i++)
                spans[i] = (HistogramSpan){ INT32_MAX, HISTCHECK_MAX_BUCKETS / HISTCHECK_MAX_SPANS };
        for (int i = 0; i < HISTCHECK_MAX_BUCKETS; i++)
                counts[i] = 1.0 / (i + 3);
        h.positive = (HistogramSide){ spans, counts, HISTCHECK_MAX_SPANS, HISTCHECK_MAX_BUCKETS };
        assert_null(histcheck_why_not(&h));
        XorChunk c;
        xorchunk_init(&c);
        histchunk_begin(&c);
        while (!histchunk_is_full(&c)) {
                spans[0].offset ^= 1; /* a layout each time */
                histchunk_append(&c, &(StoreSample){ .t_ms = T0 + c.n, .h = &h });
        }
        assert_true(xorchunk_bytes(&c) <= UINT16_MAX && c.n >= 1);
        Column out = { 0 };
        decode(&c, &out);
        assert_true(histogram_same(out.h[c.n - 1], &h));
        column_done(&out);
        xorchunk_done(&c);
}

/* Any cut and any flipped byte: an error or other values, never a crash. */
static void damage_is_survived(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        XorChunk c;
        const double counts[] = { 1, 2, 3, 4 };
        xorchunk_init(&c);
        histchunk_begin(&c);
        for (int k = 0; k < 5; k++)
                histchunk_append(&c,
                                 &(StoreSample){ .t_ms = T0 + k, .st_ms = k, .h = make(arena, k & 1, counts, 4, k) });
        size_t n = xorchunk_bytes(&c);
        Column out = { 0 };
        Err err;
        for (size_t cut = 0; cut < n; cut++) {
                char *bytes = mem_strndup((const char *)c.p, cut);
                column_clear(&out);
                assert_false(histchunk_decode((Str){ bytes, cut }, c.n, T0, INT64_MIN, INT64_MAX, &out, &err));
                assert_int_equal(out.n, 0);
                mem_free(bytes);
        }
        for (size_t i = 0; i < n; i++) {
                for (int bit = 0; bit < 8; bit++) {
                        char *bytes = mem_strndup((const char *)c.p, n);
                        bytes[i] = (char)(bytes[i] ^ 1 << bit);
                        column_clear(&out);
                        IGNORE(histchunk_decode((Str){ bytes, n }, c.n, T0, INT64_MIN, INT64_MAX, &out, &err));
                        mem_free(bytes);
                }
        }
        column_done(&out);
        xorchunk_done(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(random_samples_come_back),
                cmocka_unit_test(steady_histograms_are_small),
                cmocka_unit_test(hints_say_what_a_reader_may_rely_on),
                cmocka_unit_test(the_largest_histogram_fits),
                cmocka_unit_test(damage_is_survived),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
