#include "codec/intorder.h"

#include "base/attr.h"
#include "base/bits.h"

enum { SAMPLE = 64 };

/* About how many bits a value takes when these are packed; x is sorted by nobody. */
static unsigned sample_bits(const uint64_t *x, size_t n)
{
        uint64_t few[9];
        size_t k = 0;
        for (size_t i = 0; i < n && k < ARRAY_LEN(few); i += n / ARRAY_LEN(few) + 1) {
                size_t at = k++;
                for (; at > 0 && (int64_t)few[at - 1] > (int64_t)x[i]; at--)
                        few[at] = few[at - 1];
                few[at] = x[i];
        }
        uint64_t middle = few[k / 2];
        unsigned counts[65] = { 0 };
        for (size_t i = 0; i < n; i++)
                counts[bits_length64(bits_magnitude64(x[i] - middle))]++;
        unsigned best = UINT32_MAX, above = (unsigned)n - counts[0];
        for (unsigned w = 0; w <= 64; w++) {
                unsigned bits = w * (unsigned)n + above * 64;
                best = bits < best ? bits : best;
                above -= w < 64 ? counts[w + 1] : 0;
        }
        return best;
}

unsigned intorder_choose(const int64_t *v, size_t n)
{
        if (n < 3)
                return 0;
        uint64_t x[3][SAMPLE];
        size_t m = 0, stride = (n - 2) / SAMPLE + 1;
        for (size_t i = 2; i < n && m < SAMPLE; i += stride, m++) {
                uint64_t d = (uint64_t)v[i] - (uint64_t)v[i - 1];
                x[0][m] = (uint64_t)v[i];
                x[1][m] = d;
                x[2][m] = d - ((uint64_t)v[i - 1] - (uint64_t)v[i - 2]);
        }
        unsigned best = 0, bits = sample_bits(x[0], m);
        for (unsigned order = 1; order <= 2; order++) {
                unsigned b = sample_bits(x[order], m);
                if (b < bits) {
                        best = order;
                        bits = b;
                }
        }
        return best;
}
