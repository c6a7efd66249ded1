/* Why separate from http_client.c: that one knows the loop and the multi handle, this one knows a single transfer. */
#include "net/http_call.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/url.h"
#include "os/clock.h"

HttpCall *http_call_new(void)
{
        HttpCall *call = mem_new(HttpCall);
        call->easy = curl_easy_init();
        CHECK(call->easy); /* out of memory */
        call->arena = arena_new();
        return call;
}

static void close_pems(HttpCall *call)
{
        for (size_t i = 0; i < ARRAY_LEN(call->pem_fds); i++) {
                if (call->pem_fds[i] > 0)
                        close(call->pem_fds[i]);
                call->pem_fds[i] = 0;
        }
}

void http_call_reset(HttpCall *call)
{
        close_pems(call);
        curl_easy_reset(call->easy);
        curl_slist_free_all(call->headers);
        curl_slist_free_all(call->connect_to);
        curl_slist_free_all(call->proxy_headers);
        call->headers = call->connect_to = call->proxy_headers = NULL;
        arena_reset(call->arena);
        buf_clear(&call->body);
        buf_clear(&call->retry_after);
        call->added = call->canceled = call->too_large = false;
        call->ca_file = call->cert_file = (Str){ 0 };
        call->early = (Err){ 0 };
        call->curl_error[0] = 0;
}

void http_call_free(HttpCall *call)
{
        close_pems(call);
        curl_easy_cleanup(call->easy);
        curl_slist_free_all(call->headers);
        curl_slist_free_all(call->connect_to);
        curl_slist_free_all(call->proxy_headers);
        arena_free(call->arena);
        buf_done(&call->body);
        buf_done(&call->retry_after);
        mem_free(call);
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
        HttpCall *call = arg;
        n *= size;
        if (n > call->max_body_bytes - call->body.n) {
                call->too_large = true;
                return CURL_WRITEFUNC_ERROR;
        }
        buf_add(&call->body, p, n);
        return n;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg) /* NOLINT: curl's signature */
{
        HttpCall *call = arg;
        n *= size;
        Str line = { p, n };
        if (str_starts(line, STR("HTTP/")))
                buf_clear(&call->retry_after); /* a redirect's answer is not the answer */
        Str name;
        Str value;
        if (str_cut(line, ':', &name, &value) && str_eq_fold(name, STR("Retry-After"))) {
                buf_clear(&call->retry_after);
                buf_str_add(&call->retry_after, str_trim(value));
        }
        return n;
}

static bool header_safe(Str s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
                        return false;
        return true;
}

static void add_header(HttpCall *call, Str name, Str value)
{
        /* curl's spelling of a header without value is a semicolon. */
        Str line = value.n ? str_printf(call->arena, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(value))
                           : str_printf(call->arena, STR_FMT ";", STR_ARG(name));
        call->headers = curl_slist_append(call->headers, line.p);
}

static bool set_headers(HttpCall *call, const HttpCallOptions *o)
{
        bool has_type = false;
        bool has_agent = false;
        for (size_t i = 0; i < o->n_headers; i++) {
                HttpHeader h = o->headers[i];
                if (h.name.n == 0 || !header_safe(h.name) || !header_safe(h.value) ||
                    str_find_char(h.name, ':') != SIZE_MAX)
                        return err_set(&call->early, ERR_INVALID,
                                       "header '" STR_FMT "' has a bad name or a line break in its value",
                                       STR_ARG(str_sub(h.name, 0, 100)));
                has_type = has_type || str_eq_fold(h.name, STR("Content-Type"));
                has_agent = has_agent || str_eq_fold(h.name, STR("User-Agent"));
                add_header(call, h.name, h.value);
        }
        if (!has_agent)
                add_header(call, STR("User-Agent"), STR("pharos/" PHAROS_VERSION));
        if (!has_type)
                call->headers = curl_slist_append(call->headers, "Content-Type:"); /* not curl's form default */
        call->headers = curl_slist_append(call->headers, "Expect:");
        return true;
}

