/* Why columns: neighbouring histograms of a series differ by little in each bucket, and a bucket is a counter like any other. */
#include "part/histblock.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "codec/varint.h"

/* ---- layout */

static bool same_side(const HistogramSide *a, const HistogramSide *b)
{
        return a->n_spans == b->n_spans && a->n_counts == b->n_counts &&
               (a->n_spans == 0 || memcmp(a->spans, b->spans, a->n_spans * sizeof *a->spans) == 0);
}

static bool same_layout(const Histogram *a, const Histogram *b)
{
        return a->schema == b->schema && a->integer == b->integer && a->n_custom == b->n_custom &&
               bits_of_double(a->zero_threshold) == bits_of_double(b->zero_threshold) &&
               same_side(&a->positive, &b->positive) && same_side(&a->negative, &b->negative) &&
               (a->n_custom == 0 || memcmp(a->custom, b->custom, a->n_custom * sizeof *a->custom) == 0);
}

size_t histblock_run(const Histogram *const *h, size_t n)
{
        size_t i = 1;
        while (i < n && h[i] && same_layout(h[0], h[i]))
                i++;
        return i;
}

/* ---- writing */

static void add_double(Buf *out, double v)
{
        bits_put_le64(buf_reserve(out, 8), bits_of_double(v));
        out->n += 8;
}

static void add_side(Buf *out, const HistogramSide *side)
{
        varint_add(out, side->n_spans);
        varint_add(out, side->n_counts);
        for (uint32_t i = 0; i < side->n_spans; i++) {
                varint_add_signed(out, side->spans[i].offset);
                varint_add(out, side->spans[i].n);
        }
}

/* What all histograms of a block share. */
static void add_shape(Buf *out, const Histogram *h)
{
        buf_char(out, (char)h->schema);
        buf_char(out, (char)h->integer);
        add_double(out, h->zero_threshold);
        add_side(out, &h->positive);
        add_side(out, &h->negative);
        varint_add(out, h->n_custom);
        for (uint32_t i = 0; i < h->n_custom; i++)
                add_double(out, h->custom[i]);
}

/* One bucket after the other, each over all histograms. */
static void write_buckets(FloatvecCoder *c, const Histogram *const *h, size_t n, bool positive, double *column,
                          Buf *out)
{
        size_t buckets = positive ? h[0]->positive.n_counts : h[0]->negative.n_counts;
        for (size_t b = 0; b < buckets; b++) {
                for (size_t i = 0; i < n; i++)
                        column[i] = positive ? h[i]->positive.counts[b] : h[i]->negative.counts[b];
                floatvec_write(c, column, n, out);
        }
}

void histblock_write(FloatvecCoder *c, const Histogram *const *h, size_t n, Buf *out)
{
        CHECK(n >= 1 && n <= HISTBLOCK_MAX);
        double column[HISTBLOCK_MAX];
        add_shape(out, h[0]);
#define COLUMN(value)                              \
        do {                                       \
                for (size_t i = 0; i < n; i++)     \
                        column[i] = (value);       \
                floatvec_write(c, column, n, out); \
        } while (0)
        COLUMN(h[i]->hint);
        COLUMN(h[i]->count);
        COLUMN(h[i]->sum);
        COLUMN(h[i]->zero_count);
#undef COLUMN
        write_buckets(c, h, n, true, column, out);
        write_buckets(c, h, n, false, column, out);
}

/* ---- reading */

typedef struct Cursor {
        const unsigned char *p, *end;
        bool bad;
} Cursor;

static uint64_t take(Cursor *c, uint64_t max)
{
        uint64_t v = 0;
        size_t used = varint_get(c->p, (size_t)(c->end - c->p), &v);
        c->p += used;
        c->bad = c->bad || used == 0 || v > max;
        return c->bad ? 0 : v;
}

static double take_double(Cursor *c)
{
        c->bad = c->bad || c->end - c->p < 8;
        if (c->bad)
                return 0;
        c->p += 8;
        return bits_to_double(bits_le64(c->p - 8));
}

static void take_column(Cursor *c, double *out, size_t n)
{
        size_t used = 0;
        Err err;
        c->bad = c->bad || !floatvec_read((Str){ (const char *)c->p, (size_t)(c->end - c->p) }, n, out, &used, &err);
        c->p += c->bad ? 0 : used;
}

