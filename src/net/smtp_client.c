/* libcurl connects, greets and starts TLS; the dialogue from AUTH on is spoken here, because the order of mechanisms and
 * the parameters of MAIL are the server's and the caller's to choose.
 *
 * Invariants:
 * 1. Credentials and mail leave only over TLS when require_tls or implicit_tls says so.
 * 2. Every wait ends by the deadline or shortly after *stop is set; replies are bounded in length and number.
 * 3. A line of the mail that starts with a dot gets another one; nothing in the data can end it early. */
#include "net/smtp_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "net/http_call.h"
#include "net/url.h"
#include "os/clock.h"

enum { POLL_MS = 200 };

typedef struct Dialogue {
        const SmtpMail *mail;
        const atomic_bool *stop;
        Arena *arena;
        CURL *easy;
        char curl_error[CURL_ERROR_SIZE];
        int64_t deadline_ms;
        Str mechanisms; /* of the last EHLO's answer, in its order */
        bool eight_bit;
        int pem_fds[3];
        Buf in; /* bytes received and not yet used */
        SmtpAnswer answer;
} Dialogue;

static int64_t now_ms(void) { return clock_mono_ms(clock_system()); }
static bool stopped(const Dialogue *d) { return d->stop && atomic_load(d->stop); }

static bool in_time(const Dialogue *d, Err *err)
{
        if (stopped(d))
                return err_set(err, ERR_CANCELED, "stopped");
        return now_ms() < d->deadline_ms || err_set(err, ERR_TIMEOUT, "timeout");
}

/* ---- the greeting, done by libcurl */

static size_t on_line(char *p, size_t size, size_t n, void *arg) /* NOLINT: curl's signature */
{
        Dialogue *d = arg;
        Str line = str_trim(str_n(p, size * n));
        if (line.n < 4 || !str_starts(line, STR("250"))) {
                d->mechanisms = (Str){ 0 }; /* a new answer: only the last EHLO counts */
                d->eight_bit = false;
                return size * n;
        }
        Str what = str_sub(line, 4, line.n);
        if (str_starts(what, STR("AUTH ")) || str_starts(what, STR("AUTH=")))
                d->mechanisms = str_dup(d->arena, str_sub(what, 5, what.n));
        d->eight_bit |= str_eq_fold(what, STR("8BITMIME"));
        return size * n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t e) /* NOLINT: curl's signature */
{
        (void)a, (void)b, (void)c, (void)e;
        return stopped(arg);
}

static bool connect_error(Dialogue *d, CURLcode code, Err *err)
{
        const char *words = d->curl_error[0] ? d->curl_error : curl_easy_strerror(code);
        if (stopped(d))
                return err_set(err, ERR_CANCELED, "stopped");
        if (code == CURLE_USE_SSL_FAILED)
                return err_set(err, ERR_UNAVAILABLE,
                               "require_tls: true (default), but the server does not advertise the STARTTLS extension");
        if (code == CURLE_OPERATION_TIMEDOUT)
                return err_set(err, ERR_TIMEOUT, "timeout");
        return err_set(err, ERR_UNAVAILABLE, "%s", words);
}

static bool set_pems(Dialogue *d, const HttpAuthTls *tls, Err *err)
{
        const struct {
                CURLoption option;
                Str pem;
        } pems[] = { { CURLOPT_CAINFO, tls->ca }, { CURLOPT_SSLCERT, tls->cert }, { CURLOPT_SSLKEY, tls->key } };
        for (size_t i = 0; i < ARRAY_LEN(pems); i++) {
                const char *path;
                if (!pems[i].pem.n)
                        continue;
                if (!http_call_pem(pems[i].pem, d->arena, &d->pem_fds[i], &path, err))
                        return false;
                curl_easy_setopt(d->easy, pems[i].option, path);
        }
        return true;
}

static void set_file(Dialogue *d, CURLoption option, Str path)
{
        if (path.n)
                curl_easy_setopt(d->easy, option, str_dupz(d->arena, path));
}

