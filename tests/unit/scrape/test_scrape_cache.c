#include "config/relabel_options.h"
#include "scrape/scrape_cache.h"
#include "store/memstore.h"
#include "testing.h"

typedef struct Fixture {
        Arena *arena;
        MemStore *store;
        ScrapeCache *cache;
        ScrapeRules rules;
        int64_t t_ms;
        ScrapeCounts counts;
        Err err;
} Fixture;

static const Label target_labels[] = { { STR_INIT("instance"), STR_INIT("h:1") }, { STR_INIT("job"), STR_INIT("j") } };

static int setup(void **state)
{
        Fixture *f = mem_new(Fixture);
        f->arena = arena_new();
        f->store = memstore_new();
        f->cache = scrape_cache_new();
        f->rules = (ScrapeRules){ .target_labels = { target_labels, 2 }, .honor_timestamps = true };
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        Fixture *f = *state;
        scrape_cache_free(f->cache);
        memstore_free(f->store);
        arena_free(f->arena);
        mem_free(f);
        return 0;
}

static bool scrape_as(Fixture *f, const char *body, ExpoFormat format)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        Appender *a = store_appender(memstore_engine(f->store));
        f->t_ms += 1000;
        ScrapeBody scraped = { .text = str_of(body), .format = format, .t_ms = f->t_ms };
        if (!scrape_cache_append(f->cache, &f->rules, &scraped, a, scratch, &f->counts, &f->err)) {
                store_rollback(a);
                return false;
        }
        assert_ok(store_commit(a, &f->err), f->err);
        return true;
}

static void scrape(Fixture *f, const char *body) { assert_ok(scrape_as(f, body, EXPO_TEXT), f->err); }

static void end_all(Fixture *f)
{
        Appender *a = store_appender(memstore_engine(f->store));
        f->t_ms += 1000;
        scrape_cache_end_all(f->cache, f->t_ms, a);
        assert_ok(store_commit(a, &f->err), f->err);
}

/* "series: t=v t=v\n" of everything, sorted; job and instance are left out, stale markers are "stale". */
static const char *content(Fixture *f)
{
        AUTO(querier_close) Querier *q = NULL;
        StoreSelection all;
        SelectArgs args = { .min_ms = INT64_MIN, .max_ms = INT64_MAX, .sorted = true };
        Column c = { 0 };
        Buf out = { .arena = f->arena };
        assert_ok(store_querier(memstore_engine(f->store), INT64_MIN, INT64_MAX, &q, &f->err), f->err);
        assert_ok(q->select(q, &args, f->arena, &all, &f->err), f->err);
        for (size_t i = 0; i < all.n; i++) {
                LabelsBuilder lb;
                labels_builder_init(&lb, f->arena, all.series[i].labels);
                assert_true(labels_has(all.series[i].labels, STR("job")));
                if (str_eq(labels_builder_get(&lb, STR("job")), STR("j")))
                        labels_builder_del(&lb, STR("job"));
                labels_builder_del(&lb, STR("instance"));
                labels_print(&out, labels_builder_build(&lb, f->arena));
                column_clear(&c);
                assert_ok(q->read(q, &all, i, INT64_MIN, INT64_MAX, &c, &f->err), f->err);
                for (size_t k = 0; k < c.n; k++) {
                        if (sample_is_stale(c.v[k]))
                                buf_printf(&out, " %lld=stale", (long long)c.t[k] / 1000);
                        else
                                buf_printf(&out, " %lld=%g", (long long)c.t[k] / 1000, c.v[k]);
                }
                if (c.n)
                        buf_char(&out, '\n');
                else
                        buf_lit(&out, " none\n");
        }
        column_done(&c);
        return buf_cstr(&out);
}

static void relabel(Fixture *f, const RelabelRule *rules, size_t n)
{
        RelabelConfig *configs = arena_array(f->arena, RelabelConfig, n);
        for (size_t i = 0; i < n; i++)
                assert_ok(relabel_compile(f->arena, &rules[i], &configs[i], &f->err), f->err);
        f->rules.metric_relabels = configs;
        f->rules.n_metric_relabels = n;
}