static void take_side(Cursor *c, Arena *arena, HistogramSide *side)
{
        side->n_spans = (uint32_t)take(c, HISTBLOCK_MAX_BUCKETS);
        side->n_counts = (uint32_t)take(c, HISTBLOCK_MAX_BUCKETS);
        if (c->bad || (size_t)(c->end - c->p) < 2 * (size_t)side->n_spans) {
                c->bad = true;
                return;
        }
        HistogramSpan *spans = arena_array(arena, HistogramSpan, side->n_spans);
        uint64_t buckets = 0;
        for (uint32_t i = 0; i < side->n_spans; i++) {
                spans[i].offset = (int32_t)bits_unzigzag(take(c, UINT32_MAX));
                spans[i].n = (uint32_t)take(c, HISTBLOCK_MAX_BUCKETS);
                buckets += spans[i].n;
        }
        side->spans = side->n_spans ? spans : NULL;
        c->bad = c->bad || buckets != side->n_counts;
}

static void take_buckets(Cursor *c, Arena *arena, const HistogramSide *side, HistogramSide *const *each, size_t n)
{
        double column[HISTBLOCK_MAX];
        /* A column takes a byte at least: what does not fit is not worth its memory. */
        c->bad = c->bad || (size_t)(c->end - c->p) < side->n_counts;
        if (c->bad || side->n_counts == 0)
                return;
        double *counts = arena_raw_array(arena, double, n * side->n_counts);
        for (uint32_t b = 0; b < side->n_counts && !c->bad; b++) {
                take_column(c, column, n);
                for (size_t i = 0; i < n; i++)
                        counts[i * side->n_counts + b] = column[i];
        }
        for (size_t i = 0; i < n; i++)
                each[i]->counts = counts + i * side->n_counts;
}

bool histblock_read(Str bytes, size_t n, Arena *arena, const Histogram **ret, Err *err)
{
        Cursor c = { (const unsigned char *)bytes.p, (const unsigned char *)bytes.p + bytes.n, bytes.n < 10 };
        double hints[HISTBLOCK_MAX], counts[HISTBLOCK_MAX], sums[HISTBLOCK_MAX], zeros[HISTBLOCK_MAX];
        HistogramSide *positive[HISTBLOCK_MAX], *negative[HISTBLOCK_MAX];
        Histogram first = { 0 };
        if (c.bad || n == 0 || n > HISTBLOCK_MAX)
                return err_set(err, ERR_CORRUPT, "a block of %zu histograms is damaged", n);
        first.schema = (int8_t)*c.p++;
        first.integer = *c.p++ & 1;
        first.zero_threshold = take_double(&c);
        take_side(&c, arena, &first.positive);
        take_side(&c, arena, &first.negative);
        first.n_custom = (uint32_t)take(&c, HISTBLOCK_MAX_BUCKETS);
        c.bad = c.bad || (size_t)(c.end - c.p) / 8 < first.n_custom;
        if (!c.bad && first.n_custom) {
                double *custom = arena_raw_array(arena, double, first.n_custom);
                for (uint32_t i = 0; i < first.n_custom; i++)
                        custom[i] = take_double(&c);
                first.custom = custom;
        }
        take_column(&c, hints, n);
        take_column(&c, counts, n);
        take_column(&c, sums, n);
        take_column(&c, zeros, n);
        if (c.bad)
                return err_set(err, ERR_CORRUPT, "a block of %zu histograms is damaged", n);
        Histogram *h = arena_raw_array(arena, Histogram, n);
        for (size_t i = 0; i < n; i++) {
                h[i] = first;
                h[i].hint = hints[i] >= 0 && hints[i] <= (double)HISTOGRAM_HINT_GAUGE ? (uint8_t)hints[i] : 0;
                h[i].count = counts[i];
                h[i].sum = sums[i];
                h[i].zero_count = zeros[i];
                positive[i] = &h[i].positive;
                negative[i] = &h[i].negative;
        }
        take_buckets(&c, arena, &first.positive, positive, n);
        take_buckets(&c, arena, &first.negative, negative, n);
        if (c.bad)
                return err_set(err, ERR_CORRUPT, "a block of %zu histograms is damaged", n);
        for (size_t i = 0; i < n; i++)
                ret[i] = &h[i];
        return true;
}
