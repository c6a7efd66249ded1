/* Invariants:
 * 1. The labels are PromQL's (same lexer and messages); the values have their own scanner, because here 0x3 means "0, three
 *    more times", and white space counts.
 * 2. At most SERIESDESC_MAX_VALUES values, checked before any is written.
 * 3. V+DxN adds D again and again, as upstream does: the rounding errors of the sum are part of the expected values. */
#include "promql/seriesdesc.h"

#include <math.h>

#include "base/duration.h"
#include "base/num.h"
#include "base/vec.h"
#include "codec/floats.h"
#include "model/histops.h"
#include "model/sample.h"
#include "promql/parse.h"

typedef struct Scan {
        Str line;
        size_t i;
        Err *err;
        VEC(SequenceValue) values;
} Scan;

static bool fail(Scan *s, const char *what) { return err_set(s->err, ERR_INVALID, "column %zu: %s", s->i + 1, what); }
static char at(const Scan *s) { return s->i < s->line.n ? s->line.p[s->i] : '\0'; }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

static void skip_blanks(Scan *s)
{
        while (s->i < s->line.n && is_blank(s->line.p[s->i]))
                s->i++;
}

static bool accept(Scan *s, Str text)
{
        if (!str_starts(str_sub(s->line, s->i, s->line.n), text))
                return false;
        s->i += text.n;
        return true;
}

/* Digits, fraction, exponent; or a duration, in seconds. */
static bool scan_digits(Scan *s, double *ret)
{
        size_t from = s->i;
        bool unit = false;
        int64_t ms;
        while (is_digit(at(s)) || at(s) == '.' || at(s) == '_' || at(s) == 'e' || at(s) == 'E' ||
               (strchr("smhdwy", at(s)) && at(s))) {
                bool exponent = at(s) == 'e' || at(s) == 'E';
                unit = unit || (is_letter(at(s)) && !exponent);
                s->i++;
                if (exponent && (at(s) == '+' || at(s) == '-'))
                        s->i++;
        }
        Str text = str_sub(s->line, from, s->i);
        if (unit && duration_parse(text, &ms)) {
                *ret = (double)ms / 1000;
                return true;
        }
        char clean[64];
        size_t n = 0;
        for (size_t k = 0; k < text.n && n < sizeof clean; k++)
                if (text.p[k] != '_')
                        clean[n++] = text.p[k];
        if (unit || n == 0 || n == sizeof clean || !floats_parse(str_n(clean, n), ret)) {
                s->i = from;
                return fail(s, "bad number syntax");
        }
        return true;
}

/* inf, nan in any case; a word goes on as far as names do, so Infx5 is no number. */
static bool scan_word_number(Scan *s, double *ret)
{
        Str word = str_sub(s->line, s->i, s->i + 3);
        bool inf = str_eq_fold(word, STR("inf"));
        char next = s->i + 3 < s->line.n ? s->line.p[s->i + 3] : '\0';
        if ((!inf && !str_eq_fold(word, STR("nan"))) || is_letter(next) || is_digit(next) || next == '_' || next == ':')
                return false;
        *ret = inf ? (double)INFINITY : sample_nan();
        s->i += 3;
        return true;
}

static bool scan_number(Scan *s, double *ret)
{
        bool negative = at(s) == '-';
        double v;
        if (negative || at(s) == '+')
                s->i++;
        if (!scan_word_number(s, &v)) {
                if (!is_digit(at(s)) && at(s) != '.')
                        return fail(s,
                                    "unexpected character in series values: expected a number, 'stale', '_' or '{{'");
                if (!scan_digits(s, &v))
                        return false;
        }
        *ret = negative ? -v : v;
        return true;
}

static bool scan_count(Scan *s, uint64_t *ret)
{
        size_t from = s->i;
        while (is_digit(at(s)))
                s->i++;
        if (!num_parse_u64(str_sub(s->line, from, s->i), ret)) {
                s->i = from;
                return fail(s, "invalid repetition in series values");
        }
        return true;
}