static void first_and_repeated(void **state)
{
        Fixture *f = *state;
        scrape(f, "a 1\nb{x=\"y\"} 2\n");
        assert_int_equal(f->counts.scraped, 2);
        assert_int_equal(f->counts.added, 2);
        scrape(f, "a 3\nb{x=\"y\"} 4\n");
        assert_int_equal(f->counts.added, 0);
        assert_int_equal(f->counts.post_relabel, 2);
        assert_int_equal(scrape_cache_series(f->cache), 2);
        assert_string_equal(content(f), "a 1=1 2=3\nb{x=\"y\"} 1=2 2=4\n");
}

static void another_order(void **state)
{
        Fixture *f = *state;
        scrape(f, "a 1\nb 1\nc 1\nd 1\n");
        scrape(f, "d 2\nnew 2\na 2\n# TYPE c gauge\nc 2\nb 2\n");
        assert_int_equal(f->counts.added, 1);
        scrape(f, "d 3\nnew 3\na 3\nc 3\nb 3\n");
        assert_string_equal(content(f), "a 1=1 2=2 3=3\nb 1=1 2=2 3=3\nc 1=1 2=2 3=3\nd 1=1 2=2 3=3\nnew 2=2 3=3\n");
}

static void vanished_series_end(void **state)
{
        Fixture *f = *state;
        scrape(f, "a 1\nb 1\n");
        scrape(f, "b 2\n");
        scrape(f, "b 3\n");
        scrape(f, "a 4\nb 4\n");
        assert_int_equal(f->counts.added, 1);
        assert_string_equal(content(f), "a 1=1 2=stale 4=4\nb 1=1 2=2 3=3 4=4\n");
        end_all(f);
        end_all(f);
        assert_int_equal(scrape_cache_series(f->cache), 0);
        assert_string_equal(content(f), "a 1=1 2=stale 4=4 5=stale\nb 1=1 2=2 3=3 4=4 5=stale\n");
}

static void failure_undoes(void **state)
{
        Fixture *f = *state;
        assert_false(scrape_as(f, "x 1\nbroken\n", EXPO_TEXT));
        scrape(f, "a 1\nb 1\n");
        for (int i = 0; i < 3; i++) {
                assert_false(scrape_as(f, "b 2\nnew 2\na{ 2\n", EXPO_TEXT));
                assert_contains(f->err.msg, "line 3");
                assert_int_equal(scrape_cache_series(f->cache), 2);
        }
        assert_false(scrape_as(f, "b 2\nb{x=\"1\",x=\"2\"} 1\n", EXPO_TEXT));
        assert_contains(f->err.msg, "line 2: label name 'x' is not unique");
        scrape(f, "a 6\nb 6\n");
        assert_int_equal(f->counts.added, 0);
        assert_false(scrape_as(f, "zzz", EXPO_TEXT));
        end_all(f);
        const char *got = content(f);
        assert_contains(got, "a 2=1 7=6 9=stale\n");
        assert_contains(got, "b 2=1 7=6 9=stale\n");
        assert_null(strstr(got, "new 3=2"));
}

static void collisions(void **state)
{
        Fixture *f = *state;
        const char *body = "a{job=\"own\",exported_job=\"x\"} 1\nb{instance=\"\"} 2\n";
        scrape(f, body);
        assert_string_equal(content(f), "a{exported_exported_job=\"own\", exported_job=\"x\"} 1=1\nb 1=2\n");
        memstore_clear(f->store);
        f->rules.honor_labels = true;
        scrape_cache_invalidate(f->cache);
        scrape(f, "a{job=\"own\"} 1\n");
        assert_contains(content(f), "a{job=\"own\"} 2=1\n");
}

static void own_timestamps(void **state)
{
        Fixture *f = *state;
        scrape(f, "a 1 500000\nb 1\n");
        scrape(f, "b 2\n");
        assert_string_equal(content(f), "a 500=1\nb 1=1 2=2\n"); /* no marker: it keeps its own time */
        f->rules.track_timestamps_staleness = true;
        scrape(f, "c 1 2500\nb 3\n");
        scrape(f, "b 4\n");
        assert_contains(content(f), "c 2=1 4=stale\n");
        f->rules.honor_timestamps = false;
        scrape(f, "d 1 99\nb 5\n");
        assert_contains(content(f), "d 5=1\n");
        scrape(f, "b 6\n");
        assert_contains(content(f), "d 5=1 6=stale\n");
}

