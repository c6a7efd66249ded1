/* pagerduty: Events API v2 with a routing key, the old integration API with a service key. */
#include <stddef.h>
#include <stdlib.h>

#include "base/vec.h"
#include "notify/notify_kind.h"

enum { MAX_SUMMARY_RUNES = 1024, MAX_EVENT_BYTES = 512000 };

#define V1_URL STR("https://events.pagerduty.com/generic/2010-04-15/create_event.json")

typedef struct PagerdutyImage {
        Str src, alt, href;
} PagerdutyImage;
typedef struct PagerdutyLink {
        Str href, text;
} PagerdutyLink;
typedef struct PagerdutyOptions {
        NotifyBase base;
        Secret service_key, routing_key;
        Str service_key_file, routing_key_file, url, client, client_url, description, severity, event_class, component,
                group, source;
        const YamlNode *details;
        StructList images, links;
} PagerdutyOptions;

static bool is_v1(const PagerdutyOptions *o) { return o->service_key.text.n || o->service_key_file.n; }

static bool check(void *options, const NotifyBinding *b)
{
        PagerdutyOptions *o = options;
        if (!is_v1(o) && !o->routing_key.text.n && !o->routing_key_file.n)
                return notify_global_error(b, "missing service or routing key in PagerDuty config");
        if (!notify_global_secret(b, "routing_key", &o->routing_key, &o->routing_key_file, (Secret){ 0 }, (Str){ 0 },
                                  NULL) ||
            !notify_global_secret(b, "service_key", &o->service_key, &o->service_key_file, (Secret){ 0 }, (Str){ 0 },
                                  NULL))
                return false;
        if (is_v1(o) && (o->url.n || b->compat == ALERT_COMPAT_PHAROS))
                notify_global_warn(b, "with service_key messages go to the address of PagerDuty's old API, and url is "
                                      "not used; use routing_key");
        if (!o->url.p)
                o->url = b->global->pagerduty_url;
        if (!o->source.n)
                o->source = o->client;
        if (o->details && o->details->kind != YAML_MAP && o->details->kind != YAML_NULL)
                return notify_global_error(b, "details must be a mapping");
        return notify_global_check_url(b, o->url);
}

/* ---- details: the user's, and the defaults for the names that are not among them */

typedef struct Detail {
        Str name, text;
        const YamlNode *node; /* NULL: text */
} Detail;
typedef VEC(Detail) DetailVec;

static int by_name(const void *a, const void *b)
{
        return str_cmp(((const Detail *)a)->name, ((const Detail *)b)->name);
}

static void collect_details(NotifyMsg *m, const PagerdutyOptions *o, DetailVec *out)
{
        bool old = m->compat == ALERT_COMPAT_AM_0_25;
        const Detail defaults[] = {
                { STR("firing"),
                  old ? STR("{{ template \"pagerduty.default.instances\" .Alerts.Firing }}")
                      : STR("{{ .Alerts.Firing | toJson }}"),
                  NULL },
                { STR("resolved"),
                  old ? STR("{{ template \"pagerduty.default.instances\" .Alerts.Resolved }}")
                      : STR("{{ .Alerts.Resolved | toJson }}"),
                  NULL },
                { STR("num_firing"), STR("{{ .Alerts.Firing | len }}"), NULL },
                { STR("num_resolved"), STR("{{ .Alerts.Resolved | len }}"), NULL },
        };
        for (size_t i = 0; o->details && i < o->details->n; i++)
                vec_push(out, (Detail){ o->details->pairs[i].key, { 0 }, o->details->pairs[i].value });
        for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
                if (!yaml_get(o->details, defaults[i].name))
                        vec_push(out, defaults[i]);
        qsort(out->data, out->len, sizeof(Detail), by_name);
}

static Str details_of(NotifyMsg *m, const PagerdutyOptions *o)
{
        DetailVec all = { .arena = m->arena };
        NotifyJson j;
        collect_details(m, o, &all);
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        vec_each(d, &all) {
                json_key(&j.w, d->name);
                if (!d->node)
                        notify_tree_text(m, d->text, &j);
                else if (d->node->kind == YAML_SCALAR && m->compat == ALERT_COMPAT_AM_0_25)
                        json_str(&j.w, notify_msg_text(m, d->node->text));
                else
                        notify_tree_json(m, d->node, &j);
        }
        json_end_object(&j.w);
        return buf_str(&j.out);
}