static bool make_room(Scan *s, uint64_t n)
{
        if (n > SERIESDESC_MAX_VALUES || s->values.len + n > SERIESDESC_MAX_VALUES)
                return err_set(s->err, ERR_LIMIT, "column %zu: too many values in one series: at most %d", s->i + 1,
                               SERIESDESC_MAX_VALUES);
        vec_reserve(&s->values, s->values.len + (size_t)n);
        return true;
}

static bool add_floats(Scan *s, double v, double step, uint64_t n)
{
        if (!make_room(s, n < UINT64_MAX ? n + 1 : n))
                return false;
        for (uint64_t k = 0; k <= n; k++) {
                vec_push(&s->values, (SequenceValue){ .v = v });
                v = step == 0 ? v : v + step;
        }
        return true;
}

static bool scan_gaps(Scan *s)
{
        uint64_t n = 1;
        s->i++;
        if (at(s) == 'x') {
                s->i++;
                if (!scan_count(s, &n))
                        return false;
        }
        if (!make_room(s, n))
                return false;
        for (uint64_t k = 0; k < n; k++)
                vec_push(&s->values, (SequenceValue){ .omitted = true });
        return true;
}

static bool scan_floats(Scan *s)
{
        double v, step = 0;
        uint64_t n = 0;
        if (accept(s, STR("stale")))
                v = sample_stale();
        else if (!scan_number(s, &v))
                return false;
        bool stepped = at(s) == '+' || at(s) == '-';
        if (stepped && !scan_number(s, &step))
                return false;
        if (at(s) == 'x') {
                s->i++;
                if (!scan_count(s, &n))
                        return false;
        } else if (stepped) {
                return fail(s, "expected 'x' and a count behind the step");
        }
        return add_floats(s, v, step, n);
}

/* ---- histograms ---- */

static bool scan_list(Scan *s, const double **ret, uint32_t *ret_n)
{
        VEC(double) list = { .arena = s->values.arena };
        double v;
        if (at(s) != '[')
                return fail(s, "expected '['");
        s->i++;
        skip_blanks(s);
        while (at(s) != ']') {
                if (!scan_number(s, &v))
                        return false;
                if (at(s) != ']' && !is_blank(at(s)))
                        return fail(s, "invalid character in buckets description");
                vec_push(&list, v);
                skip_blanks(s);
        }
        s->i++;
        *ret = list.data;
        *ret_n = (uint32_t)list.len;
        return true;
}

static bool scan_int(Scan *s, int32_t *ret)
{
        uint64_t n;
        bool negative = at(s) == '-';
        if (negative)
                s->i++;
        if (!scan_count(s, &n))
                return false;
        if (n > INT32_MAX)
                return fail(s, "number out of range");
        *ret = negative ? -(int32_t)n : (int32_t)n;
        return true;
}

static bool scan_hint(Scan *s, uint8_t *ret)
{
        static const Str HINTS[] = { [HISTOGRAM_HINT_UNKNOWN] = STR_INIT("unknown"),
                                     [HISTOGRAM_HINT_RESET] = STR_INIT("reset"),
                                     [HISTOGRAM_HINT_NOT_RESET] = STR_INIT("not_reset"),
                                     [HISTOGRAM_HINT_GAUGE] = STR_INIT("gauge") };
        for (size_t k = 0; k < ARRAY_LEN(HINTS); k++)
                if (accept(s, HINTS[k])) {
                        *ret = (uint8_t)k;
                        return true;
                }
        return fail(s, "counter_reset_hint must be unknown, reset, not_reset or gauge");
}

typedef enum HistKey {
        KEY_SCHEMA,
        KEY_SUM,
        KEY_COUNT,
        KEY_ZERO,
        KEY_ZERO_WIDTH,
        KEY_BUCKETS,
        KEY_OFFSET,
        KEY_NEGATIVE,
        KEY_NEGATIVE_OFFSET,
        KEY_CUSTOM,
        KEY_HINT,
} HistKey;

