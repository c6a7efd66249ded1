/* Invariants
 * 1. Memory is taken for at most a constant times the message's bytes.
 * 2. A repeated field may come packed or one by one, as protobuf wants it; counts follow each other whatever lies between. */
#include "ingest/rwhist.h"

#include "base/vec.h"
#include "codec/proto.h"

typedef struct Side {
        VEC(HistogramSpan) spans;
        VEC(double) counts;
        int64_t last; /* count, of the deltas */
} Side;

static bool add_span(Side *side, Str bytes)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        HistogramSpan span = { 0 };
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        span.offset = (int32_t)proto_as_sint(&f);
                else if (f.number == 2)
                        span.n = (uint32_t)f.value;
        }
        vec_push(&side->spans, span);
        return proto_done(&r, &err);
}

static bool add_deltas(Side *side, const ProtoField *f)
{
        ProtoPacked it = proto_packed(f, PROTO_VARINT);
        for (uint64_t v; proto_packed_next(&it, &v);) {
                if (__builtin_add_overflow(side->last, bits_unzigzag(v), &side->last))
                        return false;
                vec_push(&side->counts, (double)side->last);
        }
        return !it.broken;
}

static bool add_doubles(const ProtoField *f, Arena *arena, double **data, size_t *len, size_t *cap)
{
        ProtoPacked it = proto_packed(f, PROTO_FIXED64);
        VEC(double) out = { .data = *data, .len = *len, .cap = *cap, .arena = arena };
        for (uint64_t v; proto_packed_next(&it, &v);)
                vec_push(&out, bits_to_double(v));
        *data = out.data;
        *len = out.len;
        *cap = out.cap;
        return !it.broken;
}

static bool add_counts(Side *side, const ProtoField *f)
{
        return add_doubles(f, side->counts.arena, &side->counts.data, &side->counts.len, &side->counts.cap);
}

typedef struct Draft {
        Histogram *h;
        StoreSample *sample;
        Side negative, positive;
        VEC(double) custom;
} Draft;

static uint8_t hint_of(uint64_t v)
{
        static const uint8_t hints[] = { HISTOGRAM_HINT_UNKNOWN, HISTOGRAM_HINT_RESET, HISTOGRAM_HINT_NOT_RESET,
                                         HISTOGRAM_HINT_GAUGE };
        return v < ARRAY_LEN(hints) ? hints[v] : HISTOGRAM_HINT_UNKNOWN;
}

/* Out of range stays out of range: the store refuses it. */
static int8_t schema_of(int64_t v) { return v < INT8_MIN || v > INT8_MAX ? INT8_MAX : (int8_t)v; }

static bool take_scalar(Draft *d, const ProtoField *f)
{
        Histogram *h = d->h;
        switch (f->number) {
        case 1:
                h->count = (double)f->value;
                h->integer = true;
                return true;
        case 2:
                h->count = proto_as_double(f);
                h->integer = false;
                return true;
        case 3: h->sum = proto_as_double(f); return true;
        case 4: h->schema = schema_of(proto_as_sint(f)); return true;
        case 5: h->zero_threshold = proto_as_double(f); return true;
        case 6: h->zero_count = (double)f->value; return true;
        case 7: h->zero_count = proto_as_double(f); return true;
        case 14: h->hint = hint_of(f->value); return true;
        case 15: d->sample->t_ms = proto_as_i64(f); return true;
        case 17: d->sample->st_ms = proto_as_i64(f); return true;
        default: return true;
        }
}

static bool take_field(Draft *d, const ProtoField *f)
{
        switch (f->number) {
        case 8: return add_span(&d->negative, f->bytes);
        case 9: return add_deltas(&d->negative, f);
        case 10: return add_counts(&d->negative, f);
        case 11: return add_span(&d->positive, f->bytes);
        case 12: return add_deltas(&d->positive, f);
        case 13: return add_counts(&d->positive, f);
        case 16: return add_doubles(f, d->custom.arena, &d->custom.data, &d->custom.len, &d->custom.cap);
        default: return take_scalar(d, f);
        }
}

static HistogramSide finish_side(const Side *s)
{
        return (HistogramSide){ s->spans.data, s->counts.data, (uint32_t)s->spans.len, (uint32_t)s->counts.len };
}

bool rwhist_read(Str bytes, Arena *arena, StoreSample *ret)
{
        *ret = (StoreSample){ 0 };
        Draft d = { .h = arena_new_of(arena, Histogram), .sample = ret };
        d.negative.spans.arena = d.positive.spans.arena = d.custom.arena = arena;
        d.negative.counts.arena = d.positive.counts.arena = arena;
        /* An integer histogram without observations sends neither count nor buckets: it is one unless floats say otherwise. */
        d.h->integer = true;
        ProtoReader r = proto_reader(bytes);
        Err err;
        for (ProtoField f; proto_next(&r, &f);)
                if (!take_field(&d, &f))
                        return false;
        d.h->negative = finish_side(&d.negative);
        d.h->positive = finish_side(&d.positive);
        d.h->custom = d.custom.len ? d.custom.data : NULL;
        d.h->n_custom = (uint32_t)d.custom.len;
        ret->h = d.h;
        return proto_done(&r, &err);
}
