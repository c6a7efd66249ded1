/* Invariants
 * 1. Counts in a record never make more memory than its bytes can fill.
 * 2. Samples, histograms and exemplars are told in the order of the record. */
#include "interop/promrec.h"

#include "interop/promcur.h"

/* Where the deltas of a record start: the reference and time in front of its rows. */
typedef struct Base {
        uint64_t ref, t;
} Base;

static Labels read_labels(PromCursor *c, Arena *scratch)
{
        uint64_t n = promcur_uvarint(c);
        if (n > promcur_left(c) / 2) {
                promcur_break(c);
                return (Labels){ 0 };
        }
        Label *pairs = arena_raw_array(scratch, Label, n + 1);
        for (uint64_t i = 0; i < n; i++) {
                pairs[i].name = promcur_str(c);
                pairs[i].value = promcur_str(c);
        }
        return (Labels){ pairs, n };
}

static HistogramSpan *read_spans(PromCursor *c, Arena *scratch, uint32_t *ret_n)
{
        uint64_t n = promcur_uvarint(c);
        if (n > promcur_left(c) / 2) {
                promcur_break(c);
                return NULL;
        }
        HistogramSpan *spans = arena_raw_array(scratch, HistogramSpan, n + 1);
        for (uint64_t i = 0; i < n; i++) {
                spans[i].offset = (int32_t)promcur_varint(c);
                spans[i].n = (uint32_t)promcur_uvarint(c);
        }
        *ret_n = (uint32_t)n;
        return spans;
}

static double *read_counts(PromCursor *c, bool integer, Arena *scratch, uint32_t *ret_n)
{
        uint64_t n = promcur_uvarint(c), sum = 0;
        if (n > promcur_left(c) / (integer ? 1 : 8)) {
                promcur_break(c);
                return NULL;
        }
        double *counts = arena_raw_array(scratch, double, n + 1);
        for (uint64_t i = 0; i < n; i++) {
                if (integer)
                        sum += (uint64_t)promcur_varint(c);
                counts[i] = integer ? (double)(int64_t)sum : promcur_float(c);
        }
        *ret_n = (uint32_t)n;
        return counts;
}

static void read_histogram(PromCursor *c, bool integer, Arena *scratch, Histogram *ret)
{
        static const uint8_t hints[4] = { HISTOGRAM_HINT_UNKNOWN, HISTOGRAM_HINT_RESET, HISTOGRAM_HINT_NOT_RESET,
                                          HISTOGRAM_HINT_GAUGE };
        *ret = (Histogram){ .integer = integer, .hint = hints[promcur_u8(c) & 3] };
        int64_t schema = promcur_varint(c);
        if (schema != HISTOGRAM_CUSTOM_SCHEMA && (schema < HISTOGRAM_MIN_SCHEMA || schema > HISTOGRAM_MAX_SCHEMA))
                promcur_break(c);
        ret->schema = (int8_t)schema;
        ret->zero_threshold = promcur_float(c);
        ret->zero_count = integer ? (double)promcur_uvarint(c) : promcur_float(c);
        ret->count = integer ? (double)promcur_uvarint(c) : promcur_float(c);
        ret->sum = promcur_float(c);
        ret->positive.spans = read_spans(c, scratch, &ret->positive.n_spans);
        ret->negative.spans = read_spans(c, scratch, &ret->negative.n_spans);
        ret->positive.counts = read_counts(c, integer, scratch, &ret->positive.n_counts);
        ret->negative.counts = read_counts(c, integer, scratch, &ret->negative.n_counts);
        if (schema == HISTOGRAM_CUSTOM_SCHEMA)
                ret->custom = read_counts(c, false, scratch, &ret->n_custom);
}

/* Spans that say as many buckets as there are counts. */
static bool is_whole(const HistogramSide *side)
{
        uint64_t n = 0;
        for (size_t i = 0; i < side->n_spans; i++)
                n += side->spans[i].n;
        return n == side->n_counts;
}

static bool decode_series(PromCursor *c, const PromRecSink *sink, Arena *scratch)
{
        while (promcur_left(c)) {
                uint64_t ref = promcur_be64(c);
                Labels labels = read_labels(c, scratch);
                if (c->broken)
                        return false;
                if (sink->series)
                        sink->series(sink->ctx, ref, labels);
        }
        return true;
}

