/* net/smtp_client.h - sends one mail to a mail server: EHLO, STARTTLS or TLS at once, AUTH, MAIL, RCPT, DATA. Blocks: for a
 * worker thread. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/http_client.h"

enum { SMTP_CLIENT_MAX_LINE_BYTES = 4096, SMTP_CLIENT_MAX_REPLY_LINES = 200, SMTP_CLIENT_TIMEOUT_MS = 30 * 1000 };

typedef struct SmtpMail { /* everything borrowed until smtp_client_send returns */
        Str host, port;
        Str hello;         /* our name; empty: localhost */
        bool require_tls;  /* without STARTTLS nothing is sent; false: it is not even tried, as Alertmanager does */
        bool implicit_tls; /* TLS from the first byte */
        /* No authentication without a username. The first mechanism in the server's list for which there is something:
         * secret for CRAM-MD5, password for PLAIN and LOGIN. */
        Str username, password, secret, identity;
        Str from;
        const Str *to;
        size_t n_to;
        Str data;               /* headers and body, lines end with CR LF; dots are doubled here */
        const HttpAuthTls *tls; /* certificates and checks; may be NULL */
        int64_t timeout_ms;     /* of the whole; 0: 30 s */
        Str program;            /* for who sends: a sendmail to give it to when no server answers; empty: none */
} SmtpMail;

typedef struct SmtpAnswer {
        int code;       /* of the reply that decided; 0: none came */
        bool permanent; /* 5xx: the same mail will not do later either */
        char text[200]; /* what the server said last */
} SmtpAnswer;

/* Polls *stop (may be NULL) a few times a second. The error names the server and the step, never the password. */
MUST_CHECK bool smtp_client_send(const SmtpMail *mail, const atomic_bool *stop, SmtpAnswer *ret_answer, Err *err);
