/* Invariants
 * 1. What is written has every family once, with HELP and TYPE before its samples, and no series twice.
 * 2. The order of the output does not depend on the order of pushing, but for which of two equal series wins (the
 * last).
 *
 * Samples are kept as values and sorted when written: a host has a few thousand of them, sorting costs less than a
 * collector's system calls, and collectors may emit in whatever order /proc has. */
#include "component/metric_sink.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "codec/floats.h"

typedef struct TextSample {
        Str suffix;
        Labels labels;
        double value;
        size_t order; /* as pushed */
} TextSample;

typedef struct TextFamily {
        Str name, help;
        MetricType type;
        VEC(TextSample) samples;
} TextFamily;

#define MAP_NAME TextFamilyMap
#define MAP_FN_PREFIX family_map
#define MAP_KEY Str
#define MAP_VAL TextFamily *
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

/* Sorted, unique, without empty values: in arena. metric.n == 0: no __name__. */
static Labels labels_of(Arena *arena, Str metric, const Label *labels, size_t n)
{
        Label *out = arena_raw_array(arena, Label, n + 1);
        size_t kept = 0;
        if (metric.n)
                out[kept++] = (Label){ LABEL_NAME, metric };
        for (size_t i = 0; i < n; i++) {
                size_t at = kept;
                while (at > 0 && str_cmp(out[at - 1].name, labels[i].name) > 0)
                        at--;
                if (at > 0 && str_eq(out[at - 1].name, labels[i].name)) {
                        out[at - 1].value = labels[i].value;
                        continue;
                }
                memmove(out + at + 1, out + at, (kept - at) * sizeof *out);
                out[at] = labels[i];
                kept++;
        }
        size_t filled = 0;
        for (size_t i = 0; i < kept; i++)
                if (out[i].value.n)
                        out[filled++] = out[i];
        return (Labels){ out, filled };
}

/* ---- text */

static void text_family(MetricSink *sink, Str name, MetricType type, Str help)
{
        TextSink *text = (TextSink *)(void *)sink;
        TextFamily **known = family_map_get(text->by_name, name);
        if (known) {
                text->current = *known;
                return;
        }
        TextFamily *f = arena_new_of(text->arena, TextFamily);
        *f = (TextFamily){ .name = str_dup(text->arena, name), .help = str_dup(text->arena, help), .type = type };
        f->samples.arena = text->arena;
        *family_map_put(text->by_name, f->name, NULL) = f;
        vec_push(&text->families, f);
        text->current = f;
}

static void text_sample(MetricSink *sink, Str suffix, const Label *labels, size_t n, double value)
{
        TextSink *text = (TextSink *)(void *)sink;
        CHECK(text->current != NULL); /* a family comes first */
        TextFamily *f = text->current;
        Labels sorted = labels_dup(text->arena, labels_of(text->arena, (Str){ 0 }, labels, n));
        vec_push(&f->samples, (TextSample){ .suffix = suffix.n ? str_dup(text->arena, suffix) : (Str){ 0 },
                                            .labels = sorted,
                                            .value = value,
                                            .order = f->samples.len });
}

void metric_sink_text_init(TextSink *text, Arena *arena)
{
        *text = (TextSink){ .sink = { .family = text_family, .sample = text_sample }, .arena = arena };
        text->families.arena = arena;
        text->by_name = arena_new_of(arena, struct TextFamilyMap);
        text->by_name->arena = arena;
}

static int by_name(const void *a, const void *b)
{
        const TextFamily *const *x = a;
        const TextFamily *const *y = b;
        return str_cmp((*x)->name, (*y)->name);
}

/* The bound of a bucket or the quantile of a summary sorts as a number. */
static int cmp_value(Str name, Str a, Str b)
{
        double x;
        double y;
        if ((str_eq(name, STR("le")) || str_eq(name, STR("quantile"))) && floats_parse(a, &x) && floats_parse(b, &y))
                return (x > y) - (x < y);
        return str_cmp(a, b);
}

/* Plain samples and buckets first, _sum and _count behind those of the same series. */
static int suffix_rank(Str suffix) { return str_eq(suffix, STR("_sum")) ? 1 : str_eq(suffix, STR("_count")) ? 2 : 0; }

static bool is_bound(Str name) { return str_eq(name, STR("le")) || str_eq(name, STR("quantile")); }

static size_t count_without_bound(Labels l)
{
        size_t n = 0;
        for (size_t i = 0; i < l.n; i++)
                n += !is_bound(l.data[i].name);
        return n;
}

/* Compares without the bound, which belongs to the inside of one histogram. Fewer labels come first. */
static int cmp_series(Labels a, Labels b)
{
        size_t n = count_without_bound(a);
        size_t m = count_without_bound(b);
        if (n != m)
                return n < m ? -1 : 1;
        size_t i = 0;
        size_t k = 0;
        for (; n > 0; n--, i++, k++) {
                while (is_bound(a.data[i].name))
                        i++;
                while (is_bound(b.data[k].name))
                        k++;
                int c = str_cmp(a.data[i].name, b.data[k].name);
                if (c == 0)
                        c = str_cmp(a.data[i].value, b.data[k].value);
                if (c != 0)
                        return c;
        }
        return 0;
}

