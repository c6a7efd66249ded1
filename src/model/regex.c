/* Invariants
 * 1. A Regex does not change after regex_compile, except that the PCRE2 program of a pattern which rarely needs one is
 *    made at its first use, under a lock. Matching state is per thread.
 * 2. The subject that PCRE2 sees is valid UTF-8: bytes that are not become U+FFFD each, as Go reads them, and offsets
 * are mapped back. So the UTF check is skipped.
 * 3. No subject makes a match run away: the match limit stops backtracking. A yes/no question is then answered by the
 *    breadth-first matcher, which cannot explode; a capture is given up as "no match" and counted.
 * 4. What regex_hints promises is used here too: shapes that need no engine never call one. */
#include "model/regex.h"

#include <pthread.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/utf8.h"
#include "model/regex_hint.h"
#include "model/regex_tree.h"
#include "os/mutex.h"

METRIC_COUNTER(limit_total, "pharos_model_regex_limit_total",
               "Regex matches given up because they reached the match limit.");

enum {
        MATCH_LIMIT = 2000000,
        DEPTH_LIMIT = 100000,
        HEAP_LIMIT_KIB = 20000,
        JIT_STACK_MIN_BYTES = 32 << 10,
        JIT_STACK_MAX_BYTES = 1 << 20,
        DFA_WORKSPACE_INTS = 256 << 10,
        NEST_LIMIT = 4 * REGEX_MAX_DEPTH,
        SCRATCH_MIN_PAIRS = 16,
};

/* The compiled form; made once, then read-only. */
typedef struct Program {
        Mutex mu; /* held while the program is made */
        pcre2_code *_Atomic code;
        _Atomic bool failed;
        bool jit; /* written before code is published */
} Program;

struct Regex {
        Arena *arena;
        Str pattern, source; /* source: for PCRE2 */
        int mode;
        size_t captures;
        const Str *names;
        RegexHint hint;
        Str needle; /* search mode: the pattern is this literal */
        bool is_needle;
        bool matches_empty;
        Program program;
};

/* ---- per-thread matching state: kind (1) of shared data, owned by its thread */

typedef struct Scratch {
        pcre2_match_data *data;
        size_t pairs;
        pcre2_match_context *context;
        pcre2_jit_stack *stack;
} Scratch;

static pthread_key_t scratch_key;                       /* NOLINT: immutable once made */
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT; /* NOLINT: guards it */

static void scratch_free(void *arg)
{
        Scratch *s = arg;
        pcre2_match_data_free(s->data);
        pcre2_match_context_free(s->context);
        pcre2_jit_stack_free(s->stack);
        mem_free(s);
}

static void scratch_key_make(void) { CHECK(pthread_key_create(&scratch_key, scratch_free) == 0); }

/* The main thread ends without running key destructors. */
__attribute__((destructor)) static void scratch_free_main(void)
{
        pthread_once(&scratch_once, scratch_key_make);
        Scratch *s = pthread_getspecific(scratch_key);
        if (s)
                scratch_free(s);
        pthread_setspecific(scratch_key, NULL);
}

static Scratch *scratch_get(size_t pairs)
{
        pthread_once(&scratch_once, scratch_key_make);
        Scratch *s = pthread_getspecific(scratch_key);
        if (!s) {
                s = mem_new(Scratch);
                s->context = pcre2_match_context_create(NULL);
                s->stack = pcre2_jit_stack_create(JIT_STACK_MIN_BYTES, JIT_STACK_MAX_BYTES, NULL);
                CHECK(s->context != NULL);
                pcre2_set_match_limit(s->context, MATCH_LIMIT);
                pcre2_set_depth_limit(s->context, DEPTH_LIMIT);
                pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
                if (s->stack)
                        pcre2_jit_stack_assign(s->context, NULL, s->stack);
                pthread_setspecific(scratch_key, s);
        }
        if (s->pairs < pairs) {
                pcre2_match_data_free(s->data);
                s->pairs = MAX_OF(pairs, (size_t)SCRATCH_MIN_PAIRS);
                s->data = pcre2_match_data_create((uint32_t)s->pairs, NULL);
                CHECK(s->data != NULL);
        }
        return s;
}

