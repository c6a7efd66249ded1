/* One alerting rule: from the series of its expression to pending, firing and resolved alerts.
 *
 * Invariants:
 * 1. An alert is identified by its labels: the sample's without __name__, the rule's expanded ones over them, alertname.
 * 2. pending -> firing when ts - active_at >= for; firing -> resolved when it is absent and keep_firing_for is over.
 *    A pending alert that is absent is forgotten. A resolved one is kept 15 minutes, to be told again.
 * 3. A failing rule keeps its alerts as they are; exceeding the limit clears them.
 * 4. Hysteresis: a firing alert that is absent goes on while its rule's hold expression gives its series, or until its
 *    recovery expression gives a series all of whose labels its own series has.
 * 5. Restored alerts do not resolve before the group's hold_until: after a start, data may come later than rules. */
#include <math.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "net/url.h"
#include "rules/rule_group.h"

enum { KEEP_RESOLVED_MS = 15 * 60 * 1000 };

METRIC_COUNTER(sent, "pharos_rules_alerts_sent_total", "Alerts handed to the router, firing and resolved.");

void rule_alerting_free(ActiveAlert *a)
{
        arena_free(a->memory);
        arena_free(a->texts);
        mem_free(a);
}

void rule_alerting_clear(RuleRun *run)
{
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s))
                rule_alerting_free(s->val);
        alert_map_done(&run->alerts);
}

/* ---- templates ---- */

typedef struct TemplateQuery {
        RuleGroupRun *group;
        int64_t ts_ms;
} TemplateQuery;

static const Histogram *histogram_of(const PromqlSeries *series) { return series->h ? series->h[0] : NULL; }

static bool template_query(void *self, Str text, Arena *arena, TmplPromSample **ret, size_t *ret_n, Err *err)
{
        const TemplateQuery *q = self;
        const RulesOptions *o = q->group->options;
        Expr *expr;
        SrcPos pos;
        PromqlResult result;
        if (!ast_parse(text, arena, &promql_engine_options(o->engine)->features, &expr, &pos, err)) {
                Buf why = { .arena = arena };
                ast_format_error(&why, text, pos, err->msg);
                return err_set(err, ERR_INVALID, "%s", buf_cstr(&why));
        }
        PromqlQuery query = { .expr = expr, .text = text, .start_ms = q->ts_ms, .end_ms = q->ts_ms };
        if (!promql_exec(o->engine, o->store, &query, arena, &result, err))
                return false;
        if (result.type == VALUE_SCALAR) {
                *ret = arena_new_of(arena, TmplPromSample);
                (*ret)->v = result.scalar;
                *ret_n = 1;
                return true;
        }
        if (result.type != VALUE_VECTOR)
                return err_set(err, ERR_INVALID, "query result is not a vector or scalar");
        TmplPromSample *samples = arena_array(arena, TmplPromSample, result.n_series);
        for (size_t i = 0; i < result.n_series; i++) {
                Labels labels = result.series[i].labels;
                samples[i] = (TmplPromSample){ arena_array(arena, Str, labels.n), arena_array(arena, Str, labels.n),
                                               labels.n, result.series[i].v[0], histogram_of(&result.series[i]) };
                for (size_t k = 0; k < labels.n; k++) {
                        samples[i].label_names[k] = labels.data[k].name;
                        samples[i].label_values[k] = labels.data[k].value;
                }
        }
        *ret = samples;
        *ret_n = result.n_series;
        return true;
}

static void split_labels(Labels labels, Arena *arena, const Str **ret_names, const Str **ret_values)
{
        Str *names = arena_array(arena, Str, labels.n);
        Str *values = arena_array(arena, Str, labels.n);
        for (size_t i = 0; i < labels.n; i++) {
                names[i] = labels.data[i].name;
                values[i] = labels.data[i].value;
        }
        *ret_names = names;
        *ret_values = values;
}

typedef struct Expander {
        const Rule *rule;
        TmplRuleData data;
        TmplPromCtx ctx;
        TemplateQuery query;
        Arena *arena;
} Expander;

static Str expand(Expander *e, Str text)
{
        if (str_find(text, STR("{{")) == SIZE_MAX)
                return text;
        Str out;
        Err err;
        Str name = str_printf(e->arena, "__alert_" STR_FMT, STR_ARG(e->rule->name));
        if (gotmpl_expand_rule(name, text, &e->data, &e->ctx, e->arena, &out, &err))
                return out;
        if (!e->query.group->replay)
                log_warn("a template of a rule fails", KV("rule", e->rule->name), KV("err", &err));
        return str_printf(e->arena, "<error expanding template: %s>", err.msg);
}

