/* ui/ui.h - the user interface, compiled into the program: static files, compressed at build time. */
#pragma once
#include <stddef.h>

#include "net/http_server.h"

/* Routes that serve the files; unknown paths without a dot give the application, which has its own router. prefix is
 * where everything is served ("/" or NULL: the root): the page's base address is set to it. Borrowed; call once. */
const HttpRoute *ui_routes(const char *prefix, size_t *ret_n);
