/* A comment line counts as blank, also in a body: upstream's runner reads scripts so. */
#include "app/promqltest/ptscript.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/num.h"
#include "codec/floats.h"
#include "promql/ast.h"

typedef VEC(SequenceValue) SequenceVec;

static Str next_line(PtScript *s)
{
        Str line = { NULL, 0 };
        if (!str_split_next(&s->rest, '\n', &line))
                return (Str){ NULL, 0 };
        s->line++;
        line = str_trim(line);
        return line.n > 0 && line.p[0] == '#' ? STR("") : line;
}

/* The next line of a body; false at its end. */
static bool body_line(PtScript *s, Str *ret)
{
        if (!s->rest.p)
                return false;
        *ret = next_line(s);
        return ret->n > 0;
}

static void skip_body(PtScript *s)
{
        for (Str line; body_line(s, &line);)
                ;
}

/* Cuts the first word off *rest. */
static Str word(Str *rest)
{
        Str s = str_trim(*rest);
        size_t n = 0;
        while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
                n++;
        *rest = str_trim(str_sub(s, n, s.n));
        return str_sub(s, 0, n);
}

static bool accept_word(Str *rest, const char *want)
{
        Str after = *rest;
        if (!str_eq_fold(word(&after), str_of(want)))
                return false;
        *rest = after;
        return true;
}

static bool time_word(Str *rest, int64_t *ret, Err *err)
{
        Str w = word(rest);
        return duration_parse(w, ret) || err_set(err, ERR_INVALID, "'" STR_FMT "' is not a duration", STR_ARG(w));
}

static bool keyword_time(Str *rest, const char *keyword, int64_t *ret, Err *err)
{
        if (!accept_word(rest, keyword))
                return err_set(err, ERR_INVALID, "expected '%s'", keyword);
        return time_word(rest, ret, err);
}

/* from <s> to <e> step <st> */
static bool time_range(Str *rest, int64_t *start, int64_t *end, int64_t *step, Err *err)
{
        if (!keyword_time(rest, "from", start, err) || !keyword_time(rest, "to", end, err) ||
            !keyword_time(rest, "step", step, err))
                return false;
        if (*end < *start)
                return err_set(err, ERR_INVALID, "the end is before the start");
        return *step > 0 || err_set(err, ERR_INVALID, "the step must be positive");
}

/* A Go integer literal (0x8f) or a float. */
static bool parse_number(Str s, double *ret)
{
        char z[64], *end;
        if (s.n == 0 || s.n >= sizeof z)
                return false;
        memcpy(z, s.p, s.n);
        z[s.n] = '\0';
        long long v = strtoll(z, &end, 0);
        if (*end == '\0') {
                *ret = (double)v;
                return true;
        }
        return floats_parse(s, ret);
}

static bool series_line(Str line, Arena *arena, PtSeries *ret, Err *err)
{
        SeriesDesc desc;
        if (!seriesdesc_parse(line, arena, &desc, err))
                return false;
        ret->labels = desc.labels;
        ret->values = desc.values;
        ret->n = desc.n;
        return true;
}

/* ---- load ---- */

static bool bad_start(Str item, Err *err)
{
        return err_set(err, ERR_INVALID, "'" STR_FMT "' is no start timestamp", STR_ARG(item));
}

/* `<dur>` or `<dur>+<dur>`, in milliseconds, with a sign in front. */
static bool start_and_step(Str head, int64_t *ret_ms, int64_t *ret_step)
{
        Str from, by;
        bool negative = head.n && head.p[0] == '-';
        if (negative || (head.n && head.p[0] == '+'))
                head = str_sub(head, 1, head.n);
        bool minus = str_cut(head, '-', &from, &by), stepped = minus || str_cut(head, '+', &from, &by);
        *ret_step = 0;
        if (!duration_parse(stepped ? from : head, ret_ms) || (stepped && !duration_parse(by, ret_step)))
                return false;
        *ret_ms = negative ? -*ret_ms : *ret_ms;
        *ret_step = minus ? -*ret_step : *ret_step;
        return true;
}

/* One word of start timestamps: `_`, `_xN`, `<dur>`, `<dur>xN`, `<dur>+<dur>xN`. */
static bool add_starts(SequenceVec *all, Str item, Err *err)
{
        uint64_t n = 0;
        int64_t ms, step;
        Str head = item, count;
        bool repeated = str_cut(item, 'x', &head, &count);
        if (repeated && (!num_parse_u64(count, &n) || n > SERIESDESC_MAX_VALUES))
                return bad_start(item, err);
        if (str_eq(head, STR("_"))) {
                for (n = repeated ? n : 1; n > 0; n--)
                        vec_push(all, (SequenceValue){ .omitted = true });
                return true;
        }
        if (!start_and_step(head, &ms, &step))
                return bad_start(item, err);
        for (uint64_t i = 0; i <= n; i++)
                vec_push(all, (SequenceValue){ .v = (double)(ms + (int64_t)i * step) });
        return true;
}

