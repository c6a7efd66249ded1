#include "app/alerttest/atsmtp.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/thread.h"

typedef struct Sink {
        int listener;
        Buf transcript, data;
} Sink;

static void say(FILE *f, const char *line)
{
        fprintf(f, "%s\r\n", line);
        fflush(f);
}

/* Up to the line with a dot; doubled dots are undone. */
static void read_data(Sink *s, FILE *f)
{
        char *line = NULL;
        size_t cap = 0;
        ssize_t n;
        while ((n = getline(&line, &cap, f)) > 0) {
                Str text = str_n(line, (size_t)n);
                if (str_eq(str_trim(text), STR(".")))
                        break;
                buf_str_add(&s->data, str_starts(text, STR(".")) ? str_sub(text, 1, text.n) : text);
        }
        free(line);
}

static void serve(void *arg)
{
        Sink *s = arg;
        char *line = NULL;
        size_t cap = 0;
        ssize_t n;
        int fd = accept(s->listener, NULL, NULL);
        FILE *f = fd < 0 ? NULL : fdopen(fd, "r+");
        if (!f)
                return;
        setvbuf(f, NULL, _IOLBF, 0);
        say(f, "220 sink.example.com ESMTP");
        while ((n = getline(&line, &cap, f)) > 0) {
                Str command = str_trim(str_n(line, (size_t)n));
                if (str_eq(command, STR("QUIT"))) {
                        say(f, "221 bye");
                        break;
                }
                buf_printf(&s->transcript, "C: " STR_FMT "\n", STR_ARG(command));
                if (str_starts(command, STR("EHLO"))) {
                        say(f, "250-sink.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN");
                } else if (str_eq(command, STR("DATA"))) {
                        say(f, "354 go on");
                        read_data(s, f);
                        say(f, "250 taken");
                } else {
                        say(f, str_starts(command, STR("AUTH")) ? "235 welcome" : "250 fine");
                }
        }
        free(line);
        fclose(f);
}

static bool listen_somewhere(int *ret_fd, uint16_t *ret_port, Err *err)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &n) != 0)
                return err_set(err, ERR_IO, "cannot listen on loopback");
        *ret_fd = fd;
        *ret_port = ntohs(address.sin_port);
        return true;
}

bool atsmtp_record(const SmtpMail *mail, Arena *arena, Str *ret_transcript, Str *ret_data, Err *err)
{
        Sink sink = { .listener = -1 };
        SmtpMail here = *mail;
        SmtpAnswer answer;
        Thread thread;
        uint16_t port;
        if (!listen_somewhere(&sink.listener, &port, err))
                return false;
        if (!thread_start(&thread, "sink", serve, &sink, err)) {
                close(sink.listener);
                return false;
        }
        here.host = STR("127.0.0.1");
        here.port = str_printf(arena, "%u", port);
        bool ok = smtp_client_send(&here, NULL, &answer, err);
        shutdown(sink.listener, SHUT_RDWR); /* a server that nobody called ends too */
        thread_join(thread);
        close(sink.listener);
        *ret_transcript = str_dup(arena, buf_str(&sink.transcript));
        *ret_data = str_dup(arena, buf_str(&sink.data));
        buf_done(&sink.transcript);
        buf_done(&sink.data);
        return ok;
}
