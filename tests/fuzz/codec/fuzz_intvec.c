/* Any bytes decode without harm; any integers come back; vectors and plain code agree. The first two bytes say how many values. */
#include "base/bits.h"
#include "base/check.h"
#include "base/mem.h"
#include "codec/bitpack.h"
#include "codec/intvec.h"
#include "codec/unfold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any range is what the whole has there; both or none can be read. */
static void check_some(Str code, size_t n, size_t seed)
{
        size_t from = seed % n, to = from + 1 + seed / n % (n - from), used, used_too;
        int64_t *all = mem_new_array(int64_t, n), *some = mem_new_array(int64_t, to - from);
        double *all_doubles = mem_new_array(double, n), *doubles = mem_new_array(double, to - from);
        IntvecPart whole = { code, n, 0, n }, part = { code, n, from, to };
        Err err;
        bool ok = intvec_read(code, n, all, &used, &err);
        CHECK(intvec_read_part(&part, some, &used_too, &err) == ok);
        CHECK(!ok || (used == used_too && memcmp(some, all + from, (to - from) * sizeof *some) == 0));
        CHECK(intvec_read_doubles(&whole, 10, all_doubles, &used, &err) == ok);
        CHECK(intvec_read_doubles(&part, 10, doubles, &used_too, &err) == ok);
        CHECK(!ok ||
              memcmp((const char *)doubles, (const char *)(all_doubles + from), (to - from) * sizeof *doubles) == 0);
        mem_free(doubles);
        mem_free(all_doubles);
        mem_free(some);
        mem_free(all);
}

static void there_and_back(const int64_t *v, size_t n)
{
        static IntvecPlan plan;
        AUTO(buf_done) Buf b = { 0 };
        intvec_plan(&plan, v, n);
        intvec_write(&plan, v, &b);
        size_t bytes = b.n, used;
        buf_reserve(&b, INTVEC_PAD_BYTES);
        int64_t *back = mem_new_array(int64_t, n);
        Err err;
        CHECK(intvec_read((Str){ b.p, bytes }, n, back, &used, &err) && used == bytes);
        CHECK(memcmp(back, v, n * sizeof *v) == 0);
        check_some((Str){ b.p, bytes }, n, bytes * 7 + (uint64_t)v[n / 2] % 1000003);
        mem_free(back);
}

/* The input's last bytes are the task, the ones before them the numbers. */
static void both_ways(const uint8_t *data, size_t size, size_t n)
{
        enum { TASK = 32 };
        if (size < TASK)
                return;
        const uint8_t *task = data + size - TASK;
        Unfold u = { .factor = bits_le64(task),
                     .base = bits_le64(task + 8),
                     .start = bits_le64(task + 16),
                     .width = task[24] % 65,
                     .sums = task[25] & 1,
                     .to = task[25] & 2 ? UNFOLD_DOUBLES : UNFOLD_INTEGERS,
                     .divide = task[25] & 4 ? 100 : 1 };
        if (bitpack_bytes(n, u.width) + BITPACK_PAD_BYTES > size)
                return;
        uint64_t *a = mem_new_array(uint64_t, n), *b = mem_new_array(uint64_t, n);
        unfold_run(&u, data, n, a);
        unfold_plainly(&u, data, n, b);
        CHECK(unfold_total(data, n, u.width) == unfold_total_plainly(data, n, u.width));
        CHECK(memcmp(a, b, n * sizeof *a) == 0);
        mem_free(a);
        mem_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 2)
                return 0;
        size_t n = bits_le16(data) % INTVEC_MAX + 1, bytes = size - 2, used;
        char *copy = mem_zalloc(bytes + INTVEC_PAD_BYTES);
        memcpy(copy, data + 2, bytes);
        int64_t *v = mem_new_array(int64_t, n);
        Err err;
        if (intvec_read((Str){ copy, bytes }, n, v, &used, &err)) {
                CHECK(used <= bytes);
                there_and_back(v, n);
        }
        check_some((Str){ copy, bytes }, n,
                   bytes ? bits_le16(data) / INTVEC_MAX * 31 + (size_t)data[size - 1] * 1009 : 0);
        if (bytes >= 8) {
                size_t given = MIN_OF(bytes / 8, (size_t)INTVEC_MAX);
                int64_t *own = mem_new_array(int64_t, given);
                memcpy(own, copy, given * sizeof *own);
                there_and_back(own, given);
                mem_free(own);
        }
        both_ways((const uint8_t *)copy, bytes + INTVEC_PAD_BYTES, n);
        mem_free(v);
        mem_free(copy);
        return 0;
}
