/* Invariants:
 * 1. In a join one side is "one": at each step at most one of its samples has a given signature, else the query fails.
 *    group_right swaps the sides; values are combined in the written order all the same.
 * 2. When every signature has one row on the one side and results have distinct labels, the many side is streamed: its
 * rows are combined as they are computed and never held. Otherwise (series that replaced each other, fill values) all
 * rows are held and checked step by step.
 * 3. Rows of the many side that match nothing are computed for what they may say, unless they are a plain selector's and nobody counts.
 * 4. Checks come before filters: a comparison that drops a sample still counts as a match. */
#include "promql/vecmatch.h"

#include "promql/binop.h"
#include "promql/binophist.h"
#include "promql/groupindex.h"

#define NONE SIZE_MAX

typedef struct Join {
        Exec *x;
        const Expr *expr;
        Stage *stage;
        const Source *many;
        Source *one;
        GroupIndex sigs;
        size_t *many_sig, *one_sig;
        size_t *one_first, *one_next; /* rows of the one side by signature: a list in row order */
        bool swapped, one_repeats;
} Join;

static GroupRule rule_of(const Expr *e) { return (GroupRule){ .names = &e->binary.labels, .without = !e->binary.on }; }

static Labels match_labels(Arena *arena, const Expr *e, Labels labels)
{
        return e->binary.on ? exec_labels_keep(arena, labels, &e->binary.labels)
                            : exec_labels_without(arena, labels, &e->binary.labels, true);
}

/* Labels of the result of a pair; `one` may be a filled-in sample's labels. */
static RowHead result_head(const Join *j, RowHead many, Labels one)
{
        const Expr *e = j->expr;
        Arena *arena = j->stage->arena;
        bool drops = binop_drops_name(e->binary.op);
        bool delayed = j->x->options->features.delayed_name_removal;
        Labels labels = many.labels;
        if (drops || (e->binary.return_bool && !delayed))
                labels = exec_drop_meta(arena, labels);
        if (e->binary.card == CARD_ONE_TO_ONE)
                labels = e->binary.on ? exec_labels_keep(arena, labels, &e->binary.labels)
                                      : exec_labels_without(arena, labels, &e->binary.labels, false);
        if (e->binary.include.n) {
                LabelsBuilder b;
                labels_builder_init(&b, arena, labels);
                for (size_t i = 0; i < e->binary.include.n; i++)
                        labels_builder_set(&b, e->binary.include.data[i], labels_get(one, e->binary.include.data[i]));
                labels = labels_builder_build(&b, arena);
        }
        return (RowHead){ labels, e->binary.return_bool || (many.drop_name && !drops) };
}

/* Combines one sample of each side; absent when a comparison drops it. */
static double combine(const Join *j, double many, double one)
{
        BinopHist b = { .x = j->x, .expr = j->expr, .arena = j->stage->arena };
        return j->swapped ? binophist_pair(&b, one, many) : binophist_pair(&b, many, one);
}

/* --- signatures --- */

static bool index_one(Join *j, Err *err)
{
        GroupRule rule = rule_of(j->expr);
        Arena *arena = j->stage->arena;
        j->one_sig = arena_raw_array(arena, size_t, j->one->n + 1);
        j->one_next = arena_raw_array(arena, size_t, j->one->n + 1);
        j->one_first = arena_raw_array(arena, size_t, j->one->n + 1);
        size_t *last = arena_raw_array(arena, size_t, j->one->n + 1);
        for (size_t i = 0; i < j->one->n; i++) {
                bool fresh;
                if (!exec_goes_on(j->x, i, err))
                        return false;
                size_t sig = groupindex_of(&j->sigs, j->one->heads[i].labels, &rule, &fresh);
                j->one_sig[i] = sig;
                j->one_next[i] = NONE;
                if (fresh) {
                        j->one_first[sig] = i;
                } else {
                        j->one_next[last[sig]] = i;
                        j->one_repeats = true;
                }
                last[sig] = i;
        }
        return true;
}

static bool index_many(Join *j, const Source *many, bool add, Err *err)
{
        GroupRule rule = rule_of(j->expr);
        j->many = many;
        j->many_sig = arena_raw_array(j->stage->arena, size_t, many->n + 1);
        for (size_t i = 0; i < many->n; i++) {
                if (!exec_goes_on(j->x, i, err))
                        return false;
                j->many_sig[i] = add ? groupindex_of(&j->sigs, many->heads[i].labels, &rule, NULL)
                                     : groupindex_find(&j->sigs, many->heads[i].labels, &rule);
        }
        return true;
}

