/* net/listen_addr.h - "127.0.0.1:9090", "[::1]:0", ":9090", "localhost:9090": parsing, listening sockets, addresses as
 * text. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

typedef struct ListenAddr {
        struct sockaddr_storage addr;
        socklen_t n;
        bool all;      /* every address, both families */
        bool loopback; /* reachable from this machine only */
} ListenAddr;

enum { LISTEN_ADDR_BACKLOG = 1024 };

/* IP literals, "localhost" (127.0.0.1), an empty host (all addresses) and host names, which are resolved now. */
MUST_CHECK bool listen_addr_parse(const char *text, ListenAddr *ret, Err *err);
/* A non-blocking TCP socket that listens; *ret_port says which port it got. A taken port is ERR_EXISTS:
 * "listen on '127.0.0.1:9090': address already in use; choose another with --listen". text is for messages. */
MUST_CHECK bool listen_addr_open(const ListenAddr *addr, const char *text, int *ret_fd, int *ret_port, Err *err);
/* "127.0.0.1:40312", "[::1]:40312"; IPv4 in IPv6 is shown as IPv4. */
void listen_addr_format(Buf *out, const struct sockaddr *addr);
