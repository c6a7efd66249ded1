#define XXH_INLINE_ALL
#include "base/hash.h"

#include <stdbool.h>
#include <xxhash.h>

#include "base/bits.h"

uint64_t hash_bytes(const void *p, size_t n) { return XXH3_64bits(p, n); }

uint64_t hash_xxh64(const void *p, size_t n)
{
#ifdef __clang_analyzer__
        if (!p) /* only with n == 0, which the analyzer does not believe */
                return 0;
#endif
        return XXH64(p, n, 0);
}

Hash128 hash_bytes128(const void *p, size_t n)
{
        XXH128_hash_t h = XXH3_128bits(p, n);
        return (Hash128){ .lo = h.low64, .hi = h.high64 };
}

static uint32_t crc_entry(uint32_t byte)
{
        for (int k = 0; k < 8; k++)
                byte = byte & 1 ? (byte >> 1) ^ 0x82f63b78u : byte >> 1;
        return byte;
}

uint32_t hash_crc32c_portable(uint32_t crc, const void *p, size_t n)
{
        static _Atomic uint32_t table[256]; /* idempotent values: a race writes the same words */
        if (table[255] == 0)                /* written last, and these accesses keep their order */
                for (uint32_t i = 0; i < 256; i++)
                        table[i] = crc_entry(i);
        const unsigned char *b = p;
        crc = ~crc;
        while (n--)
                crc = (crc >> 8) ^ table[(crc ^ *b++) & 0xff];
        return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *p, size_t n)
{
        const unsigned char *b = p;
        uint64_t c = ~crc;
        for (; n >= 8; n -= 8, b += 8)
                c = __builtin_ia32_crc32di(c, bits_le64(b));
        uint32_t r = (uint32_t)c;
        while (n--)
                r = __builtin_ia32_crc32qi(r, *b++);
        return ~r;
}
#endif

uint32_t hash_crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
        if (__builtin_cpu_supports("sse4.2"))
                return crc32c_sse42(crc, p, n);
#endif
        return hash_crc32c_portable(crc, p, n);
}

uint64_t hash_fnv1a(Str s)
{
        uint64_t h = 0xcbf29ce484222325u;
        for (size_t i = 0; i < s.n; i++)
                h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
        return h;
}
