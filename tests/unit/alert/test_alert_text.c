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
        static const size_t sizes[] = { 0, 1, 127, 128, 20000 };
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
                for (size_t n = 0; n < 40; n += 13) {
                        AlertMsg msg = { .labels = labels_of(arena, n, sizes[i]),
                                         .annotations = labels_of(arena, n / 2, sizes[i] * 2),
                                         .generator_url = sizes[i] ? STR("http://example.com/graph") : (Str){ 0 } };
                        AlertText *t = alert_text_new(&msg);
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
}

static void every_difference_is_seen(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AlertMsg msg = { .labels = labels_of(arena, 3, 5),
                         .annotations = labels_of(arena, 2, 5),
                         .generator_url = STR("u") };
        AlertText *t = alert_text_ref(alert_text_new(&msg));
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
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_packed_is_read),
                cmocka_unit_test(every_difference_is_seen),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
