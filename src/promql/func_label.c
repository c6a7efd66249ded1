/* Functions that look at labels, at order, or at absence: label_replace, label_join, sort*, absent*.
 *
 * Invariants:
 * 1. Label functions change heads and stream the values.
 * 2. Sorting is stable, so equal values keep the order of their labels; NaN comes last in both directions. */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/utf8.h"
#include "promql/exec.h"

static Str string_arg(const PlanNode *call, size_t k) { return call->kids[k]->expr->string; }

static bool pass_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        return exec_row(src->state, w, i, out, err);
}

/* A source with the rows of `in` and heads of its own. */
static Source *passing(Stage *stage, const Source *in)
{
        Source *src = exec_source(stage, in->n, in->steps);
        memcpy(src->heads, in->heads, in->n * sizeof *src->heads);
        src->rows = in->rows;
        src->state = in;
        src->row = pass_row;
        return src;
}

static void set_label(RowHead *head, Arena *arena, Str name, Str value)
{
        LabelsBuilder b;
        labels_builder_init(&b, arena, head->labels);
        labels_builder_set(&b, name, value);
        head->labels = labels_builder_build(&b, arena);
        if (str_eq(name, LABEL_NAME))
                head->drop_name = false;
}

static bool valid_label(Str name) { return name.n > 0 && utf8_valid(name); }

/* --- label_replace, label_join --- */

/* What label_replace or label_join is asked to do, checked before there is anything to do it to, as upstream. */
typedef struct LabelCall {
        const PlanNode *call;
        Regex *re; /* NULL: label_join */
} LabelCall;

static bool check_replace(LabelCall *lc, Err *err)
{
        Str dst = string_arg(lc->call, 1), pattern = string_arg(lc->call, 4);
        Err why;
        if (!regex_compile(pattern, REGEX_ANCHORED, &lc->re, &why))
                return err_set(err, EXEC_FAILED, "invalid regular expression in label_replace(): " STR_FMT,
                               STR_ARG(pattern));
        return valid_label(dst) ||
               err_set(err, EXEC_FAILED, "invalid destination label name in label_replace(): " STR_FMT, STR_ARG(dst));
}

static bool check_join(const LabelCall *lc, Err *err)
{
        Str dst = string_arg(lc->call, 1);
        for (size_t k = 3; k < lc->call->n_kids; k++)
                if (!valid_label(string_arg(lc->call, k)))
                        return err_set(err, EXEC_FAILED, "invalid source label name in label_join(): " STR_FMT,
                                       STR_ARG(string_arg(lc->call, k)));
        return valid_label(dst) ||
               err_set(err, EXEC_FAILED, "invalid destination label name in label_join(): " STR_FMT, STR_ARG(dst));
}

static bool replace_heads(Exec *x, const LabelCall *lc, Source *src, Arena *arena, Err *err)
{
        Str dst = string_arg(lc->call, 1), repl = string_arg(lc->call, 2), from = string_arg(lc->call, 3);
        size_t n_groups = regex_groups(lc->re) + 1;
        Str *groups = arena_array(arena, Str, n_groups);
        for (size_t i = 0; i < src->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return false;
                Str value = labels_get(src->heads[i].labels, from);
                if (!value.p)
                        value = STR("");
                if (!regex_find(lc->re, value, 0, groups, n_groups))
                        continue;
                Buf text = { .arena = arena };
                regex_expand(lc->re, repl, groups, n_groups, &text);
                set_label(&src->heads[i], arena, dst, buf_str(&text));
        }
        return true;
}

static bool join_heads(Exec *x, const LabelCall *lc, Source *src, Arena *arena, Err *err)
{
        Str dst = string_arg(lc->call, 1), sep = string_arg(lc->call, 2);
        for (size_t i = 0; i < src->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return false;
                Buf text = { .arena = arena };
                for (size_t k = 3; k < lc->call->n_kids; k++) {
                        if (k > 3)
                                buf_str_add(&text, sep);
                        buf_str_add(&text, labels_get(src->heads[i].labels, string_arg(lc->call, k)));
                }
                set_label(&src->heads[i], arena, dst, buf_str(&text));
        }
        return true;
}

