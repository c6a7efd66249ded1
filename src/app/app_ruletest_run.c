/* One rule unit test: its series in a store of their own, its rule groups evaluated at every interval, what fires and what
 * expressions give compared with what is expected.
 *
 * Invariants:
 * 1. A rule sees no sample that is later than its evaluation: series are fed up to each time before it.
 * 2. An evaluation that fails ends the test: what follows from it would only hide the cause.
 * 3. The verdicts are promtool's, also where one may wish for others: NaN is never as expected, and no sample is there that
 *    is later than the last evaluation. */
#include <math.h>
#include <stdlib.h>

#include "app/app_ruletest.h"
#include "base/duration.h"
#include "codec/floats.h"
#include "model/quote.h"
#include "promql/promql.h"
#include "promql/seriesdesc.h"
#include "store/memstore.h"

typedef struct Feed {
        SeriesDesc desc;
        size_t next;
} Feed;

typedef struct TestRun {
        const AppRuletest *file;
        const AppRuletestGroup *test;
        const AppRuletestOptions *options;
        Arena *arena;
        MemStore *store;
        PromqlEngine *engine;
        RulesReplay *rules;
        Feed *feeds;
        size_t *order; /* of groups */
        Buf *out;
        size_t failures;
} TestRun;

static Str duration_text(const TestRun *run, int64_t ms)
{
        Buf out = { .arena = run->arena };
        duration_format(&out, ms);
        return buf_str(&out);
}

static void name_line(TestRun *run)
{
        run->failures++;
        if (run->test->name.n)
                buf_printf(run->out, "    name: " STR_FMT ",\n", STR_ARG(run->test->name));
}

/* ---- the series */

/* Of series with equal labels the last one counts, as in promtool. */
static void drop_namesake(TestRun *run, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (labels_eq(run->feeds[k].desc.labels, run->feeds[i].desc.labels))
                        run->feeds[k].desc.n = 0;
}

static bool read_feeds(TestRun *run)
{
        run->feeds = arena_array(run->arena, Feed, run->test->n_series);
        for (size_t i = 0; i < run->test->n_series; i++) {
                const AppRuletestSeries *s = &run->test->series[i];
                Err err;
                Str line = str_printf(run->arena, STR_FMT " " STR_FMT, STR_ARG(s->series), STR_ARG(s->values));
                if (seriesdesc_parse(line, run->arena, &run->feeds[i].desc, &err)) {
                        drop_namesake(run, i);
                        continue;
                }
                name_line(run);
                buf_printf(run->out, "    line %u: input series '" STR_FMT "': %s\n", s->pos.line, STR_ARG(s->series),
                           err.msg);
                return false;
        }
        return true;
}

static bool feed_one(TestRun *run, Feed *f, int64_t until_ms, Appender *app)
{
        SeriesRef ref = 0;
        for (; f->next < f->desc.n; f->next++) {
                const SequenceValue *v = &f->desc.values[f->next];
                int64_t t_ms = run->test->start_ms + (int64_t)f->next * run->test->interval_ms;
                if (t_ms > until_ms)
                        return true;
                if (v->omitted)
                        continue;
                AppendResult r = v->h ? store_append_sample(app, &ref, f->desc.labels,
                                                            &(StoreSample){ .t_ms = t_ms, .h = v->h })
                                      : store_append(app, &ref, f->desc.labels, t_ms, v->v);
                if (r == APPEND_OK || r == APPEND_DUPLICATE)
                        continue;
                name_line(run);
                buf_lit(run->out, "    input series '");
                labels_print(run->out, f->desc.labels);
                buf_printf(run->out, "': sample %zu is not stored: %s\n", f->next + 1, append_result_name(r));
                return false;
        }
        return true;
}

static bool feed(TestRun *run, int64_t until_ms)
{
        Err err;
        Appender *app = store_appender(memstore_engine(run->store));
        for (size_t i = 0; i < run->test->n_series; i++)
                if (!feed_one(run, &run->feeds[i], until_ms, app)) {
                        store_rollback(app);
                        return false;
                }
        if (store_commit(app, &err))
                return true;
        name_line(run);
        buf_printf(run->out, "    store: %s\n", err.msg);
        return false;
}

/* ---- comparing */

static bool floats_match(const TestRun *run, double a, double b)
{
        if (a == b)
                return true;
        return run->file->fuzzy_compare && (nextafter(a, -INFINITY) == b || nextafter(a, INFINITY) == b);
}