static int cmp_identity(const TextSample *x, const TextSample *y)
{
        int c = cmp_series(x->labels, y->labels);
        if (c == 0)
                c = suffix_rank(x->suffix) - suffix_rank(y->suffix);
        if (c == 0)
                c = str_cmp(x->suffix, y->suffix);
        if (c == 0 && x->labels.n != y->labels.n)
                c = x->labels.n < y->labels.n ? -1 : 1;
        for (size_t i = 0; c == 0 && i < x->labels.n; i++)
                c = cmp_value(x->labels.data[i].name, x->labels.data[i].value, y->labels.data[i].value);
        return c;
}

static int by_identity(const void *a, const void *b)
{
        const TextSample *x = a;
        const TextSample *y = b;
        int c = cmp_identity(x, y);
        return c ? c : (x->order > y->order) - (x->order < y->order);
}

static const char *type_name(MetricType type)
{
        switch (type) {
        case METRIC_TYPE_COUNTER:
        case METRIC_TYPE_GAUGE:
        case METRIC_TYPE_HISTOGRAM:
        case METRIC_TYPE_SUMMARY: return metadata_type_name(type);
        case METRIC_TYPE_INFO:
        case METRIC_TYPE_STATESET: return "gauge";
        case METRIC_TYPE_UNKNOWN:
        case METRIC_TYPE_GAUGE_HISTOGRAM: break;
        }
        return "untyped";
}

static void put_escaped(Buf *out, Str s, bool quotes)
{
        size_t plain = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c != '\\' && c != '\n' && !(quotes && c == '"'))
                        continue;
                buf_add(out, s.p + plain, i - plain);
                buf_char(out, '\\');
                buf_char(out, c == '\n' ? 'n' : c);
                plain = i + 1;
        }
        if (plain < s.n)
                buf_add(out, s.p + plain, s.n - plain);
}

static void put_sample(Buf *out, const TextFamily *f, const TextSample *s)
{
        buf_str_add(out, f->name);
        buf_str_add(out, s->suffix);
        for (size_t i = 0; i < s->labels.n; i++) {
                buf_char(out, i ? ',' : '{');
                buf_str_add(out, s->labels.data[i].name);
                buf_lit(out, "=\"");
                put_escaped(out, s->labels.data[i].value, true);
                buf_char(out, '"');
        }
        buf_cstr_add(out, s->labels.n ? "} " : " ");
        floats_format_g(out, s->value);
        buf_char(out, '\n');
}

static void put_family(TextSink *text, Buf *out, TextFamily *f)
{
        if (f->samples.len == 0)
                return;
        qsort(f->samples.data, f->samples.len, sizeof *f->samples.data, by_identity);
        if (f->help.n) {
                buf_lit(out, "# HELP ");
                buf_str_add(out, f->name);
                buf_char(out, ' ');
                put_escaped(out, f->help, false);
                buf_char(out, '\n');
        }
        buf_lit(out, "# TYPE ");
        buf_str_add(out, f->name);
        buf_char(out, ' ');
        buf_cstr_add(out, type_name(f->type));
        buf_char(out, '\n');
        for (size_t i = 0; i < f->samples.len; i++) {
                TextSample *s = &f->samples.data[i];
                if (i + 1 < f->samples.len && cmp_identity(s, s + 1) == 0)
                        text->repeated++; /* the later one stands behind it */
                else
                        put_sample(out, f, s);
        }
}

void metric_sink_text_write(TextSink *text, Buf *out)
{
        if (text->families.len)
                qsort(text->families.data, text->families.len, sizeof *text->families.data, by_name);
        text->repeated = 0;
        vec_each(f, &text->families)
                put_family(text, out, *f);
}

/* ---- callback */

static void callback_family(MetricSink *sink, Str name, MetricType type, Str help)
{
        CallbackSink *c = (CallbackSink *)(void *)sink;
        arena_reset(c->scratch);
        c->name = str_dup(c->scratch, name);
        if (c->on_family)
                c->on_family(c->arg, name, &(Metadata){ .type = type, .help = help });
}

static void callback_sample(MetricSink *sink, Str suffix, const Label *labels, size_t n, double value)
{
        CallbackSink *c = (CallbackSink *)(void *)sink;
        if (c->name.n == 0) {
                c->ignored++;
                return;
        }
        Str name = suffix.n ? str_printf(c->scratch, STR_FMT STR_FMT, STR_ARG(c->name), STR_ARG(suffix)) : c->name;
        c->on_sample(c->arg, labels_of(c->scratch, name, labels, n), value);
}

void metric_sink_callback_init(CallbackSink *callback, void (*on_sample)(void *arg, Labels labels, double value),
                               void (*on_family)(void *arg, Str name, const Metadata *metadata), void *arg)
{
        *callback = (CallbackSink){ .sink = { .family = callback_family, .sample = callback_sample },
                                    .on_sample = on_sample,
                                    .on_family = on_family,
                                    .arg = arg };
        callback->scratch = arena_new();
}

void metric_sink_callback_done(CallbackSink *callback)
{
        if (callback->scratch)
                arena_free(callback->scratch);
        callback->scratch = NULL;
}
