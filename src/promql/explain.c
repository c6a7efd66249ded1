/* Invariants:
 * 1. A query that is not explained pays one comparison of a pointer a node.
 * 2. A node's numbers are those of its opening plus those of its rows, whoever computed them; so the root's samples are the
 *    query's.
 *
 * Rows are timed one by one, because a streaming node has no other beginning and end. */
#include "promql/explain.h"

#include "base/duration.h"
#include "promql/exec.h"
#include "promql/explain_node.h"

static int64_t now_ns(void)
{
        const Clock *clock = clock_system();
        return clock->mono_ns(clock);
}

/* --- measuring --- */

void explain_begin(PlanNode *node, Arena *arena)
{
        node->stats = arena_new_of(arena, NodeStats);
        for (size_t k = 0; k < node->n_kids; k++)
                explain_begin(node->kids[k], arena);
}

typedef struct Timed {
        const Source *in;
        NodeStats *stats;
} Timed;

static bool timed_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const Timed *t = src->state;
        int64_t from = now_ns();
        uint64_t samples = w->samples_read;
        bool ok = exec_row(t->in, w, i, out, err);
        atomic_fetch_add_explicit(&t->stats->ns, (uint64_t)(now_ns() - from), memory_order_relaxed);
        atomic_fetch_add_explicit(&t->stats->samples, w->samples_read - samples, memory_order_relaxed);
        return ok;
}

void explain_opening(const Exec *x, ExplainMark *ret)
{
        *ret = (ExplainMark){ .ns = now_ns(),
                              .samples = atomic_load_explicit(&x->samples_read, memory_order_relaxed),
                              .bytes = atomic_load_explicit(&x->bytes, memory_order_relaxed) };
}

static void add(const Exec *x, NodeStats *stats, const ExplainMark *mark)
{
        uint64_t samples = atomic_load_explicit(&x->samples_read, memory_order_relaxed);
        uint64_t bytes = atomic_load_explicit(&x->bytes, memory_order_relaxed);
        atomic_fetch_add_explicit(&stats->ns, (uint64_t)(now_ns() - mark->ns), memory_order_relaxed);
        atomic_fetch_add_explicit(&stats->samples, samples - mark->samples, memory_order_relaxed);
        stats->bytes = MAX_OF(stats->bytes, bytes > mark->bytes ? bytes - mark->bytes : 0);
}

Source *explain_opened(const Exec *x, const PlanNode *node, const ExplainMark *mark, Stage *stage, Source *src)
{
        add(x, node->stats, mark);
        if (!src)
                return NULL;
        node->stats->series = MAX_OF(node->stats->series, src->n);
        if (src->rows)
                return src;
        Timed *timed = arena_new_of(stage->arena, Timed);
        *timed = (Timed){ src, node->stats };
        Source *out = arena_new_of(stage->arena, Source);
        *out = *src;
        out->state = timed;
        out->row = timed_row;
        return out;
}

void explain_scalar(const Exec *x, const PlanNode *node, const ExplainMark *mark)
{
        add(x, node->stats, mark);
        node->stats->series = 1;
}

/* --- the list --- */

static const char *kind_of(const Expr *e)
{
        static const char *const names[] = { "number",      "string", "selector", "subquery",   "call",
                                             "aggregation", "binary", "unary",    "parentheses" };
        return names[e->kind];
}

static void put_names(Buf *out, const char *word, StrVec names)
{
        buf_printf(out, " %s (", word);
        for (size_t i = 0; i < names.n; i++)
                buf_printf(out, "%s" STR_FMT, i ? ", " : "", STR_ARG(names.data[i]));
        buf_char(out, ')');
}

static Str label_of(const Expr *e, Arena *arena)
{
        Buf out = { .arena = arena };
        switch (e->kind) {
        case EXPR_CALL: buf_cstr_add(&out, ast_function_name(e->call.fn)); break;
        case EXPR_AGGREGATE:
                buf_cstr_add(&out, ast_aggregate_op_name(e->aggregate.op));
                if (e->aggregate.grouping.n || e->aggregate.without)
                        put_names(&out, e->aggregate.without ? "without" : "by", e->aggregate.grouping);
                break;
        case EXPR_BINARY:
                buf_cstr_add(&out, ast_binary_op_name(e->binary.op));
                if (e->binary.return_bool)
                        buf_lit(&out, " bool");
                if (e->binary.has_matching)
                        put_names(&out, e->binary.on ? "on" : "ignoring", e->binary.labels);
                break;
        case EXPR_UNARY: buf_char(&out, e->unary.negative ? '-' : '+'); break;
        case EXPR_SUBQUERY:
                buf_lit(&out, "subquery [");
                duration_format(&out, e->subquery.range_ms);
                buf_char(&out, ':');
                if (e->subquery.step_ms)
                        duration_format(&out, e->subquery.step_ms);
                buf_char(&out, ']');
                break;
        case EXPR_NUMBER:
        case EXPR_STRING:
        case EXPR_SELECTOR:
        case EXPR_PAREN: ast_print(&out, e); break;
        }
        return buf_str(&out);
}

