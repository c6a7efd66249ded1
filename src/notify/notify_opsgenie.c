/* opsgenie: opens, updates and closes alerts; up to three requests for one message. */
#include <stddef.h>

#include "notify/notify_kind.h"

enum { MAX_MESSAGE_RUNES = 130, MAX_REQUESTS = 3 };

typedef struct OpsgenieResponder {
        Str id, name, username, type;
} OpsgenieResponder;
typedef struct OpsgenieOptions {
        NotifyBase base;
        Secret api_key;
        Str api_key_file, api_url, message, description, source, entity, actions, tags, note, priority;
        Labels details;
        StructList responders;
        bool update_alerts;
} OpsgenieOptions;

static bool is_type(Str type)
{
        static const char *const types[] = { "team", "teams", "user", "escalation", "schedule" };
        for (size_t i = 0; i < ARRAY_LEN(types); i++)
                if (str_eq(type, str_of(types[i])))
                        return true;
        return false;
}

static bool check(void *options, const NotifyBinding *b)
{
        OpsgenieOptions *o = options;
        const NotifyGlobal *g = b->global;
        OpsgenieResponder *responders = o->responders.data;
        for (size_t i = 0; i < o->responders.n; i++) {
                OpsgenieResponder *r = &responders[i];
                if (!r->id.n && !r->name.n && !r->username.n)
                        return notify_global_error(b,
                                                   "opsGenieConfig responder { " STR_FMT
                                                   " } has to have at least one of id, username or name specified",
                                                   STR_ARG(str_sub(r->type, 0, 60)));
                if (str_find(r->type, STR("{{")) != SIZE_MAX)
                        continue;
                r->type = str_lower(b->ctx->arena, r->type);
                if (!is_type(r->type))
                        return notify_global_error(
                                b,
                                "opsGenieConfig responder {" STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT
                                "} type does not match valid options ^(team|teams|user|escalation|schedule)$",
                                STR_ARG(str_sub(r->id, 0, 60)), STR_ARG(str_sub(r->name, 0, 60)),
                                STR_ARG(str_sub(r->username, 0, 60)), STR_ARG(str_sub(r->type, 0, 60)));
        }
        if (!notify_global_secret(b, "api_key", &o->api_key, &o->api_key_file, g->opsgenie_api_key,
                                  g->opsgenie_api_key_file,
                                  "no global OpsGenie API Key set either inline or in a file"))
                return false;
        if (!o->api_url.p)
                o->api_url = g->opsgenie_api_url;
        if (!notify_global_check_url(b, o->api_url))
                return false;
        if (!str_ends(o->api_url, STR("/")))
                o->api_url = str_printf(b->ctx->arena, STR_FMT "/", STR_ARG(o->api_url));
        return true;
}

/* ---- the body */

static void put_responder(NotifyJson *j, Str id, Str name, Str username, Str type)
{
        json_begin_object(&j->w);
        notify_msg_json_opt(j, "id", id);
        notify_msg_json_opt(j, "name", name);
        notify_msg_json_opt(j, "username", username);
        notify_msg_json_opt(j, "type", type);
        json_end_object(&j->w);
}

static void put_responders(NotifyMsg *m, const OpsgenieOptions *o, NotifyJson *j)
{
        const OpsgenieResponder *responders = o->responders.data;
        bool begun = false;
        for (size_t i = 0; i < o->responders.n; i++) {
                Str id = notify_msg_text(m, responders[i].id);
                Str name = notify_msg_text(m, responders[i].name);
                Str username = notify_msg_text(m, responders[i].username);
                Str type = notify_msg_text(m, responders[i].type);
                if (!id.n && !name.n && !username.n && !type.n)
                        continue;
                if (!begun) {
                        json_key(&j->w, STR("responders"));
                        json_begin_array(&j->w);
                        begun = true;
                }
                Str one;
                if (!str_eq(type, STR("teams")))
                        put_responder(j, id, name, username, type);
                else
                        for (name = str_trim(name); str_split_next(&name, ',', &one);)
                                if (one.n)
                                        put_responder(j, (Str){ 0 }, one, (Str){ 0 }, STR("team"));
        }
        if (begun)
                json_end_array(&j->w);
}

/* a,b,c as a list; empty parts are dropped, spaces inside are kept. */
static void put_list(NotifyJson *j, const char *key, Str text)
{
        bool begun = false;
        Str part;
        for (text = str_trim(text); text.n && str_split_next(&text, ',', &part);) {
                if (!part.n)
                        continue;
                if (!begun) {
                        json_key(&j->w, str_of(key));
                        json_begin_array(&j->w);
                        begun = true;
                }
                json_str(&j->w, part);
        }
        if (begun)
                json_end_array(&j->w);
}

/* The common labels, and the configured details, which win. */
static Labels details_of(NotifyMsg *m, const OpsgenieOptions *o)
{
        LabelsBuilder b;
        labels_builder_init(&b, m->arena, m->n->common_labels);
        for (size_t i = 0; i < o->details.n; i++)
                labels_builder_put(&b, o->details.data[i].name, notify_msg_text(m, o->details.data[i].value));
        return labels_builder_build(&b, m->arena);
}

static Str create_body(NotifyMsg *m, const OpsgenieOptions *o, Str message, Str description)
{
        NotifyJson j;
        notify_msg_json(m, &j);
        JsonWriter *w = &j.w;
        json_begin_object(w);
        json_key_cstr(w, "alias", m->dedup_key);
        json_key_str(w, "message", message);
        notify_msg_json_opt(&j, "description", description);
        json_key(w, STR("details"));
        notify_msg_json_labels(&j, details_of(m, o));
        json_key_str(w, "source", notify_msg_text(m, o->source));
        put_responders(m, o, &j);
        put_list(&j, "tags", notify_msg_text(m, o->tags));
        notify_msg_json_opt(&j, "note", notify_msg_text(m, o->note));
        notify_msg_json_opt(&j, "priority", notify_msg_text(m, o->priority));
        notify_msg_json_opt(&j, "entity", notify_msg_text(m, o->entity));
        put_list(&j, "actions", notify_msg_text(m, o->actions));
        json_end_object(w);
        return notify_msg_json_done(&j);
}