/* ---- compiling */

static pcre2_code *program_compile(Str source, bool *ret_jit, int *ret_code)
{
        pcre2_compile_context *context = pcre2_compile_context_create(NULL);
        CHECK(context != NULL);
        pcre2_set_newline(context, PCRE2_NEWLINE_LF);
        pcre2_set_parens_nest_limit(context, NEST_LIMIT);
        /* Go allows classes that name surrogates; they match nothing in valid text. */
        pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
        PCRE2_SIZE where;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)(source.p ? source.p : ""), source.n,
                                         PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C,
                                         ret_code, &where, context);
        pcre2_compile_context_free(context);
        /* Without JIT (a machine that forbids writable code pages) the interpreter does the same, slower. */
        *ret_jit = code && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
        return code;
}

static bool program_make(Program *p, Str source, int *ret_code)
{
        MUTEX_SCOPE(&p->mu);
        if (p->code || p->failed)
                return p->code != NULL;
        bool jit;
        pcre2_code *code = program_compile(source, &jit, ret_code);
        p->jit = jit;
        p->failed = code == NULL;
        p->code = code;
        return code != NULL;
}

static pcre2_code *program_of(const Regex *re)
{
        pcre2_code *code = re->program.code;
        if (code || re->program.failed)
                return code;
        int why;
        /* Made late, but the same whoever makes it: the regex still looks immutable from outside. */
        IGNORE(program_make((Program *)&re->program, re->source, &why));
        return re->program.code;
}

static void emit_source(Regex *re, const RegexNode *root)
{
        Buf out = { .arena = re->arena };
        buf_cstr_add(&out, re->mode != REGEX_SEARCH ? "\\A(?:" : "");
        regex_hint_emit(&out, root);
        buf_cstr_add(&out, re->mode != REGEX_SEARCH ? ")\\z" : "");
        re->source = buf_str(&out);
}

static Str dup_if_any(Arena *arena, Str s) { return s.n ? str_dup(arena, s) : (Str){ 0 }; }

/* Copies what is kept out of the parser's arena. */
static void keep_hint(Regex *re, const RegexHint *hint)
{
        re->hint = (RegexHint){ .shape = hint->shape };
        re->hint.literal = dup_if_any(re->arena, hint->literal);
        re->hint.prefix = dup_if_any(re->arena, hint->prefix);
        if (hint->shape != REGEX_SHAPE_SET || hint->set.n == 0)
                return;
        re->hint.set = (RegexSet){ arena_raw_array(re->arena, Str, hint->set.n), hint->set.n };
        for (size_t i = 0; i < hint->set.n; i++)
                re->hint.set.data[i] = str_dup(re->arena, hint->set.data[i]);
}

static void keep_names(Regex *re, const RegexTree *tree)
{
        re->captures = tree->captures;
        Str *names = arena_array(re->arena, Str, tree->captures);
        for (size_t i = 0; i < tree->captures; i++)
                names[i] = dup_if_any(re->arena, tree->names[i]);
        re->names = names;
}

static bool set_has(const RegexSet *set, Str s)
{
        size_t lo = 0;
        size_t hi = set->n;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                int c = str_cmp(set->data[mid], s);
                if (c == 0)
                        return true;
                if (c < 0)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return false;
}

bool regex_compile(Str pattern, int mode, Regex **ret, Err *err)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        RegexTree tree;
        if (!regex_tree_parse(scratch, pattern, mode == REGEX_ANCHORED, &tree, err))
                return false;
        AUTO(regex_free) Regex *re = mem_new(Regex);
        mutex_init(&re->program.mu);
        re->arena = arena_new();
        re->mode = mode;
        re->pattern = str_dup(re->arena, pattern);
        keep_names(re, &tree);
        emit_source(re, tree.root);
        if (mode != REGEX_SEARCH) {
                RegexHint hint = regex_hint_of(scratch, tree.root);
                keep_hint(re, &hint);
        } else if (tree.root->op == REGEX_OP_LITERAL && !tree.root->fold) {
                re->is_needle = true;
                re->needle = str_dup(re->arena, tree.root->text);
        }
        if (re->hint.shape == REGEX_SHAPE_OTHER && !re->is_needle) {
                int code = 0;
                if (!program_make(&re->program, re->source, &code)) {
                        PCRE2_UCHAR why[160];
                        pcre2_get_error_message(code, why, sizeof why);
                        return err_set(err, ERR_LIMIT, "error parsing regexp: expression too large: `%.*s`: %s",
                                       (int)MIN_OF(pattern.n, (size_t)200), pattern.p, (const char *)why);
                }
        }
        re->matches_empty = regex_match(re, (Str){ 0 });
        *ret = TAKE(re);
        return true;
}

