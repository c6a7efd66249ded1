/* base/rand.h - Rand: a small seedable generator (xoshiro256**). Not for secrets. Not thread-safe. */
#pragma once
#include <stdint.h>

typedef struct Rand {
        uint64_t s[4];
} Rand;

void rand_init(Rand *rand, uint64_t seed);
uint64_t rand_u64(Rand *rand);
/* Uniform in [0, bound); bound > 0. */
uint64_t rand_below(Rand *rand, uint64_t bound);
double rand_double(Rand *rand); /* [0, 1) */
/* n bytes from the operating system, for ids. */
void rand_os_bytes(void *p, uint64_t n);
