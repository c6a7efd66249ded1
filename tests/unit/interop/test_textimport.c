#include "interop_data.h"

#include "interop/textexport.h"
#include "interop/textimport.h"

enum { START_MS = 1600000000 };

static bool keep(void *ctx, Str bytes, Err *err)
{
        (void)err;
        buf_str_add(ctx, bytes);
        return true;
}

static bool never(void *ctx, Err *err)
{
        (void)ctx;
        return err_set(err, ERR_LIMIT, "full");
}

static bool read_text(bool csv, const char *columns, bool header, const char *text, Stage *stage, Err *err)
{
        TextImportOptions o = {
                .name = "f", .columns = columns, .skip_header = header, .stage = stage, .drain = never
        };
        return csv ? textimport_csv(str_of(text), &o, err) : textimport_jsonl(str_of(text), &o, err);
}

/* What export writes, import reads. */
static void round_trips(void **state)
{
        (void)state;
        AUTO(memstore_free) MemStore *ms = memstore_new();
        AUTO(arena_free) Arena *arena = arena_new();
        for (unsigned i = 0; i < 1200; i++) {
                memstore_add(ms, data_labels(arena, "a", "kind", "x,\"y\"\n\xc3\xa9"), START_MS + i * 15000, i / 3.0);
                double v = data_hard_value(i);
                if (v == v || sample_is_stale(v))
                        memstore_add(ms, data_labels(arena, "b", NULL, NULL), START_MS + i * 15000, v);
        }
        for (int csv = 0; csv < 2; csv++) {
                AUTO(stage_free) Stage *stage = stage_new();
                Buf out = { .arena = arena };
                TextExportOptions options = { .format = csv ? TEXTEXPORT_CSV : TEXTEXPORT_JSONL,
                                              .min_ms = START_MS,
                                              .max_ms = START_MS + 6 * 3600000,
                                              .write = keep,
                                              .ctx = &out };
                TextExportStats stats = { 0 };
                Err err;
                assert_ok(textexport_run(memstore_engine(ms), &options, &stats, &err), err);
                assert_ok(read_text(csv, NULL, false, buf_cstr(&out), stage, &err), err);
                data_same_stores(memstore_engine(ms), stage_engine(stage, NULL), INT64_MIN, INT64_MAX);
        }
}

static void maps_columns(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(stage_free) Stage *stage = stage_new();
        AUTO(memstore_free) MemStore *want = memstore_new();
        Err err;
        assert_ok(read_text(true, "label:host, time, value:cpu, skip, value:mem", true,
                            "h,t,c,s,m\r\n\r\na,2020-01-01T00:00:01Z,1.5,zzz,7\r\n\"a\",1577836802,2.5,,\r\n", stage,
                            &err),
                  err);
        memstore_add(want, data_labels(arena, "cpu", "host", "a"), 1577836801000, 1.5);
        memstore_add(want, data_labels(arena, "cpu", "host", "a"), 1577836802000, 2.5);
        memstore_add(want, data_labels(arena, "mem", "host", "a"), 1577836801000, 7);
        data_same_stores(memstore_engine(want), stage_engine(stage, NULL), INT64_MIN, INT64_MAX);
        stage_clear(stage);
        assert_ok(read_text(true, "metric,time:unix_ns,value", false, "cpu,1577836801000000000,3", stage, &err), err);
        int64_t min_ms, max_ms;
        assert_true(stage_range(stage, &min_ms, &max_ms));
        assert_int_equal(min_ms, 1577836801000);
}

static void says_where_it_is_wrong(void **state)
{
        (void)state;
        static const struct {
                bool csv;
                const char *columns, *text, *want;
        } cases[] = {
                { true, NULL, "a,b\n1,2\n", "f:1:1: there must be one time column" },
                { true, NULL, "time,value\n1,2\n", "a value needs a metric" },
                { true, NULL, "metric,time,value\nm,1,2\nm,x,2\n", "f:3:3: this is no time" },
                { true, NULL, "metric,time,value\nm,1,2\n\nm,1,2z\n", "f:4:5: this is no number" },
                { true, NULL, "metric,time,value\nm,1\n", "f:2:1: the row has another number of columns" },
                { true, NULL, "metric,time,value\n\"m,1,2\n", "f:2:1: the quote is not closed" },
                { true, NULL, "metric,time,value\n\"m\"x,1,2\n", "f:2:4: expected ','" },
                { true, NULL, "metric,time,value,a,a\nm,1,2,3,4\n", "one of them twice" },
                { true, "time,valeu:x", "", "'valeu:x' is none of" },
                { true, "time:weeks,value:x", "", "'time:weeks' is none of" },
                { false, NULL, "{\"metric\":{\"a\":\"b\"},\"values\":[1],\"timestamps\":[1]}\n{\"a\":}\n", "f:2:6:" },
                { false, NULL, "[]", "f:1:1: expected an object" },
                { false, NULL, "{\"metric\":{\"a\":\"b\"},\"values\":[1],\"timestamps\":[1,2]}", "differ in length" },
                { false, NULL, "{\"metric\":{\"a\":1},\"values\":[1],\"timestamps\":[1]}",
                  "a label's value is no string" },
                { false, NULL, "{\"metric\":{\"a\":\"b\"},\"values\":[\"x\"],\"timestamps\":[1]}",
                  "f:1:31: a value is no number" },
                { false, NULL, "{\"metric\":{},\"values\":[1],\"timestamps\":[1]}", "no labels" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(stage_free) Stage *stage = stage_new();
                Err err;
                if (read_text(cases[i].csv, cases[i].columns, false, cases[i].text, stage, &err))
                        fail_msg("accepted: %s", cases[i].text);
                assert_contains(err.msg, cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(round_trips), cmocka_unit_test(maps_columns),
                                            cmocka_unit_test(says_where_it_is_wrong) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