/* --- the streamed join --- */

typedef struct Streamed {
        Join join;
        size_t *row, *one; /* of output row i */
} Streamed;

static bool join_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const Streamed *st = src->state;
        if (!exec_row(st->join.many, w, st->row[i], out, err))
                return false;
        const double *one = st->join.one->rows[st->one[i]];
        const Expr *e = st->join.expr;
        if (exec_any_hists(st->join.x) || e->binary.op == BIN_TRIM_LOWER || e->binary.op == BIN_TRIM_UPPER) {
                BinopHist b = { .x = st->join.x, .expr = e, .arena = exec_hist_arena(w) };
                binophist_rows(&b, st->join.swapped ? one : out, st->join.swapped ? out : one, out, src->steps);
                return true;
        }
        if (st->join.swapped)
                binop_rows(e->binary.op, e->binary.return_bool, one, out, out, src->steps);
        else
                binop_rows(e->binary.op, e->binary.return_bool, out, one, out, src->steps);
        return true;
}

typedef struct Rest {
        const Source *in;
        size_t *row; /* of row i */
} Rest;

static bool rest_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const Rest *rest = src->state;
        return exec_row(rest->in, w, rest->row[i], out, err);
}

/* Rows that match nothing are evaluated too where that can say something: upstream's warnings do not depend on matches. */
static bool see_unmatched(const Join *j, const PlanNode *many, Err *err)
{
        if (many->expr->kind == EXPR_SELECTOR && !j->x->looked_at)
                return true;
        Stage stage;
        exec_stage_begin(&stage);
        Rest rest = { .in = j->many, .row = arena_raw_array(stage.arena, size_t, j->many->n + 1) };
        Source *src = exec_source(&stage, j->many->n, j->many->steps);
        src->n = 0;
        for (size_t i = 0; i < j->many->n; i++)
                if (j->many_sig[i] == NONE)
                        rest.row[src->n++] = i;
        src->state = &rest;
        src->row = rest_row;
        bool ok = exec_see(j->x, src, err);
        exec_stage_end(j->x, &stage);
        return ok;
}

/* *ret NULL: the shape does not allow it. */
static bool stream_join(Join *j, Source **ret, Err *err)
{
        const Expr *e = j->expr;
        *ret = NULL;
        if (j->one_repeats || e->binary.fill_lhs_set || e->binary.fill_rhs_set)
                return true;
        Arena *arena = j->stage->arena;
        Streamed *st = arena_new_of(arena, Streamed);
        st->row = arena_raw_array(arena, size_t, j->many->n + 1);
        st->one = arena_raw_array(arena, size_t, j->many->n + 1);
        bool *taken = arena_array(arena, bool, j->one->n + 1);
        Source *src = exec_source(j->stage, j->many->n, j->many->steps);
        src->n = 0;
        GroupIndex results;
        groupindex_init(&results, arena);
        for (size_t i = 0; i < j->many->n; i++) {
                size_t sig = j->many_sig[i];
                if (!exec_goes_on(j->x, i, err))
                        return false;
                if (sig == NONE)
                        continue;
                size_t one = j->one_first[sig];
                if (e->binary.card == CARD_ONE_TO_ONE && taken[one])
                        return true;
                taken[one] = true;
                RowHead head = result_head(j, j->many->heads[i], j->one->heads[one].labels);
                bool fresh;
                groupindex_key(&results, head.labels, &fresh);
                if (!fresh)
                        return true;
                st->row[src->n] = i;
                st->one[src->n] = one;
                src->heads[src->n++] = head;
        }
        st->join = *j;
        src->state = st;
        src->row = join_row;
        *ret = src;
        return true;
}

/* --- the held join --- */

typedef struct OutRow {
        double *v;
        uint32_t *mark; /* per step: 1 + the signature that produced a result here, kept or not */
} OutRow;

typedef struct Held {
        Join *j;
        size_t steps;
        GroupIndex results;
        VEC(OutRow) rows;
        VEC(RowHead) heads;
        uint8_t **matched; /* per signature and step */
        uint8_t *live;     /* steps at which anything is matched at all */
} Held;

static bool out_row(Held *h, RowHead head, size_t *ret, Err *err)
{
        bool fresh;
        *ret = groupindex_key(&h->results, head.labels, &fresh);
        if (!fresh)
                return true;
        Stage *stage = h->j->stage;
        if (!exec_reserve(h->j->x, stage, h->steps * (sizeof(double) + sizeof(uint32_t)), err))
                return false;
        OutRow row = { arena_raw_array(stage->arena, double, h->steps), arena_array(stage->arena, uint32_t, h->steps) };
        exec_fill_absent(row.v, h->steps);
        vec_push(&h->rows, row);
        vec_push(&h->heads, head);
        return true;
}