static void metric_relabelling(void **state)
{
        Fixture *f = *state;
        RelabelRule drop = relabel_rule_default();
        RelabelRule rename = relabel_rule_default();
        Str name = LABEL_NAME;
        drop.action = RELABEL_DROP;
        drop.source_labels = rename.source_labels = &name;
        drop.n_source_labels = rename.n_source_labels = 1;
        drop.has_source_labels = rename.has_source_labels = drop.has_regex = rename.has_regex = true;
        drop.regex = STR("go_.*");
        rename.regex = STR("old_(.*)");
        rename.target_label = LABEL_NAME;
        rename.replacement = STR("new_$1");
        relabel(f, (RelabelRule[]){ drop, rename }, 2);
        for (int i = 0; i < 2; i++) {
                scrape(f, "go_x 1\nold_x 2\ny 3\n");
                assert_int_equal(f->counts.scraped, 3);
                assert_int_equal(f->counts.post_relabel, 2);
        }
        assert_string_equal(content(f), "new_x 1=2 2=2\ny 1=3 2=3\n");
        rename.regex = STR("y");
        rename.replacement = STR("");
        relabel(f, &rename, 1);
        scrape_cache_invalidate(f->cache);
        assert_false(scrape_as(f, "y 3\n", EXPO_TEXT));
        assert_contains(f->err.msg, "no metric name is left");
}

static void changed_rules(void **state)
{
        Fixture *f = *state;
        RelabelRule drop = relabel_rule_default();
        Str name = LABEL_NAME;
        scrape(f, "a 1\nb 1\nc 1\n");
        drop.action = RELABEL_DROP;
        drop.source_labels = &name;
        drop.n_source_labels = 1;
        drop.has_source_labels = drop.has_regex = true;
        drop.regex = STR("a");
        relabel(f, &drop, 1);
        scrape_cache_invalidate(f->cache);
        assert_false(scrape_as(f, "a 1\nb 1\nbad", EXPO_TEXT));
        scrape(f, "a 3\nb 3\nc 3\n");
        assert_string_equal(content(f), "a 1=1 3=stale\nb 1=1 3=3\nc 1=1 3=3\n");
        scrape_cache_invalidate(f->cache);
        assert_false(scrape_as(f, "bad", EXPO_TEXT));
        end_all(f);
        assert_string_equal(content(f), "a 1=1 3=stale\nb 1=1 3=3 5=stale\nc 1=1 3=3 5=stale\n");
}

static void limits(void **state)
{
        Fixture *f = *state;
        f->rules.sample_limit = 2;
        scrape(f, "a 1\nb 1\n");
        assert_false(scrape_as(f, "a 1\nb 1\nc 1\n", EXPO_TEXT));
        assert_contains(f->err.msg, "sample_limit exceeded");
        assert_int_equal(f->err.code, ERR_LIMIT);
        f->rules.sample_limit = 0;
        f->rules.label_limit = 4;
        scrape(f, "a{x=\"1\"} 1\n");
        assert_false(scrape_as(f, "a{x=\"1\",y=\"2\"} 1\n", EXPO_TEXT));
        assert_contains(f->err.msg, "label_limit exceeded: metric 'a' has 5 labels, the limit is 4");
        f->rules.label_limit = 0;
        f->rules.label_name_length_limit = 8;
        assert_false(scrape_as(f, "a{muchtoolong=\"1\"} 1\n", EXPO_TEXT));
        assert_contains(f->err.msg, "label_name_length_limit exceeded");
        f->rules.label_name_length_limit = 0;
        f->rules.label_value_length_limit = 3;
        assert_false(scrape_as(f, "a{l=\"long\"} 1\n", EXPO_TEXT));
        assert_contains(f->err.msg, "label_value_length_limit exceeded: metric 'a', label 'l'");
        f->rules.label_value_length_limit = 0;
        f->rules.legacy_names = true;
        assert_false(scrape_as(f, "{\"a.b\"} 1\n", EXPO_TEXT));
        assert_contains(f->err.msg, "metric name 'a.b' is not valid");
        assert_false(scrape_as(f, "ok{\"a.b\"=\"c\"} 1\n", EXPO_TEXT));
        assert_contains(f->err.msg, "label name 'a.b' of metric 'ok'");
}

typedef struct Recorder {
        Appender face;
        Buf text;
} Recorder;