static void set_method(HttpCall *call, const char *method, Str body)
{
        CURL *easy = call->easy;
        if (body.n > 0 || strcmp(method, "POST") == 0) {
                curl_easy_setopt(easy, CURLOPT_POST, 1L);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.n ? body.p : "");
        }
        if (strcmp(method, "HEAD") == 0)
                curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        else if (strcmp(method, "GET") == 0 && body.n == 0)
                curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        else if (strcmp(method, "POST") != 0)
                curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_str(HttpCall *call, CURLoption option, Str value)
{
        if (value.n)
                curl_easy_setopt(call->easy, option, str_dupz(call->arena, value));
}

/* The certificate is checked against another name than the URL's: connect where the URL says, ask for that name. */
static bool set_server_name(HttpCall *call, const Url *url, Str server_name, Buf *target)
{
        const char *default_port = str_eq_fold(url->scheme, STR("https")) ? "443" : "80";
        Str port = url->port.n ? url->port : str_of(default_port);
        bool v6 = str_find_char(url->host, ':') != SIZE_MAX;
        const char *open = v6 ? "[" : "";
        const char *close = v6 ? "]" : "";
        Str to = str_printf(call->arena, STR_FMT ":" STR_FMT ":%s" STR_FMT "%s:" STR_FMT, STR_ARG(server_name),
                            STR_ARG(port), open, STR_ARG(url->host), close, STR_ARG(port));
        call->connect_to = curl_slist_append(NULL, to.p);
        curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
        Str host = str_printf(call->arena, "Host: %s" STR_FMT "%s%s" STR_FMT, open, STR_ARG(url->host), close,
                              url->port.n ? ":" : "", STR_ARG(url->port));
        call->headers = curl_slist_append(call->headers, host.p);
        buf_printf(target, STR_FMT "://" STR_FMT "%s" STR_FMT ":" STR_FMT "%s" STR_FMT "%s" STR_FMT,
                   STR_ARG(url->scheme), STR_ARG(url->userinfo), url->userinfo.n ? "@" : "", STR_ARG(server_name),
                   STR_ARG(port), url->path.n ? "" : "/", STR_ARG(url->path), url->query.n ? "?" : "",
                   STR_ARG(url->query));
        return true;
}

/* Not the blob options: Debian's libcurl is built without them. */
bool http_call_pem(Str pem, Arena *arena, int *ret_fd, const char **ret_path, Err *err)
{
        int fd = memfd_create("pem", MFD_CLOEXEC);
        if (fd < 0)
                return err_sys(err, errno, "memory for a certificate");
        for (size_t at = 0; at < pem.n;) {
                ssize_t n = write(fd, pem.p + at, pem.n - at);
                if (n < 0 && errno != EINTR) {
                        err_sys(err, errno, "memory for a certificate");
                        close(fd);
                        return false;
                }
                at += n > 0 ? (size_t)n : 0;
        }
        *ret_fd = fd;
        *ret_path = str_printf(arena, "/proc/self/fd/%d", fd).p;
        return true;
}

static bool set_pems(HttpCall *call, const HttpAuthTls *a)
{
        const struct {
                CURLoption option;
                Str pem;
        } pems[] = { { CURLOPT_CAINFO, a->ca }, { CURLOPT_SSLCERT, a->cert }, { CURLOPT_SSLKEY, a->key } };
        for (size_t i = 0; i < ARRAY_LEN(pems); i++) {
                const char *path;
                if (!pems[i].pem.n)
                        continue;
                if (!http_call_pem(pems[i].pem, call->arena, &call->pem_fds[i], &path, &call->early))
                        return false;
                curl_easy_setopt(call->easy, pems[i].option, path);
                /* Connections are told apart by the file's name, which another text will have later. */
                curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
                curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L);
        }
        return true;
}

static void set_tls_versions(HttpCall *call, const HttpAuthTls *a)
{
        static const long lowest[] = { CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_TLSv1_2,
                                       CURL_SSLVERSION_TLSv1_3 };
        static const long highest[] = { CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1,
                                        CURL_SSLVERSION_MAX_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_3 };
        long version = a->min_version >= 10 && a->min_version <= 13 ? lowest[a->min_version - 10] : 0;
        if (a->max_version >= 10 && a->max_version <= 13)
                version |= highest[a->max_version - 10];
        if (version)
                curl_easy_setopt(call->easy, CURLOPT_SSLVERSION, version);
}