static const Str KEYS[] = {
        [KEY_SCHEMA] = STR_INIT("schema"),
        [KEY_SUM] = STR_INIT("sum"),
        [KEY_COUNT] = STR_INIT("count"),
        [KEY_ZERO] = STR_INIT("z_bucket"),
        [KEY_ZERO_WIDTH] = STR_INIT("z_bucket_w"),
        [KEY_BUCKETS] = STR_INIT("buckets"),
        [KEY_OFFSET] = STR_INIT("offset"),
        [KEY_NEGATIVE] = STR_INIT("n_buckets"),
        [KEY_NEGATIVE_OFFSET] = STR_INIT("n_offset"),
        [KEY_CUSTOM] = STR_INIT("custom_values"),
        [KEY_HINT] = STR_INIT("counter_reset_hint"),
};

typedef struct HistText {
        Histogram h;
        int32_t schema, offset, n_offset;
        unsigned seen; /* keys by bit */
} HistText;

static bool scan_key_value(Scan *s, HistKey key, HistText *t)
{
        switch (key) {
        case KEY_SCHEMA: return scan_int(s, &t->schema);
        case KEY_SUM: return scan_number(s, &t->h.sum);
        case KEY_COUNT: return scan_number(s, &t->h.count);
        case KEY_ZERO: return scan_number(s, &t->h.zero_count);
        case KEY_ZERO_WIDTH: return scan_number(s, &t->h.zero_threshold);
        case KEY_BUCKETS: return scan_list(s, &t->h.positive.counts, &t->h.positive.n_counts);
        case KEY_OFFSET: return scan_int(s, &t->offset);
        case KEY_NEGATIVE: return scan_list(s, &t->h.negative.counts, &t->h.negative.n_counts);
        case KEY_NEGATIVE_OFFSET: return scan_int(s, &t->n_offset);
        case KEY_CUSTOM: return scan_list(s, &t->h.custom, &t->h.n_custom);
        case KEY_HINT: return scan_hint(s, &t->h.hint);
        }
        return false;
}

/* key:value */
static bool scan_histogram_item(Scan *s, HistText *t)
{
        size_t from = s->i, key = 0;
        while (is_letter(at(s)) || at(s) == '_')
                s->i++;
        Str name = str_sub(s->line, from, s->i);
        while (key < ARRAY_LEN(KEYS) && !str_eq(name, KEYS[key]))
                key++;
        if (key == ARRAY_LEN(KEYS)) {
                s->i = from;
                return fail(s, "bad histogram descriptor");
        }
        if (t->seen & (1u << key))
                return fail(s, "duplicate key in histogram");
        t->seen |= 1u << key;
        if (at(s) != ':')
                return fail(s, "missing `:` for histogram descriptor");
        s->i++;
        return scan_key_value(s, (HistKey)key, t);
}

static void one_span(Scan *s, HistogramSide *side, int32_t offset)
{
        if (side->n_counts == 0)
                return;
        HistogramSpan *span = arena_new_of(s->values.arena, HistogramSpan);
        *span = (HistogramSpan){ .offset = offset, .n = side->n_counts };
        side->spans = span;
        side->n_spans = 1;
}

static bool scan_histogram(Scan *s, const Histogram **ret, bool *ret_hint)
{
        HistText t = { 0 };
        if (!accept(s, STR("{{")))
                return fail(s, "expected '{{'");
        skip_blanks(s);
        while (!accept(s, STR("}}"))) {
                if (!scan_histogram_item(s, &t))
                        return false;
                if (!is_blank(at(s)) && at(s) != '}')
                        return fail(s, "histogram description incomplete");
                skip_blanks(s);
        }
        bool custom = t.schema == HISTOGRAM_CUSTOM_SCHEMA;
        if (!custom && (t.schema < HISTOGRAM_MIN_SCHEMA || t.schema > HISTOGRAM_MAX_SCHEMA))
                return fail(s, "the schema of a histogram is -4 to 8, or -53");
        t.h.schema = (int8_t)t.schema;
        one_span(s, &t.h.positive, t.offset);
        one_span(s, &t.h.negative, t.n_offset);
        Histogram *h = arena_new_of(s->values.arena, Histogram);
        *h = t.h;
        *ret = h;
        *ret_hint = t.seen & (1u << KEY_HINT);
        return true;
}