static size_t count_nodes(const PlanNode *node)
{
        size_t n = 1;
        for (size_t k = 0; k < node->n_kids; k++)
                n += count_nodes(node->kids[k]);
        return n;
}

typedef struct Lister {
        Arena *arena;
        ExplainNode *nodes;
        size_t n;
} Lister;

static void list(Lister *l, const PlanNode *node, size_t parent, unsigned depth)
{
        size_t at = l->n++;
        const NodeStats *st = node->stats;
        ExplainNode *out = &l->nodes[at];
        *out = (ExplainNode){ .kind = kind_of(node->expr),
                              .label = label_of(node->expr, l->arena),
                              .pos = node->expr->pos,
                              .depth = depth,
                              .parent = parent,
                              .once = node->invariant,
                              .is_literal = node->expr->kind == EXPR_NUMBER || node->expr->kind == EXPR_STRING,
                              .series = st->series,
                              .samples = st->samples,
                              .bytes = st->bytes,
                              .seconds = (double)st->ns / 1e9 };
        if (node->slot) {
                out->shared = node->slot->users > 1;
                out->series = node->slot->selection.n;
                out->samples = node->slot->samples;
                out->seconds = MAX_OF(out->seconds, (double)node->slot->read_ns / 1e9);
        }
        double below = 0;
        for (size_t k = 0; k < node->n_kids; k++) {
                size_t kid = l->n;
                list(l, node->kids[k], at, depth + 1);
                l->nodes[kid].last = k + 1 == node->n_kids;
                below += l->nodes[kid].seconds;
        }
        /* A subquery is evaluated by the function around it, which has its time. */
        if (node->expr->kind == EXPR_SUBQUERY) {
                out->seconds = below;
                out->samples = l->nodes[at + 1].samples;
                out->series = l->nodes[at + 1].series;
        }
        out->self_seconds = MAX_OF(out->seconds - below, 0.0);
}

void explain_list(const Plan *plan, Arena *arena, ExplainNode **ret, size_t *ret_n)
{
        Lister l = { .arena = arena };
        l.nodes = arena_array(arena, ExplainNode, count_nodes(plan->root));
        list(&l, plan->root, 0, 0);
        *ret = l.nodes;
        *ret_n = l.n;
}

/* --- text --- */

static void put_count(Buf *out, uint64_t n, const char *what)
{
        if (n >= 10000000)
                buf_printf(out, "  %.1fM %s", (double)n / 1e6, what);
        else if (n >= 10000)
                buf_printf(out, "  %.1fk %s", (double)n / 1e3, what);
        else
                buf_printf(out, "  %llu %s", (unsigned long long)n, what);
}

static void put_lines(Buf *out, const ExplainNode *nodes, size_t i)
{
        if (nodes[i].depth == 0)
                return;
        size_t up = nodes[i].parent;
        AUTO(buf_done) Buf rev = { 0 }; /* of the ancestors, inner ones first: is their line going on? */
        for (; nodes[up].depth > 0; up = nodes[up].parent)
                buf_char(&rev, nodes[up].last ? ' ' : '|');
        for (size_t k = rev.n; k-- > 0;)
                buf_cstr_add(out, rev.p[k] == '|' ? "│  " : "   ");
        buf_cstr_add(out, nodes[i].last ? "└─ " : "├─ ");
}

void explain_print(Buf *out, const ExplainNode *nodes, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const ExplainNode *node = &nodes[i];
                put_lines(out, nodes, i);
                buf_str_add(out, node->label);
                if (node->is_literal) {
                        buf_char(out, '\n');
                        continue;
                }
                put_count(out, node->series, "series");
                if (node->samples)
                        put_count(out, node->samples, "samples read");
                buf_printf(out, "  %.2f ms", node->seconds * 1e3);
                if (i + 1 < n && nodes[i + 1].depth > node->depth)
                        buf_printf(out, " (%.2f of its own)", node->self_seconds * 1e3);
                if (node->bytes)
                        buf_printf(out, "  %.1f kB", (double)node->bytes / 1e3);
                buf_cstr_add(out, node->once ? "  once" : "");
                buf_cstr_add(out, node->shared ? "  shared" : "");
                buf_char(out, '\n');
        }
}