static bool set_proxy(HttpCall *call, const HttpAuthTls *a)
{
        if (a->proxy_from_environment)
                curl_easy_setopt(call->easy, CURLOPT_PROXY, NULL); /* libcurl reads it then */
        set_str(call, CURLOPT_PROXY, a->proxy_url);
        set_str(call, CURLOPT_NOPROXY, a->no_proxy);
        for (size_t i = 0; i < a->n_proxy_headers; i++) {
                HttpHeader h = a->proxy_headers[i];
                if (!h.name.n || !header_safe(h.name) || !header_safe(h.value))
                        return err_set(&call->early, ERR_INVALID, "proxy_connect_header has a bad name or value");
                Str line = str_printf(call->arena, STR_FMT ": " STR_FMT, STR_ARG(h.name), STR_ARG(h.value));
                call->proxy_headers = curl_slist_append(call->proxy_headers, line.p);
        }
        curl_easy_setopt(call->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
        if (call->proxy_headers)
                curl_easy_setopt(call->easy, CURLOPT_PROXYHEADER, call->proxy_headers);
        return true;
}

static bool set_auth(HttpCall *call, const HttpAuthTls *a)
{
        if (!header_safe(a->bearer) || !header_safe(a->username) || !header_safe(a->password))
                return err_set(&call->early, ERR_INVALID, "credentials contain a line break");
        if (a->username.n || a->password.n) {
                curl_easy_setopt(call->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
                curl_easy_setopt(call->easy, CURLOPT_USERNAME, str_dupz(call->arena, a->username));
                curl_easy_setopt(call->easy, CURLOPT_PASSWORD, str_dupz(call->arena, a->password));
        }
        if (a->bearer.n)
                add_header(call, STR("Authorization"), str_printf(call->arena, "Bearer " STR_FMT, STR_ARG(a->bearer)));
        call->ca_file = str_dup(call->arena, a->ca_file);
        call->cert_file = str_dup(call->arena, a->cert_file);
        set_str(call, CURLOPT_CAINFO, a->ca_file);
        set_str(call, CURLOPT_SSLCERT, a->cert_file);
        set_str(call, CURLOPT_SSLKEY, a->key_file);
        set_tls_versions(call, a);
        if (a->insecure_skip_verify) {
                curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYPEER, 0L);
                curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYHOST, 0L);
        }
        return set_pems(call, a) && set_proxy(call, a);
}

static void set_basics(HttpCall *call, const HttpCallOptions *o)
{
        CURL *easy = call->easy;
        curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_error);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)HTTP_CLIENT_MAX_AGE_S);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->timeout_ms);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, o->no_redirects ? 0L : 1L);
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)HTTP_CLIENT_MAX_REDIRECTS);
        if (o->accept_gzip)
                curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
        if (o->unix_socket)
                curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket);
}

static bool method_valid(const char *method)
{
        size_t n = strlen(method);
        for (size_t i = 0; i < n; i++)
                if (method[i] < 'A' || method[i] > 'Z')
                        return false;
        return n > 0 && n <= 32;
}