void regex_free(Regex *re)
{
        if (!re)
                return;
        pcre2_code_free(re->program.code);
        mutex_done(&re->program.mu);
        arena_free(re->arena);
        mem_free(re);
}

Str regex_pattern(const Regex *re) { return re->pattern; }
size_t regex_groups(const Regex *re) { return re->captures; }

size_t regex_group_named(const Regex *re, Str name)
{
        for (size_t i = 0; i < re->captures; i++)
                if (name.n && str_eq(re->names[i], name))
                        return i + 1;
        return 0;
}

RegexHints regex_hints(const Regex *re)
{
        RegexHints h = { .prefix = re->hint.prefix, .matches_empty = re->matches_empty };
        h.matches_all = re->hint.shape == REGEX_SHAPE_ALL;
        h.matches_nonempty = re->hint.shape == REGEX_SHAPE_NONEMPTY;
        if (re->hint.shape == REGEX_SHAPE_SET) {
                h.set = re->hint.set.data;
                h.set_n = re->hint.set.n;
        }
        return h;
}

/* ---- running PCRE2 */

typedef enum RunResult { RUN_NO, RUN_YES, RUN_LIMIT } RunResult;

/* s is valid UTF-8. */
static RunResult run(const Regex *re, pcre2_code *code, Scratch *scratch, Str s, size_t from)
{
        PCRE2_SPTR p = (PCRE2_SPTR)(s.p ? s.p : "");
        int rc = PCRE2_ERROR_JIT_STACKLIMIT;
        if (re->program.jit)
                rc = pcre2_jit_match(code, p, s.n, from, 0, scratch->data, scratch->context);
        if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
                rc = pcre2_match(code, p, s.n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, scratch->data,
                                 scratch->context);
        if (rc >= 0)
                return RUN_YES;
        return rc == PCRE2_ERROR_NOMATCH ? RUN_NO : RUN_LIMIT;
}

static bool run_breadth_first(pcre2_code *code, Scratch *scratch, Str s)
{
        AUTO(mem_free) void *workspace = mem_alloc(DFA_WORKSPACE_INTS * sizeof(int));
        int rc = pcre2_dfa_match(code, (PCRE2_SPTR)(s.p ? s.p : ""), s.n, 0, PCRE2_NO_UTF_CHECK | PCRE2_DFA_SHORTEST,
                                 scratch->data, scratch->context, workspace, DFA_WORKSPACE_INTS);
        if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
                metric_add(limit_total, 1);
        return rc >= 0;
}

/* Every bad byte becomes U+FFFD; offsets[i] is where byte i of the copy came from (and one more for the end). */
static Str repair(Str s, Buf *out, size_t **ret_offsets)
{
        size_t *offsets = mem_alloc((s.n * 3 + 1) * sizeof *offsets);
        buf_reserve(out, s.n * 3 + 1);
        for (size_t i = 0; i < s.n;) {
                uint32_t rune = UTF8_REPLACEMENT;
                size_t n = utf8_decode(str_sub(s, i, s.n), &rune);
                size_t at = out->n;
                if (n)
                        buf_add(out, s.p + i, n);
                else
                        utf8_encode(out, UTF8_REPLACEMENT);
                for (size_t k = at; k < out->n; k++)
                        offsets[k] = i;
                i += n ? n : 1;
        }
        offsets[out->n] = s.n;
        *ret_offsets = offsets;
        return buf_str(out);
}

