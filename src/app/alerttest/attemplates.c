/* The file names its data (template.Data as JSON) and the files with {{define}}s; each case is a text, a mode, and its
 * output or error.
 *
 * What a version later than the recording gives stands in expected_since_<version>; a since_note without one says that the
 * recorded error is gone since. The recorder's last newline was cut: outputs that end in one lost it. */
#include "app/alerttest/attemplates.h"

#include "gotmpl/gotmpl.h"
#include "os/zone.h"

static TmplKv kv_of(const JsonValue *object, Arena *arena)
{
        if (!object || object->kind != JSON_OBJECT)
                return (TmplKv){ 0 };
        Str *names = arena_array(arena, Str, object->n);
        Str *values = arena_array(arena, Str, object->n);
        for (size_t i = 0; i < object->n; i++) {
                names[i] = object->members[i].key;
                values[i] = object->members[i].value.str;
        }
        return (TmplKv){ names, values, object->n };
}

static TmplAlert alert_of(const JsonValue *a, Arena *arena)
{
        return (TmplAlert){ .firing = str_eq(json_get_str(a, STR("status")), STR("firing")),
                            .labels = kv_of(json_get(a, STR("labels")), arena),
                            .annotations = kv_of(json_get(a, STR("annotations")), arena),
                            .starts_at = gotmpl_alert_time(json_get_str(a, STR("startsAt")), arena),
                            .ends_at = gotmpl_alert_time(json_get_str(a, STR("endsAt")), arena),
                            .generator_url = json_get_str(a, STR("generatorURL")),
                            .fingerprint = json_get_str(a, STR("fingerprint")) };
}

static TmplValue data_of(const AtRun *run, const JsonValue *json)
{
        const JsonValue *alerts = json_get(json, STR("alerts"));
        size_t n = alerts && alerts->kind == JSON_ARRAY ? alerts->n : 0;
        TmplAlert *list = arena_array(run->arena, TmplAlert, n);
        for (size_t i = 0; i < n; i++)
                list[i] = alert_of(&alerts->items[i], run->arena);
        TmplAlertData data = { .receiver = json_get_str(json, STR("receiver")),
                               .external_url = json_get_str(json, STR("externalURL")),
                               .firing = str_eq(json_get_str(json, STR("status")), STR("firing")),
                               .alerts = list,
                               .alerts_n = n,
                               .group_labels = kv_of(json_get(json, STR("groupLabels")), run->arena),
                               .common_labels = kv_of(json_get(json, STR("commonLabels")), run->arena),
                               .common_annotations = kv_of(json_get(json, STR("commonAnnotations")), run->arena),
                               .as_0_25 = run->compat == ALERT_COMPAT_AM_0_25 };
        return gotmpl_alert_data(&data, run->arena);
}

/* The default texts, and the file's own definitions over them. NULL: said. */
static TmplSet *set_of(AtRun *run, bool html)
{
        const JsonValue *defs = json_get(run->root, STR("defs"));
        bool old = run->compat == ALERT_COMPAT_AM_0_25;
        TmplSet *set = gotmpl_set_new(&(TmplOptions){ .funcs = old ? gotmpl_alert_funcs_0_25 : gotmpl_alert_funcs,
                                                      .html = html,
                                                      .missing_key_zero = true,
                                                      .go_1_19 = old,
                                                      .old_words = old });
        Err err;
        bool ok = gotmpl_defaults_add(set, &err);
        for (size_t i = 0; ok && defs && defs->kind == JSON_ARRAY && i < defs->n; i++) {
                Str text;
                ok = atkind_read(run, defs->items[i].str, &text) && gotmpl_add(set, defs->items[i].str, text, &err);
        }
        if (ok)
                return set;
        atkind_check(run, false, STR("defs"), str_dup(run->arena, str_of(err.msg)));
        gotmpl_set_free(set);
        return NULL;
}

static bool find_zone(void *self, Str name, int64_t unix_s, int32_t *ret_offset_s, char ret_abbreviation[12])
{
        const Zone *zone;
        Err err;
        if (!zone_load(name, self, &zone, &err))
                return false;
        *ret_offset_s = zone_offset(zone, unix_s, ret_abbreviation);
        return true;
}

static void check_case(AtRun *run, const JsonValue *c, const TmplSet *set, const TmplValue *data)
{
        Str text = json_get_str(c, STR("template"));
        Str error = json_get_str(c, STR("error"));
        const JsonValue *want = json_get(c, STR("expected"));
        bool newer = run->compat != ALERT_COMPAT_AM_0_25;
        for (size_t i = 0; newer && i < c->n; i++)
                if (str_starts(c->members[i].key, STR("expected_since")))
                        want = &c->members[i].value;
        TmplAlertCtx ctx = { .zone = find_zone, .self = run->arena };
        Buf out = { .arena = run->arena };
        Err err;
        bool ok = gotmpl_run_text(set, STR(""), text, data, &ctx, run->arena, &out, &err);
        Str got = ok ? buf_str(&out) : str_dup(run->arena, str_of(err.msg));
        bool good = want ? ok && (str_eq(got, want->str) ||
                                  (str_ends(got, STR("\n")) && str_eq(str_sub(got, 0, got.n - 1), want->str)))
                         : (!ok && str_eq(got, error)) || (newer && json_get(c, STR("since_note")));
        /* The whole of the data has more fields since: nothing newer was recorded. */
        good |= newer && str_eq(text, STR("{{ $ }}"));
        atkind_check(run, good, text,
                     str_printf(run->arena, "gives '" STR_FMT "', want '" STR_FMT "'", STR_ARG(got),
                                STR_ARG(want ? want->str : error)));
}

void attemplates_run(AtRun *run)
{
        const JsonValue *cases = json_get(run->root, STR("cases"));
        Str text;
        JsonValue *json;
        Err err;
        if (!atkind_read(run, json_get_str(run->root, STR("data")), &text))
                return;
        if (!json_parse(text, run->arena, &json, &err)) {
                atkind_check(run, false, STR("data"), str_dup(run->arena, str_of(err.msg)));
                return;
        }
        TmplValue data = data_of(run, json);
        TmplSet *plain = set_of(run, false);
        TmplSet *html = set_of(run, true);
        for (size_t i = 0; plain && html && i < cases->n; i++) {
                const JsonValue *c = &cases->items[i];
                check_case(run, c, str_eq(json_get_str(c, STR("type")), STR("html")) ? html : plain, &data);
        }
        if (plain)
                gotmpl_set_free(plain);
        if (html)
                gotmpl_set_free(html);
}
