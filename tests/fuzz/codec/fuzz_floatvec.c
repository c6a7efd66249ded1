/* Any bytes decode without harm, and what they decode to comes back; any doubles come back bit by bit. The first two bytes say how many
 * values and how the rest becomes doubles. */
#include "base/bits.h"
#include "base/check.h"
#include "base/mem.h"
#include "codec/floatvec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any range is what the whole has there; both or none can be read. */
static void check_some(Str code, size_t n, size_t seed)
{
        size_t from = seed % n, to = from + 1 + seed / n % (n - from), used;
        double *all = mem_new_array(double, n), *some = mem_new_array(double, to - from);
        Err err;
        bool ok = floatvec_read(code, n, all, &used, &err);
        CHECK(floatvec_read_some(code, n, from, to, some, &err) == ok);
        CHECK(!ok || memcmp((const char *)some, (const char *)(all + from), (to - from) * sizeof *some) == 0);
        mem_free(some);
        mem_free(all);
}

static void there_and_back(const double *v, size_t n)
{
        static FloatvecCoder *coder;
        if (!coder)
                coder = floatvec_coder_new();
        AUTO(buf_done) Buf b = { 0 };
        floatvec_write(coder, v, n, &b);
        size_t bytes = b.n, used;
        buf_reserve(&b, FLOATVEC_PAD_BYTES);
        double *back = mem_new_array(double, n);
        Err err;
        CHECK(floatvec_read((Str){ b.p, bytes }, n, back, &used, &err) && used == bytes);
        CHECK(memcmp((const char *)back, (const char *)v, n * sizeof *v) == 0);
        check_some((Str){ b.p, bytes }, n, bytes * 7 + bits_of_double(v[n / 2]) % 1000003);
        mem_free(back);
}

/* Doubles of the shapes that the kinds are made for, with the odd one out now and then. */
static size_t shape(const uint8_t *p, size_t bytes, unsigned how, double *v)
{
        static const double ODD[] = { -0.0, 5e-324, 1e308, 0.1, -1e15, 4503599627370497.5 };
        static const double SCALE[] = { 1, 10, 100, 1e6 };
        size_t n = MIN_OF(how & 1 ? bytes / 8 : bytes, (size_t)FLOATVEC_MAX);
        double sum = 0, scale = SCALE[how >> 3 & 3];
        for (size_t i = 0; i < n; i++) {
                if (how & 1) {
                        memcpy(v + i, p + i * 8, 8);
                } else if ((how & 2) && p[i] >= 250) {
                        v[i] = ODD[p[i] - 250];
                } else {
                        sum = sum + p[i] / scale;
                        v[i] = how & 4 ? sum : p[i] / scale;
                }
        }
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 3)
                return 0;
        unsigned head = bits_le16(data);
        size_t n = head % FLOATVEC_MAX + 1, bytes = size - 2, used;
        char *copy = mem_zalloc(bytes + FLOATVEC_PAD_BYTES);
        memcpy(copy, data + 2, bytes);
        double *v = mem_new_array(double, FLOATVEC_MAX);
        Err err;
        if (floatvec_read((Str){ copy, bytes }, n, v, &used, &err)) {
                CHECK(used <= bytes);
                there_and_back(v, n);
        }
        check_some((Str){ copy, bytes }, n, head / FLOATVEC_MAX * 31 + (size_t)data[size - 1] * 1009);
        size_t given = shape(data + 2, bytes, head >> 10 | (head & 1) << 6, v);
        if (given)
                there_and_back(v, given);
        mem_free(v);
        mem_free(copy);
        return 0;
}
