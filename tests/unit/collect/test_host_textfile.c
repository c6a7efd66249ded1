#include "hosttree.h"

static void a_bad_file_is_left_out_whole(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        t.options.textfile_directory = str_printf(t.arena, "%s/text/", t.dir);
        tree_put(&t, "text/a.prom", "# TYPE jobs_total counter\njobs_total{job=\"x\"} 5\n");
        tree_put(&t, "text/b.prom", "fine 1\nbroken\n");
        tree_put(&t, "text/c.txt", "other 1\n");
        tree_gather(&t);
        assert_success(&t, "textfile", "1");
        assert_line(&t, "jobs_total{job=\"x\"} 5");
        assert_line(&t, "node_textfile_scrape_error 1");
        assert_no_text(&t, "fine 1");
        assert_no_text(&t, "other 1");
        assert_no_text(&t, "b.prom");
        assert_contains(buf_cstr(&t.out),
                        str_printf(t.arena, "node_textfile_mtime_seconds{file=\"%s/text/a.prom\"}", t.dir).p);
        tree_put(&t, "text/b.prom", "fine 1\n");
        tree_gather(&t);
        assert_line(&t, "node_textfile_scrape_error 0");
        assert_line(&t, "fine 1");
        tree_done(&t);
}

static void families_of_several_files(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        t.options.textfile_directory = str_printf(t.arena, "%s/text*", t.dir);
        tree_put(&t, "text1/a.prom", "# TYPE x counter\nx{f=\"a\"} 1\n# HELP y First.\ny{f=\"a\"} 1\n");
        tree_put(&t, "text2/b.prom", "# TYPE x counter\nx{f=\"b\"} 2\n# HELP y Second.\ny{f=\"b\"} 2\n");
        tree_put(&t, "text2/c.prom", "# TYPE x gauge\nx{f=\"c\"} 3\n");
        tree_gather(&t);
        assert_line(&t, "x{f=\"a\"} 1");
        assert_line(&t, "x{f=\"b\"} 2");
        assert_no_text(&t, "f=\"c\"");
        assert_line(&t, "# HELP y First.");
        assert_line(&t, "y{f=\"a\"} 1");
        assert_no_text(&t, "y{f=\"b\"}");
        assert_line(&t, "node_textfile_scrape_error 1");
        tree_done(&t);
}

static void no_folder(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_gather(&t);
        assert_line(&t, "node_textfile_scrape_error 0");
        t.options.textfile_directory = STR("/nonexistent/pharos");
        tree_gather(&t);
        assert_line(&t, "node_textfile_scrape_error 1");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_bad_file_is_left_out_whole),
                                            cmocka_unit_test(families_of_several_files), cmocka_unit_test(no_folder) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