/* `series@st ...`: start timestamps for the series of the next line. *ret_is says whether the line is one. */
static bool start_timestamps(Str line, Arena *arena, PtSeries *ret, bool *ret_is, Err *err)
{
        Str rest, item;
        Err ignored;
        *ret_is = seriesdesc_parse_labels(line, arena, &ret->labels, &rest, &ignored) && str_starts(rest, STR("@st"));
        if (!*ret_is)
                return true;
        SequenceVec all = { .arena = arena };
        rest = str_sub(rest, 3, rest.n);
        while ((item = word(&rest)).n > 0)
                if (!add_starts(&all, item, err))
                        return false;
        ret->values = all.data;
        ret->n = all.len;
        return true;
}

/* The start timestamps belong to this series, point by point. */
static bool take_starts(PtSeries *series, const PtSeries *starts, Err *err)
{
        if (!starts->line)
                return true;
        if (!labels_eq(series->labels, starts->labels))
                return err_set(err, ERR_INVALID, "start timestamps without their series in the next line");
        if (starts->n != series->n)
                return err_set(err, ERR_INVALID, "%zu start timestamps for %zu samples", starts->n, series->n);
        series->starts = starts->values;
        return true;
}

/* A series that is listed twice in one load has its last values. */
static void add_loaded(PtSeriesVec *all, const PtSeries *series)
{
        vec_each(it, all) {
                if (labels_eq(it->labels, series->labels)) {
                        *it = *series;
                        return;
                }
        }
        vec_push(all, *series);
}

static bool parse_load(PtScript *s, Str line, Arena *arena, PtCommand *ret, Err *err)
{
        Str first = word(&line);
        ret->kind = PT_LOAD;
        ret->load.series.arena = arena;
        ret->load.with_nhcb = str_eq_fold(first, STR("load_with_nhcb"));
        if (!ret->load.with_nhcb && !str_eq_fold(first, STR("load")))
                return err_set(err, ERR_INVALID, "unknown command '" STR_FMT "'", STR_ARG(first));
        if (!time_word(&line, &ret->load.step_ms, err))
                return false;
        PtSeries starts = { 0 };
        for (Str body; body_line(s, &body);) {
                PtSeries series = { .line = s->line };
                bool is_starts;
                if (!start_timestamps(body, arena, &series, &is_starts, err))
                        return false;
                if (is_starts) {
                        starts = series;
                        continue;
                }
                if (!series_line(body, arena, &series, err) || !take_starts(&series, &starts, err))
                        return false;
                starts = (PtSeries){ 0 };
                add_loaded(&ret->load.series, &series);
        }
        return true;
}

/* ---- eval ---- */

static void free_regex(void *re) { regex_free(re); }

/* Nothing, `msg: text` or `regex: pattern`. */
static bool parse_text(Str rest, Arena *arena, PtText *ret, bool *ret_given, Err *err)
{
        rest = str_trim(rest);
        *ret_given = rest.n > 0;
        if (rest.n == 0)
                return true;
        if (str_starts(rest, STR("msg:"))) {
                ret->text = str_trim(str_sub(rest, 4, rest.n));
                return true;
        }
        if (!str_starts(rest, STR("regex:")))
                return err_set(err, ERR_INVALID, "expected 'msg:' or 'regex:'");
        Regex *re = NULL;
        ret->text = str_trim(str_sub(rest, 6, rest.n));
        if (!regex_compile(ret->text, REGEX_SEARCH, &re, err))
                return false;
        arena_defer(arena, free_regex, re);
        ret->re = re;
        return true;
}

static bool expect_annotation(PtTexts *texts, Str rest, Arena *arena, Err *err)
{
        PtText text = { 0 };
        bool given;
        texts->any = true;
        texts->texts.arena = arena;
        if (!parse_text(rest, arena, &text, &given, err))
                return false;
        if (given)
                vec_push(&texts->texts, text);
        return true;
}

static bool expect_string(Str rest, Arena *arena, PtEval *ev, Err *err)
{
        PromqlFeatures none = { 0 };
        Expr *e;
        SrcPos pos;
        if (!ast_parse(rest, arena, &none, &e, &pos, err))
                return false;
        if (e->kind != EXPR_STRING)
                return err_set(err, ERR_INVALID, "expected a quoted string");
        ev->has_string = true;
        ev->string = e->string;
        return true;
}