/* One thing that was found or expected, as a line of text; sorted, then compared. */
typedef struct Item {
        Labels labels, annotations;
        bool is_alert;
        double v;
        const Histogram *h;
        Str text;
} Item;
typedef VEC(Item) ItemVec;

static int by_labels(const void *a, const void *b)
{
        int c = labels_cmp(((const Item *)a)->labels, ((const Item *)b)->labels);
        return c ? c : labels_cmp(((const Item *)a)->annotations, ((const Item *)b)->annotations);
}

static void sort_items(ItemVec *items)
{
        if (items->len > 1)
                qsort(items->data, items->len, sizeof *items->data, by_labels);
}

static bool items_match(const TestRun *run, const Item *a, const Item *b)
{
        if (!labels_eq(a->labels, b->labels) || !labels_eq(a->annotations, b->annotations) || !a->h != !b->h)
                return false;
        if (a->h && !str_eq(a->text, b->text))
                return false;
        return a->is_alert || floats_match(run, a->v, b->v);
}

static bool lists_match(const TestRun *run, const ItemVec *want, const ItemVec *got)
{
        bool same = want->len == got->len;
        for (size_t i = 0; same && i < want->len; i++)
                same = items_match(run, &want->data[i], &got->data[i]);
        return same;
}

/* In promtool's words: [] and [0: ...] for alerts, nil and a, b for samples. */
static void print_list(const TestRun *run, const ItemVec *items, bool alerts)
{
        if (items->len == 0) {
                buf_cstr_add(run->out, alerts ? "[]" : "nil");
                return;
        }
        if (alerts)
                buf_char(run->out, '[');
        for (size_t i = 0; i < items->len; i++) {
                const Item *item = &items->data[i];
                if (alerts)
                        buf_printf(run->out, "%s\n            %zu:\n              " STR_FMT, i ? "," : "", i,
                                   STR_ARG(item->text));
                else
                        buf_printf(run->out, "%s" STR_FMT, i ? ", " : "", STR_ARG(item->text));
        }
        if (alerts)
                buf_lit(run->out, "\n            ]");
}

/* Lines that only one side has. Both are sorted, so a merge tells. */
static void print_diff(const TestRun *run, const ItemVec *want, const ItemVec *got)
{
        buf_lit(run->out, "        diff (-expected +got):\n");
        for (size_t i = 0, k = 0; i < want->len || k < got->len;) {
                int c = i == want->len ? 1 : k == got->len ? -1 : labels_cmp(want->data[i].labels, got->data[k].labels);
                if (c == 0 && items_match(run, &want->data[i], &got->data[k]))
                        buf_printf(run->out, "            " STR_FMT "\n", STR_ARG(want->data[i].text));
                else {
                        if (c <= 0)
                                buf_printf(run->out, "          - " STR_FMT "\n", STR_ARG(want->data[i].text));
                        if (c >= 0)
                                buf_printf(run->out, "          + " STR_FMT "\n", STR_ARG(got->data[k].text));
                }
                i += c <= 0;
                k += c >= 0;
        }
}

static void report(TestRun *run, const ItemVec *want, const ItemVec *got, bool alerts)
{
        if (run->options->diff) {
                print_diff(run, want, got);
                return;
        }
        buf_cstr_add(run->out, alerts ? "        exp:" : "        exp: ");
        print_list(run, want, alerts);
        buf_cstr_add(run->out, alerts ? ", \n        got:" : "\n        got: ");
        print_list(run, got, alerts);
        buf_char(run->out, '\n');
}

/* ---- alerts */

static Item alert_item(const TestRun *run, Labels labels, Labels annotations)
{
        Item item = { .labels = labels, .annotations = annotations, .is_alert = true };
        Buf text = { .arena = run->arena };
        buf_lit(&text, "Labels:");
        labels_print_alike(&text, labels);
        buf_lit(&text, "\n              Annotations:");
        labels_print_alike(&text, annotations);
        item.text = buf_str(&text);
        return item;
}

static void collect_firing(const TestRun *run, Str alertname, ItemVec *ret)
{
        for (size_t g = 0; g < rules_replay_len(run->rules); g++) {
                RuleGroupStatus status;
                rules_replay_status(run->rules, g, run->arena, &status);
                for (size_t i = 0; i < status.n; i++) {
                        const RuleStatus *rule = &status.rules[i];
                        if (!rule->alerting || !str_eq(rule->name, alertname))
                                continue;
                        for (size_t a = 0; a < rule->n_alerts; a++)
                                if (rule->alerts[a].state == ALERT_FIRING)
                                        vec_push(ret,
                                                 alert_item(run, rule->alerts[a].labels, rule->alerts[a].annotations));
                }
        }
        sort_items(ret);
}