static uint8_t *matched_of(Held *h, size_t sig)
{
        if (!h->matched[sig])
                h->matched[sig] = arena_array(h->j->stage->arena, uint8_t, h->steps);
        return h->matched[sig];
}

static bool put_result(Held *h, size_t sig, size_t out, size_t s, double many, double one, Err *err)
{
        bool one_to_one = h->j->expr->binary.card == CARD_ONE_TO_ONE;
        OutRow *row = &h->rows.data[out];
        uint8_t *matched = matched_of(h, sig);
        if (one_to_one && matched[s])
                return err_set(
                        err, EXEC_FAILED,
                        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
        if (!one_to_one && row->mark[s] == (uint32_t)sig + 1)
                return err_set(err, EXEC_FAILED,
                               "multiple matches for labels: grouping labels must ensure unique matches");
        matched[s] = 1;
        row->mark[s] = (uint32_t)sig + 1;
        double v = combine(h->j, many, one);
        if (exec_absent(v))
                return true;
        if (!exec_absent(row->v[s]))
                return err_set(err, EXEC_FAILED, EXEC_DUPLICATE_TEXT);
        row->v[s] = v;
        return true;
}

/* One row with one row; a NULL side is a filled-in constant at the steps where `want` says so. */
static bool put_pair(Held *h, size_t sig, RowHead head, const double *many, const double *one, double fill,
                     const uint8_t *skip, Err *err)
{
        size_t out = NONE;
        for (size_t s = 0; s < h->steps; s++) {
                bool here = (!many || !exec_absent(many[s])) && (!one || !exec_absent(one[s])) && !(skip && skip[s]);
                if (!here || !h->live[s])
                        continue;
                if (out == NONE && !out_row(h, head, &out, err))
                        return false;
                if (!put_result(h, sig, out, s, many ? many[s] : fill, one ? one[s] : fill, err))
                        return false;
        }
        return true;
}

/* Rows a and b have a sample at one step. */
static bool many_to_many(const Held *h, size_t a, size_t b, Err *err)
{
        const Join *j = h->j;
        AUTO(buf_done) Buf text = { 0 };
        Arena *arena = j->stage->arena;
        if (labels_cmp(j->one->heads[a].labels, j->one->heads[b].labels) > 0)
                return many_to_many(h, b, a, err); /* named in one order, whichever came first */
        exec_labels_print(&text, match_labels(arena, j->expr, j->one->heads[a].labels));
        buf_printf(&text, " on the %s hand-side of the operation: [", j->swapped ? "left" : "right");
        exec_labels_print(&text, j->one->heads[a].labels);
        buf_lit(&text, ", ");
        exec_labels_print(&text, j->one->heads[b].labels);
        buf_lit(&text, "];many-to-many matching not allowed: matching labels must be unique on one side");
        return err_set(err, EXEC_FAILED, "found duplicate series for the match group %s", buf_cstr(&text));
}

/* Invariant 1; in *ret_present (per signature) whether the one side has a sample at a step. Named is what a loop over steps,
 * and in them over rows, meets first. */
static bool check_one_side(Held *h, uint8_t ***ret_present, Err *err)
{
        Join *j = h->j;
        Arena *arena = j->stage->arena;
        size_t twice_at = h->steps, later = NONE, earlier = NONE;
        uint8_t **present = arena_array(arena, uint8_t *, j->sigs.keys.len + 1);
        size_t *row_at = arena_raw_array(arena, size_t, h->steps);
        for (size_t i = 0; i < j->one->n; i++) {
                size_t sig = j->one_sig[i];
                if (present[sig])
                        continue;
                if (!exec_reserve(j->x, j->stage, h->steps, err))
                        return false;
                present[sig] = arena_array(arena, uint8_t, h->steps);
                for (size_t r = i; r != NONE; r = j->one_next[r])
                        for (size_t s = 0; s < h->steps; s++) {
                                if (exec_absent(j->one->rows[r][s]))
                                        continue;
                                if (!present[sig][s]) {
                                        present[sig][s] = 1;
                                        row_at[s] = r;
                                } else if (h->live[s] && (s < twice_at || (s == twice_at && r < later))) {
                                        twice_at = s;
                                        later = r;
                                        earlier = row_at[s];
                                }
                        }
        }
        if (later != NONE)
                return many_to_many(h, later, earlier, err);
        *ret_present = present;
        return true;
}

static void mark_present(const Source *src, uint8_t *any)
{
        for (size_t i = 0; i < src->n; i++)
                for (size_t s = 0; s < src->steps; s++)
                        any[s] |= !exec_absent(src->rows[i][s]);
}

/* Upstream gives up on a step before any check when one side is empty there and nothing is filled in. */
static void find_live(Held *h)
{
        Arena *arena = h->j->stage->arena;
        const Expr *e = h->j->expr;
        uint8_t *many = arena_array(arena, uint8_t, h->steps), *one = arena_array(arena, uint8_t, h->steps);
        mark_present(h->j->many, many);
        mark_present(h->j->one, one);
        h->live = arena_array(arena, uint8_t, h->steps);
        bool fills = e->binary.fill_lhs_set || e->binary.fill_rhs_set;
        for (size_t s = 0; s < h->steps; s++)
                h->live[s] = fills ? many[s] | one[s] : many[s] & one[s];
}

static bool fill_many_side(Held *h, Err *err)
{
        Join *j = h->j;
        for (size_t r = 0; r < j->one->n; r++) {
                size_t sig = j->one_sig[r];
                Labels labels = match_labels(j->stage->arena, j->expr, j->one->heads[r].labels);
                RowHead head = result_head(j, (RowHead){ labels, false }, j->one->heads[r].labels);
                /* Only steps that no real sample matched; a copy, because filling marks them as well. */
                uint8_t *skip = arena_raw_array(j->stage->arena, uint8_t, h->steps);
                memcpy(skip, matched_of(h, sig), h->steps);
                if (!put_pair(h, sig, head, NULL, j->one->rows[r], j->expr->binary.fill_lhs, skip, err))
                        return false;
        }
        return true;
}

static bool held_pairs(Held *h, Err *err)
{
        Join *j = h->j;
        const Expr *e = j->expr;
        uint8_t **present = NULL;
        find_live(h);
        if (!check_one_side(h, &present, err))
                return false;
        for (size_t i = 0; i < j->many->n; i++) {
                size_t sig = j->many_sig[i];
                RowHead many = j->many->heads[i];
                if (!exec_check(j->x, err))
                        return false;
                for (size_t r = present[sig] ? j->one_first[sig] : NONE; r != NONE; r = j->one_next[r]) {
                        RowHead head = result_head(j, many, j->one->heads[r].labels);
                        if (!put_pair(h, sig, head, j->many->rows[i], j->one->rows[r], 0, NULL, err))
                                return false;
                }
                if (!e->binary.fill_rhs_set)
                        continue;
                RowHead head = result_head(j, many, match_labels(j->stage->arena, e, many.labels));
                if (!put_pair(h, sig, head, j->many->rows[i], NULL, e->binary.fill_rhs, present[sig], err))
                        return false;
        }
        return !e->binary.fill_lhs_set || fill_many_side(h, err);
}

static Source *held_join(Join *j, Err *err)
{
        Source *many;
        if (!exec_materialise(j->x, j->stage, j->many, true, &many, err))
                return NULL;
        if (!index_many(j, many, true, err))
                return NULL;
        Held h = { .j = j, .steps = many->steps };
        Arena *arena = j->stage->arena;
        h.rows.arena = h.heads.arena = arena;
        groupindex_init(&h.results, arena);
        h.matched = arena_array(arena, uint8_t *, j->sigs.keys.len + 1);
        if (!held_pairs(&h, err))
                return NULL;
        Source *src = exec_source(j->stage, h.rows.len, h.steps);
        src->rows = arena_array(arena, double *, h.rows.len + 1);
        for (size_t i = 0; i < h.rows.len; i++) {
                src->heads[i] = h.heads.data[i];
                src->rows[i] = h.rows.data[i].v;
        }
        return exec_reserve(j->x, j->stage, 0, err) ? src : NULL;
}

Source *vecmatch_join(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        const Expr *e = node->expr;
        Join *j = arena_new_of(stage->arena, Join);
        *j = (Join){ .x = x, .expr = e, .stage = stage, .swapped = e->binary.card == CARD_ONE_TO_MANY };
        Source *many = exec_vector(x, node->kids[j->swapped ? 1 : 0], grid, stage, err);
        Source *one = many ? exec_vector(x, node->kids[j->swapped ? 0 : 1], grid, stage, err) : NULL;
        if (!one || !exec_materialise(x, stage, one, true, &j->one, err))
                return NULL;
        groupindex_init(&j->sigs, stage->arena);
        Source *src;
        if (!index_one(j, err) || !index_many(j, many, false, err) || !stream_join(j, &src, err))
                return NULL;
        if (!src)
                return held_join(j, err);
        if (!see_unmatched(j, node->kids[j->swapped ? 1 : 0], err))
                return NULL;
        return exec_reserve(x, stage, 0, err) ? src : NULL;
}

/* --- sets --- */

typedef struct SetOp {
        const Source *in;  /* the side that passes */
        const size_t *sig; /* of its rows; NONE: not on the other side */
        uint8_t *present;  /* [sig * steps + s]: the other side has it */
        bool want;         /* pass where present (and), or where not (unless, the right of or) */
} SetOp;

typedef struct PresenceSink {
        const size_t *sig;
        uint8_t *present;
        size_t steps;
} PresenceSink;

static void presence_steps(void *arg, size_t first, size_t n, double *const *rows, size_t lo, size_t hi)
{
        const PresenceSink *p = arg;
        for (size_t i = 0; i < n; i++) {
                if (p->sig[first + i] == NONE)
                        continue;
                uint8_t *present = p->present + p->sig[first + i] * p->steps;
                for (size_t s = lo; s < hi; s++)
                        present[s] |= !exec_absent(rows[i][s]);
        }
}

static bool set_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const SetOp *st = src->state;
        if (!exec_row(st->in, w, i, out, err))
                return false;
        const uint8_t *present = st->sig[i] == NONE ? NULL : st->present + st->sig[i] * src->steps;
        for (size_t s = 0; s < src->steps; s++)
                if ((present && present[s]) != st->want)
                        out[s] = EXEC_ABSENT;
        return true;
}

