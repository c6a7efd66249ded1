#include "testing.h"

#include "alert/alert_text.h"

static Labels labels_of(Arena *arena, size_t n, size_t value_bytes)
{
        Label *pairs = arena_array(arena, Label, n);
        for (size_t i = 0; i < n; i++) {
                char *value = arena_alloc(arena, value_bytes + 1, 1);
                memset(value, 'a' + (int)(i % 26), value_bytes);
                pairs[i] = (Label){ str_printf(arena, "name%05zu", i), str_n(value, value_bytes) };
        }
        return (Labels){ pairs, n };
}

static void what_is_packed_is_read(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AlertTexts *texts = alert_text_table();
        static const size_t sizes[] = { 0, 1, 127, 128, 20000 };
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
                for (size_t n = 0; n < 40; n += 13) {
                        AlertMsg msg = { .labels = labels_of(arena, n, sizes[i]),
                                         .annotations = labels_of(arena, n / 2, sizes[i] * 2),
                                         .generator_url = sizes[i] ? STR("http://example.com/graph") : (Str){ 0 } };
                        AlertText *t = alert_text_new(texts, &msg);
                        AlertMsg read = { .starts_at_ms = 7 };
                        alert_text_read(t, arena, &read);
                        assert_true(labels_eq(read.labels, msg.labels));
                        assert_true(labels_eq(read.annotations, msg.annotations));
                        assert_true(str_eq(read.generator_url, msg.generator_url));
                        assert_int_equal(read.starts_at_ms, 7);
                        assert_true(labels_eq(alert_text_labels(t, arena), msg.labels));
                        assert_true(alert_text_is(t, &msg));
                        if (n > 12)
                                assert_true(str_eq(alert_text_get(t, STR("name00012")), msg.labels.data[12].value));
                        assert_int_equal(alert_text_get(t, STR("none")).n, 0);
                        alert_text_unref(t);
                }
        }
        alert_text_table_free(texts);
}

/* Texts of one rule, whose base goes before them; each difference to it at each place. */
static void texts_with_a_base_are_read(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AlertTexts *texts = alert_text_table();
        enum { N = 60 };
        AlertText *all[N];
        AlertMsg msgs[N];
        for (size_t i = 0; i < N; i++) {
                Labels labels = labels_of(arena, 5, 9);
                Labels annotations = labels_of(arena, 3, 200);
                Label *l = (Label *)(uintptr_t)labels.data;
                Label *a = (Label *)(uintptr_t)annotations.data;
                if (i % 10 < 5 && i)
                        l[i % 10].value = i < 30 ? str_printf(arena, "host-%zu", i) : (Str){ 0 };
                else if (i % 10 < 8 && i)
                        a[i % 10 - 5].value = str_printf(arena, "%zu is in trouble", i);
                msgs[i] = (AlertMsg){ .labels = { labels.data, 5 - i / 50 },
                                      .annotations = annotations,
                                      .generator_url = i % 10 == 8   ? STR("v")
                                                       : i % 10 == 9 ? (Str){ 0 }
                                                                     : STR("u") };
                all[i] = alert_text_new(texts, &msgs[i]);
        }
        alert_text_table_free(texts);
        alert_text_unref(all[0]);
        for (size_t i = 1; i < N; i++) {
                AlertMsg read = { 0 };
                alert_text_read(all[i], arena, &read);
                assert_true(labels_eq(read.labels, msgs[i].labels));
                assert_true(labels_eq(read.annotations, msgs[i].annotations));
                assert_true(str_eq(read.generator_url, msgs[i].generator_url));
                assert_true(str_eq(alert_text_get(all[i], STR("name00003")), msgs[i].labels.data[3].value));
                for (size_t k = 1; k < N; k++)
                        assert_int_equal(alert_text_is(all[i], &msgs[k]),
                                         labels_eq(msgs[i].labels, msgs[k].labels) &&
                                                 labels_eq(msgs[i].annotations, msgs[k].annotations) &&
                                                 str_eq(msgs[i].generator_url, msgs[k].generator_url));
        }
        for (size_t i = 1; i < N; i++)
                alert_text_unref(all[i]);
}

static void every_difference_is_seen(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AlertMsg msg = { .labels = labels_of(arena, 3, 5),
                         .annotations = labels_of(arena, 2, 5),
                         .generator_url = STR("u") };
        AlertTexts *texts = alert_text_table();
        AlertText *t = alert_text_ref(alert_text_new(texts, &msg));
        alert_text_unref(t);
        AlertMsg other = msg;
        other.generator_url = STR("v");
        assert_false(alert_text_is(t, &other));
        other = msg;
        other.labels = labels_of(arena, 3, 6);
        assert_false(alert_text_is(t, &other));
        other = msg;
        other.annotations.n = 1;
        assert_false(alert_text_is(t, &other));
        other = msg;
        other.annotations = other.labels;
        assert_false(alert_text_is(t, &other));
        alert_text_unref(t);
        alert_text_table_free(texts);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_packed_is_read),
                cmocka_unit_test(texts_with_a_base_are_read),
                cmocka_unit_test(every_difference_is_seen),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
