/* jira: looks for the group's issue by its label, creates or changes it, and moves it when the group is over or back.
 *
 * Up to four requests: search, create or update, list transitions, do one. All texts are rendered before the first. */
#include <stddef.h>
#include <stdlib.h>

#include "base/vec.h"
#include "config/option_value.h"
#include "net/url.h"
#include "notify/notify_kind.h"

enum { MAX_SUMMARY_RUNES = 255, MAX_DESCRIPTION_RUNES = 32767, MS_PER_MINUTE = 60000 };

typedef struct JiraField { /* a text, or {template, enable_update} */
        Str text;
        bool enable_update;
} JiraField;
typedef struct JiraLabels { /* a list, or {values, enable_update} */
        StrList values;
        bool enable_update;
} JiraLabels;
typedef struct JiraOptions {
        NotifyBase base;
        Str api_url, api_type, project, priority, issue_type, reopen_transition, resolve_transition,
                wont_fix_resolution;
        JiraField summary, description;
        JiraLabels labels;
        int64_t reopen_duration_ms;
        const YamlNode *fields;
} JiraOptions;

static bool check(void *options, const NotifyBinding *b)
{
        JiraOptions *o = options;
        static const char *const types[] = { "auto", "cloud", "datacenter" };
        bool known = false;
        if (!o->project.n)
                return notify_global_error(b, "missing project in jira_config");
        if (!o->issue_type.n)
                return notify_global_error(b, "missing issue_type in jira_config");
        for (size_t i = 0; i < ARRAY_LEN(types); i++)
                known |= str_eq(o->api_type, str_of(types[i]));
        if (!known)
                return notify_global_error(b, "unknown api_type on jira_config, must be auto, cloud or datacenter");
        if (!o->api_url.p)
                o->api_url = b->global->jira_api_url;
        if (!o->api_url.p)
                return notify_global_error(b, "no global Jira Cloud URL set");
        if (o->fields && o->fields->kind != YAML_MAP && o->fields->kind != YAML_NULL)
                return notify_global_error(b, "fields must be a mapping");
        while (str_ends(o->api_url, STR("/")))
                o->api_url.n--;
        return notify_global_check_url(b, o->api_url);
}

/* ---- rendering */

typedef struct JiraState {
        Str api_url, search_url, create_body, update_body, reopen, resolve;
        Str issue; /* PROJ-1 */
        bool firing;
        enum { STEP_SEARCH, STEP_WRITE, STEP_LIST, STEP_MOVE } at;
        bool done_category, known_category;
} JiraState;

static void request(NotifyMsg *m, const char *method, Str url, Str body)
{
        notify_msg_request(m, method, url, STR("application/json"), body);
        notify_msg_header(m, STR("Accept-Language"), STR("en"));
}

static Str quoted(NotifyMsg *m, Str s)
{
        Buf out = { .arena = m->arena };
        json_quote(&out, s);
        return buf_str(&out);
}