/* `in` where the other side has (want) or lacks its signature. */
static Source *masked(Exec *x, const Expr *e, const Source *in, const Source *other, bool want, Stage *stage, Err *err)
{
        GroupRule rule = rule_of(e);
        GroupIndex sigs;
        groupindex_init(&sigs, stage->arena);
        size_t *in_sig = arena_raw_array(stage->arena, size_t, in->n + 1);
        size_t *other_sig = arena_raw_array(stage->arena, size_t, other->n + 1);
        for (size_t i = 0; i < in->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return NULL;
                in_sig[i] = groupindex_of(&sigs, in->heads[i].labels, &rule, NULL);
        }
        for (size_t i = 0; i < other->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return NULL;
                other_sig[i] = groupindex_find(&sigs, other->heads[i].labels, &rule);
        }
        SetOp *st = arena_new_of(stage->arena, SetOp);
        *st = (SetOp){ .in = in, .sig = in_sig, .want = want };
        if (!exec_reserve(x, stage, sigs.keys.len * in->steps, err))
                return NULL;
        st->present = arena_array(stage->arena, uint8_t, sigs.keys.len * in->steps + 1);
        PresenceSink sink = { .sig = other_sig, .present = st->present, .steps = in->steps };
        if (!exec_stream(x, other, &(Sink){ .arg = &sink, .steps = presence_steps }, err))
                return NULL;
        Source *src = exec_source(stage, in->n, in->steps);
        memcpy(src->heads, in->heads, in->n * sizeof *src->heads);
        src->state = st;
        src->row = set_row;
        return src;
}

