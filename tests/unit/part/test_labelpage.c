#include "testing.h"

#include "base/rand.h"
#include "part/labelpage.h"

static Arena *arena;

/* What series sid has follows from sid alone. */
static Labels labels_of(uint64_t sid)
{
        size_t n = sid % 7 == 3 ? 0 : 1 + sid % 5;
        Label *l = arena_array(arena, Label, n + 1);
        for (size_t i = 0; i < n; i++)
                l[i] = (Label){ str_printf(arena, "name%zu%s", i, sid % 11 ? "" : "x"),
                                str_printf(arena, "v%llu", (unsigned long long)(sid * (i + 1) % 50)) };
        return (Labels){ l, n };
}

static void fill(LabelPageWriter *w, uint64_t first, size_t n, Buf *out)
{
        for (uint64_t k = 0; k < n; k++)
                labelpage_add(w, first + k * 3, labels_of(first + k * 3));
        assert_int_equal(labelpage_series(w), n);
        assert_true(labelpage_bytes(w) > 0);
        labelpage_finish(w, out);
        assert_int_equal(labelpage_series(w), 0);
}

static void labels_come_back(void **state)
{
        (void)state;
        static const size_t COUNTS[] = { 1, 2, 40, 2048 };
        LabelPageWriter *w = labelpage_writer_new();
        for (size_t c = 0; c < ARRAY_LEN(COUNTS); c++) {
                AUTO(buf_done) Buf text = { 0 };
                uint64_t first = c * 1000;
                arena_reset(arena);
                fill(w, first, COUNTS[c], &text);
                buf_lit(&text, "rest");
                LabelPage *p = labelpage_open(buf_str(&text));
                assert_non_null(p);
                assert_int_equal(labelpage_count(p), COUNTS[c]);
                assert_str(labelpage_rest(p), "rest");
                for (size_t i = 0; i < COUNTS[c]; i++) {
                        assert_int_equal(labelpage_sid(p, i), first + i * 3);
                        assert_true(labels_eq(labelpage_labels(p, i, arena), labels_of(first + i * 3)));
                }
                for (uint64_t sid = first; sid < first + COUNTS[c] * 3 + 2; sid++) {
                        Labels got;
                        bool known = (sid - first) % 3 == 0 && sid < first + COUNTS[c] * 3;
                        assert_int_equal(labelpage_find(p, sid, arena, &got), known);
                        assert_true(!known || labels_eq(got, labels_of(sid)));
                }
                labelpage_free(p);
        }
        labelpage_writer_free(w);
}

static void damage_is_refused_or_harmless(void **state)
{
        (void)state;
        LabelPageWriter *w = labelpage_writer_new();
        AUTO(buf_done) Buf text = { 0 };
        Rand r;
        rand_init(&r, 4);
        fill(w, 5, 60, &text);
        for (size_t cut = 0; cut < text.n; cut++)
                assert_null(labelpage_open(str_n(text.p, cut)));
        for (int round = 0; round < 20000; round++) {
                size_t at = rand_below(&r, text.n);
                char before = text.p[at];
                text.p[at] = (char)rand_u64(&r);
                LabelPage *p = labelpage_open(buf_str(&text));
                for (size_t i = 0; p && i < labelpage_count(p); i += 7)
                        labelpage_labels(p, i, arena);
                labelpage_free(p);
                text.p[at] = before;
                arena_reset(arena);
        }
        labelpage_writer_free(w);
        labelpage_writer_free(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(labels_come_back),
                                            cmocka_unit_test(damage_is_refused_or_harmless) };
        arena = arena_new();
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        arena_free(arena);
        return failed;
}