static Source *relabelled(Exec *x, const LabelCall *lc, const Grid *grid, Stage *stage, Err *err)
{
        Source *in = exec_vector(x, lc->call->kids[0], grid, stage, err);
        if (!in)
                return NULL;
        Source *src = passing(stage, in), *settled;
        if (!(lc->re ? replace_heads(x, lc, src, stage->arena, err) : join_heads(x, lc, src, stage->arena, err)))
                return NULL;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}

Source *func_label_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        LabelCall lc = { .call = call };
        bool replace = call->expr->call.fn->id == FN_LABEL_REPLACE;
        bool ok = replace ? check_replace(&lc, err) : check_join(&lc, err);
        Source *ret = ok ? relabelled(x, &lc, grid, stage, err) : NULL;
        regex_free(lc.re);
        return ret;
}

/* --- order --- */

/* The next run of digits or of other bytes. */
static Str chunk(Str *rest)
{
        size_t n = 1;
        bool digits = rest->n && rest->p[0] >= '0' && rest->p[0] <= '9';
        while (n < rest->n && (rest->p[n] >= '0' && rest->p[n] <= '9') == digits)
                n++;
        n = MIN_OF(n, rest->n);
        Str head = str_n(rest->p, n);
        *rest = str_n(rest->p + n, rest->n - n);
        return head;
}

/* Natural order: numbers inside strings compare as numbers. */
static int natural_cmp(Str a, Str b)
{
        if (str_eq(a, b))
                return 0;
        Str ra = a, rb = b;
        while (ra.n && rb.n) {
                Str ca = chunk(&ra), cb = chunk(&rb);
                int64_t ia, ib;
                if (num_parse_i64(ca, &ia) && num_parse_i64(cb, &ib)) {
                        if (ia != ib)
                                return ia < ib ? -1 : 1;
                } else if (!str_eq(ca, cb)) {
                        return str_cmp(ca, cb);
                }
        }
        return ra.n ? 1 : rb.n ? -1 : str_cmp(a, b);
}

typedef struct Sorting {
        const Source *in;
        const PlanNode *call;
        FunctionId fn;
} Sorting;

static int by_value(double a, double b, bool descending)
{
        if (isnan(a) || isnan(b))
                return isnan(a) - isnan(b);
        int c = (a > b) - (a < b);
        return descending ? -c : c;
}

static int by_labels(const Sorting *s, Labels a, Labels b)
{
        for (size_t k = 1; k < s->call->n_kids; k++) {
                Str name = string_arg(s->call, k);
                int c = natural_cmp(labels_get(a, name), labels_get(b, name));
                if (c)
                        return c;
        }
        return labels_cmp(a, b);
}

static int compare_rows(const void *pa, const void *pb, void *arg)
{
        const Sorting *s = arg;
        size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
        int c;
        if (s->fn == FN_SORT || s->fn == FN_SORT_DESC)
                c = by_value(s->in->rows[a][0], s->in->rows[b][0], s->fn == FN_SORT_DESC);
        else
                c = by_labels(s, s->in->heads[a].labels, s->in->heads[b].labels);
        if (s->fn == FN_SORT_BY_LABEL_DESC)
                c = -c;
        return c ? c : (a > b) - (a < b);
}

/* Histograms have no order. */
static void drop_hists(Source *rows)
{
        size_t n = 0;
        for (size_t i = 0; i < rows->n; i++) {
                if (exec_is_hist(rows->rows[i][0]))
                        continue;
                rows->heads[n] = rows->heads[i];
                rows->rows[n++] = rows->rows[i];
        }
        rows->n = n;
}

static bool floats_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        if (!exec_row(src->state, w, i, out, err))
                return false;
        for (size_t s = 0; exec_any_hists(w->x) && s < src->steps; s++)
                if (exec_is_hist(out[s]))
                        out[s] = EXEC_ABSENT;
        return true;
}

static Source *only_floats(const Source *in, Stage *stage)
{
        Source *src = exec_source(stage, in->n, in->steps);
        memcpy(src->heads, in->heads, in->n * sizeof *src->heads);
        src->state = in;
        src->row = floats_row;
        return src;
}

