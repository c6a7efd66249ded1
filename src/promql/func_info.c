/* info(): adds the labels of info series (target_info, ...) to series with the same job and instance.
 *
 * Invariants:
 * 1. At each step the info series with the newest sample counts; two equally new ones are an error.
 * 2. A label that the series has already is never replaced. */
#include <math.h>

#include "promql/exec.h"
#include "promql/groupindex.h"

typedef struct Info {
        Exec *x;
        const PlanNode *call;
        Stage *stage;
        const Grid *grid;
        Matchers name_matchers, data_matchers;
        Source *base, *info;  /* info rows hold the times of samples */
        GroupIndex sigs;      /* __name__, job, instance of info series */
        size_t *first, *next; /* info rows by signature */
        GroupIndex names;     /* of info metrics */
        GroupIndex results;
        VEC(RowHead) heads;
        VEC(double *) rows;
        size_t *chosen; /* info row per info metric, SIZE_MAX: none; then a copy of the last step's */
        Slot *slot;
        bool has_positive, ignores_info;
} Info;

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables,readability-identifier-naming): a StrVec has no const; nobody writes
static Str ID_LABELS[] = { STR_INIT("instance"), STR_INIT("job") };
static Str SIG_LABELS[] = { STR_INIT("__name__"), STR_INIT("instance"), STR_INIT("job") };
static Str NAME_LABELS[] = { STR_INIT("__name__") };
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables,readability-identifier-naming)
static const StrVec SIG_VEC = { SIG_LABELS, ARRAY_LEN(SIG_LABELS) }, NAME_VEC = { NAME_LABELS, ARRAY_LEN(NAME_LABELS) };

static bool split_matchers(Info *in, Err *err)
{
        const Expr *e = in->call->expr;
        Arena *arena = in->stage->arena;
        Matchers all = { 0 };
        if (e->call.n_args > 1)
                all = plan_unwrap(e->call.args[1])->selector.matchers;
        Matcher *names = arena_array(arena, Matcher, all.n + 2), *data = arena_array(arena, Matcher, all.n + 1);
        size_t n_names = 0, n_data = 0;
        for (size_t i = 0; i < all.n; i++) {
                if (str_eq(all.data[i].name, LABEL_NAME))
                        names[n_names++] = all.data[i];
                else
                        data[n_data++] = all.data[i];
        }
        for (size_t i = 0; i < n_names; i++)
                in->has_positive = in->has_positive || names[i].type == MATCH_EQ || names[i].type == MATCH_RE;
        /* Without a name: target_info. With exclusions only: what is named as info metrics are. */
        if (n_names == 0) {
                if (!matcher_make(arena, MATCH_EQ, LABEL_NAME, STR("target_info"), &names[n_names], err))
                        return false;
                n_names++;
        } else if (!in->has_positive && names[0].type != MATCH_EQ) {
                if (!matcher_make(arena, MATCH_RE, LABEL_NAME, STR(".+_info"), &names[n_names], err))
                        return false;
                n_names++;
        }
        in->name_matchers = (Matchers){ names, n_names };
        in->data_matchers = (Matchers){ data, n_data };
        in->ignores_info = in->has_positive || e->call.n_args < 2;
        return true;
}

/* Info series are not enriched themselves. */
static bool is_info_series(const Info *in, Labels labels)
{
        if (!in->ignores_info)
                return false;
        for (size_t i = 0; i < in->name_matchers.n; i++)
                if (!matcher_matches(&in->name_matchers.data[i], labels_get(labels, LABEL_NAME)))
                        return false;
        return true;
}

