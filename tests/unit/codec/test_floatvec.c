#include "testing.h"

#include <math.h>

#include "base/bits.h"
#include "base/rand.h"
#include "codec/floatvec.h"

static FloatvecCoder *coder;
static double out[FLOATVEC_MAX + 1], v[FLOATVEC_MAX];
static FloatvecKind kind;
static size_t plain_codes;

/* Ranges short and long, from both ends and between. */
static void check_ranges(Str code, const double *in, size_t n)
{
        static Rand r = { 0 };
        static bool begun;
        if (!begun)
                rand_init(&r, 77);
        begun = true;
        Err err;
        for (unsigned k = 0; k < 8; k++) {
                size_t most = k % 2 ? MIN_OF(n, (size_t)24) : n, width = 1 + rand_below(&r, most);
                size_t from = k == 0 ? 0 : k == 1 ? n - width : rand_below(&r, n - width + 1);
                out[width] = 43;
                assert_ok(floatvec_read_some(code, n, from, from + width, out, &err), err);
                assert_memory_equal(out, in + from, width * sizeof *in);
                assert_double(out[width], 43);
        }
}

static size_t trip(const double *in, size_t n)
{
        AUTO(buf_done) Buf b = { 0 };
        kind = floatvec_write(coder, in, n, &b);
        size_t used = 0, bytes = b.n;
        memset(buf_reserve(&b, FLOATVEC_PAD_BYTES), 0xee, FLOATVEC_PAD_BYTES);
        out[n] = 42;
        Err err;
        assert_ok(floatvec_read((Str){ b.p, bytes }, n, out, &used, &err), err);
        assert_int_equal(used, bytes);
        assert_memory_equal(out, in, n * sizeof *in);
        bool plain = floatvec_is_plain((Str){ b.p, bytes });
        for (size_t i = 0; i < n; i++)
                assert_false(plain && isnan(in[i]));
        plain_codes += plain;
        assert_double(out[n], 42);
        check_ranges((Str){ b.p, bytes }, in, n);
        assert_true(bytes <= n * 8 + 24);
        for (size_t cut = 0; cut < bytes && cut < 40; cut++) {
                IGNORE(floatvec_read((Str){ b.p, cut }, n, out, &used, &err));
                IGNORE(floatvec_is_plain((Str){ b.p, cut }));
        }
        return bytes;
}

static void fill(double (*f)(Rand *r, double before), uint64_t seed, double start)
{
        Rand r;
        rand_init(&r, seed);
        for (size_t i = 0; i < FLOATVEC_MAX; i++)
                v[i] = start = f(&r, start);
}

static double constant(Rand *r, double before) { return (void)r, before; }
static double counter(Rand *r, double before) { return before + (double)rand_below(r, 64); }
static double pages(Rand *r, double before) { return (void)before, 4096.0 * (double)rand_below(r, 4096); }
static double cents(Rand *r, double before) { return (void)before, (double)rand_below(r, 1024) / 100; }
static double sums(Rand *r, double before) { return before + (double)rand_below(r, 1500) / 100; }
static double noise(Rand *r, double before) { return before * 0.95 + (rand_double(r) - 0.5) * 7.77; }
static double singles(Rand *r, double before) { return (void)before, (double)(float)(20 + rand_double(r)); }

static double tiny(Rand *r, double before) { return (void)before, bits_to_double(1000 + rand_below(r, 256)); }
static double scattered(Rand *r, double before)
{
        static const double SCALES[] = { 1, -1, 0x1p40, -0x1p40, 0x1p-70, 0x1p200 };
        return (void)before, SCALES[rand_below(r, 6)] * (1 + rand_double(r));
}

/* bytes a value, and the kind */
static void each_shape_has_its_code(void **state)
{
        (void)state;
        static const struct {
                double (*f)(Rand *r, double before);
                double start;
                FloatvecKind kind;
                double bits;
        } CASES[] = { { constant, 12345.678, FLOATVEC_CONSTANT, 0.1 },
                      { counter, 1e6, FLOATVEC_DECIMAL, 6.1 },
                      { pages, 0, FLOATVEC_DECIMAL, 12.2 },
                      { cents, 0, FLOATVEC_DECIMAL, 10.2 },
                      { sums, 123456, FLOATVEC_SUM, 11.3 },
                      { noise, 1, FLOATVEC_GRID, 53.9 },
                      { singles, 0, FLOATVEC_GRID, 19.2 },
                      { tiny, 0, FLOATVEC_BITS, 8.2 },
                      { scattered, 0, FLOATVEC_SPLIT, 55.3 } };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                fill(CASES[i].f, i + 1, CASES[i].start);
                double bits = (double)trip(v, FLOATVEC_MAX) * 8 / (double)FLOATVEC_MAX;
                if (kind != CASES[i].kind || bits > CASES[i].bits)
                        fail_msg("shape %zu: %s, %.2f bits", i, floatvec_kind_name(kind), bits);
        }
}