void http_call_prepare(HttpCall *call, const HttpCallOptions *o)
{
        const char *method = o->method ? o->method : "GET";
        call->timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : HTTP_CLIENT_TIMEOUT_MS;
        call->max_body_bytes = o->max_body_bytes ? o->max_body_bytes : HTTP_CLIENT_MAX_BODY_BYTES;
        call->started_ns = clock_system()->mono_ns(clock_system());
        Str redacted = url_redact(call->arena, o->url);
        Url url;
        bool parsed = url_parse(o->url, &url, &call->early);
        if (o->secret_url)
                redacted = parsed ? str_printf(call->arena, STR_FMT "://" STR_FMT "/<secret>", STR_ARG(url.scheme),
                                               STR_ARG(url.host))
                                  : STR("<secret>");
        call->shown = str_printf(call->arena, "%.32s '" STR_FMT "'", method, STR_ARG(str_sub(redacted, 0, 300)));
        if (!parsed)
                return;
        if (!str_eq_fold(url.scheme, STR("http")) && !str_eq_fold(url.scheme, STR("https"))) {
                err_set(&call->early, ERR_INVALID, "scheme '" STR_FMT "' is not supported: want http or https",
                        STR_ARG(str_sub(url.scheme, 0, 40)));
                return;
        }
        if (!method_valid(method)) {
                err_set(&call->early, ERR_INVALID, "bad method");
                return;
        }
        set_basics(call, o);
        if (strcmp(method, "HEAD") != 0) /* a HEAD's Content-Length promises nothing that will come */
                curl_easy_setopt(call->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->max_body_bytes);
        set_method(call, method, o->body);
        if (!set_headers(call, o) || (o->auth && !set_auth(call, o->auth)))
                return;
        Buf target = { .arena = call->arena };
        if (o->auth && o->auth->server_name.n)
                set_server_name(call, &url, o->auth->server_name, &target);
        else
                buf_str_add(&target, o->url);
        curl_easy_setopt(call->easy, CURLOPT_URL, buf_cstr(&target));
        curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void lower_first(char *z)
{
        if (z[0] && !isupper((unsigned char)z[1]))
                z[0] = (char)tolower((unsigned char)z[0]);
}

static void connect_error(HttpCall *call, Err *err)
{
        long os_error = 0;
        curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_error);
        if (os_error) {
                char *reason = str_dupz(call->arena, str_of(strerrordesc_np((int)os_error)));
                lower_first(reason);
                err_set(err, ERR_UNAVAILABLE, "%s", reason);
        } else {
                err_set(err, ERR_UNAVAILABLE, "%s", call->curl_error[0] ? call->curl_error : "cannot connect");
        }
}

static void tls_error(const HttpCall *call, const char *words, Err *err)
{
        if (call->cert_file.n)
                err_set(err, ERR_IO, "TLS: %s (client certificate '" STR_FMT "')", words, STR_ARG(call->cert_file));
        else
                err_set(err, ERR_IO, "TLS: %s", words);
}

static void explain(HttpCall *call, CURLcode code, Err *err)
{
        lower_first(call->curl_error);
        const char *words = call->curl_error[0] ? call->curl_error : curl_easy_strerror(code);
        if (call->early.code != ERR_NONE)
                *err = call->early;
        else if (call->too_large || code == CURLE_FILESIZE_EXCEEDED)
                err_set(err, ERR_LIMIT, "body is larger than %zu bytes", call->max_body_bytes);
        else if (code == CURLE_OPERATION_TIMEDOUT)
                err_set(err, ERR_TIMEOUT, "timeout after %g s", (double)call->timeout_ms / 1e3);
        else if (code == CURLE_COULDNT_CONNECT)
                connect_error(call, err);
        else if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
                err_set(err, ERR_UNAVAILABLE, "%s", words);
        else if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
                 code == CURLE_PARTIAL_FILE)
                err_set(err, ERR_IO, "connection broke: %s", words);
        else if (code == CURLE_SSL_CACERT_BADFILE && call->ca_file.n)
                err_set(err, ERR_INVALID, "TLS: cannot read the CA certificates in '" STR_FMT "'",
                        STR_ARG(call->ca_file));
        else if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
                 code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER)
                tls_error(call, words, err);
        else if (code == CURLE_TOO_MANY_REDIRECTS)
                err_set(err, ERR_LIMIT, "more than %d redirects", HTTP_CLIENT_MAX_REDIRECTS);
        else
                err_set(err, ERR_IO, "%s", words);
        err_wrap(err, STR_FMT, STR_ARG(call->shown));
}

void http_call_answer(HttpCall *call, CURLcode code, HttpAnswer *ret)
{
        int64_t now_ns = clock_system()->mono_ns(clock_system());
        *ret = (HttpAnswer){ .ok = code == CURLE_OK && !call->too_large,
                             .seconds = (double)(now_ns - call->started_ns) / 1e9 };
        if (!ret->ok) {
                explain(call, code, &ret->err);
                return;
        }
        long status = 0;
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        const char *type = NULL;
        curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
        ret->status = (int)status;
        ret->body = buf_str(&call->body);
        ret->body_buf = &call->body;
        ret->content_type = str_of(type);
        ret->retry_after = buf_str(&call->retry_after);
}
