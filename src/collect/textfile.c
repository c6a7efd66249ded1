/* Invariants
 * 1. A family is typed and helped before its samples, each once; a sample belongs to exactly one family.
 * 2. _sum, _count and _bucket are suffixes only of a family that is a summary or histogram; elsewhere they are part of
 *    the name. */
#include "collect/textfile.h"

#include "base/hash.h"
#include "codec/floats.h"

typedef struct SeriesParts {
        const Label *labels; /* without le and quantile */
        size_t n;
        bool sum, count, inf;
        double total;
} SeriesParts;

#define MAP_NAME TextfileIndex
#define MAP_FN_PREFIX textfile_index
#define MAP_KEY Str
#define MAP_VAL TextfileFamily *
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

#define MAP_NAME SeriesIndex
#define MAP_FN_PREFIX series_index
#define MAP_KEY Str
#define MAP_VAL SeriesParts
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef struct Parser {
        Arena *arena;
        TextfileFamilies families;
        TextfileIndex index;
        Str rest; /* of the line */
        size_t line;
} Parser;

static bool fail(const Parser *p, Err *err, const char *what)
{
        return err_set(err, ERR_INVALID, "line %zu: %s", p->line, what);
}

static void skip_blanks(Parser *p)
{
        while (p->rest.n && (p->rest.p[0] == ' ' || p->rest.p[0] == '\t'))
                p->rest = str_sub(p->rest, 1, p->rest.n);
}

static Str take_name(Parser *p, bool colons)
{
        size_t n = 0;
        for (; n < p->rest.n; n++) {
                char c = p->rest.p[n];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
                if (!letter && !(n > 0 && c >= '0' && c <= '9'))
                        break;
        }
        Str name = str_sub(p->rest, 0, n);
        p->rest = str_sub(p->rest, n, p->rest.n);
        return name;
}

static Str take_word(Parser *p)
{
        size_t n = 0;
        while (n < p->rest.n && p->rest.p[n] != ' ' && p->rest.p[n] != '\t')
                n++;
        Str word = str_sub(p->rest, 0, n);
        p->rest = str_sub(p->rest, n, p->rest.n);
        return word;
}

static TextfileFamily *family_named(Parser *p, Str name)
{
        TextfileFamily **known = textfile_index_get(&p->index, name);
        if (known)
                return *known;
        TextfileFamily *f = arena_new_of(p->arena, TextfileFamily);
        f->name = name;
        f->samples.arena = p->arena;
        *textfile_index_put(&p->index, name, NULL) = f;
        vec_push(&p->families, f);
        return f;
}

/* The family that a sample of this name belongs to. */
static TextfileFamily *family_of_sample(Parser *p, Str name, Str *ret_suffix)
{
        static const struct {
                Str suffix;
                bool summary;
        } suffixes[] = { { STR_INIT("_sum"), true }, { STR_INIT("_count"), true }, { STR_INIT("_bucket"), false } };
        *ret_suffix = (Str){ 0 };
        TextfileFamily **known = textfile_index_get(&p->index, name);
        for (size_t i = 0; !known && i < ARRAY_LEN(suffixes); i++) {
                if (!str_ends(name, suffixes[i].suffix))
                        continue;
                TextfileFamily **base = textfile_index_get(&p->index, str_sub(name, 0, name.n - suffixes[i].suffix.n));
                if (base && ((*base)->type == METRIC_TYPE_HISTOGRAM ||
                             ((*base)->type == METRIC_TYPE_SUMMARY && suffixes[i].summary))) {
                        *ret_suffix = suffixes[i].suffix;
                        return *base;
                }
        }
        return known ? *known : family_named(p, name);
}

/* \\ and \n, and \" in a label's value. */
static Str unescape(Arena *arena, Str s)
{
        if (str_find_char(s, '\\') == SIZE_MAX)
                return s;
        char *out = arena_raw(arena, s.n, 1);
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c == '\\' && i + 1 < s.n && (s.p[i + 1] == '\\' || s.p[i + 1] == 'n' || s.p[i + 1] == '"'))
                        c = s.p[++i] == 'n' ? '\n' : s.p[i];
                out[n++] = c;
        }
        return str_n(out, n);
}

