#include "interop_data.h"

#include "interop/promrec.h"

typedef struct Heard {
        int series, samples, histograms, deletions, exemplars, metadata;
        uint64_t ref;
        int64_t t_ms, to_ms;
        double v;
        char text[64];
        unsigned type;
        double count, last_bucket;
} Heard;

static void on_series(void *ctx, uint64_t ref, Labels labels)
{
        Heard *h = ctx;
        h->series++;
        h->ref = ref;
        snprintf(h->text, sizeof h->text, STR_FMT, STR_ARG(labels_get(labels, STR("job"))));
}
static void on_sample(void *ctx, uint64_t ref, int64_t t_ms, double v)
{
        Heard *h = ctx;
        h->samples++;
        h->ref = ref;
        h->t_ms = t_ms;
        h->v = v;
}
static void on_histogram(void *ctx, uint64_t ref, int64_t t_ms, const Histogram *h)
{
        Heard *heard = ctx;
        heard->histograms++;
        heard->ref = ref;
        heard->t_ms = t_ms;
        heard->count = h->count;
        heard->last_bucket = h->positive.n_counts ? h->positive.counts[h->positive.n_counts - 1] : -1;
}
static void on_deletion(void *ctx, uint64_t ref, int64_t from_ms, int64_t to_ms)
{
        Heard *h = ctx;
        h->deletions++;
        h->ref = ref;
        h->t_ms = from_ms;
        h->to_ms = to_ms;
}
static void on_exemplar(void *ctx, uint64_t ref, const Exemplar *e)
{
        Heard *h = ctx;
        h->exemplars++;
        h->ref = ref;
        h->t_ms = e->t_ms;
        snprintf(h->text, sizeof h->text, STR_FMT, STR_ARG(labels_get(e->labels, STR("trace_id"))));
}
static void on_metadata(void *ctx, uint64_t ref, unsigned type, Str unit, Str help)
{
        Heard *h = ctx;
        h->metadata++;
        h->ref = ref;
        h->type = type;
        snprintf(h->text, sizeof h->text, STR_FMT "/" STR_FMT, STR_ARG(unit), STR_ARG(help));
}

static bool decode(const Buf *record, Heard *heard, Err *err)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        PromRecSink sink = { heard, on_series, on_sample, on_histogram, on_deletion, on_exemplar, on_metadata };
        *heard = (Heard){ 0 };
        return promrec_decode(buf_str(record), &sink, scratch, err);
}

/* Every cut of a whole record is malformed or says less; none crashes. */
static void cut_everywhere(const Buf *record)
{
        for (size_t n = 0; n < record->n; n++) {
                Heard heard;
                Err err;
                Buf cut = { .p = record->p, .n = n };
                IGNORE(decode(&cut, &heard, &err));
        }
}

static void reads_series_and_samples(void **state)
{
        (void)state;
        Buf b = { 0 };
        Heard h;
        Err err;
        data_series_record(&b, 77, "up", "job", "node");
        assert_ok(decode(&b, &h, &err), err);
        assert_int_equal(h.series, 1);
        assert_int_equal(h.ref, 77);
        assert_string_equal(h.text, "node");
        cut_everywhere(&b);
        buf_clear(&b);
        data_sample_record(&b, 5, -1000, 15000, 1.5, 3);
        assert_ok(decode(&b, &h, &err), err);
        assert_int_equal(h.samples, 3);
        assert_int_equal(h.t_ms, 29000);
        assert_double(h.v, 3.5);
        cut_everywhere(&b);
        buf_done(&b);
}

static void reads_the_rest(void **state)
{
        (void)state;
        Buf b = { 0 };
        Heard h;
        Err err;
        buf_char(&b, 3);
        data_be64(&b, 9);
        varint_add_signed(&b, -5);
        varint_add_signed(&b, 500);
        assert_ok(decode(&b, &h, &err), err);
        assert_int_equal(h.deletions, 1);
        assert_int_equal(h.to_ms, 500);
        buf_clear(&b);
        buf_char(&b, 4);
        data_be64(&b, 8);
        data_be64(&b, 1000);
        varint_add_signed(&b, 1);
        varint_add_signed(&b, 2);
        data_be64(&b, bits_of_double(0.5));
        varint_add(&b, 1);
        data_str(&b, "trace_id");
        data_str(&b, "abc");
        assert_ok(decode(&b, &h, &err), err);
        assert_int_equal(h.exemplars, 1);
        assert_int_equal(h.ref, 9);
        assert_int_equal(h.t_ms, 1002);
        assert_string_equal(h.text, "abc");
        buf_clear(&b);
        buf_char(&b, 6);
        varint_add(&b, 300);
        buf_char(&b, 2);
        varint_add(&b, 2);
        data_str(&b, "UNIT");
        data_str(&b, "bytes");
        data_str(&b, "HELP");
        data_str(&b, "how many");
        assert_ok(decode(&b, &h, &err), err);
        assert_int_equal(h.ref, 300);
        assert_int_equal(h.type, 2);
        assert_string_equal(h.text, "bytes/how many");
        cut_everywhere(&b);
        buf_clear(&b);
        buf_lit(&b, "\5anything");
        assert_ok(decode(&b, &h, &err), err);
        buf_clear(&b);
        buf_lit(&b, "\77");
        assert_false(decode(&b, &h, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        buf_done(&b);
}

static void reads_histograms(void **state)
{
        (void)state;
        Buf b = { 0 };
        Heard h;
        Err err;
        for (int type = 7; type <= 8; type++) {
                bool integer = type == 7;
                buf_clear(&b);
                buf_char(&b, (char)type);
                data_be64(&b, 4);
                data_be64(&b, 100);
                varint_add_signed(&b, 0);
                varint_add_signed(&b, 50);
                buf_char(&b, 1);
                varint_add_signed(&b, 2);
                data_be64(&b, bits_of_double(0.001));
                if (integer) {
                        varint_add(&b, 3);
                        varint_add(&b, 10);
                } else {
                        data_be64(&b, bits_of_double(3));
                        data_be64(&b, bits_of_double(10));
                }
                data_be64(&b, bits_of_double(-2.5));
                varint_add(&b, 1);
                varint_add_signed(&b, -1);
                varint_add(&b, 2);
                varint_add(&b, 0);
                varint_add(&b, 2);
                for (int i = 0; i < 2; i++) {
                        if (integer)
                                varint_add_signed(&b, i ? -2 : 5);
                        else
                                data_be64(&b, bits_of_double(i ? 3 : 5));
                }
                varint_add(&b, 0);
                assert_ok(decode(&b, &h, &err), err);
                assert_int_equal(h.histograms, 1);
                assert_int_equal(h.t_ms, 150);
                assert_double(h.count, 10.0);
                assert_double(h.last_bucket, 3.0);
                cut_everywhere(&b);
        }
        buf_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(reads_series_and_samples),
                                            cmocka_unit_test(reads_the_rest), cmocka_unit_test(reads_histograms) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
