/* scrape/scrape_request.h - how a target is asked, and which format its answer is in. Private. */
#pragma once
#include "scrape/expofmt.h"
#include "scrape/scrape.h"

/* The names that scrape_protocols and fallback_scrape_protocol take; NULL-terminated. */
extern const char *const scrape_request_protocols[];

/* The Accept header for these protocols, best first (none: the default order), names escaped as `escaping` says (an index
 * of metric_name_escaping_scheme). Lives in arena. Protobuf is left out: it is not read in this version. */
Str scrape_request_accept(const StrList *protocols, int escaping, Arena *arena);
/* The format of an answer; fallback (may be empty) decides for a Content-Type that is none of ours. */
MUST_CHECK bool scrape_request_format(Str content_type, Str fallback, ExpoFormat *ret, Err *err);