static bool engine_match(const Regex *re, Str s)
{
        pcre2_code *code = program_of(re);
        if (!code) {
                metric_add(limit_total, 1);
                return false;
        }
        Scratch *scratch = scratch_get(1);
        AUTO(buf_done) Buf repaired = { 0 };
        if (!utf8_valid(s)) {
                size_t *offsets;
                s = repair(s, &repaired, &offsets);
                mem_free(offsets);
        }
        RunResult r = run(re, code, scratch, s, 0);
        return r == RUN_LIMIT ? run_breadth_first(code, scratch, s) : r == RUN_YES;
}

bool regex_match(const Regex *re, Str s)
{
        if (re->is_needle)
                return str_find(s, re->needle) != SIZE_MAX;
        const RegexHint *h = &re->hint;
        switch (h->shape) {
        case REGEX_SHAPE_SET: return set_has(&h->set, s);
        case REGEX_SHAPE_ALL: return true;
        case REGEX_SHAPE_NONEMPTY: return s.n > 0;
        case REGEX_SHAPE_PREFIX: return str_starts(s, h->literal);
        case REGEX_SHAPE_PREFIX_NONEMPTY: return s.n > h->literal.n && str_starts(s, h->literal);
        case REGEX_SHAPE_SUFFIX: return str_ends(s, h->literal);
        case REGEX_SHAPE_CONTAINS: return str_find(s, h->literal) != SIZE_MAX;
        case REGEX_SHAPE_OTHER: break;
        }
        if (h->prefix.n && !str_starts(s, h->prefix))
                return false;
        return engine_match(re, s);
}

/* One match in s (whatever its bytes are) from byte `from`. */
static bool engine_find(const Regex *re, Str s, size_t from, Str *groups, size_t n_groups)
{
        pcre2_code *code = program_of(re);
        if (!code) {
                metric_add(limit_total, 1);
                return false;
        }
        Scratch *scratch = scratch_get(re->captures + 1);
        AUTO(buf_done) Buf repaired = { 0 };
        AUTO(mem_free) void *owned = NULL; /* offsets, to be freed */
        size_t *offsets = NULL;
        Str subject = s;
        if (!utf8_valid(s)) {
                subject = repair(s, &repaired, &offsets);
                owned = offsets; /* NOLINT(clang-analyzer-deadcode.DeadStores): freed at the end of the scope */
                size_t at = 0;
                while (at < subject.n && offsets[at] < from)
                        at++;
                from = at;
        }
        RunResult r = run(re, code, scratch, subject, from);
        if (r == RUN_LIMIT)
                metric_add(limit_total, 1);
        if (r != RUN_YES)
                return false;
        const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(scratch->data);
        for (size_t i = 0; i < n_groups; i++) {
                size_t a = i <= re->captures ? pairs[2 * i] : PCRE2_UNSET;
                size_t b = i <= re->captures ? pairs[2 * i + 1] : PCRE2_UNSET;
                if (a == PCRE2_UNSET)
                        groups[i] = (Str){ 0 };
                else if (offsets)
                        groups[i] = str_n(s.p + offsets[a], offsets[b] - offsets[a]);
                else
                        groups[i] = str_n(s.p + a, b - a);
        }
        return true;
}

/* The groups of a match of the whole of s, where the engine is not needed for them; false: it is. */
static bool whole_groups(const Regex *re, Str s, Str *groups, size_t n_groups)
{
        bool all = re->captures == 1 && str_eq(re->pattern, STR("(.*)")); /* the default of relabelling */
        size_t set = re->captures == 0 || n_groups <= 1 ? 1 : all ? 2 : 0;
        for (size_t i = 0; set && i < n_groups; i++)
                groups[i] = i < set ? s : (Str){ 0 };
        return set > 0;
}

bool regex_find(const Regex *re, Str s, size_t from, Str *groups, size_t n_groups)
{
        bool anchored = re->mode != REGEX_SEARCH;
        if (from > s.n || (anchored && from > 0))
                return false;
        if (!s.p)
                s.p = ""; /* a set group is told by its pointer */
        if (anchored && re->hint.shape != REGEX_SHAPE_OTHER) {
                if (!regex_match(re, s))
                        return false;
                if (whole_groups(re, s, groups, n_groups))
                        return true;
        }
        return engine_find(re, s, from, groups, n_groups);
}

