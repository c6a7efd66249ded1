/* Why ":9090" is one IPv6 socket that takes IPv4 too: one descriptor to accept from; a machine without IPv6 falls back.
 */
#include "net/listen_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/num.h"

static void set_v4(ListenAddr *a, struct in_addr ip, uint16_t port)
{
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = ip };
        memcpy(&a->addr, &in, sizeof in);
        a->n = sizeof in;
        a->loopback = ntohl(ip.s_addr) >> 24 == 127;
        a->all = ip.s_addr == 0;
}

static void set_v6(ListenAddr *a, struct in6_addr ip, uint16_t port)
{
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = ip };
        memcpy(&a->addr, &in6, sizeof in6);
        a->n = sizeof in6;
        a->loopback = IN6_IS_ADDR_LOOPBACK(&ip);
        a->all = IN6_IS_ADDR_UNSPECIFIED(&ip);
}

static bool resolve(const char *host, uint16_t port, ListenAddr *ret, Err *err)
{
        struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
        struct addrinfo *found = NULL;
        int rc = getaddrinfo(host, NULL, &hints, &found);
        if (rc != 0)
                return err_set(err, ERR_NOT_FOUND, "listen address: host '%s' is unknown: %s", host, gai_strerror(rc));
        if (found->ai_family == AF_INET6) {
                struct sockaddr_in6 in6;
                memcpy(&in6, found->ai_addr, sizeof in6);
                set_v6(ret, in6.sin6_addr, port);
        } else {
                struct sockaddr_in in;
                memcpy(&in, found->ai_addr, sizeof in);
                set_v4(ret, in.sin_addr, port);
        }
        freeaddrinfo(found);
        return true;
}

bool listen_addr_parse(const char *text, ListenAddr *ret, Err *err)
{
        Str s = str_of(text);
        size_t colon = str_rfind_char(s, ':');
        uint64_t port;
        if (colon == SIZE_MAX || colon + 1 == s.n || s.p[colon + 1] < '0' || s.p[colon + 1] > '9' ||
            !num_parse_u64(str_sub(s, colon + 1, s.n), &port) || port > 65535)
                return err_set(err, ERR_INVALID,
                               "listen address '%s' has no valid port: want HOST:PORT, such as 127.0.0.1:9090", text);
        Str host = str_sub(s, 0, colon);
        bool bracketed = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
        if (bracketed)
                host = str_sub(host, 1, host.n - 1);
        char z[256];
        if (host.n >= sizeof z || (!bracketed && str_find_char(host, ':') != SIZE_MAX))
                return err_set(err, ERR_INVALID,
                               "listen address '%s' has a bad host: an IPv6 address goes in brackets, as in [::1]:9090",
                               text);
        snprintf(z, sizeof z, STR_FMT, STR_ARG(host));
        ListenAddr addr = { 0 };
        struct in_addr v4;
        struct in6_addr v6;
        if (host.n == 0 && !bracketed)
                set_v6(&addr, in6addr_any, (uint16_t)port);
        else if (str_eq_fold(host, STR("localhost")))
                set_v4(&addr, (struct in_addr){ htonl(INADDR_LOOPBACK) }, (uint16_t)port);
        else if (!bracketed && inet_pton(AF_INET, z, &v4) == 1)
                set_v4(&addr, v4, (uint16_t)port);
        else if (bracketed && inet_pton(AF_INET6, z, &v6) == 1)
                set_v6(&addr, v6, (uint16_t)port);
        else if (bracketed)
                return err_set(err, ERR_INVALID, "listen address '%s' has a bad IPv6 address", text);
        else if (!resolve(z, (uint16_t)port, &addr, err))
                return false;
        *ret = addr;
        return true;
}

static int open_socket(const ListenAddr *a)
{
        int fd = socket(a->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -1;
        int on = 1;
        int only_v6 = !a->all;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (a->addr.ss_family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6);
        if (bind(fd, (const struct sockaddr *)&a->addr, a->n) == 0 && listen(fd, LISTEN_ADDR_BACKLOG) == 0)
                return fd;
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
}

static uint16_t port_of(const struct sockaddr *addr)
{
        return addr->sa_family == AF_INET6 || addr->sa_family == AF_INET ? bits_be16((const char *)addr + 2) : 0;
}

bool listen_addr_open(const ListenAddr *addr, const char *text, int *ret_fd, int *ret_port, Err *err)
{
        int fd = open_socket(addr);
        if (fd < 0 && addr->all && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
                ListenAddr v4 = { 0 };
                set_v4(&v4, (struct in_addr){ INADDR_ANY }, port_of((const struct sockaddr *)&addr->addr));
                fd = open_socket(&v4);
        }
        if (fd < 0 && errno == EADDRINUSE)
                return err_set(err, ERR_EXISTS, "listen on '%s': address already in use; choose another with --listen",
                               text);
        if (fd < 0 && errno == EACCES)
                return err_set(err, ERR_IO, "listen on '%s': permission denied; ports below 1024 are reserved", text);
        if (fd < 0)
                return err_sys(err, errno, "listen on '%s'", text);
        struct sockaddr_storage bound = { 0 };
        socklen_t n = sizeof bound;
        getsockname(fd, (struct sockaddr *)&bound, &n);
        *ret_port = port_of((struct sockaddr *)&bound);
        *ret_fd = fd;
        return true;
}

void listen_addr_format(Buf *out, const struct sockaddr *addr)
{
        char text[INET6_ADDRSTRLEN];
        if (addr->sa_family == AF_INET) {
                inet_ntop(AF_INET, (const char *)addr + offsetof(struct sockaddr_in, sin_addr), text, sizeof text);
                buf_printf(out, "%s:%u", text, port_of(addr));
        } else if (addr->sa_family == AF_INET6) {
                struct in6_addr ip;
                memcpy(&ip, (const char *)addr + offsetof(struct sockaddr_in6, sin6_addr), sizeof ip);
                bool v4 = IN6_IS_ADDR_V4MAPPED(&ip);
                inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? &ip.s6_addr[12] : ip.s6_addr, text, sizeof text);
                buf_printf(out, v4 ? "%s:%u" : "[%s]:%u", text, port_of(addr));
        } else {
                buf_cstr_add(out, "unknown");
        }
}