/* Rows of the info series that some base series may need; NULL info: none. */
static bool fetch(Info *in, Err *err)
{
        GroupIndex values[ARRAY_LEN(ID_LABELS)];
        bool any = false;
        for (size_t k = 0; k < ARRAY_LEN(ID_LABELS); k++) {
                groupindex_init(&values[k], in->stage->arena);
                for (size_t i = 0; i < in->base->n; i++) {
                        if (!exec_goes_on(in->x, i, err))
                                return false;
                        Str value = labels_get(in->base->heads[i].labels, ID_LABELS[k]);
                        if (value.n == 0 || is_info_series(in, in->base->heads[i].labels))
                                continue;
                        groupindex_key(&values[k], (Labels){ &(Label){ ID_LABELS[k], value }, 1 }, NULL);
                        any = true;
                }
        }
        in->info = exec_source(in->stage, 0, in->grid->n);
        if (!any)
                return true;
        size_t n = in->name_matchers.n + in->data_matchers.n;
        Matcher *ms = arena_array(in->stage->arena, Matcher, n);
        memcpy(ms, in->name_matchers.data, in->name_matchers.n * sizeof *ms);
        memcpy(ms + in->name_matchers.n, in->data_matchers.data, in->data_matchers.n * sizeof *ms);
        PlanNode *node = arena_new_of(in->stage->arena, PlanNode);
        in->slot = arena_new_of(in->x->root.arena, Slot);
        *node = (PlanNode){
                .expr = in->call->expr,
                .slot = in->slot,
                .has_at = in->call->has_at,
                .at_ms = in->call->at_ms,
                .offset_ms = in->call->offset_ms,
        };
        *in->slot = (Slot){ .matchers = { ms, n },
                            .min_ms = plan_add(plan_sub(plan_ref_time(node, in->grid->start_ms), in->x->lookback_ms),
                                               1),
                            .max_ms = plan_ref_time(node, grid_time(in->grid, in->grid->n - 1)) };
        Source *all = exec_select_times(in->x, node, in->grid, in->stage, err);
        if (!all || !exec_materialise(in->x, in->stage, all, true, &in->info, err))
                return false;
        size_t kept = 0;
        for (size_t i = 0; i < in->info->n; i++) {
                bool wanted = true;
                if (!exec_goes_on(in->x, i, err))
                        return false;
                for (size_t k = 0; k < ARRAY_LEN(ID_LABELS); k++) {
                        StrVec one = { &ID_LABELS[k], 1 };
                        GroupRule rule = { .names = &one };
                        if (values[k].keys.len &&
                            groupindex_find(&values[k], in->info->heads[i].labels, &rule) == SIZE_MAX)
                                wanted = false;
                }
                if (!wanted)
                        continue;
                exec_count_row(in->grid, in->info->rows[i]);
                in->info->heads[kept] = in->info->heads[i];
                in->info->rows[kept++] = in->info->rows[i];
        }
        in->info->n = kept;
        return true;
}

static bool index_info(Info *in, Err *err)
{
        Arena *arena = in->stage->arena;
        GroupRule rule = { .names = &SIG_VEC }, name = { .names = &NAME_VEC };
        groupindex_init(&in->sigs, arena);
        groupindex_init(&in->names, arena);
        in->first = arena_raw_array(arena, size_t, in->info->n + 1);
        in->next = arena_raw_array(arena, size_t, in->info->n + 1);
        for (size_t i = 0; i < in->info->n; i++) {
                if (!exec_goes_on(in->x, i, err))
                        return false;
                groupindex_of(&in->names, in->info->heads[i].labels, &name, NULL);
                bool fresh;
                size_t sig = groupindex_of(&in->sigs, in->info->heads[i].labels, &rule, &fresh);
                in->next[i] = fresh ? SIZE_MAX : in->first[sig];
                in->first[sig] = i;
        }
        in->chosen = arena_raw_array(arena, size_t, 2 * (in->names.keys.len + 1));
        return true;
}

/* The signature that a base series has for one info metric. */
static size_t signature(Info *in, Labels base, Labels info_name)
{
        LabelsBuilder b;
        labels_builder_init(&b, in->stage->arena, base);
        labels_builder_set(&b, LABEL_NAME, labels_get(info_name, LABEL_NAME));
        GroupRule rule = { .names = &SIG_VEC };
        return groupindex_find(&in->sigs, labels_builder_build(&b, in->stage->arena), &rule);
}

static bool choose(const Info *in, size_t sig, size_t s, size_t *ret, Err *err)
{
        *ret = SIZE_MAX;
        for (size_t r = sig == SIZE_MAX ? SIZE_MAX : in->first[sig]; r != SIZE_MAX; r = in->next[r]) {
                double t = in->info->rows[r][s];
                if (exec_absent(t))
                        continue;
                if (*ret == SIZE_MAX || t > in->info->rows[*ret][s]) {
                        *ret = r;
                } else if (t == in->info->rows[*ret][s]) {
                        AUTO(buf_done) Buf text = { 0 };
                        exec_labels_print(&text, in->info->heads[*ret].labels);
                        buf_printf(&text, " @ %lld, new ", (long long)llround(t * 1000));
                        exec_labels_print(&text, in->info->heads[r].labels);
                        return err_set(err, EXEC_FAILED, "found duplicate series for info metric: existing %s @ %lld",
                                       buf_cstr(&text), (long long)llround(t * 1000));
                }
        }
        return true;
}

static bool is_data_label(const Info *in, Str name)
{
        for (size_t i = 0; i < in->data_matchers.n; i++)
                if (str_eq(in->data_matchers.data[i].name, name))
                        return true;
        return in->data_matchers.n == 0;
}