/* ---- templates */

/* Letters, digits and underscore may stand in a group name; of the other scripts, everything but the blocks of
 * punctuation and symbols counts as a letter. */
static bool is_name_rune(uint32_t r)
{
        if (r < 0x80)
                return (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || r == '_';
        return r == 0xaa || r == 0xb5 || r == 0xba ||
               (r >= 0xc0 && r != 0xd7 && r != 0xf7 && !(r >= 0x2000 && r < 0x2c00) && !(r >= 0x3000 && r < 0x3005) &&
                r != UTF8_REPLACEMENT);
}

/* Takes name or {name} from the front of *rest; false leaves it alone. */
static bool take_reference(Str *rest, Str *ret_name)
{
        Str s = *rest;
        bool brace = s.n && s.p[0] == '{';
        if (brace)
                s = str_sub(s, 1, s.n);
        size_t n = 0;
        while (n < s.n) {
                uint32_t rune;
                size_t step = utf8_decode(str_sub(s, n, s.n), &rune);
                if (step == 0 || !is_name_rune(rune))
                        break;
                n += step;
        }
        if (n == 0 || (brace && (n == s.n || s.p[n] != '}')))
                return false;
        *ret_name = str_sub(s, 0, n);
        *rest = str_sub(s, n + brace, s.n);
        return true;
}

/* A number without leading zeros, or SIZE_MAX. */
static size_t group_number(Str name)
{
        enum { TOO_LARGE = 100000000 };
        size_t n = 0;
        for (size_t i = 0; i < name.n; i++) {
                if (name.p[i] < '0' || name.p[i] > '9' || n >= TOO_LARGE)
                        return SIZE_MAX;
                n = n * 10 + (size_t)(name.p[i] - '0');
        }
        return name.n > 1 && name.p[0] == '0' ? SIZE_MAX : n;
}

void regex_expand(const Regex *re, Str template, const Str *groups, size_t n_groups, Buf *out)
{
        Str before;
        Str rest = template;
        while (str_cut(rest, '$', &before, &rest)) {
                buf_str_add(out, before);
                if (rest.n && rest.p[0] == '$') {
                        buf_char(out, '$');
                        rest = str_sub(rest, 1, rest.n);
                        continue;
                }
                Str name;
                if (!take_reference(&rest, &name)) {
                        buf_char(out, '$');
                        continue;
                }
                size_t number = group_number(name);
                if (number != SIZE_MAX) {
                        if (number < n_groups)
                                buf_str_add(out, groups[number]);
                        continue;
                }
                for (size_t i = 0; i < re->captures && i + 1 < n_groups; i++) {
                        if (str_eq(re->names[i], name) && groups[i + 1].p) {
                                buf_str_add(out, groups[i + 1]);
                                break;
                        }
                }
        }
        buf_str_add(out, before);
}

void regex_replace_all(const Regex *re, Str s, Str template, Buf *out)
{
        if (!s.p)
                s.p = "";
        size_t n_groups = re->captures + 1;
        AUTO(mem_free) void *owned = mem_alloc(n_groups * sizeof(Str));
        Str *groups = owned;
        size_t last_end = 0;
        size_t at = 0;
        while (at <= s.n && regex_find(re, s, at, groups, n_groups)) {
                size_t start = (size_t)(groups[0].p - s.p);
                size_t end = start + groups[0].n;
                buf_add(out, s.p + last_end, start - last_end);
                /* An empty match directly behind the one before is not replaced. */
                if (end > last_end || start == 0)
                        regex_expand(re, template, groups, n_groups, out);
                last_end = end;
                uint32_t rune;
                size_t width = at < s.n ? utf8_decode(str_sub(s, at, s.n), &rune) : 0;
                width = width ? width : 1;
                at = at + width > end ? at + width : end;
        }
        buf_add(out, s.p + last_end, s.n - last_end);
}
