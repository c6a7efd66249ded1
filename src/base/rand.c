#include "base/rand.h"

#include <sys/random.h>

#include "base/check.h"

static uint64_t splitmix(uint64_t *x)
{
        uint64_t z = *x += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
}

void rand_init(Rand *r, uint64_t seed)
{
        for (int i = 0; i < 4; i++)
                r->s[i] = splitmix(&seed);
}

static uint64_t rotl(uint64_t x, int k) { return x << k | x >> (64 - k); }

uint64_t rand_u64(Rand *r)
{
        uint64_t *s = r->s;
        uint64_t result = rotl(s[1] * 5, 7) * 9;
        uint64_t t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rotl(s[3], 45);
        return result;
}

uint64_t rand_below(Rand *r, uint64_t bound) { return (uint64_t)(((__uint128_t)rand_u64(r) * bound) >> 64); }

double rand_double(Rand *r) { return (double)(rand_u64(r) >> 11) * 0x1.0p-53; }

void rand_os_bytes(void *p, uint64_t n)
{
        for (uint64_t done = 0; done < n;) {
                ssize_t got = getrandom((char *)p + done, n - done, 0);
                CHECK(got > 0);
                done += (uint64_t)got;
        }
}