static void expander_init(Expander *e, RuleGroupRun *group, const RuleRun *run, const PromqlSeries *series,
                          int64_t ts_ms, Arena *arena)
{
        *e = (Expander){ .rule = run->rule, .arena = arena, .query = { group, ts_ms } };
        split_labels(series->labels, arena, &e->data.label_names, &e->data.label_values);
        split_labels(group->external_labels, arena, &e->data.external_names, &e->data.external_values);
        e->data.labels_n = series->labels.n;
        e->data.external_n = group->external_labels.n;
        e->data.external_url = group->options->external_url;
        e->data.value = series->v[0];
        e->data.histogram = histogram_of(series);
        e->ctx = (TmplPromCtx){ .query = template_query,
                                .external_url = group->options->external_url,
                                .path_prefix = STR("/"),
                                .now_ms = ts_ms };
}

/* ---- evaluation ---- */

typedef struct Candidate {
        Labels labels, annotations, source;
        double value;
} Candidate;

static Candidate make_candidate(RuleGroupRun *group, const RuleRun *run, const PromqlSeries *series, int64_t ts_ms,
                                Arena *arena)
{
        Expander e;
        expander_init(&e, group, run, series, ts_ms, arena);
        e.ctx.self = &e.query;
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, series->labels);
        labels_builder_del(&lb, LABEL_NAME);
        Labels source = labels_builder_build(&lb, arena);
        for (size_t i = 0; i < run->labels.n; i++)
                labels_builder_set(&lb, run->labels.data[i].name, expand(&e, run->labels.data[i].value));
        labels_builder_set(&lb, STR("alertname"), run->rule->name);
        Candidate c = { .labels = labels_builder_build(&lb, arena), .source = source, .value = series->v[0] };
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; i < run->rule->annotations.n && !group->no_texts; i++)
                labels_builder_put(&lb, run->rule->annotations.data[i].name,
                                   expand(&e, run->rule->annotations.data[i].value));
        c.annotations = labels_builder_build(&lb, arena);
        return c;
}

static ActiveAlert *alert_new(Labels labels)
{
        ActiveAlert *a = mem_new(ActiveAlert);
        a->memory = arena_new();
        a->texts = arena_new();
        a->labels = labels_dup(a->memory, labels);
        return a;
}

static void merge_candidate(RuleRun *run, const Candidate *c, int64_t ts_ms)
{
        ActiveAlert **slot = alert_map_get(&run->alerts, c->labels);
        ActiveAlert *a = slot ? *slot : NULL;
        if (a && a->state == ALERT_INACTIVE) { /* resolved a while ago: it starts anew */
                alert_map_remove(&run->alerts, a->labels);
                rule_alerting_free(a);
                a = NULL;
        }
        if (!a) {
                a = alert_new(c->labels);
                a->state = ALERT_PENDING;
                a->active_at_ms = ts_ms;
                if (run->rule->hold || run->rule->recovery)
                        a->source = labels_dup(a->memory, c->source);
                *alert_map_put(&run->alerts, a->labels, NULL) = a;
        }
        a->hits++;
        arena_reset(a->texts);
        a->annotations = labels_dup(a->texts, c->annotations);
        a->value = c->value;
        a->generation = run->generation;
        a->keep_firing_since_ms = 0;
        a->held = false;
}

/* Labels without the name. */
static bool same_source(Labels series, Labels source)
{
        size_t k = 0;
        for (size_t i = 0; i < series.n; i++) {
                if (str_eq(series.data[i].name, LABEL_NAME))
                        continue;
                if (k == source.n || !str_eq(series.data[i].name, source.data[k].name) ||
                    !str_eq(series.data[i].value, source.data[k].value))
                        return false;
                k++;
        }
        return k == source.n;
}

static bool source_has(Labels source, Labels series)
{
        for (size_t i = 0; i < series.n; i++)
                if (!str_eq(series.data[i].name, LABEL_NAME) &&
                    !str_eq(labels_get(source, series.data[i].name), series.data[i].value))
                        return false;
        return true;
}