static void check_alerts(TestRun *run, const AppRuletestAlertCase *c)
{
        ItemVec want = { .arena = run->arena };
        ItemVec got = { .arena = run->arena };
        for (size_t i = 0; i < c->n; i++) {
                LabelsBuilder lb;
                labels_builder_init(&lb, run->arena, (Labels){ 0 });
                for (size_t k = 0; k < c->expected[i].labels.n;
                     k++) /* an empty one is never there, and so a difference */
                        labels_builder_put(&lb, c->expected[i].labels.data[k].name,
                                           c->expected[i].labels.data[k].value);
                labels_builder_put(&lb, STR("alertname"), c->alertname);
                vec_push(&want, alert_item(run, labels_builder_build(&lb, run->arena), c->expected[i].annotations));
        }
        sort_items(&want);
        collect_firing(run, c->alertname, &got);
        if (lists_match(run, &want, &got))
                return;
        name_line(run);
        buf_printf(run->out, "    alertname: " STR_FMT ", time: " STR_FMT ", \n", STR_ARG(c->alertname),
                   STR_ARG(duration_text(run, c->eval_time_ms)));
        report(run, &want, &got, true);
}

/* ---- expressions */

static void put_field(Buf *out, const char *key, double v)
{
        if (v == 0)
                return;
        buf_printf(out, "%s%s:", out->p[out->n - 1] == '{' ? "" : " ", key);
        floats_format_g(out, v);
}

static void put_list(Buf *out, const char *key, const double *list, size_t n)
{
        if (n == 0)
                return;
        buf_printf(out, "%s%s:[", out->p[out->n - 1] == '{' ? "" : " ", key);
        for (size_t i = 0; i < n; i++) {
                if (i)
                        buf_char(out, ' ');
                floats_format_g(out, list[i]);
        }
        buf_char(out, ']');
}

/* One list of buckets, the gaps between spans as zeros, without empty ones at the ends. */
static void put_side(Buf *out, const HistogramSide *side, const char *offset_key, const char *key, Arena *arena)
{
        VEC(double) all = { .arena = arena };
        int64_t first = 0;
        for (size_t s = 0, at = 0; s < side->n_spans; s++) {
                if (s == 0)
                        first = side->spans[s].offset;
                for (int32_t gap = 0; s && gap < side->spans[s].offset; gap++)
                        vec_push(&all, 0);
                for (uint32_t i = 0; i < side->spans[s].n; i++)
                        vec_push(&all, side->counts[at++]);
        }
        size_t lead = 0;
        while (all.len && all.data[all.len - 1] == 0)
                all.len--;
        while (lead < all.len && all.data[lead] == 0)
                lead++;
        if (all.len)
                put_field(out, offset_key, (double)(first + (int64_t)lead));
        put_list(out, key, all.data + lead, all.len - lead);
}

/* As the values of input_series are written: what a person copies from the message works. */
static void print_histogram(Buf *out, const Histogram *h, Arena *arena)
{
        static const char *const hints[] = { "", "reset", "not_reset", "gauge" };
        buf_lit(out, "{{");
        put_field(out, "schema", h->schema);
        put_field(out, "count", h->count);
        put_field(out, "sum", h->sum);
        put_field(out, "z_bucket", h->zero_count);
        put_field(out, "z_bucket_w", h->zero_threshold);
        put_list(out, "custom_values", h->custom, h->n_custom);
        if (h->hint && h->hint < ARRAY_LEN(hints))
                buf_printf(out, "%scounter_reset_hint:%s", out->p[out->n - 1] == '{' ? "" : " ", hints[h->hint]);
        put_side(out, &h->positive, "offset", "buckets", arena);
        put_side(out, &h->negative, "n_offset", "n_buckets", arena);
        buf_lit(out, "}}");
}

static Item sample_item(const TestRun *run, Labels labels, double v, const Histogram *h)
{
        Item item = { .labels = labels, .v = v, .h = h };
        Buf text = { .arena = run->arena };
        labels_print_alike(&text, labels);
        buf_char(&text, ' ');
        size_t number = text.n;
        if (h)
                print_histogram(&text, h, run->arena);
        else
                floats_format_e(&text, v);
        for (size_t i = number; !h && i < text.n; i++)
                if (text.p[i] == 'e')
                        text.p[i] = 'E';
        item.text = buf_str(&text);
        return item;
}

