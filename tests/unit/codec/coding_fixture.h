/* What tests of general compression compress. */
#pragma once
#include "testing.h"

#include "base/buf.h"
#include "base/rand.h"

/* Text that compresses, with some noise in it. */
static inline void coding_sample(Buf *out, size_t n)
{
        Rand rand;
        rand_init(&rand, n);
        while (out->n < n)
                buf_printf(out, "metric_%llu{job=\"node\"} %llu\n", (unsigned long long)rand_below(&rand, 50),
                           (unsigned long long)rand_below(&rand, 1000));
        out->n = n;
}