Source *func_label_sort(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        Source *in = exec_vector(x, call->kids[0], grid, stage, err);
        FunctionId fn = call->expr->call.fn->id;
        bool of_values = fn == FN_SORT || fn == FN_SORT_DESC;
        if (in && grid->n > 1) {
                annotations_warn(&x->annotations, call->expr->pos,
                                 "sort is ineffective for range queries since results are always ordered by labels");
                return of_values ? only_floats(in, stage) : in;
        }
        Source *rows;
        if (!in || !exec_materialise(x, stage, in, true, &rows, err))
                return NULL;
        if (exec_any_hists(x) && of_values)
                drop_hists(rows);
        size_t *order = arena_raw_array(stage->arena, size_t, rows->n + 1);
        for (size_t i = 0; i < rows->n; i++)
                order[i] = i;
        Sorting s = { .in = rows, .call = call, .fn = fn };
        if (!exec_sort(x, order, rows->n, sizeof *order, compare_rows, &s, err))
                return NULL;
        Source *out = exec_source(stage, rows->n, 1);
        out->rows = arena_array(stage->arena, double *, rows->n + 1);
        for (size_t i = 0; i < rows->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return NULL;
                out->heads[i] = rows->heads[order[i]];
                out->rows[i] = rows->rows[order[i]];
        }
        return out;
}

/* --- absent --- */

static bool matches_empty(const Matcher *m) { return matcher_matches(m, STR("")); }

/* Does this matcher only take series away from what others of the selector find? */
static bool takes_away(Matchers ms, size_t i)
{
        const Matcher *m = &ms.data[i];
        bool must_be_set = false;
        for (size_t k = 0; k < ms.n && !must_be_set; k++)
                must_be_set = str_eq(ms.data[k].name, m->name) && !matches_empty(&ms.data[k]);
        return !must_be_set || ((m->type == MATCH_NE || m->type == MATCH_NRE) && matches_empty(m));
}

static void note_absent(Matchers ms, size_t i, LabelsBuilder *b)
{
        const Matcher *m = &ms.data[i];
        if (str_eq(m->name, LABEL_NAME))
                return;
        bool seen = false;
        for (size_t k = 0; k < ms.n; k++)
                if (k != i && str_eq(ms.data[k].name, m->name) && ms.data[k].type == MATCH_EQ)
                        seen = seen || (takes_away(ms, k) == takes_away(ms, i) ? k < i : takes_away(ms, i));
        if (m->type == MATCH_EQ && !seen)
                labels_builder_set(b, m->name, m->value);
        else
                labels_builder_del(b, m->name);
}

/* The labels that the selector fixes to one value. */
static Labels absent_labels(const PlanNode *arg, Arena *arena)
{
        LabelsBuilder b;
        labels_builder_init(&b, arena, (Labels){ 0 });
        if (arg->expr->kind != EXPR_SELECTOR)
                return (Labels){ 0 };
        Matchers ms = arg->expr->selector.matchers;
        /* Of several matchers of one label the first equality says, or a later other one that says nothing is known: in the order
         * in which upstream's store leaves them, those that only take series away behind the others. */
        for (int away = 0; away < 2; away++)
                for (size_t i = 0; i < ms.n; i++)
                        if (takes_away(ms, i) == (away == 1))
                                note_absent(ms, i, &b);
        return labels_builder_build(&b, arena);
}

static void absent_steps(void *arg, size_t first, size_t n, double *const *rows, size_t lo, size_t hi)
{
        double *out = arg;
        (void)first;
        for (size_t i = 0; i < n; i++)
                for (size_t s = lo; s < hi; s++)
                        if (!exec_absent(rows[i][s]))
                                out[s] = EXEC_ABSENT;
}

Source *func_label_absent(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        Stage inner;
        exec_stage_begin(&inner);
        Source *out = exec_source(stage, 1, grid->n);
        bool over_time = call->expr->call.fn->id == FN_ABSENT_OVER_TIME;
        Source *in = over_time ? exec_range_call(x, call, grid, &inner, err)
                               : exec_vector(x, call->kids[0], grid, &inner, err);
        bool ok = in && exec_source_rows(x, stage, out, err);
        for (size_t s = 0; ok && s < grid->n; s++)
                out->rows[0][s] = 1;
        ok = ok && exec_stream(x, in, &(Sink){ .arg = out->rows[0], .steps = absent_steps }, err);
        exec_stage_end(x, &inner);
        if (!ok)
                return NULL;
        out->heads[0].labels = absent_labels(call->kids[0], stage->arena);
        return out;
}