static Str one_key(NotifyMsg *m, const char *key, Str value, bool keep_empty)
{
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        if (value.n || keep_empty)
                json_key_str(&j.w, key, value);
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

/* ---- the requests, all rendered at once */

typedef struct OpsgenieState {
        HttpCallOptions calls[MAX_REQUESTS];
        int n;
} OpsgenieState;

static void add(NotifyMsg *m, OpsgenieState *s, const char *method, Str url, Str key, Str body)
{
        notify_msg_request(m, method, url, STR("application/json"), body);
        notify_msg_header(m, STR("Authorization"), str_printf(m->arena, "GenieKey " STR_FMT, STR_ARG(key)));
        s->calls[s->n++] = m->call;
}

static bool make(NotifyMsg *m, Err *err)
{
        const OpsgenieOptions *o = m->options;
        OpsgenieState *s = arena_new_of(m->arena, OpsgenieState);
        Str key;
        if (!notify_msg_secret(m, o->api_key, o->api_key_file, "api_key", &key, err))
                return false;
        key = notify_msg_text(m, key);
        Str alerts = str_printf(m->arena, STR_FMT "v2/alerts", STR_ARG(o->api_url));
        Str this_one = str_printf(m->arena, STR_FMT "/%s/", STR_ARG(alerts), m->dedup_key);
        if (m->n->resolved) {
                add(m, s, "POST", str_printf(m->arena, STR_FMT "close?identifierType=alias", STR_ARG(this_one)), key,
                    one_key(m, "source", notify_msg_text(m, o->source), true));
        } else {
                Str message = notify_msg_cut(m, notify_msg_text(m, o->message), MAX_MESSAGE_RUNES);
                Str description = notify_msg_text(m, o->description);
                add(m, s, "POST", alerts, key, create_body(m, o, message, description));
                if (o->update_alerts && o->message.n)
                        add(m, s, "PUT",
                            str_printf(m->arena, STR_FMT "message?identifierType=alias", STR_ARG(this_one)), key,
                            one_key(m, "message", message, false));
                if (o->update_alerts && o->description.n)
                        add(m, s, "PUT",
                            str_printf(m->arena, STR_FMT "description?identifierType=alias", STR_ARG(this_one)), key,
                            one_key(m, "description", description, false));
        }
        m->call = s->calls[0];
        m->state = s;
        return notify_msg_texts_ok(m, err);
}

static NotifyVerdict answered(NotifyMsg *m, const HttpAnswer *a, Err *err)
{
        const OpsgenieState *s = m->state;
        NotifyVerdict verdict = notify_msg_status(a, err);
        if (verdict != NOTIFY_DELIVERED || m->step + 1 >= s->n)
                return verdict;
        m->call = s->calls[m->step + 1];
        return NOTIFY_NEXT;
}

static const Option responder_options[] = {
        { "id", OPT_STR, offsetof(OpsgenieResponder, id), .help = "Its id; or" },
        { "name", OPT_STR, offsetof(OpsgenieResponder, name), .help = "its name; or" },
        { "username", OPT_STR, offsetof(OpsgenieResponder, username), .help = "its user name." },
        { "type", OPT_STR, offsetof(OpsgenieResponder, type),
          .help = "team, user, escalation, schedule, or teams: a list of names separated by commas." },
        OPTION_END,
};
static const OptionTable responder_table = { "responders", responder_options, sizeof(OpsgenieResponder), NULL };

#define AT(field) offsetof(OpsgenieOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "api_key", OPT_SECRET, AT(api_key), .help = "Key; default: opsgenie_api_key." },
        { "api_key_file", OPT_STR, AT(api_key_file), .help = "File with it." },
        { "api_url", OPT_STR, AT(api_url), .help = "The API; default: opsgenie_api_url." },
        { "message", OPT_STR, AT(message), .def = "{{ template \"opsgenie.default.message\" . }}",
          .help = "Heading; a template, as all texts here." },
        { "description", OPT_STR, AT(description), .def = "{{ template \"opsgenie.default.description\" . }}",
          .help = "Text." },
        { "source", OPT_STR, AT(source), .def = "{{ template \"opsgenie.default.source\" . }}",
          .help = "Where it comes from." },
        { "details", OPT_TEXTS, AT(details), .help = "More details beside the common labels." },
        { "entity", OPT_STR, AT(entity), .help = "What it is about." },
        { "responders", OPT_STRUCT_LIST, AT(responders), .table = &responder_table, .help = "Who is told." },
        { "actions", OPT_STR, AT(actions), .help = "Actions, separated by commas." },
        { "tags", OPT_STR, AT(tags), .help = "Tags, separated by commas." },
        { "note", OPT_STR, AT(note), .help = "A note." },
        { "priority", OPT_STR, AT(priority), .help = "P1 to P5." },
        { "update_alerts", OPT_BOOL, AT(update_alerts), .help = "Also change the texts of an open alert." },
        OPTION_END,
};
static const OptionTable table = { "opsgenie_config", options, sizeof(OpsgenieOptions), NULL };
const NotifyKind notify_opsgenie_kind = {
        .base = { COMPONENT_NOTIFIER, "opsgenie", "Opens and closes alerts at Opsgenie.", &table, NULL, NULL },
        .check = check,
        .make = make,
        .answered = answered,
};
