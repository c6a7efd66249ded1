/* Invariants:
 * 1. Only what a browser itself writes decides (Host, Origin, Sec-Fetch-Site): a page cannot set those.
 * X-Forwarded-Host can be set by a page only after a preflight, which we refuse, so it may confirm an Origin.
 * 2. Clients that are not browsers send no Origin and are never refused by hostcheck_same_origin. */
#include "net/hostcheck.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { MAX_HOST_BYTES = 255 };

bool hostcheck_split(Str header, Str *ret_host, Str *ret_port)
{
        Str host;
        Str rest;
        if (header.n > 0 && header.p[0] == '[') {
                size_t end = str_find_char(header, ']');
                if (end == SIZE_MAX)
                        return false;
                host = str_sub(header, 1, end);
                rest = str_sub(header, end + 1, header.n);
        } else {
                size_t colon = str_find_char(header, ':');
                host = str_sub(header, 0, colon == SIZE_MAX ? header.n : colon);
                rest = str_sub(header, host.n, header.n);
        }
        if (host.n == 0 || host.n > MAX_HOST_BYTES || (rest.n > 0 && rest.p[0] != ':'))
                return false;
        for (size_t i = 0; i < host.n; i++)
                if ((unsigned char)host.p[i] <= ' ' || host.p[i] == '/' || host.p[i] == '@' || host.p[i] == '\\')
                        return false;
        for (size_t i = 1; i < rest.n; i++)
                if (rest.p[i] < '0' || rest.p[i] > '9')
                        return false;
        *ret_host = host;
        *ret_port = str_sub(rest, 1, rest.n);
        return true;
}

static bool is_ip_literal(Str host)
{
        char z[MAX_HOST_BYTES + 1];
        unsigned char scratch[sizeof(struct in6_addr)];
        snprintf(z, sizeof z, STR_FMT, STR_ARG(host));
        return inet_pton(AF_INET, z, scratch) == 1 || inet_pton(AF_INET6, z, scratch) == 1;
}

static bool is_allowed(const HostCheck *check, Str host)
{
        for (size_t i = 0; i < check->n_allowed; i++)
                if (str_eq_fold(host, str_of(check->allowed[i])))
                        return true;
        return false;
}

bool hostcheck_is_ours(const HostCheck *check, Str host_header)
{
        Str host;
        Str port;
        if (!hostcheck_split(host_header, &host, &port))
                return false;
        if (host.n > 1 && host.p[host.n - 1] == '.')
                host.n--; /* a fully qualified name */
        Str local = STR("localhost");
        if (str_eq_fold(host, local) || is_ip_literal(host))
                return true;
        if (host.n > local.n + 1 && host.p[host.n - local.n - 1] == '.' &&
            str_eq_fold(str_sub(host, host.n - local.n, host.n), local))
                return true;
        return (check->hostname.n > 0 && str_eq_fold(host, check->hostname)) || is_allowed(check, host);
}

bool hostcheck_same_origin(const HostCheck *check, const HostOrigin *request)
{
        if (str_eq_fold(request->fetch_site, STR("same-origin")) || str_eq_fold(request->fetch_site, STR("none")))
                return true;
        if (request->origin.n == 0)
                return request->fetch_site.n == 0;
        size_t scheme = str_find(request->origin, STR("://"));
        if (scheme == SIZE_MAX)
                return false; /* "null": a sandboxed page or a file */
        Str authority = str_sub(request->origin, scheme + 3, request->origin.n);
        if (str_eq_fold(authority, request->host) ||
            (request->forwarded_host.n && str_eq_fold(authority, request->forwarded_host)))
                return true;
        Str host;
        Str port;
        return hostcheck_split(authority, &host, &port) && is_allowed(check, host);
}
