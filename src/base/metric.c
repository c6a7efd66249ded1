/* Why lists: families are few and registered before main; series of a family are few and never removed, so a lock-free
 * push and a linear walk are enough and reading never blocks a counter. */
#include "base/metric.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/mem.h"
#include "base/vec.h"

static const double BOUNDS[METRIC_BUCKETS] = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                               0.1,    0.25,  0.5,    1,     2.5,  10,    60 };

static struct {
        pthread_mutex_t mu;
        MetricFamily *families; /* guarded by mu */
} registry /* NOLINT: the registry of metrics */ = { .mu = PTHREAD_MUTEX_INITIALIZER };

void metric_register(MetricFamily *family)
{
        pthread_mutex_lock(&registry.mu);
        family->next = registry.families;
        registry.families = family;
        pthread_mutex_unlock(&registry.mu);
}

static size_t label_count(const MetricFamily *f)
{
        size_t n = 0;
        while (n < METRIC_MAX_LABELS && f->labels[n])
                n++;
        return n;
}

static Metric *find(Metric *m, const Str *values, size_t n)
{
        for (; m; m = m->next) {
                size_t i = 0;
                while (i < n && str_eq(str_of(m->values[i]), values[i]))
                        i++;
                if (i == n)
                        return m;
        }
        return NULL;
}

Metric *metric_with(MetricFamily *f, const Str *values)
{
        size_t n = label_count(f);
        Metric *m = find(atomic_load_explicit(&f->series, memory_order_acquire), values, n);
        if (m)
                return m;
        pthread_mutex_lock(&registry.mu);
        m = find(f->series, values, n);
        if (!m) {
                m = mem_new(Metric);
                for (size_t i = 0; i < n; i++)
                        m->values[i] = mem_strndup(values[i].p, values[i].n);
                if (f->kind == METRIC_KIND_HISTOGRAM)
                        m->buckets = mem_zalloc_array(METRIC_BUCKETS + 1, sizeof *m->buckets);
                m->next = f->series;
                atomic_store_explicit(&f->series, m, memory_order_release);
        }
        pthread_mutex_unlock(&registry.mu);
        return m;
}

void metric_inc_by(Metric *m, uint64_t n) { atomic_fetch_add_explicit(&m->bits, n, memory_order_relaxed); }

void metric_set_value(Metric *m, double v) { atomic_store_explicit(&m->bits, bits_of_double(v), memory_order_relaxed); }

uint64_t metric_count(const Metric *m) { return atomic_load_explicit(&m->bits, memory_order_relaxed); }

void metric_observe_value(Metric *m, double seconds)
{
        size_t i = 0;
        while (i < METRIC_BUCKETS && seconds > BOUNDS[i])
                i++;
        atomic_fetch_add_explicit(&m->buckets[i], 1, memory_order_relaxed);
        uint64_t old = metric_count(m);
        uint64_t sum;
        do {
                sum = bits_of_double(bits_to_double(old) + seconds);
        } while (!atomic_compare_exchange_weak_explicit(&m->bits, &old, sum, memory_order_relaxed,
                                                        memory_order_relaxed));
}

static void put_escaped(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] == '\n')
                        buf_lit(out, "\\n");
                else if (s.p[i] == '\\' || s.p[i] == '"')
                        buf_printf(out, "\\%c", s.p[i]);
                else
                        buf_char(out, s.p[i]);
        }
}

static void put_double(Buf *out, double v)
{
        char tmp[32];
        if (isinf(v)) {
                buf_cstr_add(out, v > 0 ? "+Inf" : "-Inf");
                return;
        }
        for (int digits = 15; digits <= 17; digits++) {
                snprintf(tmp, sizeof tmp, "%.*g", digits, v);
                if (strtod(tmp, NULL) == v)
                        break;
        }
        buf_cstr_add(out, isnan(v) ? "NaN" : tmp);
}