static bool add_histograms(Scan *s, const Histogram *h, const Histogram *step, bool minus, bool hint_set, uint64_t n)
{
        Arena *arena = s->values.arena;
        if (!make_room(s, n < UINT64_MAX ? n + 1 : n))
                return false;
        for (uint64_t k = 0; k <= n; k++) {
                vec_push(&s->values, (SequenceValue){ .h = h, .hint_set = hint_set });
                if (!step || k == n)
                        continue;
                if (h->schema > step->schema)
                        return err_set(s->err, ERR_INVALID,
                                       "column %zu: error combining histograms: cannot merge from schema %d to %d",
                                       s->i + 1, step->schema, h->schema);
                const Histogram *next = minus ? histops_sub(arena, h, step, NULL) : histops_add(arena, h, step, NULL);
                if (!next)
                        return fail(s, "error combining histograms: exponential and custom buckets do not mix");
                h = minus ? histops_with_hint(arena, next, (HistogramHint)h->hint) : next;
        }
        return true;
}

static bool scan_histograms(Scan *s)
{
        uint64_t n = 0;
        const Histogram *h, *step = NULL;
        bool hint_set, ignored;
        if (!scan_histogram(s, &h, &hint_set))
                return false;
        bool minus = at(s) == '-', stepped = at(s) == '+' || minus;
        if (stepped) {
                s->i++;
                if (!scan_histogram(s, &step, &ignored))
                        return false;
        }
        if (at(s) == 'x') {
                s->i++;
                if (!scan_count(s, &n))
                        return false;
        } else if (stepped) {
                return fail(s, "expected 'x' and a count behind the step");
        }
        return add_histograms(s, h, step, minus, hint_set, n);
}

static bool scan_values(Scan *s)
{
        for (skip_blanks(s); s->i < s->line.n; skip_blanks(s)) {
                bool ok = at(s) == '_' ? scan_gaps(s) : at(s) == '{' ? scan_histograms(s) : scan_floats(s);
                if (!ok)
                        return false;
                if (s->i < s->line.n && !is_blank(at(s)))
                        return fail(s, "unexpected character in series values");
        }
        return true;
}

bool seriesdesc_parse_labels(Str line, Arena *arena, Labels *ret, Str *ret_rest, Err *err)
{
        static const PromqlFeatures FEATURES = { 0 };
        LabelsBuilder b;
        labels_builder_init(&b, arena, (Labels){ NULL, 0 });
        size_t n = 0;
        while (n < line.n &&
               (is_letter(line.p[n]) || line.p[n] == '_' || line.p[n] == ':' || (n > 0 && is_digit(line.p[n]))))
                n++;
        Str name = str_sub(line, 0, n);
        size_t open = n;
        while (n > 0 && open < line.n && is_blank(line.p[open]))
                open++;
        bool braces = open < line.n && line.p[open] == '{' &&
                      (open == n || !str_starts(str_sub(line, open, line.n), STR("{{")));
        if (braces)
                n = open;
        if (n == 0 && !braces)
                return err_set(err, ERR_INVALID, "column 1: expected a metric name or '{'");
        if (braces) {
                Parse p;
                Str text = str_sub(line, n, line.n);
                if (!parse_begin(&p, text, arena, &FEATURES, AST_MAX_DEPTH, err) || !parse_label_set(&p, &b))
                        return err_wrap(err, "column %zu", n + p.err_pos.start + 1);
                n += p.tok.end;
        }
        if (name.n > 0)
                labels_builder_set(&b, LABEL_NAME, str_dup(arena, name));
        *ret = labels_builder_build(&b, arena);
        *ret_rest = str_sub(line, n, line.n);
        return true;
}

bool seriesdesc_parse(Str line, Arena *arena, SeriesDesc *ret, Err *err)
{
        Labels labels;
        Str rest;
        if (!seriesdesc_parse_labels(line, arena, &labels, &rest, err))
                return false;
        Scan s = { .line = line, .i = line.n - rest.n, .err = err, .values.arena = arena };
        if (rest.n > 0 && !is_blank(rest.p[0]))
                return fail(&s, "expected white space behind the labels");
        if (!scan_values(&s))
                return false;
        *ret = (SeriesDesc){ .labels = labels, .values = s.values.data, .n = s.values.len };
        return true;
}
