#include "capture_fixture.h"

#define JIRA                                                                                                         \
        "jira_configs: [{api_url: 'http://x.example.com/rest/api/2/', project: P, issue_type: Bug, summary: S, "     \
        "description: {template: D, enable_update: false}, labels: [b, a], priority: '', resolve_transition: Done, " \
        "reopen_transition: Again, reopen_duration: 10m, fields: {customfield_1: {value: '{{ .Status }}'}}}]"

static void lacks(Str text, const char *what)
{
        if (str_find(text, str_of(what)) != SIZE_MAX)
                fail_msg("'%s' is in " STR_FMT, what, STR_ARG(text));
}

static void has(Str text, const char *what)
{
        if (str_find(text, str_of(what)) == SIZE_MAX)
                fail_msg("'%s' is not in " STR_FMT, what, STR_ARG(text));
}

static void without_a_transition_an_issue_stays_where_it_is(void **state)
{
        (void)state;
        Captured *c = captured_new(
                "jira_configs: [{api_url: 'http://x.example.com/rest/api/2', project: P, issue_type: Bug, "
                "wont_fix_resolution: Never}]");
        c->answers[0] =
                "200 {\"issues\":[{\"key\":\"P-1\",\"fields\":{\"status\":{\"statusCategory\":{\"key\":\"new\"}}}}]}";
        c->answers[1] = "204 ";
        assert_true(captured_send(c, true));
        assert_int_equal(c->n, 2);
        has(c->requests, "\"jql\":\"(resolution is EMPTY or resolution != \\\"Never\\\") and ");
        captured_free(c);
}

static void an_issue_is_created_once(void **state)
{
        (void)state;
        Captured *c = captured_new(JIRA);
        c->answers[0] = "200 {\"issues\":[]}";
        c->answers[1] = "201 {\"key\":\"P-1\"}";
        assert_true(captured_send(c, false));
        assert_int_equal(c->n, 2);
        has(c->requests,
            "POST http://x.example.com/rest/api/2/search\nAccept-Language: en\n{\"fields\":[\"status\"],\"jql\":"
            "\"(resolutiondate is EMPTY OR resolutiondate \\u003e= -10m) and project=\\\"P\\\" and labels=\\\"ALERT{");
        has(c->requests, "\\\" order by status ASC,resolutiondate DESC\",\"maxResults\":2}\n");
        has(c->requests,
            "POST http://x.example.com/rest/api/2/issue\nAccept-Language: en\n{\"fields\":{\"customfield_1\":"
            "{\"value\":\"firing\"},\"description\":\"D\",\"issuetype\":{\"name\":\"Bug\"},\"labels\":[\"ALERT{");
        has(c->requests, "}\",\"a\",\"b\"],\"project\":{\"key\":\"P\"},\"summary\":\"S\"}}\n");
        captured_free(c);
}

static void nothing_is_opened_for_what_is_over(void **state)
{
        (void)state;
        Captured *c = captured_new(JIRA);
        c->answers[0] = "200 {\"issues\":[]}";
        assert_true(captured_send(c, true));
        assert_int_equal(c->n, 1);
        has(c->requests, "statusCategory != Done and project");
        captured_free(c);
}

static void an_open_issue_is_changed_and_closed(void **state)
{
        (void)state;
        Captured *c = captured_new(JIRA);
        c->answers[0] =
                "200 {\"issues\":[{\"key\":\"P-1\",\"fields\":{\"status\":{\"statusCategory\":{\"key\":\"new\"}}}}]}";
        c->answers[1] = "204 ";
        assert_true(captured_send(c, false)); /* still open: no transition */
        assert_int_equal(c->n, 2);
        has(c->requests, "PUT http://x.example.com/rest/api/2/issue/P-1\n");
        lacks(c->requests, "\"description\"");
        c->answers[2] = "200 {\"transitions\":[{\"id\":\"3\",\"name\":\"No\"},{\"id\":\"4\",\"name\":\"Done\"}]}";
        c->answers[3] = "204 ";
        assert_true(captured_send(c, true));
        assert_int_equal(c->n, 4);
        has(c->requests, "GET http://x.example.com/rest/api/2/issue/P-1/transitions\n");
        has(c->requests,
            "POST http://x.example.com/rest/api/2/issue/P-1/transitions\nAccept-Language: en\n{\"transition\":{\"id\":\"4\"}}");
        c->answers[2] = "200 {\"transitions\":[]}";
        assert_false(captured_send(c, true));
        assert_contains(c->err.msg, "can't find transition Done for issue P-1");
        captured_free(c);
}

static void a_closed_issue_is_opened_again(void **state)
{
        (void)state;
        Captured *c = captured_new(JIRA);
        c->answers[0] =
                "200 {\"issues\":[{\"key\":\"P-1\",\"fields\":{\"status\":{\"statusCategory\":{\"key\":\"done\"}}}}]}";
        c->answers[2] = "200 {\"transitions\":[{\"id\":\"9\",\"name\":\"Again\"}]}";
        assert_true(captured_send(c, false));
        assert_int_equal(c->n, 4);
        captured_free(c);
}

static void the_cloud_is_searched_in_version_3(void **state)
{
        (void)state;
        Captured *c = captured_new(
                "jira_configs: [{api_url: 'https://x.atlassian.net/rest/api/2', project: P, issue_type: B}]");
        c->answers[0] = "200 {\"issues\":[]}";
        assert_true(captured_send(c, false));
        has(c->requests, "POST https://x.atlassian.net/rest/api/3/search/jql\n");
        captured_free(c);
        c = captured_new("jira_configs: [{api_url: 'https://x.example.com/rest/api/3', project: P, issue_type: B, "
                         "description: '{\"type\":\"doc\"}'}]");
        c->answers[0] = "200 {\"issues\":[]}";
        assert_true(captured_send(c, false));
        has(c->requests, "\"description\":{\"type\":\"doc\"}");
        captured_free(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(an_issue_is_created_once),
                                            cmocka_unit_test(without_a_transition_an_issue_stays_where_it_is),
                                            cmocka_unit_test(nothing_is_opened_for_what_is_over),
                                            cmocka_unit_test(an_open_issue_is_changed_and_closed),
                                            cmocka_unit_test(a_closed_issue_is_opened_again),
                                            cmocka_unit_test(the_cloud_is_searched_in_version_3) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