static void every_bit_pattern_survives(void **state)
{
        (void)state;
        static const uint64_t EDGE[] = { 0x7ff0000000000002u,
                                         0x7ff8000000000001u,
                                         0x7ff0000000000000u,
                                         0xfff0000000000000u,
                                         0x8000000000000000u,
                                         0,
                                         1,
                                         0x000fffffffffffffu,
                                         0x7fefffffffffffffu,
                                         0xffffffffffffffffu,
                                         0x4340000000000000u,
                                         0xc340000000000001u };
        for (size_t i = 0; i < ARRAY_LEN(EDGE); i++) {
                for (size_t k = 0; k < 12; k++)
                        v[k] = bits_to_double(EDGE[(i + k) % ARRAY_LEN(EDGE)]);
                for (size_t n = 1; n <= 12; n++)
                        trip(v, n);
        }
        Rand r;
        rand_init(&r, 9);
        for (int round = 0; round < 540; round++) {
                static double (*const SHAPES[])(Rand *r, double before) = { constant, counter, pages, cents,    sums,
                                                                            noise,    singles, tiny,  scattered };
                fill(SHAPES[round % 9], (uint64_t)round, (double)rand_below(&r, 1000000));
                size_t from = rand_below(&r, 500), n = 1 + rand_below(&r, 500);
                for (size_t k = rand_below(&r, 12); k > 0; k--)
                        v[from + rand_below(&r, n)] = bits_to_double(round % 2 ? EDGE[k] : rand_u64(&r));
                trip(v + from, n);
        }
        for (int round = 0; round < 50; round++) {
                for (size_t k = 0; k < FLOATVEC_MAX; k++)
                        v[k] = bits_to_double(rand_u64(&r));
                trip(v, 1 + rand_below(&r, FLOATVEC_MAX));
        }
}

static void large_integers(void **state)
{
        (void)state;
        static const double STARTS[] = { 0x1p50, 0x1p51 - 500, 0x1p52, 0x1p53 - 1000, 0x1p53, 1.7e18, -0x1p51 - 3 };
        for (size_t i = 0; i < ARRAY_LEN(STARTS); i++) {
                fill(counter, i, STARTS[i]);
                trip(v, FLOATVEC_MAX);
        }
}

static void a_stale_marker_costs_little(void **state)
{
        (void)state;
        fill(counter, 1, 1e6);
        plain_codes = 0;
        size_t before = trip(v, FLOATVEC_MAX);
        assert_int_equal(plain_codes, 1);
        v[700] = bits_to_double(0x7ff0000000000002u);
        assert_true(trip(v, FLOATVEC_MAX) <= before + 24);
        assert_int_equal(kind, FLOATVEC_DECIMAL);
}

/* A range of whatever bytes is what the whole says, and fails when that does. */
static void check_some(Rand *r, Str code, size_t n)
{
        static double some[FLOATVEC_MAX];
        size_t used, from = rand_below(r, n), to = from + 1 + rand_below(r, n - from);
        Err err;
        bool whole = floatvec_read(code, n, out, &used, &err);
        assert_true(whole || err.code == ERR_CORRUPT);
        assert_true(floatvec_read_some(code, n, from, to, some, &err) == whole);
        if (whole)
                assert_memory_equal(some, out + from, (to - from) * sizeof *some);
}

static void damaged_codes_fail_or_agree(void **state)
{
        (void)state;
        static double (*const SHAPES[])(Rand *r, double before) = { counter, pages,   cents, sums,
                                                                    noise,   singles, tiny,  scattered };
        Rand r;
        rand_init(&r, 8);
        for (unsigned round = 0; round < 400; round++) {
                size_t n = 2 + rand_below(&r, round % 4 ? 200 : FLOATVEC_MAX - 1);
                fill(SHAPES[round % 8], round, 1000);
                for (size_t k = rand_below(&r, 4); k > 0; k--)
                        v[rand_below(&r, n)] = bits_to_double(rand_u64(&r));
                AUTO(buf_done) Buf b = { 0 };
                floatvec_write(coder, v, n, &b);
                memset(buf_reserve(&b, FLOATVEC_PAD_BYTES), 0xee, FLOATVEC_PAD_BYTES);
                for (unsigned k = 0; k < 60; k++) {
                        size_t at = rand_below(&r, k % 3 ? MIN_OF(b.n, (size_t)40) : b.n);
                        char before = b.p[at];
                        b.p[at] = (char)(before ^ (1 << rand_below(&r, 8)));
                        check_some(&r, (Str){ b.p, b.n }, n);
                        check_some(&r, (Str){ b.p, rand_below(&r, b.n + 1) }, n);
                        if (k % 4)
                                b.p[at] = before;
                }
        }
}

static void ranges_that_make_no_sense_are_refused(void **state)
{
        (void)state;
        AUTO(buf_done) Buf b = { 0 };
        fill(counter, 1, 5);
        floatvec_write(coder, v, 100, &b);
        buf_reserve(&b, FLOATVEC_PAD_BYTES);
        Err err;
        assert_false(floatvec_read_some((Str){ b.p, b.n }, 100, 7, 7, out, &err));
        assert_false(floatvec_read_some((Str){ b.p, b.n }, 100, 99, 101, out, &err));
        assert_false(floatvec_read_some((Str){ b.p, b.n }, 100, 9, 8, out, &err));
}

static void damaged_bytes_are_an_error_or_harmless(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 6);
        for (int round = 0; round < 54000; round++) {
                char bytes[64 + FLOATVEC_PAD_BYTES];
                for (size_t i = 0; i < sizeof bytes; i++)
                        bytes[i] = (char)rand_u64(&r);
                for (int k = 1; k < 5; k++)
                        bytes[k] = (char)rand_below(&r, 20);
                check_some(&r, (Str){ bytes, 64 }, 1 + rand_below(&r, 300));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_shape_has_its_code),
                cmocka_unit_test(every_bit_pattern_survives),
                cmocka_unit_test(large_integers),
                cmocka_unit_test(a_stale_marker_costs_little),
                cmocka_unit_test(damaged_bytes_are_an_error_or_harmless),
                cmocka_unit_test(damaged_codes_fail_or_agree),
                cmocka_unit_test(ranges_that_make_no_sense_are_refused),
        };
        coder = floatvec_coder_new();
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        floatvec_coder_free(coder);
        return failed;
}