static Str search_body(NotifyMsg *m, const JiraOptions *o, Str project)
{
        Buf jql = { .arena = m->arena };
        NotifyJson j;
        int64_t minutes = o->reopen_duration_ms / MS_PER_MINUTE;
        if (o->wont_fix_resolution.n)
                buf_printf(&jql, "(resolution is EMPTY or resolution != " STR_FMT ") and ",
                           STR_ARG(quoted(m, notify_msg_text(m, o->wont_fix_resolution))));
        if (!m->n->resolved && o->reopen_transition.n && minutes > 0)
                buf_printf(&jql, "(resolutiondate is EMPTY OR resolutiondate >= -%lldm) and ", (long long)minutes);
        else
                buf_lit(&jql, "statusCategory != Done and ");
        buf_printf(&jql, "project=" STR_FMT " and labels=\"ALERT{%s}\" order by status ASC,resolutiondate DESC",
                   STR_ARG(quoted(m, project)), m->dedup_key);
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        json_key(&j.w, STR("fields"));
        json_begin_array(&j.w);
        json_cstr(&j.w, "status");
        json_end_array(&j.w);
        json_key_str(&j.w, "jql", buf_str(&jql));
        json_key_i64(&j.w, "maxResults", 2);
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

static Str search_url(NotifyMsg *m, const JiraOptions *o)
{
        Url url;
        Err ignored;
        bool cloud = str_eq(o->api_type, STR("cloud")) ||
                     (str_eq(o->api_type, STR("auto")) && url_parse(o->api_url, &url, &ignored) &&
                      str_ends(url.host, STR("atlassian.net")));
        if (!cloud)
                return str_printf(m->arena, STR_FMT "/search", STR_ARG(o->api_url));
        Str api = o->api_url;
        if (str_ends(api, STR("/2"))) /* the cloud's search is in version 3 only */
                api = str_printf(m->arena, STR_FMT "/3", STR_ARG(str_sub(api, 0, api.n - 2)));
        return str_printf(m->arena, STR_FMT "/search/jql", STR_ARG(api));
}

/* One member of "fields"; they are sorted by name. */
typedef struct JiraMember {
        Str name, json;
} JiraMember;
typedef VEC(JiraMember) JiraMembers;

static int by_name(const void *a, const void *b)
{
        return str_cmp(((const JiraMember *)a)->name, ((const JiraMember *)b)->name);
}

/* The user's own fields win over the fixed ones. */
static void set_member(JiraMembers *all, Str name, Str json)
{
        vec_each(m, all)
                if (str_eq(m->name, name)) {
                        m->json = json;
                        return;
                }
        vec_push(all, (JiraMember){ name, json });
}

static Str named(NotifyMsg *m, const char *key, Str value)
{
        return str_printf(m->arena, "{\"%s\":" STR_FMT "}", key, STR_ARG(quoted(m, value)));
}

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static Str labels_json(NotifyMsg *m, const JiraOptions *o)
{
        Str *labels = arena_array(m->arena, Str, o->labels.values.n + 1);
        NotifyJson j;
        for (size_t i = 0; i < o->labels.values.n; i++)
                labels[i] = notify_msg_text(m, o->labels.values.data[i]);
        labels[o->labels.values.n] = str_printf(m->arena, "ALERT{%s}", m->dedup_key);
        qsort(labels, o->labels.values.n + 1, sizeof *labels, by_text);
        notify_msg_json(m, &j);
        json_begin_array(&j.w);
        for (size_t i = 0; i <= o->labels.values.n; i++)
                json_str(&j.w, labels[i]);
        json_end_array(&j.w);
        return buf_str(&j.out);
}

static bool description_json(NotifyMsg *m, const JiraOptions *o, Str *ret, Err *err)
{
        Str text = notify_msg_cut(m, notify_msg_text(m, o->description.text), MAX_DESCRIPTION_RUNES);
        JsonValue *v;
        *ret = quoted(m, text);
        if (!str_ends(o->api_url, STR("/3")) || m->failed)
                return true;
        if (!json_parse(text, m->arena, &v, err)) /* version 3 wants a document, not a text */
                return err_wrap(err, "description: version 3 of the API needs it as JSON");
        *ret = text;
        return true;
}

static Str members_json(NotifyMsg *m, JiraMembers *all)
{
        NotifyJson j;
        if (all->len)
                qsort(all->data, all->len, sizeof *all->data, by_name);
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        json_key(&j.w, STR("fields"));
        json_begin_object(&j.w);
        vec_each(member, all) {
                json_key(&j.w, member->name);
                json_raw(&j.w, member->json);
        }
        json_end_object(&j.w);
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

static bool issue_bodies(NotifyMsg *m, const JiraOptions *o, Str project, JiraState *s, Err *err)
{
        JiraMembers create = { .arena = m->arena };
        JiraMembers update = { .arena = m->arena };
        Str description;
        Str summary = quoted(m, notify_msg_cut(m, notify_msg_text(m, o->summary.text), MAX_SUMMARY_RUNES));
        if (!description_json(m, o, &description, err))
                return false;
        Str priority = notify_msg_text(m, o->priority);
        set_member(&create, STR("project"), named(m, "key", project));
        set_member(&create, STR("issuetype"), named(m, "name", notify_msg_text(m, o->issue_type)));
        if (priority.n)
                set_member(&create, STR("priority"), named(m, "name", priority));
        for (size_t i = 0; o->fields && i < o->fields->n; i++) {
                NotifyJson j;
                notify_msg_json(m, &j);
                notify_tree_json(m, o->fields->pairs[i].value, &j);
                set_member(&create, o->fields->pairs[i].key, buf_str(&j.out));
        }
        vec_each(member, &create)
                vec_push(&update, *member);
        const struct {
                Str name, json;
                bool in_update;
        } optional[] = { { STR("summary"), summary, o->summary.enable_update },
                         { STR("description"), description, o->description.enable_update },
                         { STR("labels"), labels_json(m, o), o->labels.enable_update } };
        for (size_t i = 0; i < ARRAY_LEN(optional); i++) {
                if (yaml_get(o->fields, optional[i].name))
                        continue;
                set_member(&create, optional[i].name, optional[i].json);
                if (optional[i].in_update)
                        set_member(&update, optional[i].name, optional[i].json);
        }
        s->create_body = members_json(m, &create);
        s->update_body = members_json(m, &update);
        return true;
}

static bool make(NotifyMsg *m, Err *err)
{
        const JiraOptions *o = m->options;
        JiraState *s = arena_new_of(m->arena, JiraState);
        Str project = notify_msg_text(m, o->project);
        *s = (JiraState){ .api_url = str_dup(m->arena, o->api_url),
                          .search_url = search_url(m, o),
                          .reopen = str_dup(m->arena, o->reopen_transition),
                          .resolve = str_dup(m->arena, o->resolve_transition),
                          .firing = !m->n->resolved };
        if (!issue_bodies(m, o, project, s, err))
                return false;
        m->state = s;
        request(m, "POST", s->search_url, search_body(m, o, project));
        return notify_msg_texts_ok(m, err);
}

/* ---- the dialogue */

static Str issue_url(NotifyMsg *m, const JiraState *s, const char *tail)
{
        Buf url = { .arena = m->arena };
        buf_printf(&url, STR_FMT "/issue/", STR_ARG(s->api_url));
        url_encode_path(&url, s->issue);
        buf_cstr_add(&url, tail);
        return buf_str(&url);
}

static NotifyVerdict found(NotifyMsg *m, JiraState *s, const JsonValue *v)
{
        const JsonValue *issues = json_get(v, STR("issues"));
        s->issue = (Str){ 0 };
        s->at = STEP_WRITE;
        if (!issues || issues->kind != JSON_ARRAY || issues->n == 0) {
                if (!s->firing)
                        return NOTIFY_DELIVERED; /* no issue is opened for what is over */
                request(m, "POST", str_printf(m->arena, STR_FMT "/issue", STR_ARG(s->api_url)), s->create_body);
                return NOTIFY_NEXT;
        }
        const JsonValue *status = json_get(json_get(&issues->items[0], STR("fields")), STR("status"));
        const JsonValue *category = json_get(status, STR("statusCategory"));
        s->issue = str_dup(m->arena, json_get_str(&issues->items[0], STR("key")));
        s->known_category = category != NULL;
        s->done_category = str_eq(json_get_str(category, STR("key")), STR("done"));
        request(m, "PUT", issue_url(m, s, ""), s->update_body);
        return NOTIFY_NEXT;
}

static NotifyVerdict written(NotifyMsg *m, JiraState *s)
{
        bool named = s->firing ? s->reopen.n : s->resolve.n;
        bool moves = named && s->issue.n && s->known_category && s->firing == s->done_category;
        if (!moves)
                return NOTIFY_DELIVERED;
        s->at = STEP_LIST;
        request(m, "GET", issue_url(m, s, "/transitions"), (Str){ 0 });
        return NOTIFY_NEXT;
}

static NotifyVerdict listed(NotifyMsg *m, JiraState *s, const JsonValue *v, Err *err)
{
        Str want = s->firing ? s->reopen : s->resolve;
        const JsonValue *all = json_get(v, STR("transitions"));
        for (size_t i = 0; all && i < all->n; i++) {
                if (!str_eq(json_get_str(&all->items[i], STR("name")), want))
                        continue;
                s->at = STEP_MOVE;
                request(m, "POST", issue_url(m, s, "/transitions"),
                        str_printf(m->arena, "{\"transition\":{\"id\":" STR_FMT "}}\n",
                                   STR_ARG(quoted(m, json_get_str(&all->items[i], STR("id"))))));
                return NOTIFY_NEXT;
        }
        err_set(err, ERR_NOT_FOUND, "can't find transition " STR_FMT " for issue " STR_FMT, STR_ARG(want),
                STR_ARG(s->issue));
        return NOTIFY_FAILED;
}

static NotifyVerdict answered(NotifyMsg *m, const HttpAnswer *a, Err *err)
{
        JiraState *s = m->state;
        JsonValue *v = NULL;
        if (m->step == 0)
                s->at = STEP_SEARCH; /* the first try, or another one from the start */
        NotifyVerdict verdict = notify_msg_status(a, err);
        if (verdict != NOTIFY_DELIVERED)
                return verdict;
        if ((s->at == STEP_SEARCH || s->at == STEP_LIST) && !json_parse(a->body, m->arena, &v, err)) {
                err_wrap(err, "the answer");
                return NOTIFY_FAILED;
        }
        if (s->at == STEP_SEARCH)
                return found(m, s, v);
        if (s->at == STEP_WRITE)
                return written(m, s);
        return s->at == STEP_LIST ? listed(m, s, v, err) : NOTIFY_DELIVERED;
}

/* ---- tables */

static const Option field_options[] = {
        { "template", OPT_STR, offsetof(JiraField, text), .help = "The text; a template." },
        { "enable_update", OPT_BOOL, offsetof(JiraField, enable_update), .def = "true",
          .help = "Also set it when the issue exists already." },
        OPTION_END,
};
static const OptionTable field_table = { "field", field_options, sizeof(JiraField), NULL };

static bool parse_field(JiraField *f, const YamlNode *node, const OptionCtx *ctx)
{
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind == YAML_SCALAR) {
                f->text = node->text;
                return true;
        }
        Str before = f->text;
        bool ok = option_bind(node, &field_table, f, ctx);
        if (!f->text.n)
                f->text = before;
        return ok;
}

static bool parse_text(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        return parse_field(field, node, ctx);
}

static const Option label_options[] = {
        { "values", OPT_STR_LIST, offsetof(JiraLabels, values), .help = "The labels; templates." },
        { "enable_update", OPT_BOOL, offsetof(JiraLabels, enable_update), .def = "true",
          .help = "Also set them when the issue exists already." },
        OPTION_END,
};
static const OptionTable label_table = { "labels", label_options, sizeof(JiraLabels), NULL };

static bool parse_labels(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        JiraLabels *l = field;
        if (node->kind != YAML_SEQ)
                return option_bind(node, &label_table, l, ctx);
        l->enable_update = true;
        return option_value_str_list(node, "labels", &l->values, ctx);
}

#define AT(field) offsetof(JiraOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "api_url", OPT_STR, AT(api_url), .help = "The API with its version; default: jira_api_url." },
        { "api_type", OPT_STR, AT(api_type), .def = "auto",
          .help = "auto, cloud or datacenter: how issues are searched." },
        { "project", OPT_STR, AT(project), .help = "Key of the project; a template, as all texts here." },
        { "issue_type", OPT_STR, AT(issue_type), .help = "Type of new issues." },
        { "summary", OPT_CUSTOM, AT(summary), .parse = parse_text,
          .def = "{template: '{{ template \"jira.default.summary\" . }}'}", .help = "Heading." },
        { "description", OPT_CUSTOM, AT(description), .parse = parse_text,
          .def = "{template: '{{ template \"jira.default.description\" . }}'}", .help = "Text." },
        { "labels", OPT_CUSTOM, AT(labels), .parse = parse_labels, .def = "[]", .help = "Labels." },
        { "priority", OPT_STR, AT(priority), .def = "{{ template \"jira.default.priority\" . }}", .help = "Priority." },
        { "fields", OPT_NODE, AT(fields), .help = "More fields, of any structure." },
        { "reopen_transition", OPT_STR, AT(reopen_transition), .help = "Name of the way back." },
        { "resolve_transition", OPT_STR, AT(resolve_transition), .help = "Name of the way to done." },
        { "wont_fix_resolution", OPT_STR, AT(wont_fix_resolution), .help = "Issues that ended so are not looked for." },
        { "reopen_duration", OPT_DURATION, AT(reopen_duration_ms), .def = "0s",
          .help = "How long a closed issue may be opened again." },
        OPTION_END,
};
static const OptionTable table = { "jira_config", options, sizeof(JiraOptions), NULL };
const NotifyKind notify_jira_kind = {
        .base = { COMPONENT_NOTIFIER, "jira", "Opens and moves issues in Jira.", &table, NULL, NULL },
        .check = check,
        .make = make,
        .answered = answered,
};
