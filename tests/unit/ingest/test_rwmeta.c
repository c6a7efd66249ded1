#include "ingest/rwmeta.h"

#include "testing.h"

#include "base/mem.h"

static void note(RwMeta *m, const char *family, MetricType type, const char *help, const char *unit, int64_t now_ms)
{
        rwmeta_note(m, str_of(family), &(Metadata){ type, str_of(help), str_of(unit) }, now_ms);
}

/* "family=type help unit;" of all, or of one. */
static const char *all(RwMeta *m, const char *family, Arena *arena)
{
        IngestMetadata *list;
        size_t n;
        Buf out = { .arena = arena };
        rwmeta_list(m, str_of(family), arena, &list, &n);
        for (size_t i = 0; i < n; i++)
                buf_printf(&out, STR_FMT "=%s " STR_FMT " " STR_FMT ";", STR_ARG(list[i].metric),
                           metadata_type_name(list[i].meta.type), STR_ARG(list[i].meta.help),
                           STR_ARG(list[i].meta.unit));
        return buf_cstr(&out);
}

static void the_newest_word_counts(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        RwMeta *m = rwmeta_new();
        assert_string_equal(all(m, "", arena), "");
        note(m, "b", METRIC_TYPE_GAUGE, "old", "", 0);
        note(m, "a", METRIC_TYPE_COUNTER, "A.", "seconds", 0);
        note(m, "b", METRIC_TYPE_GAUGE, "new", "bytes", 1);
        note(m, "b", METRIC_TYPE_GAUGE, "new", "bytes", 2);
        note(m, "", METRIC_TYPE_GAUGE, "of nothing", "", 2);
        note(m, "silent", METRIC_TYPE_UNKNOWN, "", "", 2);
        note(m, "wrong", METRIC_TYPE_GAUGE, "\xff", "", 2);
        assert_string_equal(all(m, "", arena), "a=counter A. seconds;b=gauge new bytes;");
        assert_string_equal(all(m, "b", arena), "b=gauge new bytes;");
        assert_string_equal(all(m, "c", arena), "");
        rwmeta_free(m);
}

static void series_have_families(void **state)
{
        (void)state;
        assert_str(rwmeta_family(STR("a_bucket"), METRIC_TYPE_HISTOGRAM), "a");
        assert_str(rwmeta_family(STR("a_sum"), METRIC_TYPE_SUMMARY), "a");
        assert_str(rwmeta_family(STR("a_count"), METRIC_TYPE_GAUGE_HISTOGRAM), "a");
        assert_str(rwmeta_family(STR("a"), METRIC_TYPE_HISTOGRAM), "a");
        assert_str(rwmeta_family(STR("_sum"), METRIC_TYPE_HISTOGRAM), "_sum");
        assert_str(rwmeta_family(STR("a_count"), METRIC_TYPE_GAUGE), "a_count");
        assert_str(rwmeta_family(STR("a_total"), METRIC_TYPE_COUNTER), "a_total");
        assert_int_equal(rwmeta_type(1), METRIC_TYPE_COUNTER);
        assert_int_equal(rwmeta_type(4), METRIC_TYPE_GAUGE_HISTOGRAM);
        assert_int_equal(rwmeta_type(7), METRIC_TYPE_STATESET);
        assert_int_equal(rwmeta_type(UINT64_MAX), METRIC_TYPE_UNKNOWN);
}

static size_t count(RwMeta *m, Arena *arena)
{
        IngestMetadata *list;
        size_t n;
        rwmeta_list(m, (Str){ 0 }, arena, &list, &n);
        return n;
}

static void what_is_kept_is_bounded(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        RwMeta *m = rwmeta_new();
        char name[32];
        for (int i = 0; i < RWMETA_MAX_FAMILIES + 100; i++) {
                snprintf(name, sizeof name, "m%d", i);
                note(m, name, METRIC_TYPE_GAUGE, "h", "", 0);
        }
        assert_int_equal(count(m, arena), RWMETA_MAX_FAMILIES);
        note(m, "late", METRIC_TYPE_GAUGE, "h", "", RWMETA_OLD_MS - 1);
        assert_string_equal(all(m, "late", arena), "");
        /* What is said again stays, the rest gives way. */
        note(m, "m7", METRIC_TYPE_GAUGE, "h", "", RWMETA_OLD_MS);
        note(m, "late", METRIC_TYPE_GAUGE, "h", "", 2 * RWMETA_OLD_MS - 1);
        assert_string_equal(all(m, "", arena), "late=gauge h ;m7=gauge h ;");
        rwmeta_free(m);
}

static void long_texts_are_cut(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        RwMeta *m = rwmeta_new();
        char *text = mem_zalloc(RWMETA_MAX_TEXT + 3);
        memset(text, 'x', RWMETA_MAX_TEXT + 1);
        memcpy(text + RWMETA_MAX_TEXT - 1, "\xc3\xa4", 2); /* across the end */
        note(m, "a", METRIC_TYPE_GAUGE, text, "", 0);
        IngestMetadata *list;
        size_t n;
        rwmeta_list(m, STR("a"), arena, &list, &n);
        assert_int_equal(n, 1);
        assert_int_equal(list[0].meta.help.n, RWMETA_MAX_TEXT - 1);
        note(m, text, METRIC_TYPE_GAUGE, "h", "", 0);
        assert_int_equal(count(m, arena), 1);
        /* Bytes are bounded as well: all helps are long. */
        for (int i = 0; i < 8000; i++) {
                char name[32];
                snprintf(name, sizeof name, "m%d", i);
                note(m, name, METRIC_TYPE_GAUGE, text, "", 0);
        }
        assert_in_range(count(m, arena), RWMETA_MAX_BYTES / (RWMETA_MAX_TEXT + 200),
                        RWMETA_MAX_BYTES / RWMETA_MAX_TEXT);
        mem_free(text);
        rwmeta_free(m);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_newest_word_counts),
                cmocka_unit_test(series_have_families),
                cmocka_unit_test(what_is_kept_is_bounded),
                cmocka_unit_test(long_texts_are_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