/* ---- messages */

typedef struct Event {
        Str key, summary, client, client_url, details, source, severity, event_class, component, group, images, links;
        const char *action;
} Event;

static Str encode_v1(NotifyMsg *m, const Event *e)
{
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        json_key_str(&j.w, "service_key", e->key);
        json_key_cstr(&j.w, "incident_key", m->dedup_key);
        json_key_cstr(&j.w, "event_type", e->action);
        notify_msg_json_opt(&j, "description", e->summary);
        json_key_cstr(&j.w, "event_action", "");
        json_key(&j.w, STR("payload"));
        json_null(&j.w);
        notify_msg_json_opt(&j, "client", e->client);
        notify_msg_json_opt(&j, "client_url", e->client_url);
        json_key(&j.w, STR("details"));
        json_raw(&j.w, e->details);
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

static Str encode_v2(NotifyMsg *m, const Event *e)
{
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        json_key_str(&j.w, "routing_key", e->key);
        json_key_cstr(&j.w, "dedup_key", m->dedup_key);
        json_key_cstr(&j.w, "event_action", e->action);
        json_key(&j.w, STR("payload"));
        json_begin_object(&j.w);
        json_key_str(&j.w, "summary", e->summary);
        json_key_str(&j.w, "source", e->source);
        json_key_str(&j.w, "severity", e->severity);
        notify_msg_json_opt(&j, "class", e->event_class);
        notify_msg_json_opt(&j, "component", e->component);
        notify_msg_json_opt(&j, "group", e->group);
        json_key(&j.w, STR("custom_details"));
        json_raw(&j.w, e->details);
        json_end_object(&j.w);
        notify_msg_json_opt(&j, "client", e->client);
        notify_msg_json_opt(&j, "client_url", e->client_url);
        if (e->images.n) {
                json_key(&j.w, STR("images"));
                json_raw(&j.w, e->images);
        }
        if (e->links.n) {
                json_key(&j.w, STR("links"));
                json_raw(&j.w, e->links);
        }
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

/* Empty when there are none; those without an address are left out. */
static Str images_of(NotifyMsg *m, const PagerdutyOptions *o)
{
        const PagerdutyImage *images = o->images.data;
        bool any = false;
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_array(&j.w);
        for (size_t i = 0; i < o->images.n; i++) {
                Str src = notify_msg_text(m, images[i].src);
                if (!src.n)
                        continue;
                any = true;
                json_begin_object(&j.w);
                json_key_str(&j.w, "src", src);
                json_key_str(&j.w, "alt", notify_msg_text(m, images[i].alt));
                json_key_str(&j.w, "href", notify_msg_text(m, images[i].href));
                json_end_object(&j.w);
        }
        json_end_array(&j.w);
        return any ? buf_str(&j.out) : (Str){ 0 };
}

static Str links_of(NotifyMsg *m, const PagerdutyOptions *o)
{
        const PagerdutyLink *links = o->links.data;
        bool any = false;
        NotifyJson j;
        notify_msg_json(m, &j);
        json_begin_array(&j.w);
        for (size_t i = 0; i < o->links.n; i++) {
                Str href = notify_msg_text(m, links[i].href);
                if (!href.n)
                        continue;
                any = true;
                json_begin_object(&j.w);
                json_key_str(&j.w, "href", href);
                json_key_str(&j.w, "text", notify_msg_text(m, links[i].text));
                json_end_object(&j.w);
        }
        json_end_array(&j.w);
        return any ? buf_str(&j.out) : (Str){ 0 };
}

static bool make(NotifyMsg *m, Err *err)
{
        const PagerdutyOptions *o = m->options;
        bool v1 = is_v1(o);
        Str key;
        if (!notify_msg_secret(m, v1 ? o->service_key : o->routing_key, v1 ? o->service_key_file : o->routing_key_file,
                               v1 ? "service_key" : "routing_key", &key, err))
                return false;
        Event e = { .action = m->n->resolved ? "resolve" : "trigger", .details = details_of(m, o) };
        e.key = notify_msg_text(m, key);
        e.summary = notify_msg_cut(m, notify_msg_text(m, o->description), MAX_SUMMARY_RUNES);
        if (!v1 || !m->n->resolved) {
                e.client = notify_msg_text(m, o->client);
                e.client_url = notify_msg_text(m, o->client_url);
        }
        if (!v1) {
                e.source = notify_msg_text(m, o->source);
                e.severity = notify_msg_text(m, o->severity.n ? o->severity : STR("error"));
                e.event_class = notify_msg_text(m, o->event_class);
                e.component = notify_msg_text(m, o->component);
                e.group = notify_msg_text(m, o->group);
                e.images = images_of(m, o);
                e.links = links_of(m, o);
        }
        if (!notify_msg_texts_ok(m, err))
                return false;
        if (!e.key.n)
                return err_set(err, ERR_INVALID, "%s key cannot be empty", v1 ? "service" : "routing");
        Str body = v1 ? encode_v1(m, &e) : encode_v2(m, &e);
        if (body.n > MAX_EVENT_BYTES) {
                e.details = STR("{\"error\":\"Custom details have been removed because the original event exceeds the "
                                "maximum size of 512KB\"}");
                body = v1 ? encode_v1(m, &e) : encode_v2(m, &e);
        }
        notify_msg_post(m, v1 ? V1_URL : str_dup(m->arena, o->url), body);
        m->state = v1 ? m : NULL;
        return true;
}

static NotifyVerdict answered(NotifyMsg *m, const HttpAnswer *a, Err *err)
{
        NotifyVerdict verdict = notify_msg_status(a, err);
        return m->state && a->status == 403 ? NOTIFY_RETRY : verdict; /* the old API says "too many" so */
}

static const Option image_options[] = {
        { "src", OPT_STR, offsetof(PagerdutyImage, src), .help = "Address of the picture." },
        { "alt", OPT_STR, offsetof(PagerdutyImage, alt), .help = "Text in its place." },
        { "href", OPT_STR, offsetof(PagerdutyImage, href), .help = "Where it leads." },
        OPTION_END,
};
static const OptionTable image_table = { "images", image_options, sizeof(PagerdutyImage), NULL };
static const Option link_options[] = {
        { "href", OPT_STR, offsetof(PagerdutyLink, href), .help = "Where it leads." },
        { "text", OPT_STR, offsetof(PagerdutyLink, text), .help = "What it says." },
        OPTION_END,
};
static const OptionTable link_table = { "links", link_options, sizeof(PagerdutyLink), NULL };

#define AT(field) offsetof(PagerdutyOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        NOTIFY_TIMEOUT_ROW,
        { "routing_key", OPT_SECRET, AT(routing_key), .help = "Key of an Events API v2 integration." },
        { "routing_key_file", OPT_STR, AT(routing_key_file), .help = "File with it." },
        { "service_key", OPT_SECRET, AT(service_key), .help = "Key of an old integration." },
        { "service_key_file", OPT_STR, AT(service_key_file), .help = "File with it." },
        { "url", OPT_STR, AT(url), .help = "Events API v2; default: pagerduty_url." },
        { "client", OPT_STR, AT(client), .def = "{{ template \"pagerduty.default.client\" . }}",
          .help = "Who reports; a template, as all texts here." },
        { "client_url", OPT_STR, AT(client_url), .def = "{{ template \"pagerduty.default.clientURL\" . }}",
          .help = "Where that is seen." },
        { "description", OPT_STR, AT(description), .def = "{{ template \"pagerduty.default.description\" .}}",
          .help = "Title of the incident." },
        { "severity", OPT_STR, AT(severity), .def = "error", .help = "critical, error, warning or info." },
        { "source", OPT_STR, AT(source), .help = "What is affected; default: client." },
        { "class", OPT_STR, AT(event_class), .help = "Class of the event." },
        { "component", OPT_STR, AT(component), .help = "Part of the source." },
        { "group", OPT_STR, AT(group), .help = "Group of the source." },
        { "details", OPT_NODE, AT(details), .help = "More details: names and texts; nesting is allowed." },
        { "images", OPT_STRUCT_LIST, AT(images), .table = &image_table, .null_entries = true, .help = "Pictures." },
        { "links", OPT_STRUCT_LIST, AT(links), .table = &link_table, .null_entries = true, .help = "Links." },
        OPTION_END,
};
static const OptionTable table = { "pagerduty_config", options, sizeof(PagerdutyOptions), NULL };
const NotifyKind notify_pagerduty_kind = {
        .base = { COMPONENT_NOTIFIER, "pagerduty", "Opens and closes incidents at PagerDuty.", &table, NULL, NULL },
        .check = check,
        .make = make,
        .answered = answered,
};
