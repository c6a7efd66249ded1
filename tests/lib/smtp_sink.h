/* tests/lib/smtp_sink.h - a mail server on loopback, for any number of mails one after the other. What it says can be
 * scripted; what it was told is kept. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "testing.h"

#include "base/buf.h"
#include "os/mutex.h"
#include "os/thread.h"

typedef struct SmtpSink {
        int listener;
        uint16_t port;
        const char
                *_Atomic offers; /* lines of EHLO's answer: "250-8BITMIME\r\n"; may change while it runs, as what follows */
        const char *_Atomic on_auth, *_Atomic on_mail, *_Atomic on_rcpt, *_Atomic on_data,
                *_Atomic on_end; /* replies in place of the usual */
        atomic_bool silent;      /* accepts, says nothing */
        Thread thread;
        Mutex mu; /* guards what follows */
        Buf transcript, data;
        size_t mails;
        int connection;
        bool stopping;
} SmtpSink;

static inline void smtp_sink_say(FILE *f, const char *line, const char *usual)
{
        fprintf(f, "%s\r\n", line ? line : usual);
        fflush(f);
}

static inline void smtp_sink_data(SmtpSink *s, FILE *f)
{
        char *line = NULL;
        size_t cap = 0;
        ssize_t n;
        while ((n = getline(&line, &cap, f)) > 0 && strcmp(line, ".\r\n") != 0) {
                mutex_lock(&s->mu);
                buf_add(&s->data, line, (size_t)n);
                mutex_unlock(&s->mu);
        }
        free(line);
        mutex_lock(&s->mu);
        s->mails++;
        mutex_unlock(&s->mu);
        smtp_sink_say(f, s->on_end, "250 taken");
}

static inline void smtp_sink_command(SmtpSink *s, FILE *f, const char *line)
{
        if (!line)
                return;
        mutex_lock(&s->mu);
        buf_printf(&s->transcript, "%.*s\n", (int)strcspn(line, "\r\n"), line);
        mutex_unlock(&s->mu);
        if (strncmp(line, "EHLO", 4) == 0) {
                fprintf(f, "250-sink.example.com\r\n%s250 HELP\r\n", s->offers ? s->offers : "");
                fflush(f);
        } else if (strncmp(line, "AUTH PLAIN", 10) == 0) {
                smtp_sink_say(f, s->on_auth, "235 welcome");
        } else if (strncmp(line, "AUTH LOGIN", 10) == 0) {
                smtp_sink_say(f, NULL, "334 VXNlcm5hbWU6");
        } else if (strncmp(line, "AUTH CRAM-MD5", 13) == 0) {
                smtp_sink_say(f, NULL, "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
        } else if (strncmp(line, "MAIL", 4) == 0) {
                smtp_sink_say(f, s->on_mail, "250 fine");
        } else if (strncmp(line, "RCPT", 4) == 0) {
                smtp_sink_say(f, s->on_rcpt, "250 fine");
        } else if (strncmp(line, "DATA", 4) == 0) {
                smtp_sink_say(f, s->on_data, "354 go on");
                if (!s->on_data)
                        smtp_sink_data(s, f);
        } else if (strncmp(line, "dXNlcg==", 8) == 0) { /* "user" */
                smtp_sink_say(f, NULL, "334 UGFzc3dvcmQ6");
        } else {
                smtp_sink_say(f, s->on_auth, "235 welcome");
        }
}

static inline void smtp_sink_serve(void *arg)
{
        SmtpSink *s = arg;
        for (;;) {
                int fd = accept(s->listener, NULL, NULL);
                mutex_lock(&s->mu);
                bool stop = s->stopping || fd < 0;
                s->connection = fd;
                mutex_unlock(&s->mu);
                FILE *f = fd < 0 ? NULL : fdopen(fd, "r+");
                if (f && !stop && !s->silent)
                        smtp_sink_say(f, NULL, "220 sink.example.com ESMTP");
                char *line = NULL;
                size_t cap = 0;
                while (f && !stop && getline(&line, &cap, f) > 0 && strncmp(line, "QUIT", 4) != 0)
                        if (!s->silent)
                                smtp_sink_command(s, f, line);
                free(line);
                mutex_lock(&s->mu);
                s->connection = -1;
                mutex_unlock(&s->mu);
                if (f)
                        fclose(f);
                if (stop)
                        return;
        }
}

static inline SmtpSink *smtp_sink_new(void)
{
        SmtpSink *s = calloc(1, sizeof *s);
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof address;
        Err err;
        mutex_init(&s->mu);
        s->connection = -1;
        s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_return_code(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
        assert_return_code(listen(s->listener, 8), 0);
        assert_return_code(getsockname(s->listener, (struct sockaddr *)&address, &n), 0);
        s->port = ntohs(address.sin_port);
        assert_ok(thread_start(&s->thread, "sink", smtp_sink_serve, s, &err), err);
        return s;
}

static inline void smtp_sink_free(SmtpSink *s)
{
        mutex_lock(&s->mu);
        s->stopping = true;
        if (s->connection >= 0)
                shutdown(s->connection, SHUT_RDWR);
        mutex_unlock(&s->mu);
        shutdown(s->listener, SHUT_RDWR);
        thread_join(s->thread);
        close(s->listener);
        buf_done(&s->transcript);
        buf_done(&s->data);
        mutex_done(&s->mu);
        free(s);
}
