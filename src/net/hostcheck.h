/* net/hostcheck.h - is this request from a page that may talk to us? Answers to DNS rebinding and cross-site requests.
 *
 * A server on loopback has no login; a page on another site can make the browser reach it, either under a name of its
 * own that it points at 127.0.0.1 (rebinding) or by a plain cross-site form. The Host and Origin headers tell. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

typedef struct HostCheck {          /* all borrowed */
        Str hostname;               /* the machine's own */
        const char *const *allowed; /* further names: what a reverse proxy calls us */
        size_t n_allowed;
} HostCheck;

/* Splits "host:port", "[v6]:port", "host"; false when malformed. */
bool hostcheck_split(Str header, Str *ret_host, Str *ret_port);
/* True when a Host header names an IP literal, localhost (or below it), the machine's hostname or an allowed name. */
bool hostcheck_is_ours(const HostCheck *check, Str host_header);

typedef struct HostOrigin { /* headers of one request, empty when absent */
        Str origin, host, forwarded_host, fetch_site;
} HostOrigin;
/* True when a request that changes something comes from our own page or from no page at all. */
bool hostcheck_same_origin(const HostCheck *check, const HostOrigin *request);
