/* victorops (Splunk On-Call): one event to the REST endpoint of a routing key. */
#include <stddef.h>

#include "net/url.h"
#include "notify/notify_kind.h"

enum { MAX_MESSAGE_RUNES = 20480 };

typedef struct VictoropsOptions {
        NotifyBase base;
        Secret api_key;
        Str api_key_file, api_url, routing_key, message_type, state_message, entity_display_name, monitoring_tool;
        Labels custom_fields;
} VictoropsOptions;

static bool check(void *options, const NotifyBinding *b)
{
        static const char *const fixed[] = { "routing_key",     "message_type", "state_message", "entity_display_name",
                                             "monitoring_tool", "entity_id",    "entity_state" };
        VictoropsOptions *o = options;
        const NotifyGlobal *g = b->global;
        if (!o->routing_key.n)
                return notify_global_error(b, "missing Routing key in VictorOps config");
        for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
                if (labels_has(o->custom_fields, str_of(fixed[i])))
                        return notify_global_error(b,
                                                   "victorOps config contains custom field %s which cannot be used as "
                                                   "it conflicts with the fixed/static fields",
                                                   fixed[i]);
        if (!notify_global_secret(b, "api_key", &o->api_key, &o->api_key_file, g->victorops_api_key,
                                  g->victorops_api_key_file, "no global VictorOps API Key set"))
                return false;
        if (!o->api_url.p)
                o->api_url = g->victorops_api_url;
        if (!notify_global_check_url(b, o->api_url))
                return false;
        if (!str_ends(o->api_url, STR("/")))
                o->api_url = str_printf(b->ctx->arena, STR_FMT "/", STR_ARG(o->api_url));
        return true;
}

/* The fixed fields and the user's, sorted by name as Go's encoder does with a map. */
static Str body_of(NotifyMsg *m, const VictoropsOptions *o)
{
        static const char *const known[] = { "CRITICAL", "WARNING", "INFO" };
        LabelsBuilder b;
        Str type = notify_msg_text(m, o->message_type);
        bool valid = false;
        for (size_t i = 0; i < ARRAY_LEN(known); i++)
                valid |= str_eq(type, str_of(known[i]));
        if (m->n->resolved)
                type = STR("RECOVERY");
        else if (!valid)
                type = STR("CRITICAL");
        labels_builder_init(&b, m->arena, (Labels){ 0 });
        for (size_t i = 0; i < o->custom_fields.n; i++)
                labels_builder_put(&b, o->custom_fields.data[i].name,
                                   notify_msg_text(m, o->custom_fields.data[i].value));
        Labels custom = labels_builder_build(&b, m->arena);
        const Label fixed[] = { { STR("entity_display_name"), notify_msg_text(m, o->entity_display_name) },
                                { STR("entity_id"), str_of(m->dedup_key) },
                                { STR("message_type"), type },
                                { STR("monitoring_tool"), notify_msg_text(m, o->monitoring_tool) },
                                { STR("state_message"),
                                  notify_msg_cut(m, notify_msg_text(m, o->state_message), MAX_MESSAGE_RUNES) } };
        NotifyJson j;
        size_t at = 0;
        notify_msg_json(m, &j);
        json_begin_object(&j.w);
        for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
                for (; at < custom.n && str_cmp(custom.data[at].name, fixed[i].name) < 0; at++) {
                        json_key(&j.w, custom.data[at].name);
                        json_str(&j.w, custom.data[at].value);
                }
                json_key(&j.w, fixed[i].name);
                json_str(&j.w, fixed[i].value);
        }
        for (; at < custom.n; at++) {
                json_key(&j.w, custom.data[at].name);
                json_str(&j.w, custom.data[at].value);
        }
        json_end_object(&j.w);
        return notify_msg_json_done(&j);
}

static bool make(NotifyMsg *m, Err *err)
{
        const VictoropsOptions *o = m->options;
        Str key;
        if (!notify_msg_secret(m, o->api_key, o->api_key_file, "api_key", &key, err))
                return false;
        Buf url = { .arena = m->arena };
        buf_str_add(&url, o->api_url);
        buf_str_add(&url, notify_msg_text(m, key));
        buf_char(&url, '/');
        Str rest = notify_msg_text(m, o->routing_key);
        Str part;
        for (bool first = true; str_split_next(&rest, '/', &part); first = false) {
                if (!first)
                        buf_char(&url, '/');
                url_encode_path(&url, part);
        }
        Str body = body_of(m, o);
        notify_msg_post(m, buf_str(&url), body);
        return notify_msg_texts_ok(m, err);
}

#define AT(field) offsetof(VictoropsOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "api_key", OPT_SECRET, AT(api_key), .help = "Key; default: victorops_api_key." },
        { "api_key_file", OPT_STR, AT(api_key_file), .help = "File with it." },
        { "api_url", OPT_STR, AT(api_url), .help = "The API; default: victorops_api_url." },
        { "routing_key", OPT_STR, AT(routing_key), .help = "Who is told; a template, as all texts here." },
        { "message_type", OPT_STR, AT(message_type), .def = "CRITICAL",
          .help = "CRITICAL, WARNING or INFO; RECOVERY when it is over." },
        { "state_message", OPT_STR, AT(state_message), .def = "{{ template \"victorops.default.state_message\" . }}",
          .help = "Text." },
        { "entity_display_name", OPT_STR, AT(entity_display_name),
          .def = "{{ template \"victorops.default.entity_display_name\" . }}", .help = "Heading." },
        { "monitoring_tool", OPT_STR, AT(monitoring_tool),
          .def = "{{ template \"victorops.default.monitoring_tool\" . }}", .help = "Who reports." },
        { "custom_fields", OPT_TEXTS, AT(custom_fields), .help = "More fields." },
        OPTION_END,
};
static const OptionTable table = { "victorops_config", options, sizeof(VictoropsOptions), NULL };
const NotifyKind notify_victorops_kind = {
        .base = { COMPONENT_NOTIFIER, "victorops", "Sends events to VictorOps.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