static void put_series(Buf *out, const MetricFamily *f, const Metric *m, const char *suffix, const char *le)
{
        buf_cstr_add(out, f->name);
        buf_cstr_add(out, suffix);
        size_t n = m ? label_count(f) : 0;
        if (n || le) {
                buf_char(out, '{');
                for (size_t i = 0; i < n; i++) {
                        buf_printf(out, "%s%s=\"", i ? "," : "", f->labels[i]);
                        put_escaped(out, str_of(m->values[i]));
                        buf_char(out, '"');
                }
                if (le)
                        buf_printf(out, "%sle=\"%s\"", n ? "," : "", le);
                buf_char(out, '}');
        }
        buf_char(out, ' ');
}

static void put_histogram(Buf *out, const MetricFamily *f, const Metric *m)
{
        uint64_t total = 0;
        for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
                total += atomic_load_explicit(&m->buckets[i], memory_order_relaxed);
                char le[32];
                if (i < METRIC_BUCKETS)
                        snprintf(le, sizeof le, BOUNDS[i] == floor(BOUNDS[i]) ? "%.1f" : "%g", BOUNDS[i]);
                put_series(out, f, m, "_bucket", i < METRIC_BUCKETS ? le : "+Inf");
                buf_u64(out, total);
                buf_char(out, '\n');
        }
        put_series(out, f, m, "_sum", NULL);
        put_double(out, bits_to_double(metric_count(m)));
        buf_char(out, '\n');
        put_series(out, f, m, "_count", NULL);
        buf_u64(out, total);
        buf_char(out, '\n');
}

static void put_family(Buf *out, const MetricFamily *f)
{
        static const char *const kinds[] = { "counter", "gauge", "histogram", "summary" };
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, kinds[f->kind]);
        if (f->write) {
                pthread_mutex_lock(&registry.mu);
                if (f->write_ctx)
                        f->write(f->write_ctx, f, out);
                pthread_mutex_unlock(&registry.mu);
                return;
        }
        if (f->read) {
                put_series(out, f, NULL, "", NULL);
                put_double(out, f->read(f->read_ctx));
                buf_char(out, '\n');
                return;
        }
        for (const Metric *m = atomic_load_explicit(&f->series, memory_order_acquire); m; m = m->next) {
                if (f->kind == METRIC_KIND_HISTOGRAM) {
                        put_histogram(out, f, m);
                        continue;
                }
                put_series(out, f, m, "", NULL);
                if (f->kind == METRIC_KIND_COUNTER)
                        buf_u64(out, metric_count(m));
                else
                        put_double(out, bits_to_double(metric_count(m)));
                buf_char(out, '\n');
        }
}

static int by_name(const void *a, const void *b)
{
        const MetricFamily *const *x = a;
        const MetricFamily *const *y = b;
        return strcmp((*x)->name, (*y)->name);
}

void metric_write_with(MetricFamily *family, void *ctx)
{
        pthread_mutex_lock(&registry.mu);
        family->write_ctx = ctx;
        pthread_mutex_unlock(&registry.mu);
}

void metric_write_without(MetricFamily *family, const void *ctx)
{
        pthread_mutex_lock(&registry.mu);
        if (family->write_ctx == ctx)
                family->write_ctx = NULL;
        pthread_mutex_unlock(&registry.mu);
}

void metric_write_one(Buf *out, const MetricFamily *family, const char *value, uint64_t bits)
{
        buf_printf(out, "%s{%s=\"", family->name, family->labels[0]);
        put_escaped(out, str_of(value));
        buf_lit(out, "\"} ");
        if (family->kind == METRIC_KIND_COUNTER)
                buf_u64(out, bits);
        else
                put_double(out, bits_to_double(bits));
        buf_char(out, '\n');
}

void metric_write_text(Buf *out)
{
        VEC(MetricFamily *) all = { 0 };
        pthread_mutex_lock(&registry.mu);
        for (MetricFamily *f = registry.families; f; f = f->next)
                vec_push(&all, f);
        pthread_mutex_unlock(&registry.mu);
        if (all.len)
                qsort(all.data, all.len, sizeof *all.data, by_name);
        vec_each(f, &all)
                put_family(out, *f);
        vec_done(&all);
}
