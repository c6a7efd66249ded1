#include "interop/promproto.h"

#include "codec/proto.h"

void promproto_labels(Buf *out, uint32_t number, Labels labels)
{
        for (size_t i = 0; i < labels.n; i++) {
                size_t begun = proto_begin(out, number);
                proto_put_bytes(out, 1, labels.data[i].name);
                proto_put_bytes(out, 2, labels.data[i].value);
                proto_end(out, begun);
        }
}

void promproto_sample(Buf *out, uint32_t number, int64_t t_ms, double v)
{
        size_t begun = proto_begin(out, number);
        proto_put_double(out, 1, v);
        proto_put_varint(out, 2, (uint64_t)t_ms);
        proto_end(out, begun);
}

/* Buckets of one side: spans, then differences (integers) or counts. */
static void put_side(Buf *out, const HistogramSide *side, bool integer, uint32_t spans, uint32_t deltas,
                     uint32_t counts)
{
        for (size_t i = 0; i < side->n_spans; i++) {
                size_t begun = proto_begin(out, spans);
                proto_put_sint(out, 1, side->spans[i].offset);
                proto_put_varint(out, 2, side->spans[i].n);
                proto_end(out, begun);
        }
        if (side->n_counts == 0)
                return;
        size_t begun = proto_begin(out, integer ? deltas : counts);
        int64_t before = 0;
        for (size_t i = 0; i < side->n_counts; i++) {
                if (integer) {
                        varint_add_signed(out, (int64_t)side->counts[i] - before);
                        before = (int64_t)side->counts[i];
                } else {
                        char b[8];
                        bits_put_le64(b, bits_of_double(side->counts[i]));
                        buf_add(out, b, sizeof b);
                }
        }
        proto_end(out, begun);
}

void promproto_histogram(Buf *out, uint32_t number, int64_t t_ms, const Histogram *h)
{
        static const uint8_t hints[4] = { [HISTOGRAM_HINT_UNKNOWN] = 0,
                                          [HISTOGRAM_HINT_RESET] = 1,
                                          [HISTOGRAM_HINT_NOT_RESET] = 2,
                                          [HISTOGRAM_HINT_GAUGE] = 3 };
        size_t begun = proto_begin(out, number);
        if (h->integer)
                proto_put_varint(out, 1, (uint64_t)h->count);
        else
                proto_put_double(out, 2, h->count);
        proto_put_double(out, 3, h->sum);
        proto_put_sint(out, 4, h->schema);
        proto_put_double(out, 5, h->zero_threshold);
        if (h->integer)
                proto_put_varint(out, 6, (uint64_t)h->zero_count);
        else
                proto_put_double(out, 7, h->zero_count);
        put_side(out, &h->negative, h->integer, 8, 9, 10);
        put_side(out, &h->positive, h->integer, 11, 12, 13);
        proto_put_varint(out, 14, hints[h->hint & 3]);
        proto_put_varint(out, 15, (uint64_t)t_ms);
        if (h->n_custom) {
                size_t custom = proto_begin(out, 16);
                for (size_t i = 0; i < h->n_custom; i++) {
                        char b[8];
                        bits_put_le64(b, bits_of_double(h->custom[i]));
                        buf_add(out, b, sizeof b);
                }
                proto_end(out, custom);
        }
        proto_end(out, begun);
}
