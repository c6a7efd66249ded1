/* Codes and decodes vectors of the shapes that a fleet of hosts and applications gives, in their usual mix, and prints for each what it
 * takes beside what it cannot go below. With the names of parts: what their own series take, code by code.
 * usage: bench_codec [samples of a series, 1024] | PART...
 *
 * The entropy is that of the generator: log2 of the number of equally likely steps (a decimal counter: 1500 steps of a hundredth,
 * 10.55 bits; a page gauge: 4096, 12 bits; a full float: 53 bits of mantissa from the random number). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "codec/floatvec.h"
#include "part/part.h"

enum { SERIES = 64, ROUNDS = 200 };

typedef struct Shape {
        const char *name;
        double (*step)(Rand *r, double before, unsigned param);
        unsigned param, weight; /* of 400 series */
        double entropy;         /* bits a sample */
} Shape;

static double below(Rand *r, unsigned n) { return (double)rand_below(r, n); }
static double sum_cents(Rand *r, double v, unsigned n) { return v + below(r, n) / 100; }
static double count(Rand *r, double v, unsigned n) { return v + below(r, n); }
static double pages(Rand *r, double v, unsigned n) { return fmax(0, v + (below(r, n) - n / 2) * 4096); }
static double same(Rand *r, double v, unsigned n) { return (void)r, (void)n, v; }
static double noise(Rand *r, double v, unsigned n) { return (void)n, v * 0.95 + (rand_double(r) - 0.5) * 7.77; }
static double cents(Rand *r, double v, unsigned n) { return round(noise(r, v, n) * 100) / 100; }
static double walk(Rand *r, double v, unsigned n) { return v + below(r, n) - n / 2; }

static const Shape SHAPES[] = {
        { "seconds (sums of 0.01)", sum_cents, 1500, 64, 10.55 },
        { "counter +0..23", count, 24, 25, 4.58 },
        { "counter +0..59", count, 60, 93, 5.91 },
        { "counter +0..79", count, 80, 35, 6.32 },
        { "gauge of pages", pages, 4096, 75, 12 },
        { "constant", same, 0, 52, 0 },
        { "full float", noise, 0, 14, 53 },
        { "two decimals", cents, 0, 28, 9.65 },
        { "random walk", walk, 9, 14, 3.17 },
};