static AppendResult take_any(Appender *a, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        (void)a;
        (void)labels;
        (void)t_ms;
        (void)v;
        *ref = 1;
        return APPEND_OK;
}

static AppendResult record_exemplar(Appender *a, SeriesRef ref, const Exemplar *e)
{
        Buf *text = &((Recorder *)a)->text;
        assert_int_equal(ref, 1);
        assert_true(e->has_t);
        labels_print(text, e->labels);
        buf_printf(text, " %g@%lld;", e->v, (long long)e->t_ms);
        return APPEND_OK;
}

static void exemplars_go_to_the_store(void **state)
{
        Fixture *f = *state;
        Recorder r = { .face = { .append = take_any, .append_exemplar = record_exemplar } };
        Arena *scratch = arena_new();
        ScrapeBody scraped = { .text = STR("# TYPE a counter\n"
                                           "a_total 1 # {trace_id=\"x\"} 0.5\n"
                                           "b_total 1 # {trace_id=\"y\"} 2 1.5\n"
                                           "c_total 1 # {broken 2\n"
                                           "d_total 1\n# EOF\n"),
                               .format = EXPO_OPENMETRICS,
                               .t_ms = 7000 };
        for (int i = 0; i < 2; i++) /* known series too */
                assert_ok(scrape_cache_append(f->cache, &f->rules, &scraped, &r.face, scratch, &f->counts, &f->err),
                          f->err);
        assert_string_equal(buf_cstr(&r.text), "{trace_id=\"x\"} 0.5@7000;{trace_id=\"y\"} 2@1500;"
                                               "{trace_id=\"x\"} 0.5@7000;{trace_id=\"y\"} 2@1500;");
        buf_done(&r.text);
        arena_free(scratch);
}

static void duplicates(void **state)
{
        Fixture *f = *state;
        for (int i = 0; i < 3; i++)
                scrape(f, "a 1\na 2\nb 1\na 1\n");
        assert_int_equal(f->counts.scraped, 4);
        assert_string_equal(content(f), "a 1=1 2=1 3=1\nb 1=1 2=1 3=1\n");
        scrape(f, "b 1\n");
        assert_contains(content(f), "a 1=1 2=1 3=1 4=stale\n");
        scrape(f, "a 1 1000\nb 1\n"); /* older than its marker */
        assert_contains(content(f), "4=stale\n");
}

static void types_make_floats_of_bounds(void **state)
{
        Fixture *f = *state;
        scrape(f, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# TYPE g gauge\ng{le=\"1\"} 1\n");
        assert_string_equal(content(f), "g{le=\"1\"} 1=1\nh_bucket{le=\"1.0\"} 1=1\n");
}

typedef struct Seen {
        Buf *out;
        size_t n;
} Seen;

static void see(void *arg, Str metric, const Metadata *meta)
{
        Seen *seen = arg;
        buf_printf(seen->out, STR_FMT " %s '" STR_FMT "' '" STR_FMT "'\n", STR_ARG(metric),
                   metadata_type_name(meta->type), STR_ARG(meta->help), STR_ARG(meta->unit));
        seen->n++;
}

static void metadata(void **state)
{
        Fixture *f = *state;
        Buf out = { .arena = f->arena };
        Seen seen = { .out = &out };
        assert_ok(scrape_as(f, "# TYPE a counter\n# HELP a first\n# HELP a second\n# UNIT a s\na_total 1\n# EOF\n",
                            EXPO_OPENMETRICS),
                  f->err);
        scrape_cache_each_metadata(f->cache, see, &seen);
        assert_string_equal(buf_cstr(&out), "a counter 'second' 's'\n");
        for (int i = 0; i < 100; i++) {
                char body[80];
                snprintf(body, sizeof body, "# HELP inv%d x\na 1\n", i);
                scrape(f, body);
        }
        seen.n = 0;
        scrape_cache_each_metadata(f->cache, see, &seen);
        assert_in_range(seen.n, 1, 25);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
                T(first_and_repeated),
                T(another_order),
                T(vanished_series_end),
                T(failure_undoes),
                T(collisions),
                T(own_timestamps),
                T(metric_relabelling),
                T(changed_rules),
                T(limits),
                T(exemplars_go_to_the_store),
                T(duplicates),
                T(types_make_floats_of_bounds),
                T(metadata),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
