/* Host and Origin headers, and listen addresses: no crash; what counts as ours splits, and is a name that we know. */
#include <stdint.h>
#include <stdlib.h>

#include "net/hostcheck.h"
#include "net/listen_addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const ALLOWED[] = { "mon.example.com" };
        HostCheck check = { .hostname = STR("box1"), .allowed = ALLOWED, .n_allowed = 1 };
        Str text = { (const char *)data, size };
        Str host;
        Str port;
        bool ours = hostcheck_is_ours(&check, text);
        if (ours && (!hostcheck_split(text, &host, &port) || host.n == 0))
                abort();
        /* A rebinding name ends in a letter domain that is not ours. */
        AUTO(buf_done) Buf evil = { 0 };
        if (size < 200) {
                buf_str_add(&evil, text);
                buf_lit(&evil, ".evil.example");
                if (hostcheck_is_ours(&check, buf_str(&evil)))
                        abort();
        }
        Str origin;
        Str rest;
        str_cut(text, '\n', &origin, &rest);
        HostOrigin request = { .origin = origin, .host = rest };
        IGNORE(hostcheck_same_origin(&check, &request));
        request.host = STR("localhost:9090"); /* one origin alone matches, and the allowed name */
        if (hostcheck_same_origin(&check, &request) && origin.n > 0 && str_find(origin, STR("://")) == SIZE_MAX)
                abort();
        /* Names would be resolved: only texts that cannot be one. */
        AUTO(buf_done) Buf z = { 0 };
        buf_str_add(&z, text);
        ListenAddr addr;
        Err err;
        bool literal = size > 0 && (data[0] == '[' || data[0] == ':');
        if (literal && listen_addr_parse(buf_cstr(&z), &addr, &err) && addr.n == 0)
                abort();
        return 0;
}