static bool parse_type(Parser *p, Str name, Str word, Err *err)
{
        static const struct {
                Str word;
                MetricType type;
        } types[] = {
                { STR_INIT("counter"), METRIC_TYPE_COUNTER }, { STR_INIT("gauge"), METRIC_TYPE_GAUGE },
                { STR_INIT("untyped"), METRIC_TYPE_UNKNOWN }, { STR_INIT("histogram"), METRIC_TYPE_HISTOGRAM },
                { STR_INIT("summary"), METRIC_TYPE_SUMMARY },
        };
        TextfileFamily *f = family_named(p, name);
        if (f->has_type || f->samples.len)
                return err_set(err, ERR_INVALID, "line %zu: a second TYPE of '" STR_FMT "', or one behind its samples",
                               p->line, STR_ARG(name));
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
                if (!str_eq_fold(word, types[i].word))
                        continue;
                f->has_type = true;
                f->type = types[i].type;
                return true;
        }
        return err_set(err, ERR_INVALID, "line %zu: '" STR_FMT "' is no metric type", p->line, STR_ARG(word));
}

static bool parse_comment(Parser *p, Err *err)
{
        p->rest = str_sub(p->rest, 1, p->rest.n);
        skip_blanks(p);
        Str word = take_word(p);
        bool help = str_eq(word, STR("HELP"));
        if (!help && !str_eq(word, STR("TYPE")))
                return true;
        skip_blanks(p);
        Str name = take_name(p, true);
        if (name.n == 0 || (p->rest.n && p->rest.p[0] != ' ' && p->rest.p[0] != '\t'))
                return fail(p, err, "a HELP or TYPE without the name of a metric");
        skip_blanks(p);
        if (!help)
                return parse_type(p, name, str_trim(p->rest), err);
        TextfileFamily *f = family_named(p, name);
        if (f->has_help)
                return err_set(err, ERR_INVALID, "line %zu: a second HELP of '" STR_FMT "'", p->line, STR_ARG(name));
        f->has_help = true;
        f->help = unescape(p->arena, p->rest);
        return true;
}

/* The bound of a bucket or quantile as client libraries write it. */
static bool normal_bound(Parser *p, Label *label)
{
        double v;
        if (!floats_parse(label->value, &v))
                return false;
        Buf out = { .arena = p->arena };
        floats_format_g(&out, v);
        label->value = buf_str(&out);
        return true;
}

static bool parse_label(Parser *p, Label *ret, Err *err)
{
        ret->name = take_name(p, false);
        skip_blanks(p);
        if (ret->name.n == 0 || !str_starts(p->rest, STR("=")))
                return fail(p, err, "a label needs a name and '='");
        if (str_eq(ret->name, LABEL_NAME))
                return fail(p, err, "the label __name__ is reserved");
        p->rest = str_sub(p->rest, 1, p->rest.n);
        skip_blanks(p);
        if (!str_starts(p->rest, STR("\"")))
                return fail(p, err, "a label's value is not in double quotes");
        size_t end = 1;
        while (end < p->rest.n && p->rest.p[end] != '"')
                end += p->rest.p[end] == '\\' ? 2 : 1;
        if (end >= p->rest.n)
                return fail(p, err, "a label's value has no closing quote");
        ret->value = unescape(p->arena, str_sub(p->rest, 1, end));
        p->rest = str_sub(p->rest, end + 1, p->rest.n);
        skip_blanks(p);
        return true;
}

static bool parse_labels(Parser *p, Label *labels, size_t *ret_n, Err *err)
{
        size_t n = 0;
        p->rest = str_sub(p->rest, 1, p->rest.n);
        skip_blanks(p);
        while (!str_starts(p->rest, STR("}"))) {
                if (n == TEXTFILE_MAX_LABELS)
                        return err_set(err, ERR_LIMIT, "line %zu: more than %d labels", p->line, TEXTFILE_MAX_LABELS);
                if (!parse_label(p, &labels[n], err))
                        return false;
                for (size_t i = 0; i < n; i++)
                        if (str_eq(labels[i].name, labels[n].name))
                                return err_set(err, ERR_INVALID, "line %zu: two labels '" STR_FMT "'", p->line,
                                               STR_ARG(labels[n].name));
                n++;
                if (str_starts(p->rest, STR(",")))
                        p->rest = str_sub(p->rest, 1, p->rest.n);
                else if (!str_starts(p->rest, STR("}")))
                        return fail(p, err, "',' or '}' must follow a label");
                skip_blanks(p);
        }
        p->rest = str_sub(p->rest, 1, p->rest.n);
        *ret_n = n;
        return true;
}

static bool is_bound(Str name) { return str_eq(name, STR("le")) || str_eq(name, STR("quantile")); }