/* Processor time: other programs on the machine do not count. */
static double now_s(void)
{
        struct timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double *make(const Shape *shape, size_t n)
{
        double *v = mem_new_array(double, SERIES *n);
        Rand r;
        rand_init(&r, shape->param + 1);
        for (size_t s = 0; s < SERIES; s++) {
                double x = floor(rand_double(&r) * 1e6);
                for (int warm = 0; warm < 300 && shape->weight < 60 && shape->entropy > 9; warm++)
                        x = shape->step(&r, x, shape->param);
                for (size_t i = 0; i < n; i++)
                        v[s * n + i] = x = shape->step(&r, x, shape->param);
        }
        return v;
}

typedef struct Result {
        double bits, encode_ns, decode_ns;
        FloatvecKind kind;
} Result;

static Result measure(const Shape *shape, size_t n)
{
        double *v = make(shape, n);
        static double out[FLOATVEC_MAX];
        FloatvecCoder *coder = floatvec_coder_new();
        size_t at[SERIES + 1];
        AUTO(buf_done) Buf b = { 0 };
        Result r = { 0 };
        double start = now_s();
        for (int round = 0; round < 10; round++) {
                buf_clear(&b);
                for (size_t s = 0; s < SERIES; s++) {
                        at[s] = b.n;
                        r.kind = floatvec_write(coder, v + s * n, n, &b);
                }
                at[SERIES] = b.n;
        }
        double total = (double)(SERIES * n);
        r.encode_ns = (now_s() - start) * 1e9 / total / 10;
        buf_reserve(&b, FLOATVEC_PAD_BYTES);
        start = now_s();
        for (int round = 0; round < ROUNDS; round++)
                for (size_t s = 0; s < SERIES; s++) {
                        size_t used;
                        Err err;
                        if (!floatvec_read((Str){ b.p + at[s], at[s + 1] - at[s] }, n, out, &used, &err)) {
                                fprintf(stderr, "bench_codec: %s\n", err.msg);
                                exit(1);
                        }
                        if (round == 0 && memcmp(out, v + s * n, n * sizeof *out) != 0) {
                                fprintf(stderr, "bench_codec: %s came back differently\n", shape->name);
                                exit(1);
                        }
                }
        r.decode_ns = (now_s() - start) * 1e9 / total / ROUNDS;
        r.bits = (double)b.n * 8 / total;
        floatvec_coder_free(coder);
        mem_free(v);
        return r;
}

/* What a machine moves when it only copies: the bound of any decoder. */
static double copy_gbytes(void)
{
        enum { BYTES = 64 << 20, TIMES = 10 };
        char *from = mem_zalloc(BYTES), *to = mem_zalloc(BYTES);
        double start = now_s();
        for (int i = 0; i < TIMES; i++) {
                from[i] = (char)i;
                memcpy(to, from, BYTES);
                __asm__ volatile("" : : "r"(to) : "memory");
        }
        double t = now_s() - start;
        mem_free(from);
        mem_free(to);
        return (double)BYTES * TIMES / t / 1e9;
}

/* ---- parts */

typedef struct Share {
        uint64_t values, bytes;
        double encode_s, decode_s;
} Share;

static void code_again(FloatvecCoder *coder, const double *v, size_t n, Share *shares)
{
        enum { TIMES = 20 };
        static double out[FLOATVEC_MAX];
        AUTO(buf_done) Buf b = { 0 };
        double start = now_s();
        FloatvecKind kind = floatvec_write(coder, v, n, &b);
        Share *s = &shares[kind];
        s->encode_s += now_s() - start;
        size_t bytes = b.n, used;
        Err err;
        buf_reserve(&b, FLOATVEC_PAD_BYTES);
        start = now_s();
        for (int i = 0; i < TIMES; i++)
                if (!floatvec_read((Str){ b.p, bytes }, n, out, &used, &err)) {
                        fprintf(stderr, "bench_codec: %s\n", err.msg);
                        exit(1);
                }
        s->decode_s += (now_s() - start) / TIMES;
        s->values += n;
        s->bytes += bytes;
}

static int parts(int n, char **paths)
{
        Share shares[FLOATVEC_KINDS_] = { { 0 } }, all = { 0 };
        FloatvecCoder *coder = floatvec_coder_new();
        Column c = { 0 };
        for (int i = 0; i < n; i++) {
                Part *p;
                PartDamage damage = { 0 };
                Err err;
                uint64_t bad = 0, sid = 0;
                if (!part_open(fs_system(), paths[i], 1, &p, &damage, &err)) {
                        fprintf(stderr, "bench_codec: %s\n", err.msg);
                        return 1;
                }
                for (; part_next_series(p, sid, &sid); sid++) {
                        column_clear(&c);
                        part_read(p, sid, INT64_MIN, INT64_MAX, &c, &bad);
                        for (size_t at = 0; !c.h && at < c.n; at += FLOATVEC_MAX)
                                code_again(coder, c.v + at, MIN_OF(c.n - at, (size_t)FLOATVEC_MAX), shares);
                }
                snapshot_unref(part_snapshot(p));
        }
        for (unsigned k = 0; k < FLOATVEC_KINDS_; k++) {
                Share *s = &shares[k];
                double values = (double)MAX_OF(s->values, 1u);
                printf("%-9s %10llu values %6.2f bits a value  decode %5.2f G/s  encode %5.1f ns\n",
                       floatvec_kind_name((FloatvecKind)k), (unsigned long long)s->values,
                       (double)s->bytes * 8 / values, values / MAX_OF(s->decode_s, 1e-9) / 1e9,
                       s->encode_s * 1e9 / values);
                all.values += s->values;
                all.bytes += s->bytes;
                all.decode_s += s->decode_s;
        }
        double values = (double)MAX_OF(all.values, 1u);
        printf("all: %.3f bytes a value, decode %.2f G/s\n", (double)all.bytes / values, values / all.decode_s / 1e9);
        column_done(&c);
        floatvec_coder_free(coder);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc > 1 && atoi(argv[1]) == 0)
                return parts(argc - 1, argv + 1);
        size_t n = argc > 1 ? (size_t)atoi(argv[1]) : FLOATVEC_MAX;
        if (n < 2 || n > FLOATVEC_MAX) {
                fprintf(stderr, "bench_codec: 2 to %d samples\n", FLOATVEC_MAX);
                return 2;
        }
        double bits = 0, entropy = 0, weight = 0, decode = 0, encode = 0;
        for (size_t i = 0; i < ARRAY_LEN(SHAPES); i++) {
                const Shape *s = &SHAPES[i];
                Result r = measure(s, n);
                printf("%-24s %-9s %6.2f bits a value (entropy %5.2f)  decode %5.2f G/s  encode %5.1f ns\n", s->name,
                       floatvec_kind_name(r.kind), r.bits, s->entropy, 1 / r.decode_ns, r.encode_ns);
                bits += r.bits * s->weight;
                entropy += s->entropy * s->weight;
                decode += r.decode_ns * s->weight;
                encode += r.encode_ns * s->weight;
                weight += s->weight;
        }
        printf("the mix: %.3f bytes a value (entropy %.3f), decode %.2f G/s, encode %.1f ns; memcpy %.1f GB/s\n",
               bits / weight / 8, entropy / weight / 8, weight / decode, encode / weight, copy_gbytes());
        return 0;
}
