/* What rules write: recorded series, and the ALERTS series of alerting rules, with the stale markers that end them. */
#include "base/metric.h"
#include "rules/rule_group.h"

METRIC_FAMILY(refused, METRIC_KIND_COUNTER, "pharos_rules_samples_rejected_total",
              "Rule results that the store did not take, by reason.", "reason");

AppendResult rule_output_write(RuleRun *run, Labels labels, int64_t t_ms, double v, const Histogram *h,
                               Appender *appender)
{
        OutputSeries *known = output_map_get(&run->outputs, labels);
        if (!known) {
                Arena *memory = arena_new();
                Labels key = labels_dup(memory, labels);
                known = output_map_put(&run->outputs, key, NULL);
                known->memory = memory;
        }
        known->generation = run->generation;
        AppendResult result = h ? store_append_sample(appender, &known->ref, labels,
                                                      &(StoreSample){ .t_ms = t_ms, .h = h })
                                : store_append(appender, &known->ref, labels, t_ms, v);
        if (result != APPEND_OK && result != APPEND_DUPLICATE) {
                metric_add(metric_of(&refused, str_of(append_result_name(result))), 1);
                run->refusal = result;
        }
        return result;
}

/* Upstream's words: what looks for them in `lastError` finds them. */
const char *rule_output_refusal(const RuleRun *run)
{
        switch ((int)run->refusal) {
        case APPEND_CONFLICT: return "duplicate sample for timestamp";
        case APPEND_OUT_OF_ORDER: return "out of order sample";
        case APPEND_OUT_OF_BOUNDS: return "out of bounds";
        default: return append_result_name(run->refusal);
        }
}

void rule_output_end_missing(RuleRun *run, int64_t t_ms, Appender *appender)
{
        VEC(Labels) gone = { 0 };
        for (OutputMapSlot *s = output_map_next(&run->outputs, NULL); s; s = output_map_next(&run->outputs, s)) {
                if (s->val.generation == run->generation)
                        continue;
                store_append(appender, &s->val.ref, s->key, t_ms, sample_stale());
                vec_push(&gone, s->key);
        }
        vec_each(key, &gone) {
                Arena *memory = output_map_get(&run->outputs, *key)->memory;
                output_map_remove(&run->outputs, *key);
                arena_free(memory);
        }
        vec_done(&gone);
}

void rule_output_clear(RuleRun *run)
{
        for (OutputMapSlot *s = output_map_next(&run->outputs, NULL); s; s = output_map_next(&run->outputs, s))
                arena_free(s->val.memory);
        output_map_done(&run->outputs);
}

bool rule_output_record(RuleGroupRun *group, RuleRun *run, const PromqlResult *result, int64_t ts_ms,
                        Appender *appender, Arena *arena, Err *err)
{
        Labels *all = arena_array(arena, Labels, result->n_series);
        OutputMap unique = { .arena = arena };
        for (size_t i = 0; i < result->n_series; i++) {
                LabelsBuilder lb;
                labels_builder_init(&lb, arena, result->series[i].labels);
                labels_builder_set(&lb, LABEL_NAME, run->rule->name);
                for (size_t k = 0; k < run->labels.n; k++)
                        labels_builder_set(&lb, run->labels.data[k].name, run->labels.data[k].value);
                all[i] = labels_builder_build(&lb, arena);
                bool fresh;
                output_map_put(&unique, all[i], &fresh);
                if (!fresh)
                        return err_set(err, ERR_INVALID,
                                       "vector contains metrics with the same labelset after applying rule labels");
        }
        if (group->group.limit && result->n_series > group->group.limit)
                return err_set(err, ERR_LIMIT, "exceeded limit of %llu with %zu series",
                               (unsigned long long)group->group.limit, result->n_series);
        for (size_t i = 0; i < result->n_series; i++)
                rule_output_write(run, all[i], ts_ms, result->series[i].v[0],
                                  result->series[i].h ? result->series[i].h[0] : NULL, appender);
        return true;
}
