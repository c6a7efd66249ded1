#include "model/fingerprint.h"

static uint64_t feed(uint64_t h, Str s)
{
        static const uint64_t prime = 0x100000001b3u;
        for (size_t i = 0; i < s.n; i++)
                h = (h ^ (unsigned char)s.p[i]) * prime;
        return (h ^ 0xff) * prime;
}

uint64_t fingerprint_of(Labels labels)
{
        uint64_t h = 0xcbf29ce484222325u;
        for (size_t i = 0; i < labels.n; i++)
                h = feed(feed(h, labels.data[i].name), labels.data[i].value);
        return h;
}

void fingerprint_print(Buf *out, uint64_t fingerprint) { buf_printf(out, "%016llx", (unsigned long long)fingerprint); }

bool fingerprint_parse(Str s, uint64_t *ret)
{
        if (s.n != 16)
                return false;
        uint64_t v = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
                        return false;
                v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        *ret = v;
        return true;
}