static bool decode_deletions(PromCursor *c, const PromRecSink *sink)
{
        while (promcur_left(c)) {
                uint64_t ref = promcur_be64(c);
                int64_t from_ms = promcur_varint(c);
                int64_t to_ms = promcur_varint(c);
                if (c->broken)
                        return false;
                if (sink->deletion)
                        sink->deletion(sink->ctx, ref, from_ms, to_ms);
        }
        return true;
}

static bool decode_metadata(PromCursor *c, const PromRecSink *sink)
{
        while (promcur_left(c)) {
                uint64_t ref = promcur_uvarint(c);
                unsigned type = promcur_u8(c);
                Str unit = { 0 }, help = { 0 };
                for (uint64_t n = promcur_uvarint(c); n && !c->broken; n--) {
                        Str name = promcur_str(c), value = promcur_str(c);
                        if (str_eq(name, STR("UNIT")))
                                unit = value;
                        else if (str_eq(name, STR("HELP")))
                                help = value;
                }
                if (c->broken)
                        return false;
                if (sink->metadata)
                        sink->metadata(sink->ctx, ref, type, unit, help);
        }
        return true;
}

/* What the rows count from; a record without rows has none. */
static Base read_base(PromCursor *c)
{
        Base base = { 0 };
        if (promcur_left(c)) {
                base.ref = promcur_be64(c);
                base.t = promcur_be64(c);
        }
        return base;
}

static void read_row(PromCursor *c, Base base, uint64_t *ret_ref, int64_t *ret_t)
{
        *ret_ref = base.ref + (uint64_t)promcur_varint(c);
        *ret_t = (int64_t)(base.t + (uint64_t)promcur_varint(c));
}

static bool decode_samples(PromCursor *c, const PromRecSink *sink)
{
        Base base = read_base(c);
        while (promcur_left(c)) {
                uint64_t ref;
                int64_t t;
                read_row(c, base, &ref, &t);
                double v = promcur_float(c);
                if (c->broken)
                        return false;
                if (sink->sample)
                        sink->sample(sink->ctx, ref, t, v);
        }
        return !c->broken;
}

static bool decode_exemplars(PromCursor *c, const PromRecSink *sink, Arena *scratch)
{
        Base base = read_base(c);
        while (promcur_left(c)) {
                uint64_t ref;
                Exemplar e = { .has_t = true };
                read_row(c, base, &ref, &e.t_ms);
                e.v = promcur_float(c);
                e.labels = read_labels(c, scratch);
                if (c->broken)
                        return false;
                if (sink->exemplar)
                        sink->exemplar(sink->ctx, ref, &e);
        }
        return !c->broken;
}

static bool decode_histograms(PromCursor *c, bool integer, const PromRecSink *sink, Arena *scratch)
{
        Base base = read_base(c);
        while (promcur_left(c)) {
                uint64_t ref;
                int64_t t;
                Histogram h;
                read_row(c, base, &ref, &t);
                read_histogram(c, integer, scratch, &h);
                if (c->broken || !is_whole(&h.positive) || !is_whole(&h.negative))
                        return false;
                if (sink->histogram)
                        sink->histogram(sink->ctx, ref, t, &h);
        }
        return !c->broken;
}

bool promrec_decode(Str record, const PromRecSink *sink, Arena *scratch, Err *err)
{
        PromCursor c = promcur_of(record);
        unsigned type = promcur_u8(&c);
        bool ok = false;
        switch (type) {
        case PROMREC_SERIES: ok = decode_series(&c, sink, scratch); break;
        case PROMREC_SAMPLES: ok = decode_samples(&c, sink); break;
        case PROMREC_TOMBSTONES: ok = decode_deletions(&c, sink); break;
        case PROMREC_EXEMPLARS: ok = decode_exemplars(&c, sink, scratch); break;
        case PROMREC_MMAP_MARKERS: ok = true; break; /* which chunks a restart may skip: we read all of them */
        case PROMREC_METADATA: ok = decode_metadata(&c, sink); break;
        case PROMREC_HISTOGRAMS:
        case PROMREC_CUSTOM_HISTOGRAMS: ok = decode_histograms(&c, true, sink, scratch); break;
        case PROMREC_FLOAT_HISTOGRAMS:
        case PROMREC_CUSTOM_FLOAT_HISTOGRAMS: ok = decode_histograms(&c, false, sink, scratch); break;
        default: return err_set(err, ERR_UNSUPPORTED, "a record of type %u, which this version does not read", type);
        }
        if (!ok)
                return err_set(err, ERR_CORRUPT, "a record of type %u is malformed", type);
        return true;
}
