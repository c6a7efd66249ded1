#include "interop_data.h"

#include "codec/proto.h"
#include "interop/promproto.h"

static void labels_and_samples(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf out = { .arena = arena };
        promproto_labels(&out, 1, data_labels(arena, "up", "a", "b"));
        promproto_sample(&out, 2, -1, 1.5);
        static const char want[] = "\x0a\x0e\x0a\x08__name__\x12\x02up\x0a\x06\x0a\x01"
                                   "a\x12\x01"
                                   "b\x12\x14\x09\0\0\0\0\0\0\xf8\x3f\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_int_equal(out.n, sizeof want - 1);
        assert_memory_equal(out.p, want, sizeof want - 1);
}

/* The numbers of fields, and deltas of integer counts. */
static void histograms(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf out = { .arena = arena };
        const Histogram *h = data_histogram(arena, 3, 2, true);
        promproto_histogram(&out, 4, 99, h);
        ProtoReader outer = proto_reader(buf_str(&out));
        ProtoField f;
        assert_true(proto_next(&outer, &f));
        assert_int_equal(f.number, 4);
        ProtoReader r = proto_reader(f.bytes);
        uint64_t seen = 0;
        double sum = 0;
        int64_t count = 0;
        while (proto_next(&r, &f)) {
                seen |= 1ULL << f.number;
                if (f.number == 12) {
                        ProtoPacked it = proto_packed(&f, PROTO_VARINT);
                        for (uint64_t v; proto_packed_next(&it, &v);) {
                                count += bits_unzigzag(v);
                                sum += (double)count;
                        }
                }
                if (f.number == 15)
                        assert_int_equal(f.value, 99);
                if (f.number == 1)
                        assert_int_equal(f.value, (uint64_t)h->count);
        }
        double want = 0;
        for (size_t i = 0; i < h->positive.n_counts; i++)
                want += h->positive.counts[i];
        assert_double(sum, want);
        assert_int_equal(seen, 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 9 | 1 << 11 | 1 << 12 |
                                       1 << 14 | 1 << 15);
        buf_clear(&out);
        promproto_histogram(&out, 4, 99, data_histogram(arena, 6, 2, false));
        outer = proto_reader(buf_str(&out));
        assert_true(proto_next(&outer, &f));
        r = proto_reader(f.bytes);
        for (seen = 0; proto_next(&r, &f);)
                seen |= 1ULL << f.number;
        assert_int_equal(seen,
                         1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 11 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(labels_and_samples), cmocka_unit_test(histograms) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