typedef struct Union {
        const Source *a, *b;
} Union;

static bool union_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const Union *u = src->state;
        return i < u->a->n ? exec_row(u->a, w, i, out, err) : exec_row(u->b, w, i - u->a->n, out, err);
}

static Source *either(Exec *x, const Expr *e, const Source *lhs, const Source *rhs, Stage *stage, Err *err)
{
        Source *left; /* held: it is read twice */
        if (!exec_materialise(x, stage, lhs, true, &left, err))
                return NULL;
        Source *rest = masked(x, e, rhs, left, false, stage, err);
        if (!rest)
                return NULL;
        Source *src = exec_source(stage, left->n + rest->n, left->steps);
        memcpy(src->heads, left->heads, left->n * sizeof *src->heads);
        memcpy(src->heads + left->n, rest->heads, rest->n * sizeof *src->heads);
        Union *u = arena_new_of(stage->arena, Union);
        *u = (Union){ left, rest };
        src->state = u;
        src->row = union_row;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}

Source *vecmatch_set(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        Source *lhs = exec_vector(x, node->kids[0], grid, stage, err);
        Source *rhs = lhs ? exec_vector(x, node->kids[1], grid, stage, err) : NULL;
        if (!rhs)
                return NULL;
        if (node->expr->binary.op == BIN_OR)
                return either(x, node->expr, lhs, rhs, stage, err);
        return masked(x, node->expr, lhs, rhs, node->expr->binary.op == BIN_AND, stage, err);
}