static bool read_expected(TestRun *run, const AppRuletestExprCase *c, ItemVec *ret, Err *err)
{
        for (size_t i = 0; i < c->n; i++) {
                const AppRuletestSample *s = &c->expected[i];
                Labels labels = { 0 };
                Str rest = { 0 };
                SeriesDesc desc = { 0 };
                if (s->labels.n && !seriesdesc_parse_labels(s->labels, run->arena, &labels, &rest, err))
                        return err_wrap(err, "labels '" STR_FMT "'", STR_ARG(s->labels));
                if (str_trim(rest).n)
                        return err_set(err, ERR_INVALID, "labels '" STR_FMT "': unexpected '" STR_FMT "'",
                                       STR_ARG(s->labels), STR_ARG(rest));
                if (s->histogram.n && !seriesdesc_parse(str_printf(run->arena, "{} " STR_FMT, STR_ARG(s->histogram)),
                                                        run->arena, &desc, err))
                        return err_wrap(err, "histogram '" STR_FMT "'", STR_ARG(s->histogram));
                if (s->histogram.n && desc.n != 1)
                        return err_set(err, ERR_INVALID, "labels '" STR_FMT "': expected 1 value, got %zu",
                                       STR_ARG(s->labels), desc.n);
                if (s->histogram.n && !desc.values[0].h)
                        return err_set(err, ERR_INVALID, "labels '" STR_FMT "': expected a histogram, got a number",
                                       STR_ARG(s->labels));
                vec_push(ret, sample_item(run, labels, s->value, desc.n ? desc.values[0].h : NULL));
        }
        sort_items(ret);
        return true;
}

static bool query(TestRun *run, const AppRuletestExprCase *c, ItemVec *ret, Err *err)
{
        Expr *expr;
        SrcPos pos = { 0 };
        PromqlResult result;
        if (!ast_parse(c->expr, run->arena, &run->options->features, &expr, &pos, err)) {
                Buf text = { .arena = run->arena };
                ast_format_error(&text, c->expr, pos, err->msg);
                return err_set(err, ERR_INVALID, STR_FMT, STR_ARG(buf_str(&text)));
        }
        int64_t at_ms = run->test->start_ms + c->eval_time_ms;
        PromqlQuery q = { .expr = expr, .text = c->expr, .start_ms = at_ms, .end_ms = at_ms };
        if (!promql_exec(run->engine, memstore_engine(run->store), &q, run->arena, &result, err))
                return false;
        if (result.type == VALUE_SCALAR)
                vec_push(ret, sample_item(run, (Labels){ 0 }, result.scalar, NULL));
        else if (result.type != VALUE_VECTOR)
                return err_set(err, ERR_INVALID, "rule result is not a vector or scalar");
        for (size_t i = 0; result.type == VALUE_VECTOR && i < result.n_series; i++) {
                const PromqlSeries *s = &result.series[i];
                const Histogram *h = s->h ? s->h[0] : NULL;
                vec_push(ret, sample_item(run, s->labels, h ? 0 : s->v[0], h));
        }
        sort_items(ret);
        return true;
}

static void check_expr(TestRun *run, const AppRuletestExprCase *c)
{
        ItemVec want = { .arena = run->arena };
        ItemVec got = { .arena = run->arena };
        Err err;
        Str at = duration_text(run, c->eval_time_ms);
        Buf quoted = { .arena = run->arena };
        quote_go(&quoted, c->expr);
        Str expr = buf_str(&quoted);
        if (!query(run, c, &got, &err) || !read_expected(run, c, &want, &err)) {
                name_line(run);
                buf_printf(run->out, "    expr: " STR_FMT ", time: " STR_FMT ", err: %s\n", STR_ARG(expr), STR_ARG(at),
                           err.msg);
                return;
        }
        if (lists_match(run, &want, &got))
                return;
        name_line(run);
        buf_printf(run->out, "    expr: " STR_FMT ", time: " STR_FMT ",\n", STR_ARG(expr), STR_ARG(at));
        report(run, &want, &got, false);
}

/* ---- the run */