static bool not_recovered(const RuleRun *run, const ActiveAlert *a, const PromqlResult *second)
{
        if (!second || a->state != ALERT_FIRING)
                return false;
        for (size_t i = 0; i < second->n_series; i++) {
                if (run->rule->hold && same_source(second->series[i].labels, a->source))
                        return true;
                if (!run->rule->hold && source_has(a->source, second->series[i].labels))
                        return false;
        }
        return !run->rule->hold;
}

/* True when the alert stays as it is although its series is absent. */
static bool survives_absence(const RuleGroupRun *group, const RuleRun *run, ActiveAlert *a, const PromqlResult *second,
                             int64_t ts_ms)
{
        if ((a->held && ts_ms < group->hold_until_ms) || not_recovered(run, a, second))
                return true;
        if (a->state != ALERT_FIRING || run->rule->keep_firing_for_ms == 0)
                return false;
        if (!a->keep_firing_since_ms)
                a->keep_firing_since_ms = ts_ms;
        return ts_ms - a->keep_firing_since_ms < run->rule->keep_firing_for_ms;
}

static void tell(const RuleGroupRun *group, const RuleRun *run, const ActiveAlert *a, RuleAlertState from,
                 int64_t ts_ms)
{
        if (group->watch)
                group->watch->moved(group->watch->ctx, group, run, a, from, ts_ms);
}

/* False: forget it. */
static bool advance(const RuleGroupRun *group, const RuleRun *run, ActiveAlert *a, const PromqlResult *second,
                    int64_t ts_ms)
{
        if (a->generation != run->generation && a->state != ALERT_INACTIVE &&
            !survives_absence(group, run, a, second, ts_ms)) {
                if (a->state == ALERT_PENDING)
                        return false;
                a->state = ALERT_INACTIVE;
                a->resolved_at_ms = ts_ms;
                a->keep_firing_since_ms = 0;
                tell(group, run, a, ALERT_FIRING, ts_ms);
        }
        if (a->state == ALERT_INACTIVE)
                return ts_ms - a->resolved_at_ms <= KEEP_RESOLVED_MS;
        if (a->state == ALERT_PENDING && a->generation == run->generation &&
            ts_ms - a->active_at_ms >= run->rule->for_ms && a->hits >= run->rule->consecutive_failures) {
                a->state = ALERT_FIRING;
                a->fired_at_ms = ts_ms;
                tell(group, run, a, ALERT_PENDING, ts_ms);
        }
        return true;
}

/* Upstream's quirk: a label whose template gives nothing stands in the series as it was written. */
static void begin_series(LabelsBuilder *lb, const RuleRun *run, const ActiveAlert *a, Arena *arena)
{
        labels_builder_init(lb, arena, a->labels);
        for (size_t i = 0; i < run->labels.n; i++)
                if (!labels_has(a->labels, run->labels.data[i].name))
                        labels_builder_set(lb, run->labels.data[i].name, run->labels.data[i].value);
}

static void write_series(RuleRun *run, const ActiveAlert *a, int64_t t_ms, Appender *appender, Arena *arena)
{
        LabelsBuilder lb;
        begin_series(&lb, run, a, arena);
        labels_builder_set(&lb, LABEL_NAME, STR("ALERTS"));
        labels_builder_set(&lb, STR("alertstate"), a->state == ALERT_FIRING ? STR("firing") : STR("pending"));
        rule_output_write(run, labels_builder_build(&lb, arena), t_ms, 1, NULL, appender);
        begin_series(&lb, run, a, arena);
        labels_builder_set(&lb, LABEL_NAME, STR("ALERTS_FOR_STATE"));
        rule_output_write(run, labels_builder_build(&lb, arena), t_ms, floor((double)a->active_at_ms / 1000), NULL,
                          appender);
}

static void advance_all(RuleGroupRun *group, RuleRun *run, const PromqlResult *second, int64_t ts_ms,
                        Appender *appender, Arena *arena)
{
        VEC(ActiveAlert *) gone = { .arena = arena };
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s)) {
                ActiveAlert *a = s->val;
                if (!advance(group, run, a, second, ts_ms))
                        vec_push(&gone, a);
                else if (a->state != ALERT_INACTIVE)
                        write_series(run, a, ts_ms - group->query_offset_ms, appender, arena);
        }
        vec_each(a, &gone) {
                alert_map_remove(&run->alerts, (*a)->labels);
                rule_alerting_free(*a);
        }
}