static bool parse_sample(Parser *p, Err *err)
{
        Label labels[TEXTFILE_MAX_LABELS];
        size_t n = 0;
        Str suffix;
        Str name = take_name(p, true);
        if (name.n == 0)
                return fail(p, err, "a line starts with the name of a metric or with '#'");
        skip_blanks(p);
        TextfileFamily *f = family_of_sample(p, name, &suffix);
        if (str_starts(p->rest, STR("{")) && !parse_labels(p, labels, &n, err))
                return false;
        skip_blanks(p);
        TextfileSample s = { .suffix = suffix, .n = n };
        Str value = take_word(p);
        if (!floats_parse(value, &s.value))
                return err_set(err, ERR_INVALID, "line %zu: '" STR_FMT "' is no number", p->line,
                               STR_ARG(str_sub(value, 0, 40)));
        skip_blanks(p);
        if (p->rest.n)
                return fail(p, err,
                            "a timestamp, which a file that is read again cannot have, or text behind the value");
        for (size_t i = 0; i < n; i++)
                if (is_bound(labels[i].name) && (f->type == METRIC_TYPE_HISTOGRAM || f->type == METRIC_TYPE_SUMMARY) &&
                    !normal_bound(p, &labels[i]))
                        return fail(p, err, "a bound that is no number");
        Label *copy = arena_raw_array(p->arena, Label, n + 1);
        if (n)
                memcpy(copy, labels, n * sizeof *copy);
        s.labels = copy;
        vec_push(&f->samples, s);
        return true;
}

/* The labels but the bound, sorted, as one string. */
static SeriesParts *parts_of(SeriesIndex *index, Arena *arena, const TextfileSample *s)
{
        Label *kept = arena_raw_array(arena, Label, s->n + 1);
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++) {
                if (is_bound(s->labels[i].name))
                        continue;
                size_t at = n++;
                for (; at > 0 && str_cmp(kept[at - 1].name, s->labels[i].name) > 0; at--)
                        kept[at] = kept[at - 1];
                kept[at] = s->labels[i];
        }
        Buf key = { .arena = arena };
        labels_print(&key, (Labels){ kept, n });
        SeriesParts *parts = series_index_put(index, buf_str(&key), NULL);
        parts->labels = kept;
        parts->n = n;
        return parts;
}

static Label *with_infinity(Arena *arena, const SeriesParts *parts)
{
        Label *labels = arena_raw_array(arena, Label, parts->n + 1);
        if (parts->n)
                memcpy(labels, parts->labels, parts->n * sizeof *labels);
        labels[parts->n] = (Label){ STR("le"), STR("+Inf") };
        return labels;
}

static void note_part(SeriesParts *parts, const TextfileSample *s)
{
        parts->sum = parts->sum || str_eq(s->suffix, STR("_sum"));
        if (str_eq(s->suffix, STR("_count"))) {
                parts->count = true;
                parts->total = s->value;
        }
        for (size_t i = 0; i < s->n; i++)
                if (str_eq(s->labels[i].name, STR("le")) && str_eq(s->labels[i].value, STR("+Inf")))
                        parts->inf = true;
}

static void complete(TextfileFamily *f, Arena *arena)
{
        SeriesIndex index = { .arena = arena };
        vec_each(s, &f->samples)
                note_part(parts_of(&index, arena, s), s);
        for (SeriesIndexSlot *slot = series_index_next(&index, NULL); slot; slot = series_index_next(&index, slot)) {
                const SeriesParts *parts = &slot->val;
                if (!parts->sum)
                        vec_push(&f->samples,
                                 (TextfileSample){ .suffix = STR("_sum"), .labels = parts->labels, .n = parts->n });
                if (!parts->count)
                        vec_push(&f->samples,
                                 (TextfileSample){ .suffix = STR("_count"), .labels = parts->labels, .n = parts->n });
                if (!parts->inf && f->type == METRIC_TYPE_HISTOGRAM)
                        vec_push(&f->samples, (TextfileSample){ .suffix = STR("_bucket"),
                                                                .labels = with_infinity(arena, parts),
                                                                .n = parts->n + 1,
                                                                .value = parts->total });
        }
}

bool textfile_parse(Str text, Arena *arena, TextfileFamilies *ret, Err *err)
{
        Parser p = { .arena = arena, .families = { .arena = arena }, .index = { .arena = arena } };
        while (text.n) {
                str_cut(text, '\n', &p.rest, &text);
                p.line++;
                if (str_ends(p.rest, STR("\r")))
                        p.rest.n--;
                skip_blanks(&p);
                if (p.rest.n == 0)
                        continue;
                if (p.rest.p[0] == '#' ? !parse_comment(&p, err) : !parse_sample(&p, err))
                        return false;
        }
        vec_each(f, &p.families)
                if ((*f)->type == METRIC_TYPE_HISTOGRAM || (*f)->type == METRIC_TYPE_SUMMARY)
                        complete(*f, arena);
        *ret = p.families;
        return true;
}