static bool parse_expect(Str rest, Arena *arena, PtEval *ev, Err *err)
{
        Str kind = word(&rest);
        if (str_eq(kind, STR("ordered")))
                return ev->ordered = true;
        if (str_eq(kind, STR("fail"))) {
                ev->fail = true;
                return parse_text(rest, arena, &ev->fail_text, &ev->has_fail_text, err);
        }
        if (str_eq(kind, STR("warn")))
                return expect_annotation(&ev->warnings, rest, arena, err);
        if (str_eq(kind, STR("info")))
                return expect_annotation(&ev->infos, rest, arena, err);
        if (str_eq(kind, STR("no_warn")))
                return ev->warnings.none = true;
        if (str_eq(kind, STR("no_info")))
                return ev->infos.none = true;
        if (str_eq(kind, STR("string")))
                return expect_string(rest, arena, ev, err);
        if (str_eq(kind, STR("range")) && accept_word(&rest, "vector")) {
                ev->range_vector = true;
                return time_range(&rest, &ev->vector_start_ms, &ev->vector_end_ms, &ev->vector_step_ms, err);
        }
        return err_set(err, ERR_INVALID, "unknown expectation '" STR_FMT "'", STR_ARG(kind));
}

/* The prefixes and lines of older scripts. */
static bool old_expectation(Str line, Arena *arena, PtEval *ev, bool *ret_done, Err *err)
{
        static const Str MESSAGE = STR_INIT("expected_fail_message"), PATTERN = STR_INIT("expected_fail_regexp");
        bool message = str_starts(line, MESSAGE);
        *ret_done = message || str_starts(line, PATTERN);
        if (!*ret_done)
                return true;
        Str rest = str_trim(str_sub(line, message ? MESSAGE.n : PATTERN.n, line.n));
        Str text = str_printf(arena, "%s" STR_FMT, message ? "msg:" : "regex:", STR_ARG(rest));
        return parse_text(text, arena, &ev->fail_text, &ev->has_fail_text, err);
}

static bool eval_line(PtScript *s, Str line, Arena *arena, PtEval *ev, bool *ret_last, Err *err)
{
        bool done;
        Str rest = line;
        *ret_last = false;
        if (accept_word(&rest, "expect"))
                return parse_expect(rest, arena, ev, err);
        if (!old_expectation(line, arena, ev, &done, err) || done)
                return done;
        if (parse_number(line, &ev->scalar)) {
                ev->has_scalar = *ret_last = true;
                return true;
        }
        PtSeries series = { .line = s->line };
        if (!series_line(line, arena, &series, err))
                return false;
        if (!ev->range && !ev->range_vector && series.n != 1)
                return err_set(err, ERR_INVALID, "an instant query's series has exactly one value, this one has %zu",
                               series.n);
        vec_push(&ev->series, series);
        return true;
}

/* eval[_fail|_warn|_info|_ordered] instant at <t> <expr>, or ... range from <s> to <e> step <st> <expr> */
static bool parse_eval(PtScript *s, Str line, Arena *arena, PtCommand *ret, Err *err)
{
        PtEval *ev = &ret->eval;
        Str first = word(&line);
        ret->kind = PT_EVAL;
        ev->series.arena = arena;
        ev->fail = str_eq_fold(first, STR("eval_fail"));
        ev->warnings.any = str_eq_fold(first, STR("eval_warn"));
        ev->infos.any = str_eq_fold(first, STR("eval_info"));
        ev->ordered = str_eq_fold(first, STR("eval_ordered"));
        ev->range = accept_word(&line, "range");
        if (!ev->range && !accept_word(&line, "instant"))
                return err_set(err, ERR_INVALID, "expected 'instant' or 'range'");
        if (!(ev->range ? time_range(&line, &ev->start_ms, &ev->end_ms, &ev->step_ms, err)
                        : keyword_time(&line, "at", &ev->start_ms, err)))
                return false;
        if (!ev->range)
                ev->end_ms = ev->start_ms;
        ev->expr = line;
        for (Str body; body_line(s, &body);) {
                bool last;
                if (!eval_line(s, body, arena, ev, &last, err))
                        return false;
                if (last)
                        break;
        }
        return true;
}

bool ptscript_next(PtScript *s, Arena *arena, PtCommand *ret, Err *err)
{
        Str line = { NULL, 0 };
        *ret = (PtCommand){ .kind = PT_END };
        while (s->rest.p && line.n == 0)
                line = next_line(s);
        ret->line = s->line;
        if (line.n == 0)
                return true;
        if (str_eq_fold(line, STR("clear"))) {
                ret->kind = PT_CLEAR;
                return true;
        }
        bool eval = str_eq_fold(str_sub(line, 0, 4), STR("eval"));
        if (eval ? parse_eval(s, line, arena, ret, err) : parse_load(s, line, arena, ret, err))
                return true;
        ret->line = s->line;
        skip_body(s);
        return false;
}