/* False: a rule fails, which is reported. */
static bool evaluate_groups(TestRun *run, int64_t ts_ms)
{
        bool ok = true;
        AUTO(arena_free) Arena *scratch = arena_new();
        for (size_t i = 0; i < rules_replay_len(run->rules); i++) {
                RuleGroupStatus status;
                rules_replay_eval(run->rules, run->order[i], ts_ms);
                rules_replay_status(run->rules, run->order[i], scratch, &status);
                for (size_t k = 0; k < status.n; k++) {
                        if (status.rules[k].health != RULE_ERR)
                                continue;
                        ok = false;
                        name_line(run);
                        buf_printf(run->out, "    rule: " STR_FMT ", time: " STR_FMT ", err: " STR_FMT "\n",
                                   STR_ARG(status.rules[k].name),
                                   STR_ARG(duration_text(run, ts_ms - run->test->start_ms)),
                                   STR_ARG(status.rules[k].last_error));
                }
        }
        return ok;
}

static int64_t last_eval_time(const AppRuletestGroup *test)
{
        int64_t last_ms = 0;
        for (size_t i = 0; i < test->n_alerts; i++)
                last_ms = MAX_OF(last_ms, test->alerts[i].eval_time_ms);
        for (size_t i = 0; i < test->n_exprs; i++)
                last_ms = MAX_OF(last_ms, test->exprs[i].eval_time_ms);
        return last_ms;
}

/* Those of one time as they are in the file. */
static const AppRuletestAlertCase *alerts_by_time(const TestRun *run)
{
        size_t n = run->test->n_alerts;
        AppRuletestAlertCase *all = arena_array(run->arena, AppRuletestAlertCase, n);
        for (size_t i = 0; i < n; i++) {
                size_t k = i;
                for (; k > 0 && all[k - 1].eval_time_ms > run->test->alerts[i].eval_time_ms; k--)
                        all[k] = all[k - 1];
                all[k] = run->test->alerts[i];
        }
        return all;
}

static void evaluate(TestRun *run)
{
        int64_t interval_ms = run->file->evaluation_interval_ms;
        int64_t last_ms = last_eval_time(run->test);
        const AppRuletestAlertCase *alerts = alerts_by_time(run);
        size_t next = 0;
        while (next < run->test->n_alerts && alerts[next].eval_time_ms < 0)
                next++;
        for (int64_t t_ms = 0; t_ms <= last_ms; t_ms += interval_ms) {
                if (!feed(run, run->test->start_ms + t_ms) || !evaluate_groups(run, run->test->start_ms + t_ms))
                        return;
                for (; next < run->test->n_alerts && alerts[next].eval_time_ms - t_ms < interval_ms; next++)
                        check_alerts(run, &alerts[next]);
        }
        for (size_t i = 0; i < run->test->n_exprs; i++)
                check_expr(run, &run->test->exprs[i]);
}

/* Groups that group_eval_order names come first, the others behind them as they are in the files. */
static void order_groups(TestRun *run)
{
        size_t n = rules_replay_len(run->rules);
        size_t len = 0;
        bool *taken = arena_array(run->arena, bool, n);
        Str *names = arena_array(run->arena, Str, n);
        for (size_t i = 0; i < n; i++) {
                RuleGroupStatus status;
                rules_replay_status(run->rules, i, run->arena, &status);
                names[i] = status.name;
        }
        run->order = arena_array(run->arena, size_t, n);
        for (size_t k = 0; k < run->file->n_group_order; k++)
                for (size_t i = 0; i < n; i++)
                        if (!taken[i] && str_eq(names[i], run->file->group_order[k])) {
                                taken[i] = true;
                                run->order[len++] = i;
                        }
        for (size_t i = 0; i < n; i++)
                if (!taken[i])
                        run->order[len++] = i;
}

size_t app_ruletest_run(const AppRuletest *file, const AppRuletestGroup *test, const AppRuletestOptions *options,
                        Buf *failures)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *store = memstore_new();
        PromqlEngine *engine = promql_engine_new(
                &(PromqlOptions){ .features = options->features, .default_step_ms = file->evaluation_interval_ms });
        TestRun run = { .file = file,
                        .test = test,
                        .options = options,
                        .arena = arena,
                        .store = store,
                        .engine = engine,
                        .out = failures };
        RulesOptions rules = { .engine = engine,
                               .store = memstore_engine(store),
                               .external_url = test->external_url,
                               .default_interval_ms = file->evaluation_interval_ms };
        run.rules = rules_replay_new(&rules, file->rules, file->n_rules, test->external_labels);
        order_groups(&run);
        if (read_feeds(&run))
                evaluate(&run);
        rules_replay_free(run.rules);
        promql_engine_free(engine);
        return run.failures;
}
