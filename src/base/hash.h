/* base/hash.h - hashes and checksums. Values of hash_bytes are not stored on disk; crc32c is. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

typedef struct Hash128 {
        uint64_t lo, hi;
} Hash128;

uint64_t hash_bytes(const void *p, size_t n); /* XXH3, 64 bit */
static inline uint64_t hash_str(Str s) { return hash_bytes(s.p, s.n); }
Hash128 hash_bytes128(const void *p, size_t n); /* XXH3, 128 bit */
uint64_t hash_xxh64(const void *p, size_t n);   /* XXH64 seed 0, for formats that fix it */
static inline uint64_t hash_u64(uint64_t v)
{
        v ^= v >> 32;
        v *= 0xd6e8feb86659fd93u;
        v ^= v >> 32;
        v *= 0xd6e8feb86659fd93u;
        return v ^ (v >> 32);
}
/* CRC-32C (Castagnoli), continuing from crc (0 to start). SSE4.2 where the machine has it, tables elsewhere. */
uint32_t hash_crc32c(uint32_t crc, const void *p, size_t n);
uint32_t hash_crc32c_portable(uint32_t crc, const void *p, size_t n);
/* FNV-1a 64, for phases that must match other programs. */
uint64_t hash_fnv1a(Str s);