static bool enrich(const Info *in, RowHead base, const size_t *chosen, RowHead *ret, Err *err)
{
        Arena *arena = in->stage->arena;
        LabelsBuilder b;
        labels_builder_init(&b, arena, base.labels);
        for (size_t m = 0; m < in->names.keys.len; m++) {
                Labels from = chosen[m] == SIZE_MAX ? (Labels){ 0 } : in->info->heads[chosen[m]].labels;
                for (size_t i = 0; i < from.n; i++) {
                        Label l = from.data[i];
                        if (str_eq(l.name, LABEL_NAME) || !is_data_label(in, l.name) || labels_has(base.labels, l.name))
                                continue;
                        Str other = labels_builder_get(&b, l.name);
                        if (other.n && !str_eq(other, l.value))
                                return err_set(err, EXEC_FAILED, "conflicting label: " STR_FMT, STR_ARG(l.name));
                        labels_builder_set(&b, l.name, l.value);
                }
        }
        *ret = (RowHead){ labels_builder_build(&b, arena), base.drop_name };
        return true;
}

static bool result_row(Info *in, RowHead head, size_t *ret, Err *err)
{
        bool fresh;
        *ret = groupindex_key(&in->results, head.labels, &fresh);
        if (!fresh)
                return true;
        if (!exec_reserve(in->x, in->stage, in->grid->n * sizeof(double), err))
                return false;
        double *row = arena_raw_array(in->stage->arena, double, in->grid->n);
        exec_fill_absent(row, in->grid->n);
        vec_push(&in->rows, row);
        vec_push(&in->heads, head);
        return true;
}

static bool put(Info *in, size_t out, size_t s, double v, Err *err)
{
        if (!exec_absent(in->rows.data[out][s]))
                return err_set(err, EXEC_FAILED, EXEC_DUPLICATE_TEXT);
        in->rows.data[out][s] = v;
        return true;
}

/* The info series of a step, one per info metric; sigs NULL: none is looked for. */
static bool choose_all(Info *in, const size_t *sigs, size_t s, bool *ret_matched, Err *err)
{
        bool matched = false;
        for (size_t m = 0; m < in->names.keys.len; m++) {
                if (!choose(in, sigs ? sigs[m] : SIZE_MAX, s, &in->chosen[m], err))
                        return false;
                matched = matched || in->chosen[m] != SIZE_MAX;
        }
        *ret_matched = matched;
        return true;
}

/* One base series: at every step its labels depend on the info series that are newest then. */
static bool join_row(Info *in, size_t i, Err *err)
{
        RowHead base = in->base->heads[i];
        bool untouched = is_info_series(in, base.labels), drops = false;
        for (size_t m = 0; m < in->data_matchers.n; m++)
                drops = drops || !matcher_matches(&in->data_matchers.data[m], STR(""));
        size_t n = in->names.keys.len, out = SIZE_MAX, *last = in->chosen + n + 1;
        size_t *sig = arena_raw_array(in->stage->arena, size_t, n + 1);
        for (size_t m = 0; m < n; m++)
                sig[m] = signature(in, base.labels, in->names.keys.data[m]);
        for (size_t s = 0; s < in->grid->n; s++) {
                double v = in->base->rows[i][s];
                if (exec_absent(v))
                        continue;
                bool matched;
                if (!choose_all(in, untouched ? NULL : sig, s, &matched, err))
                        return false;
                if (!matched && drops && !untouched)
                        continue;
                if (out == SIZE_MAX || memcmp(last, in->chosen, n * sizeof *last) != 0) {
                        RowHead head;
                        if (!enrich(in, base, in->chosen, &head, err) || !result_row(in, head, &out, err))
                                return false;
                        memcpy(last, in->chosen, n * sizeof *last);
                }
                if (!put(in, out, s, v, err))
                        return false;
        }
        return true;
}

Source *func_info_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        Info in = { .x = x, .call = call, .stage = stage, .grid = grid };
        Source *base = split_matchers(&in, err) ? exec_vector(x, call->kids[0], grid, stage, err) : NULL;
        if (!base || !exec_materialise(x, stage, base, true, &in.base, err) || !fetch(&in, err) ||
            !index_info(&in, err))
                return NULL;
        groupindex_init(&in.results, stage->arena);
        in.heads.arena = in.rows.arena = stage->arena;
        for (size_t i = 0; i < in.base->n; i++)
                if (!exec_check(x, err) || !join_row(&in, i, err))
                        return NULL;
        Source *out = exec_source(stage, in.rows.len, grid->n);
        out->rows = arena_array(stage->arena, double *, out->n + 1);
        for (size_t i = 0; i < out->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return NULL;
                out->rows[i] = in.rows.data[i];
                out->heads[i] = in.heads.data[i];
        }
        return exec_reserve(x, stage, 0, err) ? out : NULL;
}