static size_t count_active(const RuleRun *run)
{
        size_t n = 0;
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s))
                n += s->val->state != ALERT_INACTIVE;
        return n;
}

bool rule_alerting_any_fires(RuleGroupRun *group, const RuleRun *run)
{
        MUTEX_SCOPE(&group->mu);
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s))
                if (s->val->state == ALERT_FIRING)
                        return true;
        return false;
}

bool rule_alerting_eval(RuleGroupRun *group, RuleRun *run, const PromqlResult *result, const PromqlResult *second,
                        int64_t ts_ms, Appender *appender, Arena *arena, Err *err)
{
        Candidate *candidates = arena_array(arena, Candidate, result->n_series);
        OutputMap unique = { .arena = arena };
        for (size_t i = 0; i < result->n_series; i++) {
                candidates[i] = make_candidate(group, run, &result->series[i], ts_ms, arena);
                bool fresh;
                output_map_put(&unique, candidates[i].labels, &fresh);
                if (!fresh)
                        return err_set(err, ERR_INVALID,
                                       "vector contains metrics with the same labelset after applying alert labels");
        }
        MUTEX_SCOPE(&group->mu);
        for (size_t i = 0; i < result->n_series; i++)
                merge_candidate(run, &candidates[i], ts_ms);
        advance_all(group, run, second, ts_ms, appender, arena);
        size_t active = count_active(run);
        if (group->group.limit && active > group->group.limit) {
                rule_alerting_clear(run);
                return err_set(err, ERR_LIMIT, "exceeded limit of %llu with %zu alerts",
                               (unsigned long long)group->group.limit, active);
        }
        return true;
}

/* ---- sending ---- */

static bool needs_sending(const ActiveAlert *a, int64_t ts_ms, int64_t resend_delay_ms)
{
        if (a->state == ALERT_PENDING)
                return false;
        if (a->resolved_at_ms > a->last_sent_at_ms)
                return true;
        return a->last_sent_at_ms == 0 ||
               a->last_sent_at_ms + resend_delay_ms < ts_ms; /* as upstream: later, not then */
}

static Str generator_url(const RuleGroupRun *group, const Rule *rule, Arena *arena)
{
        Buf out = { .arena = arena };
        Str base = group->options->external_url;
        buf_str_add(&out, str_ends(base, STR("/")) ? str_sub(base, 0, base.n - 1) : base);
        buf_lit(&out, "/graph?g0.expr=");
        url_encode_query(&out, rule->expr_text);
        buf_lit(&out, "&g0.tab=1");
        return buf_str(&out);
}

static Labels with_external(const RuleGroupRun *group, Labels labels, Arena *arena)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, labels_dup(arena, labels));
        for (size_t i = 0; i < group->external_labels.n; i++) {
                const Label *l = &group->external_labels.data[i];
                if (!labels_builder_get(&lb, l->name).n)
                        labels_builder_set(&lb, l->name, l->value);
        }
        return labels_builder_build(&lb, arena);
}

void rule_alerting_send(RuleGroupRun *group, RuleRun *run, int64_t ts_ms, Arena *arena)
{
        const RulesOptions *o = group->options;
        if (!o->sink.put)
                return;
        VEC(AlertMsg) batch = { .arena = arena };
        int64_t hold_ms = 4 * MAX_OF(group->interval_ms, o->resend_delay_ms);
        mutex_lock(&group->mu);
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s)) {
                ActiveAlert *a = s->val;
                if (!needs_sending(a, ts_ms, o->resend_delay_ms))
                        continue;
                a->last_sent_at_ms = ts_ms;
                a->valid_until_ms = ts_ms + hold_ms;
                vec_push(&batch,
                         (AlertMsg){
                                 .labels = with_external(group, a->labels, arena),
                                 .annotations = labels_dup(arena, a->annotations),
                                 .starts_at_ms = a->fired_at_ms,
                                 .ends_at_ms = a->state == ALERT_INACTIVE ? a->resolved_at_ms : a->valid_until_ms,
                                 .updated_at_ms = ts_ms,
                                 .generator_url = generator_url(group, run->rule, arena),
                         });
        }
        mutex_unlock(&group->mu);
        if (batch.len == 0)
                return;
        if (!group->replay)
                metric_add(sent, batch.len);
        o->sink.put(o->sink.self, batch.data, batch.len);
}