/* Returns the list that must live until the transfer's end. */
static struct curl_slist *set_tls(Dialogue *d, const HttpAuthTls *tls, Str host, Str port)
{
        set_file(d, CURLOPT_CAINFO, tls->ca_file);
        set_file(d, CURLOPT_SSLCERT, tls->cert_file);
        set_file(d, CURLOPT_SSLKEY, tls->key_file);
        if (tls->insecure_skip_verify) {
                curl_easy_setopt(d->easy, CURLOPT_SSL_VERIFYPEER, 0L);
                curl_easy_setopt(d->easy, CURLOPT_SSL_VERIFYHOST, 0L);
        }
        if (!tls->server_name.n)
                return NULL;
        Str to = str_printf(d->arena, STR_FMT ":" STR_FMT ":" STR_FMT ":" STR_FMT, STR_ARG(tls->server_name),
                            STR_ARG(port), STR_ARG(host), STR_ARG(port));
        return curl_slist_append(NULL, to.p);
}

static bool greet(Dialogue *d, Err *err)
{
        const SmtpMail *m = d->mail;
        static const HttpAuthTls none = { 0 };
        const HttpAuthTls *tls = m->tls ? m->tls : &none;
        Str host = str_find_char(m->host, ':') == SIZE_MAX ? m->host
                                                           : str_printf(d->arena, "[" STR_FMT "]", STR_ARG(m->host));
        Buf url = { .arena = d->arena };
        if (!set_pems(d, tls, err))
                return false;
        struct curl_slist *connect_to = set_tls(d, tls, host, m->port);
        buf_printf(&url, "%s://" STR_FMT ":" STR_FMT "/", m->implicit_tls ? "smtps" : "smtp",
                   STR_ARG(tls->server_name.n ? tls->server_name : host), STR_ARG(m->port));
        url_encode_path(&url, m->hello.n ? m->hello : STR("localhost"));
        curl_easy_setopt(d->easy, CURLOPT_URL, buf_cstr(&url));
        curl_easy_setopt(d->easy, CURLOPT_CONNECT_TO, connect_to);
        curl_easy_setopt(d->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(d->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(d->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(d->easy, CURLOPT_CONNECT_ONLY, 1L);
        curl_easy_setopt(d->easy, CURLOPT_USE_SSL, (long)(m->require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
        curl_easy_setopt(d->easy, CURLOPT_ERRORBUFFER, d->curl_error);
        curl_easy_setopt(d->easy, CURLOPT_HEADERFUNCTION, on_line);
        curl_easy_setopt(d->easy, CURLOPT_HEADERDATA, d);
        curl_easy_setopt(d->easy, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(d->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(d->easy, CURLOPT_XFERINFODATA, d);
        curl_easy_setopt(d->easy, CURLOPT_TIMEOUT_MS, (long)(d->deadline_ms - now_ms()));
        CURLcode code = curl_easy_perform(d->easy);
        curl_slist_free_all(connect_to);
        curl_easy_setopt(d->easy, CURLOPT_CONNECT_TO, NULL);
        return code == CURLE_OK || connect_error(d, code, err);
}

/* ---- bytes */

static bool wait_for(Dialogue *d, short events, Err *err)
{
        curl_socket_t fd = CURL_SOCKET_BAD;
        curl_easy_getinfo(d->easy, CURLINFO_ACTIVESOCKET, &fd);
        if (fd == CURL_SOCKET_BAD)
                return err_set(err, ERR_IO, "the connection is gone");
        struct pollfd poll_fd = { .fd = fd, .events = events };
        if (poll(&poll_fd, 1, POLL_MS) < 0 && errno != EINTR)
                return err_sys(err, errno, "poll");
        return in_time(d, err);
}

static bool send_all(Dialogue *d, Str bytes, Err *err)
{
        while (bytes.n) {
                size_t sent = 0;
                CURLcode code = curl_easy_send(d->easy, bytes.p, bytes.n, &sent);
                if (code == CURLE_AGAIN) {
                        if (!wait_for(d, POLLOUT, err))
                                return false;
                } else if (code != CURLE_OK) {
                        return err_set(err, ERR_IO, "connection broke: %s", curl_easy_strerror(code));
                }
                bytes = str_sub(bytes, sent, bytes.n);
        }
        return true;
}

static bool read_line(Dialogue *d, Str *ret, Err *err)
{
        for (;;) {
                size_t end = str_find_char(buf_str(&d->in), '\n');
                if (end != SIZE_MAX) {
                        *ret = str_dup(d->arena, str_trim(str_n(d->in.p, end)));
                        memmove(d->in.p, d->in.p + end + 1, d->in.n - end - 1);
                        d->in.n -= end + 1;
                        return true;
                }
                if (d->in.n > SMTP_CLIENT_MAX_LINE_BYTES)
                        return err_set(err, ERR_LIMIT, "a reply has more than %d bytes in a line",
                                       SMTP_CLIENT_MAX_LINE_BYTES);
                char bytes[1024];
                size_t n = 0;
                CURLcode code = curl_easy_recv(d->easy, bytes, sizeof bytes, &n);
                if (code == CURLE_AGAIN) {
                        if (!wait_for(d, POLLIN, err))
                                return false;
                } else if (code != CURLE_OK) {
                        return err_set(err, ERR_IO, "connection broke: %s", curl_easy_strerror(code));
                } else if (n == 0) {
                        return err_set(err, ERR_IO, "the server closed the connection");
                }
                buf_add(&d->in, bytes, n);
        }
}

static bool read_reply(Dialogue *d, Err *err)
{
        for (int i = 0; i < SMTP_CLIENT_MAX_REPLY_LINES; i++) {
                Str line;
                if (!read_line(d, &line, err))
                        return false;
                if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5')
                        return err_set(err, ERR_INVALID, "not a reply: '" STR_FMT "'", STR_ARG(str_sub(line, 0, 80)));
                if (line.n > 3 && line.p[3] == '-')
                        continue;
                d->answer.code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
                d->answer.permanent = d->answer.code >= 500;
                snprintf(d->answer.text, sizeof d->answer.text, STR_FMT, STR_ARG(str_sub(line, 0, 190)));
                return true;
        }
        return err_set(err, ERR_LIMIT, "a reply has more than %d lines", SMTP_CLIENT_MAX_REPLY_LINES);
}

/* Sends a line; the reply must start with `want`. shown stands for the line in messages. */
static bool command(Dialogue *d, Str line, int want, const char *shown, Err *err)
{
        Buf bytes = { .arena = d->arena };
        buf_str_add(&bytes, line);
        buf_lit(&bytes, "\r\n");
        if (!send_all(d, buf_str(&bytes), err) || !read_reply(d, err))
                return err_wrap(err, "%s", shown);
        if (d->answer.code / 100 != want)
                return err_set(err, ERR_UNAVAILABLE, "%s: the server says '%s'", shown, d->answer.text);
        return true;
}

/* ---- authentication */

static Str encoded(Dialogue *d, Str s)
{
        size_t n = BASE64_ENCODE_RAW_LENGTH(s.n);
        char *text = arena_array(d->arena, char, n + 1);
        base64_encode_raw(text, s.n, (const uint8_t *)(s.p ? s.p : ""));
        return str_n(text, n);
}

static bool auth_plain(Dialogue *d, Err *err)
{
        const SmtpMail *m = d->mail;
        Buf text = { .arena = d->arena };
        buf_str_add(&text, m->identity);
        buf_char(&text, 0);
        buf_str_add(&text, m->username);
        buf_char(&text, 0);
        buf_str_add(&text, m->password);
        Str line = str_printf(d->arena, "AUTH PLAIN " STR_FMT, STR_ARG(encoded(d, buf_str(&text))));
        return command(d, line, 2, "AUTH PLAIN", err);
}

static bool auth_login(Dialogue *d, Err *err)
{
        return command(d, STR("AUTH LOGIN"), 3, "AUTH LOGIN", err) &&
               command(d, encoded(d, d->mail->username), 3, "AUTH LOGIN", err) &&
               command(d, encoded(d, d->mail->password), 2, "AUTH LOGIN", err);
}

static bool auth_cram_md5(Dialogue *d, Err *err)
{
        Buf answer = { .arena = d->arena };
        struct base64_decode_ctx decoder;
        struct hmac_md5_ctx hmac;
        uint8_t digest[MD5_DIGEST_SIZE];
        if (!command(d, STR("AUTH CRAM-MD5"), 3, "AUTH CRAM-MD5", err))
                return false;
        Str text = str_trim(str_sub(str_of(d->answer.text), 4, sizeof d->answer.text));
        uint8_t *challenge = arena_array(d->arena, uint8_t, BASE64_DECODE_LENGTH(text.n) + 1);
        size_t n = BASE64_DECODE_LENGTH(text.n);
        base64_decode_init(&decoder);
        if (!base64_decode_update(&decoder, &n, challenge, text.n, text.p ? text.p : "") ||
            !base64_decode_final(&decoder))
                return err_set(err, ERR_INVALID, "AUTH CRAM-MD5: the challenge is not base64");
        hmac_md5_set_key(&hmac, d->mail->secret.n, (const uint8_t *)d->mail->secret.p);
        hmac_md5_update(&hmac, n, challenge);
        hmac_md5_digest(&hmac, sizeof digest, digest);
        buf_printf(&answer, STR_FMT " ", STR_ARG(d->mail->username));
        for (size_t i = 0; i < sizeof digest; i++)
                buf_printf(&answer, "%02x", digest[i]);
        return command(d, encoded(d, buf_str(&answer)), 2, "AUTH CRAM-MD5", err);
}

static bool authenticate(Dialogue *d, Err *err)
{
        const SmtpMail *m = d->mail;
        Str rest = d->mechanisms;
        Str one;
        if (!m->username.n || !d->mechanisms.n)
                return true;
        while (rest.n && str_split_next(&rest, ' ', &one)) {
                if (str_eq_fold(one, STR("CRAM-MD5")) && m->secret.n)
                        return auth_cram_md5(d, err);
                if (str_eq_fold(one, STR("PLAIN")) && m->password.n)
                        return auth_plain(d, err);
                if (str_eq_fold(one, STR("LOGIN")) && m->password.n)
                        return auth_login(d, err);
        }
        return err_set(err, ERR_INVALID,
                       "the server offers AUTH " STR_FMT
                       ": a password is needed for PLAIN and LOGIN, a secret for CRAM-MD5",
                       STR_ARG(str_sub(d->mechanisms, 0, 100)));
}

/* ---- the mail */

static bool safe_address(Str s, Err *err)
{
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == 0x7f)
                        return err_set(err, ERR_INVALID, "'" STR_FMT "' is not a mail address",
                                       STR_ARG(str_sub(s, 0, 100)));
        return true;
}

static void put_data(Buf *out, Str data)
{
        bool start = true;
        for (size_t i = 0; i < data.n; i++) {
                char c = data.p[i];
                if (start && c == '.')
                        buf_char(out, '.');
                if (c == '\n' && (i == 0 || data.p[i - 1] != '\r'))
                        buf_char(out, '\r');
                buf_char(out, c);
                start = c == '\n';
        }
        if (!start)
                buf_lit(out, "\r\n");
        buf_lit(out, ".");
}

static bool transact(Dialogue *d, Err *err)
{
        const SmtpMail *m = d->mail;
        Buf data = { .arena = d->arena };
        if (!safe_address(m->from, err) || !authenticate(d, err))
                return false;
        Str line = str_printf(d->arena, "MAIL FROM:<" STR_FMT ">%s", STR_ARG(m->from),
                              d->eight_bit ? " BODY=8BITMIME" : "");
        if (!command(d, line, 2, "MAIL", err))
                return false;
        for (size_t i = 0; i < m->n_to; i++) {
                line = str_printf(d->arena, "RCPT TO:<" STR_FMT ">", STR_ARG(m->to[i]));
                if (!safe_address(m->to[i], err) || !command(d, line, 2, "RCPT", err))
                        return false;
        }
        put_data(&data, m->data);
        return command(d, STR("DATA"), 3, "DATA", err) && command(d, buf_str(&data), 2, "the mail", err);
}

bool smtp_client_send(const SmtpMail *mail, const atomic_bool *stop, SmtpAnswer *ret_answer, Err *err)
{
        int64_t timeout_ms = mail->timeout_ms > 0 ? mail->timeout_ms : SMTP_CLIENT_TIMEOUT_MS;
        Dialogue d = { .mail = mail,
                       .stop = stop,
                       .arena = arena_new(),
                       .easy = curl_easy_init(),
                       .deadline_ms = now_ms() + timeout_ms };
        CHECK(d.easy); /* out of memory */
        d.in.arena = d.arena;
        bool ok = greet(&d, err) && transact(&d, err);
        if (!ok)
                err_wrap(err, "mail server " STR_FMT ":" STR_FMT, STR_ARG(mail->host), STR_ARG(mail->port));
        *ret_answer = d.answer;
        curl_easy_cleanup(d.easy); /* says QUIT */
        for (size_t i = 0; i < ARRAY_LEN(d.pem_fds); i++)
                if (d.pem_fds[i] > 0)
                        close(d.pem_fds[i]);
        arena_free(d.arena);
        return ok;
}
