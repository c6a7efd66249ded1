/* notify/notify_mime.h - mails as Go's packages write them: encoded words, quoted-printable, address lists. Private. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* A header's value: as it is, or as encoded words (RFC 2047) when it is not printable ASCII. Line breaks become spaces. */
void notify_mime_header(Buf *out, Str value);
/* An address: only the display name is encoded, as RFC 2047 has it. */
void notify_mime_address(Buf *out, Str value);
/* RFC 2045, lines of at most 76 bytes that end with CR LF. */
void notify_mime_quoted_printable(Buf *out, Str text);
/* "Name <a@example.com>, b@example.com": the bare addresses, borrowed from text. */
MUST_CHECK bool notify_mime_addresses(Str text, Arena *arena, Str **ret, size_t *ret_n, Err *err);
/* content-type: Content-Type. Lives in arena. */
Str notify_mime_canonical(Arena *arena, Str name);
